/* SPDX-License-Identifier: MPL-2.0
 *
 * log_pick.h: of a log that is read (log_lines.h) the events of some types alone, each with the proof that it
 * is in its origin's log: a log with holes could not be chained, a proven event needs no neighbours.
 */
#ifndef TANDEM_COMMON_LOG_PICK_H
#define TANDEM_COMMON_LOG_PICK_H

#include "log_lines.h"

typedef struct tdm_log_pick tdm_log_pick;

/* types: numbers of event types, borrowed, as are `to` and its context. What is picked reaches to->notice,
 * its proof checked; to->store hears what it always does. */
tdm_code tdm_log_pick_open(tdm_log_pick **out, const uint32_t *types, size_t count, const tdm_log_visit *to,
                           void *context, tdm_err *err);
void tdm_log_pick_close(tdm_log_pick **pick); /* NULL-safe */
/* For tdm_log_read, with the pick as context. */
extern const tdm_log_visit TDM_LOG_PICK;
/* Events of other types, and those that no seal within TDM_PROOF_ROOTS_MAX runs proves. */
uint64_t tdm_log_pick_passed(const tdm_log_pick *pick);

#endif
