/* SPDX-License-Identifier: MPL-2.0
 *
 * ask.c: yes or no; a secret from a file, a pipe or a prompt that shows nothing of it.
 */
#include "ask.h"

#include "client.h"
#include "terminal.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <termios.h>

enum { LINE_BYTES = 4097 }; /* a terminal hands out lines of 4096 at most */

/* ---- yes or no */

bool tdm_ask_can(const tdm_invocation *invocation, const tdm_session *session)
{
    return session->asks || tdm_invocation_flag(invocation, "yes");
}

tdm_code tdm_ask_yes(const tdm_invocation *invocation, tdm_session *session, const char *question,
                     tdm_err *err)
{
    char line[16] = "";
    if (tdm_invocation_flag(invocation, "yes"))
        return TDM_OK;
    if (!session->asks)
        return tdm_fail(err, TDM_UNCONFIRMED, 0, "nothing may be asked here: give --yes to go on");
    fprintf(session->err, "%s [y/N] ", question);
    fflush(session->err);
    if (fgets(line, sizeof line, session->in) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    bool yes = strcmp(line, "y") == 0 || strcmp(line, "Y") == 0 || strcmp(line, "yes") == 0;
    return yes ? TDM_OK : tdm_fail(err, TDM_UNCONFIRMED, 0, "nothing was changed");
}

tdm_code tdm_ask_name(const tdm_invocation *invocation, tdm_session *session, const char *name,
                      const char *warning, tdm_err *err)
{
    char line[1100] = "";
    if (tdm_invocation_text(invocation, "confirm") != NULL)
        return TDM_OK;
    if (!session->asks)
        return tdm_fail(err, TDM_UNCONFIRMED, 0,
                        "this can not be undone, and nothing may be asked here: give the name again with "
                        "--confirm");
    tdm_terminal_print(session->err, warning);
    fputs("\nType ", session->err);
    tdm_terminal_print(session->err, name);
    fputs(" to go on: ", session->err);
    fflush(session->err);
    if (fgets(line, sizeof line, session->in) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, name) != 0)
        return tdm_fail(err, TDM_UNCONFIRMED, 0, "that is another name: nothing was done");
    json_object_set_new(invocation->args, "confirm", json_string(line));
    return TDM_OK;
}

/* ---- a line from the terminal */

static volatile sig_atomic_t stopped_by;

static void note_stop(int number)
{
    stopped_by = number;
}

enum { STOPS = 4 };
static const int STOPPING[STOPS] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* It echoes nothing meanwhile; whatever stops the program finds it echoing again. */
static bool read_silently(FILE *in, const char *asks_for, FILE *out, const struct termios *hidden,
                          const struct termios *shown, char line[LINE_BYTES])
{
    struct sigaction before[STOPS];
    const struct sigaction note = { .sa_handler = note_stop }; /* reading ends: no SA_RESTART */
    stopped_by = 0;
    for (size_t i = 0; i < STOPS; i++)
        sigaction(STOPPING[i], &note, &before[i]);
    tcsetattr(fileno(in), TCSAFLUSH,
              hidden); /* before it asks: what is typed at once stays hidden, and is kept */
    fputs(asks_for, out);
    fflush(out);
    bool got = stopped_by == 0 && fgets(line, LINE_BYTES, in) != NULL;
    tcsetattr(fileno(in), TCSAFLUSH, shown);
    fputc('\n', out);
    for (size_t i = 0; i < STOPS; i++)
        sigaction(STOPPING[i], &before[i], NULL);
    if (stopped_by != 0) {
        sodium_memzero(line, LINE_BYTES);
        raise(stopped_by);
    }
    return got;
}

static tdm_code read_hidden(const tdm_ask *ask, const char *prompt, tdm_session *session,
                            char line[LINE_BYTES], tdm_err *err)
{
    struct termios shown;
    struct termios hidden;
    if (tcgetattr(fileno(session->in), &shown) != 0)
        return tdm_fail(err, TDM_UNCONFIRMED, 0, "the %s can not be asked for here: pipe it in", ask->what);
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    bool got = read_silently(session->in, prompt, session->err, &hidden, &shown, line);
    line[strcspn(line, "\r\n")] = '\0';
    return got && line[0] != '\0' ? TDM_OK : tdm_fail(err, TDM_UNCONFIRMED, 0, "no %s was given", ask->what);
}

static tdm_code prompt(const tdm_ask *ask, tdm_session *session, tdm_buf *out, tdm_err *err)
{
    char line[LINE_BYTES] = "";
    char again[LINE_BYTES] = "";
    tdm_code code = read_hidden(ask, ask->prompt, session, line, err);
    if (code == TDM_OK && ask->again != NULL)
        code = read_hidden(ask, ask->again, session, again, err);
    if (code == TDM_OK && ask->again != NULL && strcmp(line, again) != 0)
        code = tdm_fail(err, TDM_UNCONFIRMED, 0, "the two are not the same: nothing was written");
    if (code == TDM_OK)
        tdm_buf_text(out, line);
    if (out->failed)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for the %s", ask->what);
    sodium_memzero(line, sizeof line);
    sodium_memzero(again, sizeof again);
    return code;
}

/* ---- the whole */

tdm_code tdm_ask_secret(const tdm_ask *ask, const tdm_invocation *invocation, tdm_session *session,
                        tdm_buf *out, tdm_err *err)
{
    const char *path = tdm_invocation_text(invocation, ask->option);
    TDM_ASSERT(out->secret);
    setvbuf(session->in, NULL, _IONBF, 0); /* the stream keeps no copy */
    if (path != NULL || !session->in_is_terminal)
        return tdm_read_file(path == NULL ? "-" : path, session->in, ask->max, out, err);
    if (!session->asks)
        return tdm_fail(err, TDM_UNCONFIRMED, 0,
                        "the %s may not be asked for: give it with --%s FILE, or in a pipe", ask->what,
                        ask->option);
    return prompt(ask, session, out, err);
}
