/* SPDX-License-Identifier: MPL-2.0
 *
 * event_show.c: one event: where it came from, what became of its fact, and what it moves
 * (tandem.event/1: rows of part, what, before, now).
 */
#include "measures.h"
#include "nodes.h"

#include <stdlib.h>
#include <string.h>

typedef struct showing {
    const tdm_service_context *context;
    tdm_json *json;
    tdm_ledger_entry entry; /* its bytes are in `bytes` */
    tdm_buf bytes;
    tdm_event event;
    tdm_buf class; /* subjects judged together with the event's, each with its end */
    tdm_err *err;
} showing;

static void add_row(showing *s, const char *part, const char *what, const char *before, const char *now)
{
    tdm_json_begin_object(s->json);
    tdm_member_text(s->json, "part", part);
    tdm_member_text(s->json, "what", what);
    tdm_member_text(s->json, "before", before);
    tdm_member_text(s->json, "now", now);
    tdm_json_end_object(s->json);
}

/* ---- which event ---- */

typedef struct named {
    const char *digits;
    uint64_t sequence;
    uint64_t position;
    tdm_id origin;
    bool ambiguous;
} named;

/* The last incarnation that has the sequence, of the only origin whose digits begin so. */
static tdm_code find_named(tdm_ledger *ledger, named *n, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(ledger, &tips, &count, err);
    for (size_t i = 0; code == TDM_OK && i < count; i++) {
        char hex[2 * TDM_ID_BYTES + 1];
        uint64_t position = 0;
        tdm_hex(hex, tips[i].origin.bytes, TDM_ID_BYTES);
        if (strncmp(hex, n->digits, strlen(n->digits)) != 0 || n->sequence > tips[i].last)
            continue;
        n->ambiguous = n->ambiguous || (n->position > 0 && !tdm_id_equal(&n->origin, &tips[i].origin));
        n->origin = tips[i].origin;
        if (tdm_ledger_event_find(ledger, &tips[i].origin, tips[i].incarnation, n->sequence, &position, NULL)
                == TDM_OK
            && position > n->position)
            n->position = position;
    }
    free(tips);
    if (code == TDM_OK && n->ambiguous)
        return tdm_fail(err, TDM_INVALID, 0, "several nodes begin with %.32s: give more digits", n->digits);
    if (code == TDM_OK && n->position == 0)
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "no event %llu of a node that begins with %.32s is held whole here",
                        (unsigned long long)n->sequence, n->digits);
    return code;
}

/* "12345", a position, or "4be1c0/37", a node and a sequence. */
static tdm_code read_name(const tdm_service_context *context, const json_t *args, uint64_t *position,
                          tdm_err *err)
{
    enum { DIGITS_MIN = 4 };
    const char *text = NULL;
    char digits[2 * TDM_ID_BYTES + 1];
    char *end = NULL;
    tdm_code code = tdm_arg_needed(args, "event", "4be1c0/37, or a position such as 12345", &text, err);
    if (code != TDM_OK)
        return code;
    const char *slash = strchr(text, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - text);
    const char *number = slash == NULL ? text : slash + 1;
    named n = { .digits = digits, .sequence = strtoull(number, &end, 10) };
    if (*number < '0' || *number > '9' || *end != '\0' || n.sequence == 0
        || (slash != NULL && (len < DIGITS_MIN || len >= sizeof digits)))
        return tdm_fail(err, TDM_INVALID, 0,
                        "write NODE/SEQUENCE, such as 4be1c0/37, or a position of the log");
    if (slash == NULL) {
        *position = n.sequence;
        return TDM_OK;
    }
    memcpy(digits, text, len);
    digits[len] = '\0';
    code = find_named(tdm_core_ledger(context->core), &n, err);
    *position = n.position;
    return code;
}

static tdm_code keep_entry(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    showing *s = context;
    s->entry = *entry;
    tdm_buf_add(&s->bytes, entry->bytes.data, entry->bytes.len);
    return s->bytes.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the event") : TDM_END;
}

static tdm_code read_event(showing *s, uint64_t position)
{
    uint64_t next = 0;
    tdm_code code =
        tdm_ledger_scan(tdm_core_ledger(s->context->core), position, 1, keep_entry, s, &next, s->err);
    if (code != TDM_OK && code != TDM_END)
        return code;
    if (s->bytes.len == 0)
        return tdm_fail(s->err, TDM_NOT_FOUND, 0, "the log does not go as far as position %llu",
                        (unsigned long long)position);
    return tdm_event_peek(tdm_buf_span(&s->bytes), &s->event, s->err);
}

/* ---- where it came from, and who holds it ---- */

static void write_number(showing *s, const char *what, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    add_row(s, "event", what, NULL, text);
}

static void write_time(showing *s, const char *what, int64_t ms)
{
    char text[40];
    tdm_time_text(ms, 0, text);
    add_row(s, "event", what, NULL, text);
}

static void write_acknowledged(showing *s)
{
    tdm_id hub;
    const tdm_service_context *context = s->context;
    if (tdm_core_is_hub(context->core) || !tdm_id_equal(&s->event.origin, tdm_core_origin(context->core))) {
        add_row(s, "event", "stored here, synced", NULL, "yes");
        return;
    }
    json_t *links = tdm_links_read(context);
    const json_t *row = tdm_core_authority(context->core, &hub) ? tdm_link_row(links, &hub) : NULL;
    uint64_t acknowledged = (uint64_t)tdm_link_number(row, "acked");
    add_row(s, "event", "acknowledged by the hub", NULL,
            row == NULL                         ? "not known"
            : acknowledged >= s->event.sequence ? "yes"
                                                : "not yet");
    json_decref(links);
}

static tdm_code write_source(showing *s)
{
    const tdm_type *type = tdm_type_find(s->event.type);
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_buf text = { 0 };
    add_row(s, "event", "type", NULL, type == NULL ? "unknown" : type->name);
    tdm_buf_add(&text, s->event.subject.data, s->event.subject.len);
    tdm_buf_add(&text, "", 1);
    add_row(s, "event", "filed under", NULL, text.failed ? NULL : (const char *)text.data);
    tdm_hex(hex, s->event.origin.bytes, TDM_ID_BYTES);
    add_row(s, "event", "stated by", NULL, hex);
    write_number(s, "sequence there", s->event.sequence);
    write_time(s, "recorded", s->event.recorded_ms);
    write_number(s, "position here", s->entry.position);
    write_time(s, "received", s->entry.received_ms);
    add_row(s, "event", "came", NULL, s->entry.notice ? "alone, with a proof" : "within its node's log");
    write_acknowledged(s);
    tdm_buf_clear(&text);
    tdm_code code = tdm_payload_to_json(s->event.type, s->event.payload, &text, s->err);
    tdm_buf_add(&text, "", 1);
    if (code == TDM_OK && !text.failed)
        add_row(s, "event", "says", NULL, (const char *)text.data);
    tdm_buf_free(&text);
    return code;
}

/* ---- what became of its fact ---- */

static tdm_code write_source_of(void *context, const tdm_late *late, tdm_err *err)
{
    (void)err;
    showing *s = context;
    const tdm_type *type = tdm_type_find(late->type);
    char hex[2 * TDM_ID_BYTES + 1];
    char what[160];
    if (!tdm_id_equal(&late->fact.fact, &s->event.fact))
        return TDM_OK;
    tdm_hex(hex, late->author.bytes, TDM_ID_BYTES);
    snprintf(what, sizeof what, "%s %.8s/%llu", type == NULL ? "unknown" : type->name, hex,
             (unsigned long long)late->sequence);
    bool self = late->sequence == s->event.sequence && late->incarnation == s->event.incarnation
                && tdm_id_equal(&late->author, &s->event.origin);
    add_row(s, "fact", what, NULL, self ? "in force: this event" : "in force");
    return TDM_OK;
}

static tdm_code write_state_of(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    showing *s = context;
    if (!tdm_id_equal(&fact->fact, &s->event.fact))
        return TDM_OK;
    add_row(s, "fact", "counts", NULL,
            fact->reason != NULL ? fact->reason
            : fact->visible      ? "yes"
                                 : "no: taken back");
    return TDM_OK;
}

static tdm_code write_fact(showing *s, tdm_fold *fold)
{
    const tdm_frontier nothing = { 0 };
    tdm_code code = tdm_fold_late(fold, s->event.subject, &nothing, write_source_of, s, s->err);
    if (code == TDM_OK || code == TDM_NOT_FOUND)
        code = tdm_fold_facts(fold, s->event.subject, write_state_of, s, s->err);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

/* ---- what it moves: the same with it and without it ---- */

typedef struct cell_list {
    tdm_buf keys;   /* texts, each with its end, in the tables' order */
    tdm_buf values; /* the same */
} cell_list;

static void write_amount(tdm_buf *out, int table, const int64_t *n)
{
    bool any = false;
    for (size_t i = 0; i < TDM_TABLE_AMOUNTS; i++) {
        const char *name = tdm_table_amount(table, i);
        if (name == NULL || n[i] == 0)
            continue;
        tdm_buf_format(out, "%s%s ", any ? ", " : "", name);
        tdm_decimal_text(n[i], tdm_amount_digits(name), out);
        any = true;
    }
    tdm_buf_add(out, "", 1);
}

static tdm_code keep_cell(void *context, const tdm_table_cell *cell, tdm_err *err)
{
    cell_list *list = context;
    char when[16];
    if (cell->has_day)
        tdm_date_text(cell->day, when);
    else
        tdm_period_text(cell->period, when);
    tdm_buf_format(&list->keys, "%s %s %.*s", tdm_table_name(cell->table), when, (int)cell->organisation.len,
                   (const char *)cell->organisation.data);
    if (cell->a.len > 0)
        tdm_buf_format(&list->keys, " %.*s", (int)cell->a.len, (const char *)cell->a.data);
    if (cell->b.len > 0)
        tdm_buf_format(&list->keys, " %.*s", (int)cell->b.len, (const char *)cell->b.data);
    tdm_buf_add(&list->keys, "", 1);
    write_amount(&list->values, cell->table, cell->n);
    return list->keys.failed || list->values.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the cells")
                                                    : TDM_OK;
}

/* The level's total of each period, as cells. */
static tdm_code keep_level(tdm_fold *fold, tdm_period_kind kind, cell_list *list, tdm_err *err)
{
    const tdm_level_question question = { .period_kind = kind,
                                          .by = TDM_BY_TOTAL,
                                          .weight = TDM_WEIGHT_HOURS };
    tdm_level_answer answer;
    tdm_code code = tdm_fold_level(fold, &question, &answer, err);
    for (size_t i = 0; code == TDM_OK && i < answer.count; i++) {
        const tdm_level_row *row = &answer.rows[i];
        char when[16];
        tdm_period_text(row->period, when);
        if (row->units == 0 && row->cancelled == 0)
            continue;
        tdm_buf_format(&list->keys, "level %s", when);
        tdm_buf_add(&list->keys, "", 1);
        tdm_buf_format(&list->values, "units %lld, participants %lld, claims %lld, hours ",
                       (long long)row->units, (long long)row->people, (long long)row->claims);
        tdm_decimal_text(row->amount, 2, &list->values);
        static const char *const LINES[TDM_LINES] = { "asserted", "standing", "corroborated" };
        for (size_t line = 0; line < TDM_LINES; line++) {
            tdm_buf_format(&list->values, ", %s ", LINES[line]);
            tdm_decimal_text(row->joint[line], 2, &list->values);
        }
        tdm_buf_add(&list->values, "", 1);
    }
    tdm_level_answer_free(&answer);
    return code;
}

static tdm_code list_cells(showing *s, const tdm_event *except, cell_list *list)
{
    tdm_fold_options options = { 0 };
    tdm_fold *fold = NULL;
    tdm_span subjects[64];
    size_t count = 0;
    options.has_authority = tdm_core_authority(s->context->core, &options.authority);
    /* What the hub states is about everything: of that the level alone. */
    bool registry = options.has_authority && tdm_id_equal(&s->event.origin, &options.authority);
    for (size_t at = 0; !registry && at < s->class.len; count++) {
        if (count == TDM_COUNT(subjects)) {
            count = 0; /* too many to name: of all */
            break;
        }
        subjects[count] = tdm_span_text((const char *)s->class.data + at);
        at += subjects[count].len + 1;
    }
    tdm_code code =
        tdm_fold_about(tdm_core_ledger(s->context->core), &options, subjects, count, except, &fold, s->err);
    for (int kind = TDM_PERIOD_YEAR; code == TDM_OK && kind <= TDM_PERIOD_MONTH; kind++)
        code = keep_level(fold, (tdm_period_kind)kind, list, s->err);
    if (code == TDM_OK && !registry)
        code = tdm_fold_tables(fold, keep_cell, list, s->err);
    tdm_fold_close(&fold);
    return code;
}

static const char *next_text(const tdm_buf *texts, size_t *at)
{
    const char *text = *at < texts->len ? (const char *)texts->data + *at : NULL;
    *at += text == NULL ? 0 : strlen(text) + 1;
    return text;
}

/* The value under a key; NULL: none. */
static const char *value_of(const cell_list *list, const char *key)
{
    size_t k = 0;
    size_t v = 0;
    for (;;) {
        const char *at = next_text(&list->keys, &k);
        const char *value = next_text(&list->values, &v);
        if (at == NULL || strcmp(at, key) == 0)
            return at == NULL ? NULL : value;
    }
}

static void write_differences(showing *s, const cell_list *without, const cell_list *with)
{
    size_t k = 0;
    size_t v = 0;
    const char *key;
    while ((key = next_text(&with->keys, &k)) != NULL) {
        const char *now = next_text(&with->values, &v);
        const char *before = value_of(without, key);
        if (before == NULL || strcmp(before, now) != 0)
            add_row(s, "moves", key, before == NULL ? "-" : before, now);
    }
    for (k = 0; (key = next_text(&without->keys, &k)) != NULL;)
        if (value_of(with, key) == NULL)
            add_row(s, "moves", key, value_of(without, key), "-");
}

static tdm_code note_class(void *context, const tdm_unit *unit, tdm_err *err)
{
    showing *s = context;
    for (size_t i = 0; i < unit->subject_count; i++) {
        tdm_buf_add(&s->class, unit->subjects[i].data, unit->subjects[i].len);
        tdm_buf_add(&s->class, "", 1);
    }
    return s->class.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the unit") : TDM_OK;
}

static tdm_code write_moves(showing *s, tdm_fold *fold)
{
    cell_list without = { 0 };
    cell_list with = { 0 };
    tdm_code code = tdm_fold_unit(fold, s->event.subject, note_class, s, s->err);
    if (code == TDM_NOT_FOUND) { /* no unit: the subject is alone */
        tdm_buf_add(&s->class, s->event.subject.data, s->event.subject.len);
        tdm_buf_add(&s->class, "", 1);
        code = TDM_OK;
    }
    if (code == TDM_OK)
        code = list_cells(s, &s->event, &without);
    if (code == TDM_OK)
        code = list_cells(s, NULL, &with);
    if (code == TDM_OK)
        write_differences(s, &without, &with);
    tdm_buf_free(&without.keys);
    tdm_buf_free(&without.values);
    tdm_buf_free(&with.keys);
    tdm_buf_free(&with.values);
    return code;
}

tdm_code tdm_serve_event_show(const tdm_service_context *context, const tdm_request *request,
                              tdm_answer *answer, tdm_err *err)
{
    showing s = { .context = context, .err = err };
    tdm_document document;
    tdm_view view = { 0 };
    uint64_t position = 0;
    tdm_code code = read_name(context, request->args, &position, err);
    if (code == TDM_OK)
        code = read_event(&s, position);
    if (code == TDM_OK)
        code = tdm_view_open(context, NULL, &view, err);
    if (code == TDM_OK) {
        tdm_document_open(&document, answer, "tandem.event/1", view.as_of_ms, view.complete);
        s.json = &document.json;
        code = write_source(&s);
    }
    if (code == TDM_OK)
        code = write_fact(&s, view.fold);
    if (code == TDM_OK)
        code = write_moves(&s, view.fold);
    tdm_view_close(context, &view);
    tdm_buf_free(&s.bytes);
    tdm_buf_free(&s.class);
    return code == TDM_OK ? tdm_document_close(&document, err) : code;
}
