/* SPDX-License-Identifier: MPL-2.0
 *
 * civil_text.h: what civil.c lends to civil_text.c: days in 64 bits, for instants far away.
 */
#ifndef TANDEM_PROTO_CIVIL_TEXT_H
#define TANDEM_PROTO_CIVIL_TEXT_H

#include <stdint.h>

int64_t tdm_floor_div(int64_t a, int64_t b); /* b > 0 */
int64_t tdm_floor_mod(int64_t a, int64_t b); /* b > 0; 0..b-1 */
int64_t tdm_days_from(int64_t year, int64_t month, int64_t day);
void tdm_days_split(int64_t days, int64_t *year, int *month, int *day);

#endif
