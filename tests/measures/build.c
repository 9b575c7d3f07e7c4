/* SPDX-License-Identifier: MPL-2.0
 *
 * build.c: a book of events for tests of the fold.
 */
#include "build.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    fprintf(stderr, "book: %s: %s\n", tdm_code_word(code), err->what);
    abort();
}

void book_init(tdm_book *book)
{
    *book = (tdm_book){ 0 };
    for (int i = 0; i < BOOK_ORIGINS; i++)
        book->incarnation[i] = 100 + (uint64_t)i;
    book_at(book, "2017-04-10");
}

void book_free(tdm_book *book)
{
    for (size_t i = 0; i < book->count; i++)
        free((void *)book->events[i].data);
    free(book->events);
}

tdm_id book_id(int number)
{
    tdm_id id = { { 0 } };
    for (int i = 0; i < 4; i++)
        id.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    id.bytes[15] = 1;
    return id;
}

tdm_date book_date(const char *text)
{
    tdm_date date = 0;
    tdm_err err = { 0 };
    must(tdm_date_parse(tdm_span_text(text), &date, &err), &err);
    return date;
}

void book_at(tdm_book *book, const char *date)
{
    book->now_ms = ((int64_t)book_date(date) * 24 + 12) * 3600 * 1000;
}

size_t book_state(tdm_book *book, int origin, const char *subject, int fact, const tdm_record *record)
{
    tdm_buf payload = { 0 };
    tdm_buf bytes = { 0 };
    tdm_err err = { 0 };
    must(tdm_record_encode(record, &payload, &err), &err);
    tdm_event event = { .origin = book_id(origin),
                        .incarnation = book->incarnation[origin],
                        .sequence = ++book->last[origin],
                        .type = record->type->number,
                        .author = TDM_AUTHOR_IS_OPERATOR,
                        .subject = tdm_span_text(subject),
                        .fact = book_id(fact),
                        .event_ms = book->now_ms,
                        .recorded_ms = book->now_ms };
    must(tdm_event_encode(&event, tdm_buf_span(&payload), &bytes, &err), &err);
    tdm_buf_free(&payload);
    if (book->count == book->capacity) {
        book->capacity = book->capacity * 2 + 64;
        book->events = realloc(book->events, book->capacity * sizeof *book->events);
    }
    book->events[book->count] = tdm_buf_span(&bytes);
    return book->count++;
}

/* A fact of its own, numbered by its place in the book. */
static int state(tdm_book *book, int origin, const char *subject, const tdm_record *record)
{
    int fact = 1000 + (int)book->count;
    book_state(book, origin, subject, fact, record);
    return fact;
}

static void correct(tdm_book *book, int origin, const char *subject, int fact, const tdm_record *instead)
{
    tdm_buf body = { 0 };
    tdm_err err = { 0 };
    must(tdm_record_encode(instead, &body, &err), &err);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_CORRECTION);
    tdm_record_set_number(&r, TDM_CORRECTION_TARGET_TYPE, instead->type->number);
    tdm_record_set_bytes(&r, TDM_CORRECTION_BODY, tdm_buf_span(&body));
    book_state(book, origin, subject, fact, &r);
    tdm_buf_free(&body);
}

/* ---- the registry ---- */

static const char *subject_of(char out[TDM_SUBJECT_MAX], const char *kind, const char *name)
{
    snprintf(out, TDM_SUBJECT_MAX, "%s/%s", kind, name);
    return out;
}

void book_organisation(tdm_book *book, const char *code, int sector, const char *parent, int belongs)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&r, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&r, TDM_ORGANISATION_NAME, code);
    tdm_record_set_number(&r, TDM_ORGANISATION_SECTOR, sector == 0 ? TDM_SECTOR_IS_TRUST : sector);
    if (parent != NULL) {
        tdm_record_set_text(&r, TDM_ORGANISATION_PARENT, parent);
        tdm_record_set_number(&r, TDM_ORGANISATION_BELONGS, belongs);
    }
    state(book, 0, subject_of(subject, "organisation", code), &r);
}

int book_change(tdm_book *book, const char *code, int change, const char *date, const char *successor)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_CODE, code);
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_CHANGE, change);
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_EFFECTIVE, book_date(date));
    if (successor != NULL)
        tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_SUCCESSOR, successor);
    return state(book, 0, subject_of(subject, "organisation", code), &r);
}

static void make_represents(tdm_record *r, const tdm_id *origin, const char *code)
{
    tdm_record_init(r, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(r, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin->bytes, sizeof origin->bytes });
    tdm_record_set_text(r, TDM_REPRESENTS_ORGANISATION, code);
    tdm_record_set_number(r, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
}

int book_represents(tdm_book *book, int origin, const char *code, const char *until)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_id id = book_id(origin);
    tdm_record r;
    make_represents(&r, &id, code);
    if (until != NULL)
        tdm_record_set_number(&r, TDM_REPRESENTS_UNTIL, book_date(until));
    return state(book, 0, subject_of(subject, "organisation", code), &r);
}

void book_partner(tdm_book *book, int origin, const char *code)
{
    book_organisation(book, code, 0, NULL, 0);
    book_represents(book, origin, code, NULL);
}

void book_two_partners(tdm_book *book)
{
    book_init(book);
    book_partner(book, 1, "R0A");
    book_partner(book, 2, "R0B");
}

int book_match(tdm_book *book, const char *a, const char *b)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_MATCH);
    tdm_record_set_text(&r, TDM_MATCH_A, a);
    tdm_record_set_text(&r, TDM_MATCH_B, b);
    return state(book, 0, a, &r);
}

void book_level_point(tdm_book *book, bool target, int year, int level)
{
    char subject[TDM_SUBJECT_MAX];
    char period[16];
    tdm_record r;
    tdm_record_init(&r, target ? TDM_TYPE_TARGET : TDM_TYPE_BASELINE);
    tdm_record_set_number(&r, target ? TDM_TARGET_YEAR : TDM_BASELINE_YEAR, year);
    tdm_record_set_number(&r, target ? TDM_TARGET_LEVEL : TDM_BASELINE_LEVEL, level);
    snprintf(period, sizeof period, "%d/%02u", year, (unsigned)(year + 1) % 100);
    state(book, 0, subject_of(subject, "period", period), &r);
}

void book_store(tdm_book *book, int origin, uint64_t incarnation, int generation)
{
    book->incarnation[origin] = incarnation;
    book->last[origin] = 0;
    book_generation(book, origin, generation);
}

void book_generation(tdm_book *book, int origin, int generation)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&r, TDM_INCARNATION_GENERATION, generation);
    state(book, origin, "log", &r);
}

static void state_tide(tdm_book *book, bool more)
{
    tdm_buf entries = { 0 };
    uint32_t count = 0;
    for (int i = 1; i < BOOK_ORIGINS; i++)
        count += book->last[i] > 0;
    tdm_pack_array(&entries, count);
    for (int i = 1; i < BOOK_ORIGINS; i++) {
        tdm_id id = book_id(i);
        uint8_t incarnation[8];
        uint8_t head[TDM_DIGEST_BYTES] = { 0 };
        if (book->last[i] == 0)
            continue;
        tdm_incarnation_bytes(book->incarnation[i], incarnation);
        tdm_pack_map(&entries, 4);
        tdm_pack_uint(&entries, TDM_FRONTIER_ENTRY_ORIGIN);
        tdm_pack_bin(&entries, id.bytes, sizeof id.bytes);
        tdm_pack_uint(&entries, TDM_FRONTIER_ENTRY_INCARNATION);
        tdm_pack_bin(&entries, incarnation, sizeof incarnation);
        tdm_pack_uint(&entries, TDM_FRONTIER_ENTRY_SEQUENCE);
        tdm_pack_uint(&entries, book->last[i]);
        tdm_pack_uint(&entries, TDM_FRONTIER_ENTRY_HEAD);
        tdm_pack_bin(&entries, head, sizeof head);
    }
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_TIDE);
    tdm_record_set_number(&r, TDM_TIDE_TIME, book->now_ms);
    tdm_record_set_bytes(&r, TDM_TIDE_ENTRIES, tdm_buf_span(&entries));
    if (more)
        tdm_record_set_number(&r, TDM_TIDE_MORE, 1);
    state(book, 0, "tide", &r);
    tdm_buf_free(&entries);
}

void book_tide(tdm_book *book)
{
    state_tide(book, false);
}

void book_part_of_tide(tdm_book *book)
{
    state_tide(book, true);
}

/* At the hub's last event, which is a tide. The incarnation's bytes are the caller's. */
static void make_closing(const tdm_book *book, const char *period, uint8_t incarnation[8], tdm_record *out)
{
    tdm_incarnation_bytes(book->incarnation[0], incarnation);
    tdm_record_init(out, TDM_TYPE_PERIOD_CLOSED);
    tdm_record_set_text(out, TDM_PERIOD_CLOSED_PERIOD, period);
    tdm_record_set_bytes(out, TDM_PERIOD_CLOSED_TIDE_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(out, TDM_PERIOD_CLOSED_TIDE_SEQUENCE, (int64_t)book->last[0]);
}

int book_close(tdm_book *book, const char *period)
{
    char subject[TDM_SUBJECT_MAX];
    uint8_t incarnation[8];
    tdm_record r;
    book_tide(book);
    make_closing(book, period, incarnation, &r);
    return state(book, 0, subject_of(subject, "period", period), &r);
}

void book_move_closing(tdm_book *book, const char *period, int closing)
{
    char subject[TDM_SUBJECT_MAX];
    uint8_t incarnation[8];
    tdm_record r;
    book_tide(book);
    make_closing(book, period, incarnation, &r);
    correct(book, 0, subject_of(subject, "period", period), closing, &r);
}

void book_publish(tdm_book *book, const char *period, int64_t units, int64_t corroborated)
{
    char subject[TDM_SUBJECT_MAX];
    uint8_t incarnation[8];
    tdm_incarnation_bytes(book->incarnation[0], incarnation);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_FIGURE_PUBLISHED);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_PERIOD, period);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_MEASURE, "C1");
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_DEFINITION, TDM_DEFINITION_VERSION);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_DIMENSION, "total");
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_GROUP, "");
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_UNITS, units);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_ASSERTED, corroborated);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_STANDING, corroborated);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_CORROBORATED, corroborated);
    tdm_record_set_bytes(&r, TDM_FIGURE_PUBLISHED_TIDE_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_TIDE_SEQUENCE, (int64_t)book->last[0]);
    state(book, 0, subject_of(subject, "period", period), &r);
}

/* ---- units ---- */

static const char *unit_subject(char out[TDM_SUBJECT_MAX], tdm_about about)
{
    snprintf(out, TDM_SUBJECT_MAX, "unit/%s/%s", about.lead, about.id);
    return out;
}

static int state_unit(tdm_book *book, tdm_about about, const tdm_record *record)
{
    char subject[TDM_SUBJECT_MAX];
    return state(book, about.origin, unit_subject(subject, about), record);
}

int book_unit(tdm_book *book, tdm_about about, int status, const char *start, const char *end)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_UNIT);
    tdm_record_set_text(&r, TDM_UNIT_RECORDER, about.recorder);
    tdm_record_set_text(&r, TDM_UNIT_LEAD, about.lead);
    tdm_record_set_text(&r, TDM_UNIT_UNIT_ID, about.id);
    tdm_record_set_number(&r, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&r, TDM_UNIT_STATUS, status == 0 ? TDM_STATUS_IS_DELIVERED : status);
    tdm_record_set_number(&r, TDM_UNIT_START, book_date(start));
    if (end != NULL)
        tdm_record_set_number(&r, TDM_UNIT_END, book_date(end));
    return state_unit(book, about, &r);
}

static void make_session(tdm_record *r, tdm_about about, const char *date, int hours_hundredths)
{
    tdm_record_init(r, TDM_TYPE_SESSION);
    tdm_record_set_text(r, TDM_SESSION_RECORDER, about.recorder);
    tdm_record_set_number(r, TDM_SESSION_DATE, book_date(date));
    tdm_record_set_number(r, TDM_SESSION_HOURS, hours_hundredths);
}

int book_session(tdm_book *book, tdm_about about, const char *date, int hours_hundredths)
{
    tdm_record r;
    make_session(&r, about, date, hours_hundredths);
    return state_unit(book, about, &r);
}

int book_facilitated(tdm_book *book, tdm_about about, const char *date, const char *facilitator)
{
    tdm_record r;
    tdm_buf list = { 0 };
    tdm_pack_array(&list, 1);
    tdm_pack_str(&list, tdm_span_text(facilitator));
    make_session(&r, about, date, 100);
    tdm_record_set_bytes(&r, TDM_SESSION_FACILITATORS, tdm_buf_span(&list));
    int fact = state_unit(book, about, &r);
    tdm_buf_free(&list);
    return fact;
}

int book_attendance(tdm_book *book, tdm_about about, int session, int people)
{
    tdm_id id = book_id(session);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ATTENDANCE);
    tdm_record_set_text(&r, TDM_ATTENDANCE_RECORDER, about.recorder);
    tdm_record_set_bytes(&r, TDM_ATTENDANCE_SESSION, (tdm_span){ id.bytes, sizeof id.bytes });
    tdm_record_set_number(&r, TDM_ATTENDANCE_PEOPLE, people);
    return state_unit(book, about, &r);
}

int book_design(tdm_book *book, tdm_about about, int enrolled)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_UNIT_DESIGN);
    tdm_record_set_text(&r, TDM_UNIT_DESIGN_RECORDER, about.recorder);
    tdm_record_set_number(&r, TDM_UNIT_DESIGN_ENROLLED, enrolled);
    return state_unit(book, about, &r);
}

int book_participants(tdm_book *book, tdm_about about, int year, int people)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_UNIT_PARTICIPANTS);
    tdm_record_set_text(&r, TDM_UNIT_PARTICIPANTS_RECORDER, about.recorder);
    tdm_record_set_number(&r, TDM_UNIT_PARTICIPANTS_YEAR, year);
    tdm_record_set_number(&r, TDM_UNIT_PARTICIPANTS_PEOPLE, people);
    return state_unit(book, about, &r);
}

static void make_assert(tdm_record *r, tdm_about about, const char *organisation, int phase)
{
    tdm_record_init(r, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(r, TDM_LINK_ASSERT_RECORDER, about.recorder);
    tdm_record_set_text(r, TDM_LINK_ASSERT_ORGANISATION, organisation);
    tdm_record_set_number(r, TDM_LINK_ASSERT_PHASE, phase);
}

int book_assert(tdm_book *book, tdm_about about, const char *organisation, int phase)
{
    tdm_record r;
    make_assert(&r, about, organisation, phase);
    return state_unit(book, about, &r);
}

int book_supplier(tdm_book *book, tdm_about about, const char *organisation)
{
    tdm_record r;
    make_assert(&r, about, organisation, TDM_PHASE_IS_DELIVER);
    tdm_record_set_number(&r, TDM_LINK_ASSERT_SUPPLIER, 1);
    return state_unit(book, about, &r);
}

int book_confirm(tdm_book *book, tdm_about about, int phase, tdm_about asserter, int assertion)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_id origin = book_id(asserter.origin);
    tdm_id fact = book_id(assertion);
    tdm_record asserted;
    tdm_digest digest;
    make_assert(&asserted, asserter, about.recorder, phase);
    tdm_assertion_digest(&origin, tdm_span_text(unit_subject(subject, asserter)), &fact, &asserted, &digest);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_LINK_CONFIRM);
    tdm_record_set_text(&r, TDM_LINK_CONFIRM_RECORDER, about.recorder);
    tdm_record_set_number(&r, TDM_LINK_CONFIRM_PHASE, phase);
    tdm_record_set_bytes(&r, TDM_LINK_CONFIRM_ASSERTION, (tdm_span){ digest.bytes, sizeof digest.bytes });
    return state_unit(book, about, &r);
}

int book_dispute(tdm_book *book, tdm_about about, int phase)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_LINK_DISPUTE);
    tdm_record_set_text(&r, TDM_LINK_DISPUTE_RECORDER, about.recorder);
    tdm_record_set_number(&r, TDM_LINK_DISPUTE_PHASE, phase);
    return state_unit(book, about, &r);
}

/* ---- amendments ---- */

void book_void_at(tdm_book *book, int origin, const char *subject, int fact)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_VOID);
    book_state(book, origin, subject, fact, &r);
}

void book_void(tdm_book *book, tdm_about about, int fact)
{
    char subject[TDM_SUBJECT_MAX];
    book_void_at(book, about.origin, unit_subject(subject, about), fact);
}

void book_unvoid(tdm_book *book, tdm_about about, int fact)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_UNVOID);
    book_state(book, about.origin, unit_subject(subject, about), fact, &r);
}

void book_represent_instead(tdm_book *book, const char *filed, int fact, int origin, const char *code)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_id id = book_id(origin);
    tdm_record moved;
    make_represents(&moved, &id, code);
    correct(book, 0, subject_of(subject, "organisation", filed), fact, &moved);
}

void book_move_session(tdm_book *book, tdm_about about, int session, const char *date, int hours_hundredths)
{
    char subject[TDM_SUBJECT_MAX];
    tdm_record moved;
    make_session(&moved, about, date, hours_hundredths);
    correct(book, about.origin, unit_subject(subject, about), session, &moved);
}

int book_delivered(tdm_book *book, tdm_about about, const char *date, int hours_hundredths, int people)
{
    book_unit(book, about, 0, date, NULL);
    int session = book_session(book, about, date, hours_hundredths);
    if (people >= 0)
        book_attendance(book, about, session, people);
    return session;
}

/* ---- asking ---- */

void book_apply(const tdm_book *book, tdm_fold *fold, size_t from, size_t count)
{
    tdm_err err = { 0 };
    tdm_ledger_entry *entries = calloc(count + 1, sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = (tdm_ledger_entry){ .position = from + i + 1, .bytes = book->events[from + i] };
    must(tdm_fold_apply(fold, entries, count, &err), &err);
    free(entries);
}

tdm_fold *book_fold(const tdm_book *book, bool with_feeds)
{
    tdm_fold_options options = { .has_authority = true, .authority = book_id(0), .with_feeds = with_feeds };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    must(tdm_fold_open(&fold, NULL, &options, &err), &err);
    book_apply(book, fold, 0, book->count);
    book_settle(fold);
    return fold;
}

void book_settle(tdm_fold *fold)
{
    tdm_err err = { 0 };
    while (tdm_fold_work(fold, 10, &err))
        ;
}

tdm_digest book_hash(tdm_fold *fold)
{
    tdm_digest digest;
    tdm_err err = { 0 };
    must(tdm_fold_state_hash(fold, &digest, &err), &err);
    return digest;
}

/* The events of one incarnation, as one run. */
static void append_store(const tdm_book *book, const tdm_event *store, tdm_ledger_txn *txn)
{
    tdm_err err = { 0 };
    tdm_span *events = calloc(book->count, sizeof *events);
    tdm_digest *digests = calloc(book->count, sizeof *digests);
    size_t count = 0;
    for (size_t i = 0; i < book->count; i++) {
        tdm_event event;
        must(tdm_event_peek(book->events[i], &event, &err), &err);
        if (!tdm_id_equal(&event.origin, &store->origin) || event.incarnation != store->incarnation)
            continue;
        tdm_event_digest(book->events[i], &digests[count]);
        events[count++] = book->events[i];
    }
    tdm_digest before = { { 0 } };
    tdm_run run = { .first = 1, .last = count };
    tdm_run_root(digests, count, &run.root);
    tdm_run_head(&before, &run.root, &run.head);
    must(tdm_ledger_append_run(txn, &store->origin, store->incarnation, &run, events, 0, &err), &err);
    free(events);
    free(digests);
}

/* Its stores in the order of their first events in the book. */
static void append_origin(const tdm_book *book, int origin, tdm_ledger_txn *txn)
{
    tdm_err err = { 0 };
    tdm_id id = book_id(origin);
    for (size_t i = 0; i < book->count; i++) {
        tdm_event event;
        must(tdm_event_peek(book->events[i], &event, &err), &err);
        if (tdm_id_equal(&event.origin, &id) && event.sequence == 1)
            append_store(book, &event, txn);
    }
}

tdm_ledger *book_ledger(const tdm_book *book)
{
    tdm_err err = { 0 };
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_ledger_txn *txn = NULL;
    must(tdm_kv_open_memory(&kv, TDM_LEDGER_TABLE_COUNT, &err), &err);
    must(tdm_ledger_open(&ledger, &kv, &err), &err);
    must(tdm_ledger_begin(ledger, &txn, &err), &err);
    for (int i = 0; i < BOOK_ORIGINS; i++)
        append_origin(book, i, txn);
    must(tdm_ledger_commit(&txn, &err), &err);
    return ledger;
}

static void append_one(tdm_ledger_txn *txn, tdm_span bytes)
{
    tdm_err err = { 0 };
    tdm_event event;
    tdm_tip tip;
    tdm_digest digest;
    must(tdm_event_peek(bytes, &event, &err), &err);
    tdm_ledger_txn_tip(txn, &event.origin, event.incarnation, &tip, &err); /* none: zeroes */
    tdm_run run = { .first = event.sequence, .last = event.sequence };
    tdm_event_digest(bytes, &digest);
    tdm_run_root(&digest, 1, &run.root);
    tdm_run_head(&tip.head, &run.root, &run.head);
    must(tdm_ledger_append_run(txn, &event.origin, event.incarnation, &run, &bytes, 1, &err), &err);
}

tdm_ledger *book_ledger_in_order(const tdm_book *book)
{
    tdm_err err = { 0 };
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_ledger_txn *txn = NULL;
    must(tdm_kv_open_memory(&kv, TDM_LEDGER_TABLE_COUNT, &err), &err);
    must(tdm_ledger_open(&ledger, &kv, &err), &err);
    must(tdm_ledger_begin(ledger, &txn, &err), &err);
    for (size_t i = 0; i < book->count; i++)
        append_one(txn, book->events[i]);
    must(tdm_ledger_commit(&txn, &err), &err);
    return ledger;
}

tdm_level_row book_row(tdm_fold *fold, tdm_dimension by, tdm_weight weight, const char *period,
                       const char *group)
{
    tdm_err err = { 0 };
    tdm_period wanted;
    must(tdm_period_parse(tdm_span_text(period), &wanted, &err), &err);
    tdm_level_question question = {
        .period_kind = wanted.kind, .by = by, .weight = weight, .as_of = book_date("2030-01-01")
    };
    tdm_level_answer answer;
    tdm_level_row found = { .period = wanted };
    must(tdm_fold_level(fold, &question, &answer, &err), &err);
    for (size_t i = 0; i < answer.count; i++) {
        if (answer.rows[i].period.number == wanted.number && strcmp(answer.rows[i].group, group) == 0)
            found = answer.rows[i];
    }
    tdm_level_answer_free(&answer);
    found.group = NULL; /* went with the answer */
    return found;
}
