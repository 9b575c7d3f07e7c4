/* SPDX-License-Identifier: MPL-2.0
 *
 * control_hostile_test.c: requests at the control socket that no client of ours sends.
 */
#include "control_world.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

struct bad_row {
    const char *name;
    const char *frames[5]; /* up to NULL */
    size_t pad;            /* bytes of 'x' after the last frame's own */
    const char *kind;
    const char *says;
};

static const struct bad_row BAD[] = {
    { "a verb alone is refused", { "echo" }, 0, "malformed", "here in 1 frames" },
    { "a request without body is refused", { "echo", "{}" }, 0, "malformed", "here in 2 frames" },
    { "a request of four frames is refused", { "echo", "{}", "", "" }, 0, "malformed", "here in 4 frames" },
    { "an empty verb is refused", { "", "{}", "" }, 0, "invalid", "a verb has 1 to 64 bytes, this one 0" },
    { "a long verb is refused",
      { "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", "{}", "" },
      0,
      "invalid",
      "this one 65" },
    { "arguments cut short are refused", { "echo", "{\"fy\":", "" }, 0, "malformed", "no JSON" },
    { "arguments as a list are refused", { "echo", "[1]", "" }, 0, "malformed", "no JSON object" },
    { "arguments said twice are refused", { "echo", "{\"a\":1,\"a\":2}", "" }, 0, "malformed", "no JSON" },
    { "arguments that are no UTF-8 are refused",
      { "echo", "{\"a\":\"\xff\"}", "" },
      0,
      "malformed",
      "no JSON" },
    { "arguments over the limit are refused before they are read",
      { "echo", "{", "" },
      TDM_CONTROL_ARGS_MAX,
      "invalid",
      "65537 bytes" },
};

static void send_bad(void *socket, const struct bad_row *row)
{
    for (size_t i = 0; row->frames[i] != NULL; i++) {
        size_t len = strlen(row->frames[i]), pad = i == 1 ? row->pad : 0;
        char *frame = malloc(len + pad + 1);
        memcpy(frame, row->frames[i], len);
        memset(frame + len, 'x', pad);
        assert_true(zmq_send(socket, frame, len + pad, row->frames[i + 1] == NULL ? 0 : ZMQ_SNDMORE) >= 0);
        free(frame);
    }
}

static void check_bad(void **state)
{
    const struct bad_row *row = *state;
    struct world *world = NULL;
    assert_int_equal(open_world((void **)&world), 0);
    void *socket = raw_client(world, ZMQ_REQ);
    send_bad(socket, row);
    char status[8] = "", kind[8] = "", text[512] = "";
    assert_true(zmq_recv(socket, status, sizeof status - 1, 0) > 0);
    assert_true(zmq_recv(socket, kind, sizeof kind - 1, 0) > 0);
    assert_true(zmq_recv(socket, text, sizeof text - 1, 0) > 0);
    json_t *error = json_loads(text, 0, NULL);
    assert_non_null(error);
    assert_string_equal(kind, "json");
    assert_string_equal(json_string_value(json_object_get(error, "type")), "error");
    assert_string_equal(json_string_value(json_object_get(error, "kind")), row->kind);
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), atoi(status));
    assert_non_null(strstr(json_string_value(json_object_get(error, "what")), row->says));
    json_decref(error);
    zmq_close(socket);
    check_well(world);
    assert_int_equal(close_world((void **)&world), 0);
}

/* libzmq ends the connection: there is nobody to answer. */
static void check_raw_oversize(void **state)
{
    struct world *world = *state;
    void *socket = raw_client(world, ZMQ_REQ);
    tdm_span body = zeros(TDM_CONTROL_BODY_MAX + 1);
    zmq_send(socket, "raw", 3, ZMQ_SNDMORE);
    zmq_send(socket, "{}", 2, ZMQ_SNDMORE);
    zmq_send(socket, body.data, body.len, 0);
    check_well(world);
    drop(body);
    zmq_close(socket);
    check_well(world);
}

static void check_no_delimiter(void **state)
{
    struct world *world = *state;
    void *socket = raw_client(world, ZMQ_DEALER);
    char text[512] = "";
    for (int i = 0; i < 4; i++) {
        assert_int_equal(zmq_send(socket, "lone", 4, 0), 4);
        for (int frame = 0; frame < 4; frame++)
            assert_true(zmq_recv(socket, text, sizeof text - 1, 0) >= 0);
        assert_non_null(strstr(text, "malformed"));
    }
    zmq_close(socket);
    check_well(world);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        IN_WORLD("a foreign body over 64 MiB ends its own connection alone", check_raw_oversize),
        IN_WORLD("frames that are no request are refused", check_no_delimiter),
    };
    struct CMUnitTest tests[TDM_COUNT(BAD) + TDM_COUNT(cases)];
    size_t count = 0;
    ADD_ROWS(BAD, check_bad);
    for (size_t i = 0; i < TDM_COUNT(cases); i++)
        tests[count++] = cases[i];
    return cmocka_run_group_tests_name("control, hostile", tests, NULL, NULL);
}
