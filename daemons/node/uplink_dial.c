/* SPDX-License-Identifier: MPL-2.0
 *
 * uplink_dial.c: whom the node dials. A hub whose keys are turned over answers by the one it was known by
 * until its operator ends that, and then by the one its log stated before: who fails by one key is dialled by
 * the next, and what answered is remembered. A key that the log revoked is dialled no more.
 */
#include "uplink_inner.h"

#include "log.h"

#include <sodium.h>
#include <string.h>

static tdm_code dial_member(tdm_uplink *uplink, tdm_err *err)
{
    uint8_t public_key[32];
    uint8_t secret_key[32];
    const tdm_membership *membership = &uplink->membership;
    tdm_transport_options options = tdm_daemon_transport(uplink->daemon);
    tdm_core_link_key(uplink->daemon->core, public_key, secret_key);
    tdm_code code = tdm_dialer_open(&uplink->dialer, uplink->daemon->zmq, membership->endpoint,
                                    uplink->server, public_key, secret_key, &options, err);
    sodium_memzero(secret_key, sizeof secret_key);
    return code;
}

tdm_code uplink_dial(tdm_uplink *uplink, tdm_err *err)
{
    const tdm_membership *membership = &uplink->membership;
    const tdm_join_code *invite = &membership->code;
    tdm_transport_options options = tdm_daemon_transport(uplink->daemon);
    if (!membership->joined) {
        memcpy(uplink->server, invite->hub_key, sizeof uplink->server);
        return tdm_dialer_open(&uplink->dialer, uplink->daemon->zmq, invite->endpoint, invite->hub_key,
                               invite->public_key, invite->secret, &options, err);
    }
    if (!tdm_hub_trust_link_key(&uplink->trust, membership->hub_key, NULL, uplink->server))
        return tdm_fail(err, TDM_DENIED, 0, "%s", uplink_strangeness(uplink));
    return dial_member(uplink, err);
}

bool uplink_dials_what_is_over(const tdm_uplink *uplink)
{
    return uplink->dialer != NULL && uplink->membership.joined
           && !tdm_hub_trust_may_answer(&uplink->trust, uplink->server);
}

tdm_code uplink_redial(tdm_uplink *uplink, tdm_err *err)
{
    const tdm_membership *membership = &uplink->membership;
    bool other = uplink->dials_other;
    uplink->dials_other = false;
    if (!other
        || !tdm_hub_trust_link_key(&uplink->trust, membership->hub_key, uplink->server, uplink->server))
        return tdm_dialer_redial(uplink->dialer, err);
    tdm_dialer_close(&uplink->dialer);
    return dial_member(uplink, err);
}

void uplink_answered(tdm_uplink *uplink)
{
    tdm_err err;
    tdm_membership *membership = &uplink->membership;
    uplink->foreign = false;
    uplink->dials_other = false;
    if (!membership->joined || memcmp(membership->hub_key, uplink->server, sizeof uplink->server) == 0)
        return;
    if (tdm_membership_hub_key(uplink->daemon->core, membership, uplink->server, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "HUB-KEY-FAILED", &err);
    else
        tdm_log(TDM_LOG_NOTICE, "HUB-KEY-CHANGED", tdm_log_id("hub", &membership->hub));
}

void uplink_not_the_hub(tdm_uplink *uplink)
{
    uint8_t next[32];
    const tdm_membership *membership = &uplink->membership;
    uplink->foreign = true;
    tdm_log(TDM_LOG_WARN, "HANDSHAKE-FAILED", tdm_log_text("what", uplink_strangeness(uplink)));
    uplink->dials_other = membership->joined
                          && tdm_hub_trust_link_key(&uplink->trust, membership->hub_key, uplink->server, next)
                          && memcmp(next, uplink->server, sizeof next) != 0;
}

const char *uplink_strangeness(const tdm_uplink *uplink)
{
    return uplink->membership.joined
               ? "who answers there has no key that this node knows its hub by; if the hub's keys were "
                 "turned "
                 "over while it was away, ask its operator for a code (tandem invite) and give it to tandem "
                 "join here"
               : "who answers there is not the hub of the join code: ask its operator for a new one";
}
