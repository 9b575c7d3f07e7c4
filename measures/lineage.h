/* SPDX-License-Identifier: MPL-2.0
 *
 * lineage.h: what puts the events of one origin in order and says who may amend them: the generations of its
 * incarnations, and its stated successors (docs/figures.md section 1).
 */
#ifndef TANDEM_MEASURES_LINEAGE_H
#define TANDEM_MEASURES_LINEAGE_H

#include "map.h"

/* Order of an event among those of its origin. */
typedef struct tdm_order {
    uint32_t generation;
    uint64_t incarnation;
    uint64_t sequence;
} tdm_order;

int tdm_order_compare(const tdm_order *a, const tdm_order *b);

typedef struct tdm_lineage {
    tdm_map incarnations; /* struct tdm_incarnation */
    tdm_map successors;   /* struct tdm_successor */
} tdm_lineage;

/* One incarnation of which any event is held. */
typedef struct tdm_incarnation {
    uint8_t key[24]; /* origin, incarnation big-endian: also the key in the views */
    uint32_t generation;
    bool unsaved;   /* differs from the views */
    uint64_t check; /* of its row there; 0: none */
} tdm_incarnation;

void tdm_lineage_init(tdm_lineage *lineage);
void tdm_lineage_free(tdm_lineage *lineage);

/* Makes it known with generation 1 if it is new. */
tdm_incarnation *tdm_lineage_incarnation(tdm_lineage *lineage, const tdm_id *origin, uint64_t incarnation);
tdm_order tdm_lineage_order(const tdm_lineage *lineage, const tdm_id *origin, uint64_t incarnation,
                            uint64_t sequence);

/* Forget all successors, then state them anew. The first stated for an origin stays. */
void tdm_lineage_clear_successors(tdm_lineage *lineage);
void tdm_lineage_succeed(tdm_lineage *lineage, const tdm_id *origin, const tdm_id *successor);
/* Steps from the origin to the author along its successors: 0 for itself, -1 if it may not amend. */
int tdm_lineage_distance(const tdm_lineage *lineage, const tdm_id *origin, const tdm_id *author);

#endif
