/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_edges_test.c: cells of the tables (docs/figures.md section 8) where random histories seldom go: one
 * short book a row.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"
#include "tandem/measure.h"
#include "tandem/pack.h"

static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };

typedef struct edge_row {
    const char *name;
    void (*tell)(tdm_book *book);
    int table;
    size_t cells;      /* of years and days */
    const char *first; /* PERIOD ORGANISATION A B, and n0 to n3 */
} edge_row;

/* ---- ties ---- */

/* A lead, second in order, and so many partners, each asserted. */
static void tell_partners(tdm_book *book, int partners)
{
    const tdm_about lead = { 1, "R101", "R101", "1" };
    book_partner(book, 1, "R101");
    book_delivered(book, lead, "2017-09-12", 300, 12);
    for (int i = 0; i < partners; i++) {
        char code[8];
        snprintf(code, sizeof code, "R1%02d", 2 * i);
        book_organisation(book, code, 0, NULL, 0);
        book_assert(book, lead, code, TDM_PHASE_IS_DELIVER);
    }
}

static void tell_fifty(tdm_book *book)
{
    tell_partners(book, 49);
}

static void tell_fifty_one(tdm_book *book)
{
    tell_partners(book, 50);
}

static void tell_merging_lead(tdm_book *book)
{
    book_partner(book, 1, "R0A");
    book_organisation(book, "R0B", 0, NULL, 0);
    book_organisation(book, "R0C", 0, NULL, 0);
    book_change(book, "R0A", TDM_CHANGE_IS_MERGED, "2017-10-01", "R0B");
    book_unit(book, LEAD, 0, "2017-09-12", NULL);
    book_session(book, LEAD, "2017-09-12", 300);
    book_session(book, LEAD, "2017-11-12", 300);
    book_assert(book, LEAD, "R0B", TDM_PHASE_IS_DELIVER);
    book_assert(book, LEAD, "R0C", TDM_PHASE_IS_DELIVER);
}

/* ---- cycles ---- */

static void tell_cycle(tdm_book *book, const char *prediction, const char *plan, const char *done,
                       const char *studied, const char *acted)
{
    tdm_record r;
    book_partner(book, 1, "R0A");
    tdm_record_init(&r, TDM_TYPE_PDSA_CYCLE);
    tdm_record_set_text(&r, TDM_PDSA_CYCLE_RECORDER, "R0A");
    tdm_record_set_text(&r, TDM_PDSA_CYCLE_GROUP, "ward");
    tdm_record_set_text(&r, TDM_PDSA_CYCLE_CYCLE, "1");
    tdm_record_set_number(&r, TDM_PDSA_CYCLE_PREDICTION, book_date(prediction));
    tdm_record_set_number(&r, TDM_PDSA_CYCLE_PLAN, book_date(plan));
    tdm_record_set_number(&r, TDM_PDSA_CYCLE_DO, book_date(done));
    tdm_record_set_number(&r, TDM_PDSA_CYCLE_STUDY, book_date(studied));
    tdm_record_set_number(&r, TDM_PDSA_CYCLE_ACT, book_date(acted));
    book_state(book, 1, "cycle/R0A/ward", 1, &r);
}

static void tell_cycle_of_a_day(tdm_book *book)
{
    tell_cycle(book, "2017-05-01", "2017-05-02", "2017-05-02", "2017-05-02", "2017-05-02");
}

static void tell_late_prediction(tdm_book *book)
{
    tell_cycle(book, "2017-05-02", "2017-05-02", "2017-05-02", "2017-05-02", "2017-05-02");
}

static void tell_done_before_planned(tdm_book *book)
{
    tell_cycle(book, "2017-05-01", "2017-05-03", "2017-05-02", "2017-05-03", "2017-05-03");
}

static void tell_studied_before_done(tdm_book *book)
{
    tell_cycle(book, "2017-05-01", "2017-05-02", "2017-05-04", "2017-05-03", "2017-05-05");
}

static void tell_acted_before_studied(tdm_book *book)
{
    tell_cycle(book, "2017-05-01", "2017-05-02", "2017-05-02", "2017-05-04", "2017-05-03");
}

/* ---- exchange ---- */

static void tell_support(tdm_book *book, int origin, int fact, int kind)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_SUPPORT);
    tdm_record_set_text(&r, TDM_SUPPORT_RECORDER, "R0A");
    tdm_record_set_text(&r, TDM_SUPPORT_SUPPORT_ID, "s");
    tdm_record_set_number(&r, TDM_SUPPORT_KIND, kind);
    tdm_record_set_text(&r, TDM_SUPPORT_THEME, "coaching");
    tdm_record_set_number(&r, TDM_SUPPORT_FROM, book_date("2017-05-02"));
    book_state(book, origin, "support/R0A/s", fact, &r);
}

static void tell_support_match(tdm_book *book, int origin, int fact, const char *recorder)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_SUPPORT_MATCH);
    tdm_record_set_text(&r, TDM_SUPPORT_MATCH_RECORDER, recorder);
    tdm_record_set_text(&r, TDM_SUPPORT_MATCH_OWNER, "R0A");
    tdm_record_set_text(&r, TDM_SUPPORT_MATCH_SUPPORT_ID, "s");
    tdm_record_set_text(&r, TDM_SUPPORT_MATCH_OTHER, "R0B");
    tdm_record_set_number(&r, TDM_SUPPORT_MATCH_DATE, book_date("2017-06-01"));
    book_state(book, origin, "support/R0A/s", fact, &r);
}

/* Origins 1 and 3 record for R0A, 2 for R0B. */
static void tell_sides(tdm_book *book)
{
    book_partner(book, 1, "R0A");
    book_represents(book, 3, "R0A", NULL);
    book_partner(book, 2, "R0B");
}

static void tell_one_match(tdm_book *book)
{
    tell_sides(book);
    tell_support(book, 1, 1, TDM_SUPPORTKIND_IS_OFFER);
    tell_support_match(book, 2, 2, "R0B");
}

static void tell_smaller_origin_first(tdm_book *book)
{
    tell_sides(book);
    tell_support(book, 1, 1, TDM_SUPPORTKIND_IS_OFFER);
    tell_support(book, 3, 1, TDM_SUPPORTKIND_IS_REQUEST);
    tell_support_match(book, 2, 2, "R0B");
}

static void tell_smaller_origin_last(tdm_book *book)
{
    tell_sides(book);
    tell_support(book, 3, 1, TDM_SUPPORTKIND_IS_REQUEST);
    tell_support(book, 1, 2, TDM_SUPPORTKIND_IS_OFFER);
    tell_support_match(book, 2, 3, "R0B");
}

/* The fact stated later has the smaller number. */
static void tell_two_of_an_origin(tdm_book *book)
{
    tell_sides(book);
    tell_support(book, 1, 2, TDM_SUPPORTKIND_IS_OFFER);
    tell_support(book, 1, 1, TDM_SUPPORTKIND_IS_REQUEST);
    tell_support_match(book, 2, 3, "R0B");
}

static void tell_two_of_an_origin_in_order(tdm_book *book)
{
    tell_sides(book);
    tell_support(book, 1, 1, TDM_SUPPORTKIND_IS_OFFER);
    tell_support(book, 1, 2, TDM_SUPPORTKIND_IS_REQUEST);
    tell_support_match(book, 2, 3, "R0B");
}

static void tell_repeated_match(tdm_book *book)
{
    tell_one_match(book);
    tell_support_match(book, 2, 3, "R0B");
    tell_support_match(book, 1, 4, "R0A");
}

/* ---- discussions ---- */

static void tell_twenty_voices(tdm_book *book)
{
    enum { VOICES = 20 };
    tdm_buf voices = { 0 };
    tdm_record r;
    book_partner(book, 1, "R0A");
    tdm_pack_array(&voices, VOICES);
    for (int i = 0; i < VOICES; i++) {
        char text[16];
        snprintf(text, sizeof text, "voice %02d", i);
        tdm_pack_str(&voices, tdm_span_text(text));
    }
    tdm_record_init(&r, TDM_TYPE_DISCUSSION);
    tdm_record_set_text(&r, TDM_DISCUSSION_RECORDER, "R0A");
    tdm_record_set_text(&r, TDM_DISCUSSION_NETWORK, "net");
    tdm_record_set_number(&r, TDM_DISCUSSION_DATE, book_date("2017-06-01"));
    tdm_record_set_bytes(&r, TDM_DISCUSSION_STAKEHOLDERS, tdm_buf_span(&voices));
    book_state(book, 1, "network/R0A/net", 1, &r);
    tdm_buf_free(&voices);
}

/* ---- uses ---- */

static void tell_use(tdm_book *book, const char *adapted_from)
{
    tdm_record r;
    tell_sides(book);
    tdm_record_init(&r, TDM_TYPE_RESOURCE);
    tdm_record_set_text(&r, TDM_RESOURCE_RECORDER, "R0A");
    tdm_record_set_text(&r, TDM_RESOURCE_RESOURCE_ID, "guide");
    tdm_record_set_number(&r, TDM_RESOURCE_KIND, TDM_RESOURCEKIND_IS_RESOURCE);
    tdm_record_set_number(&r, TDM_RESOURCE_PUBLISHED, book_date("2017-05-01"));
    tdm_record_set_text(&r, TDM_RESOURCE_ADAPTED_FROM, adapted_from);
    book_state(book, 1, "resource/R0A/guide", 1, &r);
    tdm_record_init(&r, TDM_TYPE_RESOURCE_USE);
    tdm_record_set_text(&r, TDM_RESOURCE_USE_RECORDER, "R0B");
    tdm_record_set_text(&r, TDM_RESOURCE_USE_OWNER, "R0A");
    tdm_record_set_text(&r, TDM_RESOURCE_USE_RESOURCE_ID, "guide");
    tdm_record_set_number(&r, TDM_RESOURCE_USE_DATE, book_date("2017-06-01"));
    tdm_record_set_number(&r, TDM_RESOURCE_USE_USE, TDM_USE_IS_USED);
    book_state(book, 2, "resource/R0A/guide", 2, &r);
}

static void tell_use_of_adapted(tdm_book *book)
{
    tell_use(book, "x");
}

static void tell_use_of_own(tdm_book *book)
{
    tell_use(book, "");
}

static const edge_row ROWS[] = {
    { "fifty organisations of a unit are each tied to each", tell_fifty, TDM_TABLE_TIES, 50 * 49 / 2,
      "2017/18 R101 R100 R101 1 1 0 0" },
    { "fifty-one are tied to none", tell_fifty_one, TDM_TABLE_TIES, 1, "2017/18 R101   0 0 0 1" },
    { "a lead is not tied to the partner it has become", tell_merging_lead, TDM_TABLE_TIES, 1,
      "2017/18 R0A R0B R0C 1 1 0 0" },
    { "a cycle of one day, predicted before, is complete", tell_cycle_of_a_day, TDM_TABLE_CYCLES, 1,
      "2017/18 R0A ward  1 1 0 0" },
    { "a cycle predicted on the day is not", tell_late_prediction, TDM_TABLE_CYCLES, 1,
      "2017/18 R0A ward  1 0 0 0" },
    { "a cycle done before it was planned is not", tell_done_before_planned, TDM_TABLE_CYCLES, 1,
      "2017/18 R0A ward  1 0 0 0" },
    { "a cycle studied before it was done is not", tell_studied_before_done, TDM_TABLE_CYCLES, 1,
      "2017/18 R0A ward  1 0 0 0" },
    { "a cycle acted on before it was studied is not", tell_acted_before_studied, TDM_TABLE_CYCLES, 1,
      "2017/18 R0A ward  1 0 0 0" },
    { "an offer taken up is an exchange", tell_one_match, TDM_TABLE_EXCHANGE, 1,
      "2017/18 R0A R0A R0B 1 1 0 0" },
    { "of two records of a support that of the smaller origin holds", tell_smaller_origin_first,
      TDM_TABLE_EXCHANGE, 1, "2017/18 R0A R0A R0B 1 1 0 0" },
    { "of two records the smaller origin's holds, stated later", tell_smaller_origin_last, TDM_TABLE_EXCHANGE,
      1, "2017/18 R0A R0A R0B 1 1 0 0" },
    { "of two records of one origin the later holds", tell_two_of_an_origin, TDM_TABLE_EXCHANGE, 1,
      "2017/18 R0A R0B R0A 1 0 1 0" },
    { "of two records in order of their numbers the later holds", tell_two_of_an_origin_in_order,
      TDM_TABLE_EXCHANGE, 1, "2017/18 R0A R0B R0A 1 0 1 0" },
    { "a match stated three times is one exchange", tell_repeated_match, TDM_TABLE_EXCHANGE, 1,
      "2017/18 R0A R0A R0B 1 1 0 0" },
    { "twenty voices are all heard", tell_twenty_voices, TDM_TABLE_DISCUSSIONS, 21,
      "2017/18 R0A net  1 0 0 0" },
    { "a use of what was adapted from a short name is one of adapted work", tell_use_of_adapted,
      TDM_TABLE_USES, 1, "2017/18 R0A used  1 1 1 0" },
    { "a use of what was adapted from nothing is not", tell_use_of_own, TDM_TABLE_USES, 1,
      "2017/18 R0A used  1 1 0 0" },
};

/* ---- asking ---- */

typedef struct seen {
    int table;
    size_t count;
    char first[128];
} seen;

static tdm_code see(void *context, const tdm_table_cell *cell, tdm_err *err)
{
    (void)err;
    seen *in = context;
    char period[16];
    if (cell->table != in->table || (!cell->has_day && cell->period.kind != TDM_PERIOD_YEAR))
        return TDM_OK;
    if (in->count++ > 0)
        return TDM_OK;
    if (cell->has_day)
        tdm_date_text(cell->day, period);
    else
        tdm_period_text(cell->period, period);
    snprintf(in->first, sizeof in->first, "%s %.*s %.*s %.*s %d %d %d %d", period,
             (int)cell->organisation.len, (const char *)cell->organisation.data, (int)cell->a.len,
             (const char *)cell->a.data, (int)cell->b.len, (const char *)cell->b.data, (int)cell->n[0],
             (int)cell->n[1], (int)cell->n[2], (int)cell->n[3]);
    return TDM_OK;
}

static void check_edge(void **state)
{
    const edge_row *row = *state;
    tdm_book book;
    tdm_err err = { 0 };
    seen in = { .table = row->table };
    book_init(&book);
    row->tell(&book);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(tdm_fold_tables(fold, see, &in, &err), TDM_OK);
    assert_string_equal(in.first, row->first);
    assert_int_equal(in.count, row->cells);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_edge, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("tables edges", tests, NULL, NULL);
}
