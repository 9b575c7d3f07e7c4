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
#include "tandem/fold.h"
#include "views.h"

typedef struct tdm_shelf {
    tdm_kv *kv;          /* NULL: everything stays in memory; owned */
    tdm_kv_txn *txn;     /* reader of the step at work, opened when first needed */
    tdm_views_sums sums; /* as the views will have them after the next checkpoint */
    tdm_map dossiers;
    size_t bytes;      /* memory taken by them */
    size_t kept_bytes; /* of what the last eviction left */
    /* At rest (at_rest.c): the views are read as of one transaction, and nothing is written. */
    bool reads;
    bool lent;       /* kv is another's */
    bool trusted;    /* the pages of the views were checked */
    bool has_moment; /* dossiers are as of the moment that is set, no longer as the views hold them */
    bool changed;    /* what dossiers are stored with is not what they contribute */
    bool has_frontier;
    tdm_frontier frontier; /* what is covered; own */
    tdm_map added;         /* dossiers of covered events alone that the views lack */
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
/* The same where the views are known to hold none of them yet (bulk.c). At hand: NULL if it is not. */
tdm_dossier *tdm_shelf_make(tdm_shelf *shelf, tdm_span subject);
tdm_dossier *tdm_shelf_at_hand(const tdm_shelf *shelf, tdm_span subject);
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

/* ---- at rest */

/* The dossier that covered events that the views lack are filed into. */
tdm_dossier *tdm_shelf_add(tdm_shelf *shelf, tdm_span subject);
/* From now on dossiers are as of the moment: of the covered facts alone (NULL: all), with what was added. */
void tdm_shelf_set_moment(tdm_shelf *shelf, const tdm_frontier *frontier);
/* A dossier as the views hold it, made what it is at the moment; NULL if nothing is left of it. */
void tdm_shelf_take_to_moment(const tdm_shelf *shelf, tdm_dossier **dossier);
/* The residents as of the moment, in place of those that the views were loaded with. */
tdm_code tdm_shelf_renew_residents(tdm_shelf *shelf, tdm_err *err);
/* As the views hold it, the caller's to free; NULL if they do not. */
tdm_code tdm_shelf_stored(tdm_shelf *shelf, tdm_span subject, tdm_dossier **out, tdm_err *err);
/* Before anything is believed that is not held against a sum: the structure of the views' file, once. */
tdm_code tdm_shelf_trust(tdm_shelf *shelf, tdm_err *err);

/* Write what is dirty into the transaction; call saved once it is committed. */
void tdm_shelf_save(tdm_shelf *shelf, tdm_kv_txn *txn);
/* Others' dossiers, in order of subject, all of them after what the views hold. */
void tdm_shelf_append(tdm_shelf *shelf, tdm_kv_txn *txn, tdm_dossier *const *dossiers, size_t count);
void tdm_shelf_saved(tdm_shelf *shelf, size_t cache_bytes);
tdm_code tdm_shelf_load_residents(tdm_shelf *shelf, tdm_err *err);

#endif
