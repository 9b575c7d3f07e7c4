/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor.c: `tandem doctor`: gather or read the facts, judge them, tell; save them for others.
 */
#include "doctor.h"
#include "page.h"

#include "terminal.h"

#include <stdlib.h>
#include <string.h>

/* ---- on a terminal: sentences in full, wrapped */

enum { VERDICT_WIDTH = 6, ABOUT_WIDTH = 14, TEXT_LEAST = 24 };

static const char *color_of(tdm_verdict verdict)
{
    return verdict == TDM_WELL ? "\033[32m" : verdict == TDM_WARNING ? "\033[33m" : "\033[31m";
}

/* text in lines of `width` columns, each but the first begun by `margin` spaces. */
static void wrap(tdm_session *session, const char *text, size_t margin, size_t width)
{
    tdm_buf safe = { 0 };
    tdm_terminal_add(&safe, tdm_span_text(text));
    tdm_span rest = tdm_buf_span(&safe);
    while (rest.len > 0) {
        size_t cut = tdm_terminal_cut(rest, width);
        size_t end = cut;
        while (cut < rest.len && end > 0 && rest.data[end] != ' ')
            end--;
        end = end == 0 ? cut : end;
        fprintf(session->out, "%.*s\n", (int)end, (const char *)rest.data);
        while (end < rest.len && rest.data[end] == ' ')
            end++;
        rest = (tdm_span){ rest.data + end, rest.len - end };
        if (rest.len > 0)
            fprintf(session->out, "%*s", (int)margin, "");
    }
    tdm_buf_free(&safe);
}

static void print_finding(tdm_session *session, const tdm_findings *findings, const json_t *row)
{
    tdm_verdict verdict = tdm_finding_verdict(findings, row);
    const char *about = tdm_row_text(row, "about");
    size_t margin = VERDICT_WIDTH + ABOUT_WIDTH;
    size_t width = session->width > margin + TEXT_LEAST ? session->width - margin : TEXT_LEAST;
    size_t about_width = tdm_terminal_width(tdm_span_text(about));
    fprintf(session->out, "%s%-*s%s", session->colored ? color_of(verdict) : "", VERDICT_WIDTH,
            findings->words[verdict], session->colored ? "\033[0m" : "");
    tdm_terminal_print(session->out, about);
    if (about_width >= ABOUT_WIDTH)
        fprintf(session->out, "\n%*s", (int)margin, "");
    else
        fprintf(session->out, "%*s", (int)(ABOUT_WIDTH - about_width), "");
    wrap(session, tdm_row_text(row, "what"), margin, width);
    if (tdm_row_text(row, "next")[0] != '\0') {
        fprintf(session->out, "%*snext: ", (int)margin, "");
        wrap(session, tdm_row_text(row, "next"), margin + 6, width > 6 + TEXT_LEAST ? width - 6 : TEXT_LEAST);
    }
}

/* ---- telling */

static json_t *document_of(const json_t *facts, const tdm_findings *findings)
{
    return json_pack("{s:s, s:s, s:s, s:O}", "schema", "tandem.doctor/1", "as_of",
                     tdm_row_text(facts, "as_of"), "state", findings->words[findings->worst], "data",
                     findings->rows);
}

static int show_rows(const tdm_invocation *invocation, tdm_session *session, const json_t *facts,
                     const tdm_findings *findings, int status)
{
    tdm_answer answer = { 0 };
    json_t *document = document_of(facts, findings);
    char *text = json_dumps(document, JSON_COMPACT);
    tdm_buf_text(&answer.bytes, text == NULL ? "" : text);
    free(text);
    json_decref(document);
    return tdm_client_show(invocation, session, &answer, status);
}

static void say_sum(tdm_session *session, const tdm_findings *findings)
{
    size_t counts[4] = { 0 };
    size_t index;
    const json_t *row;
    json_array_foreach(findings->rows, index, row) counts[tdm_finding_verdict(findings, row)]++;
    tdm_session_say(session, "%zu ok, %zu to look at, %zu at fault", counts[TDM_WELL], counts[TDM_WARNING],
                    counts[TDM_CRITICAL] + counts[TDM_UNKNOWN]);
}

static int tell(const tdm_invocation *invocation, tdm_session *session, const json_t *facts,
                const tdm_findings *findings)
{
    size_t index;
    const json_t *row;
    int status = findings->worst >= TDM_CRITICAL ? 1 : 0;
    if (strcmp(session->format, "table") != 0 || tdm_invocation_text(invocation, "fields") != NULL)
        return show_rows(invocation, session, facts, findings, status);
    json_array_foreach(findings->rows, index, row) print_finding(session, findings, row);
    fflush(session->out);
    say_sum(session, findings);
    return status;
}

/* ---- the run */

static tdm_code save(tdm_session *session, const char *path, const json_t *facts,
                     const tdm_findings *findings, tdm_err *err)
{
    json_t *copy = json_deep_copy(facts);
    json_object_set(copy, "findings", findings->rows);
    tdm_bundle_clean(copy);
    tdm_code code = tdm_bundle_save(path, copy, err);
    json_decref(copy);
    if (code == TDM_OK)
        tdm_session_say(session,
                        "Saved, without keys, codes and anything about people. Whoever gets it types: "
                        "tandem doctor --from FILE");
    return code;
}

static void say_source(tdm_session *session, const json_t *facts)
{
    tdm_buf path = { 0 };
    tdm_terminal_add(&path, tdm_span_text(tdm_row_text(json_object_get(facts, "folder"), "path")));
    tdm_session_say(session, "of the store in %.*s, as it was at %.24s", (int)path.len,
                    path.len == 0 ? "" : (const char *)path.data, tdm_row_text(facts, "made"));
    tdm_buf_free(&path);
}

int tdm_doctor_run(const tdm_invocation *invocation, tdm_session *session)
{
    const char *from = tdm_invocation_text(invocation, "from");
    const char *bundle = tdm_invocation_text(invocation, "bundle");
    json_t *facts = NULL;
    tdm_err err = { 0 };
    int status = 0;
    tdm_findings findings;
    const char *hint = from != NULL ? "name a file that tandem doctor --bundle FILE has saved" : NULL;
    tdm_code code = from != NULL ? tdm_bundle_read(from, &facts, &err)
                                 : tdm_doctor_gather(invocation, session, &facts, &err);
    tdm_findings_open(&findings, TDM_DOCTOR_WORDS);
    if (code == TDM_OK)
        tdm_doctor_judge(facts, &findings);
    if (code == TDM_OK && bundle != NULL)
        code = save(session, bundle, facts, &findings, &err);
    if (code == TDM_OK && from != NULL)
        say_source(session, facts);
    status = code == TDM_OK ? tell(invocation, session, facts, &findings)
                            : tdm_session_fail(session, invocation->command->words, &err, hint);
    tdm_findings_close(&findings);
    json_decref(facts);
    return status;
}
