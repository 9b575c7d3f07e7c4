/* SPDX-License-Identifier: MPL-2.0
 *
 * parts.h: what the oracle's own files tell each other. Section numbers are those of docs/figures.md.
 */
#ifndef TANDEM_ORACLE_PARTS_H
#define TANDEM_ORACLE_PARTS_H

#include <stdlib.h>

#include "oracle.h"

/* Lists grow by one element at a time; an oracle without memory has nothing to say and stops. */
#define ORACLE_PUSH(list, count, element)                                                                    \
    do {                                                                                                     \
        (list) = oracle_grow((list), (count), sizeof(*(list)));                                              \
        (list)[(count)++] = (element);                                                                       \
    } while (0)
void *oracle_grow(void *list, size_t count, size_t size);
void *oracle_zeroed(size_t count, size_t size);

/* ---- civil dates and periods (civil.c) */
tdm_date oracle_date(int year, int month, int day);
void oracle_date_split(tdm_date date, int *year, int *month, int *day);
tdm_date oracle_london(int64_t ms_utc);
tdm_period oracle_period_of(tdm_period_kind kind, tdm_date date);
tdm_date oracle_period_last(tdm_period period);
int32_t oracle_period_year(tdm_period period);
void oracle_period_text(tdm_period period, char out[16]);
bool oracle_period_parse(tdm_span text, tdm_period *out);
int64_t oracle_floor_div(__int128 num, __int128 den); /* den > 0 */

/* ---- section 1: facts (facts.c) */
typedef struct oracle_event {
    tdm_event e;
    uint64_t generation;
    const tdm_type *type; /* NULL: unknown */
    tdm_id target;        /* origin in the fact's name: the author's own, or an amendment's target_origin */
    bool amends;
    tdm_record record; /* of amendments only */
} oracle_event;

typedef struct oracle_fact {
    const oracle_event *base;
    const oracle_event *content_by; /* amendment in force, or NULL */
    const oracle_event *hidden_by;  /* hide or unhide in force, or NULL */
    bool visible;
    bool valid; /* section 3.2; facts under units only */
    tdm_record content;
} oracle_fact;

/* A change of an organisation, or what its organisation fact says. */
typedef struct oracle_change {
    tdm_span code;
    const oracle_fact *fact;
} oracle_change;

/* A period closed at a tide (NULL: one that is not held). */
typedef struct oracle_closing {
    tdm_period period;
    const oracle_fact *fact;
    const oracle_event *tide;
} oracle_closing;

/* How far a tide says an incarnation was held. */
typedef struct oracle_tip {
    const oracle_event *tide;
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence;
} oracle_tip;

typedef struct oracle_class {
    const oracle_fact **facts; /* those filed under its subjects */
    size_t count;
    const oracle_fact *principal; /* NULL: no unit */
} oracle_class;

typedef struct oracle_code {
    char text[16];
} oracle_code;

struct tdm_oracle {
    tdm_oracle_options options;
    oracle_event *events; /* by (origin, incarnation, sequence), each once */
    size_t event_count;
    oracle_fact *facts; /* with a base, by (origin, subject, fact id) */
    size_t fact_count;
    struct oracle_succession {
        tdm_id from;
        const oracle_fact *fact;
    } * successions;
    size_t succession_count;
    oracle_change *organisations; /* registry facts sorted by what they are asked for */
    size_t organisation_count;
    oracle_change *changes;
    size_t change_count;
    const oracle_fact **represents;
    size_t represents_count;
    const oracle_fact **catalogue;
    size_t catalogue_count;
    oracle_class *classes;
    size_t class_count;
    oracle_closing *closings;
    size_t closing_count;
    oracle_tip *tips; /* of all tides */
    size_t tip_count;
    const oracle_fact **level_facts; /* targets and baselines */
    size_t level_fact_count;
    const oracle_fact **published;
    size_t published_count;
    const oracle_fact **returns; /* expected and made */
    size_t return_count;
    struct oracle_tally *tally; /* of tables (tables_parts.h); filled when first asked for */
};

int oracle_order(const oracle_event *a, const oracle_event *b); /* section 1.1, one origin's events */
void oracle_events_load(tdm_oracle *o, const tdm_span *bytes, size_t count);
void oracle_facts_judge(tdm_oracle *o);
bool oracle_is_authority(const tdm_oracle *o, const tdm_id *origin);
/* A visible fact of this type that counts: registry facts only from the authority. */
bool oracle_counts_as(const tdm_oracle *o, const oracle_fact *fact, uint32_t type);
static inline const tdm_value *oracle_value(const oracle_fact *fact, uint32_t field)
{
    return &fact->content.values[field];
}

/* ---- section 2: registry (registry.c) */
void oracle_registry_load(tdm_oracle *o);
bool oracle_is_registered(const tdm_oracle *o, tdm_span code);
/* The root; *registered (may be NULL) tells whether the root is. */
oracle_code oracle_root(const tdm_oracle *o, tdm_span code, tdm_date date, bool *registered);
bool oracle_is_countable(const tdm_oracle *o, tdm_span code, tdm_date date);
bool oracle_represents(const tdm_oracle *o, const tdm_id *origin, tdm_span code, tdm_date date);
tdm_span oracle_sector(const tdm_oracle *o, tdm_span code, tdm_date date);
tdm_span oracle_region(const tdm_oracle *o, tdm_span code);
const oracle_fact *oracle_catalogue(const tdm_oracle *o, tdm_span programme); /* its entry, or NULL */
tdm_span oracle_core(const tdm_oracle *o, tdm_span programme); /* core programme; empty: none */
tdm_span oracle_word(tdm_enum_set set, int64_t number);        /* the word, or the number: 1..99 */
tdm_span oracle_kind(int64_t kind);
static inline tdm_span oracle_code_span(const oracle_code *code)
{
    return tdm_span_text(code->text);
}

/* ---- section 3: units (units.c) */
void oracle_classes_load(tdm_oracle *o);
tdm_span oracle_recorder(const oracle_fact *fact);
bool oracle_is_record(const tdm_oracle *o, const oracle_fact *fact);
static inline tdm_span oracle_lead(const oracle_class *class)
{
    return class->principal->content.values[TDM_UNIT_LEAD].bytes;
}
/* Stated by the origin of another fact of the unit, under its subject and recorder? */
bool oracle_goes_with(const oracle_fact *principal, const oracle_fact *fact, uint32_t type);
/* Is this a valid session of the principal record, and does it count (3.5)? */
bool oracle_is_session(const oracle_class *class, const oracle_fact *fact);
bool oracle_session_counts(const tdm_oracle *o, const oracle_class *class, const oracle_fact *session);
const oracle_fact *oracle_attendance(const oracle_class *class, const oracle_fact *session);
const oracle_fact *oracle_participants(const oracle_class *class, int32_t year);

/* ---- section 4: links (links.c) */
enum { ORACLE_DISPUTED = 1, ORACLE_STANDING = 2, ORACLE_CORROBORATED = 3 };

typedef struct oracle_link {
    oracle_code root;
    int phase;              /* 1..3 */
    int status;             /* best over the dates given */
    int64_t first_asserted; /* ms; earliest assertion */
    int64_t first_answered; /* ms; INT64_MAX: none */
} oracle_link;

/* The links of a class on one date, merged into links (best status, earliest times). */
void oracle_links_on(const tdm_oracle *o, const oracle_class *class, tdm_date date, oracle_link **links,
                     size_t *count);

/* ---- section 5: what a unit adds (share.c) */
typedef struct oracle_share {
    tdm_period period;
    tdm_span group;
    const oracle_class *class;
    int64_t units, hours, people, people_hours;
    int64_t cancelled, estimated, unreported;
    int64_t joint[3];
    int64_t phase_units[3], all_phases_units, depth;
    int64_t claims, claims_corroborated, claims_disputed, claims_unanswered;
    int64_t facts, late;
    int64_t *days; /* owned; answer days of its claims */
    size_t day_count;
} oracle_share;

/* Every share of every unit in periods of this kind; the list and its days are the caller's. */
void oracle_shares(const tdm_oracle *o, tdm_period_kind kind, bool planned, oracle_share **shares,
                   size_t *count);

/* ---- closings (closing.c) */
void oracle_closings_load(tdm_oracle *o);
/* Is this fact of a unit late in the period? */
bool oracle_is_closed(const tdm_oracle *o, tdm_period period); /* with a frontier */
bool oracle_is_late(const tdm_oracle *o, const oracle_fact *fact, tdm_period period);

/* Of level rows by more than the level's own question knows. */
enum { ORACLE_BY_REGION = TDM_BY_SECTOR + 1, ORACLE_BY_CORE };

/* ---- section 6: targets and publications (formula.c) */
int64_t oracle_year_end(const tdm_oracle *o, int32_t year); /* the level to reach by its end, in tenths */
void oracle_statements_load(tdm_oracle *o);
/* Fills what follows from the sums: levels, target, gap, publication. */
void oracle_row_finish(const tdm_oracle *o, const tdm_level_question *question, tdm_oracle_row *row);

#endif
