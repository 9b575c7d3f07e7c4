/* SPDX-License-Identifier: MPL-2.0
 *
 * clock.h: the two clocks of a daemon. Formulas never read them; they get a time from their caller.
 */
#ifndef TANDEM_CLOCK_H
#define TANDEM_CLOCK_H

#include <stdint.h>

/* Wall clock, ms since 1970 UTC. The environment variable TANDEM_NOW (RFC 3339) pins it, for samples and
 * tests. */
int64_t tdm_clock_wall_ms(void);
/* Monotonic, ms from an unknown start: for deadlines and durations. */
int64_t tdm_clock_mono_ms(void);

#endif
