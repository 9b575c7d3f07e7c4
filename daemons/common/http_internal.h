/* SPDX-License-Identifier: MPL-2.0
 *
 * http_internal.h: what the files of http share. Only they include microhttpd.h.
 */
#ifndef TANDEM_COMMON_HTTP_INTERNAL_H
#define TANDEM_COMMON_HTTP_INTERNAL_H

#include "http.h"

#include <microhttpd.h>
#include <time.h>

#define HTTP_SEGMENTS_MAX 4

struct http_segment {
    const char *name; /* in the route's path, behind the brace */
    size_t name_len;
    char value[256];
};

struct tdm_http_request {
    struct MHD_Connection *connection;
    uint64_t number;
    bool bad_target; /* the raw target holds a control byte or %00 */
    bool begun;      /* the header was judged */
    bool head;
    bool close;     /* the connection must not be used again after the answer */
    bool too_large; /* a chunked body went past the route's bound; the rest is thrown away */
    size_t thrown;
    const char *method;
    const char *path; /* decoded; lives as long as the connection's request */
    const tdm_http_route *route;
    struct http_segment segments[HTTP_SEGMENTS_MAX];
    size_t segment_count;
    tdm_buf body;
    struct timespec started;
};

/* Judge the header. True: it is sound; else response is the refusal, and the connection is to be closed. */
bool tdm_http_guard(tdm_http_request *request, const char *version, tdm_http_response *response);
/* The target as it came, before anything was decoded. */
bool tdm_http_target_is_sound(const char *target);
/* The body's announced length; 0 if none; UINT64_MAX if chunked. After the guard. */
uint64_t tdm_http_announced(const tdm_http_request *request);

/* Send response (its body is taken) with the headers every answer has; `allow` may be NULL. Returns the
 * status sent, which is 304 where the client has the same body already; 0 if nothing could be sent. */
unsigned tdm_http_send(tdm_http_request *request, tdm_http_response *response, const char *allow);

#endif
