/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_units.c: the tables of units (docs/figures.md section 8, "of units").
 */
#include "tables_unit.h"

#include <string.h>

#define ORGANISATIONS_MAX 50

static int by_date(const void *left, const void *right)
{
    const oracle_fact *a = *(const oracle_fact *const *)left, *b = *(const oracle_fact *const *)right;
    int by = (unit_date(a) > unit_date(b)) - (unit_date(a) < unit_date(b));
    return by ? by : tdm_id_compare(&a->base->e.fact, &b->base->e.fact);
}

static void list_sessions(oracle_unit *u)
{
    for (size_t i = 0; i < u->class->count; i++)
        if (oracle_is_session(u->class, u->class->facts[i])
            && oracle_session_counts(u->o, u->class, u->class->facts[i]))
            ORACLE_PUSH(u->sessions, u->session_count, u->class->facts[i]);
    if (u->session_count > 0)
        qsort(u->sessions, u->session_count, sizeof(*u->sessions), by_date);
}

/* ---- a unit in a period */
static void raise_claim(oracle_claim **claims, size_t *count, const oracle_code *root, int status)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*claims)[i].root.text, root->text) != 0)
            continue;
        (*claims)[i].status = status > (*claims)[i].status ? status : (*claims)[i].status;
        return;
    }
    ORACLE_PUSH(*claims, *count, ((oracle_claim){ *root, status }));
}

oracle_claim *oracle_claims_in(const oracle_unit *u, tdm_period period, size_t *count)
{
    oracle_claim *claims = NULL;
    oracle_link *links = NULL;
    size_t link_count = 0;
    *count = 0;
    for (size_t i = 0; i < u->session_count; i++)
        if (session_is_in(u->sessions[i], period))
            oracle_links_on(u->o, u->class, unit_date(u->sessions[i]), &links, &link_count);
    for (size_t i = 0; i < link_count; i++)
        raise_claim(&claims, count, &links[i].root, links[i].status);
    free(links);
    return claims;
}

/* ---- ties */
static void put_pair(const oracle_unit *u, tdm_period period, const oracle_claim *x, const oracle_claim *y)
{
    int lower = x->status < y->status ? x->status : y->status;
    bool swap = strcmp(x->root.text, y->root.text) > 0;
    oracle_place place = unit_place(u, TDM_TABLE_TIES, oracle_code_span(swap ? &y->root : &x->root),
                                    oracle_code_span(swap ? &x->root : &y->root));
    oracle_put_in(u->tally, &place, period,
                  AMOUNTS(1, lower >= ORACLE_STANDING, lower >= ORACLE_CORROBORATED));
}

static void put_ties(const oracle_unit *u, tdm_period period, const oracle_fact *last)
{
    size_t count;
    oracle_claim *all = oracle_claims_in(u, period, &count);
    oracle_code lead = oracle_root(u->o, oracle_lead(u->class), unit_date(last), NULL);
    oracle_place nowhere = unit_place_alone(u, TDM_TABLE_TIES);
    if (count > 0)
        raise_claim(&all, &count, &lead, ORACLE_CORROBORATED);
    if (count > ORGANISATIONS_MAX)
        oracle_put_in(u->tally, &nowhere, period, AMOUNTS(0, 0, 0, 1));
    else
        for (size_t i = 0; i < count; i++)
            for (size_t k = i + 1; k < count; k++)
                put_pair(u, period, &all[i], &all[k]);
    free(all);
}

/* ---- contributed */
static bool is_supplier(const oracle_unit *u, const oracle_code *root, tdm_date date)
{
    for (size_t i = 0; i < u->class->count; i++) {
        const oracle_fact *fact = u->class->facts[i];
        if (!fact->valid || fact->base->e.type != TDM_TYPE_LINK_ASSERT
            || !oracle_value(fact, TDM_LINK_ASSERT_SUPPLIER)->number)
            continue;
        oracle_code named = oracle_root(u->o, oracle_text(fact, TDM_LINK_ASSERT_ORGANISATION), date, NULL);
        if (strcmp(named.text, root->text) == 0)
            return true;
    }
    return false;
}

static oracle_roots facilitators_of(const oracle_unit *u, const oracle_fact *session)
{
    oracle_texts codes = oracle_texts_of(oracle_value(session, TDM_SESSION_FACILITATORS));
    oracle_roots roots = { NULL, 0 };
    for (size_t i = 0; i < codes.count; i++) {
        if (!tdm_code_is_valid(codes.list[i])
            || !oracle_is_countable(u->o, codes.list[i], unit_date(session)))
            continue;
        oracle_code root = oracle_root(u->o, codes.list[i], unit_date(session), NULL);
        oracle_roots_add(&roots, &root);
    }
    free(codes.list);
    return roots;
}

static void put_contributions(const oracle_unit *u, const oracle_fact *session)
{
    oracle_roots roots = facilitators_of(u, session);
    tdm_date date = unit_date(session);
    oracle_code lead = oracle_root(u->o, oracle_lead(u->class), date, NULL);
    int64_t hours = oracle_value(session, TDM_SESSION_HOURS)->number, number = (int64_t)roots.count;
    for (size_t i = 0; i < roots.count; i++) {
        int64_t its = hours / number + (i == 0 ? hours % number : 0);
        bool supplier = is_supplier(u, &roots.list[i], date);
        oracle_place place = unit_place(u, TDM_TABLE_CONTRIBUTED, oracle_code_span(&roots.list[i]),
                                        tdm_span_text(supplier ? "supplier" : "partner"));
        if (strcmp(roots.list[i].text, lead.text) != 0)
            oracle_put_on(u->tally, &place, date, AMOUNTS(its));
    }
    free(roots.list);
}

/* ---- sessions of a type */
static void put_type(const oracle_unit *u, const oracle_fact *session)
{
    const tdm_value *type = oracle_value(session, TDM_SESSION_TYPE);
    if (!type->present || type->number == TDM_SESSIONTYPE_IS_WORKSHOP)
        return;
    oracle_place place = unit_place(u, TDM_TABLE_SESSIONS, oracle_text(session, TDM_SESSION_TYPE),
                                    oracle_text(session, TDM_SESSION_MODE));
    oracle_put_on(u->tally, &place, unit_date(session),
                  AMOUNTS(1, oracle_value(session, TDM_SESSION_HOURS)->number));
}

/* ---- all of one unit */
/* What it has for each period it is in; sessions are in order, so a period's come one after another. */
static void put_by_period(const oracle_unit *u, tdm_period_kind kind)
{
    for (size_t first = 0, next; first < u->session_count; first = next) {
        tdm_period period = oracle_period_of(kind, unit_date(u->sessions[first]));
        int64_t hours = 0;
        for (next = first; next < u->session_count && session_is_in(u->sessions[next], period); next++)
            hours += oracle_value(u->sessions[next], TDM_SESSION_HOURS)->number;
        put_ties(u, period, u->sessions[next - 1]);
        oracle_put_aims(u, period, hours);
    }
}

static void put_unit(const oracle_unit *u)
{
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        put_by_period(u, (tdm_period_kind)kind);
    for (size_t i = 0; i < u->session_count; i++) {
        put_contributions(u, u->sessions[i]);
        put_type(u, u->sessions[i]);
    }
    oracle_put_details(u);
}

/* The level's own cells: a unit or a cancelled unit. */
static void put_level(const tdm_oracle *o, oracle_tally *tally, tdm_period_kind kind)
{
    oracle_share *shares;
    size_t count;
    oracle_shares(o, kind, false, &shares, &count);
    for (size_t i = 0; i < count; i++) {
        oracle_place place = { .table = ORACLE_TABLE_LEVEL,
                               .class = shares[i].class,
                               .organisation = oracle_lead(shares[i].class) };
        oracle_put_in(tally, &place, shares[i].period,
                      AMOUNTS(shares[i].units, shares[i].hours, shares[i].cancelled));
        free(shares[i].days);
    }
    free(shares);
}

void oracle_tables_of_units(const tdm_oracle *o, oracle_tally *tally)
{
    for (size_t i = 0; i < o->class_count; i++) {
        oracle_unit u = { .o = o, .tally = tally, .class = &o->classes[i] };
        if (u.class->principal == NULL)
            continue;
        list_sessions(&u);
        u.design = oracle_design_of(&u);
        put_unit(&u);
        free(u.sessions);
    }
    for (int kind = TDM_PERIOD_YEAR; kind <= TDM_PERIOD_MONTH; kind++)
        put_level(o, tally, (tdm_period_kind)kind);
}
