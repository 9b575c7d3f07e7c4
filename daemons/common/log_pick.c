/* SPDX-License-Identifier: MPL-2.0
 *
 * log_pick.c: what is picked waits for the next seal of its log; each run until then adds its root to the
 * proof.
 */
#include "log_pick.h"

#include <stdlib.h>
#include <string.h>

typedef struct waiting {
    tdm_buf bytes;
    tdm_proof proof;
} waiting;

struct tdm_log_pick {
    const uint32_t *types;
    size_t type_count;
    const tdm_log_visit *to;
    void *context;
    tdm_id origin; /* of the log being read */
    uint64_t incarnation;
    uint64_t last;
    tdm_digest head;
    waiting *waits;
    size_t count;
    size_t capacity;
    uint64_t passed;
};

tdm_code tdm_log_pick_open(tdm_log_pick **out, const uint32_t *types, size_t count, const tdm_log_visit *to,
                           void *context, tdm_err *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to pick events");
    (*out)->types = types;
    (*out)->type_count = count;
    (*out)->to = to;
    (*out)->context = context;
    return TDM_OK;
}

static void drop_all(tdm_log_pick *pick)
{
    pick->passed += pick->count;
    for (size_t i = 0; i < pick->count; i++)
        tdm_buf_free(&pick->waits[i].bytes);
    pick->count = 0;
}

void tdm_log_pick_close(tdm_log_pick **pointer)
{
    if (*pointer == NULL)
        return;
    drop_all(*pointer);
    free((*pointer)->waits);
    free(*pointer);
    *pointer = NULL;
}

uint64_t tdm_log_pick_passed(const tdm_log_pick *pick)
{
    return pick->passed + pick->count;
}

static bool is_wanted(const tdm_log_pick *pick, const tdm_event *event)
{
    for (size_t i = 0; i < pick->type_count; i++)
        if (pick->types[i] == event->type)
            return true;
    return false;
}

static tdm_code add(tdm_log_pick *pick, waiting **out, tdm_err *err)
{
    if (pick->count == pick->capacity) {
        size_t capacity = pick->capacity == 0 ? 64 : 2 * pick->capacity;
        waiting *waits = realloc(pick->waits, capacity * sizeof *waits);
        if (waits == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for events that wait for their seal");
        pick->waits = waits;
        pick->capacity = capacity;
    }
    *out = &pick->waits[pick->count++];
    memset(*out, 0, sizeof **out);
    return TDM_OK;
}

static tdm_code take_event(tdm_log_pick *pick, const tdm_run *run, const tdm_span *events, size_t index,
                           tdm_err *err)
{
    size_t count = (size_t)(run->last - run->first) + 1;
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    waiting *made = NULL;
    tdm_code code = add(pick, &made, err);
    if (code != TDM_OK)
        return code;
    tdm_buf_add(&made->bytes, events[index].data, events[index].len);
    tdm_event_digests(events, count, digests);
    tdm_proof_path(digests, count, index, &made->proof);
    made->proof.first = run->first;
    made->proof.last = run->last;
    made->proof.previous_head = pick->head;
    return made->bytes.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for an event") : TDM_OK;
}

/* A run goes by without a seal: those that wait for more than a proof may hold are passed over. */
static void add_root(tdm_log_pick *pick, const tdm_digest *root)
{
    size_t left = 0;
    for (size_t i = 0; i < pick->count; i++) {
        waiting *one = &pick->waits[i];
        if (one->proof.root_count == TDM_PROOF_ROOTS_MAX) {
            tdm_buf_free(&one->bytes);
            pick->passed++;
            continue;
        }
        one->proof.roots[one->proof.root_count++] = *root;
        pick->waits[left++] = *one;
    }
    pick->count = left;
}

/* Another log, or one that is not whole here, begins anew. What heads are told is proven by the seal. */
static void follow(tdm_log_pick *pick, const tdm_id *origin, uint64_t incarnation, const tdm_run *run)
{
    bool goes_on = tdm_id_equal(&pick->origin, origin) && pick->incarnation == incarnation
                   && run->first == pick->last + 1;
    if (goes_on) {
        add_root(pick, &run->root);
        return;
    }
    drop_all(pick);
    pick->origin = *origin;
    pick->incarnation = incarnation;
    memset(&pick->head, 0, sizeof pick->head);
}

static tdm_code take_store(void *context, const tdm_id *authority, tdm_err *err)
{
    const tdm_log_pick *pick = context;
    return pick->to->store(pick->context, authority, err);
}

static tdm_code take_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_span *events, tdm_err *err)
{
    tdm_log_pick *pick = context;
    size_t count = (size_t)(run->last - run->first) + 1;
    tdm_code code = TDM_OK;
    follow(pick, origin, incarnation, run);
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_event event;
        if (tdm_event_peek(events[i], &event, NULL) == TDM_OK && is_wanted(pick, &event))
            code = take_event(pick, run, events, i, err);
        else
            pick->passed++;
    }
    pick->last = run->last;
    pick->head = run->head;
    return code;
}

static tdm_code give(tdm_log_pick *pick, waiting *one, const tdm_seal *seal, tdm_err *err)
{
    tdm_event event;
    one->proof.seal = *seal;
    tdm_code code = tdm_event_decode(tdm_buf_span(&one->bytes), &event, err);
    if (code == TDM_OK)
        code = tdm_proof_check(&one->proof, &event, err);
    return code == TDM_OK ? pick->to->notice(pick->context, &event, &one->proof, err) : code;
}

static tdm_code take_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                          tdm_err *err)
{
    tdm_log_pick *pick = context;
    tdm_code code = TDM_OK;
    if (!tdm_id_equal(&pick->origin, origin) || pick->incarnation != incarnation || pick->last != seal->last)
        return tdm_fail(err, TDM_MALFORMED, 0, "a seal follows the run it seals");
    for (size_t i = 0; i < pick->count && code == TDM_OK; i++)
        code = give(pick, &pick->waits[i], seal, err);
    for (size_t i = 0; i < pick->count; i++)
        tdm_buf_free(&pick->waits[i].bytes);
    pick->count = 0;
    return code;
}

static tdm_code take_notice(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    tdm_log_pick *pick = context;
    if (is_wanted(pick, event))
        return pick->to->notice(pick->context, event, proof, err);
    pick->passed++;
    return TDM_OK;
}

const tdm_log_visit TDM_LOG_PICK = {
    .store = take_store, .run = take_run, .seal = take_seal, .notice = take_notice
};
