/* SPDX-License-Identifier: MPL-2.0
 *
 * statement.h: what an organisation says of one unit, and the facts that make the log say the same.
 *
 * A statement is one row of a spreadsheet or one form. Its facts have names derived from words, so that
 * stating the same again is found to be known:
 *   unit        ("unit", recorder, subject)
 *   session     ("session", recorder, subject, "1"): one session on the first day with all hours
 *   attendance  ("attendance", recorder, subject, "1")
 *   link_assert ("link", recorder, subject, organisation, phase)
 */
#ifndef TANDEM_COMMON_STATEMENT_H
#define TANDEM_COMMON_STATEMENT_H

#include "core.h"

/* What a statement can tell. X(SYMBOL, column name) */
#define TDM_COLUMNS_X(X)                                                                                     \
    X(UNIT_ID, "unit_id")                                                                                    \
    X(KIND, "kind")                                                                                          \
    X(PROGRAMME, "programme")                                                                                \
    X(TITLE, "title")                                                                                        \
    X(LEAD, "lead")                                                                                          \
    X(START_DATE, "start_date")                                                                              \
    X(END_DATE, "end_date")                                                                                  \
    X(HOURS, "hours")                                                                                        \
    X(PARTICIPANTS, "participants")                                                                          \
    X(LOCALITY, "locality")                                                                                  \
    X(STATUS, "status")                                                                                      \
    X(PARTNERS, "partners")

typedef enum tdm_column {
#define X(symbol, name) TDM_COLUMN_##symbol,
    TDM_COLUMNS_X(X)
#undef X
        TDM_COLUMNS
} tdm_column;
const char *tdm_column_name(tdm_column column);

#define TDM_PARTNERS_MAX 60
#define TDM_PARTNER_PHASES 3

typedef struct tdm_partner {
    char code[16];
    uint8_t phases; /* bit p: phase number p + 1 */
} tdm_partner;

/* Spans are borrowed. */
typedef struct tdm_statement {
    uint32_t given; /* bit per column: told here; what is not told keeps its old value */
    tdm_span recorder;
    char lead[16];
    tdm_span unit_id;
    char made_id[32]; /* storage for a unit id that was made */
    int64_t kind;
    int64_t status;
    tdm_span programme;
    tdm_span title;
    tdm_span locality;
    tdm_span register_name; /* empty: keeps its old value */
    tdm_date start;
    bool has_end;
    tdm_date end;
    bool has_hours;
    int64_t hours; /* hundredths */
    bool has_people;
    int64_t people;
    tdm_partner partners[TDM_PARTNERS_MAX];
    size_t partner_count;
} tdm_statement;

static inline bool tdm_statement_tells(const tdm_statement *statement, tdm_column column)
{
    return (statement->given >> column & 1) != 0;
}

/* One's own facts of one subject as they stand. Reuse one for many subjects. */
typedef struct tdm_held_fact {
    tdm_id fact;
    uint32_t type;
    bool visible;
    uint64_t sequence;
    int64_t recorded_ms;
    size_t offset; /* of its payload */
    size_t len;
} tdm_held_fact;
typedef struct tdm_held {
    tdm_held_fact *facts;
    size_t count;
    size_t capacity;
    tdm_buf payloads;
} tdm_held;

/* Replaces what was held. An unknown subject holds nothing. */
tdm_code tdm_held_load(tdm_held *held, tdm_fold *fold, const tdm_id *origin, tdm_span subject, tdm_err *err);
void tdm_held_free(tdm_held *held);
const tdm_held_fact *tdm_held_find(const tdm_held *held, const tdm_id *fact);
tdm_span tdm_held_payload(const tdm_held *held, const tdm_held_fact *fact);

/* What stating it means for the unit. X(SYMBOL, word) */
#define TDM_VERDICTS_X(X)                                                                                    \
    X(NEW, "new")                                                                                            \
    X(KNOWN, "known")                                                                                        \
    X(CHANGED, "changed")                                                                                    \
    X(RETURNED, "returned")                                                                                  \
    X(LACKS_HOURS, "lacks hours") /* no hours told and none known: nothing was drafted */
typedef enum tdm_verdict {
#define X(symbol, word) TDM_VERDICT_##symbol,
    TDM_VERDICTS_X(X)
#undef X
        TDM_VERDICTS
} tdm_verdict;

/* Draft what is needed so that the facts in force say what the statement says; nothing if they do. */
tdm_code tdm_statement_draft(const tdm_statement *statement, tdm_span subject, const tdm_held *held,
                             tdm_drafts *drafts, tdm_verdict *verdict, tdm_err *err);
/* Draft voids of the unit, its session, attendance and links that `recorder` holds visible, with a reason. */
tdm_code tdm_statement_withdraw(tdm_span recorder, tdm_span subject, const tdm_held *held, const char *reason,
                                tdm_date date, tdm_drafts *drafts, tdm_err *err);

/* The name of the unit fact of a recorder. */
tdm_id tdm_statement_unit_fact(tdm_span recorder, tdm_span subject);

/* Make sure one fact says `record`: base fact, unvoid and correction as needed. True in *did if anything was
 * drafted. */
tdm_code tdm_fact_want(const tdm_held *held, tdm_span subject, const tdm_id *fact, tdm_date date,
                       uint32_t author, const tdm_record *record, tdm_drafts *drafts, bool *did,
                       tdm_err *err);
/* Hide a fact by an amendment (void or link_withdraw), if it is visible. */
tdm_code tdm_fact_hide(const tdm_held *held, tdm_span subject, const tdm_id *fact, uint32_t amendment,
                       const char *reason, tdm_date date, uint32_t author, tdm_drafts *drafts, bool *did,
                       tdm_err *err);

#endif
