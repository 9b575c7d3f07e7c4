/* SPDX-License-Identifier: MPL-2.0
 *
 * feed_inner.h: feeds and who follows what, for the files that make them: feed.c goes along the ledger,
 * feed_replay.c dossier by dossier; feed_rows.c keeps them.
 *
 * Moments: the event at position p happens at 2p, and what it changes of who speaks for whom at 2p + 1. Along
 * the ledger there is one moment, now.
 */
#ifndef TANDEM_MEASURES_FEED_INNER_H
#define TANDEM_MEASURES_FEED_INNER_H

#include "fold_inner.h"

static inline uint64_t tdm_moment_of(uint64_t position)
{
    return 2 * position;
}
static inline uint64_t tdm_moment_after(uint64_t position)
{
    return 2 * position + 1;
}
static inline uint64_t tdm_moment_position(uint64_t moment)
{
    return moment / 2;
}

typedef struct feed {
    tdm_id recipient;
    uint64_t saved;      /* last number in the views */
    uint64_t rows;       /* last number of the rows that are full */
    uint64_t *positions; /* of rows + 1 and on */
    size_t count;
    size_t capacity;
} feed;

/* An origin that represents a code, and how many facts say so. */
typedef struct speaker {
    tdm_id origin;
    int facts;
    uint64_t from;  /* moment; 0 along the ledger */
    uint64_t until; /* UINT64_MAX: still */
} speaker;

typedef struct speakers {
    tdm_org_code code;
    speaker *items;
    size_t count;
    size_t capacity;
    struct feed_turn *turns; /* replay alone: in order of moment */
    size_t turn_count;
    size_t turn_capacity;
} speakers;

/* An origin began or ceased to speak for the code. */
typedef struct feed_turn {
    uint64_t moment;
    tdm_id origin;
    bool begins;
} feed_turn;

/* Made if it is new. */
speakers *tdm_feed_speakers(tdm_fold *fold, const tdm_org_code *code);
/* While a dossier is lived through on its own: the moment; those who speak for the codes it names; where what
 * goes out goes. */
uint64_t tdm_replay_moment(const tdm_replay *replay);
const speakers *tdm_replay_speakers(const tdm_replay *replay, size_t *at);
void tdm_replay_send(tdm_replay *replay, const tdm_id *recipient, uint64_t position);
/* What a turn means to one dossier that names its code. */
void tdm_feed_turn(tdm_fold *fold, tdm_dossier *dossier, const tdm_id *origin, bool begins);

/* feed_rows.c */
void tdm_feed_rows_init(tdm_fold *fold);
void tdm_feed_rows_free(tdm_fold *fold);
void tdm_feed_append(tdm_fold *fold, const tdm_id *recipient, uint64_t position);
/* What a checkpoint has written is there again. */
tdm_code tdm_feed_rows_load(tdm_fold *fold, tdm_kv_txn *txn, tdm_err *err);

#endif
