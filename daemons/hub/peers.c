/* SPDX-License-Identifier: MPL-2.0
 *
 * peers.c: the partners' links: a message finds its peer by the key that ZAP vouched for, never by what the
 * message says. A peer is where its last message came from; the same key from a second place replaces the
 * first, which is told so.
 */
#include "hub_inner.h"

#include "clock.h"
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES_AT_ONCE 64
#define DONE_AT_ONCE 256
#define UNHEEDED_MAX 256 /* messages after a refusal before the connection is ended */

/* ---- ports
 * ------------------------------------------------------------------------------------------------------------
 */

static void port_send(void *context, tdm_span frame)
{
    hub_peer *peer = context;
    tdm_err err;
    if (tdm_listener_send(peer->hub->listener, &peer->route, frame, &err) == TDM_OK)
        tdm_series_add(peer->messages_out, 1);
}

static void port_note(void *context, const char *word, const char *text)
{
    hub_peer *peer = context;
    tdm_link_report_note(peer->hub->daemon->metrics, &peer->notes, &peer->origin, word, text);
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    hub_peer *peer = context;
    tdm_code code = tdm_log_ports_keep(peer->ports, batch, peer, token);
    peer->under_way += code == TDM_OK;
    return code;
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    return tdm_keyring_may_seal(((hub_peer *)context)->hub->keyring, origin, key, last);
}

/* Every message waits for this loop, so it does not wait for the fold: what a step under way will tell is
 * asked for once more at the next tick. */
static bool put_off(tdm_hub *hub)
{
    bool busy = tdm_log_ports_feed_is_busy(hub->ports);
    hub->feeds_put_off = hub->feeds_put_off || busy;
    return busy;
}

static tdm_code port_feed_next(void *context, const tdm_id *recipient, uint64_t after, uint64_t *number,
                               tdm_span *event, tdm_proof *proof)
{
    tdm_hub *hub = ((hub_peer *)context)->hub;
    if (put_off(hub))
        return TDM_BUSY;
    return tdm_log_ports_feed_next(hub->ports, recipient, after, number, event, proof);
}

/* Asked after each commit, for each peer. Feeds only grow, so what was told once stays true. */
static uint64_t port_feed_last(void *context, const tdm_id *recipient)
{
    hub_peer *peer = context;
    uint64_t step = tdm_core_fold_steps(peer->hub->daemon->core);
    if (peer->feed_asked == step || (peer->feed_asked != 0 && put_off(peer->hub)))
        return peer->feed_last;
    peer->feed_last = tdm_log_ports_feed_last(peer->ports, recipient);
    peer->feed_asked = step;
    return peer->feed_last;
}

static void port_feed_acked(void *context, const tdm_id *recipient, uint64_t up_to)
{
    (void)context;
    tdm_log(TDM_LOG_DEBUG, "FEED-ACKED", tdm_log_id("peer", recipient), tdm_log_uint("up_to", up_to));
}

static tdm_code port_enrol(void *context, const tdm_frame *enrol, uint64_t token)
{
    return hub_admission_enrol(context, enrol, token);
}

TDM_LOG_PORTS_LEAD(hub_peer, ports);
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

/* ---- the table of peers
 * ---------------------------------------------------------------------------------------------------- */

static hub_peer **bucket_of(tdm_hub *hub, const uint8_t key[32])
{
    uint32_t number; /* keys are random already */
    memcpy(&number, key, sizeof number);
    return &hub->buckets[number % HUB_BUCKETS];
}

static hub_peer *peer_find(tdm_hub *hub, const uint8_t key[32])
{
    for (hub_peer *peer = *bucket_of(hub, key); peer != NULL; peer = peer->next)
        if (memcmp(peer->key, key, 32) == 0)
            return peer;
    return NULL;
}

static tdm_code open_link(hub_peer *peer, tdm_err *err)
{
    tdm_hub *hub = peer->hub;
    const tdm_config *config = hub->daemon->config;
    tdm_core *core = hub->daemon->core;
    tdm_link_options options = {
        .role = TDM_LINK_HUB,
        .own_origin = *tdm_core_origin(core),
        .own_incarnation = tdm_core_incarnation(core),
        .has_peer = peer->admission == TDM_ADMIT_PEER,
        .peer_origin = peer->origin,
        .enrolling = peer->admission == TDM_ADMIT_ENROL,
        .feed_epoch = *tdm_ledger_store_id(tdm_core_ledger(core)),
        .window_events = (uint32_t)tdm_config_int(config, "link.window_events"),
        .window_notices = 256,
        .hello_timeout_ms = 10000,
        .ack_timeout_ms = 30000,
        .retry_min_ms = 1000,
        .retry_max_ms = 60000,
    };
    tdm_link_ports ports = PORTS;
    ports.context = peer;
    return tdm_link_new(&peer->link, &options, &ports, err);
}

static tdm_code take_code(void *context, tdm_span code, tdm_err *err)
{
    (void)err;
    hub_peer *peer = context;
    snprintf(peer->name, sizeof peer->name, "%.*s", (int)code.len, (const char *)code.data);
    return TDM_END;
}

/* For people: the first organisation it speaks for; and the beginning of its origin, since two nodes may
 * speak for one. */
static void name_peer(hub_peer *peer)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_core *core = peer->hub->daemon->core;
    tdm_fold *fold = tdm_core_fold(core);
    strcpy(peer->name, peer->admission == TDM_ADMIT_PEER ? "node" : "newcomer");
    tdm_fold_represented(fold, &peer->origin, tdm_date_in_london(tdm_clock_wall_ms()), take_code, peer, NULL);
    tdm_core_fold_release(core, fold);
    tdm_hex(hex, peer->origin.bytes, TDM_ID_BYTES);
    size_t len = strlen(peer->name);
    snprintf(peer->name + len, sizeof peer->name - len, "-%.8s", hex);
}

static void name_series(hub_peer *peer)
{
    const char *in[] = { peer->name, "in" };
    const char *out[] = { peer->name, "out" };
    tdm_metrics *metrics = peer->hub->daemon->metrics;
    peer->messages_in = tdm_metrics_series_of(metrics, TDM_METRIC_SYNC_MESSAGES, in, 2);
    peer->messages_out = tdm_metrics_series_of(metrics, TDM_METRIC_SYNC_MESSAGES, out, 2);
}

static hub_peer *peer_new(tdm_hub *hub, const uint8_t key[32], tdm_admission admission, const tdm_id *origin)
{
    tdm_err err = { .code = TDM_FULL };
    hub_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->ports = hub->ports;
    peer->hub = hub;
    memcpy(peer->key, key, 32);
    peer->admission = admission;
    peer->origin = *origin;
    peer->source = -1;
    name_peer(peer);
    if (open_link(peer, &err) != TDM_OK) {
        tdm_log_failure(TDM_LOG_ERROR, "LINK-FAILED", &err);
        free(peer);
        return NULL;
    }
    name_series(peer);
    hub_peer **bucket = bucket_of(hub, key);
    peer->next = *bucket;
    *bucket = peer;
    hub->peer_count++;
    return peer;
}

static void peer_drop(tdm_hub *hub, hub_peer *peer)
{
    hub_peer **at = bucket_of(hub, peer->key);
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    hub->peer_count--;
    hub_admission_forget(hub, peer);
    tdm_link_destroy(&peer->link);
    peer->dropped = true;
    if (peer->under_way == 0)
        free(peer);
}

typedef void peer_visit(hub_peer *peer, int64_t now_ms);

static void each_peer(tdm_hub *hub, peer_visit *visit, int64_t now_ms)
{
    for (size_t i = 0; i < HUB_BUCKETS && hub->peer_count > 0; i++)
        for (hub_peer *peer = hub->buckets[i]; peer != NULL; peer = peer->next)
            visit(peer, now_ms);
}

/* A newcomer that leaves is forgotten: it comes back under a key of its own, or asks anew. */
bool hub_peers_gone(tdm_hub *hub, int source)
{
    bool known = false;
    for (size_t i = 0; i < HUB_BUCKETS && hub->peer_count > 0; i++) {
        hub_peer *next;
        for (hub_peer *peer = hub->buckets[i]; peer != NULL; peer = next) {
            next = peer->next;
            if (peer->source != source || peer->route.len == 0)
                continue;
            known = true;
            peer->route.len = 0;
            peer->source = -1;
            tdm_link_disconnected(peer->link, tdm_clock_mono_ms());
            if (peer->admission == TDM_ADMIT_ENROL)
                peer_drop(hub, peer);
        }
    }
    return known;
}

/* ---- messages
 * -------------------------------------------------------------------------------------------------------------
 */

static void refuse(tdm_hub *hub, const tdm_route *route, tdm_refusal reason, const char *text)
{
    tdm_frame *frame = calloc(1, sizeof *frame);
    tdm_buf bytes = { 0 };
    tdm_err err;
    if (frame == NULL)
        return;
    frame->kind = TDM_FRAME_REFUSE;
    frame->refuse.reason = reason;
    frame->refuse.text = tdm_span_text(text);
    if (tdm_frame_encode(frame, &bytes, &err) == TDM_OK)
        tdm_listener_send(hub->listener, route, tdm_buf_span(&bytes), &err);
    tdm_buf_free(&bytes);
    free(frame);
}

static bool same_route(const tdm_route *a, const tdm_route *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* The key speaks from a new connection: the link begins anew there. If the old one still lives, it is a
 * second copy. */
static void move_route(hub_peer *peer, const tdm_route *route, int64_t now_ms)
{
    if (peer->last_seen_ms > 0)
        tdm_metrics_add(peer->hub->daemon->metrics, TDM_METRIC_SYNC_RECONNECTS, "nodes", 1);
    if (peer->route.len > 0) {
        refuse(peer->hub, &peer->route, TDM_REFUSAL_REPLACED,
               "the same key connected again: is a copy of this node running somewhere?");
        tdm_link_disconnected(peer->link, now_ms);
    }
    peer->route = *route;
    peer->source = tdm_listener_source(peer->hub->listener);
    tdm_link_connected(peer->link, now_ms);
}

static void cut(tdm_hub *hub, const uint8_t key[32], const char *why)
{
    tdm_err err;
    tdm_log(TDM_LOG_WARN, "PEER-CUT", tdm_log_hex("key", key, 32), tdm_log_text("what", why));
    if (tdm_listener_cut(hub->listener, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_INFO, "PEER-CUT-FAILED", &err); /* it had gone already */
}

/* A key that was removed while its connection lives: told once, then the connection is ended. */
static void turn_away(tdm_hub *hub, const tdm_route *route, const uint8_t key[32])
{
    hub_peer *peer = peer_find(hub, key);
    tdm_metrics_add(hub->daemon->metrics, TDM_METRIC_EVENTS_REJECTED, "unknown_key", 1);
    if (peer == NULL) {
        cut(hub, key, "this key is not admitted any more, and its owner goes on sending");
        return;
    }
    refuse(hub, route, TDM_REFUSAL_REVOKED, "this key is not, or no longer, admitted here");
    tdm_log(TDM_LOG_WARN, "KEY-TURNED-AWAY", tdm_log_hex("key", key, 32));
    peer_drop(hub, peer);
}

/* Who is admitted no longer gets nothing more, also one that says nothing. */
void hub_peers_expel(tdm_hub *hub)
{
    for (size_t i = 0; i < HUB_BUCKETS && hub->peer_count > 0; i++) {
        hub_peer *next;
        for (hub_peer *peer = hub->buckets[i]; peer != NULL; peer = next) {
            tdm_id origin;
            next = peer->next;
            if (tdm_zap_find(hub->zap, peer->key, &origin) != TDM_ADMIT_NONE)
                continue;
            if (peer->route.len > 0)
                refuse(hub, &peer->route, TDM_REFUSAL_REVOKED,
                       "this key is not, or no longer, admitted here");
            tdm_log(TDM_LOG_WARN, "KEY-TURNED-AWAY", tdm_log_hex("key", peer->key, 32));
            peer_drop(hub, peer);
        }
    }
}

/* After a refusal a peer waits. One that does not would fill our memory, since the receive queue has no mark
 * (transport_options.c). */
static void watch_patience(hub_peer *peer)
{
    tdm_link_state state = tdm_link_state_of(peer->link);
    peer->unheeded = state == TDM_LINK_WAITING || state == TDM_LINK_STOPPED ? peer->unheeded + 1 : 0;
    if (peer->unheeded < UNHEEDED_MAX)
        return;
    peer->unheeded = 0;
    cut(peer->hub, peer->key, "it goes on sending after a refusal");
}

static void take_message(tdm_hub *hub, const tdm_route *route, const uint8_t key[32], tdm_span bytes)
{
    int64_t now_ms = tdm_clock_mono_ms();
    tdm_id origin;
    tdm_admission admission = tdm_zap_find(hub->zap, key, &origin);
    if (admission == TDM_ADMIT_PEER && hub->shuts_out && tdm_id_equal(&origin, &hub->shut_out))
        return; /* should it be let in again, what comes next shows a gap, and it begins anew */
    if (admission == TDM_ADMIT_NONE) {
        turn_away(hub, route, key);
        return;
    }
    hub_peer *peer = peer_find(hub, key);
    if (peer == NULL || !same_route(&peer->route, route)) {
        hub_news_read(hub); /* before the number of a new connection is noted: it may have been another's */
        peer = peer_find(hub, key);
    }
    if (peer == NULL && hub->peer_count >= (size_t)tdm_config_int(hub->daemon->config, "link.max_links")) {
        refuse(hub, route, TDM_REFUSAL_BUSY, "this hub has as many links as it may: see link.max_links");
        return;
    }
    if (peer == NULL)
        peer = peer_new(hub, key, admission, &origin);
    if (peer == NULL)
        return;
    if (!same_route(&peer->route, route))
        move_route(peer, route, now_ms);
    peer->last_seen_ms = tdm_clock_wall_ms();
    tdm_series_add(peer->messages_in, 1);
    bool was_live = tdm_link_state_of(peer->link) == TDM_LINK_LIVE;
    tdm_link_frame(peer->link, bytes, now_ms);
    if (!was_live && tdm_link_state_of(peer->link) == TDM_LINK_LIVE)
        hub_admission_live(peer);
    watch_patience(peer);
}

/* False if nothing waits. */
static bool receive_one(tdm_hub *hub)
{
    tdm_route route;
    uint8_t key[32];
    tdm_span bytes;
    bool strange = false;
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_listener_receive(hub->listener, &route, key, &bytes, &strange, &err);
    if (code == TDM_END)
        return false;
    if (strange)
        tdm_metrics_add(hub->daemon->metrics, TDM_METRIC_EVENTS_REJECTED, "malformed", 1);
    else if (code != TDM_OK)
        tdm_log_failure(TDM_LOG_WARN, "LINK-RECEIVE-FAILED", &err);
    else {
        pthread_mutex_lock(&hub->taking);
        take_message(hub, &route, key, bytes);
        pthread_mutex_unlock(&hub->taking);
    }
    return true;
}

void hub_peers_receive(tdm_hub *hub)
{
    size_t taken = 0;
    tdm_core_cork(hub->daemon->core);
    while (taken < MESSAGES_AT_ONCE && receive_one(hub))
        taken++;
    tdm_core_uncork(hub->daemon->core);
}

/* A batch came back from the writer: its peer may have been dropped since. */
static void finish_batch(const tdm_core_done *done)
{
    hub_peer *peer = done->owner;
    peer->under_way--;
    if (peer->dropped) {
        if (peer->under_way == 0)
            free(peer);
        return;
    }
    if (done->code == TDM_OK)
        tdm_metrics_add(peer->hub->daemon->metrics, TDM_METRIC_EVENTS_APPENDED, "peer", done->events);
    tdm_link_kept(peer->link, done->token, done->code, &done->head, tdm_clock_mono_ms());
}

void hub_peers_done(tdm_hub *hub)
{
    void *items[DONE_AT_ONCE];
    size_t count;
    while ((count = tdm_queue_pop(hub->done, items, DONE_AT_ONCE)) > 0) {
        for (size_t i = 0; i < count; i++) {
            finish_batch(items[i]);
            free(items[i]);
        }
    }
}

static void peer_more(hub_peer *peer, int64_t now_ms)
{
    tdm_link_more(peer->link, now_ms);
}

void hub_peers_more(tdm_hub *hub)
{
    each_peer(hub, peer_more, tdm_clock_mono_ms());
}

static void peer_tick(hub_peer *peer, int64_t now_ms)
{
    if (tdm_link_deadline(peer->link) <= now_ms)
        tdm_link_tick(peer->link, now_ms);
}

void hub_peers_tick(tdm_hub *hub, int64_t now_ms)
{
    if (hub->feeds_put_off) {
        hub->feeds_put_off = false;
        each_peer(hub, peer_more, now_ms);
    }
    each_peer(hub, peer_tick, now_ms);
}

void hub_peers_drop_all(tdm_hub *hub)
{
    for (size_t i = 0; i < HUB_BUCKETS; i++)
        while (hub->buckets[i] != NULL)
            peer_drop(hub, hub->buckets[i]);
}

static void publish_metrics(const hub_peer *peer)
{
    tdm_metrics *metrics = peer->hub->daemon->metrics;
    tdm_link_figures figures;
    tdm_link_figures_read(peer->link, &figures);
    tdm_metrics_set(metrics, TDM_METRIC_NODE_UP, peer->name, tdm_link_state_of(peer->link) == TDM_LINK_LIVE);
    tdm_metrics_set(metrics, TDM_METRIC_NODE_LAST_SEEN, peer->name, (double)peer->last_seen_ms / 1000);
    tdm_metrics_set(metrics, TDM_METRIC_LOG_LAST_SEQUENCE, peer->name, (double)figures.peer_held);
    double lag = figures.peer_last > figures.peer_held ? (double)(figures.peer_last - figures.peer_held) : 0;
    tdm_metrics_set(metrics, TDM_METRIC_SYNC_LAG, peer->name, lag);
}

void hub_peers_publish(tdm_hub *hub)
{
    json_t *rows = json_array();
    hub_keys_note(hub);
    for (size_t i = 0; i < HUB_BUCKETS; i++)
        for (const hub_peer *peer = hub->buckets[i]; peer != NULL; peer = peer->next) {
            if (peer->admission != TDM_ADMIT_PEER)
                continue;
            publish_metrics(peer);
            json_array_append_new(rows, tdm_link_report_row(peer->link, &peer->origin, peer->last_seen_ms));
        }
    tdm_link_rows_publish(hub->rows, rows);
}
