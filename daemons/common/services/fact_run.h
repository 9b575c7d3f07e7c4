/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_run.h: facts of one type being recorded: one told by hand, or the rows of a file.
 */
#ifndef TANDEM_SERVICES_FACT_RUN_H
#define TANDEM_SERVICES_FACT_RUN_H

#include "fact_entry.h"
#include "services.h"
#include "../statement.h"

/* What becomes of facts. X(SYMBOL, member of the answer) */
#define TDM_FATES_X(X)                                                                                       \
    X(NEW, "new")                                                                                            \
    X(KNOWN, "known")                                                                                        \
    X(CHANGED, "changed")                                                                                    \
    X(RETURNED, "returned")                                                                                  \
    X(HIDDEN, "hidden")                                                                                      \
    X(REFUSED, "refused")
typedef enum tdm_fate {
#define X(symbol, word) TDM_FATE_##symbol,
    TDM_FATES_X(X)
#undef X
        TDM_FATES
} tdm_fate;

typedef struct tdm_fact_run {
    const tdm_service_context *context;
    const tdm_type *type;
    const json_t *fields; /* what is told of each fact alike; NULL: nothing */
    bool hide;            /* take back what is named */
    bool dry_run;
    const char *reason; /* of hiding; NULL: none */
    char own[16];       /* the organisation that records; empty: why_own */
    tdm_err why_own;
    tdm_fold *fold;
    tdm_drafts *drafts;
    tdm_held held;
    tdm_fact_entry entry;
    size_t rows; /* of a file */
    int64_t fates[TDM_FATES];
    int64_t events;
    tdm_json warnings;
    tdm_json refusals;
    tdm_buf warnings_text;
    tdm_buf refusals_text;
    tdm_err *err;
} tdm_fact_run;

/* Draft what makes the settled entry stand, or hides it. TDM_FATE_REFUSED: the entry holds problems. */
tdm_code tdm_fact_draft(tdm_fact_run *run, tdm_fate *fate);
/* The same of an amendment that was told itself (fact_amend.c). */
tdm_code tdm_fact_draft_amendment(tdm_fact_run *run, tdm_fate *fate);
/* The entry, settled unless it holds problems: drafted, counted, or its problems reported for this row (0: no
 * file). */
tdm_code tdm_fact_take(tdm_fact_run *run, size_t row);
/* State the drafts: all of them, or once there are many. */
tdm_code tdm_fact_state(tdm_fact_run *run, bool all);
/* The entry's problems, or a warning, in the answer. */
void tdm_fact_refuse(tdm_fact_run *run, size_t row);
void tdm_fact_report(tdm_json *list, size_t row, const char *column, tdm_span value, const char *what);

/* All rows of a file (fact_sheet.c). */
tdm_code tdm_fact_sheet(tdm_fact_run *run, tdm_span bytes);

#endif
