/* SPDX-License-Identifier: MPL-2.0
 *
 * unit.h: one unit class as it stands: a pure function of its dossiers and the registry. The engine turns it
 * into a contribution, the queries show it.
 */
#ifndef TANDEM_MEASURES_UNIT_H
#define TANDEM_MEASURES_UNIT_H

#include "contribution.h"
#include "fact.h"
#include "registry.h"

/* One name of the class with what was made of it. */
typedef struct tdm_statement {
    const tdm_dossier *dossier;
    tdm_standing fact;
    uint32_t type;      /* of the base; 0 without one */
    bool valid;         /* visible, and in the recorder's own name */
    const char *reason; /* why it does not count; NULL if it may */
    tdm_org_code recorder;
    tdm_record record; /* content in force; of types with a recorder only */
    /* links: */
    tdm_org_code organisation;
    uint32_t phase;
    bool has_digest;
    tdm_digest digest;
    /* sessions of the principal record: */
    bool counts;
    int64_t people; /* -1: no attendance stated */
} tdm_statement;

/* A session of the principal record. */
typedef struct tdm_dated_session {
    tdm_date date;
    int32_t month; /* number of the period */
    size_t index;  /* of its statement */
} tdm_dated_session;

/* A link on one date, or the best of several. status as in tdm_claim: 1 disputed, 2 unanswered,
 * 3 corroborated. */
typedef struct tdm_link {
    tdm_org_code root;
    uint32_t phase;
    uint8_t status;
    int64_t asserted_ms; /* earliest base of its assertions */
    int64_t answered_ms; /* earliest base of the answers that count; INT64_MAX: none */
} tdm_link;

typedef struct tdm_links {
    tdm_link *items;
    size_t count;
    size_t capacity;
} tdm_links;

typedef struct tdm_links_on {
    tdm_date date;
    size_t first; /* in view.dated */
    size_t count;
} tdm_links_on;

/* All arrays are kept for the next class. */
typedef struct tdm_unit_view {
    const tdm_registry *registry;
    const tdm_lineage *lineage;
    const tdm_id *authority;
    tdm_statement *statements;
    size_t count;
    size_t capacity;
    size_t principal; /* SIZE_MAX: the class is no unit */
    tdm_org_code lead;
    tdm_date start;
    tdm_dated_session *sessions; /* valid ones of the principal record, by (date, index) */
    size_t session_count;
    size_t session_capacity;
    size_t counting;
    size_t attended; /* sessions with attendance */
    bool detailed; /* there may be more to tell than the level: details, things, sessions that are special */
    bool steady;   /* no root in the class depends on the date */
    bool single;   /* nobody else is named: no link is possible */
    tdm_links dated; /* links of the dates met so far */
    tdm_links_on *dates;
    size_t date_count;
    size_t date_capacity;
    size_t *answers; /* valid answers by (origin, order) */
    size_t answer_count;
    size_t answer_capacity;
    tdm_links merged; /* scratch: the best over several dates */
    int64_t facts;
    int64_t doubts;
    tdm_buf subject; /* scratch */
} tdm_unit_view;

void tdm_unit_view_free(tdm_unit_view *view);
/* Judge the class; view->registry, lineage and authority (NULL: none) are set by the caller. A dossier that
 * is no unit's is a class of its own, without a record. The dossiers must stay while the view is used. */
void tdm_unit_view_read(tdm_unit_view *view, tdm_dossier *const *dossiers, size_t count);
const tdm_record *tdm_unit_view_record(const tdm_unit_view *view); /* the principal record's; NULL */

/* Stated by the principal record's origin, under its subject and recorder. */
bool tdm_statement_is_principals(const tdm_unit_view *view, const tdm_statement *statement);

/* The unit in one period. */
typedef struct tdm_unit_period {
    tdm_period period;
    int64_t hours;        /* hundredths */
    int64_t people;       /* largest attendance; -1: none stated */
    int64_t people_hours; /* hundredths */
    tdm_date last;        /* of its last counting session there */
} tdm_unit_period;
/* The next period of a kind that the unit is in; begin with *at = 0. Its links are in view->merged, unsorted.
 * False: there is no more. */
bool tdm_unit_view_period(tdm_unit_view *view, tdm_period_kind kind, size_t *at, tdm_unit_period *out);

/* What it adds to the cells; groups borrow from the view's dossiers. */
void tdm_unit_view_contribute(tdm_unit_view *view, tdm_contribution *out);

/* claims.c */
/* Links of the class on a date. The result is borrowed until the next call. */
const tdm_link *tdm_unit_view_links(tdm_unit_view *view, tdm_date date, size_t *count);
/* Add to `merged` what is best of both; clear it by count = 0. */
void tdm_links_merge(tdm_links *merged, const tdm_link *links, size_t count);
/* Sort by (root, phase): the links of a claim lie together. */
void tdm_links_sort(tdm_links *links);
/* The claim that begins at `first`: its best status, earliest times; returns where the next begins. */
size_t tdm_links_claim(const tdm_links *links, size_t first, tdm_link *claim);
/* The assertion digest, computed once. */
const tdm_digest *tdm_statement_digest(tdm_statement *statement);

#endif
