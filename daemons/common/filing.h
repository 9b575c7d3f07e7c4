/* SPDX-License-Identifier: MPL-2.0
 *
 * filing.h: where facts are filed and how they are named, by the rows of the schema table (TDM_FILED, KEY),
 * for whoever states them; and where each type may be recorded by hand.
 *
 * A name is tdm_fact_named over words: the filing word; the recorder and the subject, where the type has a
 * recorder; the text of each KEY field. Sessions and attendances have no KEY field: an id given by the
 * recorder ends their names, "1" where nobody counts.
 */
#ifndef TANDEM_COMMON_FILING_H
#define TANDEM_COMMON_FILING_H

#include "core.h"

#define TDM_ID_WORD_MAX 60 /* bytes of an id that ends a name */

/* Dashes that were told stand for underscores. */
bool tdm_name_is(tdm_span told, const char *name);
/* The field with this name; NULL: none. */
const tdm_field *tdm_field_named(const tdm_type *type, tdm_span name);

/* Field 1 of these types is the recorder. */
bool tdm_type_has_recorder(const tdm_type *type);
/* An id that is no field ends the name. */
bool tdm_type_takes_id(const tdm_type *type);
/* Filed under a unit that is given with the fact. */
bool tdm_type_takes_unit(const tdm_type *type);
/* The amendment that takes such a fact back: links have one of their own. */
uint32_t tdm_type_hidden_by(uint32_t type);
/* Without this field the fact has no subject or no name. */
bool tdm_field_names(const tdm_type *type, const tdm_field *field);

/* The name of a record whose naming fields are present. id: of types that take one; NULL for the others. */
tdm_id tdm_filing_fact(const tdm_record *record, tdm_span subject, const char *id);
/* The subject, appended, and the name of a record that is filed by its own fields alone. */
tdm_id tdm_filing_place(const tdm_record *record, tdm_buf *subject);
/* The name of a person's row in a private log: type, person, KEY fields. */
tdm_id tdm_filing_row(const tdm_record *record);

/* ---- by hand */
enum { TDM_RECORDED_AT_HUB = 1, TDM_RECORDED_AT_NODE = 2 };
/* Where people record facts of this type. 0: nowhere, and *why says it with what to do instead. */
int tdm_type_recorded_at(const tdm_type *type, const char **why);
/* The type of this name, which may have dashes. TDM_INVALID says why nobody records it, or what was meant. */
tdm_code tdm_type_to_record(const char *name, const tdm_type **out, tdm_err *err);

#endif
