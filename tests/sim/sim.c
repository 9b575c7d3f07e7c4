/* SPDX-License-Identifier: MPL-2.0
 *
 * sim.c: the world of the simulator: time, network, deaths, and what must be true at every step and at the
 * end.
 */
#include "sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX 4
#define WIRE_FRAMES_MAX 1024 /* frames under way in one direction: far above every window */
#define QUIET_STEPS_MAX 200000

typedef struct wire_frame {
    int64_t due_ms;
    uint8_t *data;
    size_t len;
} wire_frame;

/* One direction of a connection: in order, whatever the delays. */
typedef struct direction {
    wire_frame frames[WIRE_FRAMES_MAX];
    size_t count;
} direction;

typedef struct connection {
    bool is_up;
    direction up;   /* node to hub */
    direction down; /* hub to node */
} connection;

typedef struct world {
    const sim_options *options;
    sim_result *result;
    uint64_t dice;
    int64_t now_ms;
    bool healing;
    station hub;
    station nodes[NODES_MAX];
    station other; /* the clone of node 0 */
    bool has_other;
    bool other_is_on; /* it has node 0's line now */
    size_t node_count;
    connection lines[NODES_MAX];
    bool is_alive[NODES_MAX];
    bool hub_is_alive;
    uint64_t number; /* of facts made */
    uint64_t slow;   /* one step in so many the writers commit: worlds differ */
} world;

/* ---- chance and failure */

static uint64_t roll(world *w, uint64_t limit)
{
    uint64_t z = w->dice += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % limit;
}

static bool chance(world *w, uint64_t per_mille)
{
    return !w->healing && roll(w, 1000) < per_mille;
}

static void fail(world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fail(world *w, const char *format, ...)
{
    if (!w->result->went_well)
        return;
    w->result->went_well = false;
    va_list args;
    va_start(args, format);
    vsnprintf(w->result->failure, sizeof w->result->failure, format, args);
    va_end(args);
}

static void trace(world *w, uint64_t what)
{
    w->result->trace = (w->result->trace ^ what ^ (uint64_t)w->now_ms) * 0x100000001b3u;
}

static int64_t world_now(void *context)
{
    return ((world *)context)->now_ms;
}

/* The station that has node i's line. */
static station *node_at(world *w, size_t i)
{
    return i == 0 && w->other_is_on ? &w->other : &w->nodes[i];
}

/* ---- the network */

static void put_frame(world *w, direction *wire, tdm_span frame)
{
    if (wire->count == WIRE_FRAMES_MAX) {
        fail(w, "more than %d frames under way in one direction", WIRE_FRAMES_MAX);
        return;
    }
    wire_frame *to = &wire->frames[wire->count++];
    to->due_ms = w->now_ms + (int64_t)roll(w, 200);
    to->len = frame.len;
    if (chance(w, 3))
        to->len = roll(w, frame.len);
    to->data = malloc(frame.len + 1);
    if (to->data == NULL)
        abort();
    memcpy(to->data, frame.data, to->len);
}

static void send_frame(void *context, station *from, size_t slot, tdm_span frame)
{
    world *w = context;
    size_t i = from->role == TDM_LINK_HUB ? slot : 0;
    while (from->role == TDM_LINK_NODE && node_at(w, i) != from && i + 1 < w->node_count)
        i++;
    connection *line = &w->lines[i];
    w->result->frames++;
    if (!line->is_up || chance(w, 5))
        return; /* a full queue drops without a word */
    direction *wire = from->role == TDM_LINK_HUB ? &line->down : &line->up;
    put_frame(w, wire, frame);
    if (chance(w, 20))
        put_frame(w, wire, frame);
}

static void clear_wire(direction *wire)
{
    for (size_t i = 0; i < wire->count; i++)
        free(wire->frames[i].data);
    wire->count = 0;
}

static void deliver(world *w, direction *wire, tdm_link *link)
{
    if (wire->count == 0 || wire->frames[0].due_ms > w->now_ms)
        return;
    wire_frame frame = wire->frames[0];
    memmove(&wire->frames[0], &wire->frames[1], --wire->count * sizeof wire->frames[0]);
    trace(w, frame.len);
    if (link != NULL)
        tdm_link_frame(link, (tdm_span){ frame.data, frame.len }, w->now_ms);
    free(frame.data);
}

static void disconnect(world *w, size_t i)
{
    connection *line = &w->lines[i];
    if (!line->is_up)
        return;
    line->is_up = false;
    clear_wire(&line->up);
    clear_wire(&line->down);
    if (node_at(w, i)->ends[0].link != NULL)
        tdm_link_disconnected(node_at(w, i)->ends[0].link, w->now_ms);
    if (w->hub.ends[i].link != NULL)
        tdm_link_disconnected(w->hub.ends[i].link, w->now_ms);
}

/* The hub makes a machine for each connection, or keeps the one it has. */
static void connect_line(world *w, size_t i)
{
    connection *line = &w->lines[i];
    station *node = node_at(w, i);
    if (line->is_up || !w->hub_is_alive || !w->is_alive[i])
        return;
    line->is_up = true;
    tdm_link_options options = station_options(&w->hub, &node->origin);
    if (w->hub.ends[i].link == NULL || roll(w, 2) == 0)
        station_link(&w->hub, i, &options);
    tdm_link_connected(w->hub.ends[i].link, w->now_ms);
    tdm_link_connected(node->ends[0].link, w->now_ms);
}

/* ---- deaths */

static void start_node(world *w, size_t i)
{
    if (w->is_alive[i])
        return;
    w->is_alive[i] = true;
    if (i == 0 && w->has_other)
        w->other_is_on = !w->healing && roll(w, 2) == 0;
    station *node = node_at(w, i);
    tdm_link_options options = station_options(node, &w->hub.origin);
    station_link(node, 0, &options);
}

static void kill_node(world *w, size_t i)
{
    if (!w->is_alive[i])
        return;
    disconnect(w, i);
    station_crash(node_at(w, i));
    w->is_alive[i] = false;
    w->result->crashes++;
}

static void kill_hub(world *w)
{
    for (size_t i = 0; i < w->node_count; i++)
        disconnect(w, i);
    station_crash(&w->hub);
    w->hub_is_alive = false;
    w->result->crashes++;
}

/* ---- what must be true at every step: what somebody was told is durable, is */

static void check_acked(world *w, const station *node)
{
    tdm_link_figures figures;
    if (node->ends[0].link == NULL)
        return;
    tdm_link_figures_read(node->ends[0].link, &figures);
    if (figures.events_acked == 0)
        return;
    tdm_digest here, there;
    tdm_code mine =
        tdm_ledger_head_at(node->ledger, &node->origin, node->incarnation, figures.events_acked, &here, NULL);
    tdm_code hubs = tdm_ledger_head_at(w->hub.ledger, &node->origin, node->incarnation, figures.events_acked,
                                       &there, NULL);
    if (hubs != TDM_OK)
        fail(w, "%s was told that %" PRIu64 " is durable, and the hub has not got it", node->name,
             figures.events_acked);
    else if (mine != TDM_OK || !tdm_digest_equal(&here, &there))
        fail(w, "%s was told that %" PRIu64 " is durable, and the hub has other content", node->name,
             figures.events_acked);
}

static void check_told_hub(world *w, size_t i)
{
    const station *node = node_at(w, i);
    tdm_link_figures figures;
    if (w->hub.ends[i].link == NULL || w->options->story != SIM_HONEST)
        return;
    tdm_link_figures_read(w->hub.ends[i].link, &figures);
    if (figures.events_acked > station_tip(node, &w->hub.origin, w->hub.incarnation, NULL))
        fail(w, "the hub was told that %s has its log up to %" PRIu64 ", and it has not", node->name,
             figures.events_acked);
    bool has_epoch;
    tdm_id epoch;
    uint64_t kept;
    station_cursor(node, &has_epoch, &epoch, &kept);
    if (figures.feed_acked > kept)
        fail(w, "the hub was told that %s has notice %" PRIu64 ", and it has not", node->name,
             figures.feed_acked);
}

static void check_step(world *w)
{
    for (size_t i = 0; i < w->node_count; i++) {
        check_acked(w, &w->nodes[i]);
        check_told_hub(w, i);
    }
    if (w->has_other)
        check_acked(w, &w->other);
}

/* ---- one step */

static void tick(world *w, station *s)
{
    for (size_t i = 0; i < STATION_LINKS_MAX; i++)
        if (s->ends[i].link != NULL)
            tdm_link_tick(s->ends[i].link, w->now_ms);
}

static void append(world *w, station *s)
{
    trace(w, s->incarnation);
    station_append(s, 1 + roll(w, 12), ++w->number);
    for (size_t i = 0; i < STATION_LINKS_MAX; i++)
        if (s->ends[i].link != NULL)
            tdm_link_more(s->ends[i].link, w->now_ms);
}

static void run_station(world *w, station *s)
{
    if (w->healing || roll(w, w->slow) == 0)
        station_commit(s);
    if (w->healing || roll(w, 2) == 0)
        station_tell(s);
    tick(w, s);
}

static void trouble_line(world *w, size_t i)
{
    if (chance(w, 8))
        disconnect(w, i);
    if (chance(w, 6))
        kill_node(w, i);
    if (w->healing || roll(w, 12) == 0)
        start_node(w, i);
    if (w->healing || roll(w, 12) == 0)
        connect_line(w, i);
}

static void step(world *w)
{
    w->now_ms += (int64_t)roll(w, w->healing ? 20 : 60);
    if (chance(w, 4) && w->hub_is_alive)
        kill_hub(w);
    if (w->healing || roll(w, 15) == 0)
        w->hub_is_alive = true;
    for (size_t i = 0; i < w->node_count; i++) {
        station *node = node_at(w, i);
        trouble_line(w, i);
        node = node_at(w, i);
        if (w->is_alive[i] && chance(w, 60))
            append(w, node);
        deliver(w, &w->lines[i].up, w->hub.ends[i].link);
        deliver(w, &w->lines[i].down, node->ends[0].link);
        if (w->is_alive[i])
            run_station(w, node);
    }
    if (w->hub_is_alive && chance(w, 20))
        append(w, &w->hub);
    if (w->hub_is_alive)
        run_station(w, &w->hub);
    check_step(w);
}

/* ---- healing */

static bool is_idle(const station *s)
{
    bool idle = s->job_count == 0 && s->word_count == 0;
    for (size_t i = 0; i < STATION_LINKS_MAX; i++)
        if (s->ends[i].link != NULL)
            idle = idle && tdm_link_deadline(s->ends[i].link) == INT64_MAX
                   && (tdm_link_state_of(s->ends[i].link) == TDM_LINK_LIVE
                       || tdm_link_state_of(s->ends[i].link) == TDM_LINK_STOPPED);
    return idle;
}

static bool is_quiet(world *w)
{
    bool quiet = is_idle(&w->hub);
    for (size_t i = 0; i < w->node_count; i++)
        quiet = quiet && w->is_alive[i] && is_idle(node_at(w, i)) && w->lines[i].is_up
                && w->lines[i].up.count == 0 && w->lines[i].down.count == 0;
    return quiet;
}

/* With nothing under way, time jumps to what is due next. */
static void skip_idle_time(world *w)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < w->node_count; i++) {
        if (w->lines[i].up.count + w->lines[i].down.count > 0)
            return;
        for (size_t k = 0; k < 2; k++) {
            const station_end *end = k == 0 ? &node_at(w, i)->ends[0] : &w->hub.ends[i];
            if (end->link != NULL && tdm_link_deadline(end->link) < next)
                next = tdm_link_deadline(end->link);
        }
    }
    if (next != INT64_MAX && next > w->now_ms)
        w->now_ms = next;
}

static void heal(world *w)
{
    w->healing = true;
    if (w->has_other && w->other_is_on) {
        disconnect(w, 0);
        w->is_alive[0] = false;
    }
    for (uint32_t i = 0; i < QUIET_STEPS_MAX && w->result->went_well; i++) {
        step(w);
        if (is_quiet(w))
            return;
        skip_idle_time(w);
    }
    fail(w, "healed, and yet it does not come to rest");
}

/* ---- what must be true at the end */

static void check_whole(world *w, const station *holder, const station *owner)
{
    tdm_digest here, there;
    uint64_t own = station_tip(owner, &owner->origin, owner->incarnation, &here);
    uint64_t held = station_tip(holder, &owner->origin, owner->incarnation, &there);
    if (own != held || (own > 0 && !tdm_digest_equal(&here, &there)))
        fail(w, "%s holds %" PRIu64 " of %" PRIu64 " of %s's log, or other content", holder->name, held, own,
             owner->name);
}

static void check_feed(world *w, station *node)
{
    bool has_epoch;
    tdm_id epoch;
    uint64_t kept;
    station_cursor(node, &has_epoch, &epoch, &kept);
    uint64_t last = station_feed_last(&w->hub, &node->origin);
    if (kept != last)
        fail(w, "%s has %" PRIu64 " of %" PRIu64 " notices", node->name, kept, last);
    for (uint64_t number = 1; number <= last && w->result->went_well; number++) {
        tdm_buf bytes = { 0 };
        tdm_event event;
        uint64_t position;
        if (tdm_ledger_event_at(w->hub.ledger, station_feed_position(&w->hub, &node->origin, number), &bytes,
                                NULL)
                != TDM_OK
            || tdm_event_peek(tdm_buf_span(&bytes), &event, NULL) != TDM_OK
            || tdm_ledger_event_find(node->ledger, &event.origin, event.incarnation, event.sequence,
                                     &position, NULL)
                   != TDM_OK)
            fail(w, "%s has not got the event of notice %" PRIu64, node->name, number);
        tdm_buf_free(&bytes);
    }
}

static void report_fault(void *context, const tdm_ledger_fault *fault)
{
    fail(context, "verify: %s: %s", fault->invariant, fault->what);
}

static void check_store(world *w, const station *s)
{
    tdm_ledger_summary summary = { 0 };
    tdm_ledger_verify(s->ledger, report_fault, w, NULL, &summary, NULL);
    uint64_t last = 0;
    if (tdm_ledger_last_position(s->ledger, &last, NULL) != TDM_OK || last != s->counted)
        fail(w, "%s counted %" PRIu64 " events and holds %" PRIu64, s->name, s->counted, last);
    if (s->most_queued > STATION_QUEUE_EVENTS + TDM_FRAME_EVENTS_MAX)
        fail(w, "%s queued %" PRIu64 " events", s->name, s->most_queued);
}

static void check_end(world *w)
{
    if (!w->result->went_well)
        return;
    check_store(w, &w->hub);
    for (size_t i = 0; i < w->node_count; i++) {
        if (i == 0 && w->options->story != SIM_HONEST)
            continue;
        station *node = &w->nodes[i];
        check_whole(w, &w->hub, node);
        check_whole(w, node, &w->hub);
        check_feed(w, node);
        check_store(w, node);
        if (tdm_link_state_of(node->ends[0].link) != TDM_LINK_LIVE)
            fail(w, "%s is %s", node->name, tdm_link_state_word(tdm_link_state_of(node->ends[0].link)));
        w->result->acked += station_tip(&w->hub, &node->origin, node->incarnation, NULL);
    }
    w->result->forks = w->hub.forks + w->nodes[0].forks + w->other.forks;
    if (w->options->story == SIM_HONEST && w->result->forks > 0)
        fail(w, "a fork was noted where there is none");
    if (w->options->story != SIM_HONEST && w->result->forks == 0)
        fail(w, "a second history was not noticed");
}

/* ---- stories */

static void hook(world *w, station *s)
{
    s->send = send_frame;
    s->send_context = w;
    s->now = world_now;
    s->faults = w->options->faults;
    s->loud = w->options->loud;
}

static void open_world(world *w)
{
    static const char *const NAMES[NODES_MAX] = { "north", "east", "south", "west" };
    w->node_count = 1 + roll(w, NODES_MAX);
    w->slow = 2 + roll(w, 30);
    station_open(&w->hub, "hub", TDM_LINK_HUB, w->options->seed * 8 + 7);
    hook(w, &w->hub);
    w->hub_is_alive = true;
    for (size_t i = 0; i < w->node_count; i++) {
        station *node = &w->nodes[i];
        station_open(node, NAMES[i], TDM_LINK_NODE, w->options->seed * 8 + i);
        node->hub = w->hub.origin;
        memcpy(node->hub_key, w->hub.hub_key, sizeof node->hub_key);
        hook(w, node);
        station_admit(&w->hub, node);
        start_node(w, i);
    }
}

static void trouble(world *w, uint32_t steps)
{
    for (uint32_t i = 0; i < steps && w->result->went_well; i++)
        step(w);
}

/* Both copies state something of their own, so there are two histories. */
static void split(world *w)
{
    station *node = &w->nodes[0];
    uint64_t last = station_tip(node, &node->origin, node->incarnation, NULL);
    if (w->options->story == SIM_RESTORED)
        last = last / 2;
    station_clone(&w->other, node, "copy", last);
    w->has_other = true;
    w->other.counted = station_tip(&w->other, &node->origin, node->incarnation, NULL);
    append(w, node);
    append(w, &w->other);
    kill_node(w, 0);
}

/* Each copy has had the line, in peace, when this returns. */
static void meet_both(world *w)
{
    for (int turn = 0; turn < 2; turn++) {
        kill_node(w, 0);
        w->other_is_on = turn == 1;
        w->is_alive[0] = true;
        tdm_link_options options = station_options(node_at(w, 0), &w->hub.origin);
        station_link(node_at(w, 0), 0, &options);
        w->healing = true;
        for (uint32_t i = 0; i < QUIET_STEPS_MAX && w->result->went_well; i++) {
            step(w);
            if (is_quiet(w))
                break;
            skip_idle_time(w);
        }
        w->healing = false;
    }
}

static void close_world(world *w)
{
    for (size_t i = 0; i < w->node_count; i++) {
        clear_wire(&w->lines[i].up);
        clear_wire(&w->lines[i].down);
        station_close(&w->nodes[i]);
    }
    if (w->has_other)
        station_close(&w->other);
    station_close(&w->hub);
}

void sim_run(const sim_options *options, sim_result *result)
{
    *result = (sim_result){ .went_well = true };
    world *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->options = options;
    w->result = result;
    w->dice = options->seed;
    w->now_ms = 1000000;
    open_world(w);
    trouble(w, options->steps);
    if (options->story != SIM_HONEST) {
        split(w);
        trouble(w, options->steps);
        meet_both(w);
    } else {
        heal(w);
    }
    check_end(w);
    close_world(w);
    free(w);
}
