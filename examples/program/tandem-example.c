/* SPDX-License-Identifier: MPL-2.0
 *
 * tandem-example.c: another program over libtandem. It records a unit at a node, asks for the level, follows
 * the log until it sees its own event, and, if it is given one, reads an exported log and proves it.
 *
 *   cc -o tandem-example tandem-example.c $(pkg-config --cflags --libs tandem jansson)
 *   ./tandem-example STATE_FOLDER UNIT_ID [LOG]
 */
#include <tandem/connection.h>
#include <tandem/log_reader.h>
#include <tandem/version.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 10000 };

static int fail(const char *step, const tdm_err *err, const char *hint)
{
    fprintf(stderr, "tandem-example: %s: %s%s%s\n", step, err->what,
            hint[0] == '\0' ? "" : "\n  next: ", hint);
    return tdm_code_exit(err->code);
}

/* A member of a document's first row, copied; "" if it is not there. */
static void first_row(const tdm_reply *reply, const char *key, char *out, size_t size)
{
    json_t *document = json_loads(tdm_reply_text(reply), 0, NULL);
    const json_t *row = json_array_get(json_object_get(document, "data"), 0);
    const char *text = json_string_value(json_object_get(row, key));
    snprintf(out, size, "%s", text == NULL ? "" : text);
    json_decref(document);
}

/* The fact's own name is what its event is found by. */
static tdm_code record(tdm_connection *node, const char *unit_id, char fact[33], tdm_err *err)
{
    tdm_reply *reply = NULL;
    json_t *unit = json_pack("{s:s, s:s, s:s, s:s}", "unit_id", unit_id, "kind", "programme", "status",
                             "delivered", "start", "2017-05-01");
    char *fields = json_dumps(unit, JSON_COMPACT);
    tdm_code code = tdm_connection_record(node, "unit", fields, &reply, err);
    if (reply != NULL) {
        first_row(reply, "fact", fact, 33);
        printf("recorded: %s\n", tdm_reply_text(reply));
    }
    tdm_reply_free(&reply);
    free(fields);
    json_decref(unit);
    return code;
}

static tdm_code ask_level(tdm_connection *node, tdm_err *err)
{
    tdm_reply *reply = NULL;
    tdm_code code = tdm_connection_ask(node, "level", "{\"fy\":\"2017/18\"}", &reply, err);
    if (code == TDM_OK)
        printf("level: %s\n", tdm_reply_text(reply));
    tdm_reply_free(&reply);
    return code;
}

/* An event is text: its fact's name stands in it as it does in the answer to recording it. */
static tdm_code await_fact(tdm_follow *events, const char *fact, tdm_err *err)
{
    const char *event = NULL;
    tdm_code code = TDM_OK;
    do
        code = tdm_follow_next(events, PATIENCE_MS, &event, err);
    while (code == TDM_OK && strstr(event, fact) == NULL);
    if (code == TDM_OK)
        printf("event: %s\nposition: %llu\n", event, (unsigned long long)tdm_follow_position(events));
    return code;
}

static int use_node(const char *folder, const char *unit_id)
{
    tdm_err err = { .code = TDM_OK };
    tdm_connection *node = NULL;
    tdm_follow *events = NULL;
    char fact[33] = "";
    const char *step = "connecting";
    tdm_code code = tdm_connection_open(&node, folder, &err);
    if (code == TDM_OK) {
        step = "following"; /* before recording, so that the own event comes after this */
        code = tdm_connection_follow(node, "{\"type\":\"unit\"}", &events, &err);
    }
    if (code == TDM_OK) {
        step = "recording";
        code = record(node, unit_id, fact, &err);
    }
    if (code == TDM_OK) {
        step = "waiting for the own event";
        code = await_fact(events, fact, &err);
    }
    if (code == TDM_OK) {
        step = "asking for the level";
        code = ask_level(node, &err);
    }
    if (code == TDM_END)
        snprintf(err.what, sizeof err.what, "it did not come in time");
    int status = code == TDM_OK ? 0 : fail(step, &err, node == NULL ? "" : tdm_connection_hint(node));
    tdm_follow_close(&events);
    tdm_connection_close(&node);
    return code == TDM_END ? 1 : status;
}

static void print_row(void *context, const char *row)
{
    (void)context;
    printf("verified: %s\n", row);
}

static int read_log(const char *path)
{
    tdm_err err = { .code = TDM_OK };
    tdm_log_reader *log = NULL;
    const char *event = NULL;
    unsigned long count = 0;
    tdm_code code = tdm_log_reader_open(&log, path, &err);
    while (code == TDM_OK && (code = tdm_log_reader_next(log, &event, &err)) == TDM_OK)
        count++;
    tdm_log_reader_close(&log);
    printf("log: %lu events\n", count);
    if (code == TDM_END)
        code = tdm_log_verify(path, print_row, NULL, &err);
    return code == TDM_OK ? 0 : fail("reading the log", &err, "");
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: tandem-example STATE_FOLDER UNIT_ID [LOG]\n");
        return 2;
    }
    printf("libtandem %s\n", tdm_version());
    int status = use_node(argv[1], argv[2]);
    return status == 0 && argc == 4 ? read_log(argv[3]) : status;
}
