/* SPDX-License-Identifier: MPL-2.0
 *
 * difference.h: what an origin stated in one copy of its store and not in the other: the events after the
 * place where their logs part, less those that say what the other's own say after it.
 */
#ifndef TANDEM_DIFFERENCE_H
#define TANDEM_DIFFERENCE_H

#include "core.h"

/* One event of `local` that the other has not. Borrowed for the call. */
typedef tdm_code tdm_difference_visit(void *context, const tdm_event *event, tdm_err *err);

typedef struct tdm_difference_counts {
    uint64_t common;     /* in both, under the same sequence */
    uint64_t said_twice; /* the other says the same under another sequence */
    uint64_t missing;    /* visited */
    uint64_t theirs;     /* the other's own, not in local */
} tdm_difference_counts;

/* Both held whole. Events that begin an incarnation belong to the log and not to what was stated: they are
 * left out. Visited in the order in which they were stated. visit may be NULL: counts alone. */
tdm_code tdm_difference_each(tdm_ledger *local, tdm_ledger *other, const tdm_id *origin,
                             tdm_difference_visit *visit, void *context, tdm_difference_counts *out,
                             tdm_err *err);

#endif
