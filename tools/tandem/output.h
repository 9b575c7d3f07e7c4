/* SPDX-License-Identifier: MPL-2.0
 *
 * output.h: one way out for every document, five forms of it.
 *
 * table  columns aligned and cut to the terminal's width; a single object as lines of name and value
 * plain  tab-separated, a header line, nothing cut
 * json   the document as the daemon gave it (with --fields: its rows with these members only)
 * jsonl  one row a line
 * csv    RFC 4180, UTF-8, header names = field names
 */
#ifndef TANDEM_TOOLS_OUTPUT_H
#define TANDEM_TOOLS_OUTPUT_H

#include "page.h"
#include "session.h"

/* Show a document as the session's format says. TDM_MALFORMED: no document; TDM_INVALID: --fields names an
 * unknown field; TDM_IO: out can not be written (full, or nobody reads). */
tdm_code tdm_output_document(tdm_session *session, const tdm_invocation *invocation, tdm_span bytes,
                             tdm_err *err);
/* "as of ..., complete" under a table, on err. */
void tdm_output_note(tdm_session *session, const tdm_page *page);
/* Bytes as they are, to out. */
tdm_code tdm_output_raw(tdm_session *session, tdm_span bytes, tdm_err *err);

/* output_table.c */
void tdm_output_table(tdm_session *session, const tdm_page *page, const tdm_columns *columns);
void tdm_output_record(tdm_session *session, const tdm_page *page, const tdm_columns *asked);

#endif
