/* SPDX-License-Identifier: MPL-2.0
 *
 * fact.h: the facts of a dossier as they stand: base, content in force, visibility (docs/figures.md
 * section 1).
 */
#ifndef TANDEM_MEASURES_FACT_H
#define TANDEM_MEASURES_FACT_H

#include "dossier.h"
#include "lineage.h"

/* One name of a dossier. Slots are borrowed from it. */
typedef struct tdm_standing {
    tdm_slot base;       /* NULL: not held yet */
    tdm_slot content;    /* the correction in force; NULL: the base's own payload */
    tdm_slot visibility; /* the void or unvoid in force; NULL: none */
    tdm_slot first;      /* first slot of the name, also without a base */
    bool visible;
    uint32_t conflicts; /* other base events with another type or payload */
    uint32_t strangers; /* amendments whose author may not amend */
} tdm_standing;

/* The fact whose first slot this is; *next: the first slot of the next name, NULL at the end. */
void tdm_standing_read(const tdm_dossier *dossier, tdm_slot first, const tdm_lineage *lineage,
                       tdm_standing *out, tdm_slot *next);

tdm_order tdm_slot_order(tdm_slot slot, const tdm_lineage *lineage);
/* Whether a's event comes later than b's; both of one origin. */
bool tdm_slot_is_later(tdm_slot a, tdm_slot b, const tdm_lineage *lineage);
/* Payload in force of a fact with a base; its record may be peeked at if it is readable. */
bool tdm_standing_is_readable(const tdm_standing *standing);
tdm_span tdm_standing_payload(const tdm_standing *standing);

#endif
