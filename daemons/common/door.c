/* SPDX-License-Identifier: MPL-2.0
 *
 * door.c: what HTTP serves: health, metrics and the level document. The level comes from the same service as
 * everywhere.
 */
#include "door.h"

#include "clock.h"
#include "upkeep.h"

#include <string.h>

#define STUCK_MS 10000       /* a loop that did not turn for so long is not alive */
#define READY_LAG_MAX 200000 /* events the figures may lag behind and still count as ready */

static void livez(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)request;
    tdm_daemon *daemon = context;
    int64_t still_ms = tdm_clock_mono_ms() - atomic_load(&daemon->beat_ms);
    if (still_ms > STUCK_MS)
        tdm_http_problem(response, 503, "the loop has not turned for %lld ms", (long long)still_ms);
    else
        tdm_buf_text(&response->body, "{\"status\":\"alive\"}\n");
}

static void readyz(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)request;
    tdm_daemon *daemon = context;
    uint64_t lag = tdm_core_fold_lag(daemon->core);
    if (lag > READY_LAG_MAX)
        tdm_http_problem(response, 503, "the figures are %llu events behind", (unsigned long long)lag);
    else
        tdm_buf_format(&response->body, "{\"status\":\"ready\",\"complete\":%s,\"fold_lag_events\":%llu}\n",
                       tdm_core_is_complete(daemon->core) ? "true" : "false", (unsigned long long)lag);
}

/* ---- metrics
 * ---------------------------------------------------------------------------------------------------------
 */

static void refresh_level(tdm_daemon *daemon, tdm_fold *fold)
{
    tdm_date today = tdm_date_in_london(tdm_clock_wall_ms());
    tdm_level_question question = { .has_year = true,
                                    .year = tdm_period_of(TDM_PERIOD_YEAR, today).number,
                                    .period_kind = TDM_PERIOD_YEAR,
                                    .as_of = today };
    tdm_level_answer answer = { 0 };
    if (tdm_fold_level(fold, &question, &answer, NULL) != TDM_OK)
        return;
    static const char *const CLAIMS[TDM_LINES] = { "asserted", "standing", "corroborated" };
    tdm_level_row none = { 0 };
    const tdm_level_row *row = answer.count > 0 ? &answer.rows[0] : &none;
    for (size_t i = 0; i < TDM_LINES; i++)
        tdm_metrics_set(daemon->metrics, TDM_METRIC_SYSTEM_LEVEL_RATIO, CLAIMS[i],
                        row->level_defined ? (double)row->level[i] / 1000 : 0);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_TARGET_LEVEL_RATIO, NULL, (double)row->target / 1000);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_RETURNS_EXPECTED, NULL, (double)row->returns_expected);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_RETURNS_RECEIVED, NULL, (double)row->returns_received);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_UNITS, "delivered", (double)row->units);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_UNITS, "cancelled", (double)row->cancelled);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LINKS, "unanswered", (double)row->claims_unanswered);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LINKS, "confirmed", (double)row->claims_corroborated);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LINKS, "disputed", (double)row->claims_disputed);
    tdm_level_answer_free(&answer);
}

static void refresh_upkeep(tdm_daemon *daemon)
{
    tdm_upkeep upkeep;
    tdm_upkeep_read(daemon->core, &upkeep);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LAST_VERIFY, NULL, (double)upkeep.verified_ms / 1000);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LAST_VERIFY_SUCCESS, NULL,
                    upkeep.verified && upkeep.faults == 0);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_LAST_SNAPSHOT, NULL, (double)upkeep.copied_ms / 1000);
}

void tdm_door_refresh(tdm_daemon *daemon)
{
    tdm_fold *fold = tdm_core_fold(daemon->core);
    refresh_level(daemon, fold);
    tdm_core_fold_release(daemon->core, fold);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_FOLD_LAG, NULL, (double)tdm_core_fold_lag(daemon->core));
    tdm_kv_stats stats;
    refresh_upkeep(daemon);
    if (tdm_kv_stat(tdm_ledger_kv(tdm_core_ledger(daemon->core)), &stats, NULL) != TDM_OK)
        return;
    tdm_metrics_set(daemon->metrics, TDM_METRIC_STORE_MAP, NULL, (double)stats.map_bytes);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_STORE_USED, NULL, (double)stats.used_bytes);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_STORE_READERS, NULL, (double)stats.readers);
}

static void metrics(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_daemon *daemon = context;
    tdm_door_refresh(daemon);
    tdm_http_metrics(daemon->metrics, request, response);
}

/* ---- level
 * --------------------------------------------------------------------------------------------------------------
 */

/* What a figure may be asked with. */
static const char *const LEVEL_QUERY[] = { "fy", "by", "weight", "planned", "as_of", NULL };
static const char *const MEASURE_QUERY[] = { "fy",        "by",   "per", "planned", "as_of", "dimension",
                                             "indicator", "line", "top", "bottom",  NULL };
static const char *const NO_QUERY[] = { NULL };

static json_t *query_args(const tdm_http_request *request, const char *const *names)
{
    json_t *args = json_object();
    for (size_t i = 0; names[i] != NULL; i++) {
        const char *value = tdm_http_query(request, names[i]);
        if (value == NULL)
            continue;
        if (strcmp(names[i], "planned") == 0)
            json_object_set_new(args, names[i], json_boolean(strcmp(value, "true") == 0));
        else
            json_object_set_new(args, names[i], json_string(value));
    }
    return args;
}

/* Takes args. */
static void answer_verb(tdm_daemon *daemon, const char *verb, json_t *args, tdm_http_response *response)
{
    tdm_service_context services = daemon->services;
    services.now_ms = tdm_clock_wall_ms();
    tdm_answer answer = { 0 };
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_service_call(&services, verb, &(tdm_request){ .args = args }, &answer, &err);
    if (code == TDM_OK) {
        response->body = answer.bytes;
        answer.bytes = (tdm_buf){ 0 };
    } else {
        tdm_http_failure(response, &err);
    }
    tdm_answer_free(&answer);
    json_decref(args);
}

/* Figures of a past moment are worked out one at a time. Takes args. */
static void answer_figures(tdm_daemon *daemon, const char *verb, json_t *args, tdm_http_response *response)
{
    bool idle = false;
    if (json_object_get(args, "as_of") == NULL) {
        answer_verb(daemon, verb, args, response);
    } else if (atomic_compare_exchange_strong(&daemon->as_of_busy, &idle, true)) {
        answer_verb(daemon, verb, args, response);
        atomic_store(&daemon->as_of_busy, false);
    } else {
        json_decref(args);
        tdm_http_problem(response, 503, "another as-of question is being worked out: ask again in a moment");
    }
}

/* False, with the answer made, if a parameter is not one of these. */
static bool knows_query(const tdm_http_request *request, const char *const *names,
                        tdm_http_response *response)
{
    size_t count = 0;
    while (names[count] != NULL)
        count++;
    const char *unknown = tdm_http_query_unknown(request, names, count);
    if (unknown == NULL)
        return true;
    tdm_buf known = { 0 };
    for (size_t i = 0; i < count; i++)
        tdm_buf_format(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
    tdm_http_problem(response, 400, "there is no parameter \"%.60s\"; known are: %.*s", unknown,
                     (int)known.len, known.len == 0 ? "" : (const char *)known.data);
    tdm_buf_free(&known);
    return false;
}

/* Figures of people are for this door's audience; by these weights the level is one. */
static void level(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_daemon *daemon = context;
    const char *weight = tdm_http_query(request, "weight");
    if (!knows_query(request, LEVEL_QUERY, response))
        return;
    if (weight != NULL && strncmp(weight, "participant", 11) == 0)
        tdm_http_problem(
            response, 403,
            "figures about people are given by /api/v1/measures/C3 and C4, as they were released");
    else
        answer_figures(daemon, "level", query_args(request, LEVEL_QUERY), response);
}

static void measures(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    if (knows_query(request, NO_QUERY, response))
        answer_verb(context, "measure.list", json_object(), response);
}

static void measure(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_daemon *daemon = context;
    if (!knows_query(request, MEASURE_QUERY, response))
        return;
    json_t *args = query_args(request, MEASURE_QUERY);
    json_object_set_new(args, "measure", json_string(tdm_http_segment(request, "measure")));
    json_object_set_new(args, "audience", json_string(tdm_config_text(daemon->config, "http.audience")));
    answer_figures(daemon, "measure.show", args, response);
}

const tdm_http_route TDM_DOOR_ROUTES[] = {
    { "GET", "/livez", "livez", livez, 0 },
    { "GET", "/readyz", "readyz", readyz, 0 },
    { "GET", "/metrics", "metrics", metrics, 0 },
    { "GET", "/api/v1/level", "level", level, 0 },
    { "GET", "/api/v1/measures", "measures", measures, 0 },
    { "GET", "/api/v1/measures/{measure}", "measure", measure, 0 },
};
const size_t TDM_DOOR_ROUTE_COUNT = TDM_COUNT(TDM_DOOR_ROUTES);
