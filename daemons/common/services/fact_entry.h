/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_entry.h: one fact as a person tells it, field by field: read, filled up, named, checked.
 *
 * In this order: begin; tell each value; settle, which gives it its subject and name; keep what is known and
 * was not told; check. What is wrong is gathered as problems, one for each value at most.
 */
#ifndef TANDEM_SERVICES_FACT_ENTRY_H
#define TANDEM_SERVICES_FACT_ENTRY_H

#include "field_read.h"
#include "../filing.h"

#include "tandem/civil.h"

/* What can be told beside the fields. X(SYMBOL, name) */
#define TDM_FACT_EXTRAS_X(X)                                                                                 \
    X(UNIT, "unit")       /* LEAD/ID, where the type takes a unit */                                         \
    X(ID, "id")           /* the end of its name, where the type takes one */                                \
    X(SUBJECT, "subject") /* of an amendment's target */                                                     \
    X(FACT, "fact")       /* the same: its id */
typedef enum tdm_fact_extra {
#define X(symbol, name) TDM_EXTRA_##symbol,
    TDM_FACT_EXTRAS_X(X)
#undef X
        TDM_FACT_EXTRAS
} tdm_fact_extra;
const char *tdm_fact_extra_name(tdm_fact_extra extra);
/* Can this type be told it? */
bool tdm_fact_extra_fits(const tdm_type *type, tdm_fact_extra extra);

typedef struct tdm_fact_problem {
    char name[64];  /* of the field or extra; empty: the fact as a whole */
    char value[64]; /* the beginning of what was told */
    size_t value_len;
    char what[TDM_FIELD_WHAT];
} tdm_fact_problem;

#define TDM_FACT_PROBLEMS_MAX (TDM_FIELDS_MAX + TDM_FACT_EXTRAS + 1)

typedef struct tdm_fact_entry {
    const tdm_type *type;
    tdm_record record;
    bool told[TDM_FIELDS_MAX];       /* also as nothing */
    tdm_buf bytes[TDM_FIELDS_MAX];   /* what the record borrows */
    tdm_buf extras[TDM_FACT_EXTRAS]; /* with a terminator; len 0: not told */
    tdm_buf session;                 /* of an attendance: the session's id as a word */
    json_t *body;                    /* of an amendment, until its target is known */
    tdm_buf subject;
    tdm_id fact;
    tdm_fact_problem problems[TDM_FACT_PROBLEMS_MAX];
    size_t problem_count;
} tdm_fact_entry;

/* Zeroed before the first time; again for each further fact. */
void tdm_fact_entry_begin(tdm_fact_entry *entry, const tdm_type *type);
void tdm_fact_entry_free(tdm_fact_entry *entry);

/* Is this name a field of the type, by itself or short, or an extra that fits? */
bool tdm_fact_name_fits(const tdm_type *type, tdm_span name);
/* Does the field follow from the rest where it is not told? */
bool tdm_fact_field_follows(const tdm_type *type, const tdm_field *field);
/* The name nearest to one that does not fit; NULL: none is near. */
const char *tdm_fact_name_near(const tdm_type *type, const char *name);

/* A value under a name that fits; told twice, the later one counts. Empty text and null tell that there is
 * none. */
void tdm_fact_entry_tell(tdm_fact_entry *entry, tdm_span name, tdm_span text);
void tdm_fact_entry_tell_json(tdm_fact_entry *entry, const char *name, const json_t *json);

/* Everything is told: fill in what follows from the rest, find subject and fact. own: the organisation that
 * records; empty: why_own says why it is not known. False: there are problems. */
bool tdm_fact_entry_settle(tdm_fact_entry *entry, const char *own, const char *why_own);
/* What was not told stays as it was. The record then borrows from old. */
void tdm_fact_entry_keep(tdm_fact_entry *entry, const tdm_record *old);
/* Is nothing missing, and does it fit together? False: there are problems. */
bool tdm_fact_entry_check(tdm_fact_entry *entry);
/* The first date of the fact, or today. */
tdm_date tdm_fact_entry_date(const tdm_fact_entry *entry, tdm_date today);

/* Note a problem; name must be a field's, an extra's or empty. */
void tdm_fact_entry_refuse(tdm_fact_entry *entry, const char *name, tdm_span value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
