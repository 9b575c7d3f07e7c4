/* SPDX-License-Identifier: MPL-2.0
 *
 * link_report.h: what a loop tells the rest of the daemon about its links: log records, counters, and rows
 * for status and node list, published by the loop and read from any thread.
 */
#ifndef TANDEM_LINK_REPORT_H
#define TANDEM_LINK_REPORT_H

#include "metrics.h"
#include "tandem/link.h"

#include <jansson.h>

/* How many notes of one peer were logged lately: nobody may fill the log. Zeroed at first. */
typedef struct tdm_note_gate {
    int64_t since_ms; /* monotonic; 0: no window is open */
    uint32_t logged;
    uint32_t left_out;
} tdm_note_gate;

/* A note of the machine: refusals are counted by reason, each; logged with the peer's name are at most
 * 200 in five minutes, and of the others how many there were. */
void tdm_link_report_note(tdm_metrics *metrics, tdm_note_gate *gate, const tdm_id *peer, const char *word,
                          const char *text);
/* One row of tdm_service_context.links. */
json_t *tdm_link_report_row(const tdm_link *link, const tdm_id *peer, int64_t last_seen_ms);

/* Rows in the hands of several threads. */
typedef struct tdm_link_rows tdm_link_rows;
tdm_code tdm_link_rows_new(tdm_link_rows **out, tdm_err *err);
void tdm_link_rows_destroy(tdm_link_rows **rows);
void tdm_link_rows_publish(tdm_link_rows *rows, json_t *array); /* takes the reference */
json_t *tdm_link_rows_read(tdm_link_rows *rows);                /* a new copy */

#endif
