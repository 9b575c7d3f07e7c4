/* SPDX-License-Identifier: MPL-2.0
 *
 * check.h: is a daemon well? For monitors: one line and a status of 0 (ok), 1 (warning), 2 (critical) or 3
 * (not known), as the Monitoring Plugins Development Guidelines have it.
 */
#ifndef TANDEM_TOOLS_CHECK_H
#define TANDEM_TOOLS_CHECK_H

#include "client.h"
#include "judge.h"

tdm_command_function tdm_check_run;

#endif
