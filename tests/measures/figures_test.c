/* SPDX-License-Identifier: MPL-2.0
 *
 * figures_test.c: the worked numbers of the definition, stated as events and asked as rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "build.h"

enum { PLAN = TDM_PHASE_IS_PLAN, DELIVER = TDM_PHASE_IS_DELIVER, SUPPORT = TDM_PHASE_IS_SUPPORT };

static const tdm_about LEAD = { 1, "R0A", "R0A", "1" };
static const tdm_about PARTNER = { 2, "R0B", "R0A", "1" };

static tdm_level_row total_of(const tdm_book *book, tdm_weight weight, const char *period)
{
    tdm_fold *fold = book_fold(book, false);
    tdm_level_row row = book_row(fold, TDM_BY_TOTAL, weight, period, "");
    tdm_fold_close(&fold);
    return row;
}

/* ---- the example year: P1-P10 ---- */

static const struct unit_row {
    const char *id;
    int hours;
    int people;
    int phases[3]; /* of the claim; 0 ends */
    int answer;    /* 1 confirmed, 2 disputed, 0 none; -1: no claim */
} EXAMPLE[] = {
    { "P1", 1200, 40, { PLAN, DELIVER, SUPPORT }, 1 },
    { "P2", 600, 12, { PLAN, DELIVER, 0 }, 1 },
    { "P3", 600, 20, { DELIVER, 0, 0 }, 1 },
    { "P4", 300, 8, { SUPPORT, 0, 0 }, 1 },
    { "P5", 300, 10, { DELIVER, 0, 0 }, 0 },
    { "P6", 1000, 30, { DELIVER, 0, 0 }, 2 },
    { "P7", 600, 25, { 0, 0, 0 }, -1 },
    { "P8", 200, 6, { 0, 0, 0 }, -1 },
    { "P9", 100, 5, { 0, 0, 0 }, -1 },
    { "P10", 100, 4, { 0, 0, 0 }, -1 },
};

static void state_unit(tdm_book *book, const struct unit_row *row)
{
    tdm_about lead = { 1, "R0A", "R0A", row->id };
    tdm_about partner = { 2, "R0B", "R0A", row->id };
    book_delivered(book, lead, "2017-09-12", row->hours, row->people);
    for (int p = 0; p < 3 && row->phases[p] != 0; p++) {
        int assertion = book_assert(book, lead, "R0B", row->phases[p]);
        if (row->answer == 1)
            book_confirm(book, partner, row->phases[p], lead, assertion);
        if (row->answer == 2)
            book_dispute(book, partner, row->phases[p]);
    }
}

static void example(tdm_book *book)
{
    book_two_partners(book);
    for (size_t i = 0; i < TDM_COUNT(EXAMPLE); i++)
        state_unit(book, &EXAMPLE[i]);
}

static const struct weight_row {
    const char *name;
    tdm_weight weight;
    int64_t amount;
    int64_t joint[TDM_LINES];
    int64_t level[TDM_LINES];
} WEIGHTS[] = {
    { "C1 of the example is 60.0, 50.0 and 40.0", TDM_WEIGHT_COUNT, 10, { 6, 5, 4 }, { 600, 500, 400 } },
    { "C2 by hours is 80.0 asserted and 54.0 corroborated",
      TDM_WEIGHT_HOURS,
      5000,
      { 4000, 3000, 2700 },
      { 800, 600, 540 } },
    { "C3 by participants is 75.0 asserted and 50.0 corroborated",
      TDM_WEIGHT_PARTICIPANTS,
      160,
      { 120, 90, 80 },
      { 750, 563, 500 } },
    { "C4 by participant-hours is 58.1 corroborated",
      TDM_WEIGHT_PARTICIPANT_HOURS,
      119700,
      { 102600, 72600, 69600 },
      { 857, 607, 581 } },
};

static void check_weight(void **state)
{
    const struct weight_row *want = *state;
    tdm_book book;
    example(&book);
    tdm_level_row row = total_of(&book, want->weight, "2017/18");
    assert_int_equal(row.units, 10);
    assert_int_equal(row.amount, want->amount);
    for (int line = 0; line < TDM_LINES; line++) {
        assert_int_equal(row.joint[line], want->joint[line]);
        assert_int_equal(row.level[line], want->level[line]);
    }
    book_free(&book);
}

static void check_phases_and_claims(void **state)
{
    (void)state;
    tdm_book book;
    int64_t share;
    example(&book);
    tdm_level_row row = total_of(&book, TDM_WEIGHT_COUNT, "2017/18");
    assert_int_equal(row.phase_units[0], 2);
    assert_int_equal(row.phase_units[1], 3);
    assert_int_equal(row.phase_units[2], 2);
    assert_int_equal(row.all_phases_units, 1);
    assert_true(tdm_share_tenths(row.depth, 3 * row.units, &share));
    assert_int_equal(share, 233);
    assert_int_equal(row.claims, 6);
    assert_int_equal(row.claims_corroborated, 4);
    assert_int_equal(row.claims_disputed, 1);
    assert_int_equal(row.claims_unanswered, 1);
    assert_int_equal(row.estimated, 10);
    book_free(&book);
}

/* ---- C7 and C8 ---- */

static const struct target_row {
    const char *name;
    const char *period;
    const char *as_of;
    int64_t target;
} TARGETS[] = {
    { "80.0 is expected at the end of 2017/18", "2017/18", "2030-01-01", 800 },
    { "100.0 is expected at the end of 2018/19", "2018/19", "2030-01-01", 1000 },
    { "70.0 is expected on 30 September 2017", "2017/18", "2017-09-30", 700 },
    { "70.0 is expected at the end of the second quarter", "2017/18Q2", "2030-01-01", 700 },
    { "the level of 2016/17 is the baseline", "2016/17", "2030-01-01", 600 },
};

static void check_target(void **state)
{
    const struct target_row *want = *state;
    tdm_book book;
    tdm_err err = { 0 };
    book_two_partners(&book);
    book_delivered(&book, LEAD, "2017-09-12", 100, 5);
    tdm_about before = { 1, "R0A", "R0A", "2" };
    tdm_about after = { 1, "R0A", "R0A", "3" };
    book_delivered(&book, before, "2016-09-12", 100, 5);
    book_delivered(&book, after, "2018-09-12", 100, 5);
    tdm_fold *fold = book_fold(&book, false);
    tdm_level_question question = { .as_of = book_date(want->as_of) };
    tdm_period period;
    assert_int_equal(tdm_period_parse(tdm_span_text(want->period), &period, &err), TDM_OK);
    question.period_kind = period.kind;
    tdm_level_answer answer;
    assert_int_equal(tdm_fold_level(fold, &question, &answer, &err), TDM_OK);
    bool found = false;
    for (size_t i = 0; i < answer.count; i++) {
        if (answer.rows[i].period.number != period.number)
            continue;
        assert_int_equal(answer.rows[i].target, want->target);
        found = true;
    }
    assert_true(found);
    tdm_level_answer_free(&answer);
    tdm_fold_close(&fold);
    book_free(&book);
}

static void check_to_convert(void **state)
{
    (void)state;
    tdm_book book;
    example(&book);
    tdm_level_row row = total_of(&book, TDM_WEIGHT_COUNT, "2017/18");
    assert_int_equal(row.gap, 400 - 800);
    assert_int_equal(row.to_convert, 4);
    book_free(&book);
}

static void check_revision(void **state)
{
    (void)state;
    tdm_book book;
    tdm_about late = { 1, "R0A", "R0A", "P11" };
    tdm_about late_partner = { 2, "R0B", "R0A", "P11" };
    tdm_about p5 = { 1, "R0A", "R0A", "P5" };
    tdm_about p5_partner = { 2, "R0B", "R0A", "P5" };
    book_two_partners(&book);
    int p5_assertion = 0;
    for (size_t i = 0; i < TDM_COUNT(EXAMPLE); i++) {
        state_unit(&book, &EXAMPLE[i]);
        if (strcmp(EXAMPLE[i].id, "P5") == 0)
            p5_assertion = 1000 + (int)book.count - 1;
    }
    book_close(&book, "2017/18");
    book_publish(&book, "2017/18", 10, 4);
    tdm_level_row before = total_of(&book, TDM_WEIGHT_COUNT, "2017/18");
    assert_int_equal(before.late, 0);
    assert_int_equal(before.revision, 0);
    book_confirm(&book, p5_partner, DELIVER, p5, p5_assertion);
    book_delivered(&book, late, "2017-09-20", 100, 3);
    int assertion = book_assert(&book, late, "R0B", DELIVER);
    book_confirm(&book, late_partner, DELIVER, late, assertion);
    tdm_level_row row = total_of(&book, TDM_WEIGHT_COUNT, "2017/18");
    assert_true(row.published);
    assert_int_equal(row.published_level, 400);
    assert_int_equal(row.joint[TDM_LINE_CORROBORATED], 6);
    assert_int_equal(row.units, 11);
    assert_int_equal(row.level[TDM_LINE_CORROBORATED], 545);
    assert_int_equal(row.revision, 145);
    assert_int_equal(row.late, 6); /* a confirmation; a unit, session, attendance, link and confirmation */
    assert_int_equal(row.facts, before.facts + 6);
    book_free(&book);
}

/* ---- one unit, many records ---- */

static void check_sixteen_records(void **state)
{
    (void)state;
    tdm_book book;
    char id[8];
    book_two_partners(&book);
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        tdm_about lead = { 1, "R0A", "R0A", id };
        tdm_about partner = { 2, "R0B", "R0A", id };
        book_delivered(&book, lead, "2017-06-01", 200, 10);
        if (i < 6)
            book_delivered(&book, partner, "2017-06-01", 200, 10);
    }
    tdm_level_row row = total_of(&book, TDM_WEIGHT_COUNT, "2017/18");
    assert_int_equal(row.units, 10);
    assert_int_equal(row.level[TDM_LINE_CORROBORATED], 600);
    assert_int_equal(total_of(&book, TDM_WEIGHT_HOURS, "2017/18").amount, 2000);
    book_free(&book);
}

/* ---- small scenes: what is stated, and what one row then says ---- */

typedef struct scene {
    const char *name;
    void (*tell)(tdm_book *book);
    const char *period;
    int64_t units;
    int64_t asserted;
    int64_t standing;
    int64_t corroborated;
} scene;

static int claimed(tdm_book *book)
{
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
    return book_assert(book, LEAD, "R0B", DELIVER);
}

static void tell_confirmed(tdm_book *book)
{
    book_two_partners(book);
    book_confirm(book, PARTNER, DELIVER, LEAD, claimed(book));
}

static void tell_moved_claim(tdm_book *book)
{
    book_two_partners(book);
    int assertion = claimed(book);
    book_confirm(book, PARTNER, SUPPORT, LEAD, assertion); /* an answer to another content */
}

static void tell_void_session(tdm_book *book)
{
    book_two_partners(book);
    book_void(book, LEAD, book_delivered(book, LEAD, "2017-09-12", 300, 12));
}

static void tell_unvoid_session(tdm_book *book)
{
    book_two_partners(book);
    int session = book_delivered(book, LEAD, "2017-09-12", 300, 12);
    book_void(book, LEAD, session);
    book_unvoid(book, LEAD, session);
}

static void tell_site(tdm_book *book)
{
    book_two_partners(book);
    book_organisation(book, "R0A01", 0, "R0A", TDM_BELONGS_IS_SITE);
    book_represents(book, 3, "R0A01", NULL);
    tdm_about site = { 3, "R0A01", "R0A", "1" };
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
    book_delivered(book, site, "2017-09-12", 300, 12);
}

static void tell_network(tdm_book *book)
{
    book_init(book);
    book_organisation(book, "U89141", TDM_SECTOR_IS_PRIMARY_CARE, NULL, 0);
    book_organisation(book, "A81001", TDM_SECTOR_IS_PRIMARY_CARE, "U89141", TDM_BELONGS_IS_NETWORK);
    book_organisation(book, "A81002", TDM_SECTOR_IS_PRIMARY_CARE, "U89141", TDM_BELONGS_IS_NETWORK);
    book_represents(book, 1, "A81001", NULL);
    book_represents(book, 2, "A81002", NULL);
    book_delivered(book, (tdm_about){ 1, "A81001", "A81001", "1" }, "2017-09-12", 300, 12);
    book_delivered(book, (tdm_about){ 2, "A81002", "A81001", "1" }, "2017-09-12", 300, 12);
}

static void tell_merger(tdm_book *book)
{
    book_two_partners(book);
    book_unit(book, LEAD, 0, "2017-09-12", NULL);
    book_unit(book, PARTNER, 0, "2017-09-12", NULL);
    book_session(book, LEAD, "2017-09-12", 300);
    book_session(book, LEAD, "2017-11-12", 300);
    book_change(book, "R0B", TDM_CHANGE_IS_MERGED, "2017-10-01", "R0A");
}

static void tell_closed_lead(tdm_book *book)
{
    book_two_partners(book);
    book_change(book, "R0A", TDM_CHANGE_IS_CLOSED, "2017-09-12", NULL);
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
}

static void tell_unregistered(tdm_book *book)
{
    book_two_partners(book);
    book_represents(book, 3, "R0C", NULL);
    book_delivered(book, (tdm_about){ 3, "R0C", "R0C", "1" }, "2017-09-12", 300, 12);
}

static void tell_registered_late(tdm_book *book)
{
    tell_unregistered(book);
    book_organisation(book, "R0C", 0, NULL, 0);
}

static void tell_third_party_dispute(tdm_book *book)
{
    tell_confirmed(book);
    book_partner(book, 3, "R0C");
    book_dispute(book, (tdm_about){ 3, "R0C", "R0A", "1" }, DELIVER);
}

static void tell_other_name(tdm_book *book)
{
    book_two_partners(book);
    int assertion = claimed(book);
    book_confirm(book, (tdm_about){ 3, "R0B", "R0A", "1" }, DELIVER, LEAD, assertion);
}

static void tell_until(tdm_book *book)
{
    book_init(book);
    book_partner(book, 1, "R0A");
    book_organisation(book, "R0B", 0, NULL, 0);
    book_represents(book, 2, "R0B", "2017-10-01");
    int assertion = claimed(book);
    book_at(book, "2017-10-01");
    book_confirm(book, PARTNER, DELIVER, LEAD, assertion);
}

static void tell_supplier(tdm_book *book)
{
    book_two_partners(book);
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
    book_supplier(book, LEAD, "R0B");
}

static void tell_dispute_outweighs(tdm_book *book)
{
    book_two_partners(book);
    book_represents(book, 3, "R0B", NULL);
    int assertion = claimed(book);
    book_confirm(book, PARTNER, DELIVER, LEAD, assertion);
    book_dispute(book, (tdm_about){ 3, "R0B", "R0A", "1" }, DELIVER);
}

static void tell_cancelled(tdm_book *book)
{
    book_two_partners(book);
    book_unit(book, LEAD, TDM_STATUS_IS_CANCELLED, "2017-09-12", NULL);
    book_session(book, LEAD, "2017-09-12", 300);
}

static void tell_outside_dates(tdm_book *book)
{
    book_two_partners(book);
    book_unit(book, LEAD, 0, "2017-09-12", "2017-09-30");
    book_session(book, LEAD, "2017-10-01", 300);
}

static void tell_two_years(tdm_book *book)
{
    book_two_partners(book);
    book_unit(book, LEAD, 0, "2018-03-31", NULL);
    book_session(book, LEAD, "2018-03-31", 300);
    book_session(book, LEAD, "2018-04-01", 300);
}

static void tell_matched(tdm_book *book)
{
    book_two_partners(book);
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
    book_delivered(book, (tdm_about){ 2, "R0B", "R0B", "77" }, "2017-09-12", 300, 12);
    book_match(book, "unit/R0A/1", "unit/R0B/77");
}

static void tell_match_void(tdm_book *book)
{
    book_two_partners(book);
    book_delivered(book, LEAD, "2017-09-12", 300, 12);
    book_delivered(book, (tdm_about){ 2, "R0B", "R0B", "77" }, "2017-09-12", 300, 12);
    int match = book_match(book, "unit/R0A/1", "unit/R0B/77");
    book_void_at(book, 0, "unit/R0A/1", match);
}

static const scene SCENES[] = {
    { "a confirmed claim is corroborated", tell_confirmed, "2017/18", 1, 1, 1, 1 },
    { "a confirmation of another content has lapsed", tell_moved_claim, "2017/18", 1, 1, 1, 0 },
    { "a unit whose only session is void is in no year", tell_void_session, "2017/18", 0, 0, 0, 0 },
    { "an unvoid brings the session back", tell_unvoid_session, "2017/18", 1, 0, 0, 0 },
    { "a site of the lead is no partner", tell_site, "2017/18", 1, 0, 0, 0 },
    { "two practices of one network are two organisations", tell_network, "2017/18", 1, 1, 1, 1 },
    { "before a merger the two are two", tell_merger, "2017-09", 1, 1, 1, 1 },
    { "from the day of a merger they are one", tell_merger, "2017-11", 1, 0, 0, 0 },
    { "one joint session makes the year joint", tell_merger, "2017/18", 1, 1, 1, 1 },
    { "sessions of a closed lead do not count", tell_closed_lead, "2017/18", 0, 0, 0, 0 },
    { "an organisation nobody registered does not count", tell_unregistered, "2017/18", 0, 0, 0, 0 },
    { "it counts once it is registered", tell_registered_late, "2017/18", 1, 0, 0, 0 },
    { "a third party's dispute is not counted", tell_third_party_dispute, "2017/18", 1, 1, 1, 1 },
    { "a confirmation in another's name is none", tell_other_name, "2017/18", 1, 1, 1, 0 },
    { "an answer after the representation ended is none", tell_until, "2017/18", 1, 1, 1, 0 },
    { "a supplier makes no unit joint", tell_supplier, "2017/18", 1, 0, 0, 0 },
    { "a dispute outweighs a confirmation by another", tell_dispute_outweighs, "2017/18", 1, 1, 0, 0 },
    { "a cancelled unit is out of the share", tell_cancelled, "2017/18", 0, 0, 0, 0 },
    { "a session outside the unit's dates does not count", tell_outside_dates, "2017/18", 0, 0, 0, 0 },
    { "31 March is in the old year", tell_two_years, "2017/18", 1, 0, 0, 0 },
    { "1 April is in the new year", tell_two_years, "2018/19", 1, 0, 0, 0 },
    { "two matched subjects are one joint unit", tell_matched, "2017/18", 1, 1, 1, 1 },
    { "a void match splits them again", tell_match_void, "2017/18", 2, 0, 0, 0 },
};

static void check_scene(void **state)
{
    const scene *told = *state;
    tdm_book book;
    told->tell(&book);
    tdm_level_row row = total_of(&book, TDM_WEIGHT_COUNT, told->period);
    assert_int_equal(row.units, told->units);
    assert_int_equal(row.joint[TDM_LINE_ASSERTED], told->asserted);
    assert_int_equal(row.joint[TDM_LINE_STANDING], told->standing);
    assert_int_equal(row.joint[TDM_LINE_CORROBORATED], told->corroborated);
    book_free(&book);
}

static void check_cancelled_apart(void **state)
{
    (void)state;
    tdm_book book;
    tell_cancelled(&book);
    assert_int_equal(total_of(&book, TDM_WEIGHT_COUNT, "2017/18").cancelled, 1);
    book_free(&book);
}

static void check_correction_first(void **state)
{
    (void)state;
    tdm_book book;
    book_two_partners(&book);
    book_unit(&book, LEAD, 0, "2017-09-12", NULL);
    book_move_session(&book, LEAD, 1000 + (int)book.count + 1, "2017-12-01", 700);
    book_session(&book, LEAD, "2017-09-12", 300);
    assert_int_equal(total_of(&book, TDM_WEIGHT_HOURS, "2017-12").amount, 700);
    assert_int_equal(total_of(&book, TDM_WEIGHT_COUNT, "2017-09").units, 0);
    book_free(&book);
}

static void check_stated_people(void **state)
{
    (void)state;
    tdm_book book;
    book_two_partners(&book);
    book_delivered(&book, LEAD, "2017-09-12", 300, 12);
    book_participants(&book, LEAD, 2017, 19);
    tdm_level_row year = total_of(&book, TDM_WEIGHT_PARTICIPANTS, "2017/18");
    assert_int_equal(year.amount, 19);
    assert_int_equal(year.estimated, 0);
    tdm_level_row quarter = total_of(&book, TDM_WEIGHT_PARTICIPANTS, "2017/18Q2");
    assert_int_equal(quarter.amount, 12);
    assert_int_equal(quarter.estimated, 1);
    book_free(&book);
}

static void check_groups(void **state)
{
    (void)state;
    tdm_book book;
    tell_network(&book);
    tdm_fold *fold = book_fold(&book, false);
    static const struct {
        tdm_dimension by;
        const char *group;
    } GROUPS[] = { { TDM_BY_LEAD, "A81001" },
                   { TDM_BY_SECTOR, "primary_care" },
                   { TDM_BY_KIND, "programme" },
                   { TDM_BY_PROGRAMME, "(none)" },
                   { TDM_BY_LOCALITY, "(none)" } };
    for (size_t i = 0; i < TDM_COUNT(GROUPS); i++)
        assert_int_equal(book_row(fold, GROUPS[i].by, TDM_WEIGHT_COUNT, "2017/18", GROUPS[i].group).units, 1);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    static struct CMUnitTest tests[64] = {
        { "C5 and C6 of the example are 20.0/30.0/20.0 and 4, 1, 1 of 6", check_phases_and_claims, NULL, NULL,
          NULL },
        { "C7: four units are to be converted in the example", check_to_convert, NULL, NULL, NULL },
        { "C8: a late joint unit and a late answer revise 40.0 by +14.5", check_revision, NULL, NULL, NULL },
        { "sixteen records of ten units give 60.0", check_sixteen_records, NULL, NULL, NULL },
        { "a cancelled unit is counted apart", check_cancelled_apart, NULL, NULL, NULL },
        { "a correction that came before its session waits for it", check_correction_first, NULL, NULL,
          NULL },
        { "participants stated for the year go before attendance", check_stated_people, NULL, NULL, NULL },
        { "every breakdown holds the unit under its own group", check_groups, NULL, NULL, NULL },
    };
    size_t count = 8;
    for (size_t i = 0; i < TDM_COUNT(WEIGHTS); i++)
        tests[count++] =
            (struct CMUnitTest){ WEIGHTS[i].name, check_weight, NULL, NULL, (void *)&WEIGHTS[i] };
    for (size_t i = 0; i < TDM_COUNT(TARGETS); i++)
        tests[count++] =
            (struct CMUnitTest){ TARGETS[i].name, check_target, NULL, NULL, (void *)&TARGETS[i] };
    for (size_t i = 0; i < TDM_COUNT(SCENES); i++)
        tests[count++] = (struct CMUnitTest){ SCENES[i].name, check_scene, NULL, NULL, (void *)&SCENES[i] };
    return _cmocka_run_group_tests("figures", tests, count, NULL, NULL);
}
