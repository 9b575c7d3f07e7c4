/* SPDX-License-Identifier: MPL-2.0
 *
 * follow.c: events as they come, by asking again where the last answer ended. Positions in the log are the
 * only state, so nothing is missed or told twice however often the daemon goes and comes.
 */
#include "connection_internal.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

enum { POLL_MS = 500, MOST_AT_ONCE = 256 };
/* MOST_AT_ONCE events of 16 KiB, each byte as six in JSON; no larger answer is parsed. */
#define ANSWER_MAX ((size_t)32 << 20)

struct tdm_follow {
    tdm_connection *connection;
    json_t *arguments;
    json_t *document; /* the last answer; NULL: none yet */
    json_t *rows;     /* borrowed from it */
    size_t next;      /* of the rows */
    uint64_t position;
    uint64_t reached; /* where the last answer ended */
    bool more;        /* there was more behind it */
    int64_t ask_ms;   /* by the monotonic clock: not asked again before */
    char *text;       /* of the event told last */
};

static int64_t mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one answer ---- */

static bool is_position(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* Positions only grow, within what the answer says it covers. */
static bool rows_are_in_order(const json_t *rows, uint64_t after, uint64_t reached)
{
    size_t index;
    const json_t *row;
    json_array_foreach(rows, index, row)
    {
        const json_t *value = json_object_get(row, "position");
        uint64_t position = (uint64_t)json_integer_value(value);
        if (!is_position(value) || position <= after || position > reached)
            return false;
        after = position;
    }
    return json_is_array(rows);
}

static tdm_code take_document(tdm_follow *f, json_t *document, tdm_err *err)
{
    const json_t *reached = json_object_get(document, "reached");
    const json_t *last = json_object_get(document, "last");
    json_t *rows = json_object_get(document, "data");
    bool whole = is_position(reached) && is_position(last)
                 && (uint64_t)json_integer_value(reached) >= f->reached
                 && rows_are_in_order(rows, f->reached, (uint64_t)json_integer_value(reached));
    if (!whole) {
        json_decref(document);
        return tdm_fail(err, TDM_MALFORMED, 0, "what listens at %.100s tells no events of a log",
                        tdm_connection_endpoint(f->connection));
    }
    json_decref(f->document);
    f->document = document;
    f->rows = rows;
    f->next = 0;
    f->reached = (uint64_t)json_integer_value(reached);
    f->more = f->reached < (uint64_t)json_integer_value(last);
    return TDM_OK;
}

static tdm_code ask_document(tdm_connection *connection, const json_t *arguments, json_t **out, tdm_err *err)
{
    tdm_answer answer = { 0 };
    char *text = json_dumps(arguments, JSON_COMPACT);
    tdm_code code = text == NULL
                        ? tdm_fail(err, TDM_FULL, 0, "no memory to ask for events")
                        : tdm_connection_call(connection, "event.list", text, (tdm_span){ 0 }, &answer, err);
    free(text);
    if (code == TDM_OK)
        code = tdm_connection_judge(connection, &answer, err);
    if (code == TDM_OK && answer.bytes.len > ANSWER_MAX)
        code = tdm_fail(err, TDM_MALFORMED, 0, "the answer has %zu bytes, and events have at most %zu",
                        answer.bytes.len, ANSWER_MAX);
    if (code == TDM_OK)
        *out = json_loadb((const char *)answer.bytes.data, answer.bytes.len, 0, NULL);
    tdm_buf_free(&answer.bytes);
    if (code == TDM_OK && *out == NULL)
        code = tdm_fail(err, TDM_MALFORMED, 0, "what listens at %.100s does not answer in JSON",
                        tdm_connection_endpoint(connection));
    return code;
}

static tdm_code ask_again(tdm_follow *f, tdm_err *err)
{
    json_t *document = NULL;
    f->ask_ms = mono_ms() + POLL_MS;
    if (f->document != NULL) {
        json_object_set_new(f->arguments, "after", json_integer((json_int_t)f->reached));
        json_object_set_new(f->arguments, "limit", json_integer(MOST_AT_ONCE));
    }
    tdm_code code = ask_document(f->connection, f->arguments, &document, err);
    return code == TDM_OK ? take_document(f, document, err) : code;
}

/* ---- one event after the other ---- */

bool tdm_follow_is_drained(const tdm_follow *follow)
{
    return follow->next >= json_array_size(follow->rows);
}

/* Until it is time to ask again. False: the deadline is before that, or a signal came. */
static bool wait_turn(const tdm_follow *f, int64_t deadline_ms)
{
    int64_t now = mono_ms();
    int64_t until = f->ask_ms < deadline_ms ? f->ask_ms : deadline_ms;
    if (until > now && poll(NULL, 0, (int)(until - now)) < 0)
        return false;
    return until == f->ask_ms;
}

tdm_code tdm_follow_row(tdm_follow *follow, int64_t timeout_ms, const json_t **row, tdm_err *err)
{
    int64_t deadline_ms = timeout_ms < 0 || timeout_ms > INT32_MAX ? INT64_MAX : mono_ms() + timeout_ms;
    for (bool asked = false; tdm_follow_is_drained(follow); asked = true) {
        follow->position = follow->reached;
        bool now = follow->more || (timeout_ms == 0 && !asked);
        if (asked && mono_ms() >= deadline_ms)
            return TDM_END;
        if (!now && !wait_turn(follow, deadline_ms))
            return TDM_END;
        tdm_code code = ask_again(follow, err);
        if (code != TDM_OK)
            return code;
    }
    *row = json_array_get(follow->rows, follow->next++);
    follow->position = (uint64_t)json_integer_value(json_object_get(*row, "position"));
    return TDM_OK;
}

tdm_code tdm_follow_next(tdm_follow *follow, int64_t timeout_ms, const char **event, tdm_err *err)
{
    const json_t *row = NULL;
    *event = NULL;
    tdm_code code = tdm_follow_row(follow, timeout_ms, &row, err);
    if (code != TDM_OK)
        return code;
    free(follow->text);
    follow->text = json_dumps(row, JSON_COMPACT);
    *event = follow->text;
    return follow->text != NULL ? TDM_OK : tdm_fail(err, TDM_FULL, 0, "no memory for an event");
}

uint64_t tdm_follow_position(const tdm_follow *follow)
{
    return follow->position;
}

/* ---- from the first to the last ---- */

tdm_code tdm_follow_open(tdm_connection *connection, json_t *arguments, tdm_follow **out, tdm_err *err)
{
    tdm_follow *made = calloc(1, sizeof *made);
    *out = NULL;
    if (made == NULL || arguments == NULL || json_object_set_new(arguments, "follow", json_true()) != 0) {
        json_decref(arguments);
        free(made);
        return tdm_fail(err, TDM_FULL, 0, "no memory to follow a log");
    }
    const json_t *after = json_object_get(arguments, "after");
    made->connection = connection;
    made->arguments = arguments;
    made->reached = made->position = is_position(after) ? (uint64_t)json_integer_value(after) : 0;
    *out = made;
    return TDM_OK;
}

/* Where the log ends now. */
static tdm_code find_end(tdm_connection *connection, json_t *arguments, tdm_err *err)
{
    json_t *document = NULL;
    json_t *question = json_pack("{s:i}", "limit", 1);
    tdm_code code = ask_document(connection, question, &document, err);
    json_t *last = json_object_get(document, "last");
    if (code == TDM_OK && !is_position(last))
        code = tdm_fail(err, TDM_MALFORMED, 0, "what listens at %.100s tells no end of a log",
                        tdm_connection_endpoint(connection));
    if (code == TDM_OK)
        json_object_set(arguments, "after", last);
    json_decref(question);
    json_decref(document);
    return code;
}

tdm_code tdm_connection_follow(tdm_connection *connection, const char *arguments, tdm_follow **out,
                               tdm_err *err)
{
    json_t *object = json_loads(arguments == NULL ? "{}" : arguments, JSON_REJECT_DUPLICATES, NULL);
    const json_t *after = json_object_get(object, "after");
    tdm_code code = TDM_OK;
    *out = NULL;
    if (!json_is_object(object) || (after != NULL && !is_position(after)))
        code = tdm_fail(err, TDM_INVALID, 0,
                        "following takes a JSON object such as {\"type\":\"session\",\"after\":120}");
    else if (after == NULL)
        code = find_end(connection, object, err);
    if (code == TDM_OK)
        code = json_object_set_new(object, "limit", json_integer(MOST_AT_ONCE)) == 0
                   ? tdm_follow_open(connection, json_incref(object), out, err)
                   : tdm_fail(err, TDM_FULL, 0, "no memory to follow a log");
    json_decref(object);
    return code;
}

void tdm_follow_close(tdm_follow **follow)
{
    if (follow == NULL || *follow == NULL)
        return;
    json_decref((*follow)->document);
    json_decref((*follow)->arguments);
    free((*follow)->text);
    free(*follow);
    *follow = NULL;
}
