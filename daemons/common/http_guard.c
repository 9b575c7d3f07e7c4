/* SPDX-License-Identifier: MPL-2.0
 *
 * http_guard.c: refuse requests that two readers could read differently, before any handler sees them.
 *
 * libmicrohttpd before 1.0.3 takes repeated Content-Length, Transfer-Encoding and Host and keeps one of them;
 * a proxy in front may keep the other (RFC 9112 section 11.2, request smuggling).
 */
#include "http_internal.h"

#include "tandem/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct header_counts {
    unsigned host;
    unsigned length;
    unsigned encoding;
    bool odd_name;  /* a name that is no token, such as "Content-Length " */
    bool odd_value; /* a control byte in a value */
    bool chunked;   /* Transfer-Encoding is exactly "chunked" */
};

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token(const char *text, size_t len)
{
    static const char SIGNS[] =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return len > 0 && strlen(text) == len && strspn(text, SIGNS) == len;
}

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return true;
    return false;
}

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                    const char *value, size_t value_len)
{
    (void)kind;
    struct header_counts *counts = user;
    counts->odd_name = counts->odd_name || !is_token(name, name_len);
    counts->odd_value = counts->odd_value || (value != NULL && has_control(value, value_len));
    counts->host += strcasecmp(name, "Host") == 0;
    counts->length += strcasecmp(name, "Content-Length") == 0;
    if (strcasecmp(name, "Transfer-Encoding") == 0) {
        counts->encoding++;
        counts->chunked = value != NULL && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

static const char *find_header_fault(const struct header_counts *counts, const char *version)
{
    const struct {
        bool broken;
        const char *what;
    } rules[] = {
        { counts->odd_name, "a header name is not a token" },
        { counts->odd_value, "a header value holds a control character" },
        { counts->host > 1, "Host is given more than once" },
        { counts->length > 1, "Content-Length is given more than once" },
        { counts->encoding > 1, "Transfer-Encoding is given more than once" },
        { counts->length > 0 && counts->encoding > 0, "Content-Length stands beside Transfer-Encoding" },
        { counts->encoding > 0 && !counts->chunked, "Transfer-Encoding is not chunked" },
        { strcmp(version, "HTTP/1.1") != 0 && counts->encoding > 0, "Transfer-Encoding needs HTTP/1.1" },
        { strcmp(version, "HTTP/1.1") == 0 && counts->host == 0, "Host is missing" },
    };
    for (size_t i = 0; i < TDM_COUNT(rules); i++)
        if (rules[i].broken)
            return rules[i].what;
    return NULL;
}

struct parameter_check {
    struct MHD_Connection *connection;
    const char *fault;
};

struct name_count {
    const char *name;
    unsigned seen;
};

static enum MHD_Result count_name(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    (void)value;
    struct name_count *count = user;
    count->seen += strcmp(count->name, name) == 0;
    return MHD_YES;
}

static enum MHD_Result check_parameter(void *user, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                       const char *value, size_t value_len)
{
    struct parameter_check *check = user;
    struct name_count count = { name, 0 };
    if (strlen(name) != name_len || !tdm_utf8_is_valid((tdm_span){ (const uint8_t *)name, name_len })
        || (value != NULL && !tdm_utf8_is_valid((tdm_span){ (const uint8_t *)value, value_len })))
        check->fault = "a parameter is not UTF-8";
    MHD_get_connection_values(check->connection, kind, count_name, &count);
    if (count.seen > 1)
        check->fault = "a parameter is given more than once";
    return check->fault == NULL ? MHD_YES : MHD_NO;
}

/* Bounds the quadratic search for doubles as well. */
enum { PARAMETERS_MAX = 64 };

static const char *find_parameter_fault(struct MHD_Connection *connection)
{
    struct parameter_check check = { connection, NULL };
    if (MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) > PARAMETERS_MAX)
        return "there are too many parameters";
    MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, check_parameter, &check);
    return check.fault;
}

bool tdm_http_target_is_sound(const char *target)
{
    for (const char *at = target; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strncmp(at, "%00", 3) == 0)
            return false;
    return true;
}

bool tdm_http_guard(tdm_http_request *request, const char *version, tdm_http_response *response)
{
    struct header_counts counts = { 0 };
    MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, count_header, &counts);
    const char *fault = find_header_fault(&counts, version);
    if (fault == NULL && request->bad_target)
        fault = "the target holds a control character";
    if (fault == NULL && !tdm_utf8_is_valid(tdm_span_text(request->path)))
        fault = "the path is not UTF-8";
    if (fault == NULL)
        fault = find_parameter_fault(request->connection);
    if (fault == NULL)
        return true;
    request->close = true;
    tdm_http_problem(response, MHD_HTTP_BAD_REQUEST, "%s", fault);
    return false;
}

uint64_t tdm_http_announced(const tdm_http_request *request)
{
    if (tdm_http_header(request, "Transfer-Encoding") != NULL)
        return UINT64_MAX;
    const char *length = tdm_http_header(request, "Content-Length");
    /* libmicrohttpd refused what is no number; strtoull gives ULLONG_MAX past its range. */
    return length == NULL ? 0 : strtoull(length, NULL, 10);
}
