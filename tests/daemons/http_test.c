/* SPDX-License-Identifier: MPL-2.0
 *
 * http_test.c: the specification of daemons/common/http*.c, said in bytes over real sockets.
 */
#include "http.h"

#include <stdarg.h>
#include <setjmp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

/* One server, and a gate that the slow handler waits at. */
struct bench {
    tdm_http *http;
    tdm_metrics *metrics;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int waiting;
    bool open;
};

static struct bench bench = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void say_level(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)context;
    static const char *const KNOWN[] = { "fy", "by" };
    const char *unknown = tdm_http_query_unknown(request, KNOWN, TDM_COUNT(KNOWN));
    if (unknown != NULL) {
        tdm_http_problem(response, 400, "no parameter %s", unknown);
        return;
    }
    const char *fy = tdm_http_query(request, "fy");
    tdm_buf_format(&response->body, "{\"fy\":\"%s\"}", fy == NULL ? "none" : fy);
}

static void say_node(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)context;
    tdm_http_type(response, "text/plain; charset=utf-8");
    tdm_buf_text(&response->body, tdm_http_segment(request, "node"));
}

static void echo(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)context;
    tdm_span body = tdm_http_body(request);
    response->status = 201;
    tdm_buf_add(&response->body, body.data, body.len);
}

static void fail_busy(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)context;
    (void)request;
    tdm_err err = { TDM_BUSY, 0, "the \"writer\" is behind" };
    tdm_http_failure(response, &err);
}

static void wait_at_gate(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    (void)request;
    struct bench *at = context;
    pthread_mutex_lock(&at->lock);
    at->waiting++;
    pthread_cond_broadcast(&at->changed);
    while (!at->open)
        pthread_cond_wait(&at->changed, &at->lock);
    pthread_mutex_unlock(&at->lock);
    tdm_buf_text(&response->body, "late");
}

static void say_metrics(void *context, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_http_metrics(((struct bench *)context)->metrics, request, response);
}

static const tdm_http_route ROUTES[] = {
    { "GET", "/api/v1/level", "level", say_level, 0 }, { "GET", "/api/v1/nodes/{node}", "node", say_node, 0 },
    { "GET", "/echo", "echo", say_level, 0 },          { "POST", "/echo", "echo", echo, 1000 },
    { "GET", "/busy", "busy", fail_busy, 0 },          { "GET", "/slow", "slow", wait_at_gate, 0 },
    { "GET", "/metrics", "metrics", say_metrics, 0 },
};

static int open_bench(void **state)
{
    (void)state;
    char *argv[] = { "hub", "--http.listen=127.0.0.1:0", "--http.timeout_ms=20s", "--log.level=warn", NULL };
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    if (tdm_config_load(&config, TDM_ROLE_HUB, 4, argv, NULL, &err) != TDM_OK
        || tdm_metrics_new(&bench.metrics, NULL, &err) != TDM_OK
        || tdm_http_start(&bench.http, config, ROUTES, TDM_COUNT(ROUTES), &bench, bench.metrics, &err)
               != TDM_OK)
        print_error("%s\n", err.what);
    tdm_config_destroy(&config);
    return tdm_http_port(bench.http) == 0 ? -1 : 0;
}

static int close_bench(void **state)
{
    (void)state;
    tdm_http_stop(&bench.http);
    tdm_metrics_destroy(&bench.metrics);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(tdm_http_port(bench.http)) };
    struct timeval patience = { .tv_sec = 30 };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* the server cut the connection: its answer is still to be read */
        text += sent;
        len -= (size_t)sent;
    }
}

/* All that comes until the server closes. */
static char *hear(int fd)
{
    tdm_buf out = { 0 };
    char piece[4096];
    for (ssize_t len = 1; len > 0;) {
        len = recv(fd, piece, sizeof piece, 0);
        assert_false(len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
        if (len > 0)
            tdm_buf_add(&out, piece, (size_t)len);
    }
    tdm_buf_add(&out, "", 1);
    close(fd);
    return (char *)out.data;
}

static char *ask(const char *request)
{
    int fd = dial();
    say(fd, request, strlen(request));
    return hear(fd);
}

static int status_of(const char *answer)
{
    int status = 0;
    return sscanf(answer, "HTTP/1.%*1d %d ", &status) == 1 ? status : 0;
}

#define END "Host: x\r\nConnection: close\r\n\r\n"
#define HTTP " HTTP/1.1\r\n"

struct row {
    const char *name;
    const char *request;
    int status;
    const char *wanted; /* stands in the answer; NULL: any */
};

static const struct row ROWS[] = {
    { "a known path is answered", "GET /api/v1/level" HTTP END, 200, "{\"fy\":\"none\"}" },
    { "a parameter is decoded", "GET /api/v1/level?fy=2017%2F18" HTTP END, 200, "{\"fy\":\"2017/18\"}" },
    { "HTTP/1.0 needs no Host", "GET /api/v1/level HTTP/1.0\r\n\r\n", 200, "none" },
    { "a segment is captured", "GET /api/v1/nodes/north" HTTP END, 200, "\r\n\r\nnorth" },
    { "an empty segment is nothing", "GET /api/v1/nodes/" HTTP END, 404, NULL },
    { "an unknown path is a problem of 404", "GET /nowhere" HTTP END, 404,
      "Content-Type: application/problem+json\r\n" },
    { "a longer path is not its beginning", "GET /api/v1/level/x" HTTP END, 404, NULL },
    { "another method is 405 with Allow", "DELETE /echo" HTTP END, 405, "Allow: GET, HEAD, POST\r\n" },
    { "OPTIONS is another method", "OPTIONS /api/v1/level" HTTP END, 405, "Allow: GET, HEAD\r\n" },
    { "TRACE is another method", "TRACE /api/v1/level" HTTP END, 405, NULL },
    { "every answer has the content policy", "GET /nowhere" HTTP END, 404,
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
      "font-src "
      "'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'\r\n" },
    { "every answer forbids sniffing", "GET /api/v1/level" HTTP END, 200,
      "X-Content-Type-Options: nosniff\r\n" },
    { "every answer sends no referrer", "GET /api/v1/level" HTTP END, 200,
      "Referrer-Policy: no-referrer\r\n" },
    { "every answer keeps to its origin", "GET /api/v1/level" HTTP END, 200,
      "Cross-Origin-Opener-Policy: same-origin\r\n" },
    { "a problem names itself", "GET /busy" HTTP END, 503,
      "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"the "
      "\\\"writer\\\" is "
      "behind\"}" },
    { "a handler sees which parameter is unknown", "GET /api/v1/level?fi=1" HTTP END, 400,
      "no parameter fi" },
    { "a missing Host on 1.1 is refused", "GET /api/v1/level" HTTP "Connection: close\r\n\r\n", 400, NULL },
    { "a repeated Host is refused", "GET /api/v1/level" HTTP "Host: y\r\n" END, 400,
      "Host is given more than once" },
    { "a repeated Content-Length is refused",
      "POST /echo" HTTP "Content-Length: 2\r\nContent-Length: 2\r\n" END "ab", 400,
      "Content-Length is given more than once" },
    { "two different Content-Lengths are refused",
      "POST /echo" HTTP "Content-Length: 2\r\ncontent-length: 1\r\n" END "ab", 400, NULL },
    { "a repeated Transfer-Encoding is refused",
      "POST /echo" HTTP "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n", 400,
      "Transfer-Encoding is given more than once" },
    { "Content-Length beside Transfer-Encoding is refused",
      "POST /echo" HTTP "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n", 400,
      "Content-Length stands beside Transfer-Encoding" },
    { "an encoding other than chunked is refused",
      "POST /echo" HTTP "Transfer-Encoding: gzip, chunked\r\n" END "0\r\n\r\n", 400,
      "Transfer-Encoding is not chunked" },
    { "chunks in HTTP/1.0 are refused",
      "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n", 400, NULL },
    { "a Content-Length that is no number is refused", "POST /echo" HTTP "Content-Length: 2x\r\n" END "ab",
      400, NULL },
    { "a negative Content-Length is refused", "POST /echo" HTTP "Content-Length: -2\r\n" END "ab", 400,
      NULL },
    { "a blank before the colon is refused", "GET /api/v1/level" HTTP "Content-Length : 0\r\n" END, 400,
      NULL },
    { "a zero byte in the path is refused", "GET /api/v1/level%00x" HTTP END, 400, "control character" },
    { "a parameter that is no UTF-8 is refused", "GET /api/v1/level?fy=%FF" HTTP END, 400, "not UTF-8" },
    { "a path that is no UTF-8 is refused", "GET /%C0%AF" HTTP END, 400, "not UTF-8" },
    { "a doubled parameter is refused", "GET /api/v1/level?fy=1&fy=2" HTTP END, 400, "more than once" },
    { "a body is handed over", "POST /echo" HTTP "Content-Length: 5\r\n" END "hello", 201, "\r\n\r\nhello" },
    { "a chunked body is put together",
      "POST /echo" HTTP "Transfer-Encoding: chunked\r\n" END "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 201,
      "\r\n\r\nhello" },
    { "a body too large is refused by its announcement", "POST /echo" HTTP "Content-Length: 1001\r\n" END,
      413, "larger than 1000 bytes" },
    { "a length past 64 bits is refused", "POST /echo" HTTP "Content-Length: 99999999999999999999999\r\n" END,
      413, NULL },
    { "a body where none is taken is refused", "GET /api/v1/level" HTTP "Content-Length: 1\r\n" END "x", 413,
      "takes no body" },
    { "chunks where no body is taken are refused",
      "GET /api/v1/level" HTTP "Transfer-Encoding: chunked\r\n" END, 413, NULL },
    { "metrics are text by default", "GET /metrics" HTTP END, 200,
      "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" },
    { "metrics are OpenMetrics when asked",
      "GET /metrics" HTTP "Accept: application/openmetrics-text\r\n" END, 200, "\n# EOF\n" },
    { "bytes that are no HTTP get no answer", "\x16\x03\x01\x02\r\n\r\n", 0, NULL },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    char *answer = ask(row->request);
    if (status_of(answer) != row->status || (row->wanted != NULL && strstr(answer, row->wanted) == NULL))
        fail_msg("%s", answer);
    free(answer);
}

/* What follows a refused request on its connection must not be taken for a request. */
static void check_smuggled(void **state)
{
    (void)state;
    static const char *const REQUESTS[] = {
        "GET /api/v1/level" HTTP "Host: x\r\nContent-Length: 50\r\n\r\nGET /busy HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /echo" HTTP
        "Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /busy" HTTP
        "Host: x\r\n\r\n",
        "GET /nowhere" HTTP "Host: x\r\nContent-Length: 30\r\n\r\nGET /busy HTTP/1.1\r\nHost: x\r\n\r\n",
        "DELETE /echo" HTTP "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /busy" HTTP
        "Host: x\r\n\r\n",
    };
    for (size_t i = 0; i < TDM_COUNT(REQUESTS); i++) {
        char *answer = ask(REQUESTS[i]);
        assert_in_range(status_of(answer), 400, 413);
        assert_non_null(strstr(answer, "Connection: close\r\n"));
        assert_null(strstr(answer + 1, "HTTP/1.1 "));
        free(answer);
    }
}

static void check_head(void **state)
{
    (void)state;
    char *head = ask("HEAD /api/v1/level" HTTP END);
    assert_int_equal(status_of(head), 200);
    assert_non_null(strstr(head, "Content-Length: 13\r\n"));
    assert_non_null(strstr(head, "ETag: \""));
    assert_string_equal(head + strlen(head) - 4, "\r\n\r\n");
    free(head);
}

static void check_etag(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        int status;
    } CASES[] = {
        { "GET /api/v1/level" HTTP "If-None-Match: %s\r\n" END, 304 },
        { "HEAD /api/v1/level" HTTP "If-None-Match: %s\r\n" END, 304 },
        { "GET /api/v1/level" HTTP "If-None-Match: \"x\", W/%s\r\n" END, 304 },
        { "GET /api/v1/level" HTTP "If-None-Match: *\r\nX: %s\r\n" END, 304 },
        { "GET /api/v1/level?fy=1" HTTP "If-None-Match: %s\r\n" END, 200 },
        { "GET /api/v1/level" HTTP "If-None-Match: x%s\r\n" END, 200 },
    };
    char tag[64];
    char request[256];
    char *answer = ask("GET /api/v1/level" HTTP END);
    assert_int_equal(sscanf(strstr(answer, "ETag: "), "ETag: %63[^\r]", tag), 1);
    assert_int_equal(strlen(tag), 34);
    free(answer);
    for (size_t i = 0; i < TDM_COUNT(CASES); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(request, sizeof request, CASES[i].format, tag);
#pragma GCC diagnostic pop
        answer = ask(request);
        assert_int_equal(status_of(answer), CASES[i].status);
        if (CASES[i].status == 304)
            assert_string_equal(answer + strlen(answer) - 4, "\r\n\r\n");
        free(answer);
    }
}

static void check_header_overflow(void **state)
{
    (void)state;
    char *request = malloc(70000);
    char *at = request + sprintf(request, "GET /api/v1/level" HTTP "Host: x\r\nX-Big: ");
    memset(at, 'a', 60000);
    strcpy(at + 60000, "\r\n\r\n");
    char *answer = ask(request);
    assert_in_range(status_of(answer), 413, 431);
    free(answer);
    strcpy(request, "GET /");
    memset(request + 5, 'a', 60000);
    strcpy(request + 60005, HTTP END);
    answer = ask(request);
    assert_in_range(status_of(answer), 413, 431);
    free(answer);
    free(request);
}

/* A chunked body tells no length: it is bounded as it comes. */
static void check_chunked_overflow(void **state)
{
    (void)state;
    tdm_buf request = { 0 };
    tdm_buf_text(&request, "POST /echo" HTTP "Transfer-Encoding: chunked\r\n" END);
    for (int i = 0; i < 20; i++)
        tdm_buf_format(&request, "64\r\n%0100d\r\n", i);
    tdm_buf_text(&request, "0\r\n\r\n");
    int fd = dial();
    say(fd, (char *)request.data, request.len);
    char *answer = hear(fd);
    assert_int_equal(status_of(answer), 413);
    free(answer);
    tdm_buf_free(&request);
}

static void check_endless_body(void **state)
{
    (void)state;
    char chunk[1100];
    int fd = dial();
    int len = snprintf(chunk, sizeof chunk, "400\r\n%01024d\r\n", 0);
    say(fd, "POST /echo" HTTP "Transfer-Encoding: chunked\r\n" END,
        strlen("POST /echo" HTTP "Transfer-Encoding: chunked\r\n" END));
    bool cut = false;
    for (int i = 0; i < 100000 && !cut; i++)
        cut = send(fd, chunk, (size_t)len, MSG_NOSIGNAL) < 0;
    assert_true(cut);
    close(fd);
}

static void check_kept_connection(void **state)
{
    (void)state;
    static const char THREE[] = "GET /api/v1/level?fy=1" HTTP "Host: x\r\n\r\n"
                                "POST /echo" HTTP "Host: x\r\nContent-Length: 2\r\n\r\nhi"
                                "GET /api/v1/level?fy=3" HTTP END;
    char *answer = ask(THREE);
    const char *first = strstr(answer, "{\"fy\":\"1\"}");
    assert_non_null(first);
    const char *second = strstr(first, "\r\n\r\nhi");
    assert_non_null(second);
    assert_non_null(strstr(second, "{\"fy\":\"3\"}"));
    free(answer);
}

/* Clients that sent half a header, or read nothing, hold no thread. */
static void check_slow_clients(void **state)
{
    (void)state;
    int slow[40];
    for (size_t i = 0; i < TDM_COUNT(slow); i++) {
        slow[i] = dial();
        say(slow[i], "GET /api/v1/level HT", 20);
    }
    char *answer = ask("GET /api/v1/level" HTTP END);
    assert_int_equal(status_of(answer), 200);
    free(answer);
    for (size_t i = 0; i < TDM_COUNT(slow); i++) {
        say(slow[i], "TP/1.1\r\n" END, strlen("TP/1.1\r\n" END));
        answer = hear(slow[i]);
        assert_int_equal(status_of(answer), 200);
        free(answer);
    }
}

/* A thread that is in a handler takes no new connection: the other one does.
 */
static void check_slow_handler(void **state)
{
    (void)state;
    bench.open = false;
    bench.waiting = 0;
    int slow = dial();
    say(slow, "GET /slow" HTTP END, strlen("GET /slow" HTTP END));
    pthread_mutex_lock(&bench.lock);
    while (bench.waiting == 0)
        pthread_cond_wait(&bench.changed, &bench.lock);
    pthread_mutex_unlock(&bench.lock);
    char *answer = ask("GET /api/v1/level" HTTP END);
    assert_int_equal(status_of(answer), 200);
    free(answer);
    pthread_mutex_lock(&bench.lock);
    bench.open = true;
    pthread_cond_broadcast(&bench.changed);
    pthread_mutex_unlock(&bench.lock);
    answer = hear(slow);
    assert_non_null(strstr(answer, "\r\n\r\nlate"));
    free(answer);
}

static void check_counted(void **state)
{
    (void)state;
    const char *values[] = { "level", "HEAD", "200" };
    tdm_series *series = tdm_metrics_series_of(bench.metrics, TDM_METRIC_HTTP_REQUESTS, values, 3);
    double before = tdm_series_value(series);
    free(ask("HEAD /api/v1/level" HTTP END));
    assert_true(tdm_series_value(series) == before + 1);
    const char *odd[] = { "none", "other", "404" };
    series = tdm_metrics_series_of(bench.metrics, TDM_METRIC_HTTP_REQUESTS, odd, 3);
    free(ask("BREW /nowhere" HTTP END));
    assert_true(tdm_series_value(series) == 1);
}

static void check_port_taken(void **state)
{
    (void)state;
    char listen_at[64];
    snprintf(listen_at, sizeof listen_at, "--http.listen=127.0.0.1:%u", tdm_http_port(bench.http));
    char *argv[] = { "hub", listen_at, NULL };
    tdm_config *config = NULL;
    tdm_http *second = NULL;
    tdm_err err = { 0 };
    assert_int_equal(tdm_config_load(&config, TDM_ROLE_HUB, 2, argv, NULL, NULL), TDM_OK);
    assert_int_equal(tdm_http_start(&second, config, ROUTES, 1, NULL, NULL, &err), TDM_BUSY);
    assert_null(second);
    assert_non_null(strstr(err.what, "http.listen = 127.0.0.1:"));
    tdm_config_destroy(&config);
}

static void check_off(void **state)
{
    (void)state;
    char *argv[] = { "hub", "--http.listen=off", NULL };
    tdm_config *config = NULL;
    tdm_http *none = NULL;
    assert_int_equal(tdm_config_load(&config, TDM_ROLE_HUB, 2, argv, NULL, NULL), TDM_OK);
    assert_int_equal(tdm_http_start(&none, config, ROUTES, 1, NULL, NULL, NULL), TDM_OK);
    assert_null(none);
    assert_int_equal(tdm_http_port(none), 0);
    tdm_http_stop(&none);
    tdm_config_destroy(&config);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 12];
    size_t n = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[n++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
#define ROW(name, check) tests[n++] = (struct CMUnitTest){ name, check, NULL, NULL, NULL }
    ROW("nothing is smuggled behind a refusal", check_smuggled);
    ROW("HEAD is GET without the body", check_head);
    ROW("a known ETag gives 304", check_etag);
    ROW("a header past its bound is refused", check_header_overflow);
    ROW("a chunked body past its bound is refused", check_chunked_overflow);
    ROW("an endless body is cut off", check_endless_body);
    ROW("one connection carries several requests", check_kept_connection);
    ROW("slow clients hold nobody up", check_slow_clients);
    ROW("a slow handler does not hold up the other thread", check_slow_handler);
    ROW("answers are counted by route, method and code", check_counted);
    ROW("a taken port is said", check_port_taken);
    ROW("http may be off", check_off);
    return _cmocka_run_group_tests("http", tests, n, open_bench, close_bench);
}
