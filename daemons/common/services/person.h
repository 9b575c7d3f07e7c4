/* SPDX-License-Identifier: MPL-2.0
 *
 * person.h: what the services about people share. They all answer at a node, of its private log alone.
 */
#ifndef TANDEM_SERVICES_PERSON_H
#define TANDEM_SERVICES_PERSON_H

#include "../people_log.h"
#include "services.h"

/* The log alone until tdm_people_leave(context->people). TDM_NOT_FOUND: nobody was ever recorded here.
 * TDM_INVALID: this daemon keeps none. */
tdm_code tdm_person_enter(const tdm_service_context *context, tdm_private **out, tdm_err *err);

/* What stating the summaries anew did, or would do. */
typedef struct tdm_person_counts {
    int64_t people; /* with rows */
    int64_t cells;  /* wanted */
    int64_t stated; /* that were not in force */
    int64_t corrected;
    int64_t voided;
    int64_t events;
} tdm_person_counts;

/* Make the own organisation's `summary` facts in force say what the log amounts to today, and remember the
 * day. The log is entered. On failure the counts tell how far it came; doing it again goes on from there. */
tdm_code tdm_person_restate(const tdm_service_context *context, tdm_private *log, bool dry_run,
                            tdm_person_counts *counts, tdm_err *err);
void tdm_person_write_counts(tdm_json *json, const tdm_person_counts *counts);

#endif
