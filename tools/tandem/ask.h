/* SPDX-License-Identifier: MPL-2.0
 *
 * ask.h: what a person is asked: yes or no before something is replaced; a secret, from a file, a pipe or a
 * prompt that shows nothing of it, never from the command line, which others can read.
 */
#ifndef TANDEM_TOOLS_ASK_H
#define TANDEM_TOOLS_ASK_H

#include "session.h"

/* Yes or no. --yes is yes. Whether it can be asked is known before the work is done. TDM_UNCONFIRMED: no, or
 * nothing may be asked here; the words say what to give. */
bool tdm_ask_can(const tdm_invocation *invocation, const tdm_session *session);
tdm_code tdm_ask_yes(const tdm_invocation *invocation, tdm_session *session, const char *question,
                     tdm_err *err);

/* For what can not be undone: the name again, typed or given with --confirm, which the daemon compares.
 * warning: sentences, ending without a line's end. TDM_UNCONFIRMED: another name, or nothing may be asked
 * here. */
tdm_code tdm_ask_name(const tdm_invocation *invocation, tdm_session *session, const char *name,
                      const char *warning, tdm_err *err);

typedef struct tdm_ask {
    const char *what;   /* in sentences: "join code" */
    const char *option; /* names a file that holds it: "code-file" */
    const char *prompt;
    const char *again; /* a second prompt, where what is written could not be opened if mistyped; or NULL */
    size_t max;        /* bytes that a file or pipe may hold */
} tdm_ask;

/*
 * out must be a buffer of secrets: no copy of what was read stays elsewhere in memory. Whatever stops the
 * program while it asks, the terminal echoes afterwards. TDM_UNCONFIRMED: nothing may be asked, nothing was
 * given, or not the same twice.
 */
tdm_code tdm_ask_secret(const tdm_ask *ask, const tdm_invocation *invocation, tdm_session *session,
                        tdm_buf *out, tdm_err *err);

#endif
