/* SPDX-License-Identifier: MPL-2.0
 *
 * log_reader_test.c: the specification of lib/log_reader.c: an exported file or a store, read and proven
 * without a daemon, whatever became of its bytes.
 */
#include "tandem/log_reader.h"

#include "service_world.h"
#include "zstd_file.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { PAGE = 4096 };

static tdm_world hub; /* holds its own log and north's */
static tdm_buf exported;
static char scratch[256];
static char store[300];

static void ask_well(tdm_world *world, const char *verb, const char *args, const char *body)
{
    int status = 0;
    json_t *answer = world_ask(world, verb, args, body, &status);
    if (status != 0)
        fail_msg("%s: %s", verb, world_text(answer, "what"));
    json_decref(answer);
}

static int open_world(void **state)
{
    (void)state;
    tdm_world north;
    world_folder(scratch);
    world_open(&hub, true, "QOP");
    world_open(&north, false, "R0A");
    ask_well(&hub, "organisation.import", NULL, "code,name,sector\nR0A,North,trust\n");
    ask_well(
        &north, "import", NULL,
        "unit_id,kind,title,start_date,hours\n1,programme,first,2017-05-01,2\n2,programme,b,2017-05-02,2\n");
    ask_well(&north, "import", NULL,
             "unit_id,kind,title,start_date,hours\n1,programme,again,2017-05-01,2.5\n");
    world_copy_log(&north, &hub);
    world_export(&hub, &exported);
    world_close(&north);
    tdm_core_close(&hub.core);
    snprintf(store, sizeof store, "%s", hub.folder);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    tdm_buf_free(&exported);
    world_remove(hub.folder);
    world_remove(scratch);
    return 0;
}

/* ---- files ---- */

static const char *write_file(const char *name, tdm_span bytes, bool packed)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    FILE *out = packed ? tdm_zstd_writer(file) : file;
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, out), bytes.len);
    if (packed)
        assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

/* Everything that can be read: how many events, and what it ended with. */
static tdm_code read_all(const char *path, size_t *count, tdm_buf *lines, tdm_err *err)
{
    tdm_log_reader *reader = NULL;
    const char *event = NULL;
    *count = 0;
    tdm_code code = tdm_log_reader_open(&reader, path, err);
    if (code != TDM_OK)
        return code;
    while ((code = tdm_log_reader_next(reader, &event, err)) == TDM_OK) {
        (*count)++;
        if (lines != NULL)
            tdm_buf_format(lines, "%s\n", event);
    }
    assert_null(event);
    assert_int_equal(tdm_log_reader_next(reader, &event, NULL), code); /* and again the same */
    tdm_log_reader_close(&reader);
    assert_null(reader);
    return code;
}

static void collect_row(void *context, const char *row)
{
    tdm_buf_format(context, "%s\n", row);
}

static tdm_code verify(const char *path, tdm_buf *rows)
{
    tdm_err err = { 0 };
    tdm_code code = tdm_log_verify(path, collect_row, rows, &err);
    tdm_buf_add(rows, "", 1);
    return code;
}

static void the_events_of_a_file_are_its_lines(void **state)
{
    (void)state;
    static const bool PACKED[] = { false, true };
    for (size_t i = 0; i < TDM_COUNT(PACKED); i++) {
        size_t count = 0;
        tdm_buf lines = { 0 };
        tdm_buf rows = { 0 };
        const char *path = write_file("whole", tdm_buf_span(&exported), PACKED[i]);
        assert_int_equal(read_all(path, &count, &lines, NULL), TDM_END);
        tdm_buf_add(&lines, "", 1);
        assert_int_equal(count, count_of((const char *)exported.data, "{\"kind\":\"event\""));
        assert_true(count > 8);
        for (char *line = strtok((char *)lines.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
            assert_non_null(strstr((const char *)exported.data, line));
        assert_int_equal(verify(path, &rows), TDM_OK);
        assert_int_equal(count_of((const char *)rows.data, "\"kind\":\"fault\""), 0);
        assert_int_equal(count_of((const char *)rows.data, "\"faults\":0}"), 1);
        tdm_buf_free(&rows);
        tdm_buf_free(&lines);
    }
}

/* ---- what became of a file's bytes ---- */

typedef struct damage {
    const char *name;
    const char *find;    /* the first place of it */
    const char *replace; /* NULL: the file ends there */
    tdm_code code;
    const char *words; /* of the error */
} damage;

static const damage DAMAGES[] = {
    { "control: a file as it was is read to its end", "\"kind\"", "\"kind\"", TDM_END, "" },
    { "a field of an event that was changed breaks the root", "\"title\":\"first\"", "\"title\":\"fresh\"",
      TDM_DENIED, "root" },
    { "a root that was changed is not that of the events", "\"root\":\"", "\"root\":\"00000000",
      TDM_MALFORMED, "run line" },
    { "a run line that was left out is missed", "{\"kind\":\"run\"", "{\"kind\":\"key\"", TDM_MALFORMED,
      "key" },
    { "a run that tells of other sequences is refused", "\"first\":1,\"last\":1", "\"first\":2,\"last\":2",
      TDM_MALFORMED, "not those of the run" },
    { "a seal of another sequence is refused", "\"last\":1,\"key\"", "\"last\":2,\"key\"", TDM_MALFORMED,
      "a seal follows" },
    { "a hash of another name is not known", "\"hash\":\"sha-256\"", "\"hash\":\"sha-999\"", TDM_UNSUPPORTED,
      "sha-256" },
    { "a newer log is not read", "\"version\":1,\"authority\"", "\"version\":2,\"authority\"",
      TDM_UNSUPPORTED, "newer" },
    { "what is no JSON is refused", "{\"kind\":\"seal\"", "{\"kind\":seal", TDM_MALFORMED, "no line" },
    { "a second beginning is refused", "{\"kind\":\"seal\"", "{\"kind\":\"store\",\"version\":1",
      TDM_MALFORMED, "stands once" },
    { "a file cut within a run is not whole", "{\"kind\":\"run\"", NULL, TDM_MALFORMED, "cut short" },
    { "a file cut within a line is not whole", "\"hash\":\"sha", NULL, TDM_MALFORMED, "no line" },
    { "an empty file is no log", "{\"kind\":\"store\"", NULL, TDM_MALFORMED, "cut short" },
    { "a file without its beginning is no log", "{\"kind\":\"store\"", "{\"kind\":\"atore\"", TDM_MALFORMED,
      "no line" },
};

static void edit(const damage *d, tdm_buf *out)
{
    tdm_buf_add(&exported, "", 1);
    exported.len--;
    const char *text = (const char *)exported.data;
    const char *at = strstr(text, d->find);
    assert_non_null(at);
    tdm_buf_add(out, text, (size_t)(at - text));
    if (d->replace == NULL)
        return;
    tdm_buf_text(out, d->replace);
    at += strlen(d->find);
    tdm_buf_text(out, at);
}

static void check_refused(const char *path, tdm_code code, const char *words)
{
    size_t count = 0;
    tdm_err err = { 0 };
    tdm_buf rows = { 0 };
    bool damaged = code == TDM_MALFORMED || code == TDM_DENIED;
    tdm_code got = read_all(path, &count, NULL, &err);
    if (got != code || strstr(err.what, words) == NULL)
        fail_msg("%s: %s", tdm_code_word(got), err.what);
    got = verify(path, &rows);
    assert_int_equal(got, damaged ? TDM_DIFFERS : code == TDM_END ? TDM_OK : code);
    assert_int_equal(count_of((const char *)rows.data, "\"invariant\":\"line\""), damaged ? 1 : 0);
    assert_int_equal(count_of((const char *)rows.data, "\"faults\":1}"), damaged ? 1 : 0);
    tdm_buf_free(&rows);
}

static void check_damage(void **state)
{
    const damage *d = *state;
    tdm_buf edited = { 0 };
    edit(d, &edited);
    const char *path = write_file("damaged", tdm_buf_span(&edited), false);
    check_refused(path, d->code, d->words);
    if (d->code != TDM_END)
        check_refused(path, d->code, "line ");
    tdm_buf_free(&edited);
}

/* Every hex digit of heads and seals, one at a time. */
static void a_changed_digit_is_found(void **state)
{
    (void)state;
    static const char *const PLACES[] = { "\"head\":\"", "\"signature\":\"", "\"root\":\"" };
    for (size_t i = 0; i < TDM_COUNT(PLACES); i++) {
        tdm_buf edited = { 0 };
        tdm_buf_add(&edited, exported.data, exported.len);
        tdm_buf_add(&edited, "", 1);
        char *digit = strstr((char *)edited.data, PLACES[i]) + strlen(PLACES[i]) + 5;
        *digit = *digit == '0' ? '1' : '0';
        edited.len--;
        check_refused(write_file("digit", tdm_buf_span(&edited), false), TDM_DENIED, "not");
        tdm_buf_free(&edited);
    }
}

/* Lines of the first log behind those of the second: each proven, and yet no export. */
static void logs_stand_in_their_order(void **state)
{
    (void)state;
    const char *text = (const char *)exported.data;
    const char *first = strchr(text, '\n') + 1;
    char origin[64];
    snprintf(origin, sizeof origin, "%.44s", strstr(first, "\"origin\":"));
    const char *second = first;
    const char *end = text + exported.len;
    while (strstr(second, origin) != NULL && strstr(second, origin) < strchr(second, '\n'))
        second = strchr(second, '\n') + 1;
    assert_true(second > first && second < end);
    tdm_buf edited = { 0 };
    tdm_buf_add(&edited, text, (size_t)(first - text));
    tdm_buf_add(&edited, second, (size_t)(end - second));
    tdm_buf_add(&edited, first, (size_t)(second - first));
    check_refused(write_file("order", tdm_buf_span(&edited), false), TDM_MALFORMED, "order");
    tdm_buf_free(&edited);
}

static void a_compressed_file_that_was_cut_is_damaged(void **state)
{
    (void)state;
    struct stat found;
    const char *path = write_file("cut.zst", tdm_buf_span(&exported), true);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(truncate(path, found.st_size - 5), 0);
    check_refused(path, TDM_MALFORMED, "compressed");
}

static void a_line_without_end_is_not_kept(void **state)
{
    (void)state;
    enum { LONG = 3 << 20 };
    tdm_buf bytes = { 0 };
    tdm_buf_text(&bytes, "{\"kind\":\"store\",\"version\":1,\"authority\":null}\n");
    for (size_t i = 0; i < LONG / 16; i++)
        tdm_buf_text(&bytes, "[[[[[[[[[[[[[[[[");
    check_refused(write_file("long", tdm_buf_span(&bytes), true), TDM_MALFORMED, "too long");
    tdm_buf_free(&bytes);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    size_t count = 0;
    char path[300];
    tdm_err err = { 0 };
    snprintf(path, sizeof path, "%s/nothing", scratch);
    assert_int_equal(read_all(path, &count, NULL, &err), TDM_NOT_FOUND);
    assert_non_null(strstr(err.what, "nothing"));
    assert_int_equal(tdm_log_verify(path, NULL, NULL, NULL), TDM_NOT_FOUND);
    assert_int_equal(read_all(scratch, &count, NULL, &err), TDM_NOT_FOUND);
    assert_non_null(strstr(err.what, "no Tandem store"));
    assert_int_equal(tdm_log_verify(scratch, NULL, NULL, NULL), TDM_NOT_FOUND);
}

/* ---- stores ---- */

static void the_events_of_a_store_are_those_of_its_export(void **state)
{
    (void)state;
    tdm_log_reader *reader = NULL;
    const char *event = NULL;
    uint64_t count = 0;
    tdm_buf rows = { 0 };
    assert_int_equal(tdm_log_reader_open(&reader, store, NULL), TDM_OK);
    while (tdm_log_reader_next(reader, &event, NULL) == TDM_OK) {
        assert_int_equal(tdm_log_reader_position(reader), ++count);
        assert_non_null(strstr((const char *)exported.data, event));
    }
    assert_int_equal(count, count_of((const char *)exported.data, "{\"kind\":\"event\""));
    tdm_log_reader_close(&reader);
    assert_int_equal(verify(store, &rows), TDM_OK);
    assert_int_equal(count_of((const char *)rows.data, "\"faults\":0}"), 1);
    tdm_buf_free(&rows);
}

static void two_readers_of_a_store_do_not_meet(void **state)
{
    (void)state;
    tdm_log_reader *one = NULL;
    tdm_log_reader *two = NULL;
    const char *event = NULL;
    assert_int_equal(tdm_log_reader_open(&one, store, NULL), TDM_OK);
    assert_int_equal(tdm_log_reader_open(&two, store, NULL), TDM_OK);
    assert_int_equal(tdm_log_reader_next(one, &event, NULL), TDM_OK);
    tdm_log_reader_close(&one); /* with most of it unread */
    assert_int_equal(tdm_log_reader_next(two, &event, NULL), TDM_OK);
    assert_int_equal(tdm_log_reader_position(two), 1);
    tdm_log_reader_close(&two);
}

typedef struct image {
    char folder[300];
    char path[340];
    char *bytes;
    size_t len;
} image;

static void open_image(image *im)
{
    char command[1100];
    char from[340];
    snprintf(im->folder, sizeof im->folder, "%s/damaged-store", scratch);
    snprintf(im->path, sizeof im->path, "%s/ledger/data.mdb", im->folder);
    snprintf(from, sizeof from, "%s/ledger/data.mdb", store);
    snprintf(command, sizeof command, "mkdir -p '%s/ledger' && cp '%s' '%s'", im->folder, from, im->path);
    assert_int_equal(system(command), 0);
    FILE *file = fopen(im->path, "rb");
    assert_non_null(file);
    struct stat found;
    assert_int_equal(fstat(fileno(file), &found), 0);
    im->len = (size_t)found.st_size;
    im->bytes = malloc(im->len);
    assert_non_null(im->bytes);
    assert_int_equal(fread(im->bytes, 1, im->len, file), im->len);
    fclose(file);
}

static void put_image(const image *im, size_t at, const void *bytes, size_t len)
{
    FILE *file = fopen(im->path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* A page full of ones leads LMDB anywhere: this process goes on, and says so. */
static void damaged_pages_end_nobody(void **state)
{
    (void)state;
    image im;
    char ones[PAGE];
    size_t found = 0;
    memset(ones, 0xff, sizeof ones);
    open_image(&im);
    for (size_t at = 0; at + PAGE <= im.len; at += PAGE) {
        size_t count = 0;
        tdm_buf rows = { 0 };
        put_image(&im, at, ones, PAGE);
        tdm_code code = verify(im.folder, &rows);
        tdm_code read = read_all(im.folder, &count, NULL, NULL);
        if (code == TDM_DIFFERS) {
            found++;
            assert_true(count_of((const char *)rows.data, "\"kind\":\"fault\"") > 0);
        } else if (code == TDM_OK) {
            assert_int_equal(read, TDM_END); /* a page that nothing reads */
        }
        put_image(&im, at, im.bytes + at, PAGE);
        tdm_buf_free(&rows);
    }
    tdm_buf rows = { 0 };
    assert_true(found >= 8);
    assert_int_equal(verify(im.folder, &rows), TDM_OK); /* control: as it was */
    tdm_buf_free(&rows);
    free(im.bytes);
}

static void a_damaged_record_is_named(void **state)
{
    (void)state;
    image im;
    size_t count = 0;
    tdm_err err = { 0 };
    tdm_buf rows = { 0 };
    open_image(&im);
    for (size_t at = 0; at + 5 < im.len; at++)
        if (memcmp(im.bytes + at, "again", 5) == 0)
            put_image(&im, at, "Again", 5);
    assert_int_equal(read_all(im.folder, &count, NULL, &err), TDM_CORRUPT);
    assert_non_null(strstr(err.what, "position"));
    assert_true(count > 4); /* those before it were told */
    assert_int_equal(verify(im.folder, &rows), TDM_DIFFERS);
    assert_true(count_of((const char *)rows.data, "\"invariant\":\"checksum\"") == 1);
    tdm_buf_free(&rows);
    free(im.bytes);
}

int main(void)
{
    enum { OTHERS = 10 };
    static const struct CMUnitTest OTHER[OTHERS] = {
        cmocka_unit_test(the_events_of_a_file_are_its_lines),
        cmocka_unit_test(a_changed_digit_is_found),
        cmocka_unit_test(logs_stand_in_their_order),
        cmocka_unit_test(a_compressed_file_that_was_cut_is_damaged),
        cmocka_unit_test(a_line_without_end_is_not_kept),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(the_events_of_a_store_are_those_of_its_export),
        cmocka_unit_test(two_readers_of_a_store_do_not_meet),
        cmocka_unit_test(damaged_pages_end_nobody),
        cmocka_unit_test(a_damaged_record_is_named),
    };
    struct CMUnitTest tests[TDM_COUNT(DAMAGES) + OTHERS];
    size_t count = 0;
    for (; count < TDM_COUNT(DAMAGES); count++)
        tests[count] =
            (struct CMUnitTest){ DAMAGES[count].name, check_damage, NULL, NULL, (void *)&DAMAGES[count] };
    for (size_t i = 0; i < OTHERS; i++)
        tests[count++] = OTHER[i];
    return _cmocka_run_group_tests("log reader", tests, count, open_world, close_world);
}
