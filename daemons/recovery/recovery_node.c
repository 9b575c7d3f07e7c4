/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery_node.c: a node's log from its hub. One loop on the caller's thread: enrol if need be, then fetch
 * the hub's log, and once its keys are known the own one.
 */
#include "recovery_inner.h"

#include "clock.h"
#include "hub_trust.h"
#include "log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

typedef struct node_recovery {
    recovery base;
    tdm_hub_trust trust;
    tdm_membership membership;
    tdm_dialer *dialer;
    tdm_link *link;
    uintptr_t generation; /* of the link: completions for an earlier one are dropped */
    bool enrolled;
    bool denied;
    bool foreign;       /* who answered at the last try has none of the hub's keys */
    uint8_t server[32]; /* the hub's link key that is dialled */
} node_recovery;

/* ---- ports */

static void port_send(void *context, tdm_span frame)
{
    node_recovery *r = context;
    if (r->dialer != NULL)
        tdm_dialer_send(r->dialer, frame, NULL); /* what is lost is asked for again */
}

static void port_note(void *context, const char *word, const char *text)
{
    (void)context;
    tdm_log(TDM_LOG_DEBUG, "RECOVERY-LINK", tdm_log_text("word", word), tdm_log_text("text", text));
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    node_recovery *r = context;
    return tdm_log_ports_keep(r->base.ports, batch, (void *)r->generation, token);
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    return tdm_hub_trust_may_seal(&((node_recovery *)context)->trust, origin, key, last);
}

static tdm_code port_keep_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    node_recovery *r = context;
    return tdm_log_ports_keep_notices(r->base.ports, batch, (void *)r->generation, token);
}

static void port_feed_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    tdm_core_feed_cursor(((node_recovery *)context)->base.core, has_epoch, epoch, number);
}

static void port_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    (void)organisations;
    (void)count;
    node_recovery *r = context;
    r->enrolled = tdm_id_equal(hub, &r->membership.code.hub);
}

TDM_LOG_PORTS_LEAD(node_recovery, base.ports);
static const tdm_link_ports PORTS = {
    TDM_LOG_PORTS,
    .send = port_send,
    .note = port_note,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .keep_notices = port_keep_notices,
    .feed_cursor = port_feed_cursor,
    .enrolled = port_enrolled,
};

/* ---- the connection */

static void hang_up(node_recovery *r)
{
    tdm_link_destroy(&r->link);
    r->generation++;
    if (r->dialer != NULL)
        tdm_dialer_close(&r->dialer);
}

static tdm_code open_link(node_recovery *r, const tdm_identity *self, tdm_err *err)
{
    const tdm_membership *membership = &r->membership;
    tdm_link_options options = {
        .role = TDM_LINK_NODE,
        .own_origin = self->origin,
        .own_incarnation = self->incarnation,
        .has_peer = true,
        .peer_origin = membership->joined ? membership->hub : membership->code.hub,
        .enrolling = !membership->joined,
        .recovers = true,
        .seal_key = self->seal,
        .hello_timeout_ms = 10000,
        .ack_timeout_ms = 30000,
        .retry_min_ms = 500,
        .retry_max_ms = 5000,
    };
    memcpy(options.link_key, self->link_public, sizeof options.link_key);
    tdm_link_ports ports = PORTS;
    ports.context = r;
    tdm_code code = tdm_link_new(&r->link, &options, &ports, err);
    sodium_memzero(&options.seal_key, sizeof options.seal_key);
    return code;
}

static tdm_code dial(node_recovery *r, const tdm_identity *self, tdm_err *err)
{
    const tdm_membership *membership = &r->membership;
    tdm_transport_options options = recovery_transport();
    if (membership->joined)
        return tdm_dialer_open(&r->dialer, r->base.zmq, membership->endpoint, r->server, self->link_public,
                               self->link_secret, &options, err);
    const tdm_join_code *code = &membership->code;
    return tdm_dialer_open(&r->dialer, r->base.zmq, code->endpoint, code->hub_key, code->public_key,
                           code->secret, &options, err);
}

static tdm_code connect_anew(node_recovery *r, tdm_err *err)
{
    tdm_identity self;
    hang_up(r);
    tdm_code code = tdm_membership_read(r->base.core, &r->membership, err);
    if (code != TDM_OK)
        return code == TDM_NOT_FOUND ? tdm_fail(err, code, 0, "no hub is known to this store") : code;
    tdm_hub_trust_begin(&r->trust, &r->membership.hub);
    if (!tdm_hub_trust_link_key(&r->trust, r->membership.hub_key, NULL, r->server))
        memcpy(r->server, r->membership.hub_key, sizeof r->server);
    tdm_core_identity(r->base.core, &self);
    code = open_link(r, &self, err);
    if (code == TDM_OK)
        code = dial(r, &self, err);
    sodium_memzero(&self, sizeof self);
    return code;
}

/* By the key it was dialled by: that is the known one from now on. */
static tdm_code answered(node_recovery *r, tdm_err *err)
{
    r->foreign = false;
    tdm_link_connected(r->link, tdm_clock_mono_ms());
    if (!r->membership.joined || memcmp(r->server, r->membership.hub_key, sizeof r->server) == 0)
        return TDM_OK;
    return tdm_membership_hub_key(r->base.core, &r->membership, r->server, err);
}

/* The hub's log that is here may state another. */
static tdm_code dial_other(node_recovery *r, tdm_err *err)
{
    tdm_identity self;
    uint8_t tried[32];
    r->foreign = true;
    memcpy(tried, r->server, sizeof tried);
    if (!r->membership.joined || !tdm_hub_trust_link_key(&r->trust, r->membership.hub_key, tried, r->server)
        || memcmp(tried, r->server, sizeof tried) == 0)
        return TDM_OK; /* the dialer tries again by itself */
    tdm_dialer_close(&r->dialer);
    tdm_core_identity(r->base.core, &self);
    tdm_code code = dial(r, &self, err);
    sodium_memzero(&self, sizeof self);
    return code;
}

static tdm_code read_news(node_recovery *r, tdm_err *err)
{
    tdm_dialer_event event;
    tdm_code code = TDM_OK;
    while (code == TDM_OK && (event = tdm_dialer_news(r->dialer)) != TDM_DIALER_NOTHING) {
        if (event == TDM_DIALER_CONNECTED)
            code = answered(r, err);
        if (event == TDM_DIALER_FAILED)
            code = dial_other(r, err);
        if (event == TDM_DIALER_DISCONNECTED)
            tdm_link_disconnected(r->link, tdm_clock_mono_ms());
        r->denied = r->denied || event == TDM_DIALER_DENIED;
    }
    return code;
}

static tdm_code receive(node_recovery *r, tdm_err *err)
{
    tdm_span bytes;
    while (!r->enrolled && tdm_dialer_receive(r->dialer, &bytes, NULL) == TDM_OK)
        tdm_link_frame(r->link, bytes, tdm_clock_mono_ms());
    if (!r->enrolled)
        return TDM_OK;
    r->enrolled = false;
    tdm_code code = tdm_membership_complete(r->base.core, &r->membership.code, err);
    return code == TDM_OK ? connect_anew(r, err) : code;
}

/* The machine hears of a batch once the keys it states are known. */
static tdm_code finish(node_recovery *r, tdm_err *err)
{
    void *item;
    while (tdm_queue_pop(r->base.done, &item, 1) == 1) {
        tdm_core_done *done = item;
        tdm_code code = TDM_OK;
        int64_t now_ms = tdm_clock_mono_ms();
        bool current = r->link != NULL && (uintptr_t)done->owner == r->generation;
        if (done->what == TDM_DONE_KEPT) {
            code = recovery_settle(&r->base, err);
            tdm_hub_trust_refresh(&r->trust);
            if (current && code == TDM_OK)
                tdm_link_kept(r->link, done->token, done->code, &done->head, now_ms);
        } else if (current) {
            tdm_link_notices_kept(r->link, done->token, done->code, now_ms);
        }
        free(done);
        if (code != TDM_OK)
            return code;
    }
    return TDM_OK;
}

/* ---- how it goes */

static tdm_code check_refused(const node_recovery *r, tdm_err *err)
{
    tdm_link_figures figures;
    if (r->denied)
        return tdm_fail(err, TDM_DENIED, 0, "%s",
                        r->membership.joined
                            ? "the hub does not admit this node's key: ask its operator for a code that "
                              "restores the node: tandem invite --for NODE"
                            : "the hub does not admit this code: it is used or expired, ask for a new one");
    if (tdm_link_state_of(r->link) != TDM_LINK_STOPPED)
        return TDM_OK;
    tdm_link_figures_read(r->link, &figures);
    return tdm_fail(err, TDM_DENIED, 0, "the hub and this store do not fit: %s: %.160s",
                    tdm_refusal_word(figures.refusal), figures.refusal_text);
}

/* True once both logs are here. */
static bool go_on(node_recovery *r)
{
    const tdm_id *hub = &r->membership.hub;
    const tdm_id *own = tdm_core_origin(r->base.core);
    tdm_link_figures figures;
    if (!r->membership.joined || tdm_link_state_of(r->link) != TDM_LINK_LIVE)
        return false;
    tdm_link_figures_read(r->link, &figures);
    bool is_own = tdm_id_equal(&figures.fetched_origin, own);
    recovery_tell(&r->base, is_own ? "own log" : "log of the hub",
                  tdm_recovery_held(r->base.core, is_own ? own : hub), figures.fetched_last);
    if (recovery_is_whole(&r->base, &figures, hub) && tdm_queue_length(r->base.done) == 0)
        tdm_link_fetch(r->link, own, tdm_clock_mono_ms());
    return recovery_is_whole(&r->base, &figures, own);
}

static void wait_for_news(node_recovery *r)
{
    zmq_pollitem_t items[] = {
        { .fd = tdm_queue_fd(r->base.done), .events = ZMQ_POLLIN },
        { .socket = tdm_dialer_socket(r->dialer), .events = ZMQ_POLLIN },
        { .socket = tdm_dialer_monitor(r->dialer), .events = ZMQ_POLLIN },
    };
    zmq_poll(items, TDM_COUNT(items), RECOVERY_TURN_MS);
}

static tdm_code turn(node_recovery *r, bool *whole, tdm_err *err)
{
    wait_for_news(r);
    tdm_code code = read_news(r, err);
    if (code == TDM_OK)
        code = receive(r, err);
    if (code == TDM_OK)
        code = finish(r, err);
    if (code != TDM_OK)
        return code;
    tdm_hub_trust_keep(&r->trust);
    if (tdm_link_deadline(r->link) <= tdm_clock_mono_ms())
        tdm_link_tick(r->link, tdm_clock_mono_ms());
    code = check_refused(r, err);
    *whole = code == TDM_OK && go_on(r);
    if (code == TDM_OK && !*whole)
        code = recovery_check(&r->base, err);
    if (code != TDM_UNREACHABLE || !r->foreign)
        return code;
    return tdm_fail(
        err, TDM_DENIED, 0,
        "who answers there has no key that this store knows its hub by; if the hub's keys were turned "
        "over since, ask its operator for a code: tandem invite --for NODE for tandem node restore, "
        "tandem invite for tandem join at a node that rejoins");
}

static tdm_code learn_hub(node_recovery *r, const tdm_join_code *hub, bool enrols, tdm_err *err)
{
    tdm_buf text = { .secret = true };
    tdm_join_code read;
    if (tdm_membership_read(r->base.core, &r->membership, NULL) == TDM_OK && r->membership.joined)
        return TDM_OK; /* an earlier run came so far */
    if (hub == NULL)
        return r->membership.pending ? TDM_OK
                                     : tdm_fail(err, TDM_NOT_FOUND, 0, "no hub is known to this store");
    if (!enrols)
        return tdm_membership_complete(r->base.core, hub, err);
    tdm_code code = tdm_join_code_write(hub, &text, err);
    if (code == TDM_OK)
        code = tdm_membership_begin(r->base.core, tdm_buf_span(&text), tdm_clock_wall_ms(), &read, err);
    sodium_memzero(&read, sizeof read);
    tdm_buf_free(&text);
    return code;
}

tdm_code tdm_recovery_of_node(tdm_core *core, const tdm_join_code *hub, bool enrols,
                              const tdm_recovery_options *options, tdm_err *err)
{
    node_recovery r = { 0 };
    bool whole = false;
    tdm_code code = recovery_open(&r.base, core, options, err);
    if (code == TDM_OK)
        code = tdm_hub_trust_open(&r.trust, core, err);
    if (code == TDM_OK)
        code = learn_hub(&r, hub, enrols, err);
    if (code == TDM_OK)
        code = connect_anew(&r, err);
    while (code == TDM_OK && !whole)
        code = turn(&r, &whole, err);
    hang_up(&r);
    tdm_hub_trust_close(&r.trust);
    recovery_close(&r.base);
    sodium_memzero(&r.membership, sizeof r.membership);
    return code;
}
