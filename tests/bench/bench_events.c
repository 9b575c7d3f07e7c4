/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_events.c: the workload: 16 partners' logs of unit and session facts, interleaved over the units, made
 * with the project's own encoder, cut in runs and sealed as a node does, and packed in frames.
 */
#include "bench.h"

#include "tandem/frame.h"
#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define FIRST_DAY 17257 /* 2017-04-01 */
#define DAYS 700
#define NOTE_FIELD 30 /* of a later schema: kept and passed on, and makes a session 255 bytes long */

/* A run being filled, then a frame. */
typedef struct maker {
    bench_log *log;
    tdm_digest head;
    tdm_buf bytes;
    uint16_t lengths[TDM_RUN_EVENTS_MAX];
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    uint32_t count;
    size_t frame_capacity;
    uint64_t session_bytes;
    tdm_frame frame; /* too big for a stack */
} maker;

static tdm_span keep(const void *data, size_t len)
{
    uint8_t *copy = malloc(len);
    if (copy == NULL)
        bench_die("workload", "out of memory");
    memcpy(copy, data, len);
    return (tdm_span){ copy, len };
}

static tdm_span bare_of(const maker *m)
{
    tdm_buf bare = { 0 };
    tdm_buf_add(&bare, &m->count, sizeof m->count);
    tdm_buf_add(&bare, m->lengths, m->count * sizeof m->lengths[0]);
    tdm_buf_add(&bare, m->bytes.data, m->bytes.len);
    if (bare.failed)
        bench_die("workload", "out of memory");
    return tdm_buf_span(&bare);
}

static tdm_span wire_of(maker *m, uint64_t first, uint64_t log_last)
{
    tdm_frame *frame = &m->frame;
    tdm_err err = { 0 };
    tdm_buf wire = { 0 };
    const bench_log *log = m->log;
    tdm_run run = { .first = first, .last = log->last };
    tdm_run_root(m->digests, m->count, &run.root);
    tdm_run_head(&m->head, &run.root, &run.head);
    m->head = run.head;
    memset(frame, 0, sizeof *frame);
    frame->kind = TDM_FRAME_EVENTS;
    frame->events.origin = log->origin;
    frame->events.incarnation = log->incarnation;
    frame->events.first = first;
    frame->events.run_count = 1;
    frame->events.lasts[0] = run.last;
    frame->events.packed = tdm_buf_span(&m->bytes);
    frame->events.has_seal = true;
    frame->events.sender_last = log_last;
    tdm_seal_sign(&log->seal, &log->origin, log->incarnation, run.last, &run.head, &frame->events.seal);
    bench_must(tdm_frame_encode(frame, &wire, &err), "frame", &err);
    return tdm_buf_span(&wire);
}

static void close_run(maker *m)
{
    bench_log *log = m->log;
    if (m->count == 0)
        return;
    if (log->frame_count == m->frame_capacity) {
        m->frame_capacity = m->frame_capacity == 0 ? 64 : m->frame_capacity * 2;
        log->frames = realloc(log->frames, m->frame_capacity * sizeof *log->frames);
        if (log->frames == NULL)
            bench_die("workload", "out of memory");
    }
    bench_frame *frame = &log->frames[log->frame_count++];
    frame->bare = bare_of(m);
    frame->bytes = keep(m->bytes.data, m->bytes.len);
    frame->events = m->count;
    frame->last = log->last;
    frame->wire = wire_of(m, log->last - m->count + 1, log->last);
    m->count = 0;
    tdm_buf_clear(&m->bytes);
}

static size_t state(maker *m, const tdm_record *record, const char *subject, uint64_t number)
{
    tdm_err err = { 0 };
    tdm_buf payload = { 0 };
    bench_must(tdm_record_encode(record, &payload, &err), "payload", &err);
    if (record->type->number == TDM_TYPE_SESSION) { /* the map's first byte tells its pairs: one more */
        static const char NOTE[] =
            "facilitated by two colleagues of the partner organisation; materials are ke"
            "pt by both and shared with all";
        payload.data[0]++;
        tdm_pack_uint(&payload, NOTE_FIELD);
        tdm_pack_str(&payload, tdm_span_text(NOTE));
    }
    tdm_event event = { .origin = m->log->origin,
                        .incarnation = m->log->incarnation,
                        .sequence = m->log->last + 1,
                        .type = record->type->number,
                        .author = TDM_AUTHOR_IS_LEAD_STAFF,
                        .subject = tdm_span_text(subject),
                        .event_ms = 1500000000000,
                        .recorded_ms = 1500000000000 };
    for (size_t i = 0; i < 2; i++) {
        uint64_t part = bench_mix(number * 2 + i);
        memcpy(event.fact.bytes + i * 8, &part, 8);
    }
    size_t before = m->bytes.len;
    bench_must(tdm_event_encode(&event, tdm_buf_span(&payload), &m->bytes, &err), "event", &err);
    size_t len = m->bytes.len - before;
    m->lengths[m->count] = (uint16_t)len;
    tdm_event_digest((tdm_span){ m->bytes.data + before, len }, &m->digests[m->count]);
    m->count++;
    m->log->last++;
    tdm_buf_free(&payload);
    if (m->count == TDM_RUN_EVENTS_MAX || m->bytes.len + 512 > TDM_RUN_BYTES_MAX)
        close_run(m);
    return len;
}

static void name_subject(char *out, size_t len, const bench_log *log, size_t unit)
{
    snprintf(out, len, "unit/%s/improving-leaders-cohort-%06zu", log->organisation, unit);
}

static void state_incarnation(maker *m)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
    state(m, &record, "log", 0);
}

static void state_unit(maker *m, size_t unit)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record record;
    name_subject(subject, sizeof subject, m->log, unit);
    tdm_record_init(&record, TDM_TYPE_UNIT);
    tdm_record_set_text(&record, TDM_UNIT_RECORDER, m->log->organisation);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, m->log->organisation);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, strrchr(subject, '/') + 1);
    tdm_record_set_number(&record, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, unit % 3 == 0 ? "improving leaders" : "coaching");
    tdm_record_set_text(&record, TDM_UNIT_TITLE, "Improving leaders: a cohort of the partner");
    tdm_record_set_number(&record, TDM_UNIT_START, FIRST_DAY + (int64_t)(bench_mix(unit) % DAYS));
    tdm_record_set_text(&record, TDM_UNIT_LOCALITY, unit % 2 == 0 ? "north" : "south");
    state(m, &record, subject, m->log->last + 1);
}

static void state_session(maker *m, size_t unit, size_t number)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record record;
    name_subject(subject, sizeof subject, m->log, unit);
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_text(&record, TDM_SESSION_RECORDER, m->log->organisation);
    tdm_record_set_number(&record, TDM_SESSION_DATE, FIRST_DAY + (int64_t)(bench_mix(number) % DAYS));
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + (int64_t)(number % 300));
    tdm_record_set_number(&record, TDM_SESSION_TYPE, TDM_SESSIONTYPE_IS_WORKSHOP);
    m->session_bytes += state(m, &record, subject, m->log->last + 1);
}

static void make_keys(bench_log *log, size_t index)
{
    char public_text[41];
    char secret_text[41];
    tdm_id_random(&log->origin);
    log->incarnation = 1 + bench_mix(index);
    tdm_seal_key_new(&log->seal);
    if (zmq_curve_keypair(public_text, secret_text) != 0)
        bench_die("keys", "this libzmq has no CURVE");
    zmq_z85_decode(log->link_public, public_text);
    zmq_z85_decode(log->link_secret, secret_text);
    snprintf(log->organisation, sizeof log->organisation, "RB%03u", (unsigned)index % 1000);
}

void bench_load_make(bench_load *load, size_t units, size_t sessions)
{
    uint64_t bytes = 0;
    memset(load, 0, sizeof *load);
    load->units = units / BENCH_LINKS * BENCH_LINKS;
    load->sessions = sessions / BENCH_LINKS * BENCH_LINKS;
    for (size_t l = 0; l < BENCH_LINKS; l++) {
        maker *m = calloc(1, sizeof *m);
        if (m == NULL)
            bench_die("workload", "out of memory");
        m->log = &load->logs[l];
        make_keys(m->log, l);
        state_incarnation(m);
        size_t own = load->units / BENCH_LINKS;
        for (size_t i = 0; i < own; i++)
            state_unit(m, i);
        close_run(m);
        m->log->unit_frames = m->log->frame_count;
        for (size_t i = 0; i < load->sessions / BENCH_LINKS; i++)
            state_session(m, own == 0 ? 0 : bench_mix(i * BENCH_LINKS + l) % own, i);
        close_run(m);
        bytes += m->session_bytes;
        tdm_buf_free(&m->bytes);
        free(m);
    }
    load->mean_bytes = load->sessions == 0 ? 0 : (double)bytes / (double)load->sessions;
}

size_t bench_log_until(const bench_log *log, size_t frames)
{
    size_t left = log->frame_count - log->unit_frames;
    return log->unit_frames + (frames < left ? frames : left);
}

size_t bench_load_events(const bench_load *load, size_t frames)
{
    size_t events = 0;
    for (size_t l = 0; l < BENCH_LINKS; l++)
        for (size_t i = load->logs[l].unit_frames; i < bench_log_until(&load->logs[l], frames); i++)
            events += load->logs[l].frames[i].events;
    return events;
}

void bench_load_free(bench_load *load)
{
    for (size_t l = 0; l < BENCH_LINKS; l++) {
        bench_log *log = &load->logs[l];
        for (size_t i = 0; i < log->frame_count; i++) {
            free((void *)log->frames[i].wire.data);
            free((void *)log->frames[i].bare.data);
            free((void *)log->frames[i].bytes.data);
        }
        free(log->frames);
    }
    memset(load, 0, sizeof *load);
}
