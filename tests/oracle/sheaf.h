/* SPDX-License-Identifier: MPL-2.0
 *
 * sheaf.h: events made for tests, in the order they were written, each by the pen of one incarnation.
 */
#ifndef TANDEM_ORACLE_SHEAF_H
#define TANDEM_ORACLE_SHEAF_H

#include "tandem/event.h"

typedef struct tdm_pen {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence; /* of the last event written */
} tdm_pen;

typedef struct tdm_sheaf {
    tdm_buf bytes;
    size_t *ends; /* where each event ends in bytes */
    size_t count;
} tdm_sheaf;

void tdm_sheaf_free(tdm_sheaf *sheaf);
/* All events; the caller's (free), borrowing from the sheaf: take it when nothing more is written. */
tdm_span *tdm_sheaf_spans(const tdm_sheaf *sheaf);

/* Write the next event of a pen. False: the codec refuses it; nothing happens. */
bool tdm_sheaf_write(tdm_sheaf *sheaf, tdm_pen *pen, uint32_t type, const char *subject, const tdm_id *fact,
                     int64_t recorded_ms, tdm_span payload);
bool tdm_sheaf_state(tdm_sheaf *sheaf, tdm_pen *pen, const char *subject, const tdm_id *fact,
                     int64_t recorded_ms, const tdm_record *record);
/* A body of another record: for corrections and amends. */
bool tdm_sheaf_amend(tdm_sheaf *sheaf, tdm_pen *pen, uint32_t type, const char *subject, const tdm_id *fact,
                     const tdm_id *target_origin, int64_t recorded_ms, const tdm_record *body);

#endif
