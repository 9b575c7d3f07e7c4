/* SPDX-License-Identifier: MPL-2.0
 *
 * people_amounts.h: what a private log amounts to on a day, and erasing a person so that it stays the same.
 */
#ifndef TANDEM_COMMON_PEOPLE_AMOUNTS_H
#define TANDEM_COMMON_PEOPLE_AMOUNTS_H

#include "people.h"
#include "tandem/private.h"

/* Everybody's rows and the residual of the erased, added to `out`. *people: how many have rows. */
tdm_code tdm_people_amounts(tdm_private *log, tdm_date today, tdm_summary *out, uint64_t *people,
                            tdm_err *err);
/* Erase, and add what the person comes to today to the residual, in one transaction. Of the table `faculty`
 * that is the periods up to today's, as of today: later ones do not count whoever was erased.
 * TDM_NOT_FOUND, TDM_EXISTS (erased before; nothing done). */
tdm_code tdm_people_erase(tdm_private *log, tdm_span person, tdm_date today, int64_t now_ms, tdm_err *err);

bool tdm_summary_is_zero(const tdm_summary_cell *cell);

#endif
