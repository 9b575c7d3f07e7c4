/* SPDX-License-Identifier: MPL-2.0
 *
 * door.h: the HTTP routes of both daemons: livez, readyz, metrics, api/v1/level.
 */
#ifndef TANDEM_DOOR_H
#define TANDEM_DOOR_H

#include "daemon.h"

extern const tdm_http_route TDM_DOOR_ROUTES[];
extern const size_t TDM_DOOR_ROUTE_COUNT;

/* Set the gauges that are read off the store and the figures; before each scrape. */
void tdm_door_refresh(tdm_daemon *daemon);

#endif
