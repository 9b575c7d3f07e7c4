/* SPDX-License-Identifier: MPL-2.0
 *
 * history_parts.h: what the generator of histories keeps, and the table of what can be said.
 */
#ifndef TANDEM_ORACLE_HISTORY_PARTS_H
#define TANDEM_ORACLE_HISTORY_PARTS_H

#include "history.h"
#include "parts.h"

#define HISTORY_ORIGINS 8
#define HISTORY_CODES 12
#define HISTORY_SUBJECT 64

/* A fact that was stated, as far as later ones refer to it. */
typedef struct history_stated {
    uint32_t type;
    size_t origin;
    tdm_id fact;
    char subject[HISTORY_SUBJECT];
    char recorder[16];
    char organisation[16]; /* of units: the lead */
    int64_t phase;         /* of units: the id as a number */
    tdm_id session;        /* of attendances */
    int64_t start;         /* of units */
    tdm_digest digest;
    uint64_t incarnation; /* of tides */
    uint64_t sequence;
} history_stated;

typedef struct history_maker {
    tdm_dice dice;
    tdm_dice side; /* for what was added to the level's sayings: their own dice fall as before */
    tdm_sheaf sheaf;
    tdm_pen pens[2 * HISTORY_ORIGINS]; /* two incarnations for each origin */
    bool twice[HISTORY_ORIGINS];
    size_t origin_count;
    char codes[HISTORY_CODES][16];
    size_t code_count;
    history_stated *stated;
    size_t stated_count;
    size_t level_stated; /* of them, those of the level, once it is done: they are seldom amended after */
    size_t facts_made;
    size_t first_saying; /* of what is said now: the level first, then all beside it */
    size_t weight_all;   /* of these */
    tdm_buf scratch;     /* bytes a record borrows until it is encoded */
} history_maker;

/* Fills a record of its type, and in *stated the subject and what later ones need; about: the earlier fact it
 * refers to. False: not this time. */
typedef bool history_filler(history_maker *m, size_t origin, const history_stated *about, tdm_record *record,
                            history_stated *stated);

typedef struct history_saying {
    uint32_t type;
    uint32_t about; /* type of the fact it refers to; 0: none */
    size_t weight;
    bool by_hub;
    history_filler *fill;
} history_saying;

extern const history_saying HISTORY_SAYINGS[];
extern const size_t HISTORY_SAYING_COUNT;
extern const size_t HISTORY_LEVEL_COUNT; /* of them, those the level is made of */

#define HISTORY_FILLER(name)                                                                                 \
    bool name(history_maker *m, size_t origin, const history_stated *about, tdm_record *r, history_stated *s)
HISTORY_FILLER(history_role_holder);
HISTORY_FILLER(history_need);
HISTORY_FILLER(history_team);
HISTORY_FILLER(history_cycle);
HISTORY_FILLER(history_protected);
HISTORY_FILLER(history_action);
HISTORY_FILLER(history_project);
HISTORY_FILLER(history_resource);
HISTORY_FILLER(history_use);
HISTORY_FILLER(history_support);
HISTORY_FILLER(history_support_match);
HISTORY_FILLER(history_member);
HISTORY_FILLER(history_discussion);
HISTORY_FILLER(history_objective);
HISTORY_FILLER(history_reference);
HISTORY_FILLER(history_summary);
HISTORY_FILLER(history_design);
HISTORY_FILLER(history_mix);
HISTORY_FILLER(history_criterion);
HISTORY_FILLER(history_catalogue);

void history_more_of_session(history_maker *m, tdm_record *r);
void history_more_of_organisation(history_maker *m, tdm_record *r);
void history_copy_code(char out[16], const char *code);
/* Who and what an earlier fact of the same type was about: for corrections, and for more of the kind. */
void history_keep(history_stated *s, const history_stated *about);
/* Files a fact under the unit it is about, and says it as the recorder of that unit, mostly. */
void history_go_with(history_maker *m, const history_stated *about, history_stated *s);

size_t history_roll(history_maker *m, size_t sides);
bool history_chance(history_maker *m, unsigned percent);
tdm_date history_date(history_maker *m);
int64_t history_time(history_maker *m);
const char *history_code(history_maker *m);
const char *history_home(history_maker *m, size_t origin);
size_t history_speaker(history_maker *m, const char *code);
tdm_pen *history_pen(history_maker *m, size_t origin);
bool history_fill(history_maker *m, uint32_t type, size_t origin, const history_stated *about,
                  tdm_record *record, history_stated *stated);
/* The hub states most organisations and who speaks for them. */
void history_register(history_maker *m);

#endif
