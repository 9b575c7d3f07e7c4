/* SPDX-License-Identifier: MPL-2.0
 *
 * log_test.c: the specification of daemons/common/log.c.
 */
#include "log.h"

#include <stdarg.h>
#include <setjmp.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

static char caught[1 << 20];

/* Records go to a file without a name; what it holds is in `caught`. */
static int open_log(tdm_log_format format, tdm_log_level level, bool prefix)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    int fd = dup(fileno(file));
    fclose(file);
    assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
    tdm_log_open(&(tdm_log_options){ format, level, fd, prefix });
    return fd;
}

static void catch_log(int fd)
{
    ssize_t len = pread(fd, caught, sizeof caught - 1, 0);
    assert_true(len >= 0);
    caught[len] = '\0';
    close(fd);
}

struct row {
    const char *name;
    const char *text;
    const char *wanted; /* as logfmt writes it */
};

static const struct row ROWS[] = {
    { "a plain value has no quotes", "north", "node=north\n" },
    { "a blank brings quotes", "north west", "node=\"north west\"\n" },
    { "a newline can not forge a record", "a\n<0>ts=x", "node=\"a\\n<0>ts=x\"\n" },
    { "a quote is escaped", "a\"b", "node=\"a\\\"b\"\n" },
    { "an equals sign brings quotes", "a=b", "node=\"a=b\"\n" },
    { "a backslash is escaped", "a\\b", "node=\"a\\\\b\"\n" },
    { "a terminal's escape byte is escaped", "\x1b[31m", "node=\"\\u001b[31m\"\n" },
    { "bytes that are no UTF-8 are replaced", "\xff", "node=\"\xef\xbf\xbd\"\n" },
    { "a missing text is nothing", NULL, "node=\n" },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    int fd = open_log(TDM_LOG_LOGFMT, TDM_LOG_INFO, true);
    tdm_log(TDM_LOG_WARN, "LINK-SILENT", tdm_log_text("node", row->text));
    catch_log(fd);
    const char *fields = strstr(caught, " id=LINK-SILENT ");
    assert_non_null(fields);
    assert_string_equal(fields + strlen(" id=LINK-SILENT "), row->wanted);
}

static void check_json_row(void **state)
{
    const struct row *row = *state;
    int fd = open_log(TDM_LOG_JSON, TDM_LOG_INFO, false);
    tdm_log(TDM_LOG_WARN, "LINK-SILENT", tdm_log_text("node", row->text), tdm_log_int("for_ms", -45000));
    catch_log(fd);
    json_t *record = json_loads(caught, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(record);
    const char *wanted = row->text == NULL ? "" : strcmp(row->text, "\xff") == 0 ? "\xef\xbf\xbd" : row->text;
    assert_string_equal(json_string_value(json_object_get(record, "node")), wanted);
    assert_int_equal(json_integer_value(json_object_get(record, "for_ms")), -45000);
    assert_string_equal(json_string_value(json_object_get(record, "level")), "warn");
    json_decref(record);
}

static void check_head(void **state)
{
    (void)state;
    int fd = open_log(TDM_LOG_LOGFMT, TDM_LOG_INFO, true);
    tdm_id id = { { 0xab, 1 } };
    tdm_log(TDM_LOG_ERROR, "NO-FIELDS");
    tdm_log(TDM_LOG_INFO, "ALL", tdm_log_bool("up", true), tdm_log_uint("n", UINT64_MAX),
            tdm_log_id("origin", &id));
    catch_log(fd);
    int year, month, day, hour, minute, second, ms, end = 0;
    assert_int_equal(sscanf(caught, "<3>ts=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ level=error id=NO-FIELDS\n%n", &year,
                            &month, &day, &hour, &minute, &second, &ms, &end),
                     7);
    assert_true(end > 0);
    assert_non_null(strstr(caught + end, "level=info id=ALL up=true n=18446744073709551615 "
                                         "origin=ab010000000000000000000000000000\n"));
}

static void check_level(void **state)
{
    (void)state;
    int fd = open_log(TDM_LOG_LOGFMT, TDM_LOG_WARN, true);
    tdm_log(TDM_LOG_INFO, "DROPPED", tdm_log_int("n", 1));
    tdm_log(TDM_LOG_WARN, "KEPT", tdm_log_int("n", 1));
    catch_log(fd);
    assert_null(strstr(caught, "DROPPED"));
    assert_non_null(strstr(caught, "KEPT"));
}

static void check_cut(void **state)
{
    (void)state;
    char text[2000];
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    int fd = open_log(TDM_LOG_LOGFMT, TDM_LOG_INFO, true);
    tdm_log(TDM_LOG_INFO, "LONG", tdm_log_span("text", (tdm_span){ (const uint8_t *)text, 1999 }));
    catch_log(fd);
    const char *value = strstr(caught, "text=\"");
    assert_non_null(value);
    assert_int_equal(strlen(value), strlen("text=\"\"\n") + TDM_LOG_VALUE_MAX + 3);
    assert_non_null(strstr(value, "\xc3\xa9\xe2\x80\xa6\"\n"));
    assert_null(strstr(value, "\xef\xbf\xbd"));
}

static void check_failure(void **state)
{
    (void)state;
    tdm_err err = { TDM_BUSY, 11, "another daemon runs on \"x\"" };
    int fd = open_log(TDM_LOG_LOGFMT, TDM_LOG_INFO, true);
    tdm_log_fatal(&err);
    catch_log(fd);
    assert_memory_equal(caught, "<2>", 3);
    assert_non_null(
        strstr(caught, "id=FATAL kind=busy what=\"another daemon runs on \\\"x\\\"\" errno=11\n"));
}

#define RECORDS 500

static void *log_many(void *user)
{
    for (int i = 0; i < RECORDS; i++)
        tdm_log(TDM_LOG_INFO, "THREAD", tdm_log_text("name", user), tdm_log_int("i", i));
    return NULL;
}

static void check_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    int fd = open_log(TDM_LOG_JSON, TDM_LOG_INFO, false);
    for (size_t i = 0; i < TDM_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, "a name with blanks"), 0);
    for (size_t i = 0; i < TDM_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    catch_log(fd);
    int records = 0;
    char *rest = NULL;
    for (char *line = strtok_r(caught, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        json_t *record = json_loads(line, 0, NULL);
        assert_non_null(record);
        json_decref(record);
        records++;
    }
    assert_int_equal(records, RECORDS * 4);
}

int main(void)
{
    struct CMUnitTest tests[2 * TDM_COUNT(ROWS) + 5];
    char names[TDM_COUNT(ROWS)][96];
    size_t n = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++) {
        snprintf(names[i], sizeof names[i], "in JSON: %s", ROWS[i].name);
        tests[n++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
        tests[n++] = (struct CMUnitTest){ names[i], check_json_row, NULL, NULL, (void *)&ROWS[i] };
    }
    tests[n++] =
        (struct CMUnitTest){ "a record begins with priority, time, level, id", check_head, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "records below the level are dropped", check_level, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "a long value is cut between characters", check_cut, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "a fatal record tells kind, sentence, errno", check_failure, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "records of several threads do not mix", check_threads, NULL, NULL, NULL };
    return _cmocka_run_group_tests("log", tests, n, NULL, NULL);
}
