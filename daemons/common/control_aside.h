/* SPDX-License-Identifier: MPL-2.0
 *
 * control_aside.h: a thread for requests that take long and only read, so that the door answers others
 * meanwhile. One is worked on at a time, in the order they came.
 */
#ifndef TANDEM_CONTROL_ASIDE_H
#define TANDEM_CONTROL_ASIDE_H

#include "tandem/base.h"

#define TDM_ASIDE_MAX 8 /* jobs that may wait */

typedef struct tdm_aside tdm_aside;

/* The first member of whatever a job is. */
typedef struct tdm_aside_job {
    struct tdm_aside_job *next;
} tdm_aside_job;

/* Does one job, on the thread. */
typedef void tdm_aside_work(void *context, tdm_aside_job *job);

tdm_code tdm_aside_start(tdm_aside **out, tdm_aside_work *work, void *context, tdm_err *err);
/* No job is begun any more; returns when the one at hand is done. Jobs that were not begun can be taken. */
void tdm_aside_end(tdm_aside *aside);
void tdm_aside_free(tdm_aside **aside); /* ended, and everything was taken. NULL-safe */

/* False: too many wait, it stays the caller's. */
bool tdm_aside_give(tdm_aside *aside, tdm_aside_job *job);
/* One that is done (or, after the end, was not begun: *done is false); NULL: none. */
tdm_aside_job *tdm_aside_take(tdm_aside *aside, bool *done);
int tdm_aside_fd(const tdm_aside *aside);         /* readable when there is something to take */
bool tdm_aside_is_ending(const tdm_aside *aside); /* any thread: long work looks here from time to time */

#endif
