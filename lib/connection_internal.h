/* SPDX-License-Identifier: MPL-2.0
 *
 * connection_internal.h: the same connection for the `tandem` command, which writes answers of its own.
 */
#ifndef TANDEM_LIB_CONNECTION_INTERNAL_H
#define TANDEM_LIB_CONNECTION_INTERNAL_H

#include "control.h"

#include "tandem/connection.h"

/* tdm_connection_send without judging the answer: TDM_OK, a daemon answered, be it with a failure
 * (tdm_control_failed). The answer is the caller's. */
tdm_code tdm_connection_call(tdm_connection *connection, const char *verb, const char *arguments,
                             tdm_span body, tdm_answer *answer, tdm_err *err);
const char *tdm_connection_endpoint(const tdm_connection *connection); /* borrowed */

/* TDM_OK and TDM_DIFFERS: the answer stands. Otherwise its failure, in err and the connection's hint. */
tdm_code tdm_connection_judge(tdm_connection *connection, const tdm_answer *answer, tdm_err *err);

/* ---- follow.c */
/* tdm_connection_follow from arguments that are an object already, and taken over. Without "after" it begins
 * with the last events, "limit" of them (10). Nothing is asked yet. */
tdm_code tdm_follow_open(tdm_connection *connection, json_t *arguments, tdm_follow **out, tdm_err *err);
/* The next row: borrowed until the next call. As tdm_follow_next. */
tdm_code tdm_follow_row(tdm_follow *follow, int64_t timeout_ms, const json_t **row, tdm_err *err);
/* Has all been told that the last answer held? */
bool tdm_follow_is_drained(const tdm_follow *follow);

#endif
