/* SPDX-License-Identifier: MPL-2.0
 *
 * check.c: is a daemon well?
 */
#include "check.h"

#include "clock.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

enum { OK, WARNING, CRITICAL, UNKNOWN };
static const char *const WORDS[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

enum { FOLD_LAG, WAITING, SILENT };
static const tdm_check_limit LIMITS[] = {
    [FOLD_LAG] = { "fold_lag", "events that are not in the figures yet", 10000, 1000000 },
    [WAITING] = { "waiting", "own events that the hub has not acknowledged", 10000, 1000000 },
    [SILENT] = { "silent_s", "seconds since the other end of a link was last heard", 3600, 86400 },
};

const tdm_check_limit *tdm_check_limit_at(size_t index)
{
    return index < TDM_COUNT(LIMITS) ? &LIMITS[index] : NULL;
}

typedef struct checking {
    int worst;
    json_t *findings;                  /* {"level","about","what"} */
    int64_t values[TDM_COUNT(LIMITS)]; /* -1: none */
    size_t links;
    size_t live;
} checking;

static void find(checking *c, int level, const char *about, const char *what)
{
    c->worst = level > c->worst ? level : c->worst;
    json_array_append_new(c->findings,
                          json_pack("{s:s, s:s, s:s}", "level", WORDS[level], "about", about, "what", what));
}

static void measure(checking *c, size_t limit, int64_t value, const char *about)
{
    const tdm_check_limit *at = &LIMITS[limit];
    char what[160];
    c->values[limit] = value > c->values[limit] ? value : c->values[limit];
    if (value < at->warning)
        return;
    snprintf(what, sizeof what, "%lld %s", (long long)value, at->help);
    find(c, value >= at->critical ? CRITICAL : WARNING, about, what);
}

static void check_link(checking *c, const json_t *link)
{
    const char *origin = json_string_value(json_object_get(link, "origin"));
    const char *state = json_string_value(json_object_get(link, "state"));
    const char *refusal = json_string_value(json_object_get(link, "refusal"));
    const char *why = json_string_value(json_object_get(link, "refusal_text"));
    json_int_t seen = json_integer_value(json_object_get(link, "last_seen_ms"));
    char about[64];
    snprintf(about, sizeof about, "link to %.8s", origin == NULL ? "?" : origin);
    bool live = state != NULL && strcmp(state, "live") == 0;
    c->links++;
    c->live += live;
    if (refusal != NULL && refusal[0] != '\0')
        find(c, CRITICAL, about, why != NULL && why[0] != '\0' ? why : refusal);
    if (seen > 0)
        measure(c, SILENT, (tdm_clock_wall_ms() - seen) / 1000, about);
    else if (!live)
        find(c, WARNING, about, "was never heard since the daemon began");
}

static void check_status(checking *c, const json_t *status)
{
    size_t index;
    json_t *link;
    bool node = strcmp(json_string_value(json_object_get(status, "role")), "node") == 0;
    const json_t *waiting = json_object_get(status, "waiting_to_share");
    measure(c, FOLD_LAG, json_integer_value(json_object_get(status, "fold_lag")), "figures");
    if (json_is_integer(waiting))
        measure(c, WAITING, json_integer_value(waiting), "sharing");
    if (node && json_is_null(json_object_get(status, "hub")))
        find(c, WARNING, "membership", "this node has not joined a hub: tandem join");
    json_array_foreach(json_object_get(status, "links"), index, link) check_link(c, link);
}

/* ---- telling */

static void say_values(const checking *c, FILE *out)
{
    const char *before = " |";
    for (size_t i = 0; i < TDM_COUNT(LIMITS); i++) {
        if (c->values[i] < 0)
            continue;
        fprintf(out, "%s %s=%lld;%lld;%lld;0", before, LIMITS[i].name, (long long)c->values[i],
                (long long)LIMITS[i].warning, (long long)LIMITS[i].critical);
        before = "";
    }
}

/* The first line is what monitors show: the worst finding, and the values. */
static void say(const checking *c, FILE *out)
{
    size_t index;
    json_t *finding;
    const json_t *first = NULL;
    json_array_foreach(
        c->findings, index,
        finding) if (first == NULL
                     && strcmp(json_string_value(json_object_get(finding, "level")), WORDS[c->worst]) == 0)
        first = finding;
    fprintf(out, "TANDEM %s: ", WORDS[c->worst]);
    if (first != NULL)
        fprintf(out, "%s: %s", json_string_value(json_object_get(first, "about")),
                json_string_value(json_object_get(first, "what")));
    else
        fprintf(out, "%zu of %zu links live", c->live, c->links);
    say_values(c, out);
    fputc('\n', out);
    json_array_foreach(c->findings, index, finding) if (finding != first)
        fprintf(out, "%s: %s: %s\n", json_string_value(json_object_get(finding, "level")),
                json_string_value(json_object_get(finding, "about")),
                json_string_value(json_object_get(finding, "what")));
}

static int tell(const checking *c, const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer = { 0 };
    if (!tdm_session_is_json(session)) {
        say(c, session->out);
        return c->worst;
    }
    json_t *document = json_pack("{s:s, s:s, s:O}", "schema", "tandem.check/1", "state", WORDS[c->worst],
                                 "data", c->findings);
    char *text = json_dumps(document, JSON_COMPACT);
    tdm_buf_text(&answer.bytes, text);
    free(text);
    json_decref(document);
    return tdm_client_show(invocation, session, &answer, c->worst);
}

int tdm_check_run(const tdm_invocation *invocation, tdm_session *session)
{
    checking c = { .findings = json_array() };
    tdm_answer answer = { 0 };
    tdm_page page = { 0 };
    tdm_err err = { 0 };
    for (size_t i = 0; i < TDM_COUNT(LIMITS); i++)
        c.values[i] = -1;
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    if (status == tdm_code_exit(TDM_UNREACHABLE))
        find(&c, CRITICAL, "daemon", "it does not answer");
    else if (status != 0)
        find(&c, UNKNOWN, "daemon", "it could not be asked");
    else if (tdm_page_read(&page, tdm_buf_span(&answer.bytes), &err) == TDM_OK)
        check_status(&c, json_array_get(page.rows, 0));
    else
        find(&c, UNKNOWN, "daemon", "its answer could not be read");
    status = tell(&c, invocation, session);
    tdm_page_free(&page);
    tdm_answer_free(&answer);
    json_decref(c.findings);
    return status;
}
