/* SPDX-License-Identifier: MPL-2.0
 *
 * service.h: what a daemon can be asked and told: one row per service, one function each, the same behind the
 * control socket, the HTTP interface and the offline `tandem` command, so that they cannot disagree.
 *
 * A request is a verb, a JSON object of arguments, and at most one body of bytes (a spreadsheet, a log). An
 * answer is one JSON document
 * {"schema":"tandem.NAME/1","as_of":...,"complete":...,"data":[...]} or raw bytes (export), with an exit
 * status as in tdm_code_exit; a failure is {"type":"error","exit":N,"kind":word,"what":...,"hint":...}.
 */
#ifndef TANDEM_SERVICE_H
#define TANDEM_SERVICE_H

#include "core.h"
#include <jansson.h>

typedef struct tdm_service_context {
    tdm_core *core;
    const char *own_organisation; /* node: configured code; may be NULL */
    const char *listen_endpoint;  /* hub: what join codes name; NULL otherwise */
    int64_t now_ms;               /* UTC; TANDEM_NOW (RFC 3339) pins it in tests and samples */
    int64_t began_ms;             /* when the daemon opened, monotonic; 0: no daemon */
    /* node: ask the uplink to use new membership (after join) or keys; hub: the link key that answers is
     * another now, listen anew; may be NULL. */
    void (*rejoin)(void *context);
    /* hub: admit a one-time link key until a time; may be NULL */
    void (*admit)(void *context, const uint8_t key[32], int64_t expires_ms);
    /* hub: from its return on nothing is taken from this node, until its link keys are revoked; NULL: from
     * whom it was is taken from again. False: another node is shut out just now. May be NULL. */
    bool (*shut_out)(void *context, const tdm_id *origin);
    /* State of the links, one JSON object a link, for status and node list; may be NULL. Returns a new array:
     * {"origin":hex,"state":word,"peer_last":n (how far its log goes, as it says),"held":n (durable here,
     * hub), "in_flight":n,"acked":n (own log acknowledged by the hub, node),"feed_sent":n,"feed_acked":n,
     *  "last_seen_ms":UTC or 0,"refusal":word or "","refusal_text":text} */
    json_t *(*links)(void *context);
    void *context;             /* of the four above */
    struct tdm_people *people; /* node: its private log (people_log.h); NULL: this daemon keeps none */
    const tdm_told *told;      /* hears how far long work is; NULL: nobody */
} tdm_service_context;

typedef struct tdm_request {
    const json_t *args;
    tdm_span body;
} tdm_request;

typedef struct tdm_answer {
    tdm_buf bytes; /* the document, or raw bytes */
    bool raw;
    int exit; /* 0, or 1 where the answer is no (rejected rows, damage) */
} tdm_answer;

typedef tdm_code tdm_service_function(const tdm_service_context *context, const tdm_request *request,
                                      tdm_answer *answer, tdm_err *err);

typedef enum tdm_service_needs {
    TDM_NEEDS_LOG,       /* reads the log alone: figures need not be folded for it */
    TDM_NEEDS_WHOLE_LOG, /* the same, from one end to the other: others are answered meanwhile */
    TDM_NEEDS_FIGURES,   /* reads figures, too */
    TDM_NEEDS_WRITES     /* states facts: not offline */
} tdm_service_needs;

typedef struct tdm_service {
    const char *verb; /* "level", "link.pending" ... */
    bool hub;         /* offered by hubs */
    bool node;        /* offered by nodes */
    tdm_service_needs needs;
    tdm_service_function *function;
} tdm_service;

const tdm_service *tdm_services(size_t *count);
const tdm_service *tdm_service_find(const char *verb); /* NULL: there is none */
/* TDM_INVALID: unknown verb or wrong role, TDM_DENIED: writes offline; err.what says what to do. Never leaves
 * answer half-filled: on failure answer holds the error object. */
tdm_code tdm_service_call(const tdm_service_context *context, const char *verb, const tdm_request *request,
                          tdm_answer *answer, tdm_err *err);
void tdm_answer_free(tdm_answer *answer);

#endif
