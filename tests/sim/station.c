/* SPDX-License-Identifier: MPL-2.0
 *
 * station.c: a daemon's logic over the memory store.
 */
#include "station.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    fprintf(stderr, "station: %s: %s\n", tdm_code_word(code), err == NULL ? "" : err->what);
    abort();
}

static void *must_have(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- the store */

static void open_ledger(station *s)
{
    tdm_err err = { 0 };
    tdm_kv *kv = NULL;
    must(tdm_kv_open_memory(&kv, TDM_LEDGER_TABLE_COUNT, &err), &err);
    must(tdm_ledger_open(&s->ledger, &kv, &err), &err);
}

uint64_t station_tip(const station *s, const tdm_id *origin, uint64_t incarnation, tdm_digest *head)
{
    tdm_tip tip = { 0 };
    tdm_code code = tdm_ledger_tip(s->ledger, origin, incarnation, &tip, NULL);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        must(code, NULL);
    if (head != NULL)
        *head = tip.head;
    return tip.last;
}

/* ---- keys: what the hub's log states, as far as it is held here */

static void learn_key(station *s, const tdm_event *event)
{
    if (event->type != STATION_TYPE_KEY || !tdm_id_equal(&event->origin, &s->hub)
        || s->key_count == STATION_ORIGINS_MAX)
        return;
    known_key *known = &s->keys[s->key_count++];
    tdm_cursor in = tdm_cursor_over(event->payload);
    tdm_cursor_map(&in);
    tdm_cursor_uint(&in);
    tdm_cursor_fixed(&in, known->origin.bytes, TDM_ID_BYTES);
    tdm_cursor_uint(&in);
    tdm_cursor_fixed(&in, known->key, sizeof known->key);
}

static tdm_code learn_entry(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code == TDM_OK)
        learn_key(context, &event);
    return code;
}

static void learn_all(station *s)
{
    uint64_t next = 1;
    s->key_count = 0;
    must(tdm_ledger_scan(s->ledger, 1, SIZE_MAX, learn_entry, s, &next, NULL), NULL);
}

/* ---- own log */

static void make_event(const station *s, uint64_t sequence, uint32_t type, tdm_span payload, tdm_buf *out)
{
    tdm_event event = { .origin = s->origin,
                        .incarnation = s->incarnation,
                        .sequence = sequence,
                        .type = type,
                        .author = 1,
                        .subject = TDM_SPAN_LITERAL("log"),
                        .event_ms = 1500000000000,
                        .recorded_ms = 1500000000000 };
    memcpy(event.fact.bytes, &sequence, sizeof sequence);
    tdm_err err = { 0 };
    must(tdm_event_encode(&event, payload, out, &err), &err);
}

static void append_run(station *s, const tdm_buf *events, size_t count)
{
    tdm_err err = { 0 };
    tdm_digest *digests = must_have(calloc(count, sizeof *digests));
    tdm_span *spans = must_have(calloc(count, sizeof *spans));
    for (size_t i = 0; i < count; i++) {
        spans[i] = tdm_buf_span(&events[i]);
        tdm_event_digest(spans[i], &digests[i]);
    }
    tdm_run run;
    tdm_digest head;
    run.first = station_tip(s, &s->origin, s->incarnation, &head) + 1;
    run.last = run.first + count - 1;
    tdm_run_root(digests, count, &run.root);
    tdm_run_head(&head, &run.root, &run.head);
    tdm_ledger_txn *txn = NULL;
    must(tdm_ledger_begin(s->ledger, &txn, &err), &err);
    must(tdm_ledger_append_run(txn, &s->origin, s->incarnation, &run, spans, 0, &err), &err);
    must(tdm_ledger_commit(&txn, &err), &err);
    s->counted += count;
    free(digests);
    free(spans);
}

void station_append(station *s, size_t count, uint64_t number)
{
    tdm_buf *events = must_have(calloc(count, sizeof *events));
    uint64_t first = station_tip(s, &s->origin, s->incarnation, NULL) + 1;
    for (size_t i = 0; i < count; i++) {
        tdm_buf payload = { 0 };
        tdm_pack_map(&payload, 1);
        tdm_pack_uint(&payload, 1);
        tdm_pack_uint(&payload, number);
        make_event(s, first + i, STATION_TYPE_FACT, tdm_buf_span(&payload), &events[i]);
        tdm_buf_free(&payload);
    }
    append_run(s, events, count);
    for (size_t i = 0; i < count; i++)
        tdm_buf_free(&events[i]);
    free(events);
}

void station_admit(station *hub, const station *node)
{
    tdm_buf payload = { 0 };
    tdm_buf event = { 0 };
    tdm_pack_map(&payload, 2);
    tdm_pack_uint(&payload, 1);
    tdm_pack_bin(&payload, node->origin.bytes, TDM_ID_BYTES);
    tdm_pack_uint(&payload, 2);
    tdm_pack_bin(&payload, node->seal_key.public_key, 32);
    make_event(hub, station_tip(hub, &hub->origin, hub->incarnation, NULL) + 1, STATION_TYPE_KEY,
               tdm_buf_span(&payload), &event);
    append_run(hub, &event, 1);
    learn_all(hub);
    tdm_buf_free(&payload);
    tdm_buf_free(&event);
}

/* Every log begins with the statement that a store was made. */
static void append_beginning(station *s)
{
    tdm_record record;
    tdm_buf payload = { 0 };
    tdm_buf event = { 0 };
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
    must(tdm_record_encode(&record, &payload, NULL), NULL);
    make_event(s, 1, TDM_TYPE_INCARNATION, tdm_buf_span(&payload), &event);
    append_run(s, &event, 1);
    tdm_buf_free(&payload);
    tdm_buf_free(&event);
}

/* ---- ports: logs */

static void port_send(void *context, tdm_span frame)
{
    station_end *end = context;
    end->owner->send(end->owner->send_context, end->owner, end->slot, frame);
}

static void port_note(void *context, const char *word, const char *text)
{
    station_end *end = context;
    end->owner->notes++;
    snprintf(end->owner->last_note, sizeof end->owner->last_note, "%s", word);
    if (strcmp(word, "fork") == 0)
        end->owner->forks++;
    if (end->owner->loud)
        fprintf(stderr, "  %s/%zu %s: %s\n", end->owner->name, end->slot, word, text);
}

static tdm_code port_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    station_end *end = context;
    tdm_tip tip;
    tdm_code code = tdm_ledger_tip(end->owner->ledger, origin, incarnation, &tip, NULL);
    if (code == TDM_OK)
        *out = (tdm_log_tip){ *origin, incarnation, tip.last, tip.head };
    return code;
}

static tdm_code port_head_at(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                             tdm_digest *out)
{
    station_end *end = context;
    return tdm_ledger_head_at(end->owner->ledger, origin, incarnation, last, out, NULL);
}

static size_t port_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max)
{
    station_end *end = context;
    tdm_tip *tips = NULL;
    size_t count = 0, found = 0;
    must(tdm_ledger_tips(end->owner->ledger, &tips, &count, NULL), NULL);
    for (size_t i = 0; i < count && found < max; i++)
        if (tdm_id_equal(&tips[i].origin, origin))
            out[found++] = tips[i].incarnation;
    free(tips);
    return found;
}

static tdm_code port_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                          size_t max_bytes, size_t max_runs, tdm_log_batch *out)
{
    station_end *end = context;
    station *s = end->owner;
    bool is_own = tdm_id_equal(origin, &s->origin);
    if (s->faults.resend_off && from <= end->given)
        from = end->given + 1;
    bool is_old = is_own && from <= s->old_last;
    tdm_run_batch_free(&end->batch);
    if (is_old)
        max_runs = 1; /* so that a batch has one key */
    must(tdm_ledger_runs(s->ledger, origin, incarnation, from, max_bytes, max_runs, !is_own, &end->batch,
                         NULL),
         NULL);
    if (end->batch.run_count == 0)
        return TDM_END;
    const tdm_run *last = &end->batch.runs[end->batch.run_count - 1];
    end->seal = end->batch.seal;
    if (is_own)
        tdm_seal_sign(is_old ? &s->old_key : &s->seal_key, origin, incarnation, last->last, &last->head,
                      &end->seal);
    end->given = last->last;
    *out = (tdm_log_batch){ .origin = *origin,
                            .incarnation = incarnation,
                            .runs = end->batch.runs,
                            .run_count = end->batch.run_count,
                            .event_count = end->batch.event_count,
                            .events = tdm_buf_span(&end->batch.events),
                            .has_seal = true,
                            .seal = end->seal };
    return TDM_OK;
}

static bool port_may_seal(void *context, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    const station *s = ((station_end *)context)->owner;
    (void)last;
    if (tdm_id_equal(origin, &s->origin))
        return memcmp(key, s->seal_key.public_key, 32) == 0;
    if (tdm_id_equal(origin, &s->hub) && memcmp(key, s->hub_key, 32) == 0)
        return true;
    for (size_t i = 0; i < s->key_count; i++)
        if (tdm_id_equal(origin, &s->keys[i].origin) && memcmp(key, s->keys[i].key, 32) == 0)
            return true;
    return false;
}

/* ---- ports: work for the writer */

static station_job *add_job(station_end *end, job_kind kind, uint64_t token)
{
    station *s = end->owner;
    if (s->job_count == s->job_room) {
        s->job_room = 2 * s->job_room + 8;
        s->jobs = must_have(realloc(s->jobs, s->job_room * sizeof *s->jobs));
    }
    station_job *job = &s->jobs[s->job_count++];
    *job = (station_job){ .kind = kind, .slot = end->slot, .generation = end->generation, .token = token };
    return job;
}

static void free_job(station_job *job)
{
    free(job->runs);
    free(job->lengths);
    free(job->proofs);
    tdm_buf_free(&job->bytes);
}

static void add_word(station *s, const station_job *job, tdm_code code)
{
    if (s->word_count == s->word_room) {
        s->word_room = 2 * s->word_room + 8;
        s->words = must_have(realloc(s->words, s->word_room * sizeof *s->words));
    }
    s->words[s->word_count++] = (station_word){ job->kind, job->slot, job->generation, job->token, code };
}

static void copy_events(station *s, station_job *job, size_t count)
{
    job->event_count = count;
    job->lengths = must_have(calloc(count, sizeof *job->lengths));
    s->queued_events += count;
    if (s->queued_events > s->most_queued)
        s->most_queued = s->queued_events;
}

/* Fault ack_first: the machine hears it before the writer has done it. */
static void tell_early(station *s, station_job *job)
{
    if (!s->faults.ack_first)
        return;
    job->told = true;
    add_word(s, job, TDM_OK);
}

static tdm_code port_keep(void *context, const tdm_log_batch *batch, uint64_t token)
{
    station_end *end = context;
    if (end->owner->keep_code != TDM_OK)
        return end->owner->keep_code;
    if (end->owner->job_count > 0 && end->owner->queued_events + batch->event_count > STATION_QUEUE_EVENTS)
        return TDM_BUSY;
    station_job *job = add_job(end, JOB_BATCH, token);
    job->origin = batch->origin;
    job->incarnation = batch->incarnation;
    job->run_count = batch->run_count;
    job->runs = must_have(calloc(batch->run_count, sizeof *job->runs));
    memcpy(job->runs, batch->runs, batch->run_count * sizeof *job->runs);
    copy_events(end->owner, job, batch->event_count);
    for (size_t i = 0; i < batch->event_count; i++)
        job->lengths[i] = batch->event_spans[i].len;
    tdm_buf_add(&job->bytes, batch->events.data, batch->events.len);
    job->seal = batch->seal;
    tell_early(end->owner, job);
    return TDM_OK;
}

static tdm_code port_keep_notices(void *context, const tdm_notice_batch *batch, uint64_t token)
{
    station_end *end = context;
    if (end->owner->job_count > 0 && end->owner->queued_events + batch->count > STATION_QUEUE_EVENTS)
        return TDM_BUSY;
    station_job *job = add_job(end, JOB_NOTICES, token);
    job->epoch = batch->epoch;
    job->last_number = batch->numbers[batch->count - 1];
    job->proofs = must_have(calloc(batch->count, sizeof *job->proofs));
    memcpy(job->proofs, batch->proofs, batch->count * sizeof *job->proofs);
    copy_events(end->owner, job, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        job->lengths[i] = batch->events[i].bytes.len;
        tdm_buf_add(&job->bytes, batch->events[i].bytes.data, batch->events[i].bytes.len);
    }
    tell_early(end->owner, job);
    return TDM_OK;
}

static void port_set_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    station_end *end = context;
    station_job *job = add_job(end, JOB_ASIDE, 0);
    job->origin = *origin;
    snprintf(job->reason, sizeof job->reason, "%s", reason);
    tdm_buf_add(&job->bytes, bytes.data, bytes.len);
    end->owner->aside++;
}

/* ---- ports: feed. Entries follow from the ledger alone, so a hub that starts again numbers them the same.
 */

typedef struct feed_walk {
    const station *hub;
    station_feed *feed;
} feed_walk;

static tdm_code walk_feed(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    const feed_walk *walk = context;
    station_feed *feed = walk->feed;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code != TDM_OK || event.sequence % 3 != 0 || tdm_id_equal(&event.origin, &feed->recipient)
        || tdm_id_equal(&event.origin, &walk->hub->origin))
        return code;
    if (feed->count == feed->room) {
        feed->room = 2 * feed->room + 64;
        feed->positions = must_have(realloc(feed->positions, feed->room * sizeof *feed->positions));
    }
    feed->positions[feed->count++] = entry->position;
    return TDM_OK;
}

/* Brought up to what the ledger holds. */
static const station_feed *feed_of(station *hub, const tdm_id *recipient)
{
    size_t i = 0;
    while (i < hub->feed_count && !tdm_id_equal(&hub->feeds[i].recipient, recipient))
        i++;
    if (i == hub->feed_count)
        hub->feeds[hub->feed_count++] = (station_feed){ .recipient = *recipient, .next = 1 };
    feed_walk walk = { hub, &hub->feeds[i] };
    must(tdm_ledger_scan(hub->ledger, hub->feeds[i].next, SIZE_MAX, walk_feed, &walk, &hub->feeds[i].next,
                         NULL),
         NULL);
    return &hub->feeds[i];
}

static void forget_feeds(station *s)
{
    for (size_t i = 0; i < s->feed_count; i++)
        free(s->feeds[i].positions);
    memset(s->feeds, 0, sizeof s->feeds);
    s->feed_count = 0;
}

uint64_t station_feed_last(station *hub, const tdm_id *recipient)
{
    return feed_of(hub, recipient)->count;
}

uint64_t station_feed_position(station *hub, const tdm_id *recipient, uint64_t number)
{
    const station_feed *feed = feed_of(hub, recipient);
    return number <= feed->count ? feed->positions[number - 1] : 0;
}

static tdm_code port_feed_next(void *context, const tdm_id *recipient, uint64_t after, uint64_t *number,
                               tdm_span *event, tdm_proof *proof)
{
    station_end *end = context;
    station *s = end->owner;
    uint64_t position = station_feed_position(s, recipient, after + 1);
    if (position == 0)
        return TDM_END;
    tdm_buf_clear(&end->event);
    must(tdm_ledger_event_at(s->ledger, position, &end->event, NULL), NULL);
    *event = tdm_buf_span(&end->event);
    *number = after + 1;
    tdm_event decoded;
    must(tdm_event_peek(*event, &decoded, NULL), NULL);
    return tdm_ledger_proof(s->ledger, &decoded.origin, decoded.incarnation, decoded.sequence, proof, NULL);
}

static uint64_t port_feed_last(void *context, const tdm_id *recipient)
{
    return station_feed_last(((station_end *)context)->owner, recipient);
}

static void port_feed_acked(void *context, const tdm_id *recipient, uint64_t up_to)
{
    (void)recipient;
    ((station_end *)context)->feed_acked = up_to;
}

static tdm_code port_enrol(void *context, const tdm_frame *enrol, uint64_t token)
{
    station *s = ((station_end *)context)->owner;
    (void)enrol;
    s->enrol_token = token;
    return s->enrol_code;
}

/* The cursor is kept as epoch and number, in the transaction of the notices. */
#define CURSOR TDM_SPAN_LITERAL("feed/cursor")

void station_cursor(const station *s, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    tdm_buf value = { 0 };
    *has_epoch = tdm_ledger_local_get(s->ledger, CURSOR, &value, NULL) == TDM_OK;
    *number = 0;
    if (*has_epoch) {
        memcpy(epoch->bytes, value.data, TDM_ID_BYTES);
        memcpy(number, value.data + TDM_ID_BYTES, sizeof *number);
    }
    tdm_buf_free(&value);
}

static void port_feed_cursor(void *context, bool *has_epoch, tdm_id *epoch, uint64_t *number)
{
    station_cursor(((station_end *)context)->owner, has_epoch, epoch, number);
}

static void port_enrolled(void *context, const tdm_id *hub, const tdm_span *organisations, size_t count)
{
    station *s = ((station_end *)context)->owner;
    (void)organisations;
    s->joined = *hub;
    s->organisations = count;
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

/* ---- the writer */

/* True if all of it is in the ledger (or was). */
static tdm_code write_batch(station *s, tdm_ledger_txn *txn, const station_job *job)
{
    tdm_span *spans = must_have(calloc(job->event_count, sizeof *spans));
    const uint8_t *at = job->bytes.data;
    for (size_t i = 0; i < job->event_count; at += job->lengths[i++])
        spans[i] = (tdm_span){ at, job->lengths[i] };
    tdm_code code = TDM_OK;
    size_t event = 0;
    for (size_t r = 0; r < job->run_count && code == TDM_OK; r++) {
        size_t count = (size_t)(job->runs[r].last - job->runs[r].first) + 1;
        code =
            tdm_ledger_append_run(txn, &job->origin, job->incarnation, &job->runs[r], &spans[event], 0, NULL);
        if (code == TDM_OK || (code == TDM_EXISTS && s->faults.dedup_off))
            s->counted += count;
        if (code == TDM_EXISTS)
            code = TDM_OK;
        event += count;
    }
    if (code == TDM_OK)
        code = tdm_ledger_put_seal(txn, &job->origin, job->incarnation, &job->seal, NULL);
    free(spans);
    return code;
}

static tdm_code write_notices(station *s, tdm_ledger_txn *txn, const station_job *job)
{
    const uint8_t *at = job->bytes.data;
    for (size_t i = 0; i < job->event_count; at += job->lengths[i++]) {
        tdm_event event;
        must(tdm_event_decode((tdm_span){ at, job->lengths[i] }, &event, NULL), NULL);
        tdm_code code = tdm_ledger_append_notice(txn, &event, &job->proofs[i], 0, NULL);
        if (code == TDM_OK || (code == TDM_EXISTS && s->faults.dedup_off))
            s->counted++;
        else if (code != TDM_EXISTS)
            return code;
    }
    uint8_t value[TDM_ID_BYTES + 8];
    memcpy(value, job->epoch.bytes, TDM_ID_BYTES);
    memcpy(value + TDM_ID_BYTES, &job->last_number, 8);
    return tdm_ledger_local_put(txn, CURSOR, (tdm_span){ value, sizeof value });
}

static tdm_code write_job(station *s, tdm_ledger_txn *txn, const station_job *job)
{
    if (job->kind == JOB_BATCH)
        return write_batch(s, txn, job);
    if (job->kind == JOB_NOTICES)
        return write_notices(s, txn, job);
    return tdm_ledger_set_aside(txn, &job->origin, job->reason, tdm_buf_span(&job->bytes), 0, NULL);
}

void station_commit(station *s)
{
    if (s->job_count == 0)
        return;
    tdm_err err = { 0 };
    tdm_ledger_txn *txn = NULL;
    must(tdm_ledger_begin(s->ledger, &txn, &err), &err);
    for (size_t i = 0; i < s->job_count; i++) {
        tdm_code code = write_job(s, txn, &s->jobs[i]);
        if (!s->jobs[i].told && s->jobs[i].kind != JOB_ASIDE)
            add_word(s, &s->jobs[i], code);
        free_job(&s->jobs[i]);
    }
    s->job_count = 0;
    s->queued_events = 0;
    must(tdm_ledger_commit(&txn, &err), &err);
    learn_all(s);
}

bool station_tell(station *s)
{
    if (s->word_count == 0)
        return false;
    station_word word = s->words[0];
    memmove(s->words, s->words + 1, --s->word_count * sizeof *s->words);
    station_end *end = &s->ends[word.slot];
    int64_t now_ms = s->now(s->send_context);
    if (end->link != NULL && end->generation == word.generation && word.kind == JOB_BATCH)
        tdm_link_kept(end->link, word.token, word.code, NULL, now_ms);
    else if (end->link != NULL && end->generation == word.generation)
        tdm_link_notices_kept(end->link, word.token, word.code, now_ms);
    for (size_t i = 0; i < STATION_LINKS_MAX; i++)
        if (s->ends[i].link != NULL)
            tdm_link_more(s->ends[i].link, now_ms);
    return true;
}

/* ---- life */

static void derive(void *out, size_t len, uint64_t seed, uint8_t use)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)((seed * 0x9e3779b97f4a7c15u >> (i % 8 * 8)) ^ (use * 31u + i * 7u));
}

void station_open(station *s, const char *name, tdm_link_role role, uint64_t seed)
{
    memset(s, 0, sizeof *s);
    s->name = name;
    s->role = role;
    derive(s->origin.bytes, TDM_ID_BYTES, seed, role == TDM_LINK_HUB ? 1 : 2);
    derive(&s->incarnation, sizeof s->incarnation, seed, 3);
    s->incarnation |= 1;
    tdm_seal_key_new(&s->seal_key);
    if (role == TDM_LINK_HUB) {
        s->hub = s->origin;
        memcpy(s->hub_key, s->seal_key.public_key, sizeof s->hub_key);
    }
    open_ledger(s);
    append_beginning(s);
}

void station_clone(station *copy, const station *from, const char *name, uint64_t last)
{
    *copy = *from;
    copy->name = name;
    memset(copy->ends, 0, sizeof copy->ends);
    copy->jobs = NULL;
    copy->job_count = copy->job_room = 0;
    copy->words = NULL;
    copy->word_count = copy->word_room = 0;
    copy->key_count = 0;
    memset(copy->feeds, 0, sizeof copy->feeds);
    copy->feed_count = 0;
    copy->counted = copy->forks = copy->notes = copy->aside = 0;
    open_ledger(copy);
    tdm_run_batch runs;
    must(tdm_ledger_runs(from->ledger, &from->origin, from->incarnation, 1, SIZE_MAX / 2, SIZE_MAX / 2, false,
                         &runs, NULL),
         NULL);
    tdm_cursor in = tdm_cursor_over(tdm_buf_span(&runs.events));
    tdm_ledger_txn *txn = NULL;
    must(tdm_ledger_begin(copy->ledger, &txn, NULL), NULL);
    for (size_t r = 0; r < runs.run_count && runs.runs[r].last <= last; r++) {
        tdm_span spans[TDM_RUN_EVENTS_MAX];
        size_t count = (size_t)(runs.runs[r].last - runs.runs[r].first) + 1;
        for (size_t i = 0; i < count; i++)
            spans[i] = tdm_cursor_skip(&in);
        must(tdm_ledger_append_run(txn, &from->origin, from->incarnation, &runs.runs[r], spans, 0, NULL),
             NULL);
    }
    must(tdm_ledger_commit(&txn, NULL), NULL);
    tdm_run_batch_free(&runs);
}

tdm_link_options station_options(const station *s, const tdm_id *peer)
{
    return (tdm_link_options){ .role = s->role,
                               .own_origin = s->origin,
                               .own_incarnation = s->incarnation,
                               .has_peer = true,
                               .peer_origin = *peer,
                               .feed_epoch = *tdm_ledger_store_id(s->ledger),
                               .window_events = 64,
                               .window_notices = 8,
                               .hello_timeout_ms = 3000,
                               .ack_timeout_ms = 5000,
                               .retry_min_ms = 250,
                               .retry_max_ms = 4000 };
}

static void drop_link(station_end *end)
{
    tdm_link_destroy(&end->link);
    tdm_run_batch_free(&end->batch);
    tdm_buf_free(&end->event);
    end->generation++;
    end->given = 0;
}

void station_link(station *s, size_t slot, const tdm_link_options *options)
{
    station_end *end = &s->ends[slot];
    uint64_t given = end->given;
    drop_link(end);
    end->given = given;
    end->owner = s;
    end->slot = slot;
    end->recipient = options->peer_origin;
    tdm_link_ports ports = PORTS;
    ports.context = end;
    tdm_err err = { 0 };
    must(tdm_link_new(&end->link, options, &ports, &err), &err);
}

void station_crash(station *s)
{
    for (size_t i = 0; i < STATION_LINKS_MAX; i++)
        drop_link(&s->ends[i]);
    for (size_t i = 0; i < s->job_count; i++)
        free_job(&s->jobs[i]);
    s->job_count = 0;
    s->word_count = 0;
    s->queued_events = 0;
    forget_feeds(s);
    learn_all(s);
}

void station_close(station *s)
{
    station_crash(s);
    free(s->jobs);
    free(s->words);
    tdm_ledger_close(&s->ledger);
}
