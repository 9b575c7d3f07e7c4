/* SPDX-License-Identifier: MPL-2.0
 *
 * core_inner.h: what the files of the core (core*.c) share. Nobody else includes it.
 */
#ifndef TANDEM_CORE_INNER_H
#define TANDEM_CORE_INNER_H

#include "core.h"
#include "queue.h"

#include <pthread.h>
#include <stdatomic.h>

#define CORE_LISTENERS_MAX 4
#define CORE_REQUESTS_MAX 4096   /* requests that may wait for the writer */
#define CORE_GATHER_EVENTS 16384 /* events one commit takes at most, about */
#define CORE_LAG_MAX 500000 /* events the fold may be behind before the writer waits for it, if not told */

/* Who this store is: local state under "identity/". */
typedef struct core_identity {
    tdm_identity self; /* keys under lock, origin and incarnation fixed after open */
    bool has_authority;
    tdm_id authority;
} core_identity;

typedef struct core_batch core_batch;

typedef struct core_listener {
    tdm_queue *queue;
    int grew_fd;
} core_listener;

struct tdm_core {
    char folder[512];
    char aside[512]; /* read_only: folder of figures made for this process alone; "": none */
    bool hub;
    bool read_only;
    char way[TDM_CORE_WAY_MAX]; /* read_only: where figures are from */
    size_t map_bytes;
    size_t cache_bytes;
    size_t gather_events;
    uint64_t lag_max;
    tdm_ledger *ledger;
    core_identity identity; /* authority and keys under lock, the rest fixed after open */
    _Atomic bool recovers;  /* its log is being taken back */

    pthread_mutex_t lock;
    pthread_cond_t changed; /* fold swapped or released, folded position moved */
    pthread_cond_t pressed; /* the thread that folds when due is wanted */
    pthread_cond_t stopped;
    unsigned fold_waiters;
    tdm_fold *fold; /* NULL while it is being swapped */
    unsigned fold_users;
    bool swap_wanted;
    bool stopping;
    tdm_code follow_failed; /* the fold's thread met an error it cannot mend */
    tdm_err follow_err;
    pthread_rwlock_t listening; /* held while listeners are told, which wakes them: never with lock */
    core_listener listeners[CORE_LISTENERS_MAX];

    _Atomic uint64_t committed; /* last position in the ledger */
    _Atomic uint64_t folded;
    _Atomic uint64_t fold_steps; /* counted from 1 */
    _Atomic bool settled;

    tdm_queue *requests;
    pthread_t writer;
    pthread_mutex_t turn; /* held by whoever folds; taken before lock, never with it */
    _Atomic bool hurry;   /* the turn is wanted: who folds at leisure gives it up between two slices */
    _Atomic bool full;    /* the fold wants a checkpoint before it goes on */
    _Atomic bool dirty;   /* there is something to checkpoint */
    core_batch *batch;    /* under turn */
    pthread_t leisure;
    pthread_t due;
    bool writer_runs;
    bool leisure_runs;
    bool due_runs;
};

/* core_identity.c: read the identity, or make one with its first event in the same transaction, or take
 * this one without. */
tdm_code core_identity_open(tdm_core *core, const tdm_identity *recovers, tdm_err *err);
/* Remember the hub in the ledger's local state: called by the writer's requests only. */
extern const char CORE_AUTHORITY_NAME[];
extern const char CORE_CURSOR_NAME[];

/* core_own.c */
typedef struct core_own_log {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
} core_own_log;
/* Append drafts as sealed runs. Every run gets its seal: a run is what fits in one frame, and only what ends
 * in a seal can be sent. A seal costs some 15 us, a run takes up to 1,024 events. */
tdm_code core_own_append(tdm_ledger_txn *txn, core_own_log *own, const tdm_seal_key *key,
                         const tdm_draft *drafts, size_t count, int64_t recorded_ms, tdm_err *err);
/* Before anything is written: would each draft pass? So that one bad draft never spoils a group. */
tdm_code core_own_check(const tdm_core *core, const tdm_draft *drafts, size_t count, tdm_err *err);

/* core_writer.c */
tdm_code core_writer_start(tdm_core *core, tdm_err *err);
void core_writer_stop(tdm_core *core);

/* core.c: a moment from now, as the core's conditions count time. */
struct timespec core_in_ms(int64_t ms);

/* core_follow.c */
tdm_code core_follow_start(tdm_core *core, tdm_err *err);
void core_follow_stop(tdm_core *core);
void core_tell_grown(tdm_core *core);

/* core_step.c: called with the turn held. */
#define CORE_STEP_EVENTS 262144 /* filed before they are judged, at most: some 0.7 s */
core_batch *core_batch_new(void);
void core_batch_free(core_batch **batch);
/* Fold what is next, as far as one step goes. yields: give up between two slices once core->hurry is set; the
 * next step goes on from there. Figures are told of when they are whole. */
tdm_code core_step(tdm_core *core, bool yields, tdm_err *err);
/* Nothing is filed that is not judged: figures are told of when they are whole. */
bool core_is_whole(const tdm_core *core);
void core_tell_progress(tdm_core *core);

/* core_views.c */
tdm_code core_fold_open(tdm_core *core, tdm_fold **out, tdm_err *err);
tdm_code core_fold_open_at_rest(tdm_core *core, const tdm_frontier *frontier, tdm_err *err); /* offline */
/* For a log without sound views: figures made of it in a file without a name, and what is left of that. */
tdm_code core_fold_open_aside(tdm_core *core, const tdm_frontier *frontier, tdm_err *err);
void core_fold_drop_aside(tdm_core *core);
tdm_code core_fold_swap(tdm_core *core, tdm_err *err); /* with the turn held */

#endif
