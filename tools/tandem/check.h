/* SPDX-License-Identifier: MPL-2.0
 *
 * check.h: is a daemon well? For monitors: one line and a status of 0 (ok), 1 (warning), 2 (critical) or 3
 * (not known), as the Monitoring Plugins Development Guidelines have it.
 */
#ifndef TANDEM_TOOLS_CHECK_H
#define TANDEM_TOOLS_CHECK_H

#include "client.h"

tdm_command_function tdm_check_run;

/* The thresholds, for help and tests: NULL past the end. */
typedef struct tdm_check_limit {
    const char *name; /* of the value, as monitors keep it */
    const char *help;
    int64_t warning; /* from this on */
    int64_t critical;
} tdm_check_limit;
const tdm_check_limit *tdm_check_limit_at(size_t index);

#endif
