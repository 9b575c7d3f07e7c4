/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation.h: whether single organisations are registered, and registering them.
 */
#ifndef TANDEM_SERVICES_ORGANISATION_H
#define TANDEM_SERVICES_ORGANISATION_H

#include "services.h"

/* TDM_OK: it is registered today. TDM_NOT_FOUND, with where to look. */
tdm_code tdm_organisation_check(const tdm_service_context *context, tdm_fold *fold, const char *code,
                                tdm_err *err);
/* State the organisation unless the code is registered already. */
tdm_code tdm_organisation_register(const tdm_service_context *context, const char *code, const char *name,
                                   int64_t sector, tdm_err *err);

#endif
