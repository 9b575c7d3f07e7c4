/* SPDX-License-Identifier: MPL-2.0
 *
 * views_ahead.h: a log that came without figures (restored, imported, taken back, or its figures were
 * damaged) has them made before a daemon follows it: in parts by subject, which takes a fraction of the time
 * that following it from its first event does.
 */
#ifndef TANDEM_VIEWS_AHEAD_H
#define TANDEM_VIEWS_AHEAD_H

#include "tandem/told.h"

/* Before the store of this state folder is opened, by the one process that may, with no thread beside.
 * Nothing is done where there are figures, or no log. They appear in one rename; logs VIEWS-MADE. A failure
 * is logged as VIEWS-NOT-MADE and is none of the caller's: whoever follows the log makes them as it goes.
 * map_bytes: address space of the log to begin with. told hears of events, and may end it. */
void tdm_views_make_ahead(const char *folder, bool hub, size_t map_bytes, const tdm_told *told);

#endif
