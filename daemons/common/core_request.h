/* SPDX-License-Identifier: MPL-2.0
 *
 * core_request.h: what is asked of the writer: made in core_ask.c, written and answered in core_writer.c.
 */
#ifndef TANDEM_CORE_REQUEST_H
#define TANDEM_CORE_REQUEST_H

#include "core_inner.h"

typedef enum core_request_kind {
    REQUEST_STATE,
    REQUEST_KEEP,
    REQUEST_NOTICES,
    REQUEST_LOCAL,
    REQUEST_ASIDE
} core_request_kind;

/* A caller that blocks until its request is durable. */
typedef struct core_waiter {
    pthread_mutex_t lock;
    pthread_cond_t done_signal;
    bool done;
    tdm_code code;
    tdm_err err;
    tdm_stated stated;
} core_waiter;

typedef struct core_request {
    core_request_kind kind;
    core_waiter *waiter;     /* STATE, LOCAL */
    tdm_queue *answers;      /* KEEP, NOTICES */
    tdm_core_done *done;     /* KEEP, NOTICES: made beforehand, so that an answer cannot fail for memory */
    const tdm_draft *drafts; /* STATE: borrowed from the waiting caller */
    size_t draft_count;
    const char *local_name; /* LOCAL: borrowed from the waiting caller */
    tdm_span local_value;
    tdm_id origin; /* KEEP, ASIDE */
    uint64_t incarnation;
    tdm_run *runs; /* KEEP: own copies from here on */
    size_t run_count;
    tdm_span *spans;
    size_t event_count;
    bool has_seal;
    tdm_seal seal;
    tdm_id epoch; /* NOTICES */
    uint64_t *numbers;
    tdm_event *events;
    tdm_proof *proofs;
    char reason[32]; /* ASIDE */
    uint8_t *bytes;  /* KEEP, NOTICES, ASIDE: what the spans point into */
    size_t byte_count;
    tdm_code code;
} core_request;

void core_request_free(core_request *item); /* NULL-safe */

#endif
