/* SPDX-License-Identifier: MPL-2.0
 *
 * core_own.c: own facts become events: encoded, closed in runs, sealed.
 */
#include "core_inner.h"
#include "clock.h"

#include <stdlib.h>

/* Fill the run that begins at drafts[0] with as many events as a run may hold; returns how many. */
static size_t encode_run(const core_own_log *own, const tdm_draft *drafts, size_t count, int64_t recorded_ms,
                         tdm_buf *bytes, size_t *offsets, tdm_digest *digests)
{
    size_t taken = 0;
    tdm_buf_clear(bytes);
    while (taken < count && taken < TDM_RUN_EVENTS_MAX) {
        const tdm_draft *draft = &drafts[taken];
        tdm_event event = { .origin = own->origin,
                            .incarnation = own->incarnation,
                            .sequence = own->last + taken + 1,
                            .type = draft->type,
                            .author = draft->author,
                            .subject = draft->subject,
                            .fact = draft->fact,
                            .event_ms = draft->event_ms,
                            .event_offset_min = draft->event_offset_min,
                            .recorded_ms = recorded_ms };
        offsets[taken] = bytes->len;
        tdm_event_pack(&event, draft->payload, bytes);
        if (bytes->len > TDM_RUN_BYTES_MAX && taken > 0) {
            bytes->len = offsets[taken];
            break;
        }
        tdm_event_digest((tdm_span){ bytes->data + offsets[taken], bytes->len - offsets[taken] },
                         &digests[taken]);
        taken++;
    }
    offsets[taken] = bytes->len;
    return taken;
}

static tdm_code append_one_run(tdm_ledger_txn *txn, core_own_log *own, const tdm_seal_key *key, size_t count,
                               const tdm_buf *bytes, const size_t *offsets, tdm_span *spans,
                               tdm_digest *digests, int64_t now, tdm_err *err)
{
    for (size_t i = 0; i < count; i++)
        spans[i] = (tdm_span){ bytes->data + offsets[i], offsets[i + 1] - offsets[i] };
    tdm_run run = { .first = own->last + 1, .last = own->last + count };
    tdm_run_root(digests, count, &run.root);
    tdm_run_head(&own->head, &run.root, &run.head);
    tdm_code code = tdm_ledger_append_run(txn, &own->origin, own->incarnation, &run, spans, now, err);
    if (code != TDM_OK)
        return code;
    own->last = run.last;
    own->head = run.head;
    tdm_seal seal;
    tdm_seal_sign(key, &own->origin, own->incarnation, own->last, &own->head, &seal);
    return tdm_ledger_put_seal(txn, &own->origin, own->incarnation, &seal, err);
}

typedef struct run_scratch {
    size_t offsets[TDM_RUN_EVENTS_MAX + 1];
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    tdm_span spans[TDM_RUN_EVENTS_MAX];
} run_scratch;

tdm_code core_own_append(tdm_ledger_txn *txn, core_own_log *own, const tdm_seal_key *key,
                         const tdm_draft *drafts, size_t count, int64_t recorded_ms, tdm_err *err)
{
    run_scratch *scratch = malloc(sizeof *scratch);
    tdm_buf bytes = { 0 };
    tdm_code code = scratch == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to write a run") : TDM_OK;
    while (code == TDM_OK && count > 0) {
        size_t taken =
            encode_run(own, drafts, count, recorded_ms, &bytes, scratch->offsets, scratch->digests);
        if (bytes.failed) {
            code = tdm_fail(err, TDM_FULL, 0, "no memory to write a run");
            break;
        }
        code = append_one_run(txn, own, key, taken, &bytes, scratch->offsets, scratch->spans,
                              scratch->digests, recorded_ms, err);
        drafts += taken;
        count -= taken;
    }
    tdm_buf_free(&bytes);
    free(scratch);
    return code;
}

tdm_code core_own_check(const tdm_core *core, const tdm_draft *drafts, size_t count, tdm_err *err)
{
    tdm_code code = TDM_OK;
    int64_t now = tdm_clock_wall_ms();
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        tdm_event event = { .origin = core->identity.self.origin,
                            .incarnation = core->identity.self.incarnation,
                            .sequence = INT64_MAX,
                            .type = drafts[i].type,
                            .author = drafts[i].author,
                            .subject = drafts[i].subject,
                            .fact = drafts[i].fact,
                            .event_ms = drafts[i].event_ms,
                            .event_offset_min = drafts[i].event_offset_min,
                            .recorded_ms = now };
        tdm_err why = { .code = TDM_OK };
        if (tdm_event_check(&event, drafts[i].payload, &why) != TDM_OK)
            code = tdm_fail(err, TDM_MALFORMED, 0, "fact %zu of %zu does not fit the schema: %s", i + 1,
                            count, why.what);
    }
    return code;
}
