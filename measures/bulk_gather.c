/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_gather.c: the events of a ledger put aside in parts by subject, each half of it on a thread. One part
 * more takes those that tell something by themselves.
 */
#include "bulk_inner.h"
#include "frontier.h"

#include <stdlib.h>

enum {
    PART_BYTES = 8 << 20, /* of events; some five times that in memory while the part is at work */
    PARTS_MAX = 512,      /* each has up to 64 KiB for each half */
    SAMPLES = 32,         /* for each part */
    SCAN_STEP = 8192,
    TIDES_MAX = 8192 /* in memory */
};

/* ---- which parts ---- */

static tdm_code sample(tdm_bulk *b, size_t count, tdm_subjects *subjects, uint64_t *bytes, tdm_err *err)
{
    tdm_buf event_bytes = { 0 };
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_event event;
        tdm_buf_clear(&event_bytes);
        code = tdm_ledger_event_at(b->ledger, 1 + b->last * i / count, &event_bytes, err);
        if (code == TDM_OK)
            code = tdm_event_peek(tdm_buf_span(&event_bytes), &event, err);
        if (code == TDM_OK)
            tdm_subjects_add(subjects, tdm_arena_keep(&b->arena, event.subject));
        *bytes += event_bytes.len;
    }
    tdm_buf_free(&event_bytes);
    return code;
}

static int compare_spans(const void *a, const void *b)
{
    return tdm_span_compare(*(const tdm_span *)a, *(const tdm_span *)b);
}

/* The 8 bytes of a subject behind the prefix; they sort as the subjects do, but for what comes after them. */
static uint64_t key_behind(size_t prefix_len, tdm_span subject)
{
    uint64_t key = 0;
    for (size_t i = prefix_len; i < prefix_len + sizeof key; i++)
        key = key << 8 | (i < subject.len ? subject.data[i] : 0);
    return key;
}

static void key_bounds(tdm_bulk *b)
{
    const tdm_subjects *bounds = &b->bounds;
    b->bound_keys = tdm_memory_new((bounds->count + 1) * sizeof *b->bound_keys);
    if (bounds->count == 0)
        return;
    tdm_span first = bounds->items[0];
    tdm_span last = bounds->items[bounds->count - 1];
    while (b->prefix_len < first.len && b->prefix_len < last.len
           && first.data[b->prefix_len] == last.data[b->prefix_len])
        b->prefix_len++;
    for (size_t i = 0; i < bounds->count; i++)
        b->bound_keys[i] = key_behind(b->prefix_len, bounds->items[i]);
}

/* How many keys are less than this one. */
static size_t keys_below(const uint64_t *keys, size_t count, uint64_t key)
{
    size_t low = 0;
    while (count > 0) { /* without a branch that can not be foreseen */
        size_t half = count - count / 2;
        low += keys[low + half - 1] < key ? half : 0;
        count /= 2;
    }
    return low;
}

/* Of about the same size, by a sample of the ledger, and so many that each fits. */
tdm_code tdm_bulk_choose_parts(tdm_bulk *b, tdm_err *err)
{
    tdm_subjects subjects = { 0 };
    size_t wanted = b->options->part_bytes == 0 ? PART_BYTES : b->options->part_bytes;
    size_t count = b->last < (uint64_t)PARTS_MAX * SAMPLES ? (size_t)b->last : (size_t)PARTS_MAX * SAMPLES;
    uint64_t bytes = 0;
    tdm_code code = sample(b, count, &subjects, &bytes, err);
    double all = count == 0 ? 0 : (double)bytes / (double)count * (double)b->last;
    b->parts = 1 + (size_t)(all / (double)wanted);
    b->parts = b->parts > PARTS_MAX ? PARTS_MAX : b->parts;
    if (subjects.count > 1)
        qsort(subjects.items, subjects.count, sizeof *subjects.items, compare_spans);
    for (size_t i = 1; i < b->parts && code == TDM_OK; i++) {
        tdm_span bound = subjects.items[subjects.count * i / b->parts];
        if (b->bounds.count == 0 || tdm_span_compare(b->bounds.items[b->bounds.count - 1], bound) < 0)
            tdm_subjects_add(&b->bounds, bound);
    }
    b->parts = b->bounds.count + 1;
    tdm_subjects_free(&subjects);
    key_bounds(b);
    return code;
}

static size_t part_of(const tdm_bulk *b, tdm_span subject)
{
    size_t low = 0;
    size_t high = b->bounds.count;
    if (high > 0 && subject.len >= b->prefix_len
        && memcmp(subject.data, b->bounds.items[0].data, b->prefix_len) == 0) {
        uint64_t key = key_behind(b->prefix_len, subject);
        low = keys_below(b->bound_keys, high, key);
        for (high = low; high < b->bounds.count && b->bound_keys[high] == key;)
            high++;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tdm_span_compare(b->bounds.items[middle], subject) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- gather ---- */

static bool is_covered(const tdm_bulk *b, const tdm_event *event)
{
    const tdm_frontier *frontier = b->options->frontier;
    return frontier == NULL
           || tdm_frontier_covers(frontier, &event->origin, event->incarnation, event->sequence);
}

/* The dossier is made now, empty, and filed once all is gathered. */
static void note_registry(tdm_bulk *b, size_t part, const tdm_event *event)
{
    if (!tdm_fold_makes_registry(b->fold, event->type, &event->origin))
        return;
    tdm_shelf_make_resident(&b->fold->shelf, tdm_shelf_make(&b->fold->shelf, event->subject));
    b->with_registry[part] = true;
}

/* One half of the ledger on its way into its spool. The first tells how far both are. */
typedef struct half {
    tdm_bulk *b;
    tdm_asides *asides;
    uint64_t from;
    uint64_t to;
    bool tells;
    int64_t events; /* covered */
    int64_t unknown_types;
    uint64_t last_check;
    tdm_err err; /* its code, TDM_OK if all went well */
} half;

/* Few events tell anything by themselves beside their being there: they are noted in order, when both halves
 * are through. */
static bool is_notable(half *h, const tdm_event *event)
{
    return tdm_asides_hear(h->asides, event) || event->type == TDM_TYPE_INCARNATION
           || event->type == TDM_TYPE_TIDE
           || tdm_fold_makes_registry(h->b->fold, event->type, &event->origin);
}

static tdm_code gather_one(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    half *h = context;
    tdm_event event;
    if (entry->position > h->to)
        return TDM_END;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code == TDM_OK && h->tells)
        code = tdm_bulk_tell(h->b, HALVES, err);
    if (code != TDM_OK)
        return code;
    if (entry->position == h->b->last)
        h->last_check = tdm_bytes_check(0, (tdm_span){ NULL, 0 }, entry->bytes);
    if (!is_covered(h->b, &event))
        return TDM_OK;
    h->events++;
    h->unknown_types += tdm_fold_is_unknown(event.type);
    if (is_notable(h, &event))
        code = tdm_asides_add(h->asides, h->b->parts, entry->position, &event, err);
    if (code != TDM_OK || tdm_fold_is_tide(&event))
        return code;
    return tdm_asides_add(h->asides, part_of(h->b, event.subject), entry->position, &event, err);
}

static void *gather_half(void *context)
{
    half *h = context;
    uint64_t next = h->from;
    tdm_code code = TDM_OK;
    while (code == TDM_OK && next <= h->to && !atomic_load(&h->b->ended)) {
        uint64_t left = h->to - next + 1;
        uint64_t before = next;
        code = tdm_ledger_scan(h->b->ledger, next, left < SCAN_STEP ? (size_t)left : SCAN_STEP, gather_one, h,
                               &next, &h->err);
        code = code == TDM_END ? TDM_OK : code;
        if (code == TDM_OK && next == before)
            code = tdm_fail(&h->err, TDM_CORRUPT, 0,
                            "the ledger ends before its last position; verify the store");
    }
    h->err.code = code;
    if (code != TDM_OK)
        atomic_store(&h->b->ended, true); /* the other half, too */
    return NULL;
}

static void put_tides(void *context, tdm_kv_txn *txn)
{
    tdm_tides_save(context, txn);
}

static tdm_code save_tides(tdm_bulk *b, tdm_err *err)
{
    tdm_code code = tdm_bulk_commit(b->fold->shelf.kv, put_tides, b->fold, err);
    if (code == TDM_OK)
        tdm_tides_saved(b->fold);
    return code;
}

/* Incarnations, tides, the registry's subjects. */
static tdm_code note(void *context, const tdm_aside *aside, tdm_err *err)
{
    tdm_bulk *b = context;
    tdm_event event;
    tdm_aside_event(aside, &event);
    tdm_code code = tdm_fold_note(b->fold, &event, err);
    if (code == TDM_OK)
        note_registry(b, part_of(b, event.subject), &event);
    if (code == TDM_OK && b->fold->tides.count >= TIDES_MAX)
        code = save_tides(b, err);
    return code;
}

static tdm_code note_all(tdm_bulk *b, tdm_err *err)
{
    tdm_buf room = { 0 };
    tdm_code code = tdm_asides_each(b->asides, HALVES, b->parts, &room, note, b, err);
    tdm_buf_free(&room);
    return code;
}

tdm_code tdm_bulk_gather(tdm_bulk *b, tdm_err *err)
{
    half halves[HALVES] = { { .b = b, .asides = b->asides[0], .from = 1, .to = b->last / 2, .tells = true },
                            { .b = b, .asides = b->asides[1], .from = b->last / 2 + 1, .to = b->last } };
    pthread_t other;
    bool beside = pthread_create(&other, NULL, gather_half, &halves[1]) == 0;
    gather_half(&halves[0]);
    if (beside)
        pthread_join(other, NULL);
    else
        gather_half(&halves[1]);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < HALVES && code == TDM_OK; i++) {
        code = halves[i].err.code;
        if (code != TDM_OK && err != NULL)
            *err = halves[i].err;
    }
    if (code == TDM_OK)
        code = note_all(b, err);
    b->fold->events = halves[0].events + halves[1].events;
    b->fold->unknown_types = halves[0].unknown_types + halves[1].unknown_types;
    b->fold->last_check = halves[1].last_check;
    b->fold->position = b->last;
    return code;
}
