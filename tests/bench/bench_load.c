/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_load.c: one thread keeps 16 connections full of prebuilt frames, each within its window, and takes
 * the acknowledgements. The same for the bare ceiling and for the real hub, which it greets as a node does.
 */
#include "bench.h"

#include "tandem/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define PATIENCE_S 120
#define POLL_MS 1000
#define FRAMES_IN_FLIGHT 64

typedef struct link {
    void *socket;
    const bench_log *log;
    size_t next;      /* frame to send */
    size_t until;     /* frames to send now */
    size_t first_out; /* oldest frame in flight */
    uint64_t in_flight;
    bool live;
} link;

struct bench_links {
    void *zmq;
    const tdm_id *hub; /* NULL: bare */
    link links[BENCH_LINKS];
    uint32_t window;
    tdm_frame frame; /* the last one read */
};

static void set_text_key(void *socket, int option, const uint8_t key[32])
{
    if (zmq_setsockopt(socket, option, key, 32) != 0)
        bench_die("load", "a key is not taken");
}

static void connect_link(bench_links *links, link *l, const char *endpoint, const uint8_t server_key[32])
{
    int off = 0;
    int high = 256;
    l->socket = zmq_socket(links->zmq, ZMQ_DEALER);
    if (l->socket == NULL)
        bench_die("load", "no socket");
    set_text_key(l->socket, ZMQ_CURVE_SERVERKEY, server_key);
    set_text_key(l->socket, ZMQ_CURVE_PUBLICKEY, l->log->link_public);
    set_text_key(l->socket, ZMQ_CURVE_SECRETKEY, l->log->link_secret);
    zmq_setsockopt(l->socket, ZMQ_LINGER, &off, sizeof off);
    zmq_setsockopt(l->socket, ZMQ_SNDHWM, &high, sizeof high);
    zmq_setsockopt(l->socket, ZMQ_RCVHWM, &off, sizeof off);
    if (zmq_connect(l->socket, endpoint) != 0)
        bench_die("load", "cannot connect");
}

static void greet(bench_links *links, link *l)
{
    tdm_buf bytes = { 0 };
    tdm_err err = { 0 };
    tdm_frame *frame = &links->frame;
    memset(frame, 0, sizeof *frame);
    frame->kind = TDM_FRAME_HELLO;
    frame->hello.version = TDM_LINK_VERSION;
    frame->hello.origin = l->log->origin;
    frame->hello.incarnation = l->log->incarnation;
    bench_must(tdm_frame_encode(frame, &bytes, &err), "hello", &err);
    if (zmq_send(l->socket, bytes.data, bytes.len, 0) < 0)
        bench_die("load", "cannot greet");
    tdm_buf_free(&bytes);
}

static void free_in_flight(link *l, uint64_t last)
{
    while (l->first_out < l->next && l->log->frames[l->first_out].last <= last)
        l->in_flight -= l->log->frames[l->first_out++].events;
}

static void take_frame(bench_links *links, link *l, tdm_span bytes)
{
    tdm_err err = { 0 };
    tdm_frame *frame = &links->frame;
    bench_must(tdm_frame_decode(bytes, frame, &err), "the hub's frame", &err);
    if (frame->kind == TDM_FRAME_WELCOME) {
        l->live = true;
        links->window = frame->hello.window_events;
    } else if (frame->kind == TDM_FRAME_ACK) {
        free_in_flight(l, frame->ack.up_to);
    } else if (frame->kind == TDM_FRAME_REFUSE) {
        char text[320];
        snprintf(text, sizeof text, "the hub refuses: %s: %.*s", tdm_refusal_word(frame->refuse.reason),
                 (int)frame->refuse.text.len, (const char *)frame->refuse.text.data);
        bench_die("load", text);
    }
}

static void receive(bench_links *links, link *l)
{
    for (;;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, l->socket, ZMQ_DONTWAIT) < 0)
            return;
        if (links->hub != NULL)
            take_frame(links, l, (tdm_span){ zmq_msg_data(&message), zmq_msg_size(&message) });
        else
            free_in_flight(l, l->log->frames[l->first_out].last);
        zmq_msg_close(&message);
    }
}

static void keep_bytes(void *data, void *hint)
{
    (void)data;
    (void)hint;
}

static bool send_frame(bench_links *links, link *l)
{
    const bench_frame *frame = &l->log->frames[l->next];
    tdm_span bytes = links->hub != NULL ? frame->wire : frame->bare;
    zmq_msg_t message;
    zmq_msg_init_data(&message, (void *)bytes.data, bytes.len, keep_bytes, NULL);
    if (zmq_msg_send(&message, l->socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&message);
        return false;
    }
    l->in_flight += frame->events;
    l->next++;
    return true;
}

static void pump(bench_links *links, link *l)
{
    while (l->next < l->until && l->next - l->first_out < FRAMES_IN_FLIGHT
           && (l->in_flight == 0 || l->in_flight + l->log->frames[l->next].events <= links->window))
        if (!send_frame(links, l))
            return;
}

typedef bool is_done(const link *l);

static bool is_live(const link *l)
{
    return l->live;
}

static bool is_acknowledged(const link *l)
{
    return l->next == l->until && l->in_flight == 0;
}

/* Turn until every link is done. */
static void turn_until(bench_links *links, is_done *done)
{
    zmq_pollitem_t items[BENCH_LINKS];
    double give_up = bench_now() + PATIENCE_S;
    for (size_t i = 0; i < BENCH_LINKS; i++)
        items[i] = (zmq_pollitem_t){ .socket = links->links[i].socket, .events = ZMQ_POLLIN };
    for (;;) {
        size_t left = 0;
        for (size_t i = 0; i < BENCH_LINKS; i++) {
            if (items[i].revents != 0)
                receive(links, &links->links[i]);
            pump(links, &links->links[i]);
            left += !done(&links->links[i]);
        }
        if (left == 0)
            return;
        if (zmq_poll(items, BENCH_LINKS, POLL_MS) > 0)
            give_up = bench_now() + PATIENCE_S;
        else if (bench_now() > give_up)
            bench_die("load", "nothing is acknowledged any more");
    }
}

bench_links *bench_links_open(const char *endpoint, const uint8_t server_key[32], const bench_load *load,
                              const tdm_id *hub)
{
    bench_links *links = calloc(1, sizeof *links);
    if (links == NULL)
        bench_die("load", "out of memory");
    links->zmq = zmq_ctx_new();
    links->hub = hub;
    links->window = BENCH_WINDOW;
    for (size_t i = 0; i < BENCH_LINKS; i++) {
        links->links[i].log = &load->logs[i];
        connect_link(links, &links->links[i], endpoint, server_key);
        if (hub != NULL)
            greet(links, &links->links[i]);
    }
    if (hub != NULL)
        turn_until(links, is_live);
    return links;
}

double bench_links_send_units(bench_links *links)
{
    double start = bench_now();
    for (size_t i = 0; i < BENCH_LINKS; i++)
        links->links[i].until = links->links[i].log->unit_frames;
    turn_until(links, is_acknowledged);
    return bench_now() - start;
}

double bench_links_send_sessions(bench_links *links, size_t frames)
{
    double start = bench_now();
    for (size_t i = 0; i < BENCH_LINKS; i++) {
        link *l = &links->links[i];
        if (l->next < l->log->unit_frames) /* the bare ceiling needs no units before sessions */
            l->next = l->first_out = l->log->unit_frames;
        l->until = bench_log_until(l->log, frames);
    }
    turn_until(links, is_acknowledged);
    return bench_now() - start;
}

void bench_links_close(bench_links **pointer)
{
    bench_links *links = *pointer;
    for (size_t i = 0; i < BENCH_LINKS; i++)
        zmq_close(links->links[i].socket);
    zmq_ctx_term(links->zmq);
    free(links);
    *pointer = NULL;
}
