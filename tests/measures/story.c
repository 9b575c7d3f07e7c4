/* SPDX-License-Identifier: MPL-2.0
 *
 * story.c: a book of random statements.
 */
#include "story.h"

#include <stdio.h>

static const char *const CODES[] = { "R0A", "R0B", "R0C", "R0D", "R0E" };
static const char *const DATES[] = { "2017-03-31", "2017-04-01", "2017-09-12", "2018-03-31", "2018-04-01" };
static const char *const UNITS[] = { "1", "2", "3", "4", "5", "6", "7", "8" };

typedef struct story {
    tdm_book *book;
    uint64_t seed;
    int closing; /* facts of the registry that may be taken back; 0: none yet */
    int match;
    int represented;
    const char *represented_code; /* where that fact is filed */
    int stores;
} story;

uint32_t story_roll(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % below;
}

static uint32_t roll(story *s, uint32_t below)
{
    return story_roll(&s->seed, below);
}

static tdm_about about(story *s)
{
    int by = 1 + (int)roll(s, 5);
    return (tdm_about){ by, CODES[by - 1], CODES[roll(s, 2)], UNITS[roll(s, TDM_COUNT(UNITS))] };
}

static int earlier(story *s)
{
    return 1000 + (int)roll(s, (uint32_t)s->book->count + 2);
}

static const char *date(story *s)
{
    return DATES[roll(s, TDM_COUNT(DATES))];
}

/* ---- what partners state */

static void tell_unit(story *s)
{
    book_unit(s->book, about(s), 1 + (int)roll(s, 4), date(s), NULL);
}

static void tell_delivered(story *s)
{
    book_delivered(s->book, about(s), date(s), 100 + (int)roll(s, 500), (int)roll(s, 20));
}

static void tell_facilitated(story *s)
{
    book_facilitated(s->book, about(s), date(s), CODES[roll(s, TDM_COUNT(CODES))]);
}

static void tell_claim(story *s)
{
    tdm_about by = about(s);
    int phase = 1 + (int)roll(s, 3);
    const char *other = CODES[roll(s, TDM_COUNT(CODES))];
    int assertion = book_assert(s->book, by, other, phase);
    tdm_about answer = by;
    answer.origin = 1 + (int)roll(s, 5);
    answer.recorder = other;
    book_confirm(s->book, answer, phase, by, assertion);
}

static void tell_dispute(story *s)
{
    book_dispute(s->book, about(s), 1 + (int)roll(s, 3));
}

static void tell_void(story *s)
{
    book_void(s->book, about(s), earlier(s));
}

static void tell_unvoid(story *s)
{
    book_unvoid(s->book, about(s), earlier(s));
}

/* A session that is moved, again and again. */
static void tell_move(story *s)
{
    tdm_about by = about(s);
    int session = book_session(s->book, by, date(s), 50 + (int)roll(s, 100));
    for (uint32_t times = 1 + roll(s, 4); times > 0; times--)
        book_move_session(s->book, by, session, date(s), 50 + (int)roll(s, 100));
    for (uint32_t times = roll(s, 4); times > 0; times--)
        (times % 2 != 0 ? book_void : book_unvoid)(s->book, by, session);
}

static void tell_old_move(story *s)
{
    book_move_session(s->book, about(s), earlier(s), date(s), 50 + (int)roll(s, 100));
}

static void tell_people(story *s)
{
    book_participants(s->book, about(s), 2016 + (int)roll(s, 3), (int)roll(s, 40));
}

static void tell_design(story *s)
{
    book_design(s->book, about(s), 1 + (int)roll(s, 20));
}

/* ---- what the hub states */

static void tell_change(story *s)
{
    static const int CHANGES[] = { TDM_CHANGE_IS_MERGED, TDM_CHANGE_IS_CLOSED };
    book_change(s->book, CODES[2 + roll(s, 3)], CHANGES[roll(s, 2)], date(s), CODES[roll(s, 2)]);
}

static void tell_organisation(story *s)
{
    book_organisation(s->book, "R0E", TDM_SECTOR_IS_VOLUNTARY, roll(s, 2) == 0 ? "R0B" : NULL,
                      TDM_BELONGS_IS_SITE);
}

/* Origins begin and cease to represent codes, and go over from one to another. */
static void tell_represents(story *s)
{
    char subject[TDM_SUBJECT_MAX];
    int origin = 3 + (int)roll(s, 4);
    const char *code = CODES[roll(s, TDM_COUNT(CODES))];
    uint32_t what = s->represented == 0 ? 2 : roll(s, 3);
    snprintf(subject, sizeof subject, "organisation/%s", s->represented_code);
    if (what == 0)
        book_void_at(s->book, 0, subject, s->represented);
    else if (what == 1)
        book_represent_instead(s->book, s->represented_code, s->represented, origin, code);
    if (what == 0)
        s->represented = 0;
    if (what != 2)
        return;
    s->represented = book_represents(s->book, origin, code, NULL);
    s->represented_code = code;
}

static void tell_match(story *s)
{
    if (s->match != 0) {
        book_void_at(s->book, 0, "unit/R0A/3", s->match);
        s->match = 0;
        return;
    }
    s->match = book_match(s->book, "unit/R0A/3", roll(s, 2) == 0 ? "unit/R0A/4" : "unit/R0B/2");
}

static void tell_closing(story *s)
{
    if (s->closing == 0)
        s->closing = book_close(s->book, "2017/18");
    else if (roll(s, 2) == 0)
        book_move_closing(s->book, "2017/18", s->closing);
    else
        book_void_at(s->book, 0, "period/2017/18", s->closing);
}

static void tell_tide(story *s)
{
    char day[16];
    snprintf(day, sizeof day, "2017-%02u-%02u", 1 + (unsigned)(s->book->count / 25 % 12),
             1 + (unsigned)(s->book->count % 25));
    book_at(s->book, day);
    book_tide(s->book);
}

static void tell_publication(story *s)
{
    book_publish(s->book, "2017/18", 10, (int)roll(s, 10));
}

static void tell_point(story *s)
{
    book_level_point(s->book, roll(s, 2) == 0, 2015 + (int)roll(s, 4), (int)roll(s, 1000));
}

/* A restored store, whose generation may be told late. */
static void tell_store(story *s)
{
    int origin = 1 + (int)roll(s, 5);
    if (s->stores++ < 6)
        book_store(s->book, origin, 500 - (uint64_t)s->stores * 7, 2 + (int)roll(s, 3));
    else
        book_generation(s->book, origin, 1 + (int)roll(s, 4));
}

/* Each as often as it has entries here. */
static void (*const TELL[])(story *) = {
    tell_unit,     tell_unit,    tell_delivered, tell_delivered, tell_delivered, tell_claim,
    tell_claim,    tell_dispute, tell_void,      tell_unvoid,    tell_move,      tell_move,
    tell_old_move, tell_people,  tell_design,    tell_tide,      tell_tide,      tell_facilitated,
};
static void (*const TELL_REGISTRY[])(story *) = {
    tell_change,  tell_organisation, tell_represents,  tell_represents, tell_match, tell_match,
    tell_closing, tell_closing,      tell_publication, tell_point,      tell_store,
};

void story_tell(tdm_book *book, uint64_t seed, size_t statements)
{
    story s = { .book = book, .seed = seed, .represented_code = "" };
    book_init(book);
    for (int i = 0; i < 3; i++)
        book_partner(book, i + 1, CODES[i]);
    book_organisation(book, "R0D", 0, "R0A", TDM_BELONGS_IS_SITE);
    book_represents(book, 4, "R0D", NULL);
    book_represents(book, 5, "R0E", "2017-12-01");
    for (size_t i = 0; i < statements; i++) {
        if (roll(&s, 12) == 0)
            TELL_REGISTRY[roll(&s, TDM_COUNT(TELL_REGISTRY))](&s);
        else
            TELL[roll(&s, TDM_COUNT(TELL))](&s);
    }
}
