/* SPDX-License-Identifier: MPL-2.0
 *
 * oracle_test.c: the oracle against figures computed by hand: the worked examples of the measures C1 to C8,
 * and one small world for each rule that is easily got wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "oracle.h"
#include "parts.h"
#include "world.h"

typedef void scenario(world *w);

#define APRIL oracle_date(2017, 4, 20)
#define LATER oracle_date(2017, 6, 20)

static world_fact delivered(world *w, world_origin by, const char *recorder, const char *lead, const char *id)
{
    world_fact unit = world_unit(w, by, recorder, lead, id, TDM_STATUS_IS_DELIVERED, APRIL);
    (void)world_session(w, &unit, recorder, APRIL, 100);
    return unit;
}

static void unit_of_example(world *w, const char *id, int64_t hours, int64_t people, world_fact *unit)
{
    *unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", id, TDM_STATUS_IS_DELIVERED, APRIL);
    world_fact session = world_session(w, unit, "LEA", APRIL, 100 * hours);
    (void)world_attendance(w, &session, "LEA", people);
}

/* Ten units, P1 to P6 claimed joint; P1 to P4 confirmed, P5 unanswered, P6 disputed. Returns P5's assertion.
 */
static world_fact ten_units(world *w)
{
    static const struct {
        const char *id, *phases, *confirmed;
        int64_t hours, people;
    } UNITS[] = { { "P1", "123", "123", 12, 40 }, { "P2", "12", "12", 6, 12 }, { "P3", "2", "2", 6, 20 },
                  { "P4", "3", "3", 3, 8 },       { "P5", "2", "", 3, 10 },    { "P6", "2", "", 10, 30 },
                  { "P7", "", "", 6, 25 },        { "P8", "", "", 2, 6 },      { "P9", "", "", 1, 5 },
                  { "P10", "", "", 1, 4 } };
    world_fact unit, assertion, fifth = { 0 };
    for (size_t i = 0; i < TDM_COUNT(UNITS); i++) {
        unit_of_example(w, UNITS[i].id, UNITS[i].hours, UNITS[i].people, &unit);
        for (const char *phase = UNITS[i].phases; *phase != '\0'; phase++)
            assertion = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", *phase - '0', false);
        if (i == 4)
            fifth = assertion;
        if (i == 5)
            (void)world_dispute(w, &assertion, WORLD_PARTNER, "PAR", 2);
    }
    return fifth;
}

/* The confirmations, four days later. An assertion is found again by asserting it a second time: same phase,
 * same partner, so it states the same link. */
static void confirm_four(world *w)
{
    static const struct {
        const char *id, *phases;
    } CONFIRMED[] = { { "P1", "123" }, { "P2", "12" }, { "P3", "2" }, { "P4", "3" } };
    for (size_t i = 0; i < TDM_COUNT(CONFIRMED); i++)
        for (const char *phase = CONFIRMED[i].phases; *phase != '\0'; phase++) {
            world_fact unit = { .origin = WORLD_LEAD };
            (void)snprintf(unit.subject, sizeof(unit.subject), "unit/LEA/%s", CONFIRMED[i].id);
            world_fact again = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", *phase - '0', false);
            int64_t now = w->now;
            w->now += INT64_C(4) * 86400000;
            (void)world_confirm(w, &again, WORLD_PARTNER, "PAR", *phase - '0');
            w->now = now;
        }
}

static void example(world *w)
{
    (void)ten_units(w);
    confirm_four(w);
}

/* Published 4 of 10; then P5 is confirmed and the joint P11 arrives. */
static void revised(world *w)
{
    world_fact fifth = ten_units(w), unit;
    confirm_four(w);
    world_fact tide = world_tide(w);
    (void)world_close(w, "2017/18", &tide);
    (void)world_publish(w, "2017/18", 4, 10);
    (void)world_confirm(w, &fifth, WORLD_PARTNER, "PAR", 2);
    unit_of_example(w, "P11", 1, 1, &unit);
    world_fact assertion = world_assert(w, &unit, WORLD_LEAD, "LEA", "PAR", 2, false);
    (void)world_confirm(w, &assertion, WORLD_PARTNER, "PAR", 2);
}

/* 6 joint units recorded by two nodes each and 4 single ones: 16 records, 10 units. */
static void sixteen_records(world *w)
{
    static const char *const IDS[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", "10" };
    for (size_t i = 0; i < 10; i++) {
        (void)delivered(w, WORLD_LEAD, "LEA", "LEA", IDS[i]);
        if (i < 6)
            (void)delivered(w, WORLD_PARTNER, "PAR", "LEA", IDS[i]);
    }
}

static void match_and_void(world *w, bool voided)
{
    world_fact a = delivered(w, WORLD_LEAD, "LEA", "LEA", "1");
    world_fact b = delivered(w, WORLD_PARTNER, "PAR", "PAR", "77");
    world_fact match = world_match(w, &a, &b);
    if (voided)
        world_amend(w, &match, WORLD_HUB, TDM_TYPE_VOID, NULL);
}

static void matched(world *w)
{
    match_and_void(w, false);
}

static void match_voided(world *w)
{
    match_and_void(w, true);
}

static world_fact joint_unit(world *w, const char *partner, bool supplier)
{
    world_fact unit = delivered(w, WORLD_LEAD, "LEA", "LEA", "1");
    return world_assert(w, &unit, WORLD_LEAD, "LEA", partner, 2, supplier);
}

static void supplier_only(world *w)
{
    (void)joint_unit(w, "PAR", true);
}

static void own_site(world *w)
{
    (void)world_organisation(w, "LEASITE", "LEA", TDM_BELONGS_IS_SITE);
    (void)joint_unit(w, "LEASITE", false);
}

static void own_network(world *w)
{
    (void)world_organisation(w, "LEANET", "LEA", TDM_BELONGS_IS_NETWORK);
    (void)joint_unit(w, "LEANET", false);
}

static void unregistered(world *w)
{
    (void)joint_unit(w, "NOBODY", false);
}

static void merged_before(world *w)
{
    (void)world_change(w, "PAR", TDM_CHANGE_IS_MERGED, APRIL, "LEA");
    (void)joint_unit(w, "PAR", false);
}

static void merged_between(world *w)
{
    world_fact assertion = joint_unit(w, "PAR", false);
    world_fact unit = { .origin = WORLD_LEAD };
    (void)snprintf(unit.subject, sizeof(unit.subject), "%s", assertion.subject);
    (void)world_session(w, &unit, "LEA", LATER, 300);
    (void)world_change(w, "PAR", TDM_CHANGE_IS_MERGED, LATER, "LEA");
}

static void closed(world *w)
{
    (void)world_change(w, "PAR", TDM_CHANGE_IS_CLOSED, APRIL - 1, NULL);
    (void)joint_unit(w, "PAR", false);
}

static void reopened(world *w)
{
    closed(w);
    (void)world_change(w, "PAR", TDM_CHANGE_IS_REOPENED, APRIL, NULL);
}

static void third_disputes(world *w)
{
    world_fact assertion = joint_unit(w, "PAR", false);
    (void)world_dispute(w, &assertion, WORLD_THIRD, "THI", 2);
    (void)world_dispute(w, &assertion, WORLD_THIRD, "PAR", 2);
}

static void answer_withdrawn(world *w)
{
    world_fact assertion = joint_unit(w, "PAR", false);
    world_fact dispute = world_dispute(w, &assertion, WORLD_PARTNER, "PAR", 2);
    world_amend(w, &dispute, WORLD_PARTNER, TDM_TYPE_LINK_WITHDRAW, NULL);
}

/* The assertion changes after it was confirmed. */
static void lapsed(world *w)
{
    world_fact assertion = joint_unit(w, "PAR", false);
    (void)world_confirm(w, &assertion, WORLD_PARTNER, "PAR", 2);
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(&r, TDM_LINK_ASSERT_RECORDER, "LEA");
    tdm_record_set_text(&r, TDM_LINK_ASSERT_ORGANISATION, "PAR");
    tdm_record_set_number(&r, TDM_LINK_ASSERT_PHASE, 2);
    tdm_record_set_number(&r, TDM_LINK_ASSERT_HOURS, 250);
    world_amend(w, &assertion, WORLD_LEAD, TDM_TYPE_LINK_AMEND, &r);
}

static void void_by(world *w, world_origin by)
{
    world_fact assertion = joint_unit(w, "PAR", false);
    world_amend(w, &assertion, by, TDM_TYPE_VOID, NULL);
}

static void voided_by_stranger(world *w)
{
    void_by(w, WORLD_THIRD);
}

static void voided_by_successor(world *w)
{
    tdm_record r;
    void_by(w, WORLD_THIRD);
    tdm_record_init(&r, TDM_TYPE_SUCCESSION);
    tdm_record_set_bytes(&r, TDM_SUCCESSION_ORIGIN,
                         (tdm_span){ w->pens[WORLD_LEAD].origin.bytes, TDM_ID_BYTES });
    tdm_record_set_bytes(&r, TDM_SUCCESSION_SUCCESSOR,
                         (tdm_span){ w->pens[WORLD_THIRD].origin.bytes, TDM_ID_BYTES });
    world_fact origin = { .origin = WORLD_HUB, .subject = "origin/any", .id = { { 99 } } };
    TDM_ASSERT(tdm_sheaf_state(&w->sheaf, &w->pens[WORLD_HUB], origin.subject, &origin.id, w->now, &r));
}

static void in_anothers_name(world *w)
{
    (void)delivered(w, WORLD_THIRD, "LEA", "LEA", "1");
}

static void before_its_start(world *w)
{
    world_fact unit = world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_DELIVERED, LATER);
    (void)world_session(w, &unit, "LEA", APRIL, 100);
}

static void cancelled(world *w)
{
    (void)world_unit(w, WORLD_LEAD, "LEA", "LEA", "1", TDM_STATUS_IS_CANCELLED, APRIL);
}

static void returns(world *w)
{
    static const char *const CODES[] = { "LEA", "PAR", "THI", "HUB", "OR1", "OR2", "OR3", "OR4" };
    for (size_t i = 0; i < TDM_COUNT(CODES); i++)
        (void)world_return(w, TDM_TYPE_RETURN_EXPECTED, WORLD_HUB, CODES[i], "2017/18");
    (void)world_return(w, TDM_TYPE_RETURN_MADE, WORLD_LEAD, "LEA", "2017/18");
    (void)world_return(w, TDM_TYPE_RETURN_MADE, WORLD_PARTNER, "PAR", "2017/18");
    (void)world_return(w, TDM_TYPE_RETURN_MADE, WORLD_PARTNER, "THI", "2017/18");
}

static void falling_targets(world *w)
{
    (void)world_level(w, TDM_TYPE_BASELINE, 2016, 800);
    (void)world_level(w, TDM_TYPE_TARGET, 2017, 600);
    example(w);
}

/* ---- rows: the field of the one row of 2017/18, totals, asked on 30 September 2017 */
#define AT(field) offsetof(tdm_oracle_row, field)
typedef struct row {
    const char *name;
    scenario *scenario;
    tdm_weight weight;
    size_t field;
    int64_t expected;
} row;

#define COUNTED TDM_WEIGHT_COUNT
static const row ROWS[] = {
    { "C1: ten units", example, COUNTED, AT(units), 10 },
    { "C1: asserted 6 of 10 is 60.0", example, COUNTED, AT(level[0]), 600 },
    { "C1: standing 5 of 10 is 50.0", example, COUNTED, AT(level[1]), 500 },
    { "C1: corroborated 4 of 10 is 40.0", example, COUNTED, AT(level[2]), 400 },
    { "C2: corroborated hours 27 of 50 are 54.0", example, TDM_WEIGHT_HOURS, AT(level[2]), 540 },
    { "C2: asserted hours 40 of 50 are 80.0", example, TDM_WEIGHT_HOURS, AT(level[0]), 800 },
    { "C3: corroborated people 80 of 160 are 50.0", example, TDM_WEIGHT_PARTICIPANTS, AT(level[2]), 500 },
    { "C3: asserted people 120 of 160 are 75.0", example, TDM_WEIGHT_PARTICIPANTS, AT(level[0]), 750 },
    { "C4: 1197 participant-hours", example, TDM_WEIGHT_PARTICIPANT_HOURS, AT(amount), 119700 },
    { "C4: 696 of them are 58.1", example, TDM_WEIGHT_PARTICIPANT_HOURS, AT(level[2]), 581 },
    { "C5: two units planned with a partner", example, COUNTED, AT(phase_units[0]), 2 },
    { "C5: three delivered with a partner", example, COUNTED, AT(phase_units[1]), 3 },
    { "C5: two supported by a partner", example, COUNTED, AT(phase_units[2]), 2 },
    { "C5: one in all three phases", example, COUNTED, AT(all_phases_units), 1 },
    { "C5: depth 3 + 2 + 1 + 1", example, COUNTED, AT(depth), 7 },
    { "C6: six claims", example, COUNTED, AT(claims), 6 },
    { "C6: four of them corroborated", example, COUNTED, AT(claims_corroborated), 4 },
    { "C6: one disputed", example, COUNTED, AT(claims_disputed), 1 },
    { "C6: one unanswered", example, COUNTED, AT(claims_unanswered), 1 },
    { "C6: four days to an answer", example, COUNTED, AT(median_days), 4 },
    { "C7: day 183 of 365 expects 70.0", example, COUNTED, AT(target), 700 },
    { "C7: the gap is level minus expectation", example, COUNTED, AT(gap), -300 },
    { "C7: four units to convert", example, COUNTED, AT(to_convert), 4 },
    { "C7: a falling target is rounded down as well", falling_targets, COUNTED, AT(target), 700 },
    { "C8: 6 of 11 are 54.5", revised, COUNTED, AT(level[2]), 545 },
    { "C8: published was 40.0", revised, COUNTED, AT(published_level), 400 },
    { "C8: the revision is 14.5, of exact values", revised, COUNTED, AT(revision), 145 },
    { "C8: the confirmation and the five facts of the new unit are late", revised, COUNTED, AT(late), 6 },
    { "C8: eight returns expected", returns, COUNTED, AT(returns_expected), 8 },
    { "C8: a return in another's name is not received", returns, COUNTED, AT(returns_received), 2 },
    { "rule 1: sixteen records are ten units", sixteen_records, COUNTED, AT(units), 10 },
    { "rule 1: six of them corroborated", sixteen_records, COUNTED, AT(level[2]), 600 },
    { "rule 1: hours count once", sixteen_records, TDM_WEIGHT_HOURS, AT(amount), 1000 },
    { "matched records of two leads are one unit", matched, COUNTED, AT(units), 1 },
    { "matched records corroborate each other", matched, COUNTED, AT(joint[2]), 1 },
    { "a voided match splits the unit", match_voided, COUNTED, AT(units), 2 },
    { "a voided match leaves nothing joint", match_voided, COUNTED, AT(joint[0]), 0 },
    { "a supplier makes no unit joint", supplier_only, COUNTED, AT(joint[0]), 0 },
    { "a site of the lead is no partner", own_site, COUNTED, AT(joint[0]), 0 },
    { "a member of a network of the lead is a partner", own_network, COUNTED, AT(joint[0]), 1 },
    { "an organisation nobody registered is no partner yet", unregistered, COUNTED, AT(joint[0]), 0 },
    { "merged from the day of the merger", merged_before, COUNTED, AT(joint[0]), 0 },
    { "a unit is joint if one of its sessions is", merged_between, COUNTED, AT(joint[0]), 1 },
    { "then all its hours are joint", merged_between, TDM_WEIGHT_HOURS, AT(joint[0]), 400 },
    { "a closed organisation is no partner", closed, COUNTED, AT(joint[0]), 0 },
    { "a reopened one is", reopened, COUNTED, AT(joint[0]), 1 },
    { "a third party's dispute does not count", third_disputes, COUNTED, AT(joint[1]), 1 },
    { "a dispute withdrawn does not count", answer_withdrawn, COUNTED, AT(joint[1]), 1 },
    { "a confirmation lapses when the hours change", lapsed, COUNTED, AT(joint[2]), 0 },
    { "a lapsed confirmation disputes nothing", lapsed, COUNTED, AT(claims_unanswered), 1 },
    { "a stranger cannot void an assertion", voided_by_stranger, COUNTED, AT(joint[0]), 1 },
    { "a successor can", voided_by_successor, COUNTED, AT(joint[0]), 0 },
    { "a record in another's name is no unit", in_anothers_name, COUNTED, AT(units), -1 },
    { "a session before the unit starts does not count", before_its_start, COUNTED, AT(units), -1 },
    { "a cancelled unit is no unit", cancelled, COUNTED, AT(units), 0 },
    { "a cancelled unit is counted apart", cancelled, COUNTED, AT(cancelled), 1 },
};

/* -1 stands for no row at all. */
static int64_t ask(const world *w, const row *r)
{
    tdm_oracle_options options = { .has_authority = true, .authority = w->pens[WORLD_HUB].origin };
    tdm_level_question question = { .has_year = true, .year = 2017, .weight = r->weight };
    tdm_oracle *oracle = NULL;
    tdm_oracle_row *rows;
    size_t count;
    tdm_err err = { 0 };
    question.as_of = oracle_date(2017, 9, 30);
    tdm_span *events = tdm_sheaf_spans(&w->sheaf);
    assert_int_equal(tdm_oracle_open(&oracle, events, w->sheaf.count, &options, &err), TDM_OK);
    tdm_oracle_level(oracle, &question, &rows, &count);
    assert_true(count <= 1);
    int64_t found = count == 1 ? *(const int64_t *)((const char *)rows + r->field) : -1;
    free(rows);
    free(events);
    tdm_oracle_close(&oracle);
    return found;
}

static void check_row(void **state)
{
    const row *r = *state;
    world w;
    world_begin(&w);
    r->scenario(&w);
    int64_t found = ask(&w, r);
    world_end(&w);
    assert_int_equal(found, r->expected);
}

/* ---- civil dates */
typedef struct day_row {
    const char *name;
    int64_t ms;
    int year, month, day;
} day_row;

static const day_row DAYS[] = {
    { "23:30 UTC on 31 March 2018 is 1 April in London", INT64_C(1522539000000), 2018, 4, 1 },
    { "23:30 UTC on 31 December 2017 is that day in London", INT64_C(1514763000000), 2017, 12, 31 },
    { "an instant before 1970 has its day", INT64_C(-1), 1969, 12, 31 },
};

static void check_day(void **state)
{
    const day_row *r = *state;
    int year, month, day;
    oracle_date_split(oracle_london(r->ms), &year, &month, &day);
    assert_int_equal(year, r->year);
    assert_int_equal(month, r->month);
    assert_int_equal(day, r->day);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + TDM_COUNT(DAYS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    for (size_t i = 0; i < TDM_COUNT(DAYS); i++)
        tests[TDM_COUNT(ROWS) + i] =
            (struct CMUnitTest){ DAYS[i].name, check_day, NULL, NULL, (void *)&DAYS[i] };
    return cmocka_run_group_tests_name("oracle rows", tests, NULL, NULL);
}
