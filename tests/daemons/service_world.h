/* SPDX-License-Identifier: MPL-2.0
 *
 * service_world.h: a store with its services, for tests: opened in a scratch folder, asked in JSON, removed
 * afterwards whatever happened.
 */
#ifndef TANDEM_TESTS_SERVICE_WORLD_H
#define TANDEM_TESTS_SERVICE_WORLD_H

#include "service.h"

typedef struct tdm_world {
    char folder[256];
    tdm_core *core;
    tdm_service_context context;
    char organisation[16];
} tdm_world;

/* 2026-08-04T10:00:00Z: today, wherever it matters. */
#define WORLD_NOW 1785837600000

void world_open(tdm_world *world, bool hub, const char *organisation);
void world_reopen(tdm_world *world); /* close and open the same store */
void world_close(tdm_world *world);
void world_folder(char out[256]); /* a fresh scratch folder; world_remove afterwards */
void world_remove(const char *folder);

/* The whole answer, a failure's error object too; the caller's. As in life, nobody waits for the fold
 * first. args: JSON text, NULL for none; body NULL for none. *exit_status may be NULL. */
json_t *world_ask(tdm_world *world, const char *verb, const char *args, const char *body, int *exit_status);
/* data[0] of an answer that must succeed or have exit status 1; borrowed from *keep, which the caller frees.
 */
const json_t *world_row(tdm_world *world, const char *verb, const char *args, const char *body,
                        json_t **keep);
long world_int(const json_t *object, const char *key);
const char *world_text(const json_t *object, const char *key); /* "" if absent or null */

/* Raw bytes of export. */
void world_export(tdm_world *world, tdm_buf *out);
/* Give one store the own log of another, as a link would. */
void world_copy_log(tdm_world *from, tdm_world *to);
/* Give one store single events of another's log with their proofs, as a feed would: those with sequences
 * first..last. */
void world_copy_notices(tdm_world *from, tdm_world *to, uint64_t first, uint64_t last);
uint64_t world_last_sequence(tdm_world *world); /* of the own log */

#endif
