/* SPDX-License-Identifier: MPL-2.0
 *
 * claims.h: assertions that wait for an answer, as a list of their own (the fold lends them one by one).
 */
#ifndef TANDEM_SERVICES_CLAIMS_H
#define TANDEM_SERVICES_CLAIMS_H

#include "services.h"

#define TDM_REFERENCE_DIGITS 12

typedef struct tdm_claim_row {
    tdm_buf subject;
    tdm_id asserter;
    tdm_id fact;
    char organisation[16]; /* named */
    char stated_by[16];
    int64_t phase;
    tdm_digest assertion;
    char reference[TDM_REFERENCE_DIGITS + 1];
    const char *state; /* "unanswered", "confirmed", "disputed", "lapsed" */
    tdm_buf title;
    char lead[16];
    bool has_start;
    tdm_date start;
} tdm_claim_row;

typedef struct tdm_claim_rows {
    tdm_claim_row *rows;
    size_t count;
    size_t capacity;
} tdm_claim_rows;

/* Claims on what this origin represents; at a hub on anybody. */
tdm_code tdm_claim_rows_read(const tdm_service_context *context, tdm_fold *fold, tdm_claim_rows *out,
                             tdm_err *err);
void tdm_claim_rows_free(tdm_claim_rows *rows);

/* Which claims are meant: each part may be left out. */
typedef struct tdm_claim_choice {
    tdm_buf subject;       /* empty: any */
    int64_t phase;         /* 0: any */
    char organisation[16]; /* "": any */
    char reference[65];    /* first digits; "": any */
    bool all;
} tdm_claim_choice;
tdm_code tdm_claim_choice_read(const json_t *args, tdm_claim_choice *out, tdm_err *err);
void tdm_claim_choice_free(tdm_claim_choice *choice);
bool tdm_claim_is_chosen(const tdm_claim_choice *choice, const tdm_claim_row *row);

void tdm_claim_write(tdm_json *json, const tdm_claim_row *row); /* members, not the object's ends */

#endif
