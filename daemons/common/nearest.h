/* SPDX-License-Identifier: MPL-2.0
 *
 * nearest.h: what was meant by a name that is not there.
 */
#ifndef TANDEM_COMMON_NEAREST_H
#define TANDEM_COMMON_NEAREST_H

#include <stddef.h>

/* The candidate nearest to name by edit distance, or NULL if none is near. */
const char *tdm_nearest(const char *name, const char *const *candidates, size_t count);

#endif
