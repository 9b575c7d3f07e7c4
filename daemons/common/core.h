/* SPDX-License-Identifier: MPL-2.0
 *
 * core.h: what a node and a hub both are: a ledger, a writer that commits in groups, a fold that follows.
 * Roles differ in who the authority is and in what links do.
 *
 * State folder:  ledger/  views/  private/  writer.lock  control.sock  (0700)
 * Identity (origin, incarnation, seal key, link key) is local state in the ledger's environment, made with
 * it.
 *
 * Threads: the writer and the fold run on threads of their own; every function here may be called from any
 * thread unless it says otherwise.
 */
#ifndef TANDEM_CORE_H
#define TANDEM_CORE_H

#include "tandem/fold.h"
#include "tandem/link.h"

typedef struct tdm_core tdm_core;

/* Who a store is. Secret: whoever holds a copy wipes it. */
typedef struct tdm_identity {
    tdm_id origin;
    uint64_t incarnation;
    tdm_seal_key seal;
    uint8_t link_public[32]; /* CURVE, raw */
    uint8_t link_secret[32];
} tdm_identity;

/* A random incarnation and keys, for the origin that is there. */
void tdm_identity_renew(tdm_identity *identity);

typedef struct tdm_core_options {
    const char *folder; /* the state folder */
    bool hub;           /* its own origin is the authority */
    bool read_only;     /* offline readers: no threads, nothing is written; figures from the views as
                           far as these are sound, else folded from what the ledger holds */
    bool without_views; /* read_only: from the ledger alone */
    bool log_only;      /* read_only: for whoever reads the log alone; the fold stays empty */
    /* A store that lost its log and takes it back. The folder is new: it becomes this identity's (origin and
     * keys as told, the incarnation too, which must not have been used), has no event of its own until
     * tdm_core_begin, and is opened by nobody else before. The folder is such a store: the identity it has
     * stays, and its origin must be this one. Borrowed for the call; NULL: no such store. */
    const tdm_identity *recovers;
    const tdm_frontier *frontier; /* read_only: only the covered facts; borrowed for the call; NULL: all */
    size_t map_bytes;
    /* read_only: a log without sound views is folded in memory up to so many events; a longer one into a file
     * without a name below TMPDIR (else /var/tmp). 0: 200,000 */
    uint64_t memory_events;
    size_t views_cache_bytes;
    size_t gather_events;  /* most events one commit takes; 0: 16384 */
    uint64_t fold_lag_max; /* events the fold may be behind before the writer waits for it; 0: 500,000 */
} tdm_core_options;

/* New stores get an identity and their first event (type incarnation). Returns when the fold has caught up
 * with its last checkpoint; it goes on following in its thread. TDM_BUSY: another process has it. */
tdm_code tdm_core_open(tdm_core **out, const tdm_core_options *options, tdm_err *err);
/* Finishes what was asked for, checkpoints, joins the threads. */
void tdm_core_close(tdm_core **core);

bool tdm_core_is_hub(const tdm_core *core);
bool tdm_core_is_read_only(const tdm_core *core);
/* Opened read_only: where its figures are from, and why, as half a sentence; "" if it has none. */
enum { TDM_CORE_WAY_MAX = 200 }; /* with its end */
const char *tdm_core_way(const tdm_core *core);
const char *tdm_core_folder(const tdm_core *core);
const tdm_id *tdm_core_origin(const tdm_core *core);
uint64_t tdm_core_incarnation(const tdm_core *core);
void tdm_core_seal_key(tdm_core *core, tdm_seal_key *out);
void tdm_core_link_key(tdm_core *core, uint8_t public_key[32], uint8_t secret_key[32]); /* CURVE, raw */
void tdm_core_identity(tdm_core *core, tdm_identity *out);
/* From now on the store has these keys: durable first, then in use. Origin and incarnation stay. */
tdm_code tdm_core_take_keys(tdm_core *core, const tdm_identity *keys, tdm_err *err);
/* True until tdm_core_begin. */
bool tdm_core_recovers(const tdm_core *core);
/* The log is back: the incarnation begins, with an event that names the one it follows, which is the held one
 * of the highest generation (none: this is the first). Asked again it does nothing. */
tdm_code tdm_core_begin(tdm_core *core, tdm_err *err);
tdm_ledger *tdm_core_ledger(tdm_core *core); /* borrowed; reading only */
/* The authority whose registry counts: own origin at a hub; at a node the hub it joined; false: none yet. */
bool tdm_core_authority(tdm_core *core, tdm_id *out);

/* Use the fold. It stays valid until released; after a node joins, a new fold over the same ledger replaces
 * it. */
tdm_fold *tdm_core_fold(tdm_core *core);
void tdm_core_fold_release(tdm_core *core, tdm_fold *fold);
uint64_t
tdm_core_folded(const tdm_core *core); /* the ledger position that figures and registry have reached */
/* Events committed and not folded yet, and whether figures are complete now. */
uint64_t tdm_core_fold_lag(tdm_core *core);
bool tdm_core_is_complete(tdm_core *core);
/* Another number, never 0, after each step of the fold: as long as it stays the same nothing read from the
 * fold need be read again. Costs nothing, while a question to the fold waits for the step under way. */
uint64_t tdm_core_fold_steps(tdm_core *core);

/* ---- stating own facts
 * ------------------------------------------------------------------------------------------------ */
/* A fact to be stated. The writer adds origin, incarnation, sequence and recorded time. Spans are borrowed
 * until the call returns. */
typedef struct tdm_draft {
    uint32_t type;
    uint32_t author; /* TDM_AUTHOR_IS_* */
    tdm_span subject;
    tdm_id fact;
    int64_t event_ms;
    int32_t event_offset_min;
    tdm_span payload;
} tdm_draft;

typedef struct tdm_stated {
    uint64_t first; /* sequences given */
    uint64_t last;
    uint64_t position; /* of the last one */
} tdm_stated;

/* Commit the drafts as one group, in order, in one transaction: all or nothing. Durable when it returns
 * TDM_OK. Any number of drafts; the run boundaries are the writer's. TDM_MALFORMED: a draft would not pass
 * the schema; TDM_FULL, TDM_IO: nothing stored. */
tdm_code tdm_core_state(tdm_core *core, const tdm_draft *drafts, size_t count, tdm_stated *out, tdm_err *err);
/* Wait until the fold has passed a position and settled. TDM_UNREACHABLE: not within the time. */
tdm_code tdm_core_wait_folded(tdm_core *core, uint64_t position, int64_t timeout_ms, tdm_err *err);

/* Drafts with their own storage: collect, then state. */
typedef struct tdm_drafts tdm_drafts;
tdm_drafts *tdm_drafts_new(void);
void tdm_drafts_free(tdm_drafts **drafts);
/* record: a made payload (event.h). event date: the civil date it is about, taken as noon in London. */
tdm_code tdm_drafts_add(tdm_drafts *drafts, uint32_t author, tdm_span subject, const tdm_id *fact,
                        tdm_date event_date, const tdm_record *record, tdm_err *err);
size_t tdm_drafts_count(const tdm_drafts *drafts);
tdm_code tdm_core_state_drafts(tdm_core *core, const tdm_drafts *drafts, tdm_stated *out, tdm_err *err);
/* The same for drafts of any number that come one after another: those gathered are stated once they make a
 * group, or at once (all), and the drafts are empty again. A dry run forgets them instead. events: grows by
 * their number unless that fails; may be NULL. */
tdm_code tdm_core_state_group(tdm_core *core, tdm_drafts *drafts, bool all, bool dry_run, int64_t *events,
                              tdm_err *err);
/* A fact id derived from words, so that stating the same thing again names the same fact: first 16 bytes of
 * BLAKE2b-256 over the words, each followed by a zero byte. */
tdm_id tdm_fact_named(const char *const *words, size_t count);

/* ---- local state (not part of the log)
 * ----------------------------------------------------------------------------------- */
tdm_code tdm_core_local_put(tdm_core *core, const char *name, tdm_span value,
                            tdm_err *err); /* durable; empty deletes */
tdm_code tdm_core_local_get(tdm_core *core, const char *name, tdm_buf *out, tdm_err *err);
/* Eight bytes, big-endian; false: it is not there, or nothing of that kind. */
bool tdm_core_local_number(tdm_core *core, const char *name, uint64_t *out);

/* ---- for links: never block
 * ------------------------------------------------------------------------------------------------ */
/* A completed request comes back through the queue given to tdm_core_listen; the listener frees it. */
typedef struct tdm_core_done {
    void *owner; /* as given with the request */
    uint64_t token;
    enum { TDM_DONE_KEPT, TDM_DONE_NOTICES } what;
    tdm_code code;
    tdm_digest head; /* KEPT: after the batch */
    size_t events;   /* in the batch */
} tdm_core_done;
struct tdm_queue;
/* Completions are pushed to `queue` (queue.h), and `grew` eventfd is written whenever the ledger grew or the
 * fold advanced. At most 4 listeners; unlisten returns when nothing will be pushed any more. */
tdm_code tdm_core_listen(tdm_core *core, struct tdm_queue *queue, int grew_fd, tdm_err *err);
void tdm_core_unlisten(tdm_core *core, struct tdm_queue *queue);
/* Between the two, batches to be kept gather: a loop that reads several frames in one turn lets them be
 * committed together. What somebody waits for (tdm_core_state, tdm_core_local_put) ends it. */
void tdm_core_cork(tdm_core *core);
void tdm_core_uncork(tdm_core *core);
/* Copies what it needs. TDM_BUSY: the writer's queue is full. */
tdm_code tdm_core_keep(tdm_core *core, struct tdm_queue *queue, const tdm_log_batch *batch, void *owner,
                       uint64_t token);
tdm_code tdm_core_keep_notices(tdm_core *core, struct tdm_queue *queue, const tdm_notice_batch *batch,
                               void *owner, uint64_t token);
tdm_code tdm_core_set_aside(tdm_core *core, const tdm_id *origin, const char *reason, tdm_span bytes);
void tdm_core_feed_cursor(tdm_core *core, bool *has_epoch, tdm_id *epoch, uint64_t *number); /* node */

/* Node: from now on this hub is the authority: stored, and the fold begins again under it (blocking until
 * swapped). */
tdm_code tdm_core_set_authority(tdm_core *core, const tdm_id *hub, tdm_err *err);

#endif
