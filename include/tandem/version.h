/* SPDX-License-Identifier: MPL-2.0
 *
 * version.h: four numbers that change apart from each other: the release, and three that say what fits what.
 * Any thread may call these.
 */
#ifndef TANDEM_VERSION_H
#define TANDEM_VERSION_H

#include "tandem/export.h"

TDM_BEGIN_DECLS

/* The library's binary interface, its SOVERSION: a program built for another number needs building again. */
#define TDM_ABI_VERSION 0

/* Of the library that runs, which need not be the one a program was built with: "0.1.0", borrowed. */
TDM_API const char *tdm_version(void);
TDM_API unsigned tdm_version_abi(void);
/* The protocol between nodes and hub (proto/LINK.md). */
TDM_API unsigned tdm_version_wire(void);
/* The newest format of stores and exported logs that it reads; it reads all older ones. */
TDM_API unsigned tdm_version_store(void);

TDM_END_DECLS

#endif
