/* SPDX-License-Identifier: MPL-2.0
 *
 * uplink_ports.c: the link machine's ports at a node.
 */
#include "uplink_inner.h"

static void port_send(void *context, tdm_span frame)
{
    tdm_uplink *uplink = context;
    tdm_err err;
    if (uplink->dialer != NULL && tdm_dialer_send(uplink->dialer, frame, &err) == TDM_OK) {
        const char *values[] = { "hub", "out" };
        tdm_series_add(tdm_metrics_series_of(uplink->daemon->metrics, TDM_METRIC_SYNC_MESSAGES, values, 2),
                       1);
    }
}

static void port_note(void *context, const char *word, const char *text)
{
    tdm_uplink *uplink = context;
    const tdm_id *hub = uplink->membership.joined ? &uplink->membership.hub : &uplink->membership.code.hub;
    tdm_link_report_note(uplink->daemon->metrics, &uplink->notes, hub, word, text);
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    tdm_uplink *uplink = context;
    return tdm_log_ports_keep(uplink->ports, batch, (void *)uplink->generation, token);
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    return tdm_hub_trust_may_seal(&((tdm_uplink *)context)->trust, origin, key, last);
}

static tdm_code port_keep_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    tdm_uplink *uplink = context;
    return tdm_log_ports_keep_notices(uplink->ports, batch, (void *)uplink->generation, token);
}

static void port_feed_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    tdm_core_feed_cursor(((tdm_uplink *)context)->daemon->core, has_epoch, epoch, number);
}

static void port_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    (void)organisations;
    (void)count;
    tdm_uplink *uplink = context;
    /* Only the hub that the join code names; the machine may not be called from here, so the loop goes on
     * with it. */
    const tdm_membership *membership = &uplink->membership;
    uplink->enrolled = tdm_id_equal(hub, membership->joined ? &membership->hub : &membership->code.hub);
}

TDM_LOG_PORTS_LEAD(struct tdm_uplink, ports);
const tdm_link_ports UPLINK_PORTS = {
    TDM_LOG_PORTS,
    .send = port_send,
    .note = port_note,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .keep_notices = port_keep_notices,
    .feed_cursor = port_feed_cursor,
    .enrolled = port_enrolled,
};
