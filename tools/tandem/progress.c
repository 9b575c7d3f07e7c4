/* SPDX-License-Identifier: MPL-2.0
 *
 * progress.c: how far long work is.
 */
#include "progress.h"

#include "clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { TERMINAL_MS = 100, JSON_MS = 1000, LINES_MS = 60000 };

static volatile sig_atomic_t wanted;
static volatile sig_atomic_t stopped_by;
static const int STOPPING[] = { SIGINT, SIGTERM, SIGHUP };

static void note_wanted(int number)
{
    (void)number;
    wanted = 1;
}

static void note_stop(int number)
{
    stopped_by = number;
}

int tdm_progress_stopped_by(void)
{
    return stopped_by;
}

void tdm_progress_open(tdm_progress *progress, const tdm_invocation *invocation, tdm_session *session,
                       const char *what, const char *unit)
{
    const char *asked = tdm_invocation_text(invocation, "progress");
    const struct sigaction note = { .sa_handler = note_wanted, .sa_flags = SA_RESTART };
    const struct sigaction stop = { .sa_handler = note_stop, .sa_flags = SA_RESTART };
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
    for (size_t i = 0; i < TDM_COUNT(STOPPING); i++)
        sigaction(STOPPING[i], &stop, NULL);
}

void tdm_progress_read(tdm_progress *progress, FILE *source)
{
    struct stat found;
    bool known = source != NULL && fstat(fileno(source), &found) == 0 && S_ISREG(found.st_mode);
    progress->source = known && found.st_size > 0 ? source : NULL;
    progress->source_bytes = progress->source == NULL ? 0 : (uint64_t)found.st_size;
}

/* ---- words ---- */

static uint64_t a_second(const tdm_progress *progress, int64_t now_ms)
{
    int64_t took = now_ms - progress->begun_ms;
    return took <= 0 ? 0 : (progress->done - progress->first) * 1000 / (uint64_t)took;
}

/* Between 0 and 1; below 0: not known. */
static double share(const tdm_progress *progress)
{
    if (progress->total > 0)
        return (double)progress->done / (double)progress->total;
    if (progress->source == NULL)
        return -1;
    double at = (double)ftello(progress->source) / (double)progress->source_bytes;
    return at > 1 ? 1 : at;
}

/* By the rate where the total is known, else by the share of the source; -1: not known. */
static int64_t seconds_left(const tdm_progress *progress, int64_t now_ms)
{
    uint64_t rate = a_second(progress, now_ms);
    double part = share(progress);
    if (progress->total > 0)
        return rate == 0 || progress->done >= progress->total
                   ? -1
                   : (int64_t)((progress->total - progress->done + rate - 1) / rate);
    return part <= 0 ? -1 : (int64_t)((double)(now_ms - progress->begun_ms) * (1 - part) / part / 1000);
}

void tdm_progress_text(const tdm_progress *progress, int64_t now_ms, tdm_buf *out)
{
    uint64_t rate = a_second(progress, now_ms);
    int64_t left = seconds_left(progress, now_ms);
    tdm_buf_format(out, "%s %llu", progress->what, (unsigned long long)progress->done);
    if (progress->total > 0)
        tdm_buf_format(out, " of %llu", (unsigned long long)progress->total);
    tdm_buf_format(out, " %s", progress->unit);
    if (share(progress) >= 0)
        tdm_buf_format(out, " (%d %%)", (int)(share(progress) * 100));
    if (rate > 0)
        tdm_buf_format(out, ", %llu a second", (unsigned long long)rate);
    if (left >= 0)
        tdm_buf_format(out, ", %lld s left", (long long)left);
}

/* total, percent and seconds_left stand only where they are known. */
static void write_json(const tdm_progress *progress, int64_t now_ms, const char *type)
{
    int64_t left = seconds_left(progress, now_ms);
    FILE *to = progress->session->err;
    fprintf(to, "{\"type\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",\"done\":%llu", type, progress->what,
            progress->unit, (unsigned long long)progress->done);
    if (progress->total > 0)
        fprintf(to, ",\"total\":%llu", (unsigned long long)progress->total);
    if (share(progress) >= 0)
        fprintf(to, ",\"percent\":%d", (int)(share(progress) * 100));
    if (left >= 0)
        fprintf(to, ",\"seconds_left\":%lld", (long long)left);
    fprintf(to, ",\"per_second\":%llu,\"ms\":%lld}\n", (unsigned long long)a_second(progress, now_ms),
            (long long)(now_ms - progress->begun_ms));
    fflush(to);
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
    if (!progress->begun) {
        progress->begun = true;
        progress->begun_ms = now_ms;
        progress->first = done;
        progress->told_ms = progress->mode == TDM_PROGRESS_JSON ? now_ms - JSON_MS : now_ms;
    }
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

static bool tell(void *context, uint64_t done, uint64_t total)
{
    tdm_progress_tell(context, done, total);
    return stopped_by == 0;
}

tdm_told tdm_progress_told(tdm_progress *progress)
{
    return (tdm_told){ tell, progress };
}

void tdm_progress_close(tdm_progress *progress)
{
    if (progress->begun && progress->mode == TDM_PROGRESS_TERMINAL)
        fputs("\r\033[K", progress->session->err);
    if (progress->begun && progress->mode == TDM_PROGRESS_JSON)
        write_json(progress, tdm_clock_mono_ms(), "summary");
    progress->begun = false;
    for (size_t i = 0; i < TDM_COUNT(STOPPING); i++)
        signal(STOPPING[i], SIG_DFL);
}
