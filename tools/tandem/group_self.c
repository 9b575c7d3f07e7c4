/* SPDX-License-Identifier: MPL-2.0
 *
 * group_self.c: configuration of the daemons, and what the command says about itself.
 */
#include "client.h"
#include "config.h"
#include "help.h"
#include "output.h"

#include <string.h>
#include <unistd.h>

/* ---- config */

/* What the daemon of this role would read: the same file, drop-ins and environment. */
static tdm_code load_config(const tdm_invocation *invocation, tdm_config **out, tdm_err *err)
{
    const char *file = tdm_invocation_text(invocation, "config");
    bool hub = strcmp(tdm_invocation_text(invocation, "role"), "hub") == 0;
    char *argv[] = { "tandem", file == NULL ? NULL : "--config", (char *)file, NULL };
    return tdm_config_load(out, hub ? TDM_ROLE_HUB : TDM_ROLE_NODE, file == NULL ? 1 : 3, argv, environ, err);
}

static int needs_role(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_err err;
    tdm_fail(&err, TDM_INVALID, 0, "whose configuration it is is not said; give --role hub or --role node");
    return tdm_session_fail(session, invocation->command->words, &err, NULL);
}

static int run_config_check(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    if (tdm_invocation_text(invocation, "role") == NULL)
        return needs_role(invocation, session);
    if (load_config(invocation, &config, &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, "mend this place and check again");
    tdm_config_destroy(&config);
    if (tdm_session_is_json(session))
        return tdm_client_show_rows(invocation, session, "tandem.config-check/1",
                                    json_pack("[{s:b}]", "sound", 1), 0);
    fputs("the configuration is sound\n", session->out);
    return 0;
}

static bool shows_rows(const tdm_invocation *invocation)
{
    return tdm_invocation_format(invocation) != NULL || tdm_invocation_text(invocation, "fields") != NULL;
}

static int run_config_show(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    tdm_answer answer = { 0 };
    if (tdm_invocation_text(invocation, "role") == NULL)
        return needs_role(invocation, session);
    if (load_config(invocation, &config, &err) != TDM_OK)
        return tdm_session_fail(session, invocation->command->words, &err, "mend this place and ask again");
    answer.raw = !shows_rows(invocation);
    if (answer.raw) {
        tdm_config_show(config, tdm_invocation_flag(invocation, "origin"), &answer.bytes);
    } else {
        tdm_buf_text(&answer.bytes, "{\"schema\":\"tandem.config/1\",\"data\":");
        tdm_config_show_json(config, &answer.bytes);
        tdm_buf_text(&answer.bytes, "}");
    }
    tdm_config_destroy(&config);
    return tdm_client_show(invocation, session, &answer, 0);
}

/* ---- help, completion, manual */

static void join_words(const tdm_invocation *invocation, char *out, size_t size)
{
    const json_t *words = json_object_get(invocation->own, "COMMAND");
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(words) && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : " ",
                                 json_string_value(json_array_get(words, i)));
}

static int show_text(const tdm_invocation *invocation, tdm_session *session, tdm_code code, tdm_buf *text,
                     tdm_err *err)
{
    if (code == TDM_OK)
        code = tdm_output_raw(session, tdm_buf_span(text), err);
    tdm_buf_free(text);
    return code == TDM_OK ? 0 : tdm_session_fail(session, invocation->command->words, err, NULL);
}

static int run_help(const tdm_invocation *invocation, tdm_session *session)
{
    char words[128];
    tdm_buf text = { 0 };
    tdm_err err = { 0 };
    join_words(invocation, words, sizeof words);
    return show_text(invocation, session, tdm_help_text(words, &text, &err), &text, &err);
}

static int run_manual(const tdm_invocation *invocation, tdm_session *session)
{
    char words[128];
    tdm_buf text = { 0 };
    tdm_err err = { 0 };
    join_words(invocation, words, sizeof words);
    return show_text(invocation, session, tdm_manual_text(words, &text, &err), &text, &err);
}

static int run_completion(const tdm_invocation *invocation, tdm_session *session)
{
    tdm_buf text = { 0 };
    tdm_err err = { 0 };
    tdm_code code = tdm_completion_text(tdm_invocation_text(invocation, "SHELL"), &text, &err);
    return show_text(invocation, session, code, &text, &err);
}

/* ---- rows */

#define ROLE_OPTION                                                                                          \
    {                                                                                                        \
        "role", 0, TDM_WORD_CHOICE, "hub|node", NULL, "whose configuration it is"                            \
    }

static const tdm_option CHECK_OPTIONS[] = { ROLE_OPTION };
static const tdm_option SHOW_OPTIONS[] = {
    ROLE_OPTION,
    { "origin", 0, TDM_WORD_FLAG, NULL, NULL, "say where each value came from" },
};

static const tdm_positional ANY_COMMAND[] = {
    { "COMMAND", TDM_WORD_TEXT, NULL, NULL, false, true, "the words of a command; none: all of them" },
};

static const tdm_positional SHELL[] = {
    { "SHELL", TDM_WORD_CHOICE, "bash|zsh|fish", NULL, true, false, "bash, zsh or fish" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "config check",
        .summary = "check a daemon's configuration",
        .example = "tandem config check --role node --config /etc/tandem/node.conf",
        .roles = TDM_ALONE,
        TDM_OPTIONS(CHECK_OPTIONS),
        .columns = "sound",
        .function = run_config_check,
    },
    {
        .words = "config show",
        .summary = "show a daemon's settings as they are in force",
        .example = "tandem config show --role hub --origin",
        .roles = TDM_ALONE,
        TDM_OPTIONS(SHOW_OPTIONS),
        .columns = "name,value,origin",
        .more = "default,accepts,help",
        .function = run_config_show,
    },
    {
        .words = "help",
        .summary = "show help about a command, or list all",
        .example = "tandem help link confirm",
        .roles = TDM_ALONE,
        TDM_POSITIONALS(ANY_COMMAND),
        .function = run_help,
    },
    {
        .words = "completion",
        .summary = "print the completion script of a shell",
        .detail =
            "For bash: source <(tandem completion bash). For zsh: the same after compinit. For fish: tandem "
            "completion fish | source.",
        .example = "tandem completion bash",
        .roles = TDM_ALONE,
        TDM_POSITIONALS(SHELL),
        .function = run_completion,
    },
    {
        .words = "manual",
        .summary = "print a manual page in mdoc",
        .example = "tandem manual link confirm",
        .roles = TDM_ALONE,
        TDM_POSITIONALS(ANY_COMMAND),
        .function = run_manual,
    },
};

const tdm_group tdm_group_self = { "settings and help", COMMANDS, TDM_COUNT(COMMANDS), NULL };
