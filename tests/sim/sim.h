/* SPDX-License-Identifier: MPL-2.0
 *
 * sim.h: one hub and a few nodes on virtual time, over a network that delays, doubles, cuts and loses frames
 * and drops connections, with daemons that die at any point. The same seed gives the same run.
 */
#ifndef TANDEM_TESTS_SIM_SIM_H
#define TANDEM_TESTS_SIM_SIM_H

#include "station.h"

typedef enum sim_story {
    SIM_HONEST,  /* every store is what it seems */
    SIM_CLONE,   /* node 0 was copied, and both copies go on */
    SIM_RESTORED /* node 0 goes on from an older backup */
} sim_story;

typedef struct sim_options {
    uint64_t seed;
    uint32_t steps; /* of trouble, before healing */
    sim_story story;
    station_faults faults;
    bool loud;
} sim_options;

typedef struct sim_result {
    bool went_well;
    char failure[300];
    uint64_t frames;
    uint64_t crashes;
    uint64_t forks;
    uint64_t acked; /* events acknowledged to the nodes, in all */
    uint64_t trace; /* a hash over what happened when */
} sim_result;

void sim_run(const sim_options *options, sim_result *result);

#endif
