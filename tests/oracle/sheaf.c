/* SPDX-License-Identifier: MPL-2.0
 *
 * sheaf.c: events made for tests.
 */
#include "sheaf.h"

#include "parts.h"

void tdm_sheaf_free(tdm_sheaf *sheaf)
{
    tdm_buf_free(&sheaf->bytes);
    free(sheaf->ends);
    *sheaf = (tdm_sheaf){ 0 };
}

tdm_span *tdm_sheaf_spans(const tdm_sheaf *sheaf)
{
    tdm_span *spans = oracle_zeroed(sheaf->count, sizeof(*spans));
    for (size_t i = 0, at = 0; i < sheaf->count; at = sheaf->ends[i++])
        spans[i] = (tdm_span){ sheaf->bytes.data + at, sheaf->ends[i] - at };
    return spans;
}

bool tdm_sheaf_write(tdm_sheaf *sheaf, tdm_pen *pen, uint32_t type, const char *subject, const tdm_id *fact,
                     int64_t recorded_ms, tdm_span payload)
{
    tdm_event event = { .origin = pen->origin,
                        .incarnation = pen->incarnation,
                        .sequence = pen->sequence + 1,
                        .type = type,
                        .author = TDM_AUTHOR_IS_LEAD_STAFF,
                        .subject = tdm_span_text(subject),
                        .fact = *fact,
                        .event_ms = recorded_ms,
                        .recorded_ms = recorded_ms };
    tdm_buf made = { 0 };
    bool good = tdm_event_encode(&event, payload, &made, NULL) == TDM_OK;
    if (good) {
        tdm_buf_add(&sheaf->bytes, made.data, made.len);
        ORACLE_PUSH(sheaf->ends, sheaf->count, sheaf->bytes.len);
        pen->sequence++;
    }
    tdm_buf_free(&made);
    return good;
}

bool tdm_sheaf_state(tdm_sheaf *sheaf, tdm_pen *pen, const char *subject, const tdm_id *fact,
                     int64_t recorded_ms, const tdm_record *record)
{
    tdm_buf payload = { 0 };
    bool good = tdm_record_encode(record, &payload, NULL) == TDM_OK
                && tdm_sheaf_write(sheaf, pen, record->type->number, subject, fact, recorded_ms,
                                   tdm_buf_span(&payload));
    tdm_buf_free(&payload);
    return good;
}

bool tdm_sheaf_amend(tdm_sheaf *sheaf, tdm_pen *pen, uint32_t type, const char *subject, const tdm_id *fact,
                     const tdm_id *target_origin, int64_t recorded_ms, const tdm_record *body)
{
    tdm_record record;
    tdm_buf content = { 0 };
    tdm_record_init(&record, type);
    if (target_origin != NULL)
        tdm_record_set_bytes(&record, TDM_VOID_TARGET_ORIGIN,
                             (tdm_span){ target_origin->bytes, TDM_ID_BYTES });
    bool good = body == NULL || tdm_record_encode(body, &content, NULL) == TDM_OK;
    if (good && body != NULL) {
        tdm_record_set_number(&record, TDM_CORRECTION_TARGET_TYPE, body->type->number);
        tdm_record_set_bytes(&record, TDM_CORRECTION_BODY, tdm_buf_span(&content));
    }
    good = good && tdm_sheaf_state(sheaf, pen, subject, fact, recorded_ms, &record);
    tdm_buf_free(&content);
    return good;
}
