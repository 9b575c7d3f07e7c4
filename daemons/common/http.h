/* SPDX-License-Identifier: MPL-2.0
 *
 * http.h: HTTP/1.1 for figures, health and metrics. The one module that knows libmicrohttpd.
 *
 * It stands between the network and the handlers: it refuses requests that two readers could read differently
 * (RFC 9112 section 11.2), bounds connections, headers, bodies and times, and gives every answer of ours the
 * security headers. Handlers see a request that is whole and within bounds. They run on the module's threads,
 * several at once: they must be thread-safe, and answer from a snapshot rather than wait.
 */
#ifndef TANDEM_COMMON_HTTP_H
#define TANDEM_COMMON_HTTP_H

#include "config.h"
#include "metrics.h"
#include "tandem/base.h"

typedef struct tdm_http tdm_http;
typedef struct tdm_http_request tdm_http_request;

typedef struct tdm_http_response {
    unsigned status;    /* 200 unless the handler says otherwise */
    char type[96];      /* media type; application/json unless the handler says otherwise */
    char location[160]; /* Location header, if not empty */
    tdm_buf body;       /* taken over by the module */
} tdm_http_response;

typedef void tdm_http_handler(void *context, const tdm_http_request *request, tdm_http_response *response);

/* Routes are borrowed until stop. GET also serves HEAD. */
typedef struct tdm_http_route {
    const char *method;
    const char *path; /* "/api/v1/level"; a segment "{node}" takes any one segment */
    const char *name; /* label `route` of the metrics */
    tdm_http_handler *handle;
    size_t max_body; /* bytes; 0: a request with a body is refused */
} tdm_http_route;

/* Answers of GET with status 200 get an ETag over their body, and 304 when the client has it. */

const char *tdm_http_path(const tdm_http_request *request);
const char *tdm_http_method(const tdm_http_request *request); /* "GET" also for HEAD */
uint64_t tdm_http_number(const tdm_http_request *request);    /* of this request, for the log */
/* Decoded and valid UTF-8, without NUL; NULL if absent. A parameter given twice was refused before. */
const char *tdm_http_query(const tdm_http_request *request, const char *name);
/* The first parameter whose name is not among the `count` allowed ones, for a 400; NULL if none. */
const char *tdm_http_query_unknown(const tdm_http_request *request, const char *const *allowed, size_t count);
const char *tdm_http_header(const tdm_http_request *request, const char *name);
/* What stood at "{name}" in the route's path: decoded, not empty, without slash. */
const char *tdm_http_segment(const tdm_http_request *request, const char *name);
tdm_span tdm_http_body(const tdm_http_request *request);

void tdm_http_type(tdm_http_response *response, const char *type);
/* An RFC 9457 problem: {"type":"about:blank","title":...,"status":...,"detail":...}. Replaces the body. */
void tdm_http_problem(tdm_http_response *response, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The problem for a failure of ours: invalid 400, denied 403, not-found 404, busy 503, else 500. */
void tdm_http_failure(tdm_http_response *response, const tdm_err *err);
/* The metrics page in the format the request asks for. */
void tdm_http_metrics(tdm_metrics *metrics, const tdm_http_request *request, tdm_http_response *response);

/*
 * Listen as [http] of config says and serve routes; returns when listening. `http.listen = off` gives TDM_OK
 * and *out NULL, which the functions below take. metrics may be NULL.
 *
 * TDM_BUSY: the port is taken. (That it is a loopback address, or a proxy stands in front, the configuration
 * checked.)
 */
tdm_code tdm_http_start(tdm_http **out, const tdm_config *config, const tdm_http_route *routes, size_t count,
                        void *context, tdm_metrics *metrics, tdm_err *err);
uint16_t tdm_http_port(const tdm_http *http); /* the one chosen for port 0; 0 if off */
void tdm_http_stop(tdm_http **http);          /* returns when its threads are gone */

#endif
