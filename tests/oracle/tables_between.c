/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_between.c: the tables in which one organisation speaks of another: uses, exchange, reference
 * (docs/figures.md section 8, "of things").
 */
#include "tables_parts.h"

#include <string.h>

static bool same_root(const tdm_oracle *o, tdm_span x, tdm_span y, tdm_date date)
{
    oracle_code root_x = oracle_root(o, x, date, NULL), root_y = oracle_root(o, y, date, NULL);
    return strcmp(root_x.text, root_y.text) == 0;
}

/* A valid statement of this type by the owner, under this subject. */
static bool is_by_owner(const oracle_fact *fact, uint32_t type, tdm_span subject, tdm_span owner)
{
    return fact->base->e.type == type && tdm_span_equal(fact->base->e.subject, subject)
           && tdm_span_equal(oracle_recorder(fact), owner);
}

/* ---- uses */
static bool is_adapted(const oracle_tally *tally, tdm_span subject, tdm_span owner)
{
    for (size_t i = 0; i < tally->thing_count; i++)
        if (is_by_owner(tally->things[i], TDM_TYPE_RESOURCE, subject, owner)
            && oracle_is_stated(tally->things[i], TDM_RESOURCE_ADAPTED_FROM))
            return true;
    return false;
}

void oracle_table_use(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *use)
{
    tdm_span owner = oracle_text(use, TDM_RESOURCE_USE_OWNER);
    tdm_date date = (tdm_date)oracle_value(use, TDM_RESOURCE_USE_DATE)->number;
    bool other = !same_root(o, oracle_recorder(use), owner, date);
    bool reused = other && is_adapted(tally, use->base->e.subject, owner);
    oracle_place place = { .table = TDM_TABLE_USES,
                           .organisation = owner,
                           .a = oracle_text(use, TDM_RESOURCE_USE_USE) };
    oracle_put_on(tally, &place, date, AMOUNTS(1, other, reused));
}

/* ---- exchange: the match of one owner, support, other and date that comes first stands for all of them */
static bool is_match(const oracle_fact *fact)
{
    if (fact->base->e.type != TDM_TYPE_SUPPORT_MATCH)
        return false;
    tdm_span recorder = oracle_recorder(fact);
    return tdm_span_equal(recorder, oracle_text(fact, TDM_SUPPORT_MATCH_OWNER))
           || tdm_span_equal(recorder, oracle_text(fact, TDM_SUPPORT_MATCH_OTHER));
}

static bool same_match(const oracle_fact *a, const oracle_fact *b)
{
    return tdm_span_equal(oracle_text(a, TDM_SUPPORT_MATCH_OWNER), oracle_text(b, TDM_SUPPORT_MATCH_OWNER))
           && tdm_span_equal(oracle_text(a, TDM_SUPPORT_MATCH_SUPPORT_ID),
                             oracle_text(b, TDM_SUPPORT_MATCH_SUPPORT_ID))
           && tdm_span_equal(oracle_text(a, TDM_SUPPORT_MATCH_OTHER), oracle_text(b, TDM_SUPPORT_MATCH_OTHER))
           && oracle_value(a, TDM_SUPPORT_MATCH_DATE)->number
                  == oracle_value(b, TDM_SUPPORT_MATCH_DATE)->number;
}

/* Things are listed by (origin, subject, fact id): the first is the smallest origin's. */
static bool is_repeated(const oracle_tally *tally, const oracle_fact *match)
{
    for (size_t i = 0; tally->things[i] != match; i++)
        if (is_match(tally->things[i]) && same_match(tally->things[i], match))
            return true;
    return false;
}

/* That of the smallest origin; of one origin the latest. */
static bool is_before(const oracle_fact *held, const oracle_fact *other)
{
    int order = tdm_id_compare(&other->base->e.origin, &held->base->e.origin);
    return order < 0 || (order == 0 && oracle_order(held->base, other->base) <= 0);
}

static const oracle_fact *support_of(const oracle_tally *tally, const oracle_fact *match)
{
    const oracle_fact *latest = NULL;
    tdm_span owner = oracle_text(match, TDM_SUPPORT_MATCH_OWNER);
    for (size_t i = 0; i < tally->thing_count; i++)
        if (is_by_owner(tally->things[i], TDM_TYPE_SUPPORT, match->base->e.subject, owner)
            && (latest == NULL || is_before(latest, tally->things[i])))
            latest = tally->things[i];
    return latest;
}

void oracle_table_exchange(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *match)
{
    const oracle_fact *support = support_of(tally, match);
    if (!is_match(match) || support == NULL || is_repeated(tally, match))
        return;
    tdm_span owner = oracle_text(match, TDM_SUPPORT_MATCH_OWNER);
    tdm_date date = (tdm_date)oracle_value(match, TDM_SUPPORT_MATCH_DATE)->number;
    bool request = oracle_value(support, TDM_SUPPORT_KIND)->number == TDM_SUPPORTKIND_IS_REQUEST;
    oracle_code its = oracle_root(o, owner, date, NULL);
    oracle_code others = oracle_root(o, oracle_text(match, TDM_SUPPORT_MATCH_OTHER), date, NULL);
    oracle_place place = { .table = TDM_TABLE_EXCHANGE,
                           .organisation = owner,
                           .a = oracle_code_span(request ? &others : &its),
                           .b = oracle_code_span(request ? &its : &others) };
    if (strcmp(its.text, others.text) != 0)
        oracle_put_on(tally, &place, date, AMOUNTS(1, !request, request));
}

/* ---- reference */
static tdm_date reference_date(const oracle_fact *fact)
{
    return (tdm_date)oracle_value(fact, TDM_REFERENCE_COUNT_DATE)->number;
}

/* Counts of the same by the same; the recorder and the indicator are in the subject. */
static bool same_count(const oracle_fact *a, const oracle_fact *b)
{
    return b->base->e.type == TDM_TYPE_REFERENCE_COUNT && tdm_id_equal(&a->base->e.origin, &b->base->e.origin)
           && tdm_span_equal(a->base->e.subject, b->base->e.subject)
           && tdm_span_equal(oracle_text(a, TDM_REFERENCE_COUNT_ORGANISATION),
                             oracle_text(b, TDM_REFERENCE_COUNT_ORGANISATION))
           && tdm_span_equal(oracle_text(a, TDM_REFERENCE_COUNT_DIMENSION),
                             oracle_text(b, TDM_REFERENCE_COUNT_DIMENSION))
           && tdm_span_equal(oracle_text(a, TDM_REFERENCE_COUNT_GROUP),
                             oracle_text(b, TDM_REFERENCE_COUNT_GROUP));
}

/* The day of the next count, if there is one; false: another of the same date is later in order. */
static bool find_next(const oracle_tally *tally, const oracle_fact *fact, tdm_value *next)
{
    *next = (tdm_value){ 0 };
    for (size_t i = 0; i < tally->thing_count; i++) {
        const oracle_fact *other = tally->things[i];
        if (!same_count(fact, other))
            continue;
        tdm_date date = reference_date(other);
        if (date == reference_date(fact) && oracle_order(fact->base, other->base) < 0)
            return false;
        if (date > reference_date(fact) && (!next->present || date < next->number))
            *next = (tdm_value){ .present = true, .number = date };
    }
    return true;
}

static bool is_national(const tdm_oracle *o, const oracle_fact *fact)
{
    return tdm_span_equal(oracle_sector(o, oracle_recorder(fact), reference_date(fact)),
                          TDM_SPAN_LITERAL("national_body"));
}

void oracle_table_reference(const tdm_oracle *o, oracle_tally *tally, const oracle_fact *fact)
{
    tdm_span organisation = oracle_text(fact, TDM_REFERENCE_COUNT_ORGANISATION);
    int64_t amount = oracle_value(fact, TDM_REFERENCE_COUNT_AMOUNT)->number;
    int64_t out_of = oracle_value(fact, TDM_REFERENCE_COUNT_OUT_OF)->number;
    tdm_span indicator = oracle_text(fact, TDM_REFERENCE_COUNT_INDICATOR);
    tdm_span dimension = oracle_text(fact, TDM_REFERENCE_COUNT_DIMENSION);
    tdm_value next;
    if (!find_next(tally, fact, &next))
        return;
    tdm_buf a = { 0 };
    tdm_buf_add(&a, indicator.data, indicator.len);
    tdm_buf_text(&a, ":");
    tdm_buf_add(&a, dimension.data, dimension.len);
    oracle_place place = { .table = TDM_TABLE_REFERENCE,
                           .organisation = organisation,
                           .a = tdm_buf_span(&a),
                           .b = oracle_text(fact, TDM_REFERENCE_COUNT_GROUP) };
    tdm_date date = reference_date(fact);
    if (same_root(o, oracle_recorder(fact), organisation, date))
        oracle_put_from(tally, &place, date, &next, AMOUNTS(amount, out_of, 0, 0, 1));
    else if (is_national(o, fact))
        oracle_put_from(tally, &place, date, &next, AMOUNTS(0, 0, amount, out_of, 0, 1));
    tdm_buf_free(&a);
}
