/* SPDX-License-Identifier: MPL-2.0
 *
 * diff.c: two stores, snapshots or moments compared by their logs and by every figure.
 */
#include "diff.h"

#include "page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One of the two: "DIR", "DIR@WHEN", or "@WHEN" and "@" of the daemon (or of --store). */
typedef struct side {
    const char *word;
    char folder[1024]; /* "": the daemon */
    const char *when;  /* NULL: now */
} side;

typedef struct comparison {
    const tdm_invocation *invocation;
    tdm_session *session;
    side a;
    side b;
    json_t *rows; /* what differs */
    size_t logs;
    size_t logs_differ;
    size_t figures;
    size_t figures_differ;
    int status; /* of a question that failed */
} comparison;

static tdm_code read_side(const char *word, side *out, tdm_err *err)
{
    const char *at = access(word, F_OK) == 0 ? NULL : strrchr(word, '@');
    size_t len = at == NULL ? strlen(word) : (size_t)(at - word);
    if (len >= sizeof out->folder)
        return tdm_fail(err, TDM_INVALID, 0, "the folder's path is too long");
    *out = (side){ .word = word, .when = at == NULL || at[1] == '\0' ? NULL : at + 1 };
    memcpy(out->folder, word, len);
    return TDM_OK;
}

/* ---- asking ---- */

/* 0, or the status of a failure that was told. */
static int ask(comparison *c, const side *of, const char *verb, json_t *args, tdm_page *out)
{
    tdm_answer answer = { 0 };
    tdm_err err = { 0 };
    int status = 0;
    *out = (tdm_page){ 0 };
    if (of->when != NULL)
        json_object_set_new(args, "as_of", json_string(of->when));
    if (of->folder[0] == '\0') {
        status = tdm_client_ask(c->invocation, c->session, verb, args, (tdm_span){ 0 }, &answer);
    } else {
        tdm_code code = tdm_offline_call(of->folder, verb, args, &answer, &err);
        if (code != TDM_OK)
            status = tdm_session_fail(c->session, c->invocation->command->words, &err, NULL);
    }
    if (status == 0 && tdm_page_read(out, tdm_buf_span(&answer.bytes), &err) != TDM_OK)
        status = tdm_session_fail(c->session, c->invocation->command->words, &err, NULL);
    tdm_answer_free(&answer);
    json_decref(args);
    return status;
}

static void add_row(comparison *c, const char *kind, const char *what, const char *a, const char *b,
                    const char *note)
{
    json_array_append_new(c->rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", kind, "what", what, "a", a,
                                             "b", b, "note", note));
}

/* Rows of a page by the texts of some fields, which together name a row. */
static json_t *index_rows(const tdm_page *page, const char *const *fields, size_t count)
{
    json_t *out = json_object();
    size_t at;
    json_t *row;
    json_array_foreach(page->rows, at, row)
    {
        tdm_buf key = { 0 };
        for (size_t i = 0; i < count; i++)
            tdm_buf_format(&key, "%s%s", i > 0 ? " " : "",
                           tdm_row_text(row, fields[i])[0] == '\0' ? "(all)" : tdm_row_text(row, fields[i]));
        tdm_buf_add(&key, "", 1);
        json_object_set(out, key.failed ? "" : (const char *)key.data, row);
        tdm_buf_free(&key);
    }
    return out;
}

/* ---- logs ---- */

/* Does the one that goes farther hold what the other holds? NULL: asking failed, and that was told. */
static const char *relation(comparison *c, const side *longer, const json_t *far, const json_t *near)
{
    tdm_page page;
    if (c->a.when != NULL || c->b.when != NULL)
        return "goes farther (heads of moments are not compared)";
    json_t *args = json_pack("{s:s, s:s, s:O}", "origin", tdm_row_text(far, "origin"), "incarnation",
                             tdm_row_text(far, "incarnation"), "last", json_object_get(near, "last"));
    c->status = ask(c, longer, "log.list", args, &page);
    if (c->status != 0)
        return NULL;
    bool same =
        json_array_size(page.rows) > 0
        && strcmp(tdm_row_text(json_array_get(page.rows, 0), "head"), tdm_row_text(near, "head")) == 0;
    tdm_page_free(&page);
    return same ? "goes farther" : "forked";
}

static void compare_log(comparison *c, const char *key, const json_t *a, const json_t *b)
{
    char text[2][32];
    char note[96] = "";
    json_int_t last[2] = { json_integer_value(json_object_get(a, "last")),
                           json_integer_value(json_object_get(b, "last")) };
    bool same_head = strcmp(tdm_row_text(a, "head"), tdm_row_text(b, "head")) == 0;
    c->logs++;
    if (a != NULL && b != NULL && last[0] == last[1] && (same_head || c->a.when != NULL || c->b.when != NULL))
        return;
    c->logs_differ++;
    for (size_t i = 0; i < 2; i++)
        snprintf(text[i], sizeof text[i], (i == 0 ? a : b) == NULL ? "-" : "%lld", (long long)last[i]);
    if (a == NULL || b == NULL)
        snprintf(note, sizeof note, "only in %s", a != NULL ? "A" : "B");
    else if (last[0] == last[1])
        snprintf(note, sizeof note, "forked");
    else
        snprintf(note, sizeof note, "%s %s", last[0] > last[1] ? "A" : "B",
                 last[0] > last[1] ? relation(c, &c->a, a, b) : relation(c, &c->b, b, a));
    add_row(c, "log", key, text[0], text[1], note);
}

/* ---- figures ---- */

static void compare_figure(comparison *c, const char *key, const json_t *a, const json_t *b)
{
    const char *values[2] = { a == NULL ? "-" : tdm_row_text(a, "value"),
                              b == NULL ? "-" : tdm_row_text(b, "value") };
    c->figures++;
    if (strcmp(values[0], values[1]) == 0)
        return;
    c->figures_differ++;
    add_row(c, "figure", key, values[0], values[1], "");
}

/* ---- both ---- */

struct part;
static int compare_rows(comparison *c, const struct part *part);
static int compare_measures(comparison *c, const struct part *part);

static const struct part {
    const char *verb;
    const char *fields[5];
    size_t field_count;
    void (*compare)(comparison *c, const char *key, const json_t *a, const json_t *b);
    const char *option; /* asks for it */
    int (*run)(comparison *c, const struct part *part);
} PARTS[] = {
    { "log.list", { "origin", "incarnation" }, 2, compare_log, "events", compare_rows },
    { "figure.list",
      { "measure", "by", "period", "group", "figure" },
      5,
      compare_figure,
      "figures",
      compare_measures },
};

static void compare_pages(comparison *c, const struct part *part, const tdm_page *a, const tdm_page *b)
{
    json_t *left = index_rows(a, part->fields, part->field_count);
    json_t *right = index_rows(b, part->fields, part->field_count);
    const char *key;
    json_t *row;
    json_object_foreach(left, key, row) part->compare(c, key, row, json_object_get(right, key));
    json_object_foreach(right, key, row) if (json_object_get(left, key) == NULL)
        part->compare(c, key, NULL, row);
    json_decref(left);
    json_decref(right);
}

/* args is the caller's. */
static int compare_asked(comparison *c, const struct part *part, const json_t *args)
{
    tdm_page a = { 0 };
    tdm_page b = { 0 };
    int status = ask(c, &c->a, part->verb, json_deep_copy(args), &a);
    if (status == 0)
        status = ask(c, &c->b, part->verb, json_deep_copy(args), &b);
    if (status == 0)
        compare_pages(c, part, &a, &b);
    tdm_page_free(&a);
    tdm_page_free(&b);
    return status == 0 ? c->status : status;
}

static int compare_rows(comparison *c, const struct part *part)
{
    json_t *args = json_object();
    int status = compare_asked(c, part, args);
    json_decref(args);
    return status;
}

/* Measures whose figures are the same by their digests are counted; of the others the ids are added. */
static void sort_out(comparison *c, const tdm_page *a, const tdm_page *b, json_t *ids)
{
    static const char *const FIELD[] = { "measure" };
    json_t *right = index_rows(b, FIELD, 1);
    size_t at;
    json_t *row;
    json_array_foreach(a->rows, at, row)
    {
        const json_t *other = json_object_get(right, tdm_row_text(row, "measure"));
        if (other != NULL && strcmp(tdm_row_text(row, "digest"), tdm_row_text(other, "digest")) == 0)
            c->figures += (size_t)json_integer_value(json_object_get(row, "figures"));
        else
            json_array_append_new(ids, json_string(tdm_row_text(row, "measure")));
    }
    json_decref(right);
}

/* The figures themselves are asked for where they differ: a system has millions. */
static int compare_measures(comparison *c, const struct part *part)
{
    tdm_page a = { 0 };
    tdm_page b = { 0 };
    json_t *ids = json_array();
    int status = ask(c, &c->a, part->verb, json_pack("{s:b}", "digest", 1), &a);
    if (status == 0)
        status = ask(c, &c->b, part->verb, json_pack("{s:b}", "digest", 1), &b);
    if (status == 0)
        sort_out(c, &a, &b, ids);
    tdm_page_free(&a);
    tdm_page_free(&b);
    json_t *args = json_pack("{s:o}", "measures", ids);
    if (status == 0 && json_array_size(ids) > 0)
        status = compare_asked(c, part, args);
    json_decref(args);
    return status;
}

static int show(comparison *c)
{
    bool same = c->logs_differ + c->figures_differ == 0;
    int status =
        tdm_client_show_rows(c->invocation, c->session, "tandem.diff/1", json_incref(c->rows), same ? 0 : 1);
    tdm_session_say(c->session, "%s: %zu of %zu logs and %zu of %zu figures differ",
                    same ? "the same" : "not the same", c->logs_differ, c->logs, c->figures_differ,
                    c->figures);
    return status;
}

int tdm_diff_run(const tdm_invocation *invocation, tdm_session *session)
{
    comparison c = { .invocation = invocation, .session = session, .rows = json_array() };
    tdm_err err = { 0 };
    tdm_code code = read_side(tdm_invocation_text(invocation, "A"), &c.a, &err);
    if (code == TDM_OK)
        code = read_side(tdm_invocation_text(invocation, "B"), &c.b, &err);
    int status = code == TDM_OK ? 0 : tdm_session_fail(session, invocation->command->words, &err, NULL);
    bool all = !tdm_invocation_flag(invocation, PARTS[0].option)
               && !tdm_invocation_flag(invocation, PARTS[1].option);
    for (size_t i = 0; status == 0 && i < TDM_COUNT(PARTS); i++)
        if (all || tdm_invocation_flag(invocation, PARTS[i].option))
            status = PARTS[i].run(&c, &PARTS[i]);
    if (status == 0)
        status = show(&c);
    json_decref(c.rows);
    return status;
}
