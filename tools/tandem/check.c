/* SPDX-License-Identifier: MPL-2.0
 *
 * check.c: is a daemon well?
 */
#include "check.h"

#include "clock.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

static const char *const WORDS[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* ---- telling */

static void say_values(const tdm_findings *c, FILE *out)
{
    const char *before = " |";
    for (size_t i = 0; i < TDM_LIMIT_COUNT; i++) {
        const tdm_limit *limit = tdm_limit_at((tdm_limit_name)i);
        if (c->values[i] < 0)
            continue;
        fprintf(out, "%s %s=%lld;%lld;%lld;0", before, limit->name, (long long)c->values[i],
                (long long)limit->warning, (long long)limit->critical);
        before = "";
    }
}

/* The first line is what monitors show: the worst finding, and the values. */
static void say(const tdm_findings *c, FILE *out)
{
    size_t index;
    const json_t *finding;
    const json_t *first = NULL;
    json_array_foreach(c->rows, index,
                       finding) if (first == NULL && tdm_finding_verdict(c, finding) == c->worst) first =
        finding;
    fprintf(out, "TANDEM %s: ", WORDS[c->worst]);
    if (first != NULL)
        fprintf(out, "%s: %s", tdm_row_text(first, "about"), tdm_row_text(first, "what"));
    else
        fprintf(out, "%zu of %zu links live", c->live, c->links);
    say_values(c, out);
    fputc('\n', out);
    json_array_foreach(c->rows, index, finding) if (finding != first)
        fprintf(out, "%s: %s: %s\n", tdm_row_text(finding, "verdict"), tdm_row_text(finding, "about"),
                tdm_row_text(finding, "what"));
}

/* Its rows call the verdict a level. */
static json_t *rows_of(const tdm_findings *c)
{
    size_t index;
    const json_t *finding;
    json_t *rows = json_array();
    json_array_foreach(c->rows, index, finding) json_array_append_new(
        rows, json_pack("{s:s, s:s, s:s, s:s}", "level", tdm_row_text(finding, "verdict"), "about",
                        tdm_row_text(finding, "about"), "what", tdm_row_text(finding, "what"), "next",
                        tdm_row_text(finding, "next")));
    return rows;
}

static int tell(const tdm_findings *c, const tdm_invocation *invocation, tdm_session *session)
{
    tdm_answer answer = { 0 };
    if (!tdm_session_is_json(session)) {
        say(c, session->out);
        return c->worst;
    }
    json_t *document = json_pack("{s:s, s:s, s:o}", "schema", "tandem.check/1", "state", WORDS[c->worst],
                                 "data", rows_of(c));
    char *text = json_dumps(document, JSON_COMPACT);
    tdm_buf_text(&answer.bytes, text);
    free(text);
    json_decref(document);
    return tdm_client_show(invocation, session, &answer, c->worst);
}

static void check_status(tdm_findings *c, const tdm_page *page)
{
    const json_t *status = json_array_get(page->rows, 0);
    int64_t now_ms;
    if (!tdm_member_ms(page->root, "as_of", &now_ms))
        now_ms = tdm_clock_wall_ms();
    tdm_judge_figures(c, status);
    tdm_judge_sharing(c, status, now_ms);
    tdm_judge_links(c, status, NULL, now_ms);
}

int tdm_check_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_findings c;
    tdm_answer answer = { 0 };
    tdm_page page = { 0 };
    tdm_err err = { 0 };
    tdm_findings_open(&c, WORDS);
    int status = tdm_client_ask_row(invocation, session, (tdm_span){ 0 }, &answer);
    if (status == tdm_code_exit(TDM_UNREACHABLE))
        tdm_finding_add(&c, TDM_CRITICAL, "daemon", "tandem doctor", "it does not answer");
    else if (status != 0)
        tdm_finding_add(&c, TDM_UNKNOWN, "daemon", "tandem doctor", "it could not be asked");
    else if (tdm_page_read(&page, tdm_buf_span(&answer.bytes), &err) == TDM_OK)
        check_status(&c, &page);
    else
        tdm_finding_add(&c, TDM_UNKNOWN, "daemon", "tandem doctor", "its answer could not be read");
    status = tell(&c, invocation, session);
    tdm_page_free(&page);
    tdm_answer_free(&answer);
    tdm_findings_close(&c);
    return status;
}
