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

static tdm_code port_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    return tdm_log_ports_tip(((tdm_uplink *)context)->ports, origin, incarnation, out);
}

static tdm_code port_head_at(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                             tdm_digest *out)
{
    return tdm_log_ports_head_at(((tdm_uplink *)context)->ports, origin, incarnation, last, out);
}

static size_t port_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max)
{
    return tdm_log_ports_incarnations(((tdm_uplink *)context)->ports, origin, out, max);
}

static tdm_code port_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                          size_t max_bytes, size_t max_runs, tdm_log_batch *out)
{
    return tdm_log_ports_runs(((tdm_uplink *)context)->ports, origin, incarnation, from, max_bytes, max_runs,
                              out);
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

static void port_set_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    tdm_log_ports_set_aside(((tdm_uplink *)context)->ports, origin, reason, bytes);
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

const tdm_link_ports UPLINK_PORTS = {
    .send = port_send,
    .note = port_note,
    .tip = port_tip,
    .head_at = port_head_at,
    .incarnations = port_incarnations,
    .runs = port_runs,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .set_aside = port_set_aside,
    .keep_notices = port_keep_notices,
    .feed_cursor = port_feed_cursor,
    .enrolled = port_enrolled,
};
