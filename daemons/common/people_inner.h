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

/* Rows given and not appended yet; under the log's lock. One person's rows stay in their order. */
typedef struct people_waiting people_waiting;
people_waiting *people_waiting_new(void); /* NULL: no memory */
void people_waiting_free(people_waiting **waiting);
/* The last row given of this person under this name; a zero name finds the salt. Borrowed. */
bool people_waiting_find(const people_waiting *waiting, tdm_span person, const tdm_id *name,
                         tdm_span *payload);
/* No room for a row and a salt: append first. */
bool people_waiting_is_full(const people_waiting *waiting);
tdm_code people_waiting_add(people_waiting *waiting, const tdm_private_row *row, const tdm_id *name,
                            tdm_err *err);
/* All or nothing, durable on TDM_OK; afterwards nothing waits. */
tdm_code people_waiting_append(people_waiting *waiting, tdm_private *log, tdm_err *err);

/* Between enter and leave. */
people_waiting *tdm_people_waiting(tdm_people *people);

#endif
