/* SPDX-License-Identifier: MPL-2.0
 *
 * diff.h: two stores, snapshots or moments compared by their logs and by every figure.
 */
#ifndef TANDEM_TOOLS_DIFF_H
#define TANDEM_TOOLS_DIFF_H

#include "client.h"

tdm_command_function tdm_diff_run;

#endif
