/* SPDX-License-Identifier: MPL-2.0
 *
 * connection_test.c: the specification of lib/connection.c and follow.c, with a daemon of the test's own that
 * answers what a row says, well or not.
 */
#include "tandem/connection.h"

#include "control.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>
#include <cmocka.h>

enum { SCRIPT_MAX = 8 };

static struct {
    void *context;
    tdm_control *control;
    char folder[64];
    char endpoint[96];
    char asked[256];                /* arguments of the last question */
    const char *script[SCRIPT_MAX]; /* answers to event.list, in turn; the last one again and again */
    size_t step;
} world;

/* ---- the daemon ---- */

static const struct {
    const char *verb;
    int exit;
    bool raw;
    const char *text;
} ANSWERS[] = {
    { "yes", 0, false, "{\"data\":[]}" },
    { "no", 1, false, "{\"data\":[1]}" },
    { "bytes", 0, true, "{\"type\":\"error\",\"exit\":4}\n" },
    { "denied", 4, false,
      "{\"type\":\"error\",\"exit\":4,\"kind\":\"denied\",\"what\":\"you may not\",\"hint\":\"ask the "
      "hub\"}" },
    { "conflict", 1, false,
      "{\"type\":\"error\",\"exit\":1,\"kind\":\"conflict\",\"what\":\"two\",\"hint\":\"\"}" },
    { "newer", 6, false,
      "{\"type\":\"error\",\"exit\":6,\"kind\":\"too-hot\",\"what\":\"later\",\"hint\":\"\"}" },
    { "unclear", 10, false, "{\"type\":\"error\",\"exit\":77,\"kind\":\"denied\"}" },
    { "silent", 7, false, "" },
    { "deep", 4, false, "{\"type\":\"error\",[[[[[[[[" },
};

static tdm_code serve(const tdm_service_context *context, const char *verb, const tdm_request *request,
                      tdm_answer *answer, tdm_err *err)
{
    (void)context, (void)err;
    char *args = json_dumps(request->args, JSON_COMPACT | JSON_SORT_KEYS);
    snprintf(world.asked, sizeof world.asked, "%s", args);
    free(args);
    for (size_t i = 0; i < TDM_COUNT(ANSWERS); i++)
        if (strcmp(verb, ANSWERS[i].verb) == 0) {
            answer->exit = ANSWERS[i].exit;
            answer->raw = ANSWERS[i].raw;
            tdm_buf_text(&answer->bytes, ANSWERS[i].text);
        }
    if (strcmp(verb, "body") == 0)
        tdm_buf_format(&answer->bytes, "%zu", request->body.len);
    if (strcmp(verb, "event.list") == 0) {
        tdm_buf_text(&answer->bytes, world.script[world.step]);
        world.step += world.step + 1 < SCRIPT_MAX && world.script[world.step + 1] != NULL;
    }
    if (strcmp(verb, "huge") == 0 || (strcmp(verb, "event.list") == 0 && world.script[0][0] == 'H')) {
        tdm_buf_clear(&answer->bytes);
        for (size_t i = 0; i < (size_t)33 << 16; i++)
            tdm_buf_text(&answer->bytes, "[[[[[[[[[[[[[[[[");
    }
    return TDM_OK;
}

static int64_t no_time(void)
{
    return 0;
}

static void start_daemon(void)
{
    tdm_service_context context = { 0 };
    tdm_err err = { 0 };
    if (tdm_control_serve(&world.control, world.context, world.endpoint, &context, no_time, serve, NULL, &err)
        != TDM_OK)
        fail_msg("%s", err.what);
}

static int open_world(void **state)
{
    (void)state;
    snprintf(world.folder, sizeof world.folder, "/tmp/tandem-connection-XXXXXX");
    if (mkdtemp(world.folder) == NULL)
        return -1;
    snprintf(world.endpoint, sizeof world.endpoint, "ipc://%s/control.sock", world.folder);
    world.context = zmq_ctx_new();
    start_daemon();
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    tdm_control_stop(&world.control);
    zmq_ctx_term(world.context);
    return rmdir(world.folder);
}

static tdm_connection *connect_here(void)
{
    tdm_connection *connection = NULL;
    tdm_err err = { 0 };
    if (tdm_connection_open(&connection, world.folder, &err) != TDM_OK)
        fail_msg("%s", err.what);
    return connection;
}

/* ---- asking ---- */

typedef struct question {
    const char *name;
    const char *verb;
    const char *arguments;
    tdm_code code;
    const char *text; /* of the reply, or words of the error */
    const char *hint;
} question;

static const question QUESTIONS[] = {
    { "a yes is an answer", "yes", NULL, TDM_OK, "{\"data\":[]}", "" },
    { "a no is an answer, too", "no", "{}", TDM_DIFFERS, "{\"data\":[1]}", "" },
    { "bytes are no failure, whatever they are", "bytes", "{}", TDM_OK, "{\"type\":\"error\",\"exit\":4}\n",
      "" },
    { "a failure has its code, words and hint", "denied", "{}", TDM_DENIED, "you may not", "ask the hub" },
    { "a failure of status 1 is no answer", "conflict", "{}", TDM_CONFLICT, "two", "" },
    { "an unknown word of a newer daemon is told by its status", "newer", "{}", TDM_BUSY, "later", "" },
    { "a failure that says too little is an internal one", "unclear", "{}", TDM_INTERNAL, "without saying",
      "" },
    { "a failure that says nothing is, too", "silent", "{}", TDM_INTERNAL, "without saying", "" },
    { "one that is no JSON is, too", "deep", "{}", TDM_INTERNAL, "without saying", "" },
    { "arguments are an object", "yes", "[1]", TDM_INVALID, "no JSON object", "" },
    { "arguments are JSON", "yes", "{\"fy\":", TDM_INVALID, "no JSON object", "" },
    { "a verb is not empty", "", "{}", TDM_INVALID, "no verb", "" },
};

static void check_question(void **state)
{
    const question *q = *state;
    tdm_connection *connection = connect_here();
    tdm_reply *reply = (tdm_reply *)"not touched";
    tdm_err err = { 0 };
    tdm_code code = tdm_connection_ask(connection, q->verb, q->arguments, &reply, &err);
    assert_string_equal(tdm_code_word(code), tdm_code_word(q->code));
    assert_string_equal(tdm_connection_hint(connection), q->hint);
    if (code == TDM_OK || code == TDM_DIFFERS) {
        assert_string_equal(tdm_reply_text(reply), q->text);
        assert_int_equal(tdm_reply_size(reply), strlen(q->text));
    } else {
        assert_null(reply);
        assert_int_equal(err.code, code);
        if (strstr(err.what, q->text) == NULL)
            fail_msg("%s", err.what);
    }
    tdm_reply_free(&reply);
    tdm_connection_close(&connection);
    assert_null(connection);
}

static void what_is_sent_arrives(void **state)
{
    (void)state;
    tdm_connection *connection = connect_here();
    tdm_reply *reply = NULL;
    assert_int_equal(tdm_connection_send(connection, "body", NULL, "12345", 5, &reply, NULL), TDM_OK);
    assert_string_equal(tdm_reply_text(reply), "5");
    tdm_reply_free(&reply);
    tdm_connection_record(connection, "session", "{\"unit\":\"R0A/1\",\"hours\":1.5}", &reply, NULL);
    assert_string_equal(world.asked, "{\"fields\":{\"hours\":1.5,\"unit\":\"R0A/1\"},\"type\":\"session\"}");
    tdm_reply_free(&reply);
    assert_int_equal(tdm_connection_record(connection, "session", "{", &reply, NULL), TDM_INVALID);
    tdm_connection_close(&connection);
}

static void a_connection_outlives_its_daemon(void **state)
{
    (void)state;
    tdm_connection *connection = connect_here();
    tdm_reply *reply = NULL;
    tdm_err err = { 0 };
    tdm_control_stop(&world.control);
    assert_int_equal(tdm_connection_ask(connection, "yes", NULL, &reply, &err), TDM_UNREACHABLE);
    assert_null(reply);
    start_daemon();
    assert_int_equal(tdm_connection_ask(connection, "yes", NULL, &reply, &err), TDM_OK);
    tdm_reply_free(&reply);
    tdm_connection_close(&connection);
}

static void a_daemon_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *home;
        const char *where;
        tdm_code code;
    } NAMES[] = {
        { "/a", NULL, TDM_OK },    { NULL, NULL, TDM_INVALID },  { "", NULL, TDM_INVALID },
        { NULL, "/a/b/", TDM_OK }, { NULL, "ipc:///x", TDM_OK }, { NULL, "tcp://127.0.0.1:1", TDM_INVALID },
        { "/a", "", TDM_INVALID },
    };
    for (size_t i = 0; i < TDM_COUNT(NAMES); i++) {
        tdm_connection *connection = NULL;
        if (NAMES[i].home == NULL)
            unsetenv("TANDEM_HOME");
        else
            setenv("TANDEM_HOME", NAMES[i].home, 1);
        assert_int_equal(tdm_connection_open(&connection, NAMES[i].where, NULL), NAMES[i].code);
        assert_true((connection != NULL) == (NAMES[i].code == TDM_OK));
        tdm_connection_close(&connection);
    }
}

/* ---- following ---- */

typedef struct telling {
    const char *name;
    const char *script[SCRIPT_MAX];
    tdm_code codes[SCRIPT_MAX]; /* of one call after the other; TDM_OK: an event */
    size_t count;
    const char *asked; /* arguments of the last question */
    uint64_t position; /* at the end */
} telling;

#define ROW(n) "{\"position\":" #n ",\"type\":\"unit\"}"
#define DOC(rows, reached, last) "{\"data\":[" rows "],\"reached\":" #reached ",\"last\":" #last "}"

static const telling TELLINGS[] = {
    { "events are told one by one, then there is none",
      { DOC(ROW(6) "," ROW(8), 9, 9), DOC("", 9, 9) },
      { TDM_OK, TDM_OK, TDM_END },
      3,
      "{\"after\":9,\"follow\":true,\"limit\":256}",
      9 },
    { "what is behind an answer is asked for at once",
      { DOC(ROW(6), 7, 9), DOC(ROW(9), 9, 9), DOC("", 9, 9) },
      { TDM_OK, TDM_OK, TDM_END },
      3,
      "{\"after\":9,\"follow\":true,\"limit\":256}",
      9 },
    { "nothing that passes is no event",
      { DOC("", 7, 9), DOC("", 9, 9) },
      { TDM_END, TDM_END },
      2,
      "{\"after\":7,\"follow\":true,\"limit\":256}",
      9 },
    { "a position before where it began is refused",
      { DOC(ROW(5), 9, 9) },
      { TDM_MALFORMED, TDM_MALFORMED },
      2,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "positions that go back are refused",
      { DOC(ROW(8) "," ROW(7), 9, 9) },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "a position behind what the answer covers is refused",
      { DOC(ROW(10), 9, 9) },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "an answer that goes back is refused",
      { DOC("", 4, 9) },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "an answer without its end is refused",
      { "{\"data\":[]}" },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "an answer that is no object is refused",
      { "[]" },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
    { "an answer that is no JSON is refused, and the next one taken",
      { "{{{", DOC(ROW(6), 6, 6) },
      { TDM_MALFORMED, TDM_OK },
      2,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      6 },
    { "an answer larger than events are is not parsed",
      { "H" },
      { TDM_MALFORMED },
      1,
      "{\"after\":5,\"follow\":true,\"limit\":256}",
      5 },
};

static void play(const char *const script[SCRIPT_MAX])
{
    world.step = 0;
    memcpy(world.script, script, sizeof world.script);
}

static void check_telling(void **state)
{
    const telling *t = *state;
    tdm_connection *connection = connect_here();
    tdm_follow *follow = NULL;
    tdm_err err = { 0 };
    const char *event = NULL;
    play(t->script);
    assert_int_equal(tdm_connection_follow(connection, "{\"after\":5}", &follow, &err), TDM_OK);
    for (size_t i = 0; i < t->count; i++) {
        tdm_code code = tdm_follow_next(follow, 0, &event, &err);
        if (code != t->codes[i])
            fail_msg("call %zu: %s: %s", i + 1, tdm_code_word(code), err.what);
        assert_true((event != NULL) == (code == TDM_OK));
    }
    assert_string_equal(world.asked, t->asked);
    assert_int_equal(tdm_follow_position(follow), t->position);
    tdm_follow_close(&follow);
    tdm_connection_close(&connection);
}

static void without_after_it_begins_where_the_log_ends(void **state)
{
    (void)state;
    static const char *const SCRIPT[SCRIPT_MAX] = { DOC(ROW(11), 11, 12), DOC(ROW(14), 14, 14) };
    tdm_connection *connection = connect_here();
    tdm_follow *follow = NULL;
    const char *event = NULL;
    play(SCRIPT);
    assert_int_equal(tdm_connection_follow(connection, "{\"type\":\"unit\"}", &follow, NULL), TDM_OK);
    assert_int_equal(tdm_follow_position(follow), 12);
    assert_int_equal(tdm_follow_next(follow, -1, &event, NULL), TDM_OK);
    assert_string_equal(event, ROW(14));
    assert_string_equal(world.asked, "{\"after\":12,\"follow\":true,\"limit\":256,\"type\":\"unit\"}");
    tdm_follow_close(&follow);
    tdm_connection_close(&connection);
}

static void following_goes_on_after_the_daemon_came_back(void **state)
{
    (void)state;
    static const char *const SCRIPT[SCRIPT_MAX] = { DOC(ROW(6), 7, 7), DOC(ROW(8), 8, 8) };
    tdm_connection *connection = connect_here();
    tdm_follow *follow = NULL;
    const char *event = NULL;
    play(SCRIPT);
    assert_int_equal(tdm_connection_follow(connection, "{\"after\":5}", &follow, NULL), TDM_OK);
    assert_int_equal(tdm_follow_next(follow, 0, &event, NULL), TDM_OK);
    tdm_control_stop(&world.control);
    assert_int_equal(tdm_follow_next(follow, 0, &event, NULL), TDM_UNREACHABLE);
    assert_int_equal(tdm_follow_position(follow), 7);
    start_daemon();
    assert_int_equal(tdm_follow_next(follow, 0, &event, NULL), TDM_OK);
    assert_string_equal(event, ROW(8));
    assert_string_equal(world.asked, "{\"after\":7,\"follow\":true,\"limit\":256}");
    tdm_follow_close(&follow);
    tdm_connection_close(&connection);
}

static void what_is_followed_is_said_in_an_object(void **state)
{
    (void)state;
    static const char *const BAD[] = { "[]", "{", "{\"after\":-1}", "{\"after\":\"x\"}" };
    tdm_connection *connection = connect_here();
    for (size_t i = 0; i < TDM_COUNT(BAD); i++) {
        tdm_follow *follow = NULL;
        assert_int_equal(tdm_connection_follow(connection, BAD[i], &follow, NULL), TDM_INVALID);
        assert_null(follow);
    }
    tdm_connection_close(&connection);
}

/* The numbers are promised: programs compare with those they were built with. */
static void codes_keep_their_numbers(void **state)
{
    (void)state;
    static const char *const WORDS[] = { "ok",          "differs",     "invalid",  "not-found", "denied",
                                         "unreachable", "busy",        "full",     "io",        "corrupt",
                                         "unconfirmed", "unsupported", "internal", "malformed", "conflict",
                                         "exists",      "end" };
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++)
        assert_string_equal(tdm_code_word((tdm_code)i), WORDS[i]);
    assert_string_equal(tdm_code_word((tdm_code)TDM_COUNT(WORDS)), "unknown");
    assert_int_equal(sizeof(tdm_err), 208);
}

#define ADD(list, function)                                                                                  \
    for (size_t i = 0; i < TDM_COUNT(list); i++)                                                             \
        tests[count++] = (struct CMUnitTest){ (list)[i].name, function, NULL, NULL, (void *)&(list)[i] };

int main(void)
{
    static const struct CMUnitTest OTHER[] = {
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(a_connection_outlives_its_daemon),
        cmocka_unit_test(a_daemon_is_named),
        cmocka_unit_test(without_after_it_begins_where_the_log_ends),
        cmocka_unit_test(following_goes_on_after_the_daemon_came_back),
        cmocka_unit_test(what_is_followed_is_said_in_an_object),
        cmocka_unit_test(codes_keep_their_numbers),
    };
    struct CMUnitTest tests[TDM_COUNT(QUESTIONS) + TDM_COUNT(TELLINGS) + TDM_COUNT(OTHER)];
    size_t count = 0;
    ADD(QUESTIONS, check_question)
    ADD(TELLINGS, check_telling)
    for (size_t i = 0; i < TDM_COUNT(OTHER); i++)
        tests[count++] = OTHER[i];
    return _cmocka_run_group_tests("connection", tests, count, open_world, close_world);
}
