/* SPDX-License-Identifier: MPL-2.0
 *
 * organisation.h: registering single organisations.
 */
#ifndef TANDEM_SERVICES_ORGANISATION_H
#define TANDEM_SERVICES_ORGANISATION_H

#include "services.h"

/* State the organisation unless the code is registered already. */
tdm_code tdm_organisation_register(const tdm_service_context *context, const char *code, const char *name,
                                   int64_t sector, tdm_err *err);

#endif
