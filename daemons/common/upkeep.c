/* SPDX-License-Identifier: MPL-2.0
 *
 * upkeep.c: when a store was last verified and last copied.
 */
#include "upkeep.h"

static const char VERIFIED_NAME[] = "upkeep/verified"; /* moment 8, faults 8, big-endian as below */
static const char COPIED_NAME[] = "upkeep/copied";     /* moment 8 */

enum { NUMBER_BYTES = 8, NUMBERS_MAX = 2 };

static bool read_numbers(tdm_core *core, const char *name, size_t count, uint64_t out[NUMBERS_MAX])
{
    tdm_buf value = { 0 };
    bool known = tdm_core_local_get(core, name, &value, NULL) == TDM_OK && value.len == count * NUMBER_BYTES;
    for (size_t i = 0; known && i < value.len; i++)
        out[i / NUMBER_BYTES] = out[i / NUMBER_BYTES] << 8 | value.data[i];
    tdm_buf_free(&value);
    return known;
}

static tdm_code write_numbers(tdm_core *core, const char *name, const uint64_t *numbers, size_t count,
                              tdm_err *err)
{
    uint8_t bytes[NUMBERS_MAX * NUMBER_BYTES];
    for (size_t i = 0; i < count * NUMBER_BYTES; i++)
        bytes[i] = (uint8_t)(numbers[i / NUMBER_BYTES] >> (8 * (NUMBER_BYTES - 1 - i % NUMBER_BYTES)));
    return tdm_core_local_put(core, name, (tdm_span){ bytes, count * NUMBER_BYTES }, err);
}

void tdm_upkeep_read(tdm_core *core, tdm_upkeep *out)
{
    uint64_t verified[NUMBERS_MAX] = { 0 };
    uint64_t copied[NUMBERS_MAX] = { 0 };
    *out = (tdm_upkeep){ .verified = read_numbers(core, VERIFIED_NAME, 2, verified),
                         .copied = read_numbers(core, COPIED_NAME, 1, copied) };
    out->verified_ms = (int64_t)verified[0];
    out->faults = verified[1];
    out->copied_ms = (int64_t)copied[0];
}

tdm_code tdm_upkeep_set_verified(tdm_core *core, int64_t now_ms, uint64_t faults, tdm_err *err)
{
    return write_numbers(core, VERIFIED_NAME, (uint64_t[]){ (uint64_t)now_ms, faults }, 2, err);
}

tdm_code tdm_upkeep_set_copied(tdm_core *core, int64_t made_ms, tdm_err *err)
{
    return write_numbers(core, COPIED_NAME, (uint64_t[]){ (uint64_t)made_ms }, 1, err);
}
