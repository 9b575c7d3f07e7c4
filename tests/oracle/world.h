/* SPDX-License-Identifier: MPL-2.0
 *
 * world.h: a small world for hand-computed figures: a hub, a lead (LEA), a partner (PAR), a third (THI), each
 * with an origin of its own, and what they state, in one line each.
 */
#ifndef TANDEM_ORACLE_WORLD_H
#define TANDEM_ORACLE_WORLD_H

#include "sheaf.h"
#include "tandem/civil.h"

typedef enum world_origin { WORLD_HUB, WORLD_LEAD, WORLD_PARTNER, WORLD_THIRD, WORLD_ORIGINS } world_origin;

typedef struct world {
    tdm_sheaf sheaf;
    tdm_pen pens[WORLD_ORIGINS];
    uint32_t facts;
    int64_t now; /* recorded time of what is stated next */
} world;

/* The name under which something was stated. */
typedef struct world_fact {
    world_origin origin;
    char subject[64];
    tdm_id id;
    tdm_digest digest; /* of assertions */
    uint64_t sequence;
} world_fact;

void world_begin(world *w); /* registered organisations, and who speaks for them */
void world_end(world *w);
int64_t world_ms(int year, int month, int day, int hour);

world_fact world_organisation(world *w, const char *code, const char *parent, int64_t belongs);
world_fact world_change(world *w, const char *code, int64_t change, tdm_date effective, const char *other);
world_fact world_unit(world *w, world_origin by, const char *recorder, const char *lead, const char *id,
                      int64_t status, tdm_date start);
world_fact world_session(world *w, const world_fact *unit, const char *recorder, tdm_date date,
                         int64_t hours_hundredths);
world_fact world_attendance(world *w, const world_fact *session, const char *recorder, int64_t people);
world_fact world_assert(world *w, const world_fact *unit, world_origin by, const char *recorder,
                        const char *organisation, int64_t phase, bool supplier);
world_fact world_confirm(world *w, const world_fact *assertion, world_origin by, const char *recorder,
                         int64_t phase);
world_fact world_dispute(world *w, const world_fact *assertion, world_origin by, const char *recorder,
                         int64_t phase);
world_fact world_match(world *w, const world_fact *a, const world_fact *b);
world_fact world_tide(world *w); /* covers everything stated so far */
world_fact world_close(world *w, const char *period, const world_fact *tide);
world_fact world_publish(world *w, const char *period, int64_t joint, int64_t units);
world_fact world_return(world *w, uint32_t type, world_origin by, const char *organisation,
                        const char *period);
world_fact world_level(world *w, uint32_t type, int64_t year, int64_t tenths);
/* Anything: the payload as JSON, with ' for ". */
world_fact world_say(world *w, world_origin by, const char *type, const char *subject, const char *payload);
void world_amend(world *w, const world_fact *target, world_origin by, uint32_t type, const tdm_record *body);

#endif
