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

/* The same as tdm_closing_find, of what a fold holds; for those who only read. */
tdm_code tdm_closing_read(tdm_fold *fold, tdm_span subject, tdm_tide_name *closing, tdm_err *err);
/* The tide at which the period of a subject "period/PERIOD" was closed; found is false if it is open.
 * Settles. */
tdm_code tdm_closing_find(const tdm_service_context *context, tdm_span subject, tdm_tide_name *closing,
                          tdm_err *err);
/* A tide of this moment: stated if anything changed since the last. */
tdm_code tdm_tide_make(const tdm_service_context *context, tdm_tide_name *tide, tdm_err *err);
/* Everything as it stood at a tide, in memory; the caller's to close. Hub only. */
tdm_code tdm_fold_at_tide(const tdm_service_context *context, const tdm_tide_name *tide, tdm_fold **out,
                          tdm_err *err);

#endif
