/* SPDX-License-Identifier: MPL-2.0
 *
 * queue.h: a bounded queue of pointers between threads: many push, one pops.
 *
 * It is bounded so that a slow consumer is felt by its producers (TDM_BUSY) and never by memory. The eventfd
 * is readable while something waits or the queue is closed, so that a poll loop can watch it among sockets.
 */
#ifndef TANDEM_COMMON_QUEUE_H
#define TANDEM_COMMON_QUEUE_H

#include "tandem/base.h"

typedef struct tdm_queue tdm_queue;

tdm_code tdm_queue_open(tdm_queue **out, size_t capacity, tdm_err *err);
/* Hand each item that still waits to `drop` (may be NULL if none owns memory), then free the queue. No other
 * thread may use it any more. */
void tdm_queue_destroy(tdm_queue **queue, void (*drop)(void *item));

/* TDM_OK: *item is now the queue's, and NULL for the caller. TDM_BUSY: full, try later. TDM_END: closed. */
tdm_code tdm_queue_try_push(tdm_queue *queue, void **item);
/* As above, but wait for room. */
tdm_code tdm_queue_push(tdm_queue *queue, void **item);
/* Take what waits, at most `max`, without waiting; returns how many. */
size_t tdm_queue_pop(tdm_queue *queue, void **items, size_t max);
/* As above, but wait until something is there, and no cork holds it back. 0 means closed and empty. */
size_t tdm_queue_wait(tdm_queue *queue, void **items, size_t max);
/* Let items gather: whoever waits sleeps on until `enough` of them are there, somebody pushes one with
 * tdm_queue_push and so waits for an answer, or the queue is uncorked or closed. For a producer that knows
 * that more is to come at once. */
void tdm_queue_cork(tdm_queue *queue, size_t enough);
void tdm_queue_uncork(tdm_queue *queue);
/* Refuse further items and wake everybody. What waits can still be popped. */
void tdm_queue_close(tdm_queue *queue);

bool tdm_queue_is_closed(tdm_queue *queue);
size_t tdm_queue_length(tdm_queue *queue);
int tdm_queue_fd(const tdm_queue *queue); /* for poll(2), POLLIN; only tdm_queue_pop reads it */

#endif
