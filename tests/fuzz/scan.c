/* SPDX-License-Identifier: MPL-2.0
 *
 * scan.c: fuzz entry: whatever the scanner lets in, a cursor walks to its end.
 */
#include "entry.h"
#include "tandem/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const tdm_scan_limits LIMITS = { 65536, TDM_SCAN_DEPTH_MAX, 65536 };
    tdm_span bytes = { data, len };
    if (tdm_scan(bytes, &LIMITS, NULL) == TDM_OK) {
        tdm_cursor cursor = tdm_cursor_over(bytes);
        TDM_ASSERT(tdm_cursor_skip(&cursor).len == len && !cursor.failed);
    }
    return 0;
}
