/* SPDX-License-Identifier: MPL-2.0
 *
 * seal_rights.c: first who sealed what, then what the authority states of keys, so that a key stated
 * meanwhile is known by then; then one is held against the other.
 */
#include "seal_rights.h"

#include "keyring.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- who sealed what */

/* A key over one log, and the last sequence that it sealed. */
typedef struct sealing {
    tdm_id origin;
    uint64_t incarnation;
    uint8_t key[32];
    uint64_t last;
} sealing;

typedef struct sealings {
    sealing *items; /* those of one log are together */
    size_t count;
    size_t capacity;
} sealings;

static bool same_log(const sealing *item, const tdm_id *origin, uint64_t incarnation)
{
    return item->incarnation == incarnation && tdm_id_equal(&item->origin, origin);
}

static tdm_code note_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                          const tdm_seal *seal, tdm_err *err)
{
    sealings *all = context;
    if (seal == NULL)
        return TDM_OK;
    for (size_t i = all->count; i > 0 && same_log(&all->items[i - 1], origin, incarnation); i--) {
        if (memcmp(all->items[i - 1].key, seal->key, sizeof seal->key) != 0)
            continue;
        all->items[i - 1].last = run->last;
        return TDM_OK;
    }
    if (all->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 64 : all->capacity * 2;
        sealing *items = realloc(all->items, capacity * sizeof *items);
        if (items == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the keys of %zu logs", all->count);
        all->items = items;
        all->capacity = capacity;
    }
    sealing *item = &all->items[all->count++];
    *item = (sealing){ .origin = *origin, .incarnation = incarnation, .last = run->last };
    memcpy(item->key, seal->key, sizeof item->key);
    return TDM_OK;
}

/* In short transactions: a daemon may go on beside it. */
static tdm_code note_seals(tdm_ledger *ledger, sealings *out, tdm_err *err)
{
    tdm_run_place after = { 0 };
    tdm_code code = TDM_OK;
    while (code == TDM_OK)
        code = tdm_ledger_some_runs(ledger, &after, note_seal, out, err);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- what the authority states of keys */

/* Keys are filed under their origin; who wrote what comes from the first event of an incarnation. */
static bool tells_of_keys(const tdm_event *event)
{
    return event->type == TDM_TYPE_INCARNATION || tdm_subject_is_origin(event->subject);
}

static tdm_code apply_batch(tdm_fold *fold, tdm_span events, uint64_t *position, tdm_err *err)
{
    tdm_code code = TDM_OK;
    tdm_cursor cursor = tdm_cursor_over(events);
    while (code == TDM_OK && tdm_cursor_peek(&cursor) != TDM_ITEM_END) {
        tdm_event event;
        tdm_ledger_entry entry = { .bytes = tdm_cursor_skip(&cursor) };
        code = tdm_event_peek(entry.bytes, &event, err);
        if (code != TDM_OK || !tells_of_keys(&event))
            continue;
        entry.position = ++*position;
        code = tdm_fold_apply(fold, &entry, 1, err);
    }
    return code;
}

static tdm_code apply_log(tdm_ledger *ledger, const tdm_tip *tip, tdm_fold *fold, uint64_t *position,
                          tdm_err *err)
{
    enum { STEP_BYTES = 1 << 20, STEP_RUNS = 256 };
    tdm_code code = TDM_OK;
    for (uint64_t from = 1; from <= tip->last && code == TDM_OK;) {
        tdm_run_batch batch = { 0 };
        code = tdm_ledger_runs(ledger, &tip->origin, tip->incarnation, from, STEP_BYTES, STEP_RUNS, false,
                               &batch, err);
        if (code == TDM_OK && batch.run_count == 0)
            code = tdm_fail(err, TDM_CORRUPT, 0, "the authority's log has a gap at %llu",
                            (unsigned long long)from);
        if (code == TDM_OK) {
            from = batch.runs[batch.run_count - 1].last + 1;
            code = apply_batch(fold, tdm_buf_span(&batch.events), position, err);
        }
        tdm_run_batch_free(&batch);
    }
    return code;
}

static tdm_code apply_logs(tdm_ledger *ledger, const tdm_id *authority, tdm_fold *fold, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    uint64_t position = 0;
    tdm_code code = tdm_ledger_tips(ledger, &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        if (tdm_id_equal(&tips[i].origin, authority))
            code = apply_log(ledger, &tips[i], fold, &position, err);
    free(tips);
    return code;
}

static tdm_code load_keys(tdm_ledger *ledger, const tdm_id *authority, tdm_keyring *keyring, tdm_err *err)
{
    enum { STEP = 1000 };
    const tdm_fold_options options = { .has_authority = true, .authority = *authority };
    tdm_fold *fold = NULL;
    tdm_err failed = { 0 };
    tdm_code code = tdm_fold_open(&fold, NULL, &options, err);
    if (code != TDM_OK)
        return code;
    code = apply_logs(ledger, authority, fold, err);
    while (code == TDM_OK && tdm_fold_work(fold, STEP, &failed))
        ;
    if (code == TDM_OK && failed.code != TDM_OK) {
        *err = failed;
        code = failed.code;
    }
    if (code == TDM_OK)
        code = tdm_keyring_load(keyring, fold, err);
    tdm_fold_close(&fold);
    return code;
}

/* ---- one held against the other */

static void describe(const tdm_keyring *keyring, const sealing *item, uint64_t rightful, char *out,
                     size_t size)
{
    const tdm_key_fact *key = tdm_keyring_find(keyring, &item->origin, TDM_PURPOSE_IS_SEAL, item->key);
    char right[80] = "lets seal nothing of it";
    if (key != NULL && key->last != 0 && item->last > key->last)
        snprintf(right, sizeof right, "lets seal up to %llu alone", (unsigned long long)key->last);
    else if (key != NULL && key->first > item->last)
        snprintf(right, sizeof right, "lets seal from %llu on", (unsigned long long)key->first);
    snprintf(out, size, "sealed up to %llu by a key that the hub's log %s; by a rightful key up to %llu",
             (unsigned long long)item->last, right, (unsigned long long)rightful);
}

static void judge_log(const tdm_keyring *keyring, const sealing *items, size_t count,
                      tdm_ledger_report *report, void *context, uint64_t *faults)
{
    uint64_t rightful = 0;
    const sealing *last = NULL; /* without the right */
    for (size_t i = 0; i < count; i++) {
        const sealing *item = &items[i];
        bool may = tdm_keyring_may_seal(keyring, &item->origin, item->key, item->last);
        if (may && item->last > rightful)
            rightful = item->last;
        else if (!may && (last == NULL || item->last > last->last))
            last = item;
    }
    if (last == NULL || last->last <= rightful || !tdm_keyring_knows(keyring, &last->origin))
        return;
    tdm_ledger_fault fault = {
        .invariant = "key", .origin = last->origin, .incarnation = last->incarnation, .sequence = last->last
    };
    describe(keyring, last, rightful, fault.what, sizeof fault.what);
    ++*faults;
    report(context, &fault);
}

tdm_code tdm_seal_rights_check(tdm_core *core, tdm_ledger_report *report, void *context, uint64_t *faults,
                               tdm_err *err)
{
    tdm_ledger *ledger = tdm_core_ledger(core);
    tdm_keyring *keyring = NULL;
    sealings all = { 0 };
    tdm_id authority;
    if (!tdm_core_authority(core, &authority))
        return TDM_OK;
    tdm_code code = tdm_keyring_new(&keyring, err);
    if (code == TDM_OK)
        code = note_seals(ledger, &all, err);
    if (code == TDM_OK)
        code = load_keys(ledger, &authority, keyring, err);
    for (size_t at = 0; at < all.count && code == TDM_OK;) {
        size_t count = 1;
        while (at + count < all.count
               && same_log(&all.items[at + count], &all.items[at].origin, all.items[at].incarnation))
            count++;
        judge_log(keyring, &all.items[at], count, report, context, faults);
        at += count;
    }
    free(all.items);
    tdm_keyring_destroy(&keyring);
    return code;
}
