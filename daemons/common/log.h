/* SPDX-License-Identifier: MPL-2.0
 *
 * log.h: structured records on stderr: a stable id, then figures with units.
 *
 *     tdm_log(TDM_LOG_WARN, "LINK-SILENT", tdm_log_text("node", code), tdm_log_int("for_ms", 45000));
 *     <4>ts=2026-03-01T09:30:00.123Z level=warn id=LINK-SILENT node=north for_ms=45000
 *
 * Values from outside are escaped and cut at TDM_LOG_VALUE_MAX bytes, so nobody can forge a record. A record
 * is one write(2): records of several threads do not mix. Ids and field names are literals of ours.
 */
#ifndef TANDEM_COMMON_LOG_H
#define TANDEM_COMMON_LOG_H

#include "tandem/base.h"

/* The numbers are those of syslog and sd-daemon(3). */
typedef enum tdm_log_level {
    TDM_LOG_FATAL = 2,
    TDM_LOG_ERROR = 3,
    TDM_LOG_WARN = 4,
    TDM_LOG_NOTICE = 5,
    TDM_LOG_INFO = 6,
    TDM_LOG_DEBUG = 7
} tdm_log_level;

typedef enum tdm_log_format { TDM_LOG_LOGFMT, TDM_LOG_JSON } tdm_log_format;

#define TDM_LOG_VALUE_MAX 512 /* bytes of one value; a longer one is cut and ends in an ellipsis */
#define TDM_LOG_FIELDS_MAX 24 /* fields of one record; more are left out */

typedef struct tdm_log_options {
    tdm_log_format format;
    tdm_log_level level; /* records above it are dropped */
    int fd;              /* 2 in daemons; a pipe in tests */
    bool prefix;         /* begin with the sd-daemon priority, "<4>" */
} tdm_log_options;

/* How a daemon writes: the prefix always stands before logfmt; before JSON only where the journal listens
 * (JOURNAL_STREAM is set), so that elsewhere each line is a JSON document. */
tdm_log_options tdm_log_default(tdm_log_format format, tdm_log_level level);
/* "json", "warn"; false and unchanged if the word is unknown. */
bool tdm_log_format_from(tdm_log_format *out, const char *word);
bool tdm_log_level_from(tdm_log_level *out, const char *word);

/* Set once, at the start, before other threads are. Before that: logfmt, info, stderr, prefix. */
void tdm_log_open(const tdm_log_options *options);
bool tdm_log_is_on(tdm_log_level level);

typedef struct tdm_log_field {
    const char *name; /* NULL ends the list */
    enum { TDM_FIELD_TEXT, TDM_FIELD_INT, TDM_FIELD_UINT, TDM_FIELD_BOOL, TDM_FIELD_HEX } kind;
    union {
        tdm_span bytes; /* text or hex: borrowed for the call */
        int64_t integer;
        uint64_t natural;
        bool truth;
    } value;
} tdm_log_field;

tdm_log_field tdm_log_text(const char *name, const char *text); /* NULL is written as nothing */
tdm_log_field tdm_log_span(const char *name, tdm_span text);
tdm_log_field tdm_log_int(const char *name, int64_t value);
tdm_log_field tdm_log_uint(const char *name, uint64_t value);
tdm_log_field tdm_log_bool(const char *name, bool value);
tdm_log_field tdm_log_id(const char *name, const tdm_id *id);
tdm_log_field tdm_log_hex(const char *name, const void *data, size_t len);
tdm_log_field tdm_log_end(void);

/* tdm_log(level, "ID", field, ...): each argument after the id is a tdm_log_field. */
#define tdm_log(level, ...) tdm_log_fields((level), __VA_ARGS__, tdm_log_end())
void tdm_log_fields(tdm_log_level level, const char *id, ...);
/* The same with a prepared list, for an object that brings its own prefix. Ends at name == NULL. */
void tdm_log_list(tdm_log_level level, const char *id, const tdm_log_field *fields);
/* One record for a failure: kind=, what=, and errno= if err->sys is set. */
void tdm_log_failure(tdm_log_level level, const char *id, const tdm_err *err);
/* The last record of a daemon that can not go on: id FATAL. */
void tdm_log_fatal(const tdm_err *err);

#endif
