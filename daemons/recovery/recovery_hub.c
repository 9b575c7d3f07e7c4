/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery_hub.c: a hub's log from its nodes. It listens where the hub did, with the hub's key, hears whoever
 * has that key's public half, and takes its own log alone: every run is sealed by the hub itself, so it does
 * not matter who carries it.
 */
#include "recovery_inner.h"

#include "clock.h"
#include "hub_rotation.h"
#include "keyring.h"
#include "log.h"
#include "zap.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WINDOW_EVENTS 16384

typedef struct hub_recovery hub_recovery;

/* One key that dialled. */
typedef struct hub_giver {
    tdm_log_ports *ports; /* of the recovery; first, for its link */
    hub_recovery *recovery;
    uint8_t key[32];
    tdm_route route;
    tdm_link *link;
    tdm_id origin; /* as its HELLO says; zero before */
    bool whole;
    uint64_t last;
    struct hub_giver *next;
} hub_giver;

struct hub_recovery {
    recovery base;
    tdm_zap *zap;
    tdm_listener *listener;
    tdm_identity self;
    tdm_keyring *keyring;
    tdm_buf retired; /* seal keys that were, as the saved identity knows them */
    hub_giver *givers;
    size_t count;
};

/* ---- ports */

static void port_send(void *context, tdm_span frame)
{
    hub_giver *giver = context;
    tdm_listener_send(giver->recovery->listener, &giver->route, frame, NULL);
}

static void port_note(void *context, const char *word, const char *text)
{
    const hub_giver *giver = context;
    tdm_log(TDM_LOG_DEBUG, "RECOVERY-LINK", tdm_log_id("node", &giver->origin), tdm_log_text("word", word),
            tdm_log_text("text", text));
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    return tdm_log_ports_keep(((hub_giver *)context)->ports, batch, context, token);
}

static bool is_retired(const hub_recovery *r, const uint8_t key[32])
{
    for (size_t at = 0; at + 32 <= r->retired.len; at += 32)
        if (memcmp(r->retired.data + at, key, 32) == 0)
            return true;
    return false;
}

/* Its own seals: as its log says of a key; before it says anything, the key it has and those it had. */
static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    const hub_recovery *r = ((hub_giver *)context)->recovery;
    if (!tdm_id_equal(origin, &r->self.origin))
        return false;
    if (tdm_keyring_find(r->keyring, origin, TDM_PURPOSE_IS_SEAL, key) != NULL)
        return tdm_keyring_may_seal(r->keyring, origin, key, last);
    return memcmp(key, r->self.seal.public_key, 32) == 0 || is_retired(r, key);
}

static tdm_code port_feed_next(void *context, const tdm_id *recipient, uint64_t after, uint64_t *number,
                               tdm_span *event, tdm_proof *proof)
{
    (void)context;
    (void)recipient;
    (void)after;
    (void)number;
    (void)event;
    (void)proof;
    return TDM_END; /* it has no figures to feed from */
}

static uint64_t port_feed_last(void *context, const tdm_id *recipient)
{
    (void)context;
    (void)recipient;
    return 0;
}

static void port_feed_acked(void *context, const tdm_id *recipient, uint64_t up_to)
{
    (void)context;
    (void)recipient;
    (void)up_to;
}

static tdm_code port_enrol(void *context, const tdm_frame *enrol, uint64_t token)
{
    (void)context;
    (void)enrol;
    (void)token;
    return TDM_DENIED; /* newcomers wait until the hub is back */
}

TDM_LOG_PORTS_LEAD(hub_giver, ports);
static const tdm_link_ports PORTS = {
    TDM_LOG_PORTS,
    .send = port_send,
    .note = port_note,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .feed_next = port_feed_next,
    .feed_last = port_feed_last,
    .feed_acked = port_feed_acked,
    .enrol = port_enrol,
};

/* ---- who gives */

static hub_giver *giver_find(hub_recovery *r, const uint8_t key[32])
{
    hub_giver *giver = r->givers;
    while (giver != NULL && memcmp(giver->key, key, 32) != 0)
        giver = giver->next;
    return giver;
}

static hub_giver *giver_new(hub_recovery *r, const uint8_t key[32])
{
    tdm_link_options options = { .role = TDM_LINK_HUB,
                                 .own_origin = r->self.origin,
                                 .own_incarnation = r->self.incarnation,
                                 .recovers = true,
                                 .feed_epoch = *tdm_ledger_store_id(tdm_core_ledger(r->base.core)),
                                 .window_events = WINDOW_EVENTS,
                                 .window_notices = 1,
                                 .hello_timeout_ms = 10000,
                                 .ack_timeout_ms = 30000,
                                 .retry_min_ms = 500,
                                 .retry_max_ms = 5000 };
    hub_giver *giver = r->count == TDM_RECOVERY_NODES_MAX ? NULL : calloc(1, sizeof *giver);
    if (giver == NULL)
        return NULL;
    giver->ports = r->base.ports;
    giver->recovery = r;
    memcpy(giver->key, key, 32);
    tdm_link_ports ports = PORTS;
    ports.context = giver;
    if (tdm_link_new(&giver->link, &options, &ports, NULL) != TDM_OK) {
        free(giver);
        return NULL;
    }
    giver->next = r->givers;
    r->givers = giver;
    r->count++;
    return giver;
}

static void giver_free(hub_giver *giver)
{
    tdm_link_destroy(&giver->link);
    free(giver);
}

/* Who it says it is: for the list alone, nothing is believed for it. */
static void read_name(hub_giver *giver, tdm_span bytes)
{
    tdm_frame *frame = malloc(sizeof *frame);
    if (frame != NULL && tdm_frame_decode(bytes, frame, NULL) == TDM_OK && frame->kind == TDM_FRAME_HELLO)
        giver->origin = frame->hello.origin;
    free(frame);
}

static void take(hub_recovery *r, const tdm_route *route, const uint8_t key[32], tdm_span bytes)
{
    hub_giver *giver = giver_find(r, key);
    if (giver == NULL)
        giver = giver_new(r, key);
    if (giver == NULL)
        return;
    if (giver->route.len != route->len || memcmp(giver->route.bytes, route->bytes, route->len) != 0) {
        giver->route = *route;
        tdm_link_connected(giver->link, tdm_clock_mono_ms());
    }
    if (tdm_link_state_of(giver->link) == TDM_LINK_OPENING)
        read_name(giver, bytes);
    tdm_link_frame(giver->link, bytes, tdm_clock_mono_ms());
}

static void receive(hub_recovery *r)
{
    tdm_route route;
    uint8_t key[32];
    tdm_span bytes;
    bool strange = false;
    tdm_code code = TDM_OK;
    while (code != TDM_END) {
        code = tdm_listener_receive(r->listener, &route, key, &bytes, &strange, NULL);
        if (code == TDM_OK && !strange)
            take(r, &route, key, bytes);
    }
    tdm_listener_news news;
    tdm_listener_news_read(r->listener, &news);
}

static tdm_code load_keys(hub_recovery *r, tdm_err *err)
{
    tdm_fold *fold = tdm_core_fold(r->base.core);
    tdm_code code = tdm_keyring_load(r->keyring, fold, err);
    tdm_core_fold_release(r->base.core, fold);
    return code;
}

static tdm_code finish(hub_recovery *r, tdm_err *err)
{
    void *item;
    tdm_code code = TDM_OK;
    bool any = false;
    while (tdm_queue_pop(r->base.done, &item, 1) == 1) {
        tdm_core_done *done = item;
        hub_giver *giver = done->owner;
        tdm_link_kept(giver->link, done->token, done->code, &done->head, tdm_clock_mono_ms());
        any = true;
        free(done);
    }
    if (any)
        code = recovery_settle(&r->base, err);
    return code == TDM_OK && any ? load_keys(r, err) : code;
}

/* ---- how it goes */

static bool is_known(const hub_recovery *r, const tdm_key_fact *key)
{
    return key->purpose == TDM_PURPOSE_IS_LINK && key->active && !tdm_id_equal(&key->origin, &r->self.origin);
}

static bool is_whole_from(const hub_recovery *r, const tdm_id *origin)
{
    for (const hub_giver *giver = r->givers; giver != NULL; giver = giver->next)
        if (giver->whole && tdm_id_equal(&giver->origin, origin))
            return true;
    return false;
}

/* The log's last incarnation that this node has is here as far as it has it. */
static void read_giver(hub_recovery *r, hub_giver *giver)
{
    tdm_link_figures figures;
    tdm_link_figures_read(giver->link, &figures);
    giver->last = figures.fetched_last > giver->last ? figures.fetched_last : giver->last;
    giver->whole = giver->whole || recovery_is_whole(&r->base, &figures, &r->self.origin);
}

static void count_expected(const hub_recovery *r, tdm_recovered_hub *out)
{
    size_t count;
    const tdm_key_fact *keys = tdm_keyring_keys(r->keyring, &count);
    out->expected = out->missing = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_known(r, &keys[i])
            || (i > 0 && is_known(r, &keys[i - 1]) && tdm_id_equal(&keys[i].origin, &keys[i - 1].origin)))
            continue;
        out->expected++;
        out->missing += !is_whole_from(r, &keys[i].origin);
    }
}

/* True once every node that the log knows has given what it has. */
static bool go_on(hub_recovery *r, tdm_recovered_hub *out)
{
    uint64_t most = 0;
    for (hub_giver *giver = r->givers; giver != NULL; giver = giver->next) {
        read_giver(r, giver);
        most = giver->last > most ? giver->last : most;
        if (tdm_link_deadline(giver->link) <= tdm_clock_mono_ms())
            tdm_link_tick(giver->link, tdm_clock_mono_ms());
    }
    out->events = tdm_recovery_held(r->base.core, &r->self.origin);
    if (out->events > 0)
        recovery_tell(&r->base, "log of the hub", out->events, most);
    count_expected(r, out);
    return out->events > 0 && out->missing == 0 && tdm_queue_length(r->base.done) == 0;
}

static tdm_code fill(const hub_recovery *r, tdm_recovered_hub *out, tdm_err *err)
{
    out->nodes = calloc(r->count + 1, sizeof *out->nodes);
    if (out->nodes == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the list of nodes");
    for (const hub_giver *giver = r->givers; giver != NULL; giver = giver->next)
        out->nodes[out->count++] = (tdm_recovery_node){ giver->origin, giver->whole, giver->last };
    return TDM_OK;
}

/* Patience is over: what there is will do if somebody gave all that it had. */
static tdm_code give_up(const hub_recovery *r, tdm_err *err)
{
    tdm_code code = recovery_check(&r->base, err);
    bool ended = r->base.options->ends != NULL && r->base.options->ends(r->base.options->context);
    for (const hub_giver *giver = r->givers; giver != NULL && code != TDM_OK && !ended; giver = giver->next)
        if (giver->whole && tdm_recovery_held(r->base.core, &r->self.origin) > 0)
            return TDM_END;
    return code;
}

static tdm_code turn(hub_recovery *r, tdm_recovered_hub *out, tdm_err *err)
{
    zmq_pollitem_t items[] = {
        { .fd = tdm_queue_fd(r->base.done), .events = ZMQ_POLLIN },
        { .socket = tdm_listener_socket(r->listener), .events = ZMQ_POLLIN },
        { .socket = tdm_listener_monitor(r->listener), .events = ZMQ_POLLIN },
    };
    zmq_poll(items, TDM_COUNT(items), RECOVERY_TURN_MS);
    receive(r);
    tdm_code code = finish(r, err);
    if (code != TDM_OK)
        return code;
    return go_on(r, out) ? TDM_END : give_up(r, err);
}

static tdm_code open_doors(hub_recovery *r, const char *endpoint, tdm_err *err)
{
    tdm_transport_options options = recovery_transport();
    tdm_code code = tdm_zap_start(&r->zap, r->base.zmq, tdm_clock_wall_ms, err);
    if (code != TDM_OK)
        return code;
    tdm_zap_admit_all(r->zap);
    return tdm_listener_open(&r->listener, r->base.zmq, endpoint, r->self.link_public, r->self.link_secret,
                             &options, err);
}

static void close_all(hub_recovery *r)
{
    tdm_listener_close(&r->listener);
    tdm_zap_stop(&r->zap);
    while (r->givers != NULL) {
        hub_giver *giver = r->givers;
        r->givers = giver->next;
        giver_free(giver);
    }
    tdm_keyring_destroy(&r->keyring);
    tdm_buf_free(&r->retired);
    recovery_close(&r->base);
    sodium_memzero(&r->self, sizeof r->self);
}

tdm_code tdm_recovery_of_hub(tdm_core *core, const char *endpoint, const tdm_recovery_options *options,
                             tdm_recovered_hub *out, tdm_err *err)
{
    hub_recovery r = { 0 };
    *out = (tdm_recovered_hub){ 0 };
    tdm_core_identity(core, &r.self);
    tdm_code code = recovery_open(&r.base, core, options, err);
    if (code == TDM_OK)
        code = tdm_keyring_new(&r.keyring, err);
    if (code == TDM_OK)
        code = tdm_hub_rotation_retired(core, &r.retired, err);
    if (code == TDM_OK)
        code = recovery_settle(&r.base, err);
    if (code == TDM_OK)
        code = load_keys(&r, err);
    if (code == TDM_OK)
        code = open_doors(&r, endpoint, err);
    while (code == TDM_OK)
        code = turn(&r, out, err);
    if (code == TDM_END)
        code = TDM_OK;
    tdm_err why;
    tdm_code filled = fill(&r, out, &why);
    close_all(&r);
    return code == TDM_OK ? filled : code;
}
