/* SPDX-License-Identifier: MPL-2.0
 *
 * main.c: tandem-oracle: the level of an exported log, recomputed naively; printed, or compared with a level
 * document; or its tables or measures, printed as lines. Exit status: 0 printed or equal, 1 differs, 2 wrong
 * usage or input.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "document.h"
#include "measures.h"
#include "parts.h"

typedef struct request {
    tdm_level_question question;
    tdm_oracle_options options;
    bool authority_given;
    const char *compare;         /* file of a level document; NULL: print */
    bool tables;                 /* these instead of the level */
    bool by_unknown;             /* to the level: the breakdown may be a measure's */
    tdm_oracle_question measure; /* its id NULL: none; "all": all */
    const char *file;            /* NULL: standard input */
} request;

/* An export read: the events' bytes one after another. */
typedef struct export
{
    tdm_buf bytes;
    size_t *ends;
    size_t count;
}
export;

static const char USAGE[] =
    "usage: tandem-oracle [--fy 2017/18] [--by programme|kind|lead|locality|sector|month|quarter]\n"
    "         [--weight count|hours|participants|participant_hours] [--planned] [--today YYYY-MM-DD]\n"
    "         [--authority HEX] [--compare LEVEL.json] [EXPORT.jsonl]\n"
    "       tandem-oracle --tables [EXPORT.jsonl]\n"
    "       tandem-oracle --measure all|C1|... [--period year|quarter|month] [--by WORD] [--dimension WORD]\n"
    "         [--indicator WORD] [--line asserted|standing|corroborated] [EXPORT.jsonl]\n";

typedef struct word {
    const char *word;
    int value;
} word;

static bool find_word(const word *words, size_t count, const char *text, int *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, text) != 0)
            continue;
        *value = words[i].value;
        return true;
    }
    return false;
}

static bool set_by(request *r, const char *text)
{
    static const word DIMENSIONS[] = { { "total", TDM_BY_TOTAL },       { "programme", TDM_BY_PROGRAMME },
                                       { "kind", TDM_BY_KIND },         { "lead", TDM_BY_LEAD },
                                       { "locality", TDM_BY_LOCALITY }, { "sector", TDM_BY_SECTOR } };
    static const word PERIODS[] = { { "month", TDM_PERIOD_MONTH }, { "quarter", TDM_PERIOD_QUARTER } };
    int value;
    if (find_word(PERIODS, TDM_COUNT(PERIODS), text, &value)) {
        r->question.period_kind = (tdm_period_kind)value;
        return true;
    }
    r->measure.by = text;
    r->by_unknown = !find_word(DIMENSIONS, TDM_COUNT(DIMENSIONS), text, &value);
    if (!r->by_unknown)
        r->question.by = (tdm_dimension)value;
    return true;
}

static bool set_weight(request *r, const char *text)
{
    static const word WEIGHTS[] = { { "count", TDM_WEIGHT_COUNT },
                                    { "hours", TDM_WEIGHT_HOURS },
                                    { "participants", TDM_WEIGHT_PARTICIPANTS },
                                    { "participant_hours", TDM_WEIGHT_PARTICIPANT_HOURS } };
    int value;
    bool known = find_word(WEIGHTS, TDM_COUNT(WEIGHTS), text, &value);
    if (known)
        r->question.weight = (tdm_weight)value;
    return known;
}

static bool set_year(request *r, const char *text)
{
    tdm_period period;
    bool good = oracle_period_parse(tdm_span_text(text), &period) && period.kind == TDM_PERIOD_YEAR;
    r->question.has_year = good;
    r->question.year = good ? period.number : 0;
    return good;
}

static bool set_today(request *r, const char *text)
{
    int year, month, day, used = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || text[used] != '\0' || month < 1
        || month > 12 || day < 1 || day > 31)
        return false;
    r->question.as_of = oracle_date(year, month, day);
    return true;
}

static bool set_authority(request *r, const char *text)
{
    r->authority_given = r->options.has_authority = true;
    return tdm_unhex(&r->options.authority, sizeof(r->options.authority), tdm_span_text(text));
}

static bool set_planned(request *r, const char *text)
{
    (void)text;
    return r->question.planned = true;
}

static bool set_compare(request *r, const char *text)
{
    r->compare = text;
    return true;
}

static bool set_tables(request *r, const char *text)
{
    (void)text;
    return r->tables = true;
}

static bool set_measure(request *r, const char *text)
{
    r->measure.measure = text;
    return strcmp(text, "all") == 0 || tdm_oracle_measure_word(text, 0) != NULL;
}

static bool set_period(request *r, const char *text)
{
    static const word KINDS[] = { { "year", TDM_PERIOD_YEAR },
                                  { "quarter", TDM_PERIOD_QUARTER },
                                  { "month", TDM_PERIOD_MONTH } };
    int value;
    bool known = find_word(KINDS, TDM_COUNT(KINDS), text, &value);
    if (known)
        r->question.period_kind = (tdm_period_kind)value;
    return known;
}

static bool set_dimension(request *r, const char *text)
{
    r->measure.dimension = text;
    return true;
}

static bool set_indicator(request *r, const char *text)
{
    int64_t number;
    r->measure.indicator = text;
    return tdm_enum_number(TDM_ENUM_INDICATOR, tdm_span_text(text), &number);
}

static bool set_line(request *r, const char *text)
{
    static const word LINES[] = { { "asserted", TDM_LINE_ASSERTED },
                                  { "standing", TDM_LINE_STANDING },
                                  { "corroborated", TDM_LINE_CORROBORATED } };
    return find_word(LINES, TDM_COUNT(LINES), text, &r->measure.line);
}

/* Of all measures each has the words it has. */
static bool knows_word(const char *measure, const char *by)
{
    const char *known;
    if (by == NULL || strcmp(measure, "all") == 0)
        return true;
    for (size_t at = 0; (known = tdm_oracle_measure_word(measure, at)) != NULL; at++)
        if (strcmp(known, by) == 0)
            return true;
    return false;
}

static bool read_options(request *r, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        { "fy", required_argument, NULL, 0 },         { "by", required_argument, NULL, 1 },
        { "weight", required_argument, NULL, 2 },     { "planned", no_argument, NULL, 3 },
        { "today", required_argument, NULL, 4 },      { "authority", required_argument, NULL, 5 },
        { "compare", required_argument, NULL, 6 },    { "tables", no_argument, NULL, 7 },
        { "measure", required_argument, NULL, 8 },    { "period", required_argument, NULL, 9 },
        { "dimension", required_argument, NULL, 10 }, { "indicator", required_argument, NULL, 11 },
        { "line", required_argument, NULL, 12 },      { NULL, 0, NULL, 0 },
    };
    static bool (*const SET[])(request *, const char *) = {
        set_year,   set_by,      set_weight, set_planned,   set_today,     set_authority, set_compare,
        set_tables, set_measure, set_period, set_dimension, set_indicator, set_line
    };
    int option;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (option < 0 || option >= (int)TDM_COUNT(SET))
            return false;
        if (SET[option](r, optarg))
            continue;
        (void)fprintf(stderr, "tandem-oracle: --%s does not know %s\n", OPTIONS[option].name, optarg);
        return false;
    }
    r->file = optind < argc ? argv[optind] : NULL;
    bool known = r->measure.measure != NULL ? knows_word(r->measure.measure, r->measure.by) : !r->by_unknown;
    if (!known)
        (void)fprintf(stderr, "tandem-oracle: --by does not know %s\n", r->measure.by);
    return optind + 1 >= argc && known;
}

static tdm_code read_file(const char *path, tdm_buf *out, tdm_err *err)
{
    FILE *file = path != NULL ? fopen(path, "rb") : stdin;
    if (file == NULL)
        return tdm_fail(err, TDM_IO, 0, "cannot read %s", path);
    char chunk[65536];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        tdm_buf_add(out, chunk, got);
    bool bad = ferror(file) || out->failed;
    if (path != NULL)
        (void)fclose(file);
    return bad ? tdm_fail(err, TDM_IO, 0, "cannot read all of %s", path ? path : "standard input") : TDM_OK;
}

/* The authority, if a line tells it: any line but an event's with "authority", or an event only a hub states.
 */
static void look_for_authority(request *r, const json_t *line, const char *kind)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    const char *text = json_string_value(json_object_get(line, "authority"));
    if (strcmp(kind, "event") == 0) {
        bool hub = type != NULL && (strcmp(type, "tide") == 0 || strcmp(type, "organisation") == 0);
        text = hub && !r->options.has_authority ? json_string_value(json_object_get(line, "origin")) : NULL;
    }
    if (text == NULL || r->authority_given)
        return;
    r->options.has_authority =
        tdm_unhex(&r->options.authority, sizeof(r->options.authority), tdm_span_text(text));
}

static tdm_code read_line(request *r, export *x, tdm_span line, tdm_err *err)
{
    json_t *object = json_loadb((const char *)line.data, line.len, 0, NULL);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    tdm_code code = TDM_OK;
    if (kind == NULL) {
        code = tdm_fail(err, TDM_MALFORMED, 0, "a line of the export is no object with a kind");
    } else {
        look_for_authority(r, object, kind);
        if (strcmp(kind, "event") == 0) {
            code = tdm_event_from_json(line, &x->bytes, err);
            ORACLE_PUSH(x->ends, x->count, x->bytes.len);
        }
    }
    json_decref(object);
    return code;
}

static tdm_code read_export(request *r, export *x, tdm_err *err)
{
    tdm_buf text = { 0 };
    tdm_code code = read_file(r->file, &text, err);
    size_t at = 0;
    while (code == TDM_OK && at < text.len) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        size_t len = end != NULL ? (size_t)(end - text.data) - at : text.len - at;
        if (len > 0)
            code = read_line(r, x, (tdm_span){ text.data + at, len }, err);
        at += len + 1;
    }
    tdm_buf_free(&text);
    return code;
}

static void print_tables(const tdm_oracle *oracle)
{
    tdm_oracle_cell *cells;
    size_t count;
    tdm_oracle_tables(oracle, &cells, &count);
    tdm_oracle_tables_print(stdout, cells, count);
    free(cells);
}

static void print_measures(const request *r, const tdm_oracle *oracle)
{
    tdm_oracle_question question = r->measure;
    bool all = strcmp(question.measure, "all") == 0;
    question.period_kind = r->question.period_kind;
    question.has_year = r->question.has_year;
    question.year = r->question.year;
    question.planned = r->question.planned;
    question.as_of = r->question.as_of;
    for (size_t i = 0; tdm_oracle_measure_id(i) != NULL; i++) {
        if (!all && strcmp(tdm_oracle_measure_id(i), r->measure.measure) != 0)
            continue;
        question.measure = tdm_oracle_measure_id(i);
        tdm_oracle_measure_print(stdout, oracle, &question);
    }
}

static tdm_code answer(const request *r, const tdm_oracle *oracle, size_t *differences, tdm_err *err)
{
    tdm_oracle_row *rows;
    size_t count;
    tdm_buf text = { 0 };
    tdm_code code = TDM_OK;
    tdm_oracle_level(oracle, &r->question, &rows, &count);
    if (r->compare == NULL)
        tdm_oracle_print(stdout, rows, count, r->question.weight);
    else if ((code = read_file(r->compare, &text, err)) == TDM_OK)
        code = tdm_oracle_compare(stdout, rows, count, r->question.weight, (const char *)text.data, text.len,
                                  differences, err);
    tdm_buf_free(&text);
    free(rows);
    return code;
}

static tdm_code run(request *r, size_t *differences, tdm_err *err)
{
    export x = { 0 };
    tdm_oracle *oracle = NULL;
    tdm_code code = read_export(r, &x, err);
    tdm_span *events = oracle_zeroed(x.count, sizeof(*events));
    for (size_t i = 0, at = 0; i < x.count; at = x.ends[i++])
        events[i] = (tdm_span){ x.bytes.data + at, x.ends[i] - at };
    if (code == TDM_OK)
        code = tdm_oracle_open(&oracle, events, x.count, &r->options, err);
    if (code == TDM_OK && r->tables)
        print_tables(oracle);
    else if (code == TDM_OK && r->measure.measure != NULL)
        print_measures(r, oracle);
    else if (code == TDM_OK)
        code = answer(r, oracle, differences, err);
    tdm_oracle_close(&oracle);
    free(events);
    free(x.ends);
    tdm_buf_free(&x.bytes);
    return code;
}

int main(int argc, char **argv)
{
    request r = { .measure = { .line = TDM_LINE_CORROBORATED },
                  .question = { .as_of = oracle_london((int64_t)time(NULL) * 1000) } };
    tdm_err err = { 0 };
    size_t differences = 0;
    if (!read_options(&r, argc, argv)) {
        (void)fputs(USAGE, stderr);
        return 2;
    }
    if (run(&r, &differences, &err) != TDM_OK) {
        (void)fprintf(stderr, "tandem-oracle: %s\n", err.what);
        return 2;
    }
    return differences == 0 ? 0 : 1;
}
