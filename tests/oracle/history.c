/* SPDX-License-Identifier: MPL-2.0
 *
 * history.c: random histories: the cast, the choice of what is said next, amendments.
 */
#include "history_parts.h"

#include <stdio.h>
#include <string.h>

uint64_t tdm_dice_roll(tdm_dice *dice, uint64_t sides)
{
    uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ (mixed >> 31)) % sides;
}

bool tdm_dice_chance(tdm_dice *dice, unsigned percent)
{
    return tdm_dice_roll(dice, 100) < percent;
}

size_t history_roll(history_maker *m, size_t sides)
{
    return (size_t)tdm_dice_roll(&m->dice, sides);
}

bool history_chance(history_maker *m, unsigned percent)
{
    return tdm_dice_chance(&m->dice, percent);
}

/* Days where years, quarters and months meet, and a few within. */
tdm_date history_date(history_maker *m)
{
    static const int DAYS[][3] = { { 2016, 4, 1 },   { 2016, 12, 31 }, { 2017, 3, 31 }, { 2017, 4, 1 },
                                   { 2017, 4, 30 },  { 2017, 6, 30 },  { 2017, 7, 1 },  { 2017, 9, 30 },
                                   { 2017, 12, 31 }, { 2018, 1, 1 },   { 2018, 3, 31 }, { 2018, 4, 1 },
                                   { 2018, 5, 15 },  { 2019, 2, 28 } };
    const int *day = DAYS[history_roll(m, TDM_COUNT(DAYS))];
    return oracle_date(day[0], day[1], day[2]);
}

/* Some at 23:30 UTC, which in summer is the next day in London. */
int64_t history_time(history_maker *m)
{
    int64_t minutes = history_chance(m, 40) ? 23 * 60 + 30 : (int64_t)history_roll(m, 1440);
    return ((int64_t)history_date(m) * 1440 + minutes) * 60000;
}

const char *history_code(history_maker *m)
{
    return m->codes[history_roll(m, m->code_count)];
}

/* A code the origin usually speaks for, or sometimes any. */
const char *history_home(history_maker *m, size_t origin)
{
    if (history_chance(m, 10))
        return history_code(m);
    size_t second = origin + m->origin_count;
    return m->codes[second < m->code_count && history_chance(m, 40) ? second : origin % m->code_count];
}

size_t history_speaker(history_maker *m, const char *code)
{
    for (size_t tries = 0; tries < 8; tries++) {
        size_t origin = history_roll(m, m->origin_count);
        if (strcmp(history_home(m, origin), code) == 0)
            return origin;
    }
    return history_roll(m, m->origin_count);
}

tdm_pen *history_pen(history_maker *m, size_t origin)
{
    return &m->pens[2 * origin + (m->twice[origin] ? history_roll(m, 2) : 0)];
}

static tdm_id fresh_fact(history_maker *m)
{
    tdm_id fact = { { 0 } };
    m->facts_made++;
    fact.bytes[0] = (uint8_t)history_roll(m, 4); /* so that order of making is not order of ids */
    fact.bytes[14] = (uint8_t)(m->facts_made >> 8);
    fact.bytes[15] = (uint8_t)m->facts_made;
    return fact;
}

/* A body of a type as somebody might mean it. False: the type has no filler. */
bool history_fill(history_maker *m, uint32_t type, size_t origin, const history_stated *about,
                  tdm_record *record, history_stated *stated)
{
    for (size_t i = 0; i < HISTORY_SAYING_COUNT; i++) {
        if (HISTORY_SAYINGS[i].type != type)
            continue;
        tdm_record_init(record, type);
        return HISTORY_SAYINGS[i].fill(m, origin, about, record, stated);
    }
    return false;
}

/* Types whose bodies pass for each other, so that only the stated target type tells them apart. */
static uint32_t sibling_of(uint32_t type)
{
    static const uint32_t PAIRS[][2] = { { TDM_TYPE_BASELINE, TDM_TYPE_TARGET },
                                         { TDM_TYPE_RETURN_EXPECTED, TDM_TYPE_RETURN_MADE },
                                         { TDM_TYPE_LINK_CONFIRM, TDM_TYPE_LINK_DISPUTE } };
    for (size_t i = 0; i < TDM_COUNT(PAIRS); i++)
        if (PAIRS[i][0] == type || PAIRS[i][1] == type)
            return PAIRS[i][0] == type ? PAIRS[i][1] : PAIRS[i][0];
    return TDM_TYPE_SESSION;
}

/* Changed content, a hide or an unhide of a fact, mostly by its own origin. */
static void amend(history_maker *m, const history_stated *target)
{
    static const uint32_t TYPES[] = { TDM_TYPE_CORRECTION, TDM_TYPE_CORRECTION,    TDM_TYPE_VOID,
                                      TDM_TYPE_UNVOID,     TDM_TYPE_LINK_WITHDRAW, TDM_TYPE_LINK_AMEND };
    unsigned own = target->type == TDM_TYPE_SUCCESSION ? 20 : 70;
    size_t author = history_chance(m, own) ? target->origin : history_roll(m, m->origin_count);
    tdm_id owner = m->pens[2 * target->origin].origin;
    bool named = author != target->origin || history_chance(m, 20);
    uint32_t type = TYPES[history_roll(m, TDM_COUNT(TYPES))];
    tdm_record body;
    history_stated again = *target;
    bool has_body = type == TDM_TYPE_CORRECTION || type == TDM_TYPE_LINK_AMEND;
    uint32_t body_type = history_chance(m, 88) ? target->type : sibling_of(target->type);
    if (has_body && !history_fill(m, body_type, target->origin, target, &body, &again))
        return;
    int64_t when = history_time(m); /* before the pen, whatever order a compiler gives arguments */
    bool done = tdm_sheaf_amend(&m->sheaf, history_pen(m, author), type, target->subject, &target->fact,
                                named ? &owner : NULL, when, has_body ? &body : NULL);
    bool same_link = has_body && target->type == TDM_TYPE_LINK_ASSERT && again.origin == target->origin;
    if (done && same_link) /* so that a confirmation can name the new content */
        ORACLE_PUSH(m->stated, m->stated_count, again);
}

/* Sometimes a field that this version does not know is added to the map. */
static bool state(history_maker *m, const history_stated *s, const tdm_record *record)
{
    tdm_buf payload = { 0 };
    bool good = tdm_record_encode(record, &payload, NULL) == TDM_OK;
    if (good && history_chance(m, 8) && (payload.data[0] & 0xf0) == 0x80 && payload.data[0] < 0x8f) {
        payload.data[0]++;
        tdm_buf_add(&payload, "\x1e\x01", 2);
    }
    int64_t when = history_time(m); /* before the pen, whatever order a compiler gives arguments */
    good = good
           && tdm_sheaf_write(&m->sheaf, history_pen(m, s->origin), s->type, s->subject, &s->fact, when,
                              tdm_buf_span(&payload));
    tdm_buf_free(&payload);
    return good;
}

/* Some earlier fact of a type; NULL if luck finds none. */
static const history_stated *earlier(history_maker *m, uint32_t type)
{
    for (size_t tries = 0; m->stated_count > 0 && tries < 40; tries++) {
        const history_stated *fact = &m->stated[history_roll(m, m->stated_count)];
        if (fact->type == type)
            return fact;
    }
    return NULL;
}

/* Something new about something that was said before (or about nothing); true if it was stated. */
static bool say_about(history_maker *m, const history_saying *saying, const history_stated *about)
{
    if (saying->about != 0 && about == NULL)
        return false;
    history_stated s = { .type = saying->type, .fact = fresh_fact(m) };
    s.origin = saying->by_hub && history_chance(m, 95) ? 0 : history_roll(m, m->origin_count);
    tdm_record record;
    tdm_record_init(&record, saying->type);
    if (!saying->fill(m, s.origin, about, &record, &s))
        return false;
    if (history_chance(m, 6))
        amend(m, &s); /* before there is anything to amend */
    if (!state(m, &s, &record))
        return false;
    ORACLE_PUSH(m->stated, m->stated_count, s);
    return true;
}

/* What often comes next, so that units have sessions, links and answers. */
static const struct follower {
    uint32_t after;
    uint32_t then;
    unsigned percent;
} FOLLOWERS[] = {
    { TDM_TYPE_UNIT, TDM_TYPE_SESSION, 85 },
    { TDM_TYPE_UNIT, TDM_TYPE_LINK_ASSERT, 50 },
    { TDM_TYPE_UNIT, TDM_TYPE_LINK_ASSERT, 50 },
    { TDM_TYPE_SESSION, TDM_TYPE_ATTENDANCE, 40 },
    { TDM_TYPE_LINK_ASSERT, TDM_TYPE_LINK_CONFIRM, 45 },
    { TDM_TYPE_LINK_ASSERT, TDM_TYPE_LINK_DISPUTE, 12 },
    { TDM_TYPE_RESOURCE, TDM_TYPE_RESOURCE_USE, 60 },
    { TDM_TYPE_SUPPORT, TDM_TYPE_SUPPORT_MATCH, 70 },
    { TDM_TYPE_SUPPORT_MATCH, TDM_TYPE_SUPPORT_MATCH, 25 },
    { TDM_TYPE_UNIT_DESIGN, TDM_TYPE_CRITERION, 40 },
    { TDM_TYPE_UNIT_DESIGN, TDM_TYPE_UNIT_MIX, 60 },
    { TDM_TYPE_UNIT_DESIGN, TDM_TYPE_SUMMARY, 25 },
    { TDM_TYPE_REFERENCE_COUNT, TDM_TYPE_REFERENCE_COUNT, 70 },
    { TDM_TYPE_SUMMARY, TDM_TYPE_REFERENCE_COUNT, 20 },
    { TDM_TYPE_SUMMARY, TDM_TYPE_SUMMARY, 84 },
};

static const history_saying *saying_of(uint32_t type)
{
    size_t i = 0;
    while (HISTORY_SAYINGS[i].type != type)
        i++;
    return &HISTORY_SAYINGS[i];
}

static void say(history_maker *m, const history_saying *saying)
{
    const history_stated *about = saying->about != 0 ? earlier(m, saying->about) : NULL;
    history_stated open[8]; /* said just now, and not followed yet */
    size_t count = 0;
    if (!say_about(m, saying, about))
        return;
    open[count++] = m->stated[m->stated_count - 1];
    while (count > 0) {
        history_stated done = open[--count];
        for (size_t i = 0; i < TDM_COUNT(FOLLOWERS); i++)
            if (FOLLOWERS[i].after == done.type && history_chance(m, FOLLOWERS[i].percent)
                && say_about(m, saying_of(FOLLOWERS[i].then), &done) && count < TDM_COUNT(open))
                open[count++] = m->stated[m->stated_count - 1];
    }
}

/* The same name with other content, sometimes of another type. */
static void contradict(history_maker *m, const history_stated *target)
{
    tdm_record record;
    history_stated s = *target;
    if (history_fill(m, target->type, target->origin, target, &record, &s)) {
        memcpy(s.subject, target->subject, sizeof(s.subject));
        (void)state(m, &s, &record);
    }
}

static void say_something_unknown(history_maker *m, const history_stated *like)
{
    int64_t when = history_time(m); /* before the pen, whatever order a compiler gives arguments */
    (void)tdm_sheaf_write(&m->sheaf, history_pen(m, like->origin), 900, like->subject, &like->fact, when,
                          TDM_SPAN_LITERAL("\x81\x01\x05"));
}

/* A store was made; the second one of an origin mostly goes on from the first. */
static void begin_incarnation(history_maker *m, size_t pen, unsigned generation)
{
    tdm_record record;
    tdm_id fact = fresh_fact(m);
    uint8_t before[8];
    tdm_record_init(&record, TDM_TYPE_INCARNATION);
    tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, generation);
    tdm_incarnation_bytes(m->pens[pen & ~(size_t)1].incarnation, before);
    if (generation > 1)
        tdm_record_set_bytes(&record, TDM_INCARNATION_PREDECESSOR, (tdm_span){ before, 8 });
    if (history_chance(m, 10))
        m->pens[pen].sequence = 1; /* its first event was never received */
    else
        (void)tdm_sheaf_state(&m->sheaf, &m->pens[pen], "log", &fact, history_time(m), &record);
}

static void choose_cast(history_maker *m)
{
    m->origin_count = 4 + history_roll(m, 4); /* the hub is the first */
    m->code_count = 4 + history_roll(m, HISTORY_CODES - 3);
    for (size_t i = 0; i < m->code_count; i++)
        (void)snprintf(m->codes[i], sizeof(m->codes[i]), "%c0%c", (int)('A' + (7 * i) % 12), (int)('A' + i));
    for (size_t i = 0; i < m->origin_count; i++) {
        tdm_pen first = { .incarnation = 1 + tdm_dice_roll(&m->dice, UINT64_MAX - 1) };
        for (size_t k = 0; k < TDM_ID_BYTES; k++)
            first.origin.bytes[k] = (uint8_t)history_roll(m, 256);
        tdm_pen second = first;
        second.incarnation = 1 + tdm_dice_roll(&m->dice, UINT64_MAX - 1);
        m->pens[2 * i] = first;
        m->pens[2 * i + 1] = second;
        m->twice[i] = history_chance(m, 40);
        begin_incarnation(m, 2 * i, 1);
        if (m->twice[i])
            begin_incarnation(m, 2 * i + 1, history_chance(m, 80) ? 2 : 1);
    }
}

static void go_on(history_maker *m)
{
    size_t from = m->level_stated > 0 && history_chance(m, 85) ? m->level_stated - 1 : 0;
    const history_stated *about =
        m->stated_count ? &m->stated[from + history_roll(m, m->stated_count - from)] : NULL;
    const history_stated *succession = history_chance(m, 4) ? earlier(m, TDM_TYPE_SUCCESSION) : NULL;
    about = succession != NULL ? succession : about;
    if (about != NULL && (succession != NULL || history_chance(m, 18))) {
        history_stated copy = *about;
        amend(m, &copy);
    } else if (about != NULL && history_chance(m, 5)) {
        contradict(m, about);
    } else if (about != NULL && history_chance(m, 3)) {
        say_something_unknown(m, about);
    } else {
        size_t at = history_roll(m, m->weight_all), i = m->first_saying;
        while (at >= HISTORY_SAYINGS[i].weight)
            at -= HISTORY_SAYINGS[i++].weight;
        say(m, &HISTORY_SAYINGS[i]);
    }
}

static void choose_sayings(history_maker *m, size_t first, size_t last)
{
    m->first_saying = first;
    m->weight_all = 0;
    for (size_t i = first; i < last; i++)
        m->weight_all += HISTORY_SAYINGS[i].weight;
}

static void say_more(history_maker *m, size_t events)
{
    size_t wanted = m->sheaf.count + events;
    for (size_t tries = 0; m->sheaf.count < wanted && tries < 4 * wanted; tries++)
        go_on(m);
}

/* What the level is made of, then all that the other measures are made of, by dice of its own. */
void tdm_history_make(tdm_history *history, uint64_t seed)
{
    history_maker m = { .dice = { seed * UINT64_C(0x2545f4914f6cdd1d) + 1 }, .side = { ~seed } };
    choose_sayings(&m, 0, HISTORY_LEVEL_COUNT);
    choose_cast(&m);
    history_register(&m);
    say_more(&m, 30 + history_roll(&m, 200));
    *history = (tdm_history){ .has_authority = history_chance(&m, 90), .authority = m.pens[0].origin };
    history->today = history_date(&m);
    m.dice = (tdm_dice){ seed ^ UINT64_C(0x9e3779b97f4a7c15) };
    m.level_stated = m.stated_count;
    choose_sayings(&m, HISTORY_LEVEL_COUNT, HISTORY_SAYING_COUNT);
    say_more(&m, 60 + history_roll(&m, 240));
    history->sheaf = m.sheaf;
    free(m.stated);
    tdm_buf_free(&m.scratch);
}

void tdm_history_free(tdm_history *history)
{
    tdm_sheaf_free(&history->sheaf);
}
