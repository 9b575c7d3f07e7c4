/* SPDX-License-Identifier: MPL-2.0
 *
 * people_world.h: a node with a private log, for tests: its people recorded, asked, and what it states of
 * them.
 */
#ifndef TANDEM_TESTS_PEOPLE_WORLD_H
#define TANDEM_TESTS_PEOPLE_WORLD_H

#include "people_log.h"
#include "service_world.h"

typedef struct people_world {
    tdm_world world;
    tdm_people *people;
} people_world;

void people_open(people_world *p);
void people_reopen(people_world *p, bool read_only); /* as after a restart */
void people_close(people_world *p);

/* record.fact of one row, or with `body` of a file; checks that the count of `fate` is `wanted` and nothing
 * else happened. */
void people_record(people_world *p, const char *args, const char *body, const char *fate, long wanted);
/* data[0] of a service that must succeed; the caller frees it by json_decref of *keep. */
const json_t *people_ask(people_world *p, const char *verb, const char *args, json_t **keep);
/* A number of data[0]. */
long people_number(people_world *p, const char *verb, const char *args, const char *key);
/* The service must leave with this status, saying this. */
void people_fails(people_world *p, const char *verb, const char *args, const char *body, int status,
                  const char *says);

enum { NOT_STATED = -1 };
/* The count of the own summary fact in force of that cell; NOT_STATED if there is none or it is hidden. */
long people_stated(people_world *p, int table, const char *period, const char *a, const char *b);
/* All cells in force in one text, in order, without those of `faculty`: to be compared. The caller frees. */
char *people_all_stated(people_world *p);

/* 40 enter stage 1, 30 pass it and enter stage 2, 24 pass that and enter stage 3, 18 pass it: P-1 comes
 * farthest. All in 2026/27. */
#define COHORT 40
void people_record_cohort(people_world *p);

#endif
