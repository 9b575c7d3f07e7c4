/* SPDX-License-Identifier: MPL-2.0
 *
 * publish.h: the tides that closings, publications and releases rest on.
 */
#ifndef TANDEM_SERVICES_PUBLISH_H
#define TANDEM_SERVICES_PUBLISH_H

#include "services.h"

typedef struct tdm_tide_name {
    bool found;
    uint64_t incarnation;
    uint64_t sequence;
} tdm_tide_name;

/* The tide at which the period was closed; found stays false if it is open. */
tdm_code tdm_tide_of_closing(tdm_fold *fold, const char *period, tdm_tide_name *closing, tdm_err *err);
/* The same, or of an open period a tide of this moment: stated if anything changed since the last. Settles.
 * Hub only. */
tdm_code tdm_tide_of_period(const tdm_service_context *context, const char *period, tdm_tide_name *tide,
                            tdm_err *err);
/* Everything as it stood at a tide; to be closed. level_only: tdm_moment_open. frontier (NULL: not wanted):
 * what that was, the caller's to free. Hub only. */
tdm_code tdm_moment_of_tide(const tdm_service_context *context, const tdm_tide_name *tide, bool level_only,
                            tdm_frontier *frontier, tdm_moment *out, tdm_err *err);

#endif
