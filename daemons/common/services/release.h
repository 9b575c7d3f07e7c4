/* SPDX-License-Identifier: MPL-2.0
 *
 * release.h: figures about people for those who may not see exact ones: fixed releases, made once, suppressed
 * once, and shown as they were made.
 */
#ifndef TANDEM_SERVICES_RELEASE_H
#define TANDEM_SERVICES_RELEASE_H

#include "measures.h"

#include "tandem/suppress.h"

/* The argument "audience"; without one the hub's own analyst. */
tdm_code tdm_audience_read(const json_t *args, const tdm_audience **out, tdm_err *err);
/* Whether the right to exact figures covers all that this daemon holds: at a hub the analyst's, at a node its
 * lead's, too. Others hold exact rights over their own rows alone, which no measure is of. */
bool tdm_audience_sees_all(const tdm_service_context *context, const tdm_audience *audience);
/* The latest release of what is asked, for this audience. TDM_DENIED: it may not see any moment but a
 * release's, and asked for one. */
tdm_code tdm_release_show(const tdm_service_context *context, const tdm_measure_question *question,
                          const tdm_audience *audience, bool past, tdm_answer *answer, tdm_err *err);

#endif
