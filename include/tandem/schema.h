/* SPDX-License-Identifier: MPL-2.0
 *
 * schema.h: the schema table (schema.def) as constants and as rows that code can walk.
 */
#ifndef TANDEM_SCHEMA_H
#define TANDEM_SCHEMA_H

#include "tandem/base.h"

/* X(KIND, MessagePack form; JSON form) */
#define TDM_KINDS(X)                                                                                         \
    X(UINT)        /* int >= 0; number */                                                                    \
    X(INT)         /* int; number */                                                                         \
    X(BOOL)        /* bool; true/false */                                                                    \
    X(TEXT)        /* str, valid UTF-8 without control characters; string */                                 \
    X(CODE)        /* str of 3-12 upper-case letters and digits; string */                                   \
    X(SUBJECT)     /* str as tdm_subject_* make it; string */                                                \
    X(PERIOD)      /* str "2017/18", "2017/18Q1" or "2017-04"; string */                                     \
    X(ID)          /* bin 16; hex string */                                                                  \
    X(INCARNATION) /* bin 8, big-endian uint64 that is not 0; hex string */                                  \
    X(DIGEST)      /* bin 32; hex string */                                                                  \
    X(KEY)         /* bin 32; hex string */                                                                  \
    X(DATE)        /* int, days since 1970-01-01; "2017-04-01" */                                            \
    X(TIME)        /* int, ms since 1970-01-01T00:00Z; "2017-04-01T10:00:00.000Z" */                         \
    X(YEAR)        /* int, calendar year in which the financial year starts; "2017/18" */                    \
    X(ENUM)        /* int; its word, or the number if unknown */                                             \
    X(TYPE)        /* int, an event type's number; its name, or the number if unknown */                     \
    X(TEXTS)       /* array of str; array of strings. Bounds: items; each 1-200 bytes */                     \
    X(LIST)        /* array of maps of a part type; array of objects */                                      \
    X(BODY)        /* map, the payload of the type that field target_type names; object */

typedef enum tdm_kind {
#define X(KIND) TDM_KIND_##KIND,
    TDM_KINDS(X)
#undef X
} tdm_kind;

typedef enum tdm_scope { TDM_SCOPE_SYSTEM, TDM_SCOPE_NODE, TDM_SCOPE_PART } tdm_scope;
typedef enum tdm_duty {
    TDM_DUTY_LOG,
    TDM_DUTY_REGISTRY,
    TDM_DUTY_DOSSIER,
    TDM_DUTY_AMENDMENT,
    TDM_DUTY_PERIOD,
    TDM_DUTY_DETAIL,
    TDM_DUTY_THING,
    TDM_DUTY_PERSON
} tdm_duty;

/* TDM_TYPE_UNIT and so on: the number on the wire. */
enum tdm_type_number {
#define TDM_TYPE(number, NAME, name, scope, duty, help) TDM_TYPE_##NAME = number,
#include "tandem/schema.def"
};

/* TDM_UNIT_LEAD and so on: the field's number and its index in tdm_record.values. */
enum tdm_field_number {
#define TDM_FIELD(NAME, number, FIELD, name, kind, min, max, need, of, help) TDM_##NAME##_##FIELD = number,
#include "tandem/schema.def"
};

/* TDM_PHASE_IS_PLAN and so on. */
enum tdm_enum_number {
#define TDM_ENUM(SET, number, SYMBOL, word) TDM_##SET##_IS_##SYMBOL = number,
#include "tandem/schema.def"
};

/* X(SET): every set of the table, in its order. */
#define TDM_ENUM_SETS(X)                                                                                     \
    X(AUTHOR)                                                                                                \
    X(SECTOR)                                                                                                \
    X(BELONGS)                                                                                               \
    X(CHANGE)                                                                                                \
    X(MODE)                                                                                                  \
    X(PURPOSE)                                                                                               \
    X(KEYSTATE)                                                                                              \
    X(UNITKIND)                                                                                              \
    X(STATUS)                                                                                                \
    X(PHASE)                                                                                                 \
    X(SESSIONTYPE)                                                                                           \
    X(AIM)                                                                                                   \
    X(SESSIONMODE)                                                                                           \
    X(LEVEL)                                                                                                 \
    X(STAFFGROUP)                                                                                            \
    X(DISCIPLINE)                                                                                            \
    X(ROLE)                                                                                                  \
    X(THEME)                                                                                                 \
    X(OUTCOME)                                                                                               \
    X(CHALLENGE)                                                                                             \
    X(ACTIONKIND)                                                                                            \
    X(RESOURCEKIND)                                                                                          \
    X(USE)                                                                                                   \
    X(SUPPORTKIND)                                                                                           \
    X(NETROLE)                                                                                               \
    X(INDICATOR)                                                                                             \
    X(SUMMARYTABLE)                                                                                          \
    X(APPLICATIONSTATE)                                                                                      \
    X(REASON)                                                                                                \
    X(STAGESTATE)                                                                                            \
    X(DEVELOPMENTKIND)

typedef enum tdm_enum_set {
    TDM_ENUM_NONE,
#define X(SET) TDM_ENUM_##SET,
    TDM_ENUM_SETS(X)
#undef X
} tdm_enum_set;

#define TDM_FIELDS_MAX 14 /* field numbers are 1..13 at present; index 0 is unused */

typedef struct tdm_field {
    uint32_t number;
    const char *name;
    tdm_kind kind;
    int64_t min;
    int64_t max;
    bool needed;
    bool key;           /* part of the fact's name */
    tdm_enum_set set;   /* kind ENUM */
    uint32_t part_type; /* kind LIST */
    const char *help;
} tdm_field;

typedef struct tdm_type {
    uint32_t number;
    const char *name;
    tdm_scope scope;
    tdm_duty duty;
    const char *help;
    const tdm_field *fields; /* ordered by number, dense from 1: fields[i].number == i + 1 */
    size_t field_count;
} tdm_type;

/* Where facts of a type are filed, and the first word of their names (schema.def). */
typedef struct tdm_filing {
    uint32_t type;
    const char *word;
    const char *prefix; /* "unit": the subject is given with the fact, unless `parts` name it; "": parts[0] is
                           the subject */
    uint32_t parts[3];  /* fields in the subject after the prefix; 0: no more */
} tdm_filing;
const tdm_filing *tdm_type_filing(uint32_t type); /* NULL: facts of the log, amendments, people, parts */

/* NULL if unknown. Constant time: called once per event on the hot path. */
const tdm_type *tdm_type_find(uint32_t number);
const tdm_type *tdm_type_named(tdm_span name);
/* All types in the table's order; parts of lists included. */
const tdm_type *tdm_types(size_t *count);

/* The word of an enumeration's value; NULL if unknown. */
const char *tdm_enum_word(tdm_enum_set set, int64_t number);
/* False if the word is unknown. */
bool tdm_enum_number(tdm_enum_set set, tdm_span word, int64_t *number);

/* 3-12 upper-case letters and digits. */
bool tdm_code_is_valid(tdm_span code);

/* Subjects file facts: "unit/LEAD/UNIT_ID", "organisation/CODE", "origin/HEX", "programme/ID",
 * "period/PERIOD", "tide", "log". At most TDM_SUBJECT_MAX bytes. Appended to out. */
#define TDM_SUBJECT_MAX 160
void tdm_subject_unit(tdm_buf *out, tdm_span lead, tdm_span unit_id);
bool tdm_subject_is_unit(tdm_span subject, tdm_span *lead, tdm_span *unit_id);
void tdm_subject_organisation(tdm_buf *out, tdm_span code);
void tdm_subject_origin(tdm_buf *out, const tdm_id *origin);
bool tdm_subject_is_origin(tdm_span subject); /* by its beginning: keys and rights are filed there */

#endif
