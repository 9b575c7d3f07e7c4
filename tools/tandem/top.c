/* SPDX-License-Identifier: MPL-2.0
 *
 * top.c: one thread asks the daemon, the other draws and hears the keys, so that a daemon that is busy or
 * gone keeps nobody from quitting.
 */
#include "top.h"

#include "clock.h"
#include "control.h"
#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { INTERVAL_MAX_S = 3600, TIMEOUT_S = 30, KEPT = 6, BUSY_S = 3 };

typedef struct top {
    const tdm_invocation *invocation;
    tdm_session *session;
    char endpoint[TDM_CONTROL_ADDRESS_MAX];
    int64_t interval_ms;
    int64_t timeout_ms;
    void *zmq;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool stopping;
    /* under the lock: what the asking thread has for the drawing one */
    tdm_top_reading *fresh;
    char trouble[220];
    /* the drawing thread's own */
    tdm_top_reading *kept[KEPT]; /* the newest first; those behind are for rates */
    tdm_top_view view;
    char told[220];
    int stopped_by; /* a signal; 0: none */
    bool done;
} top;

/* ---- asking */

static json_t *document_of(tdm_answer *answer, tdm_err *err)
{
    json_t *document = json_loadb((const char *)answer->bytes.data, answer->bytes.len, 0, NULL);
    if (document == NULL)
        tdm_fail(err, TDM_MALFORMED, 0, "the daemon's answer can not be read");
    return document;
}

static tdm_code ask_running(void *context, const char *verb, const json_t *args, json_t **document,
                            tdm_err *err)
{
    const top *t = context;
    tdm_answer answer = { 0 };
    char *text = json_dumps(args, JSON_COMPACT);
    tdm_code code = text == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for a question") : TDM_OK;
    if (code == TDM_OK)
        code = tdm_control_probe(t->endpoint, err);
    if (code == TDM_OK)
        code = tdm_control_call(t->zmq, t->endpoint, verb, tdm_span_text(text), (tdm_span){ 0 },
                                t->timeout_ms, &answer, err);
    if (code == TDM_OK)
        code = tdm_client_told(&answer, err);
    if (code == TDM_OK && (*document = document_of(&answer, err)) == NULL)
        code = TDM_MALFORMED;
    tdm_answer_free(&answer);
    free(text);
    return code;
}

static struct timespec at_ms(int64_t ms)
{
    return (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
}

static int wake_fd = -1; /* for the signal handler, too: written to, whatever happened */

static void wake(char what)
{
    int before = errno;
    while (write(wake_fd, &what, 1) < 0 && errno == EINTR)
        continue; /* full: it will be read anyway */
    errno = before;
}

static void *ask_until_stopped(void *context)
{
    top *t = context;
    bool stopping = false;
    while (!stopping) {
        tdm_err err = { 0 };
        tdm_top_reading *reading = NULL;
        int64_t due_ms = tdm_clock_mono_ms() + t->interval_ms;
        if (tdm_top_read(ask_running, t, &reading, &err) != TDM_OK)
            tdm_top_reading_free(&reading);
        pthread_mutex_lock(&t->lock);
        if (reading != NULL) {
            tdm_top_reading_free(&t->fresh);
            t->fresh = reading;
        }
        snprintf(t->trouble, sizeof t->trouble, "%s", reading != NULL ? "" : err.what);
        wake(0);
        struct timespec due = at_ms(due_ms);
        while (!t->stopping && pthread_cond_timedwait(&t->woken, &t->lock, &due) == 0)
            continue;
        stopping = t->stopping;
        pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

static tdm_code start_asking(top *t, tdm_err *err)
{
    pthread_condattr_t monotonic;
    sigset_t all, before;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&t->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&t->lock, NULL);
    t->zmq = zmq_ctx_new();
    if (t->zmq == NULL)
        return tdm_fail(err, TDM_INTERNAL, 0, "ZeroMQ does not start");
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&t->thread, NULL, ask_until_stopped, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        return TDM_OK;
    zmq_ctx_term(t->zmq);
    return tdm_fail(err, TDM_FULL, failed, "no thread to ask with");
}

/* A question under way is given up. */
static void stop_asking(top *t)
{
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_cond_signal(&t->woken);
    pthread_mutex_unlock(&t->lock);
    zmq_ctx_shutdown(t->zmq);
    pthread_join(t->thread, NULL);
    zmq_ctx_term(t->zmq);
    tdm_top_reading_free(&t->fresh);
    for (size_t i = 0; i < KEPT; i++)
        tdm_top_reading_free(&t->kept[i]);
    pthread_cond_destroy(&t->woken);
    pthread_mutex_destroy(&t->lock);
}

/* ---- signals */

static const int HEARD[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH };
static struct sigaction heard_before[TDM_COUNT(HEARD)];

static void note(int number)
{
    wake((char)number);
}

static void hear_signals(void)
{
    const struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
    for (size_t i = 0; i < TDM_COUNT(HEARD); i++)
        sigaction(HEARD[i], &action, &heard_before[i]);
}

static void forget_signals(void)
{
    for (size_t i = 0; i < TDM_COUNT(HEARD); i++)
        sigaction(HEARD[i], &heard_before[i], NULL);
}

/* Ctrl-Z: the shell gets its terminal as it was, and gives it again. */
static void rest(void)
{
    tdm_screen_close();
    raise(SIGSTOP);
    tdm_screen_open();
}

static void take_signal(top *t, int number)
{
    if (number == SIGTSTP)
        rest();
    else if (number != 0 && number != SIGWINCH)
        t->stopped_by = number;
    t->done = t->done || t->stopped_by != 0;
}

/* ---- drawing */

static void keep(top *t, tdm_top_reading *reading)
{
    tdm_top_reading_free(&t->kept[KEPT - 1]);
    memmove(&t->kept[1], &t->kept[0], (KEPT - 1) * sizeof t->kept[0]);
    t->kept[0] = reading;
    size_t oldest = KEPT - 1;
    while (oldest > 0 && t->kept[oldest] == NULL)
        oldest--;
    tdm_top_compare(reading, oldest == 0 ? NULL : t->kept[oldest]);
    for (size_t i = 1; i < KEPT && oldest > 0 && !reading->compared; i++) /* of another life of the daemon */
        tdm_top_reading_free(&t->kept[i]);
}

static void take_news(top *t)
{
    pthread_mutex_lock(&t->lock);
    tdm_top_reading *fresh = t->view.paused ? NULL : t->fresh;
    if (fresh != NULL)
        t->fresh = NULL;
    memcpy(t->told, t->trouble, sizeof t->told);
    pthread_mutex_unlock(&t->lock);
    if (fresh != NULL)
        keep(t, fresh);
}

static void draw(top *t)
{
    tdm_top_frame frame;
    tdm_top_view *view = &t->view;
    view->reading = t->kept[0];
    view->age_s = view->reading == NULL ? 0 : (tdm_clock_mono_ms() - view->reading->at_ms) / 1000;
    view->trouble = t->told[0] != '\0' ? t->told : NULL;
    if (view->trouble == NULL && !view->paused && view->age_s > BUSY_S + t->interval_ms / 1000)
        view->trouble = "the daemon is busy with another command, or hangs";
    tdm_screen_size(&view->width, &view->height);
    tdm_top_draw(view, &frame);
    tdm_screen_show(&frame, t->session->colored);
    tdm_top_frame_free(&frame);
}

static void scroll_by(top *t, int64_t rows)
{
    int64_t count = t->kept[0] == NULL ? 0 : (int64_t)t->kept[0]->count;
    int64_t to = (int64_t)t->view.scroll + rows;
    to = to > count - 1 ? count - 1 : to;
    t->view.scroll = to < 0 ? 0 : (size_t)to;
}

static void take_key(top *t, tdm_top_key key)
{
    int64_t page = t->view.height > 12 ? (int64_t)t->view.height - 12 : 1;
    switch (key) {
    case TDM_TOP_KEY_QUIT:
        t->done = true;
        break;
    case TDM_TOP_KEY_PAUSE:
        t->view.paused = !t->view.paused;
        break;
    case TDM_TOP_KEY_HELP:
        t->view.help = !t->view.help;
        break;
    case TDM_TOP_KEY_UP:
    case TDM_TOP_KEY_DOWN:
        scroll_by(t, key == TDM_TOP_KEY_UP ? -1 : 1);
        break;
    case TDM_TOP_KEY_PAGE_UP:
    case TDM_TOP_KEY_PAGE_DOWN:
        scroll_by(t, key == TDM_TOP_KEY_PAGE_UP ? -page : page);
        break;
    case TDM_TOP_KEY_FIRST:
    case TDM_TOP_KEY_LAST:
        scroll_by(t, key == TDM_TOP_KEY_FIRST ? INT32_MIN : INT32_MAX);
        break;
    case TDM_TOP_KEY_NONE:
    case TDM_TOP_KEY_OTHER:
        break;
    }
}

static void watch(top *t, int woken_fd)
{
    enum { REDRAW_MS = 1000 }; /* ages go on, also when nothing comes */
    struct pollfd inputs[] = { { .fd = woken_fd, .events = POLLIN },
                               { .fd = isatty(STDIN_FILENO) == 1 ? STDIN_FILENO : -1, .events = POLLIN } };
    while (!t->done) {
        tdm_top_key key;
        char woken[64];
        take_news(t);
        draw(t);
        if (poll(inputs, TDM_COUNT(inputs), REDRAW_MS) < 0)
            continue; /* a signal: it has written, too */
        ssize_t got = inputs[0].revents != 0 ? read(woken_fd, woken, sizeof woken) : 0;
        for (ssize_t i = 0; i < got; i++)
            take_signal(t, woken[i]);
        while (inputs[1].revents != 0 && !t->done && (key = tdm_screen_key()) != TDM_TOP_KEY_NONE)
            take_key(t, key);
    }
}

static tdm_code show_until_done(top *t, int woken_fd, tdm_err *err)
{
    tdm_code code = start_asking(t, err);
    if (code != TDM_OK)
        return code;
    hear_signals();
    tdm_screen_open();
    watch(t, woken_fd);
    tdm_screen_close();
    stop_asking(t);
    forget_signals();
    return TDM_OK;
}

static int run_live(top *t)
{
    int woken[2];
    tdm_err err = { 0 };
    tdm_code code = tdm_screen_check(&err);
    if (code != TDM_OK)
        return tdm_session_fail(t->session, t->invocation->command->words, &err,
                                "tandem top --once prints it once, tandem status tells the rest");
    code = tdm_endpoint_find(t->invocation, getenv("TANDEM_HOME"), t->endpoint, &err);
    if (code == TDM_OK && pipe2(woken, O_CLOEXEC | O_NONBLOCK) != 0)
        code = tdm_fail(&err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    if (code != TDM_OK)
        return tdm_session_fail(t->session, t->invocation->command->words, &err, NULL);
    wake_fd = woken[1];
    code = show_until_done(t, woken[0], &err);
    close(woken[0]);
    close(woken[1]);
    if (code != TDM_OK)
        return tdm_session_fail(t->session, t->invocation->command->words, &err, NULL);
    if (t->stopped_by != 0)
        raise(t->stopped_by); /* the shell sees what ended it */
    return 0;
}

/* ---- once */

static tdm_code ask_once(void *context, const char *verb, const json_t *args, json_t **document, tdm_err *err)
{
    const top *t = context;
    tdm_answer answer = { 0 };
    const char *store = tdm_invocation_text(t->invocation, "store");
    tdm_code code =
        store != NULL ? tdm_offline_call(store, verb, args, &answer, err)
                      : tdm_client_try(t->invocation, t->session, verb, args, (tdm_span){ 0 }, &answer, err);
    if (code == TDM_OK && (*document = document_of(&answer, err)) == NULL)
        code = TDM_MALFORMED;
    tdm_answer_free(&answer);
    return code;
}

static int print_frame(top *t, const tdm_top_reading *reading)
{
    tdm_top_frame frame;
    t->view.reading = reading;
    t->view.width = t->session->out_is_terminal ? t->session->width : SIZE_MAX / 4; /* nothing is cut */
    tdm_top_draw(&t->view, &frame);
    for (size_t i = 0; i < frame.count; i++)
        fprintf(t->session->out, "%.*s\n", (int)frame.lines[i].text.len,
                frame.lines[i].text.len == 0 ? "" : (const char *)frame.lines[i].text.data);
    tdm_top_frame_free(&frame);
    return fflush(t->session->out) == 0 ? 0 : tdm_code_exit(TDM_IO);
}

static int print_document(const top *t, const tdm_top_reading *reading)
{
    tdm_answer answer = { 0 };
    json_t *document = tdm_top_document(reading);
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    tdm_buf_text(&answer.bytes, text == NULL ? "" : text);
    free(text);
    json_decref(document);
    return tdm_client_show(t->invocation, t->session, &answer, 0);
}

/* Two readings, an interval apart: rates need both. A store without a daemon does not change. */
static int run_once(top *t)
{
    tdm_err err = { 0 };
    tdm_top_reading *first = NULL;
    tdm_top_reading *second = NULL;
    bool alone = tdm_invocation_text(t->invocation, "store") != NULL;
    int status;
    tdm_code code = tdm_top_read(ask_once, t, &first, &err);
    if (code == TDM_OK && !alone) {
        poll(NULL, 0, (int)t->interval_ms);
        code = tdm_top_read(ask_once, t, &second, &err);
    }
    if (code == TDM_OK && !alone)
        tdm_top_compare(second, first);
    const char *format = t->session->format;
    bool text = strcmp(format, "table") == 0 || strcmp(format, "plain") == 0;
    const tdm_top_reading *shown = alone ? first : second;
    if (code != TDM_OK)
        status = tdm_session_fail(t->session, t->invocation->command->words, &err, NULL);
    else
        status = text ? print_frame(t, shown) : print_document(t, shown);
    tdm_top_reading_free(&first);
    tdm_top_reading_free(&second);
    return status;
}

/* ---- the run */

static int64_t option(const tdm_invocation *invocation, const char *name, int64_t otherwise)
{
    const json_t *told = json_object_get(invocation->own, name);
    return told == NULL ? otherwise : (int64_t)json_integer_value(told);
}

static tdm_code check(const tdm_invocation *invocation, int64_t interval_s, bool once, tdm_err *err)
{
    if (interval_s < 1 || interval_s > INTERVAL_MAX_S)
        return tdm_fail(err, TDM_INVALID, 0, "--interval takes 1 to %d seconds", INTERVAL_MAX_S);
    if (!once && tdm_invocation_text(invocation, "store") != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "a store without its daemon does not change: add --once");
    if (!once && (tdm_invocation_format(invocation) != NULL || tdm_invocation_flag(invocation, "json")))
        return tdm_fail(err, TDM_INVALID, 0, "--format and --json are for one reading: add --once");
    return TDM_OK;
}

int tdm_top_run(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_err err = { 0 };
    bool once = tdm_invocation_flag(invocation, "once");
    int64_t interval_s = option(invocation, "interval", 1);
    int64_t timeout_s = option(invocation, "timeout", TIMEOUT_S);
    if (check(invocation, interval_s, once, &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, NULL);
    top t = { .invocation = invocation,
              .session = session,
              .interval_ms = 1000 * interval_s,
              .timeout_ms = 1000
                            * (timeout_s < 1       ? 1
                               : timeout_s > 86400 ? 86400
                                                   : timeout_s),
              .view = { .keys = !once } };
    return once ? run_once(&t) : run_live(&t);
}
