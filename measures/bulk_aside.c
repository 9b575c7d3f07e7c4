/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_aside.c: an event among those of its part is
 *     log, position, type, sequence, time, fact 16, length of the subject, subject, length of the payload,
 *     payload
 * all numbers varints: the log is its number among those heard, the time zigzag.
 */
#include "bulk_aside.h"

#include <stdlib.h>

#include "bytes.h"
#include "numbers.h"
#include "spool.h"

struct tdm_asides {
    tdm_spool *spool;
    tdm_numbers logs; /* heard */
    tdm_buf record;   /* being made */
    size_t counts[];  /* by part */
};

tdm_code tdm_asides_open(tdm_asides **out, const char *folder, size_t parts, tdm_err *err)
{
    tdm_spool *spool = NULL;
    *out = NULL;
    tdm_code code = tdm_spool_open(&spool, folder, parts, err);
    if (code != TDM_OK)
        return code;
    tdm_asides *asides = tdm_memory_new(sizeof *asides + parts * sizeof asides->counts[0]);
    asides->spool = spool;
    tdm_numbers_init(&asides->logs);
    *out = asides;
    return TDM_OK;
}

void tdm_asides_close(tdm_asides **handle)
{
    tdm_asides *asides = *handle;
    if (asides == NULL)
        return;
    *handle = NULL;
    tdm_numbers_free(&asides->logs);
    tdm_buf_free(&asides->record);
    tdm_spool_close(&asides->spool);
    free(asides);
}

/* Events come in runs: most are of the log that was heard last. */
static uint32_t log_of(tdm_asides *asides, const tdm_event *event)
{
    const tdm_aside_log log = { event->origin, event->incarnation };
    return tdm_numbers_meet(&asides->logs, (tdm_span){ (const uint8_t *)&log, sizeof log })->number;
}

bool tdm_asides_hear(tdm_asides *asides, const tdm_event *event)
{
    size_t heard = tdm_numbers_count(&asides->logs);
    log_of(asides, event);
    return tdm_numbers_count(&asides->logs) > heard;
}

static void put_span(tdm_buf *out, tdm_span span)
{
    tdm_varint_put(out, span.len);
    tdm_buf_add(out, span.data, span.len);
}

tdm_code tdm_asides_add(tdm_asides *asides, size_t part, uint64_t position, const tdm_event *event,
                        tdm_err *err)
{
    tdm_buf *record = &asides->record;
    uint8_t head[5 * TDM_VARINT_MAX + TDM_ID_BYTES];
    uint8_t *at = head;
    at = tdm_varint_write(at, log_of(asides, event));
    at = tdm_varint_write(at, position);
    at = tdm_varint_write(at, event->type);
    at = tdm_varint_write(at, event->sequence);
    at = tdm_varint_write(at, tdm_zigzag(event->recorded_ms));
    memcpy(at, event->fact.bytes, TDM_ID_BYTES);
    tdm_buf_clear(record);
    tdm_buf_add(record, head, (size_t)(at - head) + TDM_ID_BYTES);
    put_span(record, event->subject);
    put_span(record, event->payload);
    TDM_ASSERT(!record->failed);
    asides->counts[part]++;
    return tdm_spool_add(asides->spool, part, tdm_buf_span(record), err);
}

size_t tdm_asides_count(const tdm_asides *asides, size_t part)
{
    return asides->counts[part];
}

size_t tdm_asides_bytes(const tdm_asides *asides, size_t part)
{
    return tdm_spool_bytes(asides->spool, part);
}

void tdm_aside_event(const tdm_aside *aside, tdm_event *out)
{
    *out = (tdm_event){ .origin = aside->log->origin,
                        .incarnation = aside->log->incarnation,
                        .sequence = aside->sequence,
                        .type = aside->type,
                        .subject = aside->subject,
                        .recorded_ms = aside->recorded_ms,
                        .payload = aside->payload };
    memcpy(out->fact.bytes, aside->fact, TDM_ID_BYTES);
}

static tdm_span take(const uint8_t **at, const uint8_t *end, uint64_t len)
{
    if (*at == NULL || len > (uint64_t)(end - *at)) {
        *at = NULL;
        return (tdm_span){ NULL, 0 };
    }
    tdm_span taken = { *at, (size_t)len };
    *at += len;
    return taken;
}

/* *at becomes NULL if the bytes are none that were put aside. */
static void read_one(const tdm_asides *asides, const uint8_t **at, const uint8_t *end, tdm_aside *out)
{
    out->bytes = *at;
    uint64_t log = tdm_varint_get(at, end);
    out->position = tdm_varint_get(at, end);
    out->type = (uint32_t)tdm_varint_get(at, end);
    out->sequence = tdm_varint_get(at, end);
    out->recorded_ms = tdm_varint_get_signed(at, end);
    out->fact = take(at, end, TDM_ID_BYTES).data;
    out->subject = take(at, end, tdm_varint_get(at, end));
    out->payload = take(at, end, tdm_varint_get(at, end));
    if (log >= tdm_numbers_count(&asides->logs))
        *at = NULL;
    else
        out->log = (const tdm_aside_log *)asides->logs.by_number[log]->key;
}

void tdm_asides_again(const tdm_asides *asides, tdm_span from, tdm_aside *out)
{
    read_one(asides, &from.data, from.data + from.len, out);
}

static tdm_code visit_all(const tdm_asides *asides, tdm_span bytes, tdm_aside_visit *visit, void *context,
                          tdm_err *err)
{
    const uint8_t *at = bytes.data;
    const uint8_t *end = bytes.data + bytes.len;
    tdm_code code = TDM_OK;
    while (code == TDM_OK && at < end) {
        tdm_aside aside;
        read_one(asides, &at, end, &aside);
        code = at != NULL ? visit(context, &aside, err)
                          : tdm_fail(err, TDM_CORRUPT, 0, "events that were put aside have changed");
    }
    return code;
}

tdm_code tdm_asides_each(tdm_asides *const *all, size_t count, size_t part, tdm_buf *room,
                         tdm_aside_visit *visit, void *context, tdm_err *err)
{
    tdm_code code = TDM_OK;
    size_t begins = room->len;
    size_t need = room->len;
    for (size_t i = 0; i < count; i++)
        need += tdm_asides_bytes(all[i], part);
    room->data = tdm_memory_grow(room->data, &room->capacity, need, 1);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = tdm_spool_read(all[i]->spool, part, room, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        size_t len = tdm_asides_bytes(all[i], part);
        if (len > 0)
            code = visit_all(all[i], (tdm_span){ room->data + begins, len }, visit, context, err);
        begins += len;
    }
    return code;
}
