/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_inner.h: what a whole ledger is folded with (bulk.c), for the files that gather it and number its
 * feeds.
 */
#ifndef TANDEM_MEASURES_BULK_INNER_H
#define TANDEM_MEASURES_BULK_INNER_H

#include <stdatomic.h>

#include "bulk_feeds.h"
#include "bulk_part.h"

typedef struct tdm_folded {
    tdm_part *part; /* NULL: let go */
    tdm_err err;    /* its code, TDM_OK if all went well */
    bool done;
} tdm_folded;

typedef struct tdm_bulk {
    tdm_fold *fold;
    tdm_ledger *ledger;
    const tdm_bulk_options *options;
    uint64_t last; /* position */
    uint64_t done; /* events, of twice `last` */
    tdm_arena arena;
    tdm_subjects bounds;  /* part i holds subjects from bounds[i - 1] on, before bounds[i] */
    uint64_t *bound_keys; /* of each bound, the 8 bytes behind the prefix that all share, as a number */
    size_t prefix_len;
    size_t parts;
    tdm_asides *asides[HALVES]; /* events by part, of each half of the ledger; one part more: bulk_gather.c */
    tdm_bulk_feeds *feeds;      /* NULL: no feeds */
    tdm_timeline *timeline;     /* likewise */
    bool *with_registry;        /* by part */
    tdm_state_hasher *hasher;
    pthread_mutex_t lock; /* of what follows, */
    pthread_cond_t changed;
    tdm_folded *folded; /* by part */
    size_t next;        /* part to fold */
    size_t written;     /* parts */
    size_t let_go;      /* of them */
    bool stopping;
    atomic_bool ended; /* a half can not be gathered */
} tdm_bulk;

/* bulk.c */
/* So many events more are done, of twice all. */
tdm_code tdm_bulk_tell(tdm_bulk *b, uint64_t more, tdm_err *err);
typedef void tdm_bulk_rows(void *context, tdm_kv_txn *txn);
tdm_code tdm_bulk_commit(tdm_kv *kv, tdm_bulk_rows *save, void *context, tdm_err *err);

/* bulk_gather.c */
tdm_code tdm_bulk_choose_parts(tdm_bulk *b, tdm_err *err);
/* All events put aside; what they tell by themselves is noted, and the registry's dossiers are made,
 * empty. */
tdm_code tdm_bulk_gather(tdm_bulk *b, tdm_err *err);

#endif
