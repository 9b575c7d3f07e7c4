/* SPDX-License-Identifier: MPL-2.0
 *
 * admin_log.c: a hub's store as a hub would have it: 16 partners state units, their sessions over the months
 * after, and who took part with whom; each log in runs as a spreadsheet's import closes them, one in 32 short
 * as single records are, every run sealed. Ten events a unit.
 */
#include "admin_bench.h"

#include "tandem/ledger.h"
#include "tandem/pack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGS 16
#define FIRST_DAY 17257 /* 2017-04-01 */
#define FIRST_MS 1491004800000
#define DAYS 700
#define SESSIONS 8    /* of a unit */
#define RECENT 4096   /* units of a log that still have sessions */
#define SHORT_EACH 32 /* runs */
#define MAP_BYTES ((size_t)64 << 30)

typedef struct partner {
    bench_key key;
    tdm_seal_key seal;
    uint64_t incarnation;
    char organisation[8];
    tdm_digest head;
    uint64_t last; /* sequence */
    uint64_t unit; /* that it is at */
    unsigned step; /* what it states of that unit next */
} partner;

typedef struct maker {
    partner partners[LOGS];
    tdm_ledger *ledger;
    tdm_ledger_txn *txn;
    tdm_buf bytes; /* the run being made */
    size_t ends[TDM_RUN_EVENTS_MAX];
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    size_t count;
    uint64_t dice;
    int64_t now_ms;
    admin_log *out;
} maker;

static uint64_t roll(maker *m, uint64_t below)
{
    return bench_mix(m->dice++) % below;
}

/* ---- events */

static void state(maker *m, partner *p, const tdm_record *record, const char *subject)
{
    tdm_err err = { 0 };
    tdm_buf payload = { 0 };
    bench_must(tdm_record_encode(record, &payload, &err), "payload", &err);
    tdm_event event = { .origin = p->key.origin,
                        .incarnation = p->incarnation,
                        .sequence = ++p->last,
                        .type = record->type->number,
                        .author = TDM_AUTHOR_IS_LEAD_STAFF,
                        .subject = tdm_span_text(subject),
                        .event_ms = m->now_ms,
                        .recorded_ms = m->now_ms };
    for (size_t i = 0; i < 2; i++) {
        uint64_t part = bench_mix(++m->dice);
        memcpy(event.fact.bytes + i * 8, &part, 8);
    }
    size_t before = m->bytes.len;
    bench_must(tdm_event_encode(&event, tdm_buf_span(&payload), &m->bytes, &err), "event", &err);
    tdm_event_digest((tdm_span){ m->bytes.data + before, m->bytes.len - before }, &m->digests[m->count]);
    m->ends[m->count++] = m->bytes.len;
    m->now_ms++;
    tdm_buf_free(&payload);
}

static void name_subject(char out[TDM_SUBJECT_MAX], const partner *lead, uint64_t unit)
{
    snprintf(out, TDM_SUBJECT_MAX, "unit/%s/leaders-cohort-%07llu", lead->organisation,
             (unsigned long long)unit);
}

static void state_unit(maker *m, partner *p, uint64_t unit)
{
    static const char *const PROGRAMMES[] = { "improving leaders", "coaching", "wellbeing", "improvement" };
    static const char *const LOCALITIES[] = { "north", "south", "east", "west", "centre" };
    char subject[TDM_SUBJECT_MAX];
    tdm_record record;
    name_subject(subject, p, unit);
    tdm_record_init(&record, TDM_TYPE_UNIT);
    tdm_record_set_text(&record, TDM_UNIT_RECORDER, p->organisation);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, p->organisation);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, strrchr(subject, '/') + 1);
    tdm_record_set_number(&record, TDM_UNIT_KIND, 1 + (int64_t)roll(m, 3));
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, PROGRAMMES[roll(m, 4)]);
    tdm_record_set_text(&record, TDM_UNIT_TITLE, "Improving leaders: a cohort");
    tdm_record_set_number(&record, TDM_UNIT_START, FIRST_DAY + (int64_t)roll(m, DAYS));
    tdm_record_set_text(&record, TDM_UNIT_LOCALITY, LOCALITIES[roll(m, 5)]);
    state(m, p, &record, subject);
}

static void state_session(maker *m, partner *p, uint64_t unit)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record record;
    name_subject(subject, p, unit);
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_text(&record, TDM_SESSION_RECORDER, p->organisation);
    tdm_record_set_number(&record, TDM_SESSION_DATE, FIRST_DAY + (int64_t)roll(m, DAYS));
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + (int64_t)roll(m, 300));
    tdm_record_set_number(&record, TDM_SESSION_TYPE, TDM_SESSIONTYPE_IS_WORKSHOP);
    state(m, p, &record, subject);
}

static void state_link(maker *m, partner *by, const partner *lead, const partner *named, uint64_t unit)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record record;
    name_subject(subject, lead, unit);
    tdm_record_init(&record, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_RECORDER, by->organisation);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, named->organisation);
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, 1 + (int64_t)(unit % 3));
    state(m, by, &record, subject);
}

/* Three units of five are joint with the next partner, which states it too of two in three of those. */
static bool is_joint(size_t lead, uint64_t unit)
{
    return bench_mix(unit * LOGS + lead) % 5 < 3;
}

/* The next thing a partner has to state. */
static void state_next(maker *m, size_t index)
{
    partner *p = &m->partners[index];
    size_t before = (index + LOGS - 1) % LOGS;
    unsigned step = p->step++;
    uint64_t oldest = p->unit < RECENT ? 0 : p->unit - RECENT;
    if (step == 0) {
        state_unit(m, p, p->unit);
        m->out->units++;
    } else if (step <= SESSIONS / 2) {
        state_session(m, p, p->unit);
    } else if (step <= SESSIONS) {
        state_session(m, p, oldest + roll(m, p->unit - oldest + 1));
    } else if (step == SESSIONS + 1) {
        if (is_joint(index, p->unit))
            state_link(m, p, p, &m->partners[(index + 1) % LOGS], p->unit);
    } else {
        if (is_joint(before, p->unit) && p->unit % 3 != 0)
            state_link(m, p, &m->partners[before], p, p->unit);
        p->unit++;
        p->step = 0;
    }
}

/* ---- runs */

static void close_run(maker *m, partner *p, uint64_t first)
{
    tdm_err err = { 0 };
    tdm_span events[TDM_RUN_EVENTS_MAX];
    tdm_run run = { .first = first, .last = p->last };
    tdm_seal seal;
    for (size_t i = 0, start = 0; i < m->count; start = m->ends[i++])
        events[i] = (tdm_span){ m->bytes.data + start, m->ends[i] - start };
    tdm_run_root(m->digests, m->count, &run.root);
    tdm_run_head(&p->head, &run.root, &run.head);
    p->head = run.head;
    tdm_seal_sign(&p->seal, &p->key.origin, p->incarnation, run.last, &run.head, &seal);
    bench_must(tdm_ledger_append_run(m->txn, &p->key.origin, p->incarnation, &run, events, m->now_ms, &err),
               "a run", &err);
    bench_must(tdm_ledger_put_seal(m->txn, &p->key.origin, p->incarnation, &seal, &err), "a seal", &err);
    m->out->runs++;
    m->out->events += m->count;
    m->out->bytes += m->bytes.len;
    m->count = 0;
    tdm_buf_clear(&m->bytes);
}

static void make_run(maker *m, size_t index)
{
    partner *p = &m->partners[index];
    uint64_t first = p->last + 1;
    size_t most = roll(m, SHORT_EACH) == 0 ? 1 + roll(m, 8) : TDM_RUN_EVENTS_MAX;
    if (p->last == 0) {
        tdm_record record;
        tdm_record_init(&record, TDM_TYPE_INCARNATION);
        tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
        state(m, p, &record, "log");
    }
    while (m->count < most && m->bytes.len + 512 < TDM_RUN_BYTES_MAX)
        state_next(m, index);
    close_run(m, p, first);
}

/* ---- the store */

static void make_keys(maker *m)
{
    for (size_t i = 0; i < LOGS; i++) {
        partner *p = &m->partners[i];
        tdm_id_random(&p->key.origin);
        p->incarnation = 1 + bench_mix(i);
        tdm_seal_key_new(&p->seal);
        memcpy(p->key.seal, p->seal.public_key, sizeof p->key.seal);
        randombytes_buf(p->key.link, sizeof p->key.link);
        snprintf(p->organisation, sizeof p->organisation, "RB%03u", (unsigned)i); /* as bench_hub.c has it */
    }
}

static void prepare_hub(maker *m, const char *folder)
{
    bench_hub hub;
    bench_key keys[LOGS];
    for (size_t i = 0; i < LOGS; i++)
        keys[i] = m->partners[i].key;
    bench_hub_prepare(&hub, "", folder, keys, LOGS);
    m->out->events = hub.facts;
}

static void open_ledger(maker *m, const char *folder)
{
    tdm_err err = { 0 };
    bench_must(tdm_ledger_open_folder(&m->ledger, folder, TDM_KV_READ_WRITE, MAP_BYTES, &err), "the store",
               &err);
}

void admin_log_make(const char *folder, uint64_t events, admin_log *out)
{
    tdm_err err = { 0 };
    maker *m = calloc(1, sizeof *m);
    *out = (admin_log){ 0 };
    if (m == NULL || sodium_init() < 0)
        bench_die("workload", "out of memory");
    m->out = out;
    m->dice = 20170401;
    m->now_ms = FIRST_MS;
    make_keys(m);
    prepare_hub(m, folder);
    open_ledger(m, folder);
    while (out->events < events) {
        bench_must(tdm_ledger_begin(m->ledger, &m->txn, &err), "the store", &err);
        for (size_t i = 0; i < LOGS && out->events < events; i++)
            make_run(m, i);
        bench_must(tdm_ledger_commit(&m->txn, &err), "the store", &err);
    }
    tdm_ledger_close(&m->ledger);
    tdm_buf_free(&m->bytes);
    free(m);
}
