/* SPDX-License-Identifier: MPL-2.0
 *
 * client.h: asking a service: the daemon over its control socket, or a store itself with --store.
 */
#ifndef TANDEM_TOOLS_CLIENT_H
#define TANDEM_TOOLS_CLIENT_H

#include "connection_internal.h"
#include "core.h"
#include "session.h"

/* The control endpoint by --connect, --config or TANDEM_HOME (home; may be NULL), in this order.
 * TDM_INVALID: none is named, or the path is too long for a socket. */
tdm_code tdm_endpoint_find(const tdm_invocation *invocation, const char *home,
                           char out[TDM_CONTROL_ADDRESS_MAX], tdm_err *err);
/* The daemon that is meant, with the time the invocation gives it; --verbose says whom it asks for what.
 * Close it with tdm_connection_close. */
tdm_code tdm_client_connect(const tdm_invocation *invocation, tdm_session *session, const char *verb,
                            const char *args, tdm_connection **out, tdm_err *err);

/*
 * Ask a verb with arguments and a body. 0 or 1 (the answer is no): the answer is the caller's. Any other
 * status: the failure was told already, there is no answer.
 */
int tdm_client_ask(const tdm_invocation *invocation, tdm_session *session, const char *verb, json_t *args,
                   tdm_span body, tdm_answer *answer);
/* The same where a failure is not the end: nothing is told. The answer is the caller's if TDM_OK, whatever
 * its exit status. */
tdm_code tdm_client_try(const tdm_invocation *invocation, tdm_session *session, const char *verb,
                        const json_t *args, tdm_span body, tdm_answer *answer, tdm_err *err);
/* A failure that an answer tells, as a code and words; TDM_OK: it tells none. */
tdm_code tdm_client_told(const tdm_answer *answer, tdm_err *err);
/* The row's verb with the invocation's arguments. With --dry-run and a verb that knows no dry run: says what
 * would be asked for, and *answer stays empty. */
int tdm_client_ask_row(const tdm_invocation *invocation, tdm_session *session, tdm_span body,
                       tdm_answer *answer);
/* The usual command: ask the row's verb, show the document or the bytes. */
tdm_command_function tdm_client_run;
/* Show an answer and free it; returns the exit status, which is `status` unless showing failed. */
int tdm_client_show(const tdm_invocation *invocation, tdm_session *session, tdm_answer *answer, int status);

/* Rows that the command made itself, as a document of this schema. Both take rows over; the answer is the
 * caller's. */
void tdm_client_answer_rows(const char *schema, json_t *rows, tdm_answer *answer);
int tdm_client_show_rows(const tdm_invocation *invocation, tdm_session *session, const char *schema,
                         json_t *rows, int status);

/* ---- offline.c: a state folder's store, opened for reading in a child process, so that damaged pages end
 * only the child: then TDM_CORRUPT. */
enum { TDM_WAY_MAX = TDM_CORE_WAY_MAX };
/* As tdm_service_call. Figures are read from the views in the folder as far as these are sound, else made
 * from the whole log. */
tdm_code tdm_offline_call(const char *folder, const char *verb, const json_t *args, tdm_answer *answer,
                          tdm_err *err);
/* The same for long work: with a body, and told how far it is. */
typedef struct tdm_offline_task {
    const char *folder;
    const char *verb;
    const json_t *args;
    tdm_span body;
    const tdm_told *told; /* NULL: nobody */
    char
        *way; /* NULL, or TDM_WAY_MAX bytes: where figures were from, and why, as half a sentence; "": none */
} tdm_offline_task;
tdm_code tdm_offline_work(const tdm_offline_task *task_at, tdm_answer *answer, tdm_err *err);
/* Is it a hub's store? TDM_NOT_FOUND: there is none. */
tdm_code tdm_offline_is_hub(const char *folder, bool *hub, tdm_err *err);
/* The whole log to out as it is read: never in memory as a whole. */
tdm_code tdm_offline_export(const char *folder, FILE *out, const tdm_told *told, tdm_err *err);

/* ---- bytes.c */
/* A file, or standard input for "-", at most `max` bytes; secret, if out is. TDM_NOT_FOUND, TDM_IO, TDM_FULL
 * say what to do. */
tdm_code tdm_read_file(const char *path, FILE *in, size_t max, tdm_buf *out, tdm_err *err);

#endif
