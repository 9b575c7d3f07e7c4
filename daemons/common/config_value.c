/* SPDX-License-Identifier: MPL-2.0
 *
 * config_value.c: the kinds of settings: what each takes, and how its text is read.
 */
#include "config_internal.h"

#include "tandem/utf8.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit NO_UNITS[] = { { "", 1 }, { NULL, 0 } };
static const struct unit TIMES[] = { { "", 1 },      { "ms", 1 },      { "s", 1000 },
                                     { "m", 60000 }, { "h", 3600000 }, { NULL, 0 } };
static const struct unit SIZES[] = { { "", 1 },
                                     { "B", 1 },
                                     { "KiB", INT64_C(1) << 10 },
                                     { "MiB", INT64_C(1) << 20 },
                                     { "GiB", INT64_C(1) << 30 },
                                     { "TiB", INT64_C(1) << 40 },
                                     { NULL, 0 } };

/* Digits and one unit, within the row's bounds. */
static bool parse_scaled(const tdm_setting *setting, const char *text, const struct unit *units,
                         int64_t *number)
{
    int64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (*at - '0');
    }
    if (at == text)
        return false;
    for (; units->suffix != NULL; units++)
        if (strcmp(units->suffix, at) == 0) {
            if (value > setting->max / units->factor || value * units->factor < setting->min)
                return false;
            *number = value * units->factor;
            return true;
        }
    return false;
}

static bool parse_text(const tdm_setting *setting, const char *text, int64_t *number)
{
    (void)number;
    int64_t len = (int64_t)strlen(text);
    return len >= setting->min && len <= setting->max;
}

static bool parse_integer(const tdm_setting *setting, const char *text, int64_t *number)
{
    return parse_scaled(setting, text, NO_UNITS, number);
}

static bool parse_duration(const tdm_setting *setting, const char *text, int64_t *number)
{
    return parse_scaled(setting, text, TIMES, number);
}

static bool parse_bytes(const tdm_setting *setting, const char *text, int64_t *number)
{
    return parse_scaled(setting, text, SIZES, number);
}

static bool parse_boolean(const tdm_setting *setting, const char *text, int64_t *number)
{
    (void)setting;
    static const char *const WORDS[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++)
        if (strcmp(WORDS[i], text) == 0) {
            *number = (int64_t)(i % 2);
            return true;
        }
    return false;
}

static bool parse_choice(const tdm_setting *setting, const char *text, int64_t *number)
{
    size_t len = strlen(text);
    for (const char *word = setting->words; word != NULL; *number += 1) {
        const char *end = strchr(word, '|');
        size_t size = end == NULL ? strlen(word) : (size_t)(end - word);
        if (size == len && memcmp(word, text, len) == 0)
            return true;
        word = end == NULL ? NULL : end + 1;
    }
    return false;
}

static bool parse_address(const tdm_setting *setting, const char *text, int64_t *number)
{
    char host[256];
    uint16_t port;
    return parse_text(setting, text, number)
           && (strcmp(text, "off") == 0 || tdm_address_split(text, host, sizeof host, &port));
}

static bool parse_endpoint(const tdm_setting *setting, const char *text, int64_t *number)
{
    static const char SCHEME[] = "tcp://";
    char host[256];
    uint16_t port;
    if (*text == '\0')
        return setting->min == 0;
    return parse_text(setting, text, number) && strncmp(text, SCHEME, sizeof SCHEME - 1) == 0
           && tdm_address_split(text + sizeof SCHEME - 1, host, sizeof host, &port);
}

static void accept_text(const tdm_setting *setting, char *out, size_t size)
{
    if (setting->min > 0)
        snprintf(out, size, "text of %" PRId64 " to %" PRId64 " bytes", setting->min, setting->max);
    else
        snprintf(out, size, "text of at most %" PRId64 " bytes", setting->max);
}

static void accept_path(const tdm_setting *setting, char *out, size_t size)
{
    (void)setting;
    snprintf(out, size, "a path");
}

static void accept_integer(const tdm_setting *setting, char *out, size_t size)
{
    snprintf(out, size, "a whole number from %" PRId64 " to %" PRId64, setting->min, setting->max);
}

static void accept_boolean(const tdm_setting *setting, char *out, size_t size)
{
    (void)setting;
    snprintf(out, size, "true or false");
}

/* The largest unit that divides value, so that bounds read as a person would write them. */
static const struct unit *best_unit(const struct unit *units, int64_t value)
{
    const struct unit *best = &units[1];
    for (; units->suffix != NULL; units++)
        if (*units->suffix != '\0' && value % units->factor == 0)
            best = units;
    return best;
}

static void accept_scaled(const tdm_setting *setting, const struct unit *units, const char *such, char *out,
                          size_t size)
{
    const struct unit *low = best_unit(units, setting->min);
    const struct unit *high = best_unit(units, setting->max);
    snprintf(out, size, "%" PRId64 "%s to %" PRId64 "%s, such as %s", setting->min / low->factor, low->suffix,
             setting->max / high->factor, high->suffix, such);
}

static void accept_duration(const tdm_setting *setting, char *out, size_t size)
{
    accept_scaled(setting, TIMES, "250ms, 15s, 2m", out, size);
}

static void accept_bytes(const tdm_setting *setting, char *out, size_t size)
{
    accept_scaled(setting, SIZES, "65536, 1MiB, 2GiB", out, size);
}

static void accept_list(const tdm_setting *setting, char *out, size_t size)
{
    snprintf(out, size, "items separated by commas, at most %" PRId64 " bytes", setting->max);
}

static void accept_choice(const tdm_setting *setting, char *out, size_t size)
{
    snprintf(out, size, "%s", setting->words);
}

static void accept_address(const tdm_setting *setting, char *out, size_t size)
{
    (void)setting;
    snprintf(out, size, "host:port, [v6]:port or off");
}

static void accept_endpoint(const tdm_setting *setting, char *out, size_t size)
{
    snprintf(out, size, "tcp://host:port%s", setting->min == 0 ? " or nothing" : "");
}

static const struct {
    const char *word;
    bool (*parse)(const tdm_setting *setting, const char *text, int64_t *number);
    void (*accept)(const tdm_setting *setting, char *out, size_t size);
} KINDS[] = {
    [KIND_TEXT] = { "text", parse_text, accept_text },
    [KIND_PATH] = { "path", parse_text, accept_path },
    [KIND_INTEGER] = { "number", parse_integer, accept_integer },
    [KIND_BOOLEAN] = { "boolean", parse_boolean, accept_boolean },
    [KIND_DURATION] = { "duration", parse_duration, accept_duration },
    [KIND_BYTES] = { "bytes", parse_bytes, accept_bytes },
    [KIND_LIST] = { "list", parse_text, accept_list },
    [KIND_CHOICE] = { "word", parse_choice, accept_choice },
    [KIND_ADDRESS] = { "address", parse_address, accept_address },
    [KIND_ENDPOINT] = { "endpoint", parse_endpoint, accept_endpoint },
};

const char *tdm_setting_kind(const tdm_setting *setting)
{
    return KINDS[setting->kind].word;
}

void tdm_setting_accepts(const tdm_setting *setting, char *out, size_t size)
{
    KINDS[setting->kind].accept(setting, out, size);
}

/* One line of text that a file could hold: a blank with ';' would begin a comment there. */
static bool is_one_line(const char *text)
{
    tdm_span line = tdm_span_text(text);
    return tdm_text_is_plain(line) && tdm_utf8_is_valid(line) && strstr(text, " ;") == NULL;
}

bool tdm_setting_parse(const tdm_setting *setting, const char *text, int64_t *number)
{
    *number = 0;
    return is_one_line(text) && KINDS[setting->kind].parse(setting, text, number);
}

static bool parse_port(const char *text, uint16_t *port)
{
    uint32_t value = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len)
        return false;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (uint32_t)(text[i] - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

bool tdm_address_split(const char *text, char *host, size_t host_size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text)
        return false;
    bool bracketed = text[0] == '[' && colon[-1] == ']';
    const char *start = bracketed ? text + 1 : text;
    size_t len = (size_t)(colon - start) - (bracketed ? 1 : 0);
    if (len == 0 || len >= host_size)
        return false;
    memcpy(host, start, len);
    host[len] = '\0';
    const char *allowed = bracketed ? "0123456789abcdefABCDEF:.%"
                                    : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*";
    return strspn(host, allowed) == len && parse_port(colon + 1, port);
}

bool tdm_address_is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return (ntohl(four.s_addr) >> 24) == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
