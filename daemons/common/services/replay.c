/* SPDX-License-Identifier: MPL-2.0
 *
 * replay.c: a part of an exported log into this daemon's store: whole lines that end with a seal. Who gives a
 * log in parts gives back, with each, the logs that ended in an earlier one.
 */
#include "services.h"

#include "../log_replay.h"

#include <stdlib.h>
#include <string.h>

/* "origin/incarnation", both in hex. */
#define END_BYTES (2 * TDM_ID_BYTES + 1 + 16)

static tdm_code read_end(tdm_replay_ends *ends, const char *text, tdm_err *err)
{
    tdm_id origin;
    uint8_t bytes[8];
    uint64_t incarnation = 0;
    bool fits =
        text != NULL && strlen(text) == END_BYTES && text[2 * TDM_ID_BYTES] == '/'
        && tdm_unhex(origin.bytes, TDM_ID_BYTES, (tdm_span){ (const uint8_t *)text, 2 * TDM_ID_BYTES })
        && tdm_unhex(bytes, sizeof bytes, tdm_span_text(text + 2 * TDM_ID_BYTES + 1));
    if (!fits)
        return tdm_fail(err, TDM_INVALID, 0, "ended holds logs as ORIGIN/INCARNATION in hex digits");
    for (size_t i = 0; i < sizeof bytes; i++)
        incarnation = incarnation << 8 | bytes[i];
    return tdm_replay_ends_add(ends, &origin, incarnation, err);
}

static tdm_code read_ends(const json_t *args, tdm_replay_ends *ends, tdm_err *err)
{
    const json_t *list = json_object_get(args, "ended");
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < json_array_size(list) && code == TDM_OK; i++)
        code = read_end(ends, json_string_value(json_array_get(list, i)), err);
    return code;
}

static void write_ends(tdm_json *json, const tdm_replay_ends *ends)
{
    tdm_json_begin_array(tdm_json_key(json, "ended"));
    for (size_t i = 0; i < ends->count; i++) {
        char text[END_BYTES + 1];
        uint8_t bytes[8];
        tdm_hex(text, ends->logs[i].origin.bytes, TDM_ID_BYTES);
        text[2 * TDM_ID_BYTES] = '/';
        tdm_incarnation_bytes(ends->logs[i].incarnation, bytes);
        tdm_hex(text + 2 * TDM_ID_BYTES + 1, bytes, sizeof bytes);
        tdm_json_text(json, text);
    }
    tdm_json_end_array(json);
}

static tdm_code write_replayed(const tdm_service_context *context, const tdm_replayed *done,
                               const tdm_replay_ends *ends, tdm_answer *answer, tdm_err *err)
{
    tdm_document document;
    tdm_document_open(&document, answer, "tandem.replay/1", context->now_ms, true);
    tdm_json *json = &document.json;
    tdm_json_begin_object(json);
    tdm_member_int(json, "new", (int64_t)done->added);
    tdm_member_int(json, "known", (int64_t)done->known);
    tdm_member_int(json, "conflicting", (int64_t)done->conflicting);
    tdm_member_int(json, "left_out", (int64_t)done->left_out);
    tdm_member_int(json, "logs", (int64_t)done->logs);
    tdm_member_text(json, "conflict", done->conflict);
    write_ends(json, ends);
    tdm_json_end_object(json);
    return tdm_document_close(&document, err);
}

static tdm_code replay_lines(tdm_span lines, const tdm_replay_options *options, tdm_replayed *done,
                             tdm_err *err)
{
    FILE *file = lines.len == 0 ? NULL : fmemopen((void *)(uintptr_t)lines.data, lines.len, "r");
    if (file == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "give lines of an exported log: tandem replay does");
    tdm_code code = tdm_log_replay(options, file, done, err);
    fclose(file);
    return code == TDM_DIFFERS ? TDM_OK : code; /* a conflict is part of the answer */
}

tdm_code tdm_serve_replay(const tdm_service_context *context, const tdm_request *request, tdm_answer *answer,
                          tdm_err *err)
{
    int64_t until_ms = INT64_MAX;
    tdm_replayed done = { 0 };
    tdm_replay_ends ends = { 0 };
    tdm_code code =
        tdm_arg_number(request->args, "until_ms", INT64_MAX, INT64_MIN, INT64_MAX, &until_ms, err);
    const tdm_replay_options options = { .core = context->core,
                                         .dry_run = tdm_arg_flag(request->args, "dry_run"),
                                         .ends = &ends,
                                         .node = tdm_arg_text(request->args, "node"),
                                         .has_until = until_ms != INT64_MAX,
                                         .until_ms = until_ms };
    if (code == TDM_OK)
        code = read_ends(request->args, &ends, err);
    if (code == TDM_OK)
        code = replay_lines(request->body, &options, &done, err);
    if (code == TDM_OK)
        code = write_replayed(context, &done, &ends, answer, err);
    free(ends.logs);
    return code;
}
