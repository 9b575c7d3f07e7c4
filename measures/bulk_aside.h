/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_aside.h: events put aside in parts, each in few bytes: what is read of it when it is filed. One thread
 * puts them aside; when all are there, any number of threads read them, part by part.
 */
#ifndef TANDEM_MEASURES_BULK_ASIDE_H
#define TANDEM_MEASURES_BULK_ASIDE_H

#include "tandem/event.h"

typedef struct tdm_asides tdm_asides;

/* In a file without a name in the folder. TDM_IO, TDM_FULL. */
tdm_code tdm_asides_open(tdm_asides **out, const char *folder, size_t parts, tdm_err *err);
void tdm_asides_close(tdm_asides **asides); /* NULL-safe */

/* True the first time that the event's origin speaks in its incarnation. */
bool tdm_asides_hear(tdm_asides *asides, const tdm_event *event);
tdm_code tdm_asides_add(tdm_asides *asides, size_t part, uint64_t position, const tdm_event *event,
                        tdm_err *err);
size_t tdm_asides_count(const tdm_asides *asides, size_t part); /* events */
size_t tdm_asides_bytes(const tdm_asides *asides, size_t part);

/* Who spoke: an origin in one incarnation. */
typedef struct tdm_aside_log {
    tdm_id origin;
    uint64_t incarnation;
} tdm_aside_log;

/* One event as it was put aside. Spans and pointers are borrowed from what was read, and from the asides. */
typedef struct tdm_aside {
    const uint8_t *bytes; /* where it lies in what was read */
    uint64_t position;
    uint64_t sequence;
    int64_t recorded_ms;
    const tdm_aside_log *log;
    const uint8_t *fact; /* TDM_ID_BYTES */
    tdm_span subject;
    tdm_span payload;
    uint32_t type;
} tdm_aside;

/* The event, as far as it was put aside; all else is zero. */
void tdm_aside_event(const tdm_aside *aside, tdm_event *out);

/* Visit all of one part: what was put aside in the first of `all`, then in the next, each in its order. They
 * are read into `room`, which must outlive what is borrowed. TDM_IO; what the visit says. */
typedef tdm_code tdm_aside_visit(void *context, const tdm_aside *aside, tdm_err *err);
tdm_code tdm_asides_each(tdm_asides *const *all, size_t count, size_t part, tdm_buf *room,
                         tdm_aside_visit *visit, void *context, tdm_err *err);

/* One that was visited, once more: from its asides, and what was read from where it lies on. */
void tdm_asides_again(const tdm_asides *asides, tdm_span from, tdm_aside *out);

#endif
