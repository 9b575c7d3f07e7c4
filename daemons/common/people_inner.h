/* SPDX-License-Identifier: MPL-2.0
 *
 * people_inner.h: what the files of the people's log (people_*.c) share. Nobody else includes it.
 */
#ifndef TANDEM_COMMON_PEOPLE_INNER_H
#define TANDEM_COMMON_PEOPLE_INNER_H

#include "people_log.h"

/* As tdm_people_enter, but makes the log if there is none. */
tdm_code tdm_people_enter_made(tdm_people *people, tdm_private **out, tdm_err *err);

/* The type of the row that holds a person's salt: none of the schema table's. */
enum { PEOPLE_SALT_TYPE = 1, PEOPLE_SALT_BYTES = 32 };

#endif
