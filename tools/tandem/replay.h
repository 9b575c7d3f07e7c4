/* SPDX-License-Identifier: MPL-2.0
 *
 * replay.h: a log, from a file or a store, into another store.
 */
#ifndef TANDEM_TOOLS_REPLAY_H
#define TANDEM_TOOLS_REPLAY_H

#include "client.h"

tdm_command_function tdm_replay_run;

#endif
