/* SPDX-License-Identifier: MPL-2.0
 *
 * history_details.c: what a random history says beside the level of units and organisations: designs, mixes
 * and criteria, the catalogue, and more about sessions and organisations than the level asks for.
 */
#include "history_parts.h"

#include <stdio.h>
#include <string.h>

#include "tandem/pack.h"

/* Words beside those that a record borrows from m->scratch already. */
static void pack_words(history_maker *m, const char *const *words, size_t count, size_t most)
{
    size_t chosen = history_roll(m, most + 1);
    tdm_pack_array(&m->scratch, (uint32_t)chosen);
    for (size_t i = 0; i < chosen; i++)
        tdm_pack_str(&m->scratch, tdm_span_text(words[history_roll(m, count)]));
}

static void maybe_number(history_maker *m, tdm_record *r, uint32_t field, size_t sides, unsigned percent)
{
    if (history_chance(m, percent))
        tdm_record_set_number(r, field, (int64_t)history_roll(m, sides));
}

/* Objectives and tags: both lists are packed before either is borrowed. */
static void set_aims(history_maker *m, tdm_record *r)
{
    static const char *const OBJECTIVES[] = { "A0A/1", "H0B/1", "healthy" };
    static const char *const TAGS[] = {
        "framework:wellbeing", "framework:collective", "topic:time", "no meaning",
        "objective:healthy",   "driver:a:b",           ":nothing",   "framework:",
        "framework:wellbeing"
    };
    m->scratch.len = 0;
    pack_words(m, OBJECTIVES, TDM_COUNT(OBJECTIVES), 3);
    size_t half = m->scratch.len;
    pack_words(m, TAGS, TDM_COUNT(TAGS), 4);
    if (history_chance(m, 80))
        tdm_record_set_bytes(r, TDM_UNIT_DESIGN_OBJECTIVES, (tdm_span){ m->scratch.data, half });
    if (history_chance(m, 80))
        tdm_record_set_bytes(r, TDM_UNIT_DESIGN_TAGS,
                             (tdm_span){ m->scratch.data + half, m->scratch.len - half });
}

HISTORY_FILLER(history_design)
{
    (void)origin;
    history_go_with(m, about, s);
    tdm_record_set_text(r, TDM_UNIT_DESIGN_RECORDER, s->recorder);
    maybe_number(m, r, TDM_UNIT_DESIGN_PLACES, 30, 70);
    maybe_number(m, r, TDM_UNIT_DESIGN_ENROLLED, 30, 70);
    maybe_number(m, r, TDM_UNIT_DESIGN_SESSIONS, 6, 70);
    if (history_chance(m, 70))
        tdm_record_set_number(r, TDM_UNIT_DESIGN_DIAGNOSED, s->start - 1 + (tdm_date)history_roll(m, 3));
    set_aims(m, r);
    return true;
}

static void pack_categories(history_maker *m)
{
    static const char *const NAMES[] = { "nursing", "medical", "managers" };
    size_t count = history_roll(m, 5);
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        tdm_pack_map(&m->scratch, 2);
        tdm_pack_uint(&m->scratch, TDM_CATEGORY_COUNT_CATEGORY);
        tdm_pack_str(&m->scratch, tdm_span_text(NAMES[history_roll(m, TDM_COUNT(NAMES))]));
        tdm_pack_uint(&m->scratch, TDM_CATEGORY_COUNT_PEOPLE);
        tdm_pack_uint(&m->scratch, history_roll(m, 4));
    }
}

HISTORY_FILLER(history_mix)
{
    (void)origin;
    history_go_with(m, about, s);
    tdm_record_set_text(r, TDM_UNIT_MIX_RECORDER, s->recorder);
    int64_t year = oracle_period_of(TDM_PERIOD_YEAR, (tdm_date)s->start).number;
    bool other = history_chance(m, 25) || year < 2016;
    tdm_record_set_number(r, TDM_UNIT_MIX_YEAR, other ? 2016 + (int64_t)history_roll(m, 3) : year);
    tdm_record_set_text(r, TDM_UNIT_MIX_DIMENSION, history_chance(m, 70) ? "staff_group" : "level");
    pack_categories(m);
    tdm_record_set_bytes(r, TDM_UNIT_MIX_CATEGORIES, tdm_buf_span(&m->scratch));
    return true;
}

HISTORY_FILLER(history_criterion)
{
    static const char *const NAMES[] = { "meets weekly", "one plan" };
    (void)origin;
    history_go_with(m, about, s);
    tdm_record_set_text(r, TDM_CRITERION_RECORDER, s->recorder);
    tdm_record_set_text(r, TDM_CRITERION_CRITERION, NAMES[history_roll(m, TDM_COUNT(NAMES))]);
    if (history_chance(m, 80))
        tdm_record_set_number(r, TDM_CRITERION_AGREED, s->start - 1 + (tdm_date)history_roll(m, 3));
    if (history_chance(m, 70))
        tdm_record_set_number(r, TDM_CRITERION_CO_DESIGNED, history_chance(m, 75));
    if (history_chance(m, 80))
        tdm_record_set_number(r, TDM_CRITERION_OUTCOME,
                              history_chance(m, 4) ? 77 : 1 + (int64_t)history_roll(m, 2));
    return true;
}

/* ---- more about what the level's sayings say, by dice of its own: the level's own numbers stay as they were
 */
static size_t side_roll(history_maker *m, size_t sides)
{
    return (size_t)tdm_dice_roll(&m->side, sides);
}

static bool side_chance(history_maker *m, unsigned percent)
{
    return tdm_dice_chance(&m->side, percent);
}

HISTORY_FILLER(history_catalogue)
{
    static const char *const PROGRAMMES[] = { "lead well", "kind teams" };
    static const char *const CORES[] = { "improving leaders", "wellbeing and resilience" };
    (void)origin;
    (void)about;
    const char *programme = PROGRAMMES[history_roll(m, 2)];
    (void)snprintf(s->subject, sizeof(s->subject), "programme/%s", programme);
    tdm_record_set_text(r, TDM_CATALOGUE_ENTRY_PROGRAMME, programme);
    tdm_record_set_text(r, TDM_CATALOGUE_ENTRY_NAME, programme);
    if (history_chance(m, 85))
        tdm_record_set_text(r, TDM_CATALOGUE_ENTRY_CORE, CORES[history_roll(m, 2)]);
    if (side_chance(m, 40))
        tdm_record_set_number(r, TDM_CATALOGUE_ENTRY_AIM, 1 + (int64_t)side_roll(m, 4));
    if (side_chance(m, 50))
        tdm_record_set_number(r, TDM_CATALOGUE_ENTRY_BESPOKE, side_chance(m, 70));
    if (side_chance(m, 50))
        tdm_record_set_text(r, TDM_CATALOGUE_ENTRY_EVIDENCE, side_chance(m, 80) ? "a review" : "");
    if (side_chance(m, 50))
        tdm_record_set_text(r, TDM_CATALOGUE_ENTRY_TARGET_GROUP, side_chance(m, 80) ? "female leaders" : "");
    if (side_chance(m, 70))
        tdm_record_set_number(r, TDM_CATALOGUE_ENTRY_REVIEWED,
                              oracle_date(2018, 4, 1) - (tdm_date)side_roll(m, 1200));
    return true;
}

void history_more_of_session(history_maker *m, tdm_record *r)
{
    size_t count = side_roll(m, 5);
    m->scratch.len = 0;
    tdm_pack_array(&m->scratch, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        const char *code = m->codes[side_roll(m, m->code_count)];
        code = side_chance(m, 4) ? "ZZZ9" : side_chance(m, 4) ? "a coach of no organisation" : code;
        tdm_pack_str(&m->scratch, tdm_span_text(code));
    }
    if (side_chance(m, 60))
        tdm_record_set_bytes(r, TDM_SESSION_FACILITATORS, tdm_buf_span(&m->scratch));
    if (side_chance(m, 70)) {
        int64_t type =
            side_chance(m, 60) ? TDM_SESSIONTYPE_IS_ACTION_LEARNING : 1 + (int64_t)side_roll(m, 11);
        tdm_record_set_number(r, TDM_SESSION_TYPE, type);
    }
    if (side_chance(m, 50))
        tdm_record_set_number(r, TDM_SESSION_MODE, 1 + (int64_t)side_roll(m, 4));
}

void history_more_of_organisation(history_maker *m, tdm_record *r)
{
    static const char *const REGIONS[] = { "North", "South" };
    if (side_chance(m, 75))
        tdm_record_set_text(r, TDM_ORGANISATION_REGION, REGIONS[side_roll(m, 2)]);
    if (side_chance(m, 12))
        tdm_record_set_number(r, TDM_ORGANISATION_SECTOR, TDM_SECTOR_IS_NATIONAL_BODY);
}
