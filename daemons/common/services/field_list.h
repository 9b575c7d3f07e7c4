/* SPDX-License-Identifier: MPL-2.0
 *
 * field_list.h: what the two files that read fields share.
 */
#ifndef TANDEM_SERVICES_FIELD_LIST_H
#define TANDEM_SERVICES_FIELD_LIST_H

#include "field_read.h"

/* One value being read. */
typedef struct tdm_reading {
    const tdm_field *field;
    int places;
    tdm_span text;
    tdm_value *value;
    tdm_buf *bytes;
    char *what;
} tdm_reading;

/* Always false. */
bool tdm_field_refuse(char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tdm_read_list(const tdm_reading *r); /* a;b;c or key:number;key:number */

#endif
