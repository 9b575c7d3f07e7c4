/* SPDX-License-Identifier: MPL-2.0
 *
 * registry.h: what the authority's facts say at this moment: organisations and their roots by date, who
 * represents whom, matches, targets, closings, publications (docs/figures.md section 2). Made whole from the
 * registry's dossiers, never changed in place; two of them can be compared to find what must be folded again.
 */
#ifndef TANDEM_MEASURES_REGISTRY_H
#define TANDEM_MEASURES_REGISTRY_H

#include <string.h>

#include "arena.h"
#include "lineage.h"
#include "map.h"
#include "tandem/civil.h"
#include "tandem/event.h"
#include "tandem/fold.h"

/* An organisation code, padded with zero bytes so that it compares in one step. */
typedef struct tdm_org_code {
    char text[16];
} tdm_org_code;

tdm_org_code tdm_org_code_of(tdm_span text); /* longer than 12 bytes: cut, and registered nowhere */
tdm_span tdm_org_code_span(const tdm_org_code *code);
static inline bool tdm_org_code_equal(const tdm_org_code *a, const tdm_org_code *b)
{
    return memcmp(a->text, b->text, sizeof a->text) == 0;
}
int tdm_org_code_compare(const tdm_org_code *a, const tdm_org_code *b);

typedef struct tdm_change {
    tdm_date effective;
    tdm_order order;
    int64_t change; /* TDM_CHANGE_IS_* */
    bool has_successor;
    bool has_parent;
    tdm_org_code successor;
    tdm_org_code parent;
    int64_t belongs; /* 0: not said */
    int64_t sector;  /* 0: not said */
    tdm_span name;   /* empty: not said */
} tdm_change;

typedef struct tdm_representation {
    tdm_id origin;
    bool has_from;
    bool has_until;
    tdm_date from;
    tdm_date until;
} tdm_representation;

typedef struct tdm_organisation {
    tdm_org_code code;
    bool registered;
    tdm_order order; /* of the organisation fact that counts */
    bool has_parent;
    tdm_org_code parent;
    int64_t belongs;
    int64_t sector;
    tdm_span name;
    tdm_span region;     /* empty: not said */
    tdm_change *changes; /* by (effective, order) */
    size_t change_count;
    size_t change_capacity;
    tdm_representation *representations; /* by bytes */
    size_t representation_count;
    size_t representation_capacity;
    /* Root and validity when no date matters: no change anywhere on the way. */
    bool steady;
    bool steady_countable;
    tdm_org_code steady_root;
} tdm_organisation;

typedef struct tdm_level_point {
    int64_t year;
    int64_t level;
    bool is_target;
    tdm_order order;
} tdm_level_point;

typedef struct tdm_return {
    tdm_org_code code;
    tdm_period period;
} tdm_return;

typedef struct tdm_closing {
    tdm_period period;
    tdm_order order;           /* of the fact: the first counts */
    uint64_t tide_incarnation; /* the tide that is its frontier */
    uint64_t tide_sequence;
    bool has_frontier;
    tdm_frontier frontier;
} tdm_closing;

typedef struct tdm_publication {
    tdm_period period;
    tdm_span measure;
    int64_t definition;
    tdm_span dimension;
    tdm_span group;
    int64_t units;
    int64_t joint[TDM_LINES];
    tdm_order order;
} tdm_publication;

typedef struct tdm_catalogue {
    tdm_span programme;
    tdm_span core; /* empty: none */
    int64_t aim;   /* 0: not said */
    bool bespoke;
    bool has_evidence;
    bool targeted; /* kept for a group */
    bool has_reviewed;
    tdm_date reviewed;
    tdm_order order;
} tdm_catalogue;

typedef struct tdm_match {
    tdm_span a; /* the smaller */
    tdm_span b;
} tdm_match;

typedef struct tdm_stated_key {
    tdm_key_fact fact;
    tdm_order order;
} tdm_stated_key;

typedef struct tdm_registry {
    bool open; /* no authority: every well-formed code is registered and stands for itself */
    tdm_arena arena;
    tdm_map organisations; /* tdm_organisation by code, also those only spoken of */
    struct tdm_code_place
        *places;        /* the same once all is read: each statement judged asks two or three times */
    size_t place_count; /* a power of two; 0: not made yet */
    tdm_map neighbours; /* subject -> what it is matched with (match.h) */
    tdm_match *matches; /* by (a, b), without repeats */
    size_t match_count;
    size_t match_capacity;
    tdm_level_point *points;
    size_t point_count;
    size_t point_capacity;
    tdm_return *expected; /* by (period, code), without repeats */
    size_t expected_count;
    size_t expected_capacity;
    tdm_return *made; /* likewise; valid ones only */
    size_t made_count;
    size_t made_capacity;
    tdm_closing *closings;
    size_t closing_count;
    size_t closing_capacity;
    tdm_publication *publications;
    size_t publication_count;
    size_t publication_capacity;
    tdm_stated_key *keys;
    size_t key_count;
    size_t key_capacity;
    tdm_map catalogue;         /* tdm_catalogue by programme */
    uint64_t succession_print; /* of what counted as succession, to notice a change */
} tdm_registry;

tdm_registry *tdm_registry_new(bool open);
void tdm_registry_free(tdm_registry *registry); /* NULL-safe */

typedef struct tdm_code_place {
    tdm_org_code code;
    const tdm_organisation *organisation; /* NULL: free */
} tdm_code_place;

tdm_organisation *tdm_registry_organisation(tdm_registry *registry,
                                            const tdm_org_code *code); /* made if new */
const tdm_organisation *tdm_registry_find(const tdm_registry *registry, const tdm_org_code *code);

/* Where a code stands on a date. */
typedef struct tdm_rooted {
    tdm_org_code root;
    bool registered; /* the code itself */
    bool countable;  /* registered, its root too, neither closed */
    bool steady;     /* the same on every date */
} tdm_rooted;

tdm_rooted tdm_registry_root(const tdm_registry *registry, const tdm_org_code *code, tdm_date date);
/* The change of its parent and of its name in force; for the directory. */
bool tdm_registry_parent(const tdm_organisation *organisation, tdm_date date, tdm_org_code *parent,
                         int64_t *belongs);
bool tdm_registry_is_closed(const tdm_organisation *organisation, tdm_date date);
int64_t tdm_registry_sector(const tdm_registry *registry, const tdm_org_code *code, tdm_date date); /* 0 */

/* As registered; empty: none, or not registered. */
tdm_span tdm_registry_region(const tdm_registry *registry, const tdm_org_code *code);
/* The programme's entry; NULL if it is in no catalogue. */
const tdm_catalogue *tdm_registry_catalogue(const tdm_registry *registry, tdm_span programme);

bool tdm_registry_represents(const tdm_registry *registry, const tdm_id *origin, const tdm_org_code *code,
                             tdm_date date);
/* The same on the London date of an instant; converts it only where the date matters. */
bool tdm_registry_represents_at(const tdm_registry *registry, const tdm_id *origin, const tdm_org_code *code,
                                int64_t ms_utc);

/* Called once all facts are in: sorts, drops repeats, finds what is steady, ties the matches. */
void tdm_registry_finish(tdm_registry *registry);

const tdm_closing *tdm_registry_closing(const tdm_registry *registry, tdm_period period); /* NULL: open */

#endif
