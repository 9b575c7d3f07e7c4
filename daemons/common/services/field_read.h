/* SPDX-License-Identifier: MPL-2.0
 *
 * field_read.h: a field of the schema table as a person gives it, in a cell, behind an option or in JSON,
 * judged by its row: kind, bounds, words.
 */
#ifndef TANDEM_SERVICES_FIELD_READ_H
#define TANDEM_SERVICES_FIELD_READ_H

#include "tandem/event.h"

#include <jansson.h>

enum { TDM_FIELD_WHAT = 480 }; /* bytes of a sentence that refuses a value */

/* A field asked for by name, dashes standing for underscores. A whole number of parts, such as
 * hours_hundredths, also goes by the name without the suffix: then the value is a decimal number with
 * `places` places. NULL: no such field. */
const tdm_field *tdm_field_asked(const tdm_type *type, tdm_span name, int *places);
/* The name without its suffix in out, and its places; 0: the field has no such name. */
int tdm_field_short_name(const tdm_field *field, char out[64]);

/*
 * Read a value that is not empty. Texts and packed lists are kept in `bytes`, which must outlive the value.
 * False: what (TDM_FIELD_WHAT bytes) says what to do. TEXTS and LIST: items between ';'; of a LIST
 * "key:number". BODY is not read here.
 */
bool tdm_field_read(const tdm_field *field, int places, tdm_span text, tdm_value *value, tdm_buf *bytes,
                    char *what);
/* The same of JSON: also numbers, true and false, arrays of texts or of objects. */
bool tdm_field_read_json(const tdm_field *field, int places, const json_t *json, tdm_value *value,
                         tdm_buf *bytes, char *what);
/* A whole payload or part from an object, appended packed. */
bool tdm_object_read(const tdm_type *type, const json_t *object, tdm_buf *out, char *what);

#endif
