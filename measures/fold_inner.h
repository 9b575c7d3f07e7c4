/* SPDX-License-Identifier: MPL-2.0
 *
 * fold_inner.h: the engine's parts, for the files that share its work.
 *
 * Who may touch what: the fold's thread changes everything, under the lock; queries read under the lock.
 * A checkpoint writes without the lock, for nobody else changes what it reads.
 */
#ifndef TANDEM_MEASURES_FOLD_INNER_H
#define TANDEM_MEASURES_FOLD_INNER_H

#include <pthread.h>

#include "registry_read.h"
#include "shelf.h"
#include "tables.h"
#include "unit.h"

/* A tide of the authority that is not in the views yet. */
typedef struct tdm_tide {
    uint64_t incarnation;
    uint64_t sequence;
    tdm_span payload; /* in the arena */
} tdm_tide;

typedef struct tdm_tides {
    tdm_tide *items;
    size_t count;
    size_t capacity;
    tdm_arena arena;
    bool changed; /* since the registry was made */
} tdm_tides;

struct tdm_fold {
    pthread_mutex_t lock;
    tdm_fold_options options;
    tdm_shelf shelf;
    tdm_lineage lineage;
    tdm_registry *registry;
    tdm_cells cells;
    tdm_tables tables;
    tdm_tides tides;
    struct tdm_displaced {
        const tdm_dossier *dossier; /* dirty, so that it stays in memory */
        uint64_t position;
    } * displaced; /* since the last checkpoint (displaced.c) */
    size_t displaced_count;
    size_t displaced_capacity;
    tdm_map naming;            /* organisation code -> subjects named since the last checkpoint (naming.c) */
    tdm_map feeds;             /* recipient -> feed (feed.c) */
    tdm_map speakers;          /* organisation code -> origins whose feeds follow it (feed.c) */
    struct tdm_replay *replay; /* not along the ledger, but dossier by dossier; borrowed. NULL: along it */
    bool in_part;              /* dossiers of one part of a ledger: others hold its registry, and what they
                                  contribute waits (bulk_part.c) */
    uint64_t position;
    uint64_t checkpointed;
    uint64_t last_check; /* of the event at the position: tells which log it is; 0: none */
    int64_t events;
    int64_t unknown_types;
    uint64_t exchanged; /* entries of tallies that went into tables or came out, since it was opened */
    tdm_id speaker;     /* of the event filed last, and its incarnation; 0: none yet */
    uint64_t speaking;
    /* the step at work */
    uint64_t batch;
    tdm_dossier **touched;
    size_t touched_count;
    size_t judged; /* of them */
    size_t touched_capacity;
    bool registry_stale;
    bool closings_read; /* at rest: the registry's closings have their frontiers */
    /* what a change of the registry left to do */
    tdm_subjects work; /* subjects in work_arena, from work_done on */
    size_t work_done;
    tdm_arena work_arena;
    bool everything; /* all subjects after `cursor` */
    tdm_buf cursor;
    /* roots countable in the period asked last (measure_query.c) */
    struct {
        const tdm_registry *registry; /* NULL: none */
        tdm_period period;
        tdm_org_code *codes;
        size_t count;
    } countable;
    /* scratch, kept to spare allocations */
    tdm_unit_view view;
    tdm_contribution contribution;
    tdm_tally tally;
    tdm_buf encoded;
    tdm_buf payload;
    tdm_subjects class;
    tdm_dossier **members;
    size_t member_capacity;
};

static inline void tdm_fold_lock(tdm_fold *fold)
{
    pthread_mutex_lock(&fold->lock);
}
static inline void tdm_fold_unlock(tdm_fold *fold)
{
    pthread_mutex_unlock(&fold->lock);
}

/* fold_file.c */
/* Under the lock. */
tdm_code tdm_fold_file_in(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err);
/* An event as it is filed: the slot, and the content it is read from. */
typedef struct tdm_filed {
    tdm_slot_parts parts; /* payload borrowed from the event, or from the fold until the next one is read */
    tdm_record content;   /* of readable parts */
} tdm_filed;
/* What an event tells whatever it is filed in: counts, incarnations, tides. */
tdm_code tdm_fold_note(tdm_fold *fold, const tdm_event *event, tdm_err *err);
/* False: nothing to file. */
bool tdm_fold_read_filing(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_filed *out);
/* Into a dossier of the shelf: slot, names, displaced amendments, feeds. *filed false: it changed nothing. */
tdm_code tdm_fold_file_into(tdm_fold *fold, tdm_dossier *dossier, const tdm_filed *filing, bool *filed,
                            tdm_err *err);
/* Is the registry made of dossiers with such an event? Is it a tide that no dossier holds? */
bool tdm_fold_makes_registry(const tdm_fold *fold, uint32_t type, const tdm_id *origin);
bool tdm_fold_is_tide(const tdm_event *event);
/* Refold at most `subjects` of what was touched; what is touched next begins a new step once none is left. */
tdm_code tdm_fold_judge_in(tdm_fold *fold, size_t subjects, tdm_err *err);
/* The class of a subject judged into fold->view; *count 0: no such dossier. Owned dossiers are freed by
 * tdm_fold_view_done. For queries, under the lock. */
typedef struct tdm_class_look {
    tdm_dossier **dossiers;
    bool *owned;
    size_t count;
    tdm_subjects subjects;
} tdm_class_look;
tdm_code tdm_fold_view(tdm_fold *fold, tdm_span subject, tdm_class_look *look, tdm_err *err);
void tdm_fold_view_done(tdm_fold *fold, tdm_class_look *look);
/* The fact as it is told. Spans are borrowed. */
void tdm_statement_fact(const tdm_statement *from, tdm_fact *out);

/* At rest: an event that the views lack. Read one range of the views, unless it has been. Does a fact's
 * content name the organisation in a field? */
tdm_code tdm_fold_file_at_rest(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_err *err);
tdm_code tdm_fold_need(tdm_fold *fold, enum tdm_views_table table, tdm_span range, tdm_err *err);
bool tdm_fold_is_unknown(uint32_t type);
bool tdm_fold_content_names(const tdm_record *content, tdm_span organisation);

/* refold.c */
tdm_code tdm_fold_refold(tdm_fold *fold, tdm_span subject, bool release, tdm_err *err);
/* A dossier at hand that is a class of its own. */
void tdm_fold_judge_alone(tdm_fold *fold, tdm_dossier *dossier);

/* naming.c */
void tdm_naming_init(tdm_fold *fold);
void tdm_naming_add(tdm_fold *fold, tdm_span code, const tdm_dossier *dossier);
/* Subjects whose dossiers name the code, sorted; spans in the arena. */
tdm_code tdm_naming_subjects(tdm_fold *fold, tdm_span code, tdm_subjects *out, tdm_arena *arena,
                             tdm_err *err);
void tdm_naming_save(const tdm_fold *fold, tdm_kv_txn *txn);
void tdm_naming_saved(tdm_fold *fold);
void tdm_naming_free(tdm_fold *fold);

/* displaced.c */
void tdm_displaced_add(tdm_fold *fold, const tdm_dossier *dossier, uint64_t position);
void tdm_displaced_save(const tdm_fold *fold, tdm_kv_txn *txn);
/* Positions of amendments of the subject that the views' dossier does not keep, in order. */
typedef tdm_code tdm_displaced_visit(void *context, uint64_t position, tdm_err *err);
tdm_code tdm_displaced_each(tdm_fold *fold, tdm_span subject, tdm_displaced_visit *visit, void *context,
                            tdm_err *err);

/* hash.c: the state hash in pieces: digests of dossiers in order of subject, then the cells and tables of the
 * fold. */
typedef struct tdm_state_hasher tdm_state_hasher;
tdm_state_hasher *tdm_state_hasher_new(void);
/* packed: what the dossier states, by tdm_dossier_pack. */
void tdm_state_digest(tdm_span subject, tdm_span packed, tdm_digest *out);
void tdm_state_hash_add(tdm_state_hasher *hasher, const tdm_digest *dossier);
void tdm_state_hash_end(tdm_state_hasher **hasher, tdm_fold *fold, tdm_digest *out);

/* tides.c */
tdm_code tdm_tides_add(tdm_fold *fold, const tdm_event *event, tdm_err *err);
/* Give the registry's closings their frontiers, or take over those of the registry before. */
tdm_code tdm_tides_close(tdm_fold *fold, tdm_registry *registry, tdm_err *err);
void tdm_tides_save(tdm_fold *fold, tdm_kv_txn *txn);
void tdm_tides_saved(tdm_fold *fold);

/* feed.c */
void tdm_feeds_init(tdm_fold *fold);
/* An event was filed into a dossier: before and after it, so that what an origin represents is known. */
typedef struct tdm_feed_change {
    bool watched; /* a represents fact of the authority may change */
    bool had;
    tdm_id origin;
    tdm_org_code code;
} tdm_feed_change;
void tdm_feed_before(tdm_fold *fold, const tdm_dossier *dossier, const tdm_slot_parts *parts,
                     tdm_feed_change *out);
tdm_code tdm_feed_after(tdm_fold *fold, tdm_dossier *dossier, const tdm_slot_parts *parts,
                        const tdm_feed_change *before, tdm_err *err);
/* Does the fact of the authority say that an origin represents a code? Then *out tells which. */
bool tdm_feed_read_represents(const tdm_fold *fold, const tdm_dossier *dossier, const tdm_id *fact,
                              tdm_feed_change *out);
tdm_code tdm_feeds_load(tdm_fold *fold, tdm_err *err);
void tdm_feeds_free(tdm_fold *fold);
void tdm_feeds_save(tdm_fold *fold, tdm_kv_txn *txn);
void tdm_feeds_saved(tdm_fold *fold);

/* feed_replay.c: the same feeds where each dossier is filed on its own, with all its events in order of
 * position (bulk.c). First what is stated of who represents whom, once for all; then dossier by dossier. */
typedef struct tdm_timeline tdm_timeline; /* changes of representation, until all are stated */
tdm_timeline *tdm_timeline_new(void);
void tdm_timeline_free(tdm_timeline *timeline); /* NULL-safe */
/* An event of the authority's registry was filed: what a fact said of representation before it, and now. */
void tdm_timeline_add(tdm_timeline *timeline, uint64_t position, const tdm_feed_change *before,
                      const tdm_feed_change *now);
/* All were added: the fold's speakers, each for as long as it spoke. */
void tdm_timeline_tell(tdm_timeline *timeline, tdm_fold *fold);

/* What goes out. */
typedef struct tdm_replay_entry {
    uint64_t moment;
    tdm_id recipient;
    uint64_t position;
} tdm_replay_entry;
typedef struct tdm_replay tdm_replay;
tdm_replay *tdm_replay_new(tdm_fold *fold); /* the fold's until it is freed */
void tdm_replay_free(tdm_replay *replay);   /* NULL-safe */
/* A dossier begins; before the event at the position is filed in it; its end. */
void tdm_replay_begin(tdm_replay *replay, tdm_dossier *dossier);
void tdm_replay_reach(tdm_replay *replay, uint64_t position);
void tdm_replay_end(tdm_replay *replay);
/* The dossier that began names a code: in a field, which makes those who speak for it recipients of what
 * comes, or in a list. */
void tdm_replay_named(tdm_replay *replay, tdm_span code, bool in_field);
/* In no order but that of their dossiers; borrowed. */
const tdm_replay_entry *tdm_replay_entries(const tdm_replay *replay, size_t *count);

/* state.c */
tdm_code tdm_state_check_version(tdm_kv_txn *txn, tdm_err *err); /* TDM_UNSUPPORTED: of another */
tdm_code tdm_state_load(tdm_fold *fold, tdm_err *err);           /* empties views of another kind */
void tdm_state_save(tdm_fold *fold, tdm_kv_txn *txn);

#endif
