/* SPDX-License-Identifier: MPL-2.0
 *
 * core_ask.c: what callers and links ask of the writer.
 */
#include "core_request.h"

#include <stdlib.h>
#include <string.h>

void core_request_free(core_request *item)
{
    if (item == NULL)
        return;
    free(item->done);
    free(item->runs);
    free(item->spans);
    free(item->numbers);
    free(item->events);
    free(item->proofs);
    free(item->bytes);
    free(item);
}

static tdm_code refuse_read_only(const tdm_core *core, tdm_err *err)
{
    return core->read_only ? tdm_fail(err, TDM_DENIED, 0, "the store is open for reading only") : TDM_OK;
}

static tdm_code ask_and_wait(tdm_core *core, core_request *item, tdm_stated *stated, tdm_err *err)
{
    core_waiter waiting = { .lock = PTHREAD_MUTEX_INITIALIZER, .done_signal = PTHREAD_COND_INITIALIZER };
    item->waiter = &waiting;
    void *pointer = item;
    if (tdm_queue_push(core->requests, &pointer) != TDM_OK) {
        core_request_free(item);
        return tdm_fail(err, TDM_UNREACHABLE, 0, "the store is closing");
    }
    pthread_mutex_lock(&waiting.lock);
    while (!waiting.done)
        pthread_cond_wait(&waiting.done_signal, &waiting.lock);
    pthread_mutex_unlock(&waiting.lock);
    if (err != NULL && waiting.code != TDM_OK)
        *err = waiting.err;
    if (stated != NULL)
        *stated = waiting.stated;
    return waiting.code;
}

static core_request *request_new(core_request_kind kind)
{
    core_request *item = calloc(1, sizeof *item);
    if (item != NULL)
        item->kind = kind;
    return item;
}

tdm_code tdm_core_state(tdm_core *core, const tdm_draft *drafts, size_t count, tdm_stated *out, tdm_err *err)
{
    tdm_code code = refuse_read_only(core, err);
    if (code == TDM_OK)
        code = core_own_check(core, drafts, count, err);
    if (code != TDM_OK)
        return code;
    core_request *item = request_new(REQUEST_STATE);
    if (item == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to state %zu facts", count);
    item->drafts = drafts;
    item->draft_count = count;
    return ask_and_wait(core, item, out, err);
}

tdm_code tdm_core_local_put(tdm_core *core, const char *name, tdm_span value, tdm_err *err)
{
    tdm_code code = refuse_read_only(core, err);
    if (code != TDM_OK)
        return code;
    core_request *item = request_new(REQUEST_LOCAL);
    if (item == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to keep \"%s\"", name);
    item->local_name = name;
    item->local_value = value;
    return ask_and_wait(core, item, NULL, err);
}

static tdm_code push_or_free(tdm_core *core, core_request *item)
{
    void *pointer = item;
    tdm_code code = tdm_queue_try_push(core->requests, &pointer);
    if (code != TDM_OK)
        core_request_free(item);
    return code == TDM_OK ? TDM_OK : TDM_BUSY;
}

static bool attach_answer(core_request *item, tdm_queue *queue, void *owner, uint64_t token, int what)
{
    item->answers = queue;
    item->done = calloc(1, sizeof *item->done);
    if (item->done == NULL)
        return false;
    item->done->owner = owner;
    item->done->token = token;
    item->done->what = what;
    item->done->events = item->event_count;
    return true;
}

void tdm_core_cork(tdm_core *core)
{
    enum { ENOUGH = 8 }; /* frames of up to 1,024 events: some ten milliseconds of the loop */
    tdm_queue_cork(core->requests, ENOUGH);
}

void tdm_core_uncork(tdm_core *core)
{
    tdm_queue_uncork(core->requests);
}

static void *copy_of(const void *data, size_t bytes)
{
    void *copy = malloc(bytes == 0 ? 1 : bytes);
    if (copy != NULL && bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}

tdm_code tdm_core_keep(tdm_core *core, tdm_queue *queue, const tdm_log_batch *batch, void *owner,
                       uint64_t token)
{
    core_request *item = batch->run_count == 0 ? NULL : request_new(REQUEST_KEEP);
    if (item == NULL)
        return TDM_BUSY;
    item->origin = batch->origin;
    item->incarnation = batch->incarnation;
    item->run_count = batch->run_count;
    item->event_count = batch->event_count;
    item->has_seal = batch->has_seal;
    item->seal = batch->seal;
    item->runs = copy_of(batch->runs, batch->run_count * sizeof *batch->runs);
    item->spans = copy_of(batch->event_spans, batch->event_count * sizeof *batch->event_spans);
    item->bytes = copy_of(batch->events.data, batch->events.len);
    item->byte_count = batch->events.len;
    if (item->runs == NULL || item->spans == NULL || item->bytes == NULL
        || !attach_answer(item, queue, owner, token, TDM_DONE_KEPT)) {
        core_request_free(item);
        return TDM_BUSY;
    }
    item->done->head = item->runs[item->run_count - 1].head;
    for (size_t i = 0; i < item->event_count; i++)
        item->spans[i].data = item->bytes + (batch->event_spans[i].data - batch->events.data);
    return push_or_free(core, item);
}

/* Events of a notice batch come from one frame, but not in one piece: copy each behind the other. */
static bool copy_events(core_request *item, const tdm_notice_batch *batch)
{
    size_t bytes = 0;
    for (size_t i = 0; i < batch->count; i++)
        bytes += batch->events[i].bytes.len;
    item->bytes = malloc(bytes == 0 ? 1 : bytes);
    if (item->bytes == NULL)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        tdm_span from = batch->events[i].bytes;
        uint8_t *to = item->bytes + item->byte_count;
        memcpy(to, from.data, from.len);
        item->byte_count += from.len;
        if (tdm_event_peek((tdm_span){ to, from.len }, &item->events[i], NULL) != TDM_OK)
            return false;
    }
    return true;
}

tdm_code tdm_core_keep_notices(tdm_core *core, tdm_queue *queue, const tdm_notice_batch *batch, void *owner,
                               uint64_t token)
{
    core_request *item = request_new(REQUEST_NOTICES);
    if (item == NULL || batch->count == 0) {
        core_request_free(item);
        return TDM_BUSY;
    }
    item->epoch = batch->epoch;
    item->event_count = batch->count;
    item->numbers = copy_of(batch->numbers, batch->count * sizeof *batch->numbers);
    item->events = calloc(batch->count, sizeof *item->events);
    item->proofs = copy_of(batch->proofs, batch->count * sizeof *batch->proofs);
    if (item->numbers == NULL || item->events == NULL || item->proofs == NULL || !copy_events(item, batch)
        || !attach_answer(item, queue, owner, token, TDM_DONE_NOTICES)) {
        core_request_free(item);
        return TDM_BUSY;
    }
    return push_or_free(core, item);
}

tdm_code tdm_core_set_aside(tdm_core *core, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    core_request *item = request_new(REQUEST_ASIDE);
    if (item == NULL)
        return TDM_BUSY;
    item->origin = *origin;
    strncpy(item->reason, reason, sizeof item->reason - 1);
    item->bytes = copy_of(bytes.data, bytes.len);
    item->byte_count = bytes.len;
    if (item->bytes == NULL) {
        core_request_free(item);
        return TDM_BUSY;
    }
    return push_or_free(core, item);
}
