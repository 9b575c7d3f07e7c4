/* SPDX-License-Identifier: MPL-2.0
 *
 * log_lines.h: the lines of an exported log (log_text.h) read one after another, each checked as far as lines
 * alone can be: forms, events, roots, proofs. What they mean for a store is for whoever reads.
 */
#ifndef TANDEM_COMMON_LOG_LINES_H
#define TANDEM_COMMON_LOG_LINES_H

#include "tandem/ledger.h"

#include <stdio.h>

/* Whole things, in the order of the lines; spans are borrowed for the call. */
typedef struct tdm_log_visit {
    /* authority NULL: none */
    tdm_code (*store)(void *context, const tdm_id *authority, tdm_err *err);
    /* The root follows from the events; run->head is what the line tells. */
    tdm_code (*run)(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                    const tdm_span *events, tdm_err *err);
    /* Follows the run it is told of; its signature was not looked at. */
    tdm_code (*seal)(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                     tdm_err *err);
    /* The proof leads from the event to a seal. */
    tdm_code (*notice)(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err);
} tdm_log_visit;

/* A whole file. TDM_MALFORMED, TDM_DENIED, TDM_UNSUPPORTED name the line, and so does what a visit fails
 * with; so they do where a compressed file is damaged. TDM_IO. *lines counts them. */
tdm_code tdm_log_read(FILE *file, const tdm_log_visit *visit, void *context, uint64_t *lines, tdm_err *err);

/* The same a line at a time; the file, visit and context are borrowed until it is closed. */
typedef struct tdm_log_lines tdm_log_lines;
tdm_code tdm_log_lines_open(tdm_log_lines **out, FILE *file, const tdm_log_visit *visit, void *context,
                            tdm_err *err);
/* Take one line. TDM_END: there was none, and what was read is whole. */
tdm_code tdm_log_lines_step(tdm_log_lines *in, tdm_err *err);
uint64_t tdm_log_lines_count(const tdm_log_lines *in); /* lines taken */
void tdm_log_lines_close(tdm_log_lines **in);

#endif
