/* SPDX-License-Identifier: MPL-2.0
 *
 * measures.h: questions about measures and rows of figures, for the services that show, release and explain
 * them.
 */
#ifndef TANDEM_SERVICES_MEASURES_H
#define TANDEM_SERVICES_MEASURES_H

#include "services.h"

#include "tandem/measure.h"

/* A question from "measure", "by", "per" (year, quarter, month), "fy", "dimension", "indicator", "top",
 * "bottom", "line", "planned". Texts are borrowed from args. as_of is not set. */
tdm_code tdm_measure_question_read(const json_t *args, tdm_measure_question *out, tdm_err *err);

/* One figure as text, as tables show it: "12", "45.5", "0.5833", "n/a". */
void tdm_figure_text(const tdm_column_row *column, const tdm_figure *figure, tdm_buf *out);
/* 455 with one digit: "45.5". */
void tdm_decimal_text(int64_t scaled, int digits, tdm_buf *out);
/* Digits behind the point of an amount of this name (tdm_table_amount). */
int tdm_amount_digits(const char *name);
/* Members of one row but its figures: measure, period, group. */
void tdm_measure_row_begin(tdm_json *json, const tdm_measure_facts *facts, tdm_period period,
                           const char *group);
void tdm_figure_write(tdm_json *json, const tdm_column_row *column, const tdm_figure *figure);
/* "undefined": names of the figures that are. */
void tdm_measure_row_end(tdm_json *json, const tdm_measure_facts *facts, const tdm_figure *figures);

#endif
