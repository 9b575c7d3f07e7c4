/* SPDX-License-Identifier: MPL-2.0
 *
 * frontier.h: a frontier being gathered from tides.
 */
#ifndef TANDEM_MEASURES_FRONTIER_H
#define TANDEM_MEASURES_FRONTIER_H

#include "map.h"
#include "tandem/fold.h"

typedef struct tdm_frontier_builder {
    tdm_map entries;
} tdm_frontier_builder;

void tdm_frontier_builder_init(tdm_frontier_builder *builder);
void tdm_frontier_builder_clear(tdm_frontier_builder *builder);
/* The highest sequence stays, with its head (NULL: zero bytes). */
void tdm_frontier_add(tdm_frontier_builder *builder, const tdm_id *origin, uint64_t incarnation,
                      uint64_t sequence, const tdm_digest *head);
/* The entries of a tide's payload; what cannot be read adds nothing. */
void tdm_frontier_add_tide(tdm_frontier_builder *builder, tdm_span payload);
void tdm_frontier_drop_origin(tdm_frontier_builder *builder, const tdm_id *origin);
/* Ends the builder. */
void tdm_frontier_build(tdm_frontier_builder *builder, tdm_frontier *out);

#endif
