/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_unit.h: one unit while its tables are gathered.
 */
#ifndef TANDEM_ORACLE_TABLES_UNIT_H
#define TANDEM_ORACLE_TABLES_UNIT_H

#include "tables_parts.h"

/* A unit with its counting sessions by (date, fact id), and where what it adds is put. */
typedef struct oracle_unit {
    const tdm_oracle *o;
    oracle_tally *tally;
    const oracle_class *class;
    const oracle_fact **sessions;
    size_t session_count;
    const oracle_fact *design; /* NULL: none */
} oracle_unit;

static inline tdm_date unit_date(const oracle_fact *session)
{
    return (tdm_date)oracle_value(session, TDM_SESSION_DATE)->number;
}

static inline oracle_place unit_place(const oracle_unit *u, int table, tdm_span a, tdm_span b)
{
    return (oracle_place){ table, u->class, oracle_lead(u->class), a, b };
}

static inline oracle_place unit_place_alone(const oracle_unit *u, int table)
{
    return unit_place(u, table, TDM_SPAN_LITERAL(""), TDM_SPAN_LITERAL(""));
}

static inline bool session_is_in(const oracle_fact *session, tdm_period period)
{
    return oracle_period_of(period.kind, unit_date(session)).number == period.number;
}

/* Its claims in a period: a partner each, with the best status of its links. */
typedef struct oracle_claim {
    oracle_code root;
    int status;
} oracle_claim;
oracle_claim *oracle_claims_in(const oracle_unit *u, tdm_period period, size_t *count); /* free */

/* ---- details (tables_details.c) */
const oracle_fact *oracle_design_of(const oracle_unit *u);
void oracle_put_aims(const oracle_unit *u, tdm_period period, int64_t hours);
void oracle_put_details(const oracle_unit *u); /* all others */

#endif
