/* SPDX-License-Identifier: MPL-2.0
 *
 * difference.c: the other's own events as a sorted list of digests of what they say; each that local says,
 * too, is used up once.
 */
#include "difference.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_AT_ONCE = 4096 };

typedef struct saying {
    uint8_t digest[16];
    bool used;
} saying;

typedef struct difference {
    tdm_ledger *scanned;
    tdm_ledger *beside;
    const tdm_id *origin;
    saying *sayings;
    size_t count;
    size_t capacity;
    tdm_buf found;
    tdm_difference_visit *visit;
    void *context;
    tdm_difference_counts *counts;
} difference;

/* What an event says, apart from where it stands in the log and when it was written there. */
static void digest_of(const tdm_event *event, uint8_t out[16])
{
    crypto_generichash_state state;
    const uint32_t numbers[] = { event->type, event->author, (uint32_t)event->subject.len };
    crypto_generichash_init(&state, NULL, 0, 16);
    crypto_generichash_update(&state, (const uint8_t *)numbers, sizeof numbers);
    crypto_generichash_update(&state, event->subject.data, event->subject.len);
    crypto_generichash_update(&state, event->fact.bytes, TDM_ID_BYTES);
    crypto_generichash_update(&state, event->payload.data, event->payload.len);
    crypto_generichash_final(&state, out, 16);
}

/* The same bytes stand there under the same sequence. */
static bool is_common(difference *d, const tdm_event *event)
{
    uint64_t position = 0;
    tdm_buf_clear(&d->found);
    return tdm_ledger_event_find(d->beside, d->origin, event->incarnation, event->sequence, &position, NULL)
               == TDM_OK
           && tdm_ledger_event_at(d->beside, position, &d->found, NULL) == TDM_OK
           && tdm_span_equal(tdm_buf_span(&d->found), event->bytes);
}

typedef tdm_code difference_take(difference *d, const tdm_event *event, tdm_err *err);

typedef struct scan {
    difference *d;
    difference_take *take;
} scan;

static tdm_code look(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    const scan *s = context;
    tdm_event event;
    if (entry->notice)
        return TDM_OK;
    tdm_code code = tdm_event_decode(entry->bytes, &event, err);
    if (code != TDM_OK || !tdm_id_equal(&event.origin, s->d->origin) || event.type == TDM_TYPE_INCARNATION)
        return code;
    if (is_common(s->d, &event)) {
        s->d->counts->common++;
        return TDM_OK;
    }
    return s->take(s->d, &event, err);
}

static tdm_code scan_all(difference *d, difference_take *take, tdm_err *err)
{
    scan s = { d, take };
    uint64_t last = 0;
    uint64_t next = 1;
    tdm_code code = tdm_ledger_last_position(d->scanned, &last, err);
    while (code == TDM_OK && next <= last)
        code = tdm_ledger_scan(d->scanned, next, SCAN_AT_ONCE, look, &s, &next, err);
    return code;
}

static tdm_code add_saying(difference *d, const tdm_event *event, tdm_err *err)
{
    if (d->count == d->capacity) {
        size_t capacity = d->capacity == 0 ? 256 : d->capacity * 2;
        saying *sayings = realloc(d->sayings, capacity * sizeof *sayings);
        if (sayings == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory to compare %zu events", capacity);
        d->sayings = sayings;
        d->capacity = capacity;
    }
    saying *added = &d->sayings[d->count++];
    added->used = false;
    digest_of(event, added->digest);
    d->counts->theirs++;
    return TDM_OK;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(((const saying *)a)->digest, ((const saying *)b)->digest, 16);
}

/* One that is there and not used up: the equal ones stand side by side. */
static bool use(difference *d, const saying *wanted)
{
    if (d->count == 0)
        return false;
    saying *found = bsearch(wanted, d->sayings, d->count, sizeof *d->sayings, by_digest);
    if (found == NULL)
        return false;
    while (found > d->sayings && by_digest(found - 1, wanted) == 0)
        found--;
    while (found < d->sayings + d->count && by_digest(found, wanted) == 0 && found->used)
        found++;
    if (found == d->sayings + d->count || by_digest(found, wanted) != 0)
        return false;
    found->used = true;
    return true;
}

static tdm_code take_missing(difference *d, const tdm_event *event, tdm_err *err)
{
    saying wanted = { .used = false };
    digest_of(event, wanted.digest);
    if (use(d, &wanted)) {
        d->counts->said_twice++;
        return TDM_OK;
    }
    d->counts->missing++;
    return d->visit == NULL ? TDM_OK : d->visit(d->context, event, err);
}

tdm_code tdm_difference_each(tdm_ledger *local, tdm_ledger *other, const tdm_id *origin,
                             tdm_difference_visit *visit, void *context, tdm_difference_counts *out,
                             tdm_err *err)
{
    difference d = {
        .scanned = other, .beside = local, .origin = origin, .visit = visit, .context = context, .counts = out
    };
    *out = (tdm_difference_counts){ 0 };
    tdm_code code = scan_all(&d, add_saying, err);
    out->common = 0;
    if (d.count > 1)
        qsort(d.sayings, d.count, sizeof *d.sayings, by_digest);
    d.scanned = local;
    d.beside = other;
    if (code == TDM_OK)
        code = scan_all(&d, take_missing, err);
    free(d.sayings);
    tdm_buf_free(&d.found);
    return code;
}
