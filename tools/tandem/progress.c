/* SPDX-License-Identifier: MPL-2.0
 *
 * progress.c: how far long work is.
 */
#include "progress.h"

#include "clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TERMINAL_MS = 100, JSON_MS = 1000, LINES_MS = 60000 };

static volatile sig_atomic_t wanted;

static void note_wanted(int number)
{
    (void)number;
    wanted = 1;
}

void tdm_progress_open(tdm_progress *progress, const tdm_invocation *invocation, tdm_session *session,
                       const char *what, const char *unit)
{
    const char *asked = tdm_invocation_text(invocation, "progress");
    const struct sigaction note = { .sa_handler = note_wanted, .sa_flags = SA_RESTART };
    *progress = (tdm_progress){ .session = session, .what = what, .unit = unit };
    if (asked == NULL || strcmp(asked, "auto") == 0)
        progress->mode = session->quiet             ? TDM_PROGRESS_NONE
                         : session->err_is_terminal ? TDM_PROGRESS_TERMINAL
                                                    : TDM_PROGRESS_LINES;
    else
        progress->mode = strcmp(asked, "tty") == 0    ? TDM_PROGRESS_TERMINAL
                         : strcmp(asked, "json") == 0 ? TDM_PROGRESS_JSON
                                                      : TDM_PROGRESS_NONE;
    sigaction(SIGUSR1, &note, NULL);
}

/* ---- words ---- */

static uint64_t a_second(const tdm_progress *progress, int64_t now_ms)
{
    int64_t took = now_ms - progress->begun_ms;
    return took <= 0 ? 0 : (progress->done - progress->first) * 1000 / (uint64_t)took;
}

void tdm_progress_text(const tdm_progress *progress, int64_t now_ms, tdm_buf *out)
{
    uint64_t rate = a_second(progress, now_ms);
    tdm_buf_format(out, "%s %llu", progress->what, (unsigned long long)progress->done);
    if (progress->total > 0)
        tdm_buf_format(out, " of %llu", (unsigned long long)progress->total);
    tdm_buf_format(out, " %s", progress->unit);
    if (progress->total > 0)
        tdm_buf_format(out, " (%d %%)", (int)((double)progress->done * 100 / (double)progress->total));
    if (rate > 0)
        tdm_buf_format(out, ", %llu a second", (unsigned long long)rate);
    if (rate > 0 && progress->total > progress->done)
        tdm_buf_format(out, ", %llu s left",
                       (unsigned long long)((progress->total - progress->done + rate - 1) / rate));
}

static void write_json(const tdm_progress *progress, int64_t now_ms, const char *type)
{
    fprintf(
        progress->session->err,
        "{\"type\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",\"done\":%llu,\"total\":%llu,\"per_second\":%llu,"
        "\"ms\":%lld}\n",
        type, progress->what, progress->unit, (unsigned long long)progress->done,
        (unsigned long long)progress->total, (unsigned long long)a_second(progress, now_ms),
        (long long)(now_ms - progress->begun_ms));
}

/* over: on the line that stands there. */
static void write_line(const tdm_progress *progress, int64_t now_ms, bool over)
{
    tdm_buf text = { 0 };
    tdm_progress_text(progress, now_ms, &text);
    fprintf(progress->session->err, over ? "\r%.*s\033[K" : "%.*s\n", (int)text.len, (const char *)text.data);
    fflush(progress->session->err);
    tdm_buf_free(&text);
}

/* ---- when ---- */

static bool is_due(const tdm_progress *progress, int64_t now_ms)
{
    static const int64_t EACH_MS[] = { INT64_MAX, LINES_MS, TERMINAL_MS, JSON_MS };
    return wanted != 0 || now_ms - progress->told_ms >= EACH_MS[progress->mode];
}

void tdm_progress_tell(tdm_progress *progress, uint64_t done, uint64_t total)
{
    int64_t now_ms = tdm_clock_mono_ms();
    if (!progress->begun)
        *progress = (tdm_progress){ progress->session,
                                    progress->mode,
                                    progress->what,
                                    progress->unit,
                                    now_ms,
                                    now_ms,
                                    done,
                                    done,
                                    total,
                                    true };
    progress->done = done;
    progress->total = total;
    if (!is_due(progress, now_ms))
        return;
    wanted = 0;
    progress->told_ms = now_ms;
    if (progress->mode == TDM_PROGRESS_JSON)
        write_json(progress, now_ms, "progress");
    else
        write_line(progress, now_ms, progress->mode == TDM_PROGRESS_TERMINAL);
}

void tdm_progress_close(tdm_progress *progress)
{
    if (progress->begun && progress->mode == TDM_PROGRESS_TERMINAL)
        fputs("\r\033[K", progress->session->err);
    if (progress->begun && progress->mode == TDM_PROGRESS_JSON)
        write_json(progress, tdm_clock_mono_ms(), "summary");
    progress->begun = false;
}
