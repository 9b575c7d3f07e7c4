/* SPDX-License-Identifier: MPL-2.0
 *
 * judge.c: thresholds, findings, and what a status row says of figures, sharing and links.
 */
#include "judge.h"
#include "page.h"

#include "tandem/civil.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const tdm_limit LIMITS[] = {
#define X(symbol, name, unit, what, warning, critical, next) { name, unit, what, warning, critical, next },
    TDM_LIMITS(X)
#undef X
};

const tdm_limit *tdm_limit_at(tdm_limit_name name)
{
    return &LIMITS[name];
}

tdm_verdict tdm_limit_judge(tdm_limit_name name, int64_t value)
{
    return value >= LIMITS[name].critical  ? TDM_CRITICAL
           : value >= LIMITS[name].warning ? TDM_WARNING
                                           : TDM_WELL;
}

/* ---- findings */

void tdm_findings_open(tdm_findings *findings, const char *const words[4])
{
    *findings = (tdm_findings){ .rows = json_array(), .words = words };
    for (size_t i = 0; i < TDM_LIMIT_COUNT; i++)
        findings->values[i] = -1;
}

void tdm_findings_close(tdm_findings *findings)
{
    json_decref(findings->rows);
    findings->rows = NULL;
}

void tdm_finding_add(tdm_findings *findings, tdm_verdict verdict, const char *about, const char *next,
                     const char *format, ...)
{
    char what[400];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    findings->worst = verdict > findings->worst ? verdict : findings->worst;
    json_array_append_new(findings->rows, json_pack("{s:s, s:s, s:s, s:s}", "about", about, "verdict",
                                                    findings->words[verdict], "what", what, "next", next));
}

tdm_verdict tdm_finding_verdict(const tdm_findings *findings, const json_t *row)
{
    const char *word = json_string_value(json_object_get(row, "verdict"));
    for (int i = TDM_WELL; word != NULL && i < TDM_UNKNOWN; i++)
        if (strcmp(findings->words[i], word) == 0)
            return (tdm_verdict)i;
    return TDM_UNKNOWN;
}

void tdm_duration_text(int64_t seconds, char out[32])
{
    static const struct {
        int64_t from;
        int64_t unit;
        const char *word;
    } UNITS[] = { { 2 * TDM_DAY_S, TDM_DAY_S, "days" },
                  { 2 * TDM_HOUR_S, TDM_HOUR_S, "h" },
                  { 120, 60, "min" },
                  { INT64_MIN, 1, "s" } };
    size_t i = 0;
    while (seconds < UNITS[i].from)
        i++;
    snprintf(out, 32, "%" PRId64 " %s", seconds / UNITS[i].unit, UNITS[i].word);
}

void tdm_finding_measure(tdm_findings *findings, tdm_limit_name name, int64_t value, const char *about,
                         const char *who)
{
    const tdm_limit *limit = &LIMITS[name];
    tdm_verdict verdict = tdm_limit_judge(name, value);
    char amount[64];
    if (value > findings->values[name])
        findings->values[name] = value;
    if (verdict == TDM_WELL)
        return;
    if (strcmp(limit->unit, "s") == 0)
        tdm_duration_text(value, amount);
    else
        snprintf(amount, sizeof amount, "%" PRId64 " %s", value, limit->unit);
    tdm_finding_add(findings, verdict, about, limit->next, "%s%s%s %s", who == NULL ? "" : who,
                    who == NULL ? "" : ": ", amount, limit->what);
}

/* ---- members */

bool tdm_member_ms(const json_t *row, const char *key, int64_t *out)
{
    const char *text = json_string_value(json_object_get(row, key));
    int32_t offset;
    *out = 0;
    return text != NULL && tdm_time_parse(tdm_span_text(text), out, &offset, NULL) == TDM_OK;
}

void tdm_node_row_name(const json_t *row, char out[64])
{
    const char *origin = tdm_row_text(row, "origin");
    const json_t *codes = json_object_get(row, "organisations");
    const char *first = json_string_value(json_array_get(codes, 0));
    size_t more = json_array_size(codes);
    if (first == NULL)
        snprintf(out, 64, "%.8s", origin);
    else if (more > 1)
        snprintf(out, 64, "%.20s +%zu %.8s", first, more - 1, origin);
    else
        snprintf(out, 64, "%.20s %.8s", first, origin);
}

void tdm_node_name(const json_t *nodes, const char *origin, char out[64])
{
    size_t index;
    const json_t *row;
    snprintf(out, 64, "%.8s", origin);
    json_array_foreach(nodes, index, row)
    {
        if (strcmp(tdm_row_text(row, "origin"), origin) != 0)
            continue;
        tdm_node_row_name(row, out);
        return;
    }
}

/* ---- figures, sharing */

void tdm_judge_figures(tdm_findings *findings, const json_t *status)
{
    tdm_finding_measure(findings, TDM_LIMIT_FOLD_LAG, json_integer_value(json_object_get(status, "fold_lag")),
                        "figures", NULL);
}

void tdm_judge_sharing(tdm_findings *findings, const json_t *status, int64_t now_ms)
{
    const json_t *waiting = json_object_get(status, "waiting_to_share");
    int64_t since_ms;
    if (json_is_integer(waiting))
        tdm_finding_measure(findings, TDM_LIMIT_WAITING, json_integer_value(waiting), "sharing", NULL);
    if (tdm_member_ms(status, "waiting_since", &since_ms))
        tdm_finding_measure(findings, TDM_LIMIT_WAITING_AGE, (now_ms - since_ms) / 1000, "sharing", NULL);
}

/* ---- links */

/* What to do about a refusal, by its word; the refusal's own text says what happened. */
static const struct {
    const char *word;
    const char *next;
} REFUSALS[] = {
    { "denied",
      "if the node was revoked or restored elsewhere, at the hub: tandem invite --for NODE; with that code "
      "at the node: tandem node restore" },
    { "not-the-hub", "ask the hub's operator whether its keys were turned over; if so, with a code from "
                     "tandem invite there: "
                     "tandem join" },
    { "revoked", "at the hub: tandem invite --for NODE; with that code at the node: tandem node restore" },
    { "not-enrolled", "ask the hub's operator why; a code comes from tandem invite there" },
    { "enrol-denied", "ask the hub's operator for a new join code, then: tandem join" },
    { "fork",
      "run one copy of that node only; there, with its daemon stopped: tandem node rejoin --store DIR" },
    { "version", "install the same version of Tandem at both ends" },
    { "busy", "wait: it tries again by itself" },
};

static const char *next_of(const char *refusal)
{
    for (size_t i = 0; i < TDM_COUNT(REFUSALS); i++)
        if (strcmp(REFUSALS[i].word, refusal) == 0)
            return REFUSALS[i].next;
    return "send the hub's operator what stands here, and: tandem doctor --bundle FILE";
}

static void find_link(tdm_findings *findings, const json_t *link, const json_t *nodes, int64_t now_ms)
{
    char about[80];
    char name[64];
    const char *refusal = tdm_row_text(link, "refusal");
    const char *why = tdm_row_text(link, "refusal_text");
    json_int_t seen = json_integer_value(json_object_get(link, "last_seen_ms"));
    tdm_node_name(nodes, tdm_row_text(link, "origin"), name);
    snprintf(about, sizeof about, "link to %s", name);
    if (refusal[0] != '\0')
        tdm_finding_add(findings, TDM_CRITICAL, about, next_of(refusal), "refused (%s)%s%s", refusal,
                        why[0] == '\0' ? "" : ": ", why);
    if (seen > 0)
        tdm_finding_measure(findings, TDM_LIMIT_SILENT, (now_ms - seen) / 1000, about, NULL);
    else if (strcmp(tdm_row_text(link, "state"), "live") != 0)
        tdm_finding_add(findings, TDM_WARNING, about, tdm_limit_at(TDM_LIMIT_SILENT)->next,
                        "was never heard since the daemon began");
}

/* Most of a thousand links are well, and are looked at no more. */
static void judge_link(tdm_findings *findings, const json_t *link, const json_t *nodes, int64_t now_ms)
{
    json_int_t seen = json_integer_value(json_object_get(link, "last_seen_ms"));
    int64_t silent_s = (now_ms - seen) / 1000;
    bool live = strcmp(tdm_row_text(link, "state"), "live") == 0;
    findings->links++;
    findings->live += live;
    if (live && seen > 0 && tdm_row_text(link, "refusal")[0] == '\0'
        && tdm_limit_judge(TDM_LIMIT_SILENT, silent_s) == TDM_WELL)
        tdm_finding_measure(findings, TDM_LIMIT_SILENT, silent_s, "", NULL);
    else
        find_link(findings, link, nodes, now_ms);
}

void tdm_judge_links(tdm_findings *findings, const json_t *status, const json_t *nodes, int64_t now_ms)
{
    size_t index;
    const json_t *link;
    bool node = strcmp(tdm_row_text(status, "role"), "node") == 0;
    if (node && json_is_null(json_object_get(status, "hub")))
        tdm_finding_add(findings, TDM_WARNING, "membership",
                        "tandem join, with a join code from the hub's operator",
                        "this node has not joined a hub: what it records stays here");
    json_array_foreach(json_object_get(status, "links"), index, link)
        judge_link(findings, link, nodes, now_ms);
}

/* ---- who is absent */

static const json_t *link_of(const json_t *status, const char *origin)
{
    size_t index;
    const json_t *link;
    json_array_foreach(json_object_get(status, "links"), index,
                       link) if (strcmp(tdm_row_text(link, "origin"), origin) == 0) return link;
    return NULL;
}

/* The link's own finding tells it already: refused, never heard, or silent for long. */
static bool is_told(const json_t *link, int64_t now_ms)
{
    json_int_t seen = json_integer_value(json_object_get(link, "last_seen_ms"));
    return link != NULL
           && (tdm_row_text(link, "refusal")[0] != '\0' || seen == 0
               || tdm_limit_judge(TDM_LIMIT_SILENT, (now_ms - seen) / 1000) != TDM_WELL);
}

bool tdm_is_awaited(const json_t *status, const json_t *node_row)
{
    const json_t *uptime = json_object_get(status, "uptime_s");
    return json_is_integer(uptime) && json_integer_value(uptime) < TDM_AWAITED_S
           && strcmp(tdm_row_text(node_row, "state"), "down") == 0
           && link_of(status, tdm_row_text(node_row, "origin")) == NULL;
}

static void judge_absent(tdm_findings *findings, const json_t *row, const json_t *link, bool hub,
                         int64_t now_ms)
{
    char about[80];
    char name[64];
    char since[32];
    json_int_t seen = json_integer_value(json_object_get(link, "last_seen_ms"));
    const char *next = hub ? "ask there for: tandem doctor"
                           : "wait, it tries again; if it lasts ask the hub's operator for: tandem doctor";
    bool never = strcmp(tdm_row_text(row, "state"), "never") == 0;
    tdm_node_row_name(row, name);
    tdm_duration_text((now_ms - seen) / 1000, since);
    snprintf(about, sizeof about, "link to %s", name);
    if (seen > 0)
        tdm_finding_add(findings, TDM_WARNING, about, next, "is down; it was heard %s ago", since);
    else
        tdm_finding_add(findings, TDM_WARNING, about, next,
                        never ? "it never connected" : "is down, since this daemon began or longer");
}

void tdm_judge_absent(tdm_findings *findings, const json_t *status, const json_t *nodes, int64_t now_ms)
{
    size_t index;
    const json_t *row;
    bool hub = strcmp(tdm_row_text(status, "role"), "hub") == 0;
    json_array_foreach(nodes, index, row)
    {
        const char *origin = tdm_row_text(row, "origin");
        const char *state = tdm_row_text(row, "state");
        bool expected = hub || strcmp(origin, tdm_row_text(status, "hub")) == 0;
        bool absent =
            strcmp(state, "down") == 0 || strcmp(state, "never") == 0 || strcmp(state, "opening") == 0;
        const json_t *link = expected && absent ? link_of(status, origin) : NULL;
        if (expected && absent && !is_told(link, now_ms) && !tdm_is_awaited(status, row))
            judge_absent(findings, row, link, hub, now_ms);
    }
}
