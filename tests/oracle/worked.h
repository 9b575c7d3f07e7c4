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

/* clang-format off */
#define WORKED_LIST(X) \
    X(year) X(revised) X(late) X(years) X(fair_share) X(fair_share_and_supplier) X(concentration) \
    X(mixing) X(network) X(network_of_sectors) X(exchange) X(exchange_repeated) X(reach) X(inequality) \
    X(representation) X(dimensions) X(capacity) X(stages) X(faculty_alone) X(course) X(team_answers) \
    X(incomplete_answer) X(sample) X(change) X(cycles) X(sets) X(learning) X(resources) X(development) \
    X(posts) X(policies) X(teams) X(networks) X(barriers) X(catalogue) X(few_joint) X(unpaired) X(alone) \
    X(outcomes) X(lone)
/* clang-format on */

#define X(name) worked worked_##name;
WORKED_LIST(X)
#undef X

#endif
