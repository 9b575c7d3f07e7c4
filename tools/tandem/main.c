/* SPDX-License-Identifier: MPL-2.0
 *
 * main.c: `tandem`: read the command line, run the row.
 */
#include "client.h"
#include "help.h"
#include "output.h"
#include "progress.h"

#include <signal.h>

static int show_help(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_buf text = { 0 };
    tdm_err err = { 0 };
    tdm_code code = tdm_help_text(invocation->words, &text, &err);
    if (code == TDM_OK)
        code = tdm_output_raw(session, tdm_buf_span(&text), &err);
    tdm_buf_free(&text);
    return code == TDM_OK ? 0 : tdm_session_fail(session, invocation->words, &err, NULL);
}

static int run(const tdm_invocation *invocation, tdm_session *session)
{
    if (invocation->help)
        return show_help(invocation, session);
    if (tdm_invocation_flag(invocation, "version")) {
        fprintf(session->out, "tandem %s\n", TANDEM_VERSION);
        return 0;
    }
    tdm_command_function *function = invocation->command->function;
    return function == NULL ? tdm_client_run(invocation, session) : function(invocation, session);
}

int main(int argc, char **argv)
{
    tdm_invocation invocation;
    tdm_session session;
    tdm_err err = { 0 };
    signal(SIGUSR1, SIG_IGN); /* asks long work how far it is (progress.h); the rest has nothing to tell */
    signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of writing, not an end without a word */
    tdm_code code = tdm_invocation_parse(&invocation, argc, argv, &err);
    tdm_session_open(&session, &invocation);
    int status = code == TDM_OK ? run(&invocation, &session)
                                : tdm_session_fail(&session, invocation.words, &err, NULL);
    tdm_invocation_free(&invocation);
    if (status != 0 && tdm_progress_stopped_by() != 0) {
        signal(tdm_progress_stopped_by(), SIG_DFL);
        raise(tdm_progress_stopped_by()); /* a shell must see that it was interrupted */
    }
    return status;
}
