/* SPDX-License-Identifier: MPL-2.0
 *
 * shelf.h: the dossiers, partly in memory, partly in the views. What is dirty stays in memory until a
 * checkpoint has written it.
 */
#ifndef TANDEM_MEASURES_SHELF_H
#define TANDEM_MEASURES_SHELF_H

#include "dossier.h"
#include "map.h"
#include "match.h"
#include "tandem/kv.h"

/* Tables of the views, in the order of TDM_VIEWS_TABLES. */
enum tdm_views_table {
    TDM_VIEWS_META,         /* "state" -> position, counts, pending work (state.c) */
    TDM_VIEWS_DOSSIERS,     /* subject -> record (dossier.h) */
    TDM_VIEWS_CELLS,        /* cell key -> amounts (cells.h) */
    TDM_VIEWS_NAMING,       /* organisation code, 0, subject -> nothing */
    TDM_VIEWS_FEEDS,        /* recipient 16, number 8 -> position 8 */
    TDM_VIEWS_RECIPIENTS,   /* recipient 16 -> last number 8 */
    TDM_VIEWS_TIDES,        /* incarnation 8, sequence 8 -> payload of the authority's tide */
    TDM_VIEWS_INCARNATIONS, /* origin 16, incarnation 8 -> generation 4 */
    TDM_VIEWS_RESIDENTS,    /* subject of a dossier that stays in memory -> nothing */
    TDM_VIEWS_TABLES_CELLS  /* cell key -> amounts (tables.h) */
};

typedef struct tdm_shelf {
    tdm_kv *kv;      /* NULL: everything stays in memory; owned */
    tdm_kv_txn *txn; /* reader of the step at work, opened when first needed */
    tdm_map dossiers;
    size_t bytes;      /* memory taken by them */
    size_t kept_bytes; /* of what the last eviction left */
    tdm_dossier **dirty;
    size_t dirty_count;
    size_t dirty_capacity;
    tdm_dossier **fresh; /* not in the views yet; sorted by subject when walked */
    size_t fresh_count;
    size_t fresh_capacity;
    bool fresh_sorted;
    tdm_dossier **residents;
    size_t resident_count;
    size_t resident_capacity;
} tdm_shelf;

void tdm_shelf_init(tdm_shelf *shelf, tdm_kv *kv);
void tdm_shelf_close(tdm_shelf *shelf);

/* The reader of this step; NULL without views. End it with tdm_shelf_end. */
tdm_code tdm_shelf_reader(tdm_shelf *shelf, tdm_kv_txn **out, tdm_err *err);
void tdm_shelf_end(tdm_shelf *shelf);

/* The dossier of a subject, taken into memory; *out is NULL if there is none and `make` is false. */
tdm_code tdm_shelf_get(tdm_shelf *shelf, tdm_span subject, bool make, tdm_dossier **out, tdm_err *err);
/* Bring the dossiers of these subjects near to the processor, as far as they are in memory: it then finds
 * many at once, where one after the other would each wait for memory. At most TDM_SHELF_NEAR. */
enum { TDM_SHELF_NEAR = 64 };
void tdm_shelf_expect(const tdm_shelf *shelf, const tdm_span *subjects, size_t count);
/* Like get, but leaves memory as it was: *owned tells the caller to free it. For queries. */
tdm_code tdm_shelf_look(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, bool *owned, tdm_err *err);
/* Before a dossier is changed, and after: marks it dirty and keeps the count of bytes. */
size_t tdm_shelf_change(tdm_shelf *shelf, tdm_dossier *dossier);
void tdm_shelf_changed(tdm_shelf *shelf, const tdm_dossier *dossier, size_t bytes_before);
void tdm_shelf_make_resident(tdm_shelf *shelf, tdm_dossier *dossier);
/* Let go of a dossier that was only read. */
void tdm_shelf_release(tdm_shelf *shelf, tdm_dossier *dossier);

/* Subjects after `after` that begin with `prefix`, in order, at most `limit`; copied into the arena. */
tdm_code tdm_shelf_walk(tdm_shelf *shelf, tdm_span prefix, tdm_span after, size_t limit, tdm_subjects *out,
                        tdm_arena *arena, tdm_err *err);

/* A walk over all subjects that begin with a prefix, in order, some at a time:
 *     tdm_walk walk = tdm_walk_begin(prefix);
 *     while (code == TDM_OK && walk.more)
 *         code = tdm_walk_step(&shelf, &walk, err), then look at walk.found, borrowed until the next step;
 *     tdm_walk_end(&walk);
 * Between two steps the shelf may change. */
typedef struct tdm_walk {
    tdm_span prefix; /* borrowed */
    tdm_subjects found;
    tdm_arena arena;
    tdm_buf last; /* where the next step goes on */
    bool more;    /* there may be some left */
} tdm_walk;
tdm_walk tdm_walk_begin(tdm_span prefix);
tdm_code tdm_walk_step(tdm_shelf *shelf, tdm_walk *walk, tdm_err *err);
void tdm_walk_end(tdm_walk *walk);

/* Write what is dirty into the transaction; call saved once it is committed. */
void tdm_shelf_save(tdm_shelf *shelf, tdm_kv_txn *txn);
void tdm_shelf_saved(tdm_shelf *shelf, size_t cache_bytes);
tdm_code tdm_shelf_load_residents(tdm_shelf *shelf, tdm_err *err);

#endif
