/* SPDX-License-Identifier: MPL-2.0
 *
 * link.c: fuzz entry: frames into a machine that is alive. The first byte chooses the role (bit 0: hub) and
 * whether it enrols (bit 1); then follow frames, each behind its length in two bytes, big-endian. Every key
 * may seal here, so what a frame says of itself is believed as far as it can be.
 *
 * Held against it: it never goes astray; nothing is acknowledged that was not kept; its deadline is real.
 */
#include "entry.h"
#include "tandem/link.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX 128

typedef struct driver {
    tdm_link *link;
    tdm_log_tip tip; /* of the one log that is kept, whatever its name */
    uint64_t kept[TOKENS_MAX];
    tdm_log_tip then[TOKENS_MAX];
    size_t kept_count;
    uint64_t notices[TOKENS_MAX];
    uint64_t numbers[TOKENS_MAX];
    size_t notice_count;
    uint64_t cursor;
    uint64_t enrol;
    tdm_frame *sent;
} driver;

static void port_send(void *context, tdm_span bytes)
{
    driver *d = context;
    TDM_ASSERT(bytes.len <= TDM_FRAME_MAX);
    TDM_ASSERT(tdm_frame_decode(bytes, d->sent, NULL) == TDM_OK);
    if (d->sent->kind == TDM_FRAME_ACK)
        TDM_ASSERT(d->sent->ack.up_to <= d->tip.last);
    if (d->sent->kind == TDM_FRAME_NOTICE_ACK)
        TDM_ASSERT(d->sent->notice_ack.up_to <= d->cursor);
}

static void port_note(void *context, const char *word, const char *text)
{
    (void)context;
    TDM_ASSERT(word[0] != '\0' && strlen(text) < 400);
}

static bool is_kept(const driver *d, const tdm_id *origin, uint64_t incarnation)
{
    return d->tip.last > 0 && d->tip.incarnation == incarnation && tdm_id_equal(&d->tip.origin, origin);
}

static tdm_code port_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    const driver *d = context;
    if (!is_kept(d, origin, incarnation))
        return TDM_NOT_FOUND;
    *out = d->tip;
    return TDM_OK;
}

static tdm_code port_head_at(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                             tdm_digest *out)
{
    const driver *d = context;
    if (!is_kept(d, origin, incarnation) || d->tip.last != last)
        return TDM_NOT_FOUND;
    *out = d->tip.head;
    return TDM_OK;
}

static size_t port_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max)
{
    const driver *d = context;
    if (max == 0 || !is_kept(d, origin, d->tip.incarnation))
        return 0;
    out[0] = d->tip.incarnation;
    return 1;
}

static tdm_code port_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                          size_t max_bytes, size_t max_runs, tdm_log_batch *out)
{
    (void)context, (void)origin, (void)incarnation, (void)from, (void)max_bytes, (void)max_runs, (void)out;
    return TDM_END;
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    driver *d = context;
    if (d->kept_count == TOKENS_MAX)
        return TDM_BUSY;
    const tdm_run *last = &batch->runs[batch->run_count - 1];
    TDM_ASSERT(batch->event_count == last->last - batch->runs[0].first + 1 && batch->has_seal);
    d->kept[d->kept_count] = token;
    d->then[d->kept_count++] = (tdm_log_tip){ batch->origin, batch->incarnation, last->last, last->head };
    return TDM_OK;
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    (void)context, (void)origin, (void)key, (void)last;
    return true;
}

static void port_set_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    (void)context, (void)origin, (void)reason, (void)bytes;
}

static tdm_code port_feed_next(void *context, const tdm_id *recipient, uint64_t after, uint64_t *number,
                               tdm_span *event, tdm_proof *proof)
{
    (void)context, (void)recipient, (void)after, (void)number, (void)event, (void)proof;
    return TDM_BUSY;
}

static uint64_t port_feed_last(void *context, const tdm_id *recipient)
{
    (void)context, (void)recipient;
    return 5;
}

static void port_feed_acked(void *context, const tdm_id *recipient, uint64_t up_to)
{
    (void)context, (void)recipient;
    TDM_ASSERT(up_to <= 5);
}

static tdm_code port_enrol(void *context, const tdm_frame *enrol, uint64_t token)
{
    (void)enrol;
    ((driver *)context)->enrol = token;
    return TDM_OK;
}

static tdm_code port_keep_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    driver *d = context;
    if (d->notice_count == TOKENS_MAX)
        return TDM_BUSY;
    d->notices[d->notice_count] = token;
    d->numbers[d->notice_count++] = batch->numbers[batch->count - 1];
    return TDM_OK;
}

static void port_feed_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    const driver *d = context;
    *has_epoch = d->cursor > 0;
    memset(epoch, 0, sizeof *epoch);
    *number = d->cursor;
}

static void port_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    (void)context, (void)hub, (void)organisations;
    TDM_ASSERT(count <= TDM_FRAME_CODES_MAX);
}

static const tdm_link_ports PORTS = {
    .send = port_send,
    .note = port_note,
    .tip = port_tip,
    .head_at = port_head_at,
    .incarnations = port_incarnations,
    .runs = port_runs,
    .keep = port_keep,
    .may_seal = port_may_seal,
    .set_aside = port_set_aside,
    .feed_next = port_feed_next,
    .feed_last = port_feed_last,
    .feed_acked = port_feed_acked,
    .enrol = port_enrol,
    .keep_notices = port_keep_notices,
    .feed_cursor = port_feed_cursor,
    .enrolled = port_enrolled,
};

static void open_machine(driver *d, uint8_t how)
{
    tdm_link_options options = { .role = how & 1 ? TDM_LINK_HUB : TDM_LINK_NODE,
                                 .own_incarnation = 1,
                                 .enrolling = how & 2,
                                 .window_events = 16,
                                 .window_notices = 4,
                                 .hello_timeout_ms = 10,
                                 .ack_timeout_ms = 10,
                                 .retry_min_ms = 1,
                                 .retry_max_ms = 10 };
    memset(options.own_origin.bytes, 1, TDM_ID_BYTES);
    options.has_peer = how & 1;
    tdm_link_ports ports = PORTS;
    ports.context = d;
    TDM_ASSERT(tdm_link_new(&d->link, &options, &ports, NULL) == TDM_OK);
    tdm_link_connected(d->link, 0);
}

/* The writer does what it was asked, oldest first. */
static void work(driver *d, int64_t now_ms)
{
    for (size_t i = 0; i < d->kept_count; i++) {
        d->tip = d->then[i];
        tdm_link_kept(d->link, d->kept[i], TDM_OK, &d->tip.head, now_ms);
    }
    d->kept_count = 0;
    for (size_t i = 0; i < d->notice_count; i++) {
        if (d->numbers[i] > d->cursor)
            d->cursor = d->numbers[i];
        tdm_link_notices_kept(d->link, d->notices[i], TDM_OK, now_ms);
    }
    d->notice_count = 0;
    if (d->enrol != 0)
        tdm_link_enrolled(d->link, d->enrol, TDM_OK, NULL, 0, NULL, now_ms);
    d->enrol = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    driver *d = calloc(1, sizeof *d);
    TDM_ASSERT(d != NULL);
    d->sent = malloc(sizeof *d->sent);
    TDM_ASSERT(d->sent != NULL);
    open_machine(d, data[0]);
    int64_t now_ms = 0;
    for (size_t at = 1; at + 2 <= len;) {
        size_t size = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        size = size < len - at ? size : len - at;
        tdm_link_frame(d->link, (tdm_span){ data + at, size }, now_ms);
        if (size % 2 == 0)
            work(d, now_ms);
        tdm_link_tick(d->link, ++now_ms);
        at += size;
    }
    work(d, now_ms);
    tdm_link_destroy(&d->link);
    free(d->sent);
    free(d);
    return 0;
}
