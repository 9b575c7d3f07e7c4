/* SPDX-License-Identifier: MPL-2.0
 *
 * history_counts.c: counts in a random history: references and summaries, of few dimensions and groups, so
 * that one is set against the other.
 */
#include "history_parts.h"

#include <stdio.h>
#include <string.h>

/* A dimension and its groups. */
typedef struct dimension {
    const char *name;
    const char *groups[5];
} dimension;

static const dimension DIMENSIONS[] = {
    { "locality", { "east", "north", "west", "unknown", "south" } },
    { "ethnicity", { "bme", "white", "unknown", "white", "bme" } },
    { "staff_group", { "students", "medical_and_dental", "students", "unknown", "medical_and_dental" } },
};

static const char *word_of(tdm_enum_set set, int64_t number)
{
    const char *word = tdm_enum_word(set, number);
    return word != NULL ? word : "77";
}

/* Of itself mostly; of others, which counts if it is a national body. After a summary: of the same people. */
static void begin_reference(history_maker *m, size_t origin, const history_stated *about, history_stated *s)
{
    bool again = about != NULL && about->type == s->type;
    bool counted = about != NULL && about->type == TDM_TYPE_SUMMARY;
    int64_t indicator = again ? about->phase : history_chance(m, 75) ? 1 : history_chance(m, 15) ? 77 : 2;
    if (again || counted) {
        history_keep(s, about);
        s->origin = about->origin;
    } else {
        history_copy_code(s->recorder, history_home(m, origin));
        s->start = (int64_t)history_roll(m, TDM_COUNT(DIMENSIONS));
    }
    s->phase = counted && history_chance(m, 90) ? 1 : indicator;
    history_copy_code(s->organisation, history_chance(m, 70) ? s->recorder : history_code(m));
}

HISTORY_FILLER(history_reference)
{
    begin_reference(m, origin, about, s);
    const dimension *by = &DIMENSIONS[(size_t)s->start % TDM_COUNT(DIMENSIONS)];
    bool all = history_chance(m, 20);
    (void)snprintf(s->subject, sizeof(s->subject), "reference/%.12s/%.20s", s->recorder,
                   history_chance(m, 96) ? word_of(TDM_ENUM_INDICATOR, s->phase) : "elsewhere");
    tdm_record_set_text(r, TDM_REFERENCE_COUNT_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_REFERENCE_COUNT_ORGANISATION, s->organisation);
    tdm_record_set_number(r, TDM_REFERENCE_COUNT_INDICATOR, s->phase);
    tdm_record_set_text(r, TDM_REFERENCE_COUNT_DIMENSION, all ? "" : by->name);
    tdm_record_set_text(r, TDM_REFERENCE_COUNT_GROUP, all ? "" : by->groups[history_roll(m, 5)]);
    tdm_record_set_number(r, TDM_REFERENCE_COUNT_DATE,
                          history_chance(m, 50) ? oracle_date(2016, 4, 1) : history_date(m));
    tdm_record_set_number(r, TDM_REFERENCE_COUNT_AMOUNT, (int64_t)history_roll(m, 40));
    if (history_chance(m, 30))
        tdm_record_set_number(r, TDM_REFERENCE_COUNT_OUT_OF, (int64_t)history_roll(m, 90));
    return true;
}

/* The two dimensions of a summary, as its table has them. */
typedef struct both {
    const char *a;
    const char *b;
} both;

static both one_of(history_maker *m, const both *choices, size_t count)
{
    return choices[history_roll(m, count)];
}

static both dimensions_of(history_maker *m, int64_t table, int64_t dimension_at)
{
    static const both APPLICATIONS[] = { { "applied", "" },         { "applied", "" },
                                         { "enrolled", "" },        { "refused", "no_place" },
                                         { "refused", "workload" }, { "withdrew", "workload" },
                                         { "withdrew", "" } };
    static const both DAYS[] = { { "00000", "" }, { "00007", "" }, { "00030", "" }, { "00400", "" } };
    static const both STAGES[] = { { "1", "entered" },        { "1", "passed" },  { "2", "entered" },
                                   { "2", "passed" },         { "3", "passed" },  { "3", "entered" },
                                   { "4", "joined_faculty" }, { "2", "launched" } };
    static const both STAGE_DAYS[] = { { "1", "00012" }, { "1", "00090" },     { "2", "00012" },
                                       { "3", "00001" }, { "2", "backwards" }, { "1", "backwards" } };
    static const both RESPONSES[] = { { "wellbeing", "" }, { "wellbeing", "rest" }, { "clarity", "" } };
    static const both ANSWERS[] = { { "team", "real" },       { "team", "pseudo" }, { "team", "none" },
                                    { "team", "unanswered" }, { "top", "real" },    { "top", "incomplete" } };
    static const both STEPS[] = { { "appraisal_held", "frontline" }, { "appraisal_held", "unknown" },
                                  { "mentor_paired", "frontline" },  { "plan_made", "unknown" },
                                  { "plan_reviewed", "unknown" },    { "career_talk", "executive" },
                                  { "moved_up", "team_leader" } };
    const dimension *by = &DIMENSIONS[(size_t)dimension_at % TDM_COUNT(DIMENSIONS)];
    switch (table) {
    case TDM_SUMMARYTABLE_IS_REACHED:
        return history_chance(m, 25) ? (both){ "total", "" }
                                     : (both){ by->name, by->groups[history_roll(m, 5)] };
    case TDM_SUMMARYTABLE_IS_APPLICATIONS:
        return one_of(m, APPLICATIONS, TDM_COUNT(APPLICATIONS));
    case TDM_SUMMARYTABLE_IS_WAITING:
        return one_of(m, DAYS, TDM_COUNT(DAYS));
    case TDM_SUMMARYTABLE_IS_STAGES:
        return one_of(m, STAGES, TDM_COUNT(STAGES));
    case TDM_SUMMARYTABLE_IS_STAGE_DAYS:
        return one_of(m, STAGE_DAYS, TDM_COUNT(STAGE_DAYS));
    case TDM_SUMMARYTABLE_IS_RESPONSES:
        return one_of(m, RESPONSES, TDM_COUNT(RESPONSES));
    case TDM_SUMMARYTABLE_IS_TEAM_ANSWERS:
        return one_of(m, ANSWERS, TDM_COUNT(ANSWERS));
    case TDM_SUMMARYTABLE_IS_DEVELOPMENT:
        return one_of(m, STEPS, TDM_COUNT(STEPS));
    default:
        return (both){ "", "" };
    }
}

/* Scores may be below zero, and so may their sums. */
static void set_amounts(history_maker *m, tdm_record *r)
{
    tdm_record_set_number(r, TDM_SUMMARY_COUNT, (int64_t)history_roll(m, 12));
    for (uint32_t field = TDM_SUMMARY_SUM; field <= TDM_SUMMARY_IMPROVED; field++) {
        bool is_sum = field == TDM_SUMMARY_SUM || field == TDM_SUMMARY_PAIR_SUM;
        bool is_squares = field == TDM_SUMMARY_SQUARES || field == TDM_SUMMARY_PAIR_SQUARES;
        int64_t amount = (int64_t)history_roll(m, is_squares ? 900 : 12);
        if (history_chance(m, 60))
            tdm_record_set_number(r, field, is_sum && history_chance(m, 30) ? -amount : amount);
    }
}

HISTORY_FILLER(history_summary)
{
    static const char *const PERIODS[] = { "2016/17", "2017/18", "2017/18", "2017/18Q1", "2017-04" };
    bool again = about != NULL && about->type == s->type;
    if (again) {
        history_keep(s, about);
    } else if (about != NULL && about->type == TDM_TYPE_UNIT_DESIGN) { /* who applied for its places */
        history_copy_code(s->recorder, about->recorder);
        s->origin = about->origin;
        s->phase = TDM_SUMMARYTABLE_IS_APPLICATIONS;
    } else {
        history_copy_code(s->recorder, history_home(m, origin));
        s->phase = history_chance(m, 97) ? 1 + (int64_t)history_roll(m, 9) : 77;
        s->phase = history_chance(m, 25) ? TDM_SUMMARYTABLE_IS_REACHED : s->phase;
        s->start = (int64_t)history_roll(m, TDM_COUNT(DIMENSIONS));
    }
    const char *period = again ? strchr(s->subject, '2') : NULL; /* codes and words have no 2 */
    char text[16];
    (void)snprintf(text, sizeof(text), "%.9s",
                   period != NULL ? period : PERIODS[history_roll(m, TDM_COUNT(PERIODS))]);
    (void)snprintf(s->subject, sizeof(s->subject), "summary/%.12s/%.13s/%s", s->recorder,
                   history_chance(m, 97) ? word_of(TDM_ENUM_SUMMARYTABLE, s->phase) : "elsewhere", text);
    both of = dimensions_of(m, s->phase, s->start);
    m->scratch.len = 0;
    tdm_buf_text(&m->scratch, text);
    tdm_record_set_text(r, TDM_SUMMARY_RECORDER, s->recorder);
    tdm_record_set_number(r, TDM_SUMMARY_TABLE, s->phase);
    tdm_record_set_bytes(r, TDM_SUMMARY_PERIOD, tdm_buf_span(&m->scratch));
    tdm_record_set_text(r, TDM_SUMMARY_A, of.a);
    tdm_record_set_text(r, TDM_SUMMARY_B, of.b);
    set_amounts(m, r);
    return true;
}
