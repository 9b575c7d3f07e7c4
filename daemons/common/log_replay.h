/* SPDX-License-Identifier: MPL-2.0
 *
 * log_replay.h: an exported log into a store, new or not: what is known stays, what is new is appended with
 * its names, roots, heads and seals, what conflicts is told. Interrupted, it goes on where it was when it is
 * given the same again. The store is a folder whose daemon is stopped, or that of a running core: then a log
 * has to be sealed by keys that the core knows, and goes to it through its writer.
 */
#ifndef TANDEM_COMMON_LOG_REPLAY_H
#define TANDEM_COMMON_LOG_REPLAY_H

#include "core.h"

#include <stdio.h>

/* Logs of which nothing more is taken, since an earlier part of them conflicted or came too late. For who
 * gives a log in parts. */
typedef struct tdm_replay_ends {
    struct tdm_replay_end {
        tdm_id origin;
        uint64_t incarnation;
    } * logs; /* the caller's (free) */
    size_t count;
    size_t capacity;
} tdm_replay_ends;
tdm_code tdm_replay_ends_add(tdm_replay_ends *ends, const tdm_id *origin, uint64_t incarnation, tdm_err *err);

typedef struct tdm_replay_options {
    tdm_core *core;     /* a running one; NULL: folder */
    const char *folder; /* absent or empty: a new store, which has no identity of its own */
    size_t map_bytes;   /* address space to begin with; 0: the store's default */
    bool dry_run;       /* counts what would become of everything, and writes nothing */
    const uint32_t
        *types; /* only events of these types, each with its proof; NULL: whole logs. Not with core */
    size_t type_count;
    tdm_replay_ends *ends; /* read, and grows; NULL: none */
    const char *node;      /* only logs of origins whose digits begin so; NULL: all */
    bool has_until;
    int64_t until_ms;     /* of each log only the runs before the first with an event recorded later */
    uint64_t per_second;  /* events; 0: as fast as it can */
    const tdm_told *told; /* hears of events read; NULL: nobody */
} tdm_replay_options;

typedef struct tdm_replayed {
    uint64_t lines;
    uint64_t added; /* events, as the next */
    uint64_t known;
    uint64_t conflicting; /* another event of that sequence is here; of that log nothing more is taken */
    uint64_t left_out;    /* by node and until */
    uint64_t logs;        /* that were met */
    char conflict[160];   /* the first, in words; "" */
} tdm_replayed;

/* TDM_DIFFERS: something conflicts, all else was done. TDM_BUSY: another process writes to the store.
 * With core, TDM_DENIED: sealed by a key that it does not know as this origin's; TDM_INVALID: events without
 * a seal.
 * TDM_MALFORMED, TDM_DENIED, TDM_UNSUPPORTED name the line, TDM_MALFORMED also where a log begins after the
 * end of what is here. What was added is durable when it returns. */
tdm_code tdm_log_replay(const tdm_replay_options *options, FILE *file, tdm_replayed *out, tdm_err *err);

#endif
