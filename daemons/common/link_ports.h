/* SPDX-License-Identifier: MPL-2.0
 *
 * link_ports.h: the ports of a link machine (tandem/link.h) that are the same at both ends: the logs held
 * here, keeping batches and notices, the feed. Used by one loop thread.
 */
#ifndef TANDEM_LINK_PORTS_H
#define TANDEM_LINK_PORTS_H

#include "core.h"
#include "queue.h"

#include <assert.h>
#include <stddef.h>

typedef struct tdm_log_ports tdm_log_ports;

tdm_code tdm_log_ports_new(tdm_log_ports **out, tdm_core *core, tdm_queue *done, tdm_err *err);
void tdm_log_ports_destroy(tdm_log_ports **ports);

/*
 * Ports as a link machine calls them, the same for every driver: TDM_LOG_PORTS stands in its table. `context`
 * is the driver's own, which begins with the tdm_log_ports of its loop; TDM_LOG_PORTS_LEAD says so of a type.
 */
tdm_code tdm_log_ports_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out);
tdm_code tdm_log_ports_head_at(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                               tdm_digest *out);
size_t tdm_log_ports_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max);
tdm_code tdm_log_ports_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                            size_t max_bytes, size_t max_runs, tdm_log_batch *out);
void tdm_log_ports_set_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes);
#define TDM_LOG_PORTS                                                                                        \
    .tip = tdm_log_ports_tip, .head_at = tdm_log_ports_head_at, .incarnations = tdm_log_ports_incarnations,  \
    .runs = tdm_log_ports_runs, .set_aside = tdm_log_ports_set_aside
#define TDM_LOG_PORTS_LEAD(type, member)                                                                     \
    static_assert(offsetof(type, member) == 0, "the context of a link begins with its ports")

/* The driver's own ports call these with `ports` of the loop and `owner`, which comes back in tdm_core_done.
 */
tdm_code tdm_log_ports_keep(tdm_log_ports *ports, const tdm_log_batch *batch, void *owner, uint64_t token);
tdm_code tdm_log_ports_keep_notices(tdm_log_ports *ports, const tdm_notice_batch *batch, void *owner,
                                    uint64_t token);
tdm_code tdm_log_ports_feed_next(tdm_log_ports *ports, const tdm_id *recipient, uint64_t after,
                                 uint64_t *number, tdm_span *event, tdm_proof *proof);
uint64_t tdm_log_ports_feed_last(tdm_log_ports *ports, const tdm_id *recipient);
/* The fold is at work: the two before would wait for the end of its step. */
bool tdm_log_ports_feed_is_busy(tdm_log_ports *ports);

#endif
