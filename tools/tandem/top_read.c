/* SPDX-License-Identifier: MPL-2.0
 *
 * top_read.c: three answers of a daemon as one reading; what changed between two.
 */
#include "top.h"
#include "page.h"

#include "clock.h"

#include "tandem/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const WORDS[4] = { "ok", "warn", "fail", "unknown" };

static int64_t number_of(const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : TDM_TOP_UNKNOWN;
}

/* ---- a row of the table */

enum { WELL, LAGS, OPENS, AWAY, REFUSED };

static const struct {
    const char *state;
    int rank;
} RANKS[] = { { "opening", OPENS }, { "awaited", OPENS },   { "down", AWAY },
              { "never", AWAY },    { "waiting", REFUSED }, { "stopped", REFUSED } };

static void judge_node(tdm_top_node *node, const char *state, const char *refusal)
{
    snprintf(node->state, sizeof node->state, "%s", state);
    if (refusal[0] != '\0') {
        snprintf(node->state, sizeof node->state, "refused: %.28s", refusal);
        node->rank = REFUSED;
        return;
    }
    for (size_t i = 0; i < TDM_COUNT(RANKS); i++)
        if (strcmp(RANKS[i].state, state) == 0)
            node->rank = RANKS[i].rank;
    if (node->rank == WELL && node->lag > 0)
        node->rank = LAGS;
}

/* How far behind: while something is missing, as long as nothing newer is held. */
static int64_t behind_s(const tdm_top_reading *reading, const json_t *row, const json_t *status, int64_t lag)
{
    int64_t since_ms;
    bool known =
        tdm_member_ms(reading->hub ? row : status, reading->hub ? "last_event" : "waiting_since", &since_ms);
    int64_t age_s = (reading->now_ms - since_ms) / 1000;
    return lag == 0 ? 0 : lag < 0 || !known ? TDM_TOP_UNKNOWN : age_s < 0 ? 0 : age_s;
}

static bool is_own(const tdm_top_reading *reading, const tdm_top_node *node)
{
    return strcmp(node->origin, reading->origin) == 0;
}

static void name_node(const tdm_top_reading *reading, const json_t *row, tdm_top_node *node)
{
    char name[64];
    tdm_node_row_name(row, name);
    const char *who = is_own(reading, node) ? reading->hub ? "this hub " : "this node "
                      : reading->hub        ? ""
                                            : "hub ";
    snprintf(node->name, sizeof node->name, "%s%.50s", who, name);
}

static void read_node(const tdm_top_reading *reading, const json_t *row, const json_t *links,
                      const json_t *status, tdm_top_node *node)
{
    const char *origin = tdm_row_text(row, "origin");
    const json_t *link = json_object_get(links, origin);
    int64_t seen_ms = number_of(link, "last_seen_ms");
    *node = (tdm_top_node){ .lag = number_of(row, "lag_events"), .clears_s = TDM_TOP_UNKNOWN };
    snprintf(node->origin, sizeof node->origin, "%s", origin);
    name_node(reading, row, node);
    const char *state = reading->uptime_s < 0         ? "unknown"
                        : tdm_is_awaited(status, row) ? "awaited"
                                                      : tdm_row_text(row, "state");
    judge_node(node, state, tdm_row_text(link, "refusal"));
    if (is_own(reading, node))
        snprintf(node->state, sizeof node->state, "here");
    node->behind_s = behind_s(reading, row, status, node->lag);
    node->seen_s = seen_ms > 0 ? (reading->now_ms - seen_ms) / 1000 : TDM_TOP_UNKNOWN;
    bool theirs = reading->hub || link == NULL;
    node->held = number_of(theirs ? row : status, theirs ? "last_sequence" : "acknowledged");
    node->last = node->held + (node->lag > 0 ? node->lag : 0);
    if (node->lag == 0)
        node->clears_s = 0;
}

/* Nodes have no links to each other: at a node only its hub and itself are shown. */
static bool is_shown(const tdm_top_reading *reading, const json_t *row, const json_t *status)
{
    const char *origin = tdm_row_text(row, "origin");
    return reading->hub || strcmp(origin, reading->origin) == 0
           || strcmp(origin, tdm_row_text(status, "hub")) == 0;
}

/* The links' rows by the other end's origin. */
static json_t *links_of(const json_t *status)
{
    size_t index;
    json_t *link;
    json_t *all = json_object();
    json_array_foreach(json_object_get(status, "links"), index, link)
        json_object_set(all, tdm_row_text(link, "origin"), link);
    return all;
}

static tdm_code read_nodes(tdm_top_reading *reading, const json_t *nodes, const json_t *status, tdm_err *err)
{
    size_t index;
    const json_t *row;
    reading->nodes = calloc(json_array_size(nodes) + 1, sizeof *reading->nodes);
    if (reading->nodes == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the nodes");
    json_t *links = links_of(status);
    json_array_foreach(nodes, index, row)
    {
        if (is_shown(reading, row, status))
            read_node(reading, row, links, status, &reading->nodes[reading->count++]);
    }
    json_decref(links);
    return TDM_OK;
}

/* ---- the whole */

static void read_status(tdm_top_reading *reading, const json_t *document, const json_t *status)
{
    if (!tdm_member_ms(document, "as_of", &reading->now_ms))
        reading->now_ms = tdm_clock_wall_ms();
    reading->complete = json_is_true(json_object_get(document, "complete"));
    reading->hub = strcmp(tdm_row_text(status, "role"), "hub") == 0;
    snprintf(reading->origin, sizeof reading->origin, "%s", tdm_row_text(status, "origin"));
    snprintf(reading->version, sizeof reading->version, "%s", tdm_row_text(status, "version"));
    tdm_period_text(tdm_period_of(TDM_PERIOD_YEAR, tdm_date_in_london(reading->now_ms)), reading->year);
    reading->uptime_s = number_of(status, "uptime_s");
    reading->held = number_of(status, "events_held");
    reading->fold_lag = number_of(status, "fold_lag");
}

static const json_t *first_row(const json_t *document)
{
    return json_array_get(json_object_get(document, "data"), 0);
}

/* The newest year up to today's that has a unit: at its beginning a year has none. */
static void choose_level(tdm_top_reading *reading, const json_t *rows)
{
    size_t index;
    const json_t *row;
    const json_t *chosen = NULL;
    json_array_foreach(
        rows, index, row) if (strcmp(tdm_row_text(row, "period"), reading->year) <= 0
                              && number_of(row, "units") > 0
                              && (chosen == NULL
                                  || strcmp(tdm_row_text(row, "period"), tdm_row_text(chosen, "period")) > 0))
        chosen = row;
    if (chosen == NULL)
        return;
    reading->level = json_deep_copy(chosen);
    snprintf(reading->year, sizeof reading->year, "%s", tdm_row_text(chosen, "period"));
}

static tdm_code read_level(tdm_top_asker *ask, void *context, const json_t *args, tdm_top_reading *reading,
                           tdm_err *err)
{
    json_t *document = NULL;
    tdm_code code = ask(context, "level", args, &document, err);
    if (code == TDM_OK)
        choose_level(reading, json_object_get(document, "data"));
    json_decref(document);
    return code;
}

static void judge(tdm_top_reading *reading, const json_t *nodes, const json_t *status)
{
    tdm_findings_open(&reading->findings, WORDS);
    tdm_judge_links(&reading->findings, status, nodes, reading->now_ms);
    if (reading->uptime_s >= 0)
        tdm_judge_absent(&reading->findings, status, nodes, reading->now_ms);
    tdm_judge_sharing(&reading->findings, status, reading->now_ms);
    tdm_judge_figures(&reading->findings, status);
}

tdm_code tdm_top_read(tdm_top_asker *ask, void *context, tdm_top_reading **out, tdm_err *err)
{
    json_t *status = NULL;
    json_t *nodes = NULL;
    json_t *args = json_pack("{s:b}", "glance", 1);
    tdm_top_reading *reading = calloc(1, sizeof *reading);
    *out = reading;
    tdm_code code =
        reading == NULL || args == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for a reading") : TDM_OK;
    if (code == TDM_OK)
        code = ask(context, "status", args, &status, err);
    if (code == TDM_OK)
        code = ask(context, "node.list", args, &nodes, err);
    if (code == TDM_OK) {
        const json_t *rows = json_object_get(nodes, "data");
        reading->at_ms = tdm_clock_mono_ms();
        read_status(reading, status, first_row(status));
        code = read_nodes(reading, rows, first_row(status), err);
        judge(reading, rows, first_row(status));
    }
    if (code == TDM_OK)
        code = read_level(ask, context, args, reading, err);
    if (code == TDM_OK)
        tdm_top_compare(reading, NULL);
    json_decref(args);
    json_decref(status);
    json_decref(nodes);
    return code;
}

void tdm_top_reading_free(tdm_top_reading **pointer)
{
    tdm_top_reading *reading = *pointer;
    if (reading == NULL)
        return;
    json_decref(reading->level);
    tdm_findings_close(&reading->findings);
    free(reading->nodes);
    free(reading);
    *pointer = NULL;
}

/* ---- two readings */

/* At the rate at which it fell between the two. */
static int64_t clears(int64_t lag, int64_t before, double seconds)
{
    if (lag == 0)
        return 0;
    if (lag < 0 || before < 0)
        return TDM_TOP_UNKNOWN;
    return lag >= before ? TDM_TOP_STUCK : (int64_t)((double)lag * seconds / (double)(before - lag) + 0.5);
}

static int by_origin(const void *a, const void *b)
{
    return strcmp(((const tdm_top_node *)a)->origin, ((const tdm_top_node *)b)->origin);
}

static int worst_first(const void *left, const void *right)
{
    const tdm_top_node *a = left;
    const tdm_top_node *b = right;
    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    if (a->lag != b->lag)
        return a->lag > b->lag ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void compare_nodes(tdm_top_reading *now, const tdm_top_reading *before, double seconds)
{
    tdm_top_node *sorted = calloc(before->count + 1, sizeof *sorted);
    if (sorted == NULL)
        return; /* times to clear stay unknown */
    memcpy(sorted, before->nodes, before->count * sizeof *sorted);
    qsort(sorted, before->count, sizeof *sorted, by_origin);
    for (size_t i = 0; i < now->count; i++) {
        const tdm_top_node *was = bsearch(&now->nodes[i], sorted, before->count, sizeof *sorted, by_origin);
        if (was != NULL)
            now->nodes[i].clears_s = clears(now->nodes[i].lag, was->lag, seconds);
    }
    free(sorted);
}

/* A restart begins other counts. */
static bool is_earlier(const tdm_top_reading *before, const tdm_top_reading *now)
{
    return before != NULL && now->at_ms > before->at_ms && strcmp(now->origin, before->origin) == 0
           && now->uptime_s >= before->uptime_s && now->held >= before->held;
}

void tdm_top_compare(tdm_top_reading *now, const tdm_top_reading *before)
{
    now->compared = is_earlier(before, now);
    now->fold_clears_s = now->fold_lag == 0 ? 0 : TDM_TOP_UNKNOWN;
    if (now->compared) {
        double seconds = (double)(now->at_ms - before->at_ms) / 1000;
        int64_t folded = (now->held - now->fold_lag) - (before->held - before->fold_lag);
        now->held_rate = (double)(now->held - before->held) / seconds;
        now->folded_rate = folded < 0 ? 0 : (double)folded / seconds;
        now->fold_clears_s = clears(now->fold_lag, before->fold_lag, seconds);
        compare_nodes(now, before, seconds);
    }
    qsort(now->nodes, now->count, sizeof *now->nodes, worst_first);
}

/* ---- for programs */

static json_t *number_or_null(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

static json_t *node_row(const tdm_top_node *node)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:o, s:I, s:I}", "origin", node->origin, "name",
                     node->name, "state", node->state, "lag_events", number_or_null(node->lag), "behind_s",
                     number_or_null(node->behind_s), "clears_s", number_or_null(node->clears_s), "clears",
                     node->clears_s != TDM_TOP_STUCK, "seen_s", number_or_null(node->seen_s), "held",
                     (json_int_t)node->held, "last", (json_int_t)node->last);
}

json_t *tdm_top_document(const tdm_top_reading *reading)
{
    char as_of[40];
    json_t *nodes = json_array();
    tdm_time_text(reading->now_ms, 0, as_of);
    for (size_t i = 0; i < reading->count; i++)
        json_array_append_new(nodes, node_row(&reading->nodes[i]));
    json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:O, s:o}", "role",
                            reading->hub ? "hub" : "node", "origin", reading->origin, "version",
                            reading->version, "uptime_s", number_or_null(reading->uptime_s), "events_held",
                            (json_int_t)reading->held, "fold_lag", (json_int_t)reading->fold_lag,
                            "held_per_s", reading->compared ? json_real(reading->held_rate) : json_null(),
                            "folded_per_s", reading->compared ? json_real(reading->folded_rate) : json_null(),
                            "fold_clears_s", number_or_null(reading->fold_clears_s), "level",
                            reading->level == NULL ? json_null() : json_incref(reading->level), "findings",
                            reading->findings.rows, "nodes", nodes);
    return json_pack("{s:s, s:s, s:b, s:[o]}", "schema", "tandem.top/1", "as_of", as_of, "complete",
                     reading->complete, "data", row);
}
