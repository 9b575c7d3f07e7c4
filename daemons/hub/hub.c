/* SPDX-License-Identifier: MPL-2.0
 *
 * hub.c: the hub's loop: messages in, completions back, tides, signals.
 */
#include "hub_inner.h"

#include "clock.h"
#include "log.h"
#include "tide.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define TICK_MS 100
#define PUBLISH_MS 1000 /* a thousand links are a thousand rows: not with every tick */
#define SWEEP_MS 60000
#define DONE_CAPACITY 16384 /* completions that may wait: more than requests can be under way */
#define DRAIN_MS 5000       /* how long a stopping hub waits for its writer */

static json_t *read_links(void *context)
{
    return tdm_link_rows_read(((tdm_hub *)context)->rows);
}

static void admit(void *context, const uint8_t key[32], int64_t expires_ms)
{
    tdm_zap_admit(((tdm_hub *)context)->zap, key, TDM_ADMIT_ENROL, &(tdm_id){ { 0 } }, expires_ms);
}

/* Any thread. A message that is being taken is through when the lock is had. */
static bool shut_out(void *context, const tdm_id *origin)
{
    tdm_hub *hub = context;
    pthread_mutex_lock(&hub->taking);
    bool can = origin == NULL || !hub->shuts_out || tdm_id_equal(&hub->shut_out, origin);
    if (can)
        hub->shuts_out = origin != NULL;
    if (can && origin != NULL)
        hub->shut_out = *origin;
    pthread_mutex_unlock(&hub->taking);
    return can;
}

tdm_code hub_listen(tdm_hub *hub, const char *endpoint, tdm_err *err)
{
    tdm_daemon *daemon = hub->daemon;
    uint8_t public_key[32];
    uint8_t secret_key[32];
    tdm_core_link_key(daemon->core, public_key, secret_key);
    tdm_transport_options options = tdm_daemon_transport(daemon);
    tdm_code code =
        tdm_listener_open(&hub->listener, daemon->zmq, endpoint, public_key, secret_key, &options, err);
    sodium_memzero(secret_key, sizeof secret_key);
    return code;
}

static void fill_services(tdm_hub *hub)
{
    tdm_service_context *services = &hub->daemon->services;
    const char *advertised = tdm_config_text(hub->daemon->config, "hub.advertise");
    services->listen_endpoint = advertised[0] != '\0' ? advertised : hub->endpoint;
    services->admit = admit;
    services->shut_out = shut_out;
    services->rejoin = hub_keys_changed;
    services->links = read_links;
    services->context = hub;
}

static bool wants_stop(tdm_hub *hub)
{
    tdm_run_wish wish = tdm_run_next(hub->daemon->run);
    if (wish == TDM_RUN_RELOAD)
        tdm_log(TDM_LOG_NOTICE, "RELOAD-IGNORED",
                tdm_log_text("what", "settings are read at the start: restart to change them"));
    return wish == TDM_RUN_STOP;
}

/* Partners are admitted by the keys that stand at the end of the hub's own log: figures of a while ago, as a
 * crash or damaged views leave them, may not know yet which were revoked since. However long that takes,
 * unless the hub is told to stop: TDM_END. */
static tdm_code wait_for_keys(tdm_hub *hub, tdm_err *err)
{
    enum { LOOK_MS = 500 };
    tdm_core *core = hub->daemon->core;
    tdm_tip own = { 0 };
    bool told = false;
    tdm_code code =
        tdm_ledger_tip(tdm_core_ledger(core), tdm_core_origin(core), tdm_core_incarnation(core), &own, err);
    if (code != TDM_OK)
        return code;
    while ((code = tdm_core_wait_folded(core, own.last_position, LOOK_MS, err)) == TDM_UNREACHABLE) {
        if (!told)
            tdm_log(TDM_LOG_NOTICE, "HUB-WAITS", tdm_log_uint("fold_lag_events", tdm_core_fold_lag(core)),
                    tdm_log_text("what", "partners are let in when the figures know which keys stand"));
        told = true;
        tdm_daemon_beat(hub->daemon);
        if (wants_stop(hub))
            return TDM_END;
    }
    return code;
}

tdm_code tdm_hub_open(tdm_hub **out, tdm_daemon *daemon, tdm_err *err)
{
    tdm_hub *hub = calloc(1, sizeof *hub);
    *out = hub;
    if (hub == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the hub");
    hub->daemon = daemon;
    pthread_mutex_init(&hub->taking, NULL);
    hub->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    hub->keys_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    tdm_code code = hub->grew_fd < 0 || hub->keys_fd < 0
                        ? tdm_fail(err, TDM_IO, errno, "no descriptor for the loop")
                        : TDM_OK;
    if (code == TDM_OK)
        code = tdm_queue_open(&hub->done, DONE_CAPACITY, err);
    if (code == TDM_OK)
        code = tdm_link_rows_new(&hub->rows, err);
    if (code == TDM_OK)
        code = tdm_log_ports_new(&hub->ports, daemon->core, hub->done, err);
    if (code == TDM_OK)
        code = tdm_core_listen(daemon->core, hub->done, hub->grew_fd, err);
    if (code == TDM_OK)
        code = tdm_zap_start(&hub->zap, daemon->zmq, tdm_clock_wall_ms, err);
    if (code != TDM_OK)
        return code;
    tdm_zap_count(hub->zap, daemon->metrics);
    code = wait_for_keys(hub, err);
    if (code == TDM_OK)
        code = hub_admission_open(hub, err);
    if (code == TDM_OK)
        hub_keys_resume(hub);
    if (code == TDM_OK)
        code = hub_listen(hub, tdm_config_text(daemon->config, "hub.listen"), err);
    if (code != TDM_OK)
        return code;
    snprintf(hub->endpoint, sizeof hub->endpoint, "%s", tdm_listener_endpoint(hub->listener));
    fill_services(hub);
    return TDM_OK;
}

const char *tdm_hub_endpoint(const tdm_hub *hub)
{
    return hub->endpoint;
}

/* ---- the loop
 * ----------------------------------------------------------------------------------------------------------------
 */

static void take_news(tdm_hub *hub, const tdm_listener_news *news)
{
    if (news->accept_failed > 0) {
        tdm_metrics_add(hub->daemon->metrics, TDM_METRIC_ACCEPT_FAILED, NULL, news->accept_failed);
        tdm_log(TDM_LOG_ERROR, "ACCEPT-FAILED", tdm_log_uint("connections", news->accept_failed));
    }
    if (news->handshake_failed > 0)
        tdm_log(TDM_LOG_WARN, "HANDSHAKE-FAILED", tdm_log_uint("connections", news->handshake_failed));
    uint64_t refused = 0;
    for (size_t i = 0; i < news->gone_count; i++)
        refused += !hub_peers_gone(hub, news->gone[i]);
    if (refused == 0)
        return;
    tdm_metrics_add(hub->daemon->metrics, TDM_METRIC_CONNECTIONS_REFUSED, NULL, (double)refused);
    tdm_log(TDM_LOG_WARN, "CONNECTIONS-REFUSED", tdm_log_uint("connections", refused),
            tdm_log_text("what", "noise, no encryption, or a key that is not admitted"));
}

void hub_news_read(tdm_hub *hub)
{
    tdm_listener_news news;
    do {
        tdm_listener_news_read(hub->listener, &news);
        take_news(hub, &news);
    } while (news.gone_count == TDM_GONE_MAX);
}

/* It has no key any more to come with. */
static void forget_shut_out(tdm_hub *hub)
{
    size_t count;
    const tdm_key_fact *keys = tdm_keyring_keys(hub->keyring, &count);
    pthread_mutex_lock(&hub->taking);
    bool stays = false;
    for (size_t i = 0; i < count && hub->shuts_out && !stays; i++)
        stays = keys[i].purpose == TDM_PURPOSE_IS_LINK && keys[i].active
                && tdm_id_equal(&keys[i].origin, &hub->shut_out);
    hub->shuts_out = hub->shuts_out && stays;
    pthread_mutex_unlock(&hub->taking);
}

static void read_grown(tdm_hub *hub)
{
    uint64_t count;
    if (read(hub->grew_fd, &count, sizeof count) < 0)
        return;
    hub_admission_refresh(hub);
    forget_shut_out(hub);
    hub_admission_answer(hub);
    hub_peers_more(hub);
}

static void state_tide(tdm_hub *hub)
{
    uint64_t incarnation;
    uint64_t sequence;
    tdm_err err;
    tdm_code code =
        tdm_tide_state(hub->daemon->core, tdm_clock_wall_ms(), false, &incarnation, &sequence, &err);
    if (code != TDM_OK && code != TDM_EXISTS)
        tdm_log_failure(TDM_LOG_ERROR, "TIDE-FAILED", &err);
}

static void turn_clock(tdm_hub *hub)
{
    int64_t now_ms = tdm_clock_mono_ms();
    if (now_ms < hub->next_tick_ms)
        return;
    hub->next_tick_ms = now_ms + TICK_MS;
    hub_admission_answer(hub);
    hub_peers_tick(hub, now_ms);
    if (now_ms >= hub->next_publish_ms) {
        hub->next_publish_ms = now_ms + PUBLISH_MS;
        hub_peers_publish(hub);
    }
    tdm_daemon_beat(hub->daemon);
    if (now_ms >= hub->next_tide_ms) {
        hub->next_tide_ms = now_ms + tdm_config_int(hub->daemon->config, "hub.tide_interval_ms");
        state_tide(hub);
    }
    if (now_ms >= hub->next_sweep_ms) {
        hub->next_sweep_ms = now_ms + SWEEP_MS;
        tdm_kv_sweep_readers(tdm_ledger_kv(tdm_core_ledger(hub->daemon->core)));
    }
}

tdm_code tdm_hub_run(tdm_hub *hub, tdm_err *err)
{
    tdm_code code = TDM_OK;
    while (code == TDM_OK) {
        zmq_pollitem_t items[] = {
            { .fd = tdm_run_fd(hub->daemon->run), .events = ZMQ_POLLIN },
            { .fd = tdm_queue_fd(hub->done), .events = ZMQ_POLLIN },
            { .fd = hub->grew_fd, .events = ZMQ_POLLIN },
            { .socket = tdm_listener_socket(hub->listener), .events = ZMQ_POLLIN },
            { .socket = tdm_listener_monitor(hub->listener), .events = ZMQ_POLLIN },
            { .fd = hub->keys_fd, .events = ZMQ_POLLIN },
        };
        if (zmq_poll(items, TDM_COUNT(items), TICK_MS) < 0 && errno != EINTR)
            return tdm_fail(err, TDM_INTERNAL, errno, "the loop cannot poll");
        if (items[0].revents != 0 && wants_stop(hub))
            return TDM_OK;
        if (items[1].revents != 0)
            hub_peers_done(hub);
        if (items[2].revents != 0)
            read_grown(hub);
        if (items[3].revents != 0)
            hub_peers_receive(hub);
        if (items[4].revents != 0)
            hub_news_read(hub);
        turn_clock(hub);
        if (items[5].revents != 0)
            code = hub_keys_read(hub, err);
    }
    return code;
}

/* What was handed to the writer is acknowledged before the listener closes, so that nodes need not send it
 * again. */
static void drain(tdm_hub *hub)
{
    int64_t until = tdm_clock_mono_ms() + DRAIN_MS;
    zmq_pollitem_t item = { .fd = tdm_queue_fd(hub->done), .events = ZMQ_POLLIN };
    tdm_err err;
    /* A local write stands behind everything handed over so far. */
    if (tdm_core_local_put(hub->daemon->core, "hub/drain", (tdm_span){ 0 }, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_WARN, "DRAIN-FAILED", &err);
    while (tdm_queue_length(hub->done) > 0 && tdm_clock_mono_ms() < until)
        if (zmq_poll(&item, 1, TICK_MS) > 0)
            hub_peers_done(hub);
}

void tdm_hub_close(tdm_hub **pointer)
{
    tdm_hub *hub = *pointer;
    if (hub == NULL)
        return;
    if (hub->listener != NULL)
        drain(hub);
    if (hub->done != NULL) {
        tdm_core_unlisten(hub->daemon->core, hub->done);
        hub_peers_done(hub);
    }
    hub_peers_drop_all(hub);
    tdm_listener_close(&hub->listener);
    hub_admission_close(hub);
    tdm_log_ports_destroy(&hub->ports);
    tdm_queue_destroy(&hub->done, free);
    tdm_link_rows_destroy(&hub->rows);
    tdm_zap_stop(&hub->zap);
    if (hub->grew_fd >= 0)
        close(hub->grew_fd);
    pthread_mutex_destroy(&hub->taking);
    if (hub->keys_fd >= 0)
        close(hub->keys_fd);
    free(hub);
    *pointer = NULL;
}
