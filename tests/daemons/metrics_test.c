/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics_test.c: the specification of daemons/common/metrics*.c.
 */
#include "metrics.h"
#include "metrics_internal.h"

#include <stdarg.h>
#include <setjmp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int open_metrics(void **state)
{
    const tdm_metrics_options options = { "1.2.3", "abc\"d", 8 };
    return tdm_metrics_new((tdm_metrics **)state, &options, NULL) == TDM_OK ? 0 : -1;
}

static int close_metrics(void **state)
{
    tdm_metrics_destroy((tdm_metrics **)state);
    return *state == NULL ? 0 : -1;
}

static char *page_of(tdm_metrics *metrics, tdm_metrics_format format)
{
    tdm_buf out = { 0 };
    tdm_metrics_write(metrics, format, &out);
    tdm_buf_add(&out, "", 1);
    assert_false(out.failed);
    return (char *)out.data;
}

static void expect_line(tdm_metrics *metrics, const char *line)
{
    char *page = page_of(metrics, TDM_METRICS_TEXT);
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (strstr(page, wanted) == NULL)
        fail_msg("no line %s", line);
    free(page);
}

static void check_present(void **state)
{
    expect_line(*state, "tandem_system_level_ratio{claim=\"asserted\"} 0");
    expect_line(*state, "tandem_system_level_ratio{claim=\"corroborated\"} 0");
    expect_line(*state, "tandem_events_rejected_total{reason=\"bad_seal\"} 0");
    expect_line(*state, "tandem_events_appended_total{origin=\"peer\"} 0");
    expect_line(*state, "tandem_store_map_bytes 0");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"+Inf\"} 0");
    expect_line(*state, "tandem_build_info{version=\"1.2.3\",revision=\"abc\\\"d\"} 1");
}

static void check_updates(void **state)
{
    tdm_metrics_add(*state, TDM_METRIC_EVENTS_APPENDED, "own", 3);
    tdm_metrics_add(*state, TDM_METRIC_EVENTS_APPENDED, "own", 4);
    tdm_metrics_set(*state, TDM_METRIC_SYSTEM_LEVEL_RATIO, "standing", 0.5);
    tdm_metrics_set(*state, TDM_METRIC_STORE_MAP, NULL, 68719476736.0);
    expect_line(*state, "tandem_events_appended_total{origin=\"own\"} 7");
    expect_line(*state, "tandem_system_level_ratio{claim=\"standing\"} 0.5");
    expect_line(*state, "tandem_store_map_bytes 68719476736");
}

static void check_histogram(void **state)
{
    static const double SEEN[] = { 0.0, 0.001, 0.0011, 3.0, 100.0, -1.0 };
    for (size_t i = 0; i < TDM_COUNT(SEEN); i++)
        tdm_metrics_observe(*state, TDM_METRIC_STORE_TXN, SEEN[i]);
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"5e-05\"} 2");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"0.001\"} 3");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"0.0025\"} 4");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"2.5\"} 4");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"10.0\"} 5");
    expect_line(*state, "tandem_store_txn_duration_seconds_bucket{le=\"+Inf\"} 6");
    expect_line(*state, "tandem_store_txn_duration_seconds_sum 103.002100000");
    expect_line(*state, "tandem_store_txn_duration_seconds_count 6");
}

static void check_escape(void **state)
{
    tdm_metrics_set(*state, TDM_METRIC_NODE_UP, "a\"b\\c\nd", 1);
    expect_line(*state, "tandem_node_up{node=\"a\\\"b\\\\c\\nd\"} 1");
}

static void check_bound(void **state)
{
    char name[24];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "peer%d", i);
        const char *values[] = { name, "in" };
        tdm_series_add(tdm_metrics_series_of(*state, TDM_METRIC_SYNC_MESSAGES, values, 2), 1);
    }
    expect_line(*state, "tandem_sync_messages_total{peer=\"peer7\",direction=\"in\"} 1");
    expect_line(*state, "tandem_sync_messages_total{peer=\"other\",direction=\"in\"} 12");
    char *page = page_of(*state, TDM_METRICS_TEXT);
    assert_null(strstr(page, "peer8"));
    free(page);
}

static void check_same_series(void **state)
{
    tdm_series *series = tdm_metrics_series(*state, TDM_METRIC_NODE_UP, "north");
    tdm_series_set(series, 1);
    assert_ptr_equal(tdm_metrics_series(*state, TDM_METRIC_NODE_UP, "north"), series);
    assert_true(tdm_series_value(series) == 1);
}

static void *count_up(void *user)
{
    for (int i = 0; i < 10000; i++)
        tdm_metrics_add(user, TDM_METRIC_SYNC_RECONNECTS, i % 2 == 0 ? "a" : "b", 1);
    return NULL;
}

static void check_threads(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < TDM_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, *state), 0);
    for (size_t i = 0; i < TDM_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    expect_line(*state, "tandem_sync_reconnects_total{peer=\"a\"} 20000");
    expect_line(*state, "tandem_sync_reconnects_total{peer=\"b\"} 20000");
}

static void check_openmetrics(void **state)
{
    char *page = page_of(*state, TDM_METRICS_OPENMETRICS);
    size_t len = strlen(page);
    assert_string_equal(page + len - 6, "# EOF\n");
    assert_non_null(strstr(page, "# TYPE tandem_events_appended counter\n"));
    assert_non_null(strstr(page, "\ntandem_events_appended_total{origin=\"own\"} 0\n"));
    assert_non_null(strstr(page, "# TYPE process_cpu_seconds counter\n"));
    free(page);
}

static void check_negotiation(void **state)
{
    (void)state;
    assert_int_equal(tdm_metrics_negotiate(NULL), TDM_METRICS_TEXT);
    assert_int_equal(tdm_metrics_negotiate("text/plain"), TDM_METRICS_TEXT);
    assert_int_equal(tdm_metrics_negotiate("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
                     TDM_METRICS_OPENMETRICS);
    assert_memory_equal(tdm_metrics_type(TDM_METRICS_TEXT), "text/plain; version=0.0.4", 25);
}

/* The rules of `promtool check metrics`, over the table. */
static void check_names(void **state)
{
    (void)state;
    static const char *const BAD[] = { "_ms",      "_milliseconds", "_minutes", "_kb",
                                       "_percent", "_age_",         "_count" };
    const metric_row *rows = tdm_metric_rows();
    for (size_t i = 0; i < TDM_METRIC_COUNT; i++) {
        const char *name = rows[i].name;
        size_t len = strlen(name);
        bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), len);
        assert_true(total == (rows[i].kind == METRIC_COUNTER));
        assert_true(strlen(rows[i].help) > 10);
        for (size_t b = 0; b < TDM_COUNT(BAD); b++)
            assert_null(strstr(name, BAD[b]));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[j].name, name);
    }
}

/* Each family: HELP, then TYPE, once, then only its own samples. */
static void check_page(void **state)
{
    char *page = page_of(*state, TDM_METRICS_TEXT);
    char current[96] = "";
    char *rest = NULL;
    size_t families = 0;
    for (char *line = strtok_r(page, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char name[96];
        if (sscanf(line, "# HELP %95s", name) == 1) {
            families++;
            strcpy(current, name);
        } else if (sscanf(line, "# TYPE %95s", name) == 1) {
            assert_string_equal(name, current);
        } else {
            assert_memory_equal(line, current, strlen(current));
            char *end = NULL;
            (void)strtod(strrchr(line, ' '), &end);
            assert_int_equal(*end, '\0');
        }
    }
    assert_int_equal(families, TDM_METRIC_COUNT + 7);
    free(page);
}

int main(void)
{
#define ROW(name, check)                                                                                     \
    {                                                                                                        \
        name, check, open_metrics, close_metrics, NULL                                                       \
    }
    const struct CMUnitTest tests[] = {
        ROW("series with fixed labels stand from the start", check_present),
        ROW("counters add, gauges are set", check_updates),
        ROW("a histogram's buckets are cumulative", check_histogram),
        ROW("label values are escaped", check_escape),
        ROW("dynamic series are bounded, the rest is other", check_bound),
        ROW("the same value gives the same series", check_same_series),
        ROW("threads lose no count", check_threads),
        ROW("OpenMetrics names counters without _total and ends in EOF", check_openmetrics),
        ROW("Accept decides the format", check_negotiation),
        ROW("names keep the rules of promtool", check_names),
        ROW("the page is in families, each sample parses", check_page),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
