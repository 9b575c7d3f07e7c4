/* SPDX-License-Identifier: MPL-2.0
 *
 * top_frame.c: a reading as lines.
 */
#include "top.h"

#include "terminal.h"

#include "tandem/civil.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines */

static tdm_buf *add_line(tdm_top_frame *frame, tdm_top_style style)
{
    static tdm_buf nowhere = { .failed = true }; /* without memory nothing is drawn */
    if (frame->count == frame->capacity) {
        size_t capacity = frame->capacity == 0 ? 64 : 2 * frame->capacity;
        tdm_top_line *lines = realloc(frame->lines, capacity * sizeof *lines);
        if (lines == NULL)
            return &nowhere;
        frame->lines = lines;
        frame->capacity = capacity;
    }
    frame->lines[frame->count] = (tdm_top_line){ .style = style };
    return &frame->lines[frame->count++].text;
}

/* No line is wider than the terminal. */
static void cut_lines(tdm_top_frame *frame)
{
    for (size_t i = 0; i < frame->count; i++) {
        tdm_buf *text = &frame->lines[i].text;
        text->len = tdm_terminal_cut(tdm_buf_span(text), frame->width);
    }
}

void tdm_top_frame_free(tdm_top_frame *frame)
{
    for (size_t i = 0; i < frame->count; i++)
        tdm_buf_free(&frame->lines[i].text);
    free(frame->lines);
    *frame = (tdm_top_frame){ 0 };
}

static void add_safe(tdm_buf *out, const char *text)
{
    tdm_terminal_add(out, tdm_span_text(text));
}

/* ---- head */

static void add_clock(tdm_buf *line, int64_t now_ms)
{
    char text[40];
    tdm_time_text(now_ms, 0, text);
    tdm_buf_format(line, "%.8s UTC", text + 11);
}

static void draw_head(const tdm_top_view *view, tdm_top_frame *frame)
{
    const tdm_top_reading *reading = view->reading;
    tdm_buf *line = add_line(frame, TDM_TOP_STRONG);
    char up[32];
    if (reading == NULL) {
        tdm_buf_text(line, "tandem top");
        return;
    }
    tdm_buf_format(line, "%s ", reading->hub ? "hub" : "node");
    add_safe(line, reading->origin);
    if (line->len > 13)
        line->len = reading->hub ? 12 : 13; /* eight digits name it */
    tdm_buf_text(line, view->paused ? "  PAUSED" : "");
    tdm_buf_text(line, reading->complete ? "  complete" : "  counting");
    tdm_buf_text(line, "  as of ");
    add_clock(line, reading->now_ms);
    if (view->age_s > 1)
        tdm_buf_format(line, ", %" PRId64 " s ago", view->age_s);
    tdm_duration_text(reading->uptime_s, up);
    tdm_buf_format(line, reading->uptime_s < 0 ? "  no daemon" : "  up %s", up);
    tdm_buf_text(line, "  Tandem ");
    add_safe(line, reading->version);
}

static void draw_trouble(const tdm_top_view *view, tdm_top_frame *frame)
{
    tdm_buf *line = add_line(frame, TDM_TOP_BAD);
    if (view->trouble == NULL)
        return;
    tdm_buf_text(line, "NO ANSWER. ");
    if (view->reading != NULL)
        tdm_buf_format(line, "OLD NUMBERS, %" PRId64 " s old; ", view->age_s);
    tdm_buf_text(line, "asking again. Why: tandem doctor");
    line = add_line(frame, TDM_TOP_BAD);
    add_safe(line, view->trouble);
}

/* ---- level */

enum { BAR_MAX = 50, BAR_LEAST = 10, BAR_BESIDE = 42 };

static void add_bar(tdm_buf *line, size_t width, double level, double target)
{
    size_t bar = width < BAR_BESIDE + BAR_LEAST ? 0 : width - BAR_BESIDE;
    bar = bar > BAR_MAX ? BAR_MAX : bar;
    if (bar == 0)
        return;
    size_t mark = target <= 0 ? bar : (size_t)(target * (double)bar / 100);
    tdm_buf_text(line, " [");
    for (size_t i = 0; i < bar; i++)
        tdm_buf_text(line, i == mark ? "|" : level * (double)bar / 100 > (double)i + 0.5 ? "#" : ".");
    tdm_buf_text(line, "]");
}

static void draw_line_of_level(const tdm_top_view *view, tdm_top_frame *frame, const char *name,
                               double target)
{
    char field[32];
    tdm_buf *line = add_line(frame, TDM_TOP_PLAIN);
    snprintf(field, sizeof field, "level_%s", name);
    const json_t *value = json_object_get(view->reading->level, field);
    double level = json_number_value(value);
    tdm_buf_format(line, "  %-13s", name);
    if (!json_is_number(value)) {
        tdm_buf_text(line, "   n/a");
        return;
    }
    tdm_buf_format(line, "%6.1f %%", level);
    add_bar(line, view->width, level, target);
    if (target > 0)
        tdm_buf_format(line, " %5.1f %s", level < target ? target - level : level - target,
                       level < target ? "below" : "above");
}

static void draw_level(const tdm_top_view *view, tdm_top_frame *frame)
{
    static const char *const NAMES[] = { "asserted", "standing", "corroborated" };
    const json_t *target = json_object_get(view->reading->level, "target");
    tdm_buf *line = add_line(frame, TDM_TOP_STRONG);
    tdm_buf_format(line, "Level   %s", view->reading->year);
    if (view->reading->level == NULL) {
        tdm_buf_text(line, "  no unit is recorded yet");
        return;
    }
    if (json_is_number(target))
        tdm_buf_format(line, "  target %.1f %%", json_number_value(target));
    else
        tdm_buf_text(line, "  no target is set");
    for (size_t i = 0; i < TDM_COUNT(NAMES); i++)
        draw_line_of_level(view, frame, NAMES[i], json_number_value(target));
}

/* ---- events, links */

static void clears_text(int64_t clears_s, char out[32])
{
    if (clears_s == TDM_TOP_STUCK)
        snprintf(out, 32, "not falling");
    else if (clears_s < 0)
        snprintf(out, 32, "?");
    else if (clears_s == 0)
        snprintf(out, 32, "-");
    else
        tdm_duration_text(clears_s, out);
}

static void draw_events(const tdm_top_reading *reading, tdm_top_frame *frame)
{
    tdm_top_style style =
        tdm_limit_judge(TDM_LIMIT_FOLD_LAG, reading->fold_lag) == TDM_WELL ? TDM_TOP_PLAIN : TDM_TOP_WARN;
    tdm_buf *line = add_line(frame, style);
    char clears[32];
    tdm_buf_format(line, "Events  %" PRId64 " held", reading->held);
    if (reading->compared)
        tdm_buf_format(line, " (+%.0f/s)", reading->held_rate);
    tdm_buf_format(line, ", %" PRId64 " in the figures", reading->held - reading->fold_lag);
    if (reading->compared)
        tdm_buf_format(line, " (+%.0f/s)", reading->folded_rate);
    clears_text(reading->fold_clears_s, clears);
    if (reading->fold_lag > 0)
        tdm_buf_format(line, ", %" PRId64 " to go: %s", reading->fold_lag, clears);
}

static void draw_nodes(const tdm_top_reading *reading, tdm_buf *line)
{
    size_t counts[TDM_TOP_RANKS] = { 0 };
    for (size_t i = 0; i < reading->count; i++)
        counts[reading->nodes[i].rank] += strcmp(reading->nodes[i].state, "here") != 0;
    tdm_buf_format(line, "Nodes   %zu up to date, %zu behind, %zu connecting, %zu away, %zu refused",
                   counts[0], counts[1], counts[2], counts[3], counts[4]);
}

static void draw_links(const tdm_top_reading *reading, tdm_top_frame *frame)
{
    const tdm_top_node *other = NULL;
    tdm_buf *line = add_line(frame, TDM_TOP_PLAIN);
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->nodes[i].state, "here") != 0)
            other = &reading->nodes[i];
    if (reading->uptime_s < 0)
        tdm_buf_text(line, "Links   only a running daemon knows them");
    else if (other == NULL)
        tdm_buf_text(line, reading->hub ? "Nodes   none has joined yet: tandem invite CODE"
                                        : "Hub     none yet: tandem join");
    else if (reading->hub)
        draw_nodes(reading, line);
    else
        tdm_buf_format(line, "Hub     %s, %lld own events wait for it", other->state,
                       (long long)(other->lag < 0 ? 0 : other->lag));
}

/* ---- what needs somebody */

static void draw_findings(const tdm_top_reading *reading, tdm_top_frame *frame, size_t most)
{
    for (int verdict = TDM_CRITICAL; verdict >= TDM_WARNING; verdict--) {
        size_t index;
        const json_t *row;
        json_array_foreach(reading->findings.rows, index, row)
        {
            if (most == 0 || (int)tdm_finding_verdict(&reading->findings, row) != verdict)
                continue;
            tdm_buf *line = add_line(frame, verdict == TDM_CRITICAL ? TDM_TOP_BAD : TDM_TOP_WARN);
            tdm_buf_text(line, verdict == TDM_CRITICAL ? "FAULT " : "WARNING ");
            add_safe(line, json_string_value(json_object_get(row, "about")));
            tdm_buf_text(line, ": ");
            add_safe(line, json_string_value(json_object_get(row, "what")));
            line = add_line(frame, TDM_TOP_PLAIN);
            tdm_buf_text(line, "  next: ");
            add_safe(line, json_string_value(json_object_get(row, "next")));
            most--;
        }
    }
}

/* ---- table */

static void seconds_cell(int64_t seconds, const char *behind, char out[32])
{
    char text[32];
    if (seconds < 0) {
        snprintf(out, 32, "%s", behind[0] == '\0' ? "?" : "-");
        return;
    }
    tdm_duration_text(seconds, text);
    snprintf(out, 32, "%.20s%s", text, behind);
}

static void state_cell(const tdm_top_node *node, char out[32])
{
    snprintf(out, 32, "%.31s", node->state);
}

static void lag_cell(const tdm_top_node *node, char out[32])
{
    if (node->lag < 0)
        snprintf(out, 32, "%s", strcmp(node->state, "here") == 0 ? "" : "?");
    else
        snprintf(out, 32, "%" PRId64, node->lag);
}

static void clears_cell(const tdm_top_node *node, char out[32])
{
    out[0] = '\0';
    if (node->lag > 0)
        clears_text(node->clears_s, out);
}

static void seen_cell(const tdm_top_node *node, char out[32])
{
    out[0] = '\0';
    if (strcmp(node->state, "here") != 0)
        seconds_cell(node->seen_s, " ago", out);
}

static void behind_cell(const tdm_top_node *node, char out[32])
{
    out[0] = '\0';
    if (node->lag > 0)
        seconds_cell(node->behind_s, "", out);
}

static void held_cell(const tdm_top_node *node, char out[32])
{
    snprintf(out, 32, "%" PRId64, node->held);
}

static void last_cell(const tdm_top_node *node, char out[32])
{
    snprintf(out, 32, "%" PRId64, node->last);
}

/* In the order in which they give way to a narrow terminal: the last goes first. */
static const struct column {
    const char *title;
    int width; /* negative: to the left */
    void (*cell)(const tdm_top_node *node, char out[32]);
} COLUMNS[] = {
    { "state", -10, state_cell },    { "lag", 8, lag_cell },       { "clears in", 11, clears_cell },
    { "last heard", 10, seen_cell }, { "behind", 8, behind_cell }, { "held", 9, held_cell },
    { "last", 9, last_cell },
};

enum { NAME_WIDTH = 20, NAME_WIDTH_WIDE = 36, GAP = 1 };

static size_t columns_that_fit(size_t width, size_t *name_width)
{
    size_t used = NAME_WIDTH;
    size_t count = 0;
    while (count < TDM_COUNT(COLUMNS)
           && used + GAP + (size_t)abs(COLUMNS[count].width) <= (width == 0 ? SIZE_MAX : width))
        used += GAP + (size_t)abs(COLUMNS[count++].width);
    size_t left = width > used ? width - used : 0;
    *name_width = NAME_WIDTH + (left > NAME_WIDTH_WIDE - NAME_WIDTH ? NAME_WIDTH_WIDE - NAME_WIDTH : left);
    return count;
}

static void add_name(tdm_buf *line, const char *name, size_t width)
{
    tdm_buf safe = { 0 };
    add_safe(&safe, name);
    size_t cut = tdm_terminal_cut(tdm_buf_span(&safe), width);
    tdm_buf_add(line, safe.data, cut);
    for (size_t at = tdm_terminal_width((tdm_span){ safe.data, cut }); at < width; at++)
        tdm_buf_text(line, " ");
    tdm_buf_free(&safe);
}

static void draw_row(const tdm_top_node *node, size_t count, size_t name_width, tdm_buf *line)
{
    char cell[32];
    add_name(line, node == NULL ? "node" : node->name, name_width);
    for (size_t i = 0; i < count; i++) {
        if (node != NULL)
            COLUMNS[i].cell(node, cell);
        tdm_buf_format(line, "%*s%*s", GAP, "", COLUMNS[i].width, node == NULL ? COLUMNS[i].title : cell);
    }
}

static tdm_top_style style_of(const tdm_top_node *node)
{
    return node->rank >= 3 ? TDM_TOP_BAD : node->rank >= 1 ? TDM_TOP_WARN : TDM_TOP_PLAIN;
}

/* room: lines left for rows. */
static void draw_table(const tdm_top_view *view, tdm_top_frame *frame, size_t room)
{
    const tdm_top_reading *reading = view->reading;
    size_t name_width;
    size_t columns = columns_that_fit(view->width, &name_width);
    size_t first = view->scroll < reading->count ? view->scroll : 0;
    draw_row(NULL, columns, name_width, add_line(frame, TDM_TOP_STRONG));
    for (size_t i = first; i < reading->count && frame->rows_shown < room; i++, frame->rows_shown++)
        draw_row(&reading->nodes[i], columns, name_width, add_line(frame, style_of(&reading->nodes[i])));
}

/* ---- help, keys */

static const char *const HELP[] = {
    "q          quit",
    "p          pause: what is shown stays",
    "up, down   scroll by a row; page up, page down by a page; home, end",
    "?          this page, and back",
    "",
    "Level      asserted: somebody says that it was joint; standing: and nobody",
    "           denies it; corroborated: the partner confirmed it. The bar marks",
    "           the target with |.",
    "lag        events that one side has and the other has not stored yet",
    "clears in  the time that takes at the present rate, over the last five",
    "           readings; \"not falling\": see why with tandem doctor",
    "behind     how old the newest stored event is, while others are missing",
    "held, last stored events of its log, and how far that log goes",
    "complete   the figures cover all that is stored; counting: not yet",
};

static void draw_help(tdm_top_frame *frame)
{
    add_line(frame, TDM_TOP_PLAIN);
    for (size_t i = 0; i < TDM_COUNT(HELP); i++)
        tdm_buf_text(add_line(frame, TDM_TOP_PLAIN), HELP[i]);
}

static void draw_keys(const tdm_top_view *view, tdm_top_frame *frame)
{
    size_t count = view->reading == NULL ? 0 : view->reading->count;
    size_t first = view->scroll < count ? view->scroll : 0;
    while (frame->count + 1 < view->height)
        add_line(frame, TDM_TOP_PLAIN);
    while (frame->count > view->height - 1)
        tdm_buf_free(&frame->lines[--frame->count].text);
    tdm_buf *line = add_line(frame, TDM_TOP_STRONG);
    tdm_buf_format(line, "q quit  p %s  ? help", view->paused ? "go on" : "pause");
    if (!view->help && frame->rows_shown < count)
        tdm_buf_format(line, "  up/down: rows %zu-%zu of %zu", first + 1, first + frame->rows_shown, count);
}

void tdm_top_draw(const tdm_top_view *view, tdm_top_frame *out)
{
    *out = (tdm_top_frame){ .width = view->width };
    draw_head(view, out);
    draw_trouble(view, out);
    if (view->help) {
        draw_help(out);
    } else if (view->reading != NULL) {
        size_t findings = view->height == 0 ? SIZE_MAX : view->height >= 20 ? 2 : 1;
        draw_level(view, out);
        draw_events(view->reading, out);
        draw_links(view->reading, out);
        draw_findings(view->reading, out, findings);
        add_line(out, TDM_TOP_PLAIN);
        size_t above = out->count + 2; /* the table's head, the keys */
        draw_table(view, out, view->height == 0 ? SIZE_MAX : view->height > above ? view->height - above : 0);
    }
    for (size_t i = 0; view->trouble != NULL && i < out->count; i++)
        if (i < 1 || i > 2)
            out->lines[i].style = TDM_TOP_OLD;
    if (view->keys && view->height > 0)
        draw_keys(view, out);
    cut_lines(out);
}
