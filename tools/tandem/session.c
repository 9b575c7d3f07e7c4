/* SPDX-License-Identifier: MPL-2.0
 *
 * session.c: the streams of a command, and how it fails.
 */
#include "session.h"

#include "control.h"
#include "json.h"
#include "terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_DEFAULT = 80, WIDTH_MAX = 1000 };

static size_t terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long told = columns == NULL ? 0 : strtol(columns, NULL, 10);
    if (told <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        told = size.ws_col;
    return told < 20 || told > WIDTH_MAX ? WIDTH_DEFAULT : (size_t)told;
}

static bool wants_color(const tdm_invocation *invocation, bool terminal)
{
    const char *asked = tdm_invocation_text(invocation, "color");
    if (asked != NULL && strcmp(asked, "auto") != 0)
        return strcmp(asked, "always") == 0;
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return terminal && (no_color == NULL || no_color[0] == '\0')
           && (term == NULL || strcmp(term, "dumb") != 0);
}

void tdm_session_open(tdm_session *session, const tdm_invocation *invocation)
{
    bool terminal = isatty(STDOUT_FILENO) == 1;
    bool input = isatty(STDIN_FILENO) == 1;
    bool json = tdm_invocation_flag(invocation, "json");
    const char *format = tdm_invocation_format(invocation);
    *session = (tdm_session){ .in = stdin,
                              .out = stdout,
                              .err = stderr,
                              .in_is_terminal = input,
                              .out_is_terminal = terminal,
                              .err_is_terminal = isatty(STDERR_FILENO) == 1,
                              .width = terminal_width(),
                              .colored = wants_color(invocation, terminal),
                              .quiet = tdm_invocation_flag(invocation, "quiet"),
                              .verbose = tdm_invocation_flag(invocation, "verbose"),
                              .asks = input && !tdm_invocation_flag(invocation, "no-input") };
    session->format = format != NULL ? format : json ? "json" : terminal ? "table" : "plain";
}

bool tdm_session_is_json(const tdm_session *session)
{
    return strncmp(session->format, "json", 4) == 0;
}

void tdm_session_say(tdm_session *session, const char *format, ...)
{
    if (session->quiet)
        return;
    va_list list;
    va_start(list, format);
    vfprintf(session->err, format, list);
    va_end(list);
    fputc('\n', session->err);
}

/* What to try, where nobody nearer the cause said it. */
static const struct {
    tdm_code code;
    const char *hint;
} HINTS[] = {
    { TDM_INVALID, "add -h to see what the command takes" },
    { TDM_UNREACHABLE, "start the daemon, or name another with --connect; then try again" },
    { TDM_BUSY, "try again in a moment" },
    { TDM_UNCONFIRMED, "give the option that says so" },
    { TDM_UNSUPPORTED, "use a newer version of this program" },
    { TDM_CORRUPT, "keep a copy of the folder as it is, then run tandem verify" },
    { TDM_INTERNAL, "please report this" },
};

static const char *hint_of(tdm_code code)
{
    for (size_t i = 0; i < TDM_COUNT(HINTS); i++)
        if (HINTS[i].code == code)
            return HINTS[i].hint;
    return "";
}

static void print_text(tdm_session *session, const char *words, const char *what, const char *hint)
{
    tdm_buf text = { 0 };
    tdm_buf_format(&text, "tandem%s%s: ", words[0] == '\0' ? "" : " ", words);
    tdm_terminal_add(&text, tdm_span_text(what));
    tdm_buf_text(&text, "\n");
    if (hint[0] != '\0') {
        tdm_buf_text(&text, "  next: ");
        tdm_terminal_add(&text, tdm_span_text(hint));
        tdm_buf_text(&text, "\n");
    }
    fwrite(text.data, 1, text.len, session->err);
    tdm_buf_free(&text);
}

static void print_object(tdm_session *session, int status, const char *kind, const char *what,
                         const char *hint)
{
    tdm_buf text = { 0 };
    tdm_json json = tdm_json_open(&text);
    tdm_json_begin_object(&json);
    tdm_json_text(tdm_json_key(&json, "type"), "error");
    tdm_json_int(tdm_json_key(&json, "exit"), status);
    tdm_json_text(tdm_json_key(&json, "kind"), kind);
    tdm_json_text(tdm_json_key(&json, "what"), what);
    tdm_json_text(tdm_json_key(&json, "hint"), hint);
    tdm_json_end_object(&json);
    if (tdm_json_close(&json, NULL) == TDM_OK)
        fprintf(session->err, "%.*s\n", (int)text.len, (const char *)text.data);
    else
        fprintf(session->err, "{\"type\":\"error\",\"exit\":%d,\"kind\":\"%s\"}\n", status, kind);
    tdm_buf_free(&text);
}

int tdm_session_fail(tdm_session *session, const char *words, const tdm_err *err, const char *hint)
{
    int status = tdm_code_exit(err->code);
    if (hint == NULL)
        hint = hint_of(err->code);
    fflush(session->out);
    if (tdm_session_is_json(session))
        print_object(session, status, tdm_code_word(err->code), err->what, hint);
    else
        print_text(session, words, err->what, hint);
    return status;
}

int tdm_session_fail_told(tdm_session *session, const char *words, tdm_span object)
{
    char hint[TDM_CONTROL_HINT_MAX];
    tdm_err err = { 0 };
    tdm_code code = tdm_control_failure(object, hint, &err);
    return tdm_session_fail(session, words, &err, code == TDM_INTERNAL ? NULL : hint);
}
