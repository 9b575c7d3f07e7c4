/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery.h: a store that lost its log takes it back over the link (LINK.md, Recovery): a node from its hub,
 * a hub from its nodes. The store was opened for that (tdm_core_options.recovers); whoever called begins the
 * new incarnation afterwards (tdm_core_begin). Interrupted at any point, the same again goes on where it was:
 * what came is durable in the store.
 */
#ifndef TANDEM_RECOVERY_H
#define TANDEM_RECOVERY_H

#include "core.h"
#include "membership.h"

/* How it goes: events of `what` ("log of the hub", "own log") that are here, of how many as far as known. */
typedef void tdm_recovery_told(void *context, const char *what, uint64_t done, uint64_t total);

typedef struct tdm_recovery_options {
    int64_t patience_ms; /* give up when nothing new came for so long; 0: 60 s */
    tdm_recovery_told *told;
    bool (*ends)(void *context); /* asked a few times a second: true to give up now; NULL: never */
    void *context;
} tdm_recovery_options;

/*
 * The hub's log, then this origin's own. hub: its endpoint, key and origin; with `enrols` the whole is a join
 * code that names this origin, and the store's keys are enrolled with it first. A store that did so in an
 * earlier run needs neither: hub NULL.
 * TDM_DENIED: the hub does not admit the key or the code, or refuses the link for good. TDM_UNREACHABLE: not
 * within the patience, or `ends`. TDM_NOT_FOUND: no hub is known.
 */
tdm_code tdm_recovery_of_node(tdm_core *core, const tdm_join_code *hub, bool enrols,
                              const tdm_recovery_options *options, tdm_err *err);

/* Events held whole of an origin, all its incarnations; of everybody if NULL. */
uint64_t tdm_recovery_held(tdm_core *core, const tdm_id *origin);

/* Of a hub: who gave its log back. */
#define TDM_RECOVERY_NODES_MAX 1024
typedef struct tdm_recovery_node {
    tdm_id origin;
    bool whole;    /* all that it holds of the hub's log is here */
    uint64_t last; /* how far it holds the log's last incarnation; 0: nothing heard yet */
} tdm_recovery_node;

typedef struct tdm_recovered_hub {
    tdm_recovery_node *nodes; /* the caller's (free) */
    size_t count;
    size_t expected; /* nodes whose link keys the log now states as active */
    size_t missing;  /* of those not heard, or not whole */
    uint64_t events; /* of the hub's own log held */
} tdm_recovered_hub;

/* Listens as the hub does, with its key, and takes its log from every node that connects. Ends well once all
 * nodes that the log knows have given what they have, or nothing new came for the patience and at least one
 * has. `out` is filled in any case. TDM_BUSY: something listens there. TDM_UNREACHABLE: no node gave the log
 * within the patience, or `ends`. */
tdm_code tdm_recovery_of_hub(tdm_core *core, const char *endpoint, const tdm_recovery_options *options,
                             tdm_recovered_hub *out, tdm_err *err);

/* Of a hub whose log came back: may it begin with the keys it has? TDM_DENIED: the log revoked one of them.
 * TDM_CONFLICT: the keys were turned over, and nothing came that the present seal key vouches for. */
tdm_code tdm_recovery_check_keys(tdm_core *core, tdm_err *err);

#endif
