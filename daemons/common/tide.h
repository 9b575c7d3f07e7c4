/* SPDX-License-Identifier: MPL-2.0
 *
 * tide.h: the hub states what it holds at a time. A tide names what changed since the tide before, so that
 * all tides up to one give its frontier (tandem/fold.h, tdm_frontier_of_tide); closings and publications name
 * a tide.
 */
#ifndef TANDEM_TIDE_H
#define TANDEM_TIDE_H

#include "core.h"

/* State a tide of all that is durable now. *incarnation and *sequence name its (last) event. If nothing but
 * tides came since the last one and `always` is false, none is stated and TDM_EXISTS returned, with the last
 * one's name. Any thread; hub only. */
tdm_code tdm_tide_state(tdm_core *core, int64_t now_ms, bool always, uint64_t *incarnation,
                        uint64_t *sequence, tdm_err *err);

#endif
