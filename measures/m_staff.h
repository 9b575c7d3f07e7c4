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
/* In force on the formula's day, over its organisations: each one's own count, else the national body's. */
int64_t tdm_staff(const tdm_formula *formula, tdm_span dimension, tdm_span group);

tdm_tell tdm_tell_summary;
tdm_tell tdm_tell_reference;

#endif
