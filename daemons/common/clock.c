/* SPDX-License-Identifier: MPL-2.0
 *
 * clock.c: the wall clock, which can be pinned, and the monotonic clock.
 */
#include "clock.h"

#include "tandem/civil.h"

#include <stdlib.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t tdm_clock_wall_ms(void)
{
    const char *pinned = getenv("TANDEM_NOW");
    int64_t ms;
    int32_t offset;
    if (pinned != NULL && tdm_time_parse(tdm_span_text(pinned), &ms, &offset, NULL) == TDM_OK)
        return ms;
    return read_ms(CLOCK_REALTIME);
}

int64_t tdm_clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
