/* SPDX-License-Identifier: MPL-2.0
 *
 * replay_live.c: lines are gathered until there are enough of them and a seal closes the last: a running
 * daemon takes nothing that is not sealed. Each part begins with the store's line, as an export does.
 */
#include "replay_live.h"

#include "clock.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A part's bytes and, at a given pace, its events. A dry run must be one part: nothing stays of it, so that
 * the next would not follow. */
enum { PART_BYTES = 1 << 20, DRY_BYTES = 60 << 20, LINE_BYTES = 1 << 20 };

typedef struct sending {
    const tdm_invocation *invocation;
    tdm_session *session;
    const tdm_replay_options *options;
    tdm_progress *progress;
    tdm_replayed *done;
    json_t *ended; /* logs of which nothing more is taken: as the daemon told */
    tdm_buf first; /* the store's line */
    tdm_buf part;
    uint64_t events; /* in the part */
    uint64_t sent;   /* before it */
    int64_t begun_ms;
} sending;

static bool is_kind(const char *line, const char *kind)
{
    static const char HEAD[] = "{\"kind\":\"";
    size_t len = strlen(kind);
    return strncmp(line, HEAD, sizeof HEAD - 1) == 0 && strncmp(line + sizeof HEAD - 1, kind, len) == 0
           && line[sizeof HEAD - 1 + len] == '"';
}

/* ---- a part */

static uint64_t number_of(const json_t *row, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(row, name));
}

static void add_up(sending *s, const json_t *row)
{
    tdm_replayed *done = s->done;
    const char *conflict = json_string_value(json_object_get(row, "conflict"));
    done->added += number_of(row, "new");
    done->known += number_of(row, "known");
    done->conflicting += number_of(row, "conflicting");
    done->left_out += number_of(row, "left_out");
    done->logs = number_of(row, "logs") > done->logs ? number_of(row, "logs") : done->logs;
    if (done->conflict[0] == '\0' && conflict != NULL)
        snprintf(done->conflict, sizeof done->conflict, "%s", conflict);
    json_decref(s->ended);
    s->ended = json_incref(json_object_get(row, "ended"));
}

static json_t *make_args(const sending *s)
{
    json_t *args = json_object();
    if (s->options->node != NULL)
        json_object_set_new(args, "node", json_string(s->options->node));
    if (s->options->has_until)
        json_object_set_new(args, "until_ms", json_integer(s->options->until_ms));
    json_object_set_new(args, "dry_run", json_boolean(s->options->dry_run));
    json_object_set(args, "ended", s->ended);
    return args;
}

static int send_part(sending *s)
{
    tdm_answer answer;
    if (s->events == 0)
        return 0;
    json_t *args = make_args(s);
    int status = tdm_client_ask(s->invocation, s->session, "replay", args, tdm_buf_span(&s->part), &answer);
    json_decref(args);
    if (status != 0)
        return status;
    json_t *document = json_loadb((const char *)answer.bytes.data, answer.bytes.len, 0, NULL);
    add_up(s, json_array_get(json_object_get(document, "data"), 0));
    json_decref(document);
    tdm_answer_free(&answer);
    s->sent += s->events;
    s->events = 0;
    tdm_buf_clear(&s->part);
    tdm_buf_add(&s->part, s->first.data, s->first.len);
    tdm_progress_tell(s->progress, s->sent, 0);
    return 0;
}

/* ---- pace */

static void keep_pace(const sending *s)
{
    if (s->options->per_second == 0)
        return;
    int64_t due_ms = s->begun_ms + (int64_t)(s->sent * 1000 / s->options->per_second);
    int64_t wait_ms = due_ms - tdm_clock_mono_ms();
    if (wait_ms > 0)
        poll(NULL, 0, wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
}

static bool is_enough(const sending *s)
{
    uint64_t half_second = s->options->per_second / 2 + 1;
    if (s->options->dry_run)
        return false;
    return s->part.len >= PART_BYTES || (s->options->per_second > 0 && s->events >= half_second);
}

/* ---- lines */

static int too_long(const sending *s)
{
    tdm_err err;
    tdm_fail(&err, TDM_FULL, 0,
             s->options->dry_run ? "a dry run beside a running daemon takes %d MB of log: make a snapshot of "
                                   "it, and try this with --store"
                                 : "more than %d MB of log without a seal: a running daemon takes sealed "
                                   "events alone",
             DRY_BYTES >> 20);
    return tdm_session_fail(s->session, s->invocation->command->words, &err, NULL);
}

static int take_line(sending *s, const char *line, size_t len)
{
    if (is_kind(line, "store"))
        tdm_buf_add(&s->first, line, len);
    tdm_buf_add(&s->part, line, len);
    s->events += is_kind(line, "event") || is_kind(line, "notice");
    if (s->part.len > DRY_BYTES)
        return too_long(s);
    if (!is_kind(line, "seal") || !is_enough(s))
        return 0;
    int status = send_part(s);
    keep_pace(s);
    return status;
}

static int no_line(const sending *s)
{
    tdm_err err;
    tdm_fail(&err, TDM_MALFORMED, 0,
             "a line of more than %d bytes, or one without an end: this is no exported log", LINE_BYTES);
    return tdm_session_fail(s->session, s->invocation->command->words, &err, NULL);
}

/* A stranger's file: no line is longer than the daemon would take (log_lines.c). */
static int send_all(sending *s, FILE *lines)
{
    int status = 0;
    char *line = malloc(LINE_BYTES + 2);
    if (line == NULL)
        return no_line(s);
    while (status == 0 && tdm_progress_stopped_by() == 0 && fgets(line, LINE_BYTES + 2, lines) != NULL) {
        size_t len = strlen(line);
        status = len > 0 && line[len - 1] == '\n' ? take_line(s, line, len) : no_line(s);
    }
    free(line);
    return status != 0 || tdm_progress_stopped_by() != 0 ? status : send_part(s);
}

int tdm_replay_live(const tdm_invocation *invocation, tdm_session *session, FILE *lines,
                    const tdm_replay_options *options, tdm_progress *progress, tdm_replayed *done)
{
    sending s = { .invocation = invocation,
                  .session = session,
                  .options = options,
                  .progress = progress,
                  .done = done,
                  .ended = json_array(),
                  .begun_ms = tdm_clock_mono_ms() };
    int status = send_all(&s, lines);
    json_decref(s.ended);
    tdm_buf_free(&s.first);
    tdm_buf_free(&s.part);
    return status;
}
