/* SPDX-License-Identifier: MPL-2.0
 *
 * http.c: the server: listening, routing, one request's way from the header to the answer.
 */
#include "http.h"
#include "http_internal.h"
#include "config_internal.h"

#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How much of a body beyond its bound is read and thrown away, so that the client can read the refusal,
 * before the connection is cut. */
#define THROWN_MAX (256 * 1024)

struct tdm_http {
    struct MHD_Daemon *daemon;
    const tdm_http_route *routes; /* borrowed */
    size_t route_count;
    void *context;        /* of the handlers; borrowed */
    tdm_metrics *metrics; /* borrowed; may be NULL */
    atomic_uint_fast64_t requests;
    uint16_t port;
};

const char *tdm_http_path(const tdm_http_request *request)
{
    return request->path;
}

const char *tdm_http_method(const tdm_http_request *request)
{
    return request->method;
}

uint64_t tdm_http_number(const tdm_http_request *request)
{
    return request->number;
}

struct parameter_search {
    const char *name; /* wanted; or NULL: look for one that is not allowed */
    const char *const *allowed;
    size_t count;
    const char *found;
};

static enum MHD_Result match_parameter(void *user, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    (void)kind;
    struct parameter_search *search = user;
    if (strcmp(name, search->name) != 0)
        return MHD_YES;
    search->found = value == NULL ? "" : value;
    return MHD_NO;
}

const char *tdm_http_query(const tdm_http_request *request, const char *name)
{
    struct parameter_search search = { name, NULL, 0, NULL };
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, match_parameter, &search);
    return search.found;
}

static enum MHD_Result match_unknown(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    (void)value;
    struct parameter_search *search = user;
    for (size_t i = 0; i < search->count; i++)
        if (strcmp(search->allowed[i], name) == 0)
            return MHD_YES;
    search->found = name;
    return MHD_NO;
}

const char *tdm_http_query_unknown(const tdm_http_request *request, const char *const *allowed, size_t count)
{
    struct parameter_search search = { NULL, allowed, count, NULL };
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, match_unknown, &search);
    return search.found;
}

const char *tdm_http_header(const tdm_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *tdm_http_segment(const tdm_http_request *request, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < request->segment_count; i++)
        if (request->segments[i].name_len == len && memcmp(request->segments[i].name, name, len) == 0)
            return request->segments[i].value;
    return NULL;
}

tdm_span tdm_http_body(const tdm_http_request *request)
{
    return tdm_buf_span(&request->body);
}

/* One segment of pattern, up to its slash, against one of path. Captures what stands at "{name}". */
static bool match_segment(const char *pattern, size_t pattern_len, const char *path, size_t path_len,
                          tdm_http_request *request)
{
    if (pattern_len < 2 || pattern[0] != '{')
        return pattern_len == path_len && memcmp(pattern, path, path_len) == 0;
    struct http_segment *segment = &request->segments[request->segment_count];
    if (path_len == 0 || path_len >= sizeof segment->value || request->segment_count == HTTP_SEGMENTS_MAX)
        return false;
    segment->name = pattern + 1;
    segment->name_len = pattern_len - 2;
    memcpy(segment->value, path, path_len);
    segment->value[path_len] = '\0';
    request->segment_count++;
    return true;
}

static bool match_path(const char *pattern, tdm_http_request *request)
{
    const char *path = request->path;
    request->segment_count = 0;
    while (*pattern == '/' && *path == '/') {
        size_t pattern_len = strcspn(++pattern, "/");
        size_t path_len = strcspn(++path, "/");
        if (!match_segment(pattern, pattern_len, path, path_len, request))
            return false;
        pattern += pattern_len;
        path += path_len;
    }
    return *pattern == '\0' && *path == '\0';
}

/* Find the route; else the refusal. allow gets the methods of the path, for 405. */
static bool find_route(const tdm_http *http, tdm_http_request *request, char *allow, size_t size,
                       tdm_http_response *response)
{
    size_t len = 0;
    for (size_t i = 0; i < http->route_count; i++) {
        const tdm_http_route *route = &http->routes[i];
        if (!match_path(route->path, request))
            continue;
        if (strcmp(route->method, request->method) == 0) {
            request->route = route;
            return true;
        }
        const char *also = strcmp(route->method, "GET") == 0 ? ", HEAD" : "";
        if (len < size)
            len += (size_t)snprintf(allow + len, size - len, "%s%s%s", len == 0 ? "" : ", ", route->method,
                                    also);
    }
    if (len == 0)
        tdm_http_problem(response, MHD_HTTP_NOT_FOUND, "there is nothing at %.200s", request->path);
    else
        tdm_http_problem(response, MHD_HTTP_METHOD_NOT_ALLOWED, "%.20s is not for %.200s; %s is",
                         request->method, request->path, allow);
    return false;
}

static bool fits(const tdm_http_request *request, uint64_t announced, tdm_http_response *response)
{
    size_t max = request->route->max_body;
    bool chunked = announced == UINT64_MAX;
    if (chunked ? max > 0 : announced <= max)
        return true;
    if (max == 0)
        tdm_http_problem(response, MHD_HTTP_CONTENT_TOO_LARGE, "this takes no body");
    else
        tdm_http_problem(response, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than %zu bytes", max);
    return false;
}

/* A fixed list, so that a client's inventions make no series. */
static const char *method_label(const tdm_http_request *request)
{
    static const char *const KNOWN[] = { "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS" };
    for (size_t i = 0; i < TDM_COUNT(KNOWN); i++)
        if (strcmp(KNOWN[i], request->method) == 0)
            return request->head ? "HEAD" : KNOWN[i];
    return "other";
}

static void count_answer(const tdm_http *http, const tdm_http_request *request, unsigned status,
                         const char *route)
{
    struct timespec now;
    char code[16];
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us =
        (now.tv_sec - request->started.tv_sec) * 1000000 + (now.tv_nsec - request->started.tv_nsec) / 1000;
    snprintf(code, sizeof code, "%u", status);
    if (http->metrics != NULL) {
        const char *values[] = { route, method_label(request), code };
        tdm_series_add(tdm_metrics_series_of(http->metrics, TDM_METRIC_HTTP_REQUESTS, values, 3), 1);
        tdm_metrics_observe(http->metrics, TDM_METRIC_HTTP_DURATION, (double)us / 1e6);
    }
    tdm_log(TDM_LOG_DEBUG, "HTTP-ANSWER", tdm_log_uint("request", request->number),
            tdm_log_text("route", route), tdm_log_text("method", request->method),
            tdm_log_text("path", request->path), tdm_log_int("status", status), tdm_log_int("took_us", us));
}

static enum MHD_Result answer(const tdm_http *http, tdm_http_request *request, tdm_http_response *response,
                              const char *allow)
{
    const char *route = request->route == NULL ? "none" : request->route->name;
    unsigned status = tdm_http_send(request, response, allow);
    tdm_buf_free(&response->body);
    count_answer(http, request, status == 0 ? 500 : status, route);
    return status == 0 ? MHD_NO : MHD_YES;
}

/* The header has come: refuse now, or let the body follow. */
static enum MHD_Result begin_request(const tdm_http *http, tdm_http_request *request, const char *version)
{
    tdm_http_response response = { .status = MHD_HTTP_OK };
    char allow[80] = "";
    request->begun = true;
    if (!tdm_http_guard(request, version, &response))
        return answer(http, request, &response, NULL);
    uint64_t announced = tdm_http_announced(request);
    bool taken =
        find_route(http, request, allow, sizeof allow, &response) && fits(request, announced, &response);
    if (taken)
        return MHD_YES;
    /* The body is not read; what follows on this connection would be taken for a request. */
    request->close = announced > 0;
    return answer(http, request, &response, *allow == '\0' || request->route != NULL ? NULL : allow);
}

static enum MHD_Result take_body(tdm_http_request *request, const char *data, size_t *len)
{
    size_t room = request->route->max_body - request->body.len;
    if (request->too_large || *len > room) {
        request->too_large = true;
        request->thrown += *len;
    } else {
        tdm_buf_add(&request->body, data, *len);
    }
    *len = 0;
    return request->thrown <= THROWN_MAX && !request->body.failed ? MHD_YES : MHD_NO;
}

static enum MHD_Result finish_request(const tdm_http *http, tdm_http_request *request)
{
    tdm_http_response response = { .status = MHD_HTTP_OK, .type = "application/json" };
    if (request->too_large)
        tdm_http_problem(&response, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than %zu bytes",
                         request->route->max_body);
    else
        request->route->handle(http->context, request, &response);
    return answer(http, request, &response, NULL);
}

/* Called by the library once for the header, for each piece of the body, and once when all is there. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data, size_t *len,
                                  void **state)
{
    const tdm_http *http = user;
    tdm_http_request *request = *state;
    if (request == NULL)
        return MHD_NO; /* no memory when the target was read */
    request->connection = connection;
    request->path = path;
    request->head = strcmp(method, "HEAD") == 0;
    request->method = request->head ? "GET" : method;
    if (!request->begun)
        return begin_request(http, request, version);
    if (*len > 0)
        return take_body(request, data, len);
    return finish_request(http, request);
}

/* The first sight of a request, before its target is decoded. */
static void *on_target(void *user, const char *target, struct MHD_Connection *connection)
{
    tdm_http *http = user;
    tdm_http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    request->connection = connection;
    request->bad_target = !tdm_http_target_is_sound(target);
    request->number = atomic_fetch_add(&http->requests, 1) + 1;
    clock_gettime(CLOCK_MONOTONIC, &request->started);
    return request;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)user;
    (void)connection;
    (void)code;
    tdm_http_request *request = *state;
    if (request != NULL)
        tdm_buf_free(&request->body);
    free(request);
    *state = NULL;
}

static void on_library_log(void *user, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void on_library_log(void *user, const char *format, va_list args)
{
    (void)user;
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    tdm_log(TDM_LOG_DEBUG, "HTTP-LIBRARY", tdm_log_text("what", text));
}

static tdm_code open_listener(const char *listen_at, int *fd, int *family, tdm_err *err)
{
    char host[256];
    char service[8];
    uint16_t port;
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    TDM_ASSERT(tdm_address_split(listen_at, host, sizeof host, &port)); /* the configuration was checked */
    snprintf(service, sizeof service, "%u", port);
    const char *node = strcmp(host, "*") == 0 ? NULL : strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    int failed = getaddrinfo(node, service, &hints, &found);
    if (failed != 0)
        return tdm_fail(err, TDM_INVALID, 0, "http.listen = %.80s: %s", listen_at, gai_strerror(failed));
    int one = 1;
    *family = found->ai_family;
    *fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = *fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0
                && bind(*fd, found->ai_addr, found->ai_addrlen) == 0 && listen(*fd, 128) == 0;
    int sys = errno;
    freeaddrinfo(found);
    if (good)
        return TDM_OK;
    if (*fd >= 0)
        close(*fd);
    return tdm_fail(err, sys == EADDRINUSE ? TDM_BUSY : TDM_IO, sys,
                    "cannot listen at http.listen = %.80s: %s", listen_at, strerror(sys));
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof address;
    char service[8] = "0";
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, service, sizeof service, NI_NUMERICSERV);
    return (uint16_t)strtoul(service, NULL, 10);
}

static tdm_code start_daemon(tdm_http *http, const tdm_config *config, int fd, int family, tdm_err *err)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    unsigned threads = (unsigned)tdm_config_int(config, "http.threads");
    if (family == AF_INET6)
        flags |= MHD_USE_IPv6;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)tdm_config_int(config, "http.max_connections"), MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)tdm_config_int(config, "http.max_per_address"), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)tdm_config_int(config, "http.max_header_bytes"), MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(tdm_config_int(config, "http.timeout_ms") / 1000), MHD_OPTION_THREAD_POOL_SIZE,
        threads > 1 ? threads : 0U, MHD_OPTION_END);
    if (http->daemon != NULL)
        return TDM_OK;
    close(fd);
    return tdm_fail(err, TDM_IO, errno, "cannot start the HTTP server");
}

/* Each route's series stands from the start, with the answer it is expected to give. */
static void declare_routes(const tdm_http *http)
{
    for (size_t i = 0; http->metrics != NULL && i < http->route_count; i++) {
        const char *values[] = { http->routes[i].name, http->routes[i].method, "200" };
        (void)tdm_metrics_series_of(http->metrics, TDM_METRIC_HTTP_REQUESTS, values, 3);
    }
}

tdm_code tdm_http_start(tdm_http **out, const tdm_config *config, const tdm_http_route *routes, size_t count,
                        void *context, tdm_metrics *metrics, tdm_err *err)
{
    *out = NULL;
    const char *listen_at = tdm_config_text(config, "http.listen");
    if (strcmp(listen_at, "off") == 0)
        return TDM_OK;
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for the HTTP server");
    http->routes = routes;
    http->route_count = count;
    http->context = context;
    http->metrics = metrics;
    int fd = -1;
    int family = AF_INET;
    tdm_code code = open_listener(listen_at, &fd, &family, err);
    if (code == TDM_OK) {
        http->port = port_of(fd);
        declare_routes(http);
        code = start_daemon(http, config, fd, family, err);
    }
    if (code != TDM_OK)
        tdm_http_stop(&http);
    *out = http;
    return code;
}

uint16_t tdm_http_port(const tdm_http *http)
{
    return http == NULL ? 0 : http->port;
}

void tdm_http_stop(tdm_http **http_at)
{
    tdm_http *http = http_at == NULL ? NULL : *http_at;
    if (http == NULL)
        return;
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    free(http);
    *http_at = NULL;
}
