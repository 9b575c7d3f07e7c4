/* SPDX-License-Identifier: MPL-2.0
 *
 * m_staff.h: reference counts and nodes' summaries: the tables that several measures read.
 */
#ifndef TANDEM_MEASURES_M_STAFF_H
#define TANDEM_MEASURES_M_STAFF_H

#include "measure_inner.h"

/* "workforce:staff_group": how the reference table names the formula's indicator and a dimension ("": all).
 */
tdm_span tdm_staff_key(const tdm_formula *formula, tdm_span dimension, char out[TDM_TABLE_TEXT_MAX + 1]);
typedef struct tdm_stated {
    int64_t amount;
    int64_t out_of;
} tdm_stated;

/* What reference counts under the key say of a group, in force on the formula's day, over its organisations:
 * each one's own count, else the national body's. */
tdm_stated tdm_stated_sum(const tdm_formula *formula, tdm_span key, tdm_span group);
/* The amount of the formula's indicator. */
int64_t tdm_staff(const tdm_formula *formula, tdm_span dimension, tdm_span group);

tdm_tell tdm_tell_summary;
tdm_tell tdm_tell_reference;

#endif
