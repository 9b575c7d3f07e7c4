/* SPDX-License-Identifier: MPL-2.0
 *
 * core_drafts.c: facts to be stated, collected with their own storage.
 */
#include "core.h"
#include "clock.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_DRAFTS = 4096 };

struct tdm_drafts {
    tdm_draft *items; /* spans hold offsets into bytes until they are stated */
    size_t count;
    size_t capacity;
    tdm_buf bytes;
};

tdm_drafts *tdm_drafts_new(void)
{
    return calloc(1, sizeof(tdm_drafts));
}

void tdm_drafts_free(tdm_drafts **pointer)
{
    tdm_drafts *drafts = *pointer;
    if (drafts == NULL)
        return;
    free(drafts->items);
    tdm_buf_free(&drafts->bytes);
    free(drafts);
    *pointer = NULL;
}

size_t tdm_drafts_count(const tdm_drafts *drafts)
{
    return drafts->count;
}

static bool grow(tdm_drafts *drafts)
{
    if (drafts->count < drafts->capacity)
        return true;
    size_t capacity = drafts->capacity == 0 ? 64 : drafts->capacity * 2;
    tdm_draft *items = realloc(drafts->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    drafts->items = items;
    drafts->capacity = capacity;
    return true;
}

/* A span whose data is an offset for now: the buffer still moves. */
static tdm_span keep(tdm_buf *bytes, tdm_span span)
{
    tdm_span kept = { (const uint8_t *)(uintptr_t)bytes->len, span.len };
    tdm_buf_add(bytes, span.data, span.len);
    return kept;
}

tdm_code tdm_drafts_add(tdm_drafts *drafts, uint32_t author, tdm_span subject, const tdm_id *fact,
                        tdm_date event_date, const tdm_record *record, tdm_err *err)
{
    tdm_buf payload = { 0 };
    tdm_code code = tdm_record_encode(record, &payload, err);
    if (code == TDM_OK && (!grow(drafts) || payload.failed))
        code = tdm_fail(err, TDM_FULL, 0, "no memory for a draft");
    if (code == TDM_OK) {
        int64_t noon_ms = ((int64_t)event_date * 24 + 12) * 3600000;
        int offset = tdm_london_offset_min(noon_ms);
        drafts->items[drafts->count++] =
            (tdm_draft){ .type = record->type->number,
                         .author = author,
                         .subject = keep(&drafts->bytes, subject),
                         .fact = *fact,
                         .event_ms = noon_ms - (int64_t)offset * 60000,
                         .event_offset_min = offset,
                         .payload = keep(&drafts->bytes, tdm_buf_span(&payload)) };
    }
    tdm_buf_free(&payload);
    return code;
}

tdm_code tdm_core_state_drafts(tdm_core *core, const tdm_drafts *drafts, tdm_stated *out, tdm_err *err)
{
    if (drafts->bytes.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the drafts");
    tdm_draft *ready = malloc((drafts->count + 1) * sizeof *ready);
    if (ready == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to state %zu facts", drafts->count);
    for (size_t i = 0; i < drafts->count; i++) {
        ready[i] = drafts->items[i];
        ready[i].subject.data = drafts->bytes.data + (uintptr_t)ready[i].subject.data;
        ready[i].payload.data = drafts->bytes.data + (uintptr_t)ready[i].payload.data;
    }
    tdm_code code = tdm_core_state(core, ready, drafts->count, out, err);
    free(ready);
    return code;
}

tdm_code tdm_core_state_group(tdm_core *core, tdm_drafts *drafts, bool all, bool dry_run, int64_t *events,
                              tdm_err *err)
{
    tdm_stated stated;
    if (drafts->count == 0 || (!all && drafts->count < GROUP_DRAFTS))
        return TDM_OK;
    tdm_code code = dry_run ? TDM_OK : tdm_core_state_drafts(core, drafts, &stated, err);
    if (code == TDM_OK && events != NULL)
        *events += (int64_t)drafts->count;
    drafts->count = 0;
    tdm_buf_clear(&drafts->bytes);
    return code;
}

tdm_id tdm_fact_named(const char *const *words, size_t count)
{
    crypto_generichash_state state;
    uint8_t digest[TDM_DIGEST_BYTES];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&state, (const uint8_t *)words[i], strlen(words[i]) + 1);
    crypto_generichash_final(&state, digest, sizeof digest);
    tdm_id id;
    memcpy(id.bytes, digest, TDM_ID_BYTES);
    return id;
}
