/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay_inner.h: what log_replay.c, which judges, and the sinks that write share.
 */
#ifndef TANDEM_COMMON_LOG_REPLAY_INNER_H
#define TANDEM_COMMON_LOG_REPLAY_INNER_H

#include "log_replay.h"

/* One incarnation: how far it goes here, with what was added. */
typedef struct log_state {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
    bool left_out; /* nothing of it is taken (any more) */
    bool fresh;    /* its last run was added */
    uint64_t sealed;
} log_state;

typedef struct replaying replaying;

/* Where what is new goes. Roots and heads were checked, and a seal over its head. */
typedef struct replay_sink {
    /* TDM_CONFLICT: nobody but the store itself writes this log */
    tdm_code (*run)(replaying *r, log_state *log, const tdm_run *run, const tdm_span *events, tdm_err *err);
    tdm_code (*seal)(replaying *r, log_state *log, const tdm_seal *seal, tdm_err *err);
    tdm_code (*notice)(replaying *r, const tdm_event *event, const tdm_proof *proof,
                       tdm_err *err);                        /* TDM_END: not taken */
    tdm_code (*flush)(replaying *r, bool all, tdm_err *err); /* all: what was given is durable */
} replay_sink;

struct replaying {
    const tdm_replay_options *options;
    const replay_sink *sink;
    struct replay_live *live; /* NULL unless the sink is a running core */
    tdm_ledger *ledger;       /* read; NULL: a dry run, and there is no store */
    tdm_ledger_txn *txn;
    bool was_empty;
    size_t in_txn;
    log_state *logs;
    size_t count;
    size_t capacity;
    int64_t begun_ms;
    uint64_t seen;
    tdm_replayed *out;
};

/* log_replay_live.c: sets sink and live. */
tdm_code replay_live_open(replaying *r, tdm_err *err);
void replay_live_close(replaying *r);

#endif
