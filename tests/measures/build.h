/* SPDX-License-Identifier: MPL-2.0
 *
 * build.h: a book of events for tests of the fold: each function states one fact by one origin, numbered by
 * small integers. Origin 0 is the authority. Dates are text; a mistake ends the test program.
 */
#ifndef TANDEM_TESTS_MEASURES_BUILD_H
#define TANDEM_TESTS_MEASURES_BUILD_H

#include "tandem/fold.h"

enum { BOOK_ORIGINS = 12 };

typedef struct tdm_book {
    tdm_span *events;
    size_t count;
    size_t capacity;
    uint64_t incarnation[BOOK_ORIGINS];
    uint64_t last[BOOK_ORIGINS];
    int64_t now_ms; /* recorded time of what is stated next */
} tdm_book;

/* The unit a statement is about, and under whose name it is made. */
typedef struct tdm_about {
    int origin;
    const char *recorder;
    const char *lead;
    const char *id;
} tdm_about;

void book_init(tdm_book *book);
void book_free(tdm_book *book);
tdm_id book_id(int number); /* of an origin or a fact */
tdm_date book_date(const char *text);
void book_at(tdm_book *book, const char *date); /* noon of that day, from now on */

/* Any statement; returns its index. */
size_t book_state(tdm_book *book, int origin, const char *subject, int fact, const tdm_record *record);

void book_organisation(tdm_book *book, const char *code, int sector, const char *parent, int belongs);
int book_change(tdm_book *book, const char *code, int change, const char *date, const char *successor);
int book_represents(tdm_book *book, int origin, const char *code, const char *until); /* its fact */
/* The fact says from now on that the origin represents that code; it stays where it was filed. */
void book_represent_instead(tdm_book *book, const char *filed, int fact, int origin, const char *code);
/* Organisation, representation: the usual pair. */
void book_partner(tdm_book *book, int origin, const char *code);
void book_two_partners(tdm_book *book); /* a new book: node 1 is R0A, node 2 is R0B */
int book_match(tdm_book *book, const char *a, const char *b);
void book_level_point(tdm_book *book, bool target, int year, int level);
/* From now on the origin writes another store, whose first event gives its generation. */
void book_store(tdm_book *book, int origin, uint64_t incarnation, int generation);
void book_generation(tdm_book *book, int origin, int generation); /* stated wherever the log is */
void book_tide(tdm_book *book);                                   /* everything stated so far */
void book_part_of_tide(tdm_book *book);                           /* the same, with more to come */
int book_close(tdm_book *book, const char *period);               /* at a tide stated for it; its fact */
void book_move_closing(tdm_book *book, const char *period, int closing); /* to a tide stated for it */
void book_publish(tdm_book *book, const char *period, int64_t units, int64_t corroborated);

/* Each returns the fact's number. status, kind: TDM_STATUS_IS_*, TDM_UNITKIND_IS_*; 0: delivered, programme.
 */
int book_unit(tdm_book *book, tdm_about about, int status, const char *start, const char *end);
int book_session(tdm_book *book, tdm_about about, const char *date, int hours_hundredths);
/* The same, run by another organisation, which only a list names. */
int book_facilitated(tdm_book *book, tdm_about about, const char *date, const char *facilitator);
int book_attendance(tdm_book *book, tdm_about about, int session, int people);
int book_participants(tdm_book *book, tdm_about about, int year, int people);
int book_design(tdm_book *book, tdm_about about, int enrolled);
int book_assert(tdm_book *book, tdm_about about, const char *organisation, int phase);
int book_supplier(tdm_book *book, tdm_about about, const char *organisation);
/* Confirm what `asserter` asserted as fact `assertion` of that organisation and phase. */
int book_confirm(tdm_book *book, tdm_about about, int phase, tdm_about asserter, int assertion);
int book_dispute(tdm_book *book, tdm_about about, int phase);

/* Of a fact of `target` origin under the unit, by `about.origin`. */
void book_void(tdm_book *book, tdm_about about, int fact);
void book_unvoid(tdm_book *book, tdm_about about, int fact);
void book_void_at(tdm_book *book, int origin, const char *subject, int fact);
void book_move_session(tdm_book *book, tdm_about about, int session, const char *date, int hours_hundredths);
/* A unit with one session of these hours and people; returns the session's fact. */
int book_delivered(tdm_book *book, tdm_about about, const char *date, int hours_hundredths, int people);

/* A memory fold with the authority over the whole book, settled. */
tdm_fold *book_fold(const tdm_book *book, bool with_feeds);
void book_settle(tdm_fold *fold); /* until no work is left */
tdm_digest book_hash(tdm_fold *fold);
/* Entries in the book's order, positions from 1. */
void book_apply(const tdm_book *book, tdm_fold *fold, size_t from, size_t count);
/* A memory ledger with each store's events as one run, origin by origin. */
tdm_ledger *book_ledger(const tdm_book *book);
/* The same in the book's order, as a hub holds them: a run an event. */
tdm_ledger *book_ledger_in_order(const tdm_book *book);
/* The row of a period ("2017/18") and group. rows of zero if there is none. */
tdm_level_row book_row(tdm_fold *fold, tdm_dimension by, tdm_weight weight, const char *period,
                       const char *group);

#endif
