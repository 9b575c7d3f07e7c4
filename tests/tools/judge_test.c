/* SPDX-License-Identifier: MPL-2.0
 *
 * judge_test.c: the specification of tools/tandem/judge.c: from which value on a thing is a warning or a
 * fault, and the words. Each value just below is the control.
 */
#include "judge.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW_MS 1525165200000 /* 2018-05-01T09:00:00Z */
#define NODE(more) "{\"role\":\"node\",\"hub\":\"aa00000000000000\",\"links\":[]" more "}"
#define LINK(state, seen, refusal)                                                                           \
    "{\"role\":\"node\",\"hub\":\"aa00000000000000\",\"links\":[{\"origin\":\"aa00000000000000\",\"state\":" \
    "\"" state "\",\"last_seen_ms\":" seen ",\"refusal\":\"" refusal "\",\"refusal_text\":\"the reason\"}]}"
#define NODES(state)                                                                                         \
    "[{\"origin\":\"aa00000000000000\",\"organisations\":[\"KAA1\"],\"state\":\"" state "\"}]"

static const char *const WORDS[4] = { "ok", "warning", "critical", "unknown" };

static const struct row {
    const char *name;
    const char *status;
    const char *nodes;
    tdm_verdict worst;
    const char *what; /* in the first finding */
} ROWS[] = {
    { "nothing to say", NODE(""), "[]", TDM_WELL, NULL },
    { "9,999 events not in the figures are well", NODE(",\"fold_lag\":9999"), "[]", TDM_WELL, NULL },
    { "10,000 warn", NODE(",\"fold_lag\":10000"), "[]", TDM_WARNING,
      "10000 events that are not in the figures yet" },
    { "a million are critical", NODE(",\"fold_lag\":1000000"), "[]", TDM_CRITICAL, "1000000 events" },
    { "10,000 events not acknowledged warn", NODE(",\"waiting_to_share\":10000"), "[]", TDM_WARNING,
      "10000 own events that the hub has not acknowledged" },
    { "one that waits for 59 minutes is well", NODE(",\"waiting_since\":\"2018-05-01T08:01:00.000Z\""), "[]",
      TDM_WELL, NULL },
    { "for an hour warns", NODE(",\"waiting_since\":\"2018-05-01T08:00:00.000Z\""), "[]", TDM_WARNING,
      "60 min that the oldest own event waits for the hub" },
    { "for a day is critical", NODE(",\"waiting_since\":\"2018-04-30T09:00:00.000Z\""), "[]", TDM_CRITICAL,
      "24 h that the oldest" },
    { "a link heard now is well", LINK("live", "1525165200000", ""), NODES("live"), TDM_WELL, NULL },
    { "two hours of silence warn", LINK("live", "1525158000000", ""), NODES("live"), TDM_WARNING,
      "2 h since the other end of a link was last heard" },
    { "two days are critical", LINK("live", "1524992400000", ""), NODES("live"), TDM_CRITICAL,
      "2 days since" },
    { "a refusal is critical, with its reason", LINK("stopped", "1525165200000", "fork"), NODES("stopped"),
      TDM_CRITICAL, "refused (fork): the reason" },
    { "never heard warns", LINK("down", "0", ""), NODES("down"), TDM_WARNING, "never heard" },
    { "a hub that went a moment ago warns", LINK("down", "1525165195000", ""), NODES("down"), TDM_WARNING,
      "is down; it was heard 5 s ago" },
    { "a node without a hub is told", "{\"role\":\"node\",\"hub\":null,\"links\":[]}", "[]", TDM_WARNING,
      "has not joined a hub" },
    { "at a node others are none of its links",
      "{\"role\":\"node\",\"hub\":\"bb00000000000000\",\"links\":[]}", NODES("never"), TDM_WELL, NULL },
    { "at a hub that has just begun nodes are awaited",
      "{\"role\":\"hub\",\"hub\":\"bb00000000000000\",\"links\":[],\"uptime_s\":29}", NODES("down"), TDM_WELL,
      NULL },
    { "half a minute later they are missed",
      "{\"role\":\"hub\",\"hub\":\"bb00000000000000\",\"links\":[],\"uptime_s\":30}", NODES("down"),
      TDM_WARNING, "since this daemon began" },
    { "at a hub who never came is told", "{\"role\":\"hub\",\"hub\":\"bb00000000000000\",\"links\":[]}",
      NODES("never"), TDM_WARNING, "it never connected" },
};

static void check_row(void **state)
{
    const struct row *r = *state;
    json_t *status = json_loads(r->status, 0, NULL);
    json_t *nodes = json_loads(r->nodes, 0, NULL);
    tdm_findings findings;
    assert_non_null(status);
    assert_non_null(nodes);
    tdm_findings_open(&findings, WORDS);
    tdm_judge_figures(&findings, status);
    tdm_judge_sharing(&findings, status, NOW_MS);
    tdm_judge_links(&findings, status, nodes, NOW_MS);
    tdm_judge_absent(&findings, status, nodes, NOW_MS);
    const json_t *first = json_array_get(findings.rows, 0);
    const char *what = json_string_value(json_object_get(first, "what"));
    assert_int_equal(findings.worst, r->worst);
    assert_int_equal(json_array_size(findings.rows), r->what == NULL ? 0 : 1);
    if (r->what != NULL && strstr(what, r->what) == NULL)
        fail_msg("it says: %s", what);
    if (r->what != NULL) /* what to do is always told */
        assert_true(json_string_length(json_object_get(first, "next")) > 0);
    tdm_findings_close(&findings);
    json_decref(status);
    json_decref(nodes);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
