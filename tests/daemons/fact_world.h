/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_world.h: a node with a private log and a hub, asked for the service record.fact.
 */
#ifndef TANDEM_TESTS_FACT_WORLD_H
#define TANDEM_TESTS_FACT_WORLD_H

#include "service_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HEX16 "00112233445566778899aabbccddeeff"

extern tdm_world node;
extern tdm_world hub;

int open_worlds(void **state);
int close_worlds(void **state);

/* The one count that is 1 in data[0]; all others must be 0. The caller frees it. */
json_t *ask(tdm_world *world, const char *args, const char *wanted);
void expect(tdm_world *world, const char *args, const char *wanted);
/* The whole request fails, or one fact of it is refused, and it says so. */
void expect_failure(tdm_world *world, const char *args, const char *says);
void expect_refusal(tdm_world *world, const char *args, const char *column, const char *says);

#endif
