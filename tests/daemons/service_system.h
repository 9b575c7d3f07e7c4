/* SPDX-License-Identifier: MPL-2.0
 *
 * service_system.h: two nodes and a hub in one process, whose logs are handed over as links would.
 */
#ifndef TANDEM_TESTS_SERVICE_SYSTEM_H
#define TANDEM_TESTS_SERVICE_SYSTEM_H

#include "service_world.h"

typedef struct tdm_system {
    tdm_world north; /* R0A, leads */
    tdm_world south; /* RXA, partner */
    tdm_world hub;
} tdm_system;

/* The one of this test; made by system_open, a cmocka setup. */
tdm_system *system_now(void);
int system_open(void **state);
int system_close(void **state);

/* The hub knows both nodes and their organisations, north has recorded four units (two name RXA), everybody
 * has everybody's log. */
void system_set_up(void);
/* Must succeed. */
void system_ask(tdm_world *world, const char *verb, const char *args, const char *body);
/* The first level row. */
const json_t *system_level(tdm_world *world, const char *args, json_t **keep);
double system_number(const json_t *object, const char *key);
/* South's answer to a claim, and what is said of it. */
void system_reply(const char *verb, const char *args, const char *result);
/* Hand south's log to the hub; the level of 2017/18 is then this. */
void system_expect_corroborated(double wanted);

#endif
