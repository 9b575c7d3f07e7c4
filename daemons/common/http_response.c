/* SPDX-License-Identifier: MPL-2.0
 *
 * http_response.c: what goes out: problems, validators, and the headers that every answer has.
 */
#include "http_internal.h"
#include "json.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Nothing from elsewhere runs, is loaded, or frames a page of ours. */
static const struct {
    const char *name;
    const char *value;
} HEADERS[] = {
    { "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
      "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
      "require-trusted-types-for 'script'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cache-Control", "no-cache" },
};

/* The statuses a handler of ours answers with, and their titles. */
static const struct {
    unsigned status;
    const char *title;
} TITLES[] = {
    { 400, "Bad Request" },       { 401, "Unauthorized" },           { 403, "Forbidden" },
    { 404, "Not Found" },         { 405, "Method Not Allowed" },     { 409, "Conflict" },
    { 413, "Content Too Large" }, { 415, "Unsupported Media Type" }, { 422, "Unprocessable Content" },
    { 429, "Too Many Requests" }, { 500, "Internal Server Error" },  { 503, "Service Unavailable" },
};

static const struct {
    tdm_code code;
    unsigned status;
} FAILURES[] = {
    { TDM_INVALID, 400 },  { TDM_MALFORMED, 400 }, { TDM_DENIED, 403 }, { TDM_NOT_FOUND, 404 },
    { TDM_CONFLICT, 409 }, { TDM_EXISTS, 409 },    { TDM_BUSY, 503 },   { TDM_UNREACHABLE, 503 },
};

static const char *title_of(unsigned status)
{
    for (size_t i = 0; i < TDM_COUNT(TITLES); i++)
        if (TITLES[i].status == status)
            return TITLES[i].title;
    return "Error";
}

void tdm_http_type(tdm_http_response *response, const char *type)
{
    snprintf(response->type, sizeof response->type, "%s", type);
}

void tdm_http_problem(tdm_http_response *response, unsigned status, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    response->status = status;
    tdm_http_type(response, "application/problem+json");
    tdm_buf_clear(&response->body);
    /* Not the writer: the detail may quote a client's bytes, or be cut inside a character, and must go out.
     */
    tdm_buf_format(&response->body,
                   "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":", title_of(status),
                   status);
    tdm_json_quote(&response->body, tdm_span_text(detail));
    tdm_buf_text(&response->body, "}");
}

void tdm_http_failure(tdm_http_response *response, const tdm_err *err)
{
    unsigned status = 500;
    for (size_t i = 0; i < TDM_COUNT(FAILURES); i++)
        if (FAILURES[i].code == err->code)
            status = FAILURES[i].status;
    tdm_http_problem(response, status, "%s", err->what);
}

void tdm_http_metrics(tdm_metrics *metrics, const tdm_http_request *request, tdm_http_response *response)
{
    tdm_metrics_format format = tdm_metrics_negotiate(tdm_http_header(request, "Accept"));
    tdm_http_type(response, tdm_metrics_type(format));
    tdm_metrics_write(metrics, format, &response->body);
}

#define TAG_BYTES 16

static void form_tag(char out[2 * TAG_BYTES + 3], tdm_span body)
{
    uint8_t hash[TAG_BYTES];
    crypto_generichash(hash, sizeof hash, body.data, body.len, NULL, 0);
    out[0] = '"';
    tdm_hex(out + 1, hash, sizeof hash);
    strcpy(out + 2 * TAG_BYTES + 1, "\"");
}

/* RFC 9110 section 13.1.2: a list of tags, weak ones compared without their W/, or a star. */
static bool has_tag(const char *list, const char *tag)
{
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        size_t len = strcspn(list, " \t,");
        if ((len == 1 && *list == '*') || (len == strlen(tag) && memcmp(list, tag, len) == 0))
            return true;
        list += len;
    }
    return false;
}

/* The body passes to the library without a copy: tdm_buf's memory comes from malloc. */
static struct MHD_Response *wrap_body(tdm_buf *body)
{
    if (body->len == 0) {
        tdm_buf_free(body);
        return MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    }
    struct MHD_Response *wrapped =
        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    if (wrapped == NULL)
        tdm_buf_free(body);
    *body = (tdm_buf){ 0 };
    return wrapped;
}

static void add_headers(struct MHD_Response *wrapped, const tdm_http_request *request,
                        const tdm_http_response *response, const char *tag, const char *allow)
{
    for (size_t i = 0; i < TDM_COUNT(HEADERS); i++)
        MHD_add_response_header(wrapped, HEADERS[i].name, HEADERS[i].value);
    if (response->status != MHD_HTTP_NOT_MODIFIED)
        MHD_add_response_header(wrapped, "Content-Type", response->type);
    if (response->location[0] != '\0')
        MHD_add_response_header(wrapped, "Location", response->location);
    if (*tag != '\0')
        MHD_add_response_header(wrapped, "ETag", tag);
    if (allow != NULL)
        MHD_add_response_header(wrapped, "Allow", allow);
    if (request->close)
        MHD_add_response_header(wrapped, "Connection", "close");
}

unsigned tdm_http_send(tdm_http_request *request, tdm_http_response *response, const char *allow)
{
    char tag[2 * TAG_BYTES + 3] = "";
    if (response->body.failed)
        tdm_http_problem(response, 500, "no memory for the answer");
    if (response->status == MHD_HTTP_OK && strcmp(request->method, "GET") == 0) {
        form_tag(tag, tdm_buf_span(&response->body));
        if (has_tag(tdm_http_header(request, "If-None-Match"), tag)) {
            response->status = MHD_HTTP_NOT_MODIFIED;
            tdm_buf_clear(&response->body);
        }
    }
    struct MHD_Response *wrapped = wrap_body(&response->body);
    if (wrapped == NULL)
        return 0;
    add_headers(wrapped, request, response, tag, allow);
    enum MHD_Result queued = MHD_queue_response(request->connection, response->status, wrapped);
    MHD_destroy_response(wrapped);
    return queued == MHD_YES ? response->status : 0;
}
