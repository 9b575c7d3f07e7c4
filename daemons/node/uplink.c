/* SPDX-License-Identifier: MPL-2.0
 *
 * uplink.c: the node's loop: dial the hub there is (none, a join code's, or one's own), hand frames to the
 * machine, completions back to it, and say how it goes.
 */
#include "uplink_inner.h"

#include "clock.h"
#include "log.h"
#include "rotation.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define TICK_MS 100
#define MESSAGES_AT_ONCE 64
#define DONE_CAPACITY 8192
#define REDIAL_MIN_MS 500
#define REDIAL_MAX_MS 30000

/* ---- services
 * -------------------------------------------------------------------------------------------------------------
 */

static json_t *read_links(void *context)
{
    return tdm_link_rows_read(((tdm_uplink *)context)->rows);
}

static void rejoin(void *context)
{
    uint64_t one = 1;
    if (write(((tdm_uplink *)context)->rejoin_fd, &one, sizeof one) < 0)
        return; /* full: the loop will read it anyway */
}

/* ---- the connection
 * ----------------------------------------------------------------------------------------------------------
 */

static void hang_up(tdm_uplink *uplink)
{
    tdm_link_destroy(&uplink->link);
    uplink->generation++;
    if (uplink->dialer != NULL)
        tdm_dialer_close(&uplink->dialer);
    uplink->redial_at_ms = 0;
    uplink->redial_wait_ms = REDIAL_MIN_MS;
    uplink->denied = false;
    uplink->foreign = false;
    uplink->dials_other = false;
}

static tdm_code open_link(tdm_uplink *uplink, tdm_err *err)
{
    tdm_core *core = uplink->daemon->core;
    const tdm_membership *membership = &uplink->membership;
    tdm_link_options options = {
        .role = TDM_LINK_NODE,
        .own_origin = *tdm_core_origin(core),
        .own_incarnation = tdm_core_incarnation(core),
        .has_peer = true,
        .peer_origin = membership->joined ? membership->hub : membership->code.hub,
        .enrolling = !membership->joined || uplink->rotates,
        .hello_timeout_ms = 10000,
        .ack_timeout_ms = 30000,
        .retry_min_ms = 500,
        .retry_max_ms = 60000,
    };
    tdm_identity asked;
    if (!uplink->rotates || tdm_rotation_next(core, &asked, err) != TDM_OK)
        tdm_core_identity(core, &asked);
    options.seal_key = asked.seal;
    memcpy(options.link_key, asked.link_public, sizeof options.link_key);
    tdm_link_ports ports = UPLINK_PORTS;
    ports.context = uplink;
    tdm_code code = tdm_link_new(&uplink->link, &options, &ports, err);
    sodium_memzero(&asked, sizeof asked);
    sodium_memzero(&options.seal_key, sizeof options.seal_key);
    return code;
}

/* Read the membership anew and connect as it says. */
static void connect_as_member(tdm_uplink *uplink)
{
    tdm_err err = { .code = TDM_OK };
    hang_up(uplink);
    tdm_code code = tdm_membership_read(uplink->daemon->core, &uplink->membership, &err);
    if (code == TDM_NOT_FOUND)
        return; /* never joined: the node works on its own */
    tdm_hub_trust_begin(&uplink->trust, &uplink->membership.hub);
    tdm_identity next;
    uplink->rotates =
        uplink->membership.joined && tdm_rotation_next(uplink->daemon->core, &next, NULL) == TDM_OK;
    sodium_memzero(&next, sizeof next);
    if (code == TDM_OK)
        code = open_link(uplink, &err);
    if (code == TDM_OK)
        code = uplink_dial(uplink, &err);
    if (code != TDM_OK) {
        hang_up(uplink);
        tdm_log_failure(TDM_LOG_ERROR, "UPLINK-FAILED", &err);
    }
}

/* ENROLLED came for new keys: they are in use from now on. */
static void turn_over(tdm_uplink *uplink)
{
    tdm_err err;
    uplink->enrolled = false;
    if (tdm_rotation_take(uplink->daemon->core, tdm_clock_wall_ms(), &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "ROTATION-FAILED", &err);
    else
        tdm_log(TDM_LOG_NOTICE, "KEYS-ROTATED", tdm_log_id("hub", &uplink->membership.hub));
    connect_as_member(uplink);
}

/* A hub that does not give them: the present ones stay. */
static void give_rotation_up(tdm_uplink *uplink)
{
    tdm_err err;
    tdm_link_figures figures;
    tdm_link_figures_read(uplink->link, &figures);
    tdm_log(TDM_LOG_WARN, "ROTATION-REFUSED", tdm_log_text("why", figures.refusal_text));
    if (tdm_rotation_forget(uplink->daemon->core, &err) != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "ROTATION-FAILED", &err);
    connect_as_member(uplink);
}

/* ENROLLED came: remember the hub, take it as the authority, and come back with our own key. */
static void change_over(tdm_uplink *uplink)
{
    tdm_err err;
    uplink->enrolled = false;
    tdm_code code = tdm_membership_complete(uplink->daemon->core, &uplink->membership.code, &err);
    if (code != TDM_OK)
        tdm_log_failure(TDM_LOG_ERROR, "JOIN-FAILED", &err);
    else
        tdm_log(TDM_LOG_NOTICE, "JOINED", tdm_log_id("hub", &uplink->membership.code.hub),
                tdm_log_text("endpoint", uplink->membership.code.endpoint));
    connect_as_member(uplink);
}

/* ---- inputs of the machine
 * ------------------------------------------------------------------------------------------------------ */

static void schedule_redial(tdm_uplink *uplink, int64_t now_ms)
{
    uplink->redial_at_ms = now_ms + uplink->redial_wait_ms;
    uplink->redial_wait_ms =
        uplink->redial_wait_ms * 2 < REDIAL_MAX_MS ? uplink->redial_wait_ms * 2 : REDIAL_MAX_MS;
}

static const char *denial(const tdm_uplink *uplink)
{
    return uplink->membership.joined
               ? "the hub does not admit this node's key: ask its operator"
               : "the hub does not admit this join code: it is used or expired, ask for a new one";
}

static void take_news(tdm_uplink *uplink, tdm_dialer_event event, int64_t now_ms)
{
    switch (event) {
    case TDM_DIALER_CONNECTED:
        uplink->redial_wait_ms = REDIAL_MIN_MS;
        uplink->denied = false;
        uplink_answered(uplink);
        tdm_link_connected(uplink->link, now_ms);
        break;
    case TDM_DIALER_DISCONNECTED:
        tdm_metrics_add(uplink->daemon->metrics, TDM_METRIC_SYNC_RECONNECTS, "hub", 1);
        tdm_link_disconnected(uplink->link, now_ms);
        break;
    case TDM_DIALER_DENIED:
        uplink->denied = true;
        tdm_log(TDM_LOG_WARN, "HUB-DENIES", tdm_log_text("what", denial(uplink)));
        schedule_redial(uplink, now_ms);
        break;
    case TDM_DIALER_FAILED:
        uplink_not_the_hub(uplink);
        if (uplink->dials_other && uplink->redial_at_ms == 0)
            schedule_redial(uplink, now_ms);
        break;
    case TDM_DIALER_NOTHING:
        break;
    }
}

static void read_monitor(tdm_uplink *uplink)
{
    tdm_dialer_event event;
    while (uplink->dialer != NULL && (event = tdm_dialer_news(uplink->dialer)) != TDM_DIALER_NOTHING)
        take_news(uplink, event, tdm_clock_mono_ms());
}

static void receive(tdm_uplink *uplink)
{
    for (size_t i = 0; i < MESSAGES_AT_ONCE && uplink->dialer != NULL; i++) {
        tdm_span bytes;
        tdm_err err;
        tdm_code code = tdm_dialer_receive(uplink->dialer, &bytes, &err);
        if (code == TDM_END)
            return;
        if (code != TDM_OK) {
            tdm_log_failure(TDM_LOG_WARN, "LINK-RECEIVE-FAILED", &err);
            return;
        }
        uplink->last_seen_ms = tdm_clock_wall_ms();
        tdm_link_frame(uplink->link, bytes, tdm_clock_mono_ms());
        if (uplink->enrolled) {
            uplink->membership.joined ? turn_over(uplink) : change_over(uplink);
            return;
        }
    }
}

static void tell_link(tdm_uplink *uplink, tdm_core_done *done)
{
    int64_t now_ms = tdm_clock_mono_ms();
    bool current = uplink->link != NULL && (uintptr_t)done->owner == uplink->generation;
    if (current && done->what == TDM_DONE_KEPT)
        tdm_link_kept(uplink->link, done->token, done->code, &done->head, now_ms);
    else if (current)
        tdm_link_notices_kept(uplink->link, done->token, done->code, now_ms);
    if (done->code == TDM_OK)
        tdm_metrics_add(uplink->daemon->metrics, TDM_METRIC_EVENTS_APPENDED, "peer", done->events);
    free(done);
}

static void release_held(tdm_uplink *uplink)
{
    while (uplink->held != NULL
           && tdm_core_wait_folded(uplink->daemon->core, uplink->held->position, 0, NULL) == TDM_OK) {
        uplink_held *held = uplink->held;
        uplink->held = held->next;
        tdm_hub_trust_refresh(&uplink->trust);
        tell_link(uplink, held->done);
        free(held);
    }
}

/* False if there is no memory: the machine then hears at once. */
static bool hold(tdm_uplink *uplink, tdm_core_done *done)
{
    uplink_held *held = calloc(1, sizeof *held);
    if (held == NULL)
        return false;
    held->done = done;
    tdm_ledger_last_position(tdm_core_ledger(uplink->daemon->core), &held->position, NULL);
    uplink_held **end = &uplink->held;
    while (*end != NULL)
        end = &(*end)->next;
    *end = held;
    return true;
}

static void finish(tdm_uplink *uplink)
{
    void *item;
    while (tdm_queue_pop(uplink->done, &item, 1) == 1) {
        tdm_core_done *done = item;
        bool wait = done->what == TDM_DONE_KEPT && (done->code == TDM_OK || done->code == TDM_EXISTS);
        if (!wait || !hold(uplink, done))
            tell_link(uplink, done);
    }
    release_held(uplink);
}

static void read_grown(tdm_uplink *uplink)
{
    uint64_t count;
    if (read(uplink->grew_fd, &count, sizeof count) < 0)
        return;
    tdm_hub_trust_refresh(&uplink->trust);
    release_held(uplink);
    if (uplink->link != NULL)
        tdm_link_more(uplink->link, tdm_clock_mono_ms());
    if (uplink_dials_what_is_over(uplink))
        connect_as_member(uplink);
}

static void read_rejoin(tdm_uplink *uplink)
{
    uint64_t count;
    if (read(uplink->rejoin_fd, &count, sizeof count) > 0)
        connect_as_member(uplink);
}

/* ---- the clock
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void publish(tdm_uplink *uplink)
{
    json_t *rows = json_array();
    if (uplink->link != NULL) {
        const tdm_membership *membership = &uplink->membership;
        const tdm_id *hub = membership->joined ? &membership->hub : &membership->code.hub;
        tdm_link_figures figures;
        tdm_tip tip = { 0 };
        tdm_link_figures_read(uplink->link, &figures);
        tdm_ledger_tip(tdm_core_ledger(uplink->daemon->core), tdm_core_origin(uplink->daemon->core),
                       tdm_core_incarnation(uplink->daemon->core), &tip, NULL);
        tdm_metrics_set(uplink->daemon->metrics, TDM_METRIC_OUTBOX, "hub",
                        tip.last > figures.events_acked ? (double)(tip.last - figures.events_acked) : 0);
        tdm_metrics_set(uplink->daemon->metrics, TDM_METRIC_NODE_UP, "hub",
                        tdm_link_state_of(uplink->link) == TDM_LINK_LIVE);
        json_t *row = tdm_link_report_row(uplink->link, hub, uplink->last_seen_ms);
        if (uplink->denied || uplink->foreign) { /* before there is a link that could refuse anything */
            json_object_set_new(row, "refusal", json_string(uplink->denied ? "denied" : "not-the-hub"));
            json_object_set_new(row, "refusal_text",
                                json_string(uplink->denied ? denial(uplink) : uplink_strangeness(uplink)));
        }
        json_array_append_new(rows, row);
    }
    tdm_link_rows_publish(uplink->rows, rows);
}

static void turn_clock(tdm_uplink *uplink)
{
    int64_t now_ms = tdm_clock_mono_ms();
    if (now_ms < uplink->next_tick_ms)
        return;
    uplink->next_tick_ms = now_ms + TICK_MS;
    tdm_daemon_beat(uplink->daemon);
    tdm_hub_trust_keep(&uplink->trust);
    if (uplink->rotates && uplink->link != NULL && tdm_link_state_of(uplink->link) == TDM_LINK_STOPPED)
        give_rotation_up(uplink);
    release_held(uplink);
    if (uplink->link != NULL && tdm_link_deadline(uplink->link) <= now_ms)
        tdm_link_tick(uplink->link, now_ms);
    if (uplink->dialer != NULL && uplink->redial_at_ms != 0 && uplink->redial_at_ms <= now_ms) {
        tdm_err err;
        uplink->redial_at_ms = 0;
        if (uplink_redial(uplink, &err) != TDM_OK)
            tdm_log_failure(TDM_LOG_WARN, "REDIAL-FAILED", &err);
    }
    publish(uplink);
}

/* ---- open, run, close
 * -----------------------------------------------------------------------------------------------------------------
 */

tdm_code tdm_uplink_open(tdm_uplink **out, tdm_daemon *daemon, tdm_err *err)
{
    tdm_uplink *uplink = calloc(1, sizeof *uplink);
    *out = uplink;
    if (uplink == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the uplink");
    uplink->daemon = daemon;
    uplink->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    uplink->rejoin_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    tdm_code code = uplink->grew_fd < 0 || uplink->rejoin_fd < 0
                        ? tdm_fail(err, TDM_IO, errno, "no descriptor for the loop")
                        : TDM_OK;
    if (code == TDM_OK)
        code = tdm_queue_open(&uplink->done, DONE_CAPACITY, err);
    if (code == TDM_OK)
        code = tdm_link_rows_new(&uplink->rows, err);
    if (code == TDM_OK)
        code = tdm_hub_trust_open(&uplink->trust, daemon->core, err);
    if (code == TDM_OK)
        code = tdm_log_ports_new(&uplink->ports, daemon->core, uplink->done, err);
    if (code == TDM_OK)
        code = tdm_core_listen(daemon->core, uplink->done, uplink->grew_fd, err);
    if (code != TDM_OK)
        return code;
    connect_as_member(uplink);
    daemon->services.rejoin = rejoin;
    daemon->services.links = read_links;
    daemon->services.context = uplink;
    return TDM_OK;
}

static bool wants_stop(tdm_uplink *uplink)
{
    tdm_run_wish wish = tdm_run_next(uplink->daemon->run);
    if (wish == TDM_RUN_RELOAD)
        tdm_log(TDM_LOG_NOTICE, "RELOAD-IGNORED",
                tdm_log_text("what", "settings are read at the start: restart to change them"));
    return wish == TDM_RUN_STOP;
}

tdm_code tdm_uplink_run(tdm_uplink *uplink, tdm_err *err)
{
    for (;;) {
        zmq_pollitem_t items[] = {
            { .fd = tdm_run_fd(uplink->daemon->run), .events = ZMQ_POLLIN },
            { .fd = tdm_queue_fd(uplink->done), .events = ZMQ_POLLIN },
            { .fd = uplink->grew_fd, .events = ZMQ_POLLIN },
            { .fd = uplink->rejoin_fd, .events = ZMQ_POLLIN },
            { .socket = uplink->dialer == NULL ? NULL : tdm_dialer_socket(uplink->dialer),
              .events = ZMQ_POLLIN },
            { .socket = uplink->dialer == NULL ? NULL : tdm_dialer_monitor(uplink->dialer),
              .events = ZMQ_POLLIN },
        };
        int count = uplink->dialer == NULL ? 4 : 6;
        if (zmq_poll(items, count, TICK_MS) < 0 && errno != EINTR)
            return tdm_fail(err, TDM_INTERNAL, errno, "the loop cannot poll");
        if (items[0].revents != 0 && wants_stop(uplink))
            return TDM_OK;
        if (items[1].revents != 0)
            finish(uplink);
        if (items[2].revents != 0)
            read_grown(uplink);
        if (count == 6 && items[5].revents != 0)
            read_monitor(uplink);
        if (count == 6 && items[4].revents != 0)
            receive(uplink);
        if (items[3].revents != 0)
            read_rejoin(uplink);
        turn_clock(uplink);
    }
}

void tdm_uplink_close(tdm_uplink **pointer)
{
    tdm_uplink *uplink = *pointer;
    if (uplink == NULL)
        return;
    hang_up(uplink);
    if (uplink->done != NULL)
        tdm_core_unlisten(uplink->daemon->core, uplink->done);
    while (uplink->held != NULL) {
        uplink_held *held = uplink->held;
        uplink->held = held->next;
        free(held->done);
        free(held);
    }
    tdm_log_ports_destroy(&uplink->ports);
    tdm_queue_destroy(&uplink->done, free);
    tdm_link_rows_destroy(&uplink->rows);
    tdm_hub_trust_close(&uplink->trust);
    if (uplink->grew_fd >= 0)
        close(uplink->grew_fd);
    if (uplink->rejoin_fd >= 0)
        close(uplink->rejoin_fd);
    sodium_memzero(&uplink->membership, sizeof uplink->membership);
    free(uplink);
    *pointer = NULL;
}
