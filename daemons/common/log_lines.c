/* SPDX-License-Identifier: MPL-2.0
 *
 * log_lines.c: the lines of an exported log. Nothing of them is believed that can be computed.
 */
#include "log_lines.h"

#include "tandem/pack.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1 << 20, CHUNK = 65536 };

typedef struct tdm_log_lines {
    FILE *file;
    const tdm_log_visit *visit;
    void *context;
    tdm_buf line;
    tdm_buf events;                  /* of the run being read */
    size_t ends[TDM_RUN_EVENTS_MAX]; /* where each ends */
    size_t count;
    uint64_t lines;
    bool begun;   /* the store line was read */
    tdm_err *err; /* of the step at hand */
    char chunk[CHUNK];
} reading;

static tdm_code bad_line(reading *in, tdm_code code, const char *what)
{
    return tdm_fail(in->err, code, 0, "line %llu: %s", (unsigned long long)in->lines, what);
}

/* What a visit failed with, and at which line. */
static tdm_code visited(reading *in, tdm_code code, const tdm_err *why)
{
    return code == TDM_OK ? code : bad_line(in, code, why->what);
}

/* ---- fields of a line */

static bool get_hex(const json_t *line, const char *key, void *out, size_t len)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text != NULL && tdm_unhex(out, len, tdm_span_text(text));
}

static bool get_number(const json_t *line, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(line, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool get_log(const json_t *line, tdm_id *origin, uint64_t *incarnation)
{
    uint8_t bytes[8];
    *incarnation = 0;
    if (!get_hex(line, "origin", origin->bytes, TDM_ID_BYTES) || !get_hex(line, "incarnation", bytes, 8))
        return false;
    for (int i = 0; i < 8; i++)
        *incarnation = *incarnation << 8 | bytes[i];
    return true;
}

/* ---- lines */

static tdm_code take_store(reading *in, const json_t *line)
{
    uint64_t version = 0;
    tdm_id authority;
    tdm_err why = { 0 };
    if (in->begun || !get_number(line, "version", &version))
        return bad_line(in, TDM_MALFORMED, "a store line stands once, first, with its version");
    if (version > TDM_LEDGER_FORMAT)
        return bad_line(in, TDM_UNSUPPORTED, "the log is of a newer version than this program");
    in->begun = true;
    bool none = json_is_null(json_object_get(line, "authority"));
    if (!none && !get_hex(line, "authority", authority.bytes, TDM_ID_BYTES))
        return bad_line(in, TDM_MALFORMED, "authority is neither null nor 32 hex digits");
    return visited(in, in->visit->store(in->context, none ? NULL : &authority, &why), &why);
}

static tdm_code take_event(reading *in, tdm_span line)
{
    if (in->count == TDM_RUN_EVENTS_MAX)
        return bad_line(in, TDM_MALFORMED, "a run has more events than a run may have");
    tdm_err why = { 0 };
    tdm_code code = tdm_event_from_json(line, &in->events, &why);
    if (code != TDM_OK)
        return bad_line(in, code, why.what);
    in->ends[in->count++] = in->events.len;
    return TDM_OK;
}

static tdm_span event_span(const reading *in, size_t index)
{
    size_t start = index == 0 ? 0 : in->ends[index - 1];
    return (tdm_span){ in->events.data + start, in->ends[index] - start };
}

static void forget_events(reading *in)
{
    tdm_buf_clear(&in->events);
    in->count = 0;
}

/* Each event must be what the run's line says it is. */
static bool events_fit(const reading *in, const tdm_id *origin, uint64_t incarnation, const tdm_run *run)
{
    if (in->count == 0 || run->last - run->first + 1 != in->count)
        return false;
    for (size_t i = 0; i < in->count; i++) {
        tdm_event event;
        if (tdm_event_peek(event_span(in, i), &event, NULL) != TDM_OK || event.incarnation != incarnation
            || event.sequence != run->first + i || !tdm_id_equal(&event.origin, origin))
            return false;
    }
    return true;
}

static tdm_code take_run(reading *in, const json_t *line)
{
    tdm_id origin;
    uint64_t incarnation = 0;
    tdm_run run;
    tdm_digest root;
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    tdm_span spans[TDM_RUN_EVENTS_MAX];
    tdm_err why = { 0 };
    const char *hash = json_string_value(json_object_get(line, "hash"));
    if (!get_log(line, &origin, &incarnation) || !get_number(line, "first", &run.first)
        || !get_number(line, "last", &run.last) || run.last < run.first
        || !get_hex(line, "root", run.root.bytes, TDM_DIGEST_BYTES)
        || !get_hex(line, "head", run.head.bytes, TDM_DIGEST_BYTES))
        return bad_line(in, TDM_MALFORMED, "a run line needs origin, incarnation, first, last, root, head");
    if (hash == NULL || strcmp(hash, TDM_HASH_NAME) != 0)
        return bad_line(in, TDM_UNSUPPORTED, "the run is hashed by something other than " TDM_HASH_NAME);
    if (!events_fit(in, &origin, incarnation, &run))
        return bad_line(in, TDM_MALFORMED, "the events before this line are not those of the run");
    for (size_t i = 0; i < in->count; i++)
        spans[i] = event_span(in, i);
    tdm_event_digests(spans, in->count, digests);
    tdm_run_root(digests, in->count, &root);
    if (!tdm_digest_equal(&root, &run.root))
        return bad_line(in, TDM_DENIED, "root or head do not follow from the events before this line");
    tdm_code code = in->visit->run(in->context, &origin, incarnation, &run, spans, &why);
    forget_events(in);
    return visited(in, code, &why);
}

static tdm_code take_seal(reading *in, const json_t *line)
{
    tdm_id origin;
    uint64_t incarnation = 0;
    tdm_seal seal;
    tdm_err why = { 0 };
    if (!get_log(line, &origin, &incarnation) || !get_number(line, "last", &seal.last)
        || !get_hex(line, "key", seal.key, sizeof seal.key)
        || !get_hex(line, "signature", seal.signature, TDM_SEAL_BYTES))
        return bad_line(in, TDM_MALFORMED, "a seal line needs origin, incarnation, last, key, signature");
    if (in->count > 0)
        return bad_line(in, TDM_MALFORMED, "a seal follows the run it seals");
    return visited(in, in->visit->seal(in->context, &origin, incarnation, &seal, &why), &why);
}

static tdm_code read_proof(reading *in, const json_t *line, tdm_proof *proof)
{
    static const tdm_scan_limits LIMITS = { .bytes = 8192, .depth = 4, .items = 256 };
    uint8_t bytes[8192];
    const char *hex = json_string_value(json_object_get(line, "proof"));
    size_t len = hex == NULL ? 0 : strlen(hex) / 2;
    tdm_span span = { bytes, len };
    if (len == 0 || len > sizeof bytes || !tdm_unhex(bytes, len, tdm_span_text(hex))
        || tdm_scan(span, &LIMITS, NULL) != TDM_OK || tdm_proof_decode(span, proof, NULL) != TDM_OK)
        return bad_line(in, TDM_MALFORMED, "a notice line needs a proof");
    return TDM_OK;
}

static tdm_code take_notice(reading *in, const json_t *line)
{
    tdm_proof proof;
    tdm_event event;
    tdm_err why = { 0 };
    tdm_code code = read_proof(in, line, &proof);
    if (code != TDM_OK)
        return code;
    if (in->count != 1 || tdm_event_decode(event_span(in, 0), &event, NULL) != TDM_OK)
        return bad_line(in, TDM_MALFORMED, "a notice follows the one event it is about");
    if (tdm_proof_check(&proof, &event, NULL) != TDM_OK)
        return bad_line(in, TDM_DENIED, "the proof does not lead from the event to a seal");
    code = in->visit->notice(in->context, &event, &proof, &why);
    forget_events(in);
    return visited(in, code, &why);
}

/* Keys follow from the events: only the line's form is looked at. */
static tdm_code take_key(reading *in, const json_t *line)
{
    tdm_id origin;
    uint8_t key[32];
    if (!get_hex(line, "origin", origin.bytes, TDM_ID_BYTES) || !get_hex(line, "key", key, sizeof key))
        return bad_line(in, TDM_MALFORMED, "a key line needs origin and key");
    return TDM_OK;
}

static const struct {
    const char *kind;
    tdm_code (*take)(reading *in, const json_t *line);
} LINES[] = { { "store", take_store },
              { "run", take_run },
              { "seal", take_seal },
              { "notice", take_notice },
              { "key", take_key } };

static tdm_code take_other(reading *in, tdm_span text)
{
    json_t *line = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(line, "kind"));
    tdm_code code = TDM_MALFORMED;
    size_t i = 0;
    while (i < TDM_COUNT(LINES) && (kind == NULL || strcmp(kind, LINES[i].kind) != 0))
        i++;
    if (i == TDM_COUNT(LINES))
        bad_line(in, TDM_MALFORMED, "this is no line of an exported log");
    else if (!in->begun && i > 0)
        bad_line(in, TDM_MALFORMED, "a log begins with its store line");
    else
        code = LINES[i].take(in, line);
    json_decref(line);
    return code;
}

static tdm_code take_line(reading *in, tdm_span text)
{
    static const char EVENT[] = "{\"kind\":\"event\"";
    in->lines++;
    if (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    if (text.len > LINE_MAX_BYTES)
        return bad_line(in, TDM_MALFORMED, "the line is too long");
    if (text.len < sizeof EVENT - 1 || memcmp(text.data, EVENT, sizeof EVENT - 1) != 0)
        return take_other(in, text);
    return in->begun ? take_event(in, text) : bad_line(in, TDM_MALFORMED, "a log begins with its store line");
}

/* ---- the file */

/* One line with its end; false at the end of the file and where it can not be read. What is longer than a
 * line may be is cut, so that it is seen to be too long. */
static bool read_line(reading *in)
{
    tdm_buf_clear(&in->line);
    while (in->line.len <= LINE_MAX_BYTES && fgets(in->chunk, CHUNK, in->file) != NULL) {
        size_t len = strlen(in->chunk);
        tdm_buf_add(&in->line, in->chunk, len);
        if (len == 0 || in->chunk[len - 1] == '\n')
            break;
    }
    return in->line.len > 0 && !ferror(in->file);
}

/* zstd_file.h tells what a compressed stream's numbers mean. */
static tdm_code file_failed(reading *in, int sys)
{
    if (sys == EILSEQ)
        return tdm_fail(in->err, TDM_MALFORMED, sys, "the compressed log is damaged or was cut");
    if (sys == EFBIG)
        return tdm_fail(in->err, TDM_UNSUPPORTED, sys,
                        "the log was compressed with a window of more than 128 MiB");
    return tdm_fail(in->err, TDM_IO, sys, "could not read the log: %s", strerror(sys));
}

static tdm_code take_end(reading *in)
{
    if (in->count == 0 && in->begun)
        return TDM_END;
    return bad_line(in, TDM_MALFORMED, "the log is cut short: its last run line is missing");
}

tdm_code tdm_log_lines_step(tdm_log_lines *in, tdm_err *err)
{
    in->err = err;
    errno = 0;
    bool whole = read_line(in);
    if (ferror(in->file))
        return file_failed(in, errno);
    if (in->line.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a line");
    return whole ? take_line(in, tdm_buf_span(&in->line)) : take_end(in);
}

tdm_code tdm_log_lines_open(tdm_log_lines **out, FILE *file, const tdm_log_visit *visit, void *context,
                            tdm_err *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a log");
    (*out)->file = file;
    (*out)->visit = visit;
    (*out)->context = context;
    return TDM_OK;
}

uint64_t tdm_log_lines_count(const tdm_log_lines *in)
{
    return in->lines;
}

void tdm_log_lines_close(tdm_log_lines **in)
{
    if (*in == NULL)
        return;
    tdm_buf_free(&(*in)->line);
    tdm_buf_free(&(*in)->events);
    free(*in);
    *in = NULL;
}

tdm_code tdm_log_read(FILE *file, const tdm_log_visit *visit, void *context, uint64_t *lines, tdm_err *err)
{
    tdm_log_lines *in = NULL;
    tdm_code code = tdm_log_lines_open(&in, file, visit, context, err);
    *lines = 0;
    while (code == TDM_OK)
        code = tdm_log_lines_step(in, err);
    if (in != NULL)
        *lines = in->lines;
    tdm_log_lines_close(&in);
    return code == TDM_END ? TDM_OK : code;
}
