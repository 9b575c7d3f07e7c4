/* SPDX-License-Identifier: MPL-2.0
 *
 * worked.h: the examples whose figures were worked out by hand, as facts of a small world: one for the
 * oracle, the engine and what explains a figure. Everything happens in 2017/18 but where a comment says
 * otherwise.
 */
#ifndef TANDEM_ORACLE_WORKED_H
#define TANDEM_ORACLE_WORKED_H

#include "world.h"

typedef void worked(world *w);

worked worked_year, worked_revised, worked_late, worked_years, worked_fair_share,
    worked_fair_share_and_supplier, worked_concentration, worked_mixing, worked_network,
    worked_network_of_sectors, worked_exchange, worked_exchange_repeated, worked_reach, worked_inequality,
    worked_representation, worked_dimensions, worked_capacity, worked_stages, worked_faculty_alone,
    worked_course, worked_team_answers, worked_incomplete_answer, worked_sample, worked_change, worked_cycles,
    worked_sets, worked_learning, worked_resources, worked_development, worked_posts, worked_policies,
    worked_teams, worked_networks, worked_barriers, worked_catalogue;

#endif
