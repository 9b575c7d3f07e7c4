/* SPDX-License-Identifier: MPL-2.0
 *
 * top_test.c: the specification of what `tandem top` makes of a daemon's answers: order, rates, times to
 * clear, and lines that fit. On a terminal with daemons: tests/daemons/top_test.py.
 */
#include "terminal.h"
#include "top.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HUB "00000000000000000000000000000000"
#define ONE "11111111111111111111111111111111"
#define TWO "22222222222222222222222222222222"
#define AS_OF "\"as_of\":\"2018-05-01T09:00:10.000Z\",\"complete\":true,\"data\":"

/* ---- a daemon that answers what it is told to */

typedef struct daemon {
    int held, fold_lag, uptime, lag_one, lag_two;
    const char *state_two;
    const char *refusal_two;
} daemon;

static const daemon FIRST = { 1000, 500, 100, 50, 0, "live", "" };

static json_t *make_status(const daemon *d)
{
    char text[1200];
    snprintf(text, sizeof text,
             "{" AS_OF "[{\"role\":\"hub\",\"origin\":\"" HUB "\",\"hub\":\"" HUB
             "\",\"version\":\"0.1.0\",\"uptime_s\":%d,\"events_held\":%d,\"fold_lag\":%d,\"links\":["
             "{\"origin\":\"" ONE "\",\"state\":\"live\",\"last_seen_ms\":1525165205000,\"refusal\":\"\","
             "\"refusal_text\":\"\"},"
             "{\"origin\":\"" TWO "\",\"state\":\"%s\",\"last_seen_ms\":1525165205000,\"refusal\":\"%s\","
             "\"refusal_text\":\"why\"}]}]}",
             d->uptime, d->held, d->fold_lag, d->state_two, d->refusal_two);
    return json_loads(text, 0, NULL);
}

static json_t *make_nodes(const daemon *d)
{
    char text[1200];
    snprintf(text, sizeof text,
             "{" AS_OF "[{\"origin\":\"" HUB "\",\"organisations\":[],\"state\":\"here\",\"last_sequence\":7,"
             "\"lag_events\":null},"
             "{\"origin\":\"" ONE "\",\"organisations\":[\"KAA1\"],\"state\":\"live\",\"last_sequence\":100,"
             "\"lag_events\":%d,\"last_event\":\"2018-05-01T08:59:10.000Z\"},"
             "{\"origin\":\"" TWO
             "\",\"organisations\":[\"KBB2\",\"KCC3\"],\"state\":\"%s\",\"last_sequence\":200,"
             "\"lag_events\":%d,\"last_event\":\"2018-05-01T08:59:10.000Z\"}]}",
             d->lag_one, d->state_two, d->lag_two);
    return json_loads(text, 0, NULL);
}

static const char LEVEL[] =
    "{" AS_OF "[{\"period\":\"2016/17\",\"units\":3,\"level_asserted\":10.0,\"level_standing\":10.0,"
    "\"level_corroborated\":10.0,\"target\":40.0},"
    "{\"period\":\"2017/18\",\"units\":4,\"level_asserted\":75.0,\"level_standing\":60.0,"
    "\"level_corroborated\":50.0,\"target\":60.0},"
    "{\"period\":\"2019/20\",\"units\":1,\"level_asserted\":1.0}]}";

static tdm_code answer(void *context, const char *verb, const json_t *args, json_t **document, tdm_err *err)
{
    assert_true(json_is_true(json_object_get(args, "glance"))); /* never makes the daemon hurry */
    *document = strcmp(verb, "status") == 0      ? make_status(context)
                : strcmp(verb, "node.list") == 0 ? make_nodes(context)
                                                 : json_loads(LEVEL, 0, NULL);
    (void)err;
    return *document == NULL ? TDM_MALFORMED : TDM_OK;
}

static tdm_top_reading *read_at(daemon d, int64_t at_ms)
{
    tdm_top_reading *reading = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_top_read(answer, &d, &reading, &err), TDM_OK);
    reading->at_ms = at_ms;
    return reading;
}

static const tdm_top_node *node_of(const tdm_top_reading *reading, const char *origin)
{
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->nodes[i].origin, origin) == 0)
            return &reading->nodes[i];
    fail_msg("no row of %s", origin);
    return NULL;
}

/* ---- two readings, ten seconds apart */

static const struct pair {
    const char *name;
    daemon second;
    bool compared;
    int held_rate, folded_rate, fold_clears, clears_one;
    const char *first_row;
} PAIRS[] = {
    { "rates are of what was added between",
      { 1100, 100, 110, 40, 0, "live", "" },
      true,
      10,
      50,
      3,
      40,
      ONE },
    { "what grows does not clear",
      { 1600, 900, 110, 60, 0, "live", "" },
      true,
      60,
      20,
      TDM_TOP_STUCK,
      TDM_TOP_STUCK,
      ONE },
    { "what is done needs no time", { 1000, 0, 110, 0, 0, "live", "" }, true, 0, 50, 0, 0, ONE },
    { "a daemon that began again has no rates yet",
      { 1100, 100, 3, 40, 0, "live", "" },
      false,
      0,
      0,
      TDM_TOP_UNKNOWN,
      TDM_TOP_UNKNOWN,
      ONE },
    { "who is away stands first", { 1100, 100, 110, 40, 0, "down", "" }, true, 10, 50, 3, 40, TWO },
    { "and so who was refused", { 1100, 100, 110, 40, 0, "stopped", "fork" }, true, 10, 50, 3, 40, TWO },
    { "and who lags more", { 1100, 100, 110, 40, 90, "live", "" }, true, 10, 50, 3, 40, TWO },
};

static void check_pair(void **state)
{
    const struct pair *p = *state;
    tdm_top_reading *first = read_at(FIRST, 0);
    tdm_top_reading *second = read_at(p->second, 10000);
    tdm_top_compare(second, first);
    assert_int_equal(second->compared, p->compared);
    assert_int_equal((int)(second->held_rate + 0.5), p->held_rate);
    assert_int_equal((int)(second->folded_rate + 0.5), p->folded_rate);
    assert_int_equal(second->fold_clears_s, p->fold_clears);
    assert_int_equal(node_of(second, ONE)->clears_s, p->clears_one);
    assert_string_equal(second->nodes[0].origin, p->first_row);
    assert_string_equal(second->nodes[0].origin, p->first_row);
    tdm_top_reading_free(&first);
    tdm_top_reading_free(&second);
}

static void a_reading_tells_what_was_answered(void **state)
{
    (void)state;
    tdm_top_reading *reading = read_at(FIRST, 0);
    const tdm_top_node *one = node_of(reading, ONE);
    assert_true(reading->hub && reading->complete && !reading->compared);
    assert_string_equal(reading->year, "2017/18"); /* the newest up to today's that has a unit */
    assert_true(json_number_value(json_object_get(reading->level, "level_asserted")) == 75.0);
    assert_string_equal(one->name, "KAA1 11111111");
    assert_int_equal(one->behind_s, 60);
    assert_int_equal(one->seen_s, 5);
    assert_int_equal(one->held, 100);
    assert_int_equal(one->last, 150);
    assert_string_equal(node_of(reading, TWO)->name, "KBB2 +1 22222222");
    assert_string_equal(node_of(reading, HUB)->name, "this hub 00000000");
    tdm_top_reading_free(&reading);
}

/* ---- lines */

static bool has_line(const tdm_top_frame *frame, const char *words)
{
    for (size_t i = 0; i < frame->count; i++)
        if (frame->lines[i].text.len > 0
            && memmem(frame->lines[i].text.data, frame->lines[i].text.len, words, strlen(words)) != NULL)
            return true;
    return false;
}

static const struct frame_case {
    const char *name;
    size_t width, height;
    const char *trouble;
    bool paused, help;
    const char *has;
    const char *lacks;
} FRAMES[] = {
    { "all columns where they fit", 120, 40, NULL, false, false, "last heard   behind      held      last",
      "row" },
    { "80 columns leave the counts out", 80, 24, NULL, false, false, "last heard   behind",
      "held      last" },
    { "60 columns leave more out", 60, 20, NULL, false, false, "state           lag", "last heard" },
    { "the level against the target", 80, 24, NULL, false, false, "50.0 % [", NULL },
    { "below the target is said", 80, 24, NULL, false, false, "10.0 below", NULL },
    { "the keys stand last", 80, 24, NULL, false, false, "q quit  p pause  ? help", NULL },
    { "a terminal too low says what is left out", 80, 12, NULL, false, false, "rows 1-1 of 3", NULL },
    { "pausing is said", 80, 24, NULL, true, false, "PAUSED", NULL },
    { "help explains", 80, 24, NULL, false, true, "corroborated: the partner confirmed it", "KAA1" },
    { "old numbers are called old", 80, 24, "it is gone", false, false, "OLD NUMBERS, 7 s old", NULL },
    { "and why", 80, 24, "it is gone", false, false, "it is gone", NULL },
    { "a terminal of one line", 20, 1, NULL, false, false, "q quit", NULL },
    { "text of others can do nothing", 80, 24, "a\033[2Jb", false, false, "a\\x1b[2Jb", "\033" },
};

static void check_frame(void **state)
{
    const struct frame_case *c = *state;
    tdm_top_reading *reading = read_at(FIRST, 0);
    tdm_top_frame frame;
    tdm_top_view view = { .reading = reading,
                          .trouble = c->trouble,
                          .age_s = 7,
                          .paused = c->paused,
                          .help = c->help,
                          .keys = true,
                          .width = c->width,
                          .height = c->height };
    tdm_top_draw(&view, &frame);
    assert_true(has_line(&frame, c->has));
    assert_false(c->lacks != NULL && has_line(&frame, c->lacks));
    assert_true(frame.count <= c->height);
    for (size_t i = 0; i < frame.count; i++)
        assert_true(tdm_terminal_width(tdm_buf_span(&frame.lines[i].text)) <= c->width);
    tdm_top_frame_free(&frame);
    tdm_top_reading_free(&reading);
}

static void before_the_first_answer(void **state)
{
    (void)state;
    tdm_top_frame frame;
    tdm_top_view view = { .trouble = "no daemon has opened it", .keys = true, .width = 80, .height = 24 };
    tdm_top_draw(&view, &frame);
    assert_true(has_line(&frame, "NO ANSWER"));
    assert_true(has_line(&frame, "no daemon has opened it"));
    assert_false(has_line(&frame, "OLD"));
    tdm_top_frame_free(&frame);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(PAIRS) + TDM_COUNT(FRAMES) + 2];
    size_t count = 0;
    tests[count++] = (struct CMUnitTest){ "a reading tells what was answered",
                                          a_reading_tells_what_was_answered, NULL, NULL, NULL };
    for (size_t i = 0; i < TDM_COUNT(PAIRS); i++)
        tests[count++] = (struct CMUnitTest){ PAIRS[i].name, check_pair, NULL, NULL, (void *)&PAIRS[i] };
    for (size_t i = 0; i < TDM_COUNT(FRAMES); i++)
        tests[count++] = (struct CMUnitTest){ FRAMES[i].name, check_frame, NULL, NULL, (void *)&FRAMES[i] };
    tests[count++] = (struct CMUnitTest){ "before the first answer there is nothing old",
                                          before_the_first_answer, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("top", tests, NULL, NULL);
}
