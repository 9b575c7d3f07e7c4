/* SPDX-License-Identifier: MPL-2.0
 *
 * door.c: what HTTP serves: health, metrics and the level document. The level comes from the same service as
 * everywhere.
 */
#include "door.h"

#include "clock.h"

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

void tdm_door_refresh(tdm_daemon *daemon)
{
    tdm_fold *fold = tdm_core_fold(daemon->core);
    refresh_level(daemon, fold);
    tdm_core_fold_release(daemon->core, fold);
    tdm_metrics_set(daemon->metrics, TDM_METRIC_FOLD_LAG, NULL, (double)tdm_core_fold_lag(daemon->core));
    tdm_kv_stats stats;
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

static const char *const LEVEL_QUERY[] = { "fy", "by", "weight", "planned", "as_of" };

static json_t *level_args(const tdm_http_request *request)
{
    json_t *args = json_object();
    for (size_t i = 0; i < TDM_COUNT(LEVEL_QUERY); i++) {
        const char *value = tdm_http_query(request, LEVEL_QUERY[i]);
        if (value == NULL)
            continue;
        if (strcmp(LEVEL_QUERY[i], "planned") == 0)
            json_object_set_new(args, LEVEL_QUERY[i], json_boolean(strcmp(value, "true") == 0));
        else
            json_object_set_new(args, LEVEL_QUERY[i], json_string(value));
    }
    return args;
}

static void answer_level(tdm_daemon *daemon, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_service_context services = daemon->services;
    services.now_ms = tdm_clock_wall_ms();
    json_t *args = level_args(request);
    tdm_answer answer = { 0 };
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_service_call(&services, "level", &(tdm_request){ .args = args }, &answer, &err);
    if (code == TDM_OK) {
        response->body = answer.bytes;
        answer.bytes = (tdm_buf){ 0 };
    } else {
        tdm_http_failure(response, &err);
    }
    tdm_answer_free(&answer);
    json_decref(args);
}

/* People are counted exactly until suppression exists: those weights are for the store's own operator, not
 * for this door. */
static void level(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_daemon *daemon = context;
    const char *unknown = tdm_http_query_unknown(request, LEVEL_QUERY, TDM_COUNT(LEVEL_QUERY));
    const char *weight = tdm_http_query(request, "weight");
    bool past = tdm_http_query(request, "as_of") != NULL;
    bool idle = false;
    if (unknown != NULL) {
        tdm_http_problem(response, 400,
                         "there is no parameter \"%.60s\": fy, by, weight, planned and as_of are known",
                         unknown);
    } else if (weight != NULL && strncmp(weight, "participant", 11) == 0) {
        tdm_http_problem(response, 403, "figures about people are not served here: ask the hub's operator");
    } else if (!past) {
        answer_level(daemon, request, response);
    } else if (atomic_compare_exchange_strong(&daemon->as_of_busy, &idle, true)) {
        answer_level(daemon, request, response);
        atomic_store(&daemon->as_of_busy, false);
    } else {
        tdm_http_problem(response, 503, "another as-of question is being worked out: ask again in a moment");
    }
}

const tdm_http_route TDM_DOOR_ROUTES[] = {
    { "GET", "/livez", "livez", livez, 0 },
    { "GET", "/readyz", "readyz", readyz, 0 },
    { "GET", "/metrics", "metrics", metrics, 0 },
    { "GET", "/api/v1/level", "level", level, 0 },
};
const size_t TDM_DOOR_ROUTE_COUNT = TDM_COUNT(TDM_DOOR_ROUTES);
