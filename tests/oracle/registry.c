/* SPDX-License-Identifier: MPL-2.0
 *
 * registry.c: organisations, their roots and who speaks for them (docs/figures.md section 2).
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define ROOT_STEPS 16

static int by_code(const void *left, const void *right)
{
    const oracle_change *a = left, *b = right;
    int by = tdm_span_compare(a->code, b->code);
    return by ? by : oracle_order(a->fact->base, b->fact->base);
}

void oracle_registry_load(tdm_oracle *o)
{
    for (size_t i = 0; i < o->fact_count; i++) {
        const oracle_fact *fact = &o->facts[i];
        oracle_change change = { oracle_value(fact, TDM_ORGANISATION_CODE)->bytes, fact };
        if (oracle_counts_as(o, fact, TDM_TYPE_ORGANISATION))
            ORACLE_PUSH(o->organisations, o->organisation_count, change);
        change.code = oracle_value(fact, TDM_ORGANISATION_CHANGE_CODE)->bytes;
        if (oracle_counts_as(o, fact, TDM_TYPE_ORGANISATION_CHANGE))
            ORACLE_PUSH(o->changes, o->change_count, change);
        if (oracle_counts_as(o, fact, TDM_TYPE_REPRESENTS))
            ORACLE_PUSH(o->represents, o->represents_count, fact);
        if (oracle_counts_as(o, fact, TDM_TYPE_CATALOGUE_ENTRY))
            ORACLE_PUSH(o->catalogue, o->catalogue_count, fact);
    }
    if (o->organisation_count > 0)
        qsort(o->organisations, o->organisation_count, sizeof(*o->organisations), by_code);
    if (o->change_count > 0)
        qsort(o->changes, o->change_count, sizeof(*o->changes), by_code);
}

/* The first of the sorted list whose code is not below. */
static size_t first_of(const oracle_change *list, size_t count, tdm_span code)
{
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        bool below = tdm_span_compare(list[low + half].code, code) < 0;
        low = below ? low + half + 1 : low;
        count = below ? count - half - 1 : half;
    }
    return low;
}

/* The latest organisation fact of a code, or NULL. */
static const oracle_fact *organisation(const tdm_oracle *o, tdm_span code)
{
    const oracle_fact *latest = NULL;
    for (size_t i = first_of(o->organisations, o->organisation_count, code);
         i < o->organisation_count && tdm_span_equal(o->organisations[i].code, code); i++)
        latest = o->organisations[i].fact;
    return latest;
}

static int64_t kind_of(const oracle_fact *change)
{
    return oracle_value(change, TDM_ORGANISATION_CHANGE_CHANGE)->number;
}

static int64_t effective(const oracle_fact *change)
{
    return oracle_value(change, TDM_ORGANISATION_CHANGE_EFFECTIVE)->number;
}

/* Which changes a question is about. */
typedef bool change_test(const oracle_fact *change);

static bool is_merger(const oracle_fact *change)
{
    return kind_of(change) == TDM_CHANGE_IS_MERGED
           && oracle_value(change, TDM_ORGANISATION_CHANGE_SUCCESSOR)->present;
}

static bool is_reopening(const oracle_fact *change)
{
    return kind_of(change) == TDM_CHANGE_IS_REOPENED;
}

static bool is_move(const oracle_fact *change)
{
    return kind_of(change) == TDM_CHANGE_IS_MOVED;
}

static bool is_opening_or_closing(const oracle_fact *change)
{
    return kind_of(change) == TDM_CHANGE_IS_CLOSED || is_reopening(change)
           || (kind_of(change) == TDM_CHANGE_IS_MERGED && !is_merger(change));
}

static bool is_new_sector(const oracle_fact *change)
{
    return kind_of(change) == TDM_CHANGE_IS_RECLASSIFIED
           && oracle_value(change, TDM_ORGANISATION_CHANGE_SECTOR)->present;
}

/* The latest, by (effective, order), in force on the date; NULL if there is none. */
static const oracle_fact *latest_change(const tdm_oracle *o, tdm_span code, tdm_date date, change_test *test)
{
    const oracle_fact *latest = NULL;
    for (size_t i = first_of(o->changes, o->change_count, code);
         i < o->change_count && tdm_span_equal(o->changes[i].code, code); i++) {
        const oracle_fact *change = o->changes[i].fact; /* in order: on a tie the later one wins */
        if (test(change) && effective(change) <= date
            && (latest == NULL || effective(change) >= effective(latest)))
            latest = change;
    }
    return latest;
}

bool oracle_is_registered(const tdm_oracle *o, tdm_span code)
{
    return !o->options.has_authority || organisation(o, code) != NULL;
}

static bool shares_root(const tdm_value *belongs)
{
    return belongs->present
           && (belongs->number == TDM_BELONGS_IS_SITE || belongs->number == TDM_BELONGS_IS_DEPARTMENT);
}

/* One step towards the root; false: this is it. */
static bool step_up(const tdm_oracle *o, tdm_span *code, tdm_date date)
{
    const oracle_fact *merger = latest_change(o, *code, date, is_merger);
    const oracle_fact *reopening = latest_change(o, *code, date, is_reopening);
    if (merger != NULL && (reopening == NULL || effective(reopening) <= effective(merger))) {
        *code = oracle_value(merger, TDM_ORGANISATION_CHANGE_SUCCESSOR)->bytes;
        return true;
    }
    const oracle_fact *move = latest_change(o, *code, date, is_move), *fact = organisation(o, *code);
    const tdm_value *parent = move ? oracle_value(move, TDM_ORGANISATION_CHANGE_PARENT)
                                   : oracle_value(fact, TDM_ORGANISATION_PARENT);
    const tdm_value *belongs = move ? oracle_value(move, TDM_ORGANISATION_CHANGE_BELONGS)
                                    : oracle_value(fact, TDM_ORGANISATION_BELONGS);
    if (!parent->present || !shares_root(belongs))
        return false;
    *code = parent->bytes;
    return true;
}

static oracle_code code_text(tdm_span code)
{
    oracle_code text = { "" };
    TDM_ASSERT(code.len < sizeof(text.text));
    memcpy(text.text, code.data, code.len);
    return text;
}

oracle_code oracle_root(const tdm_oracle *o, tdm_span code, tdm_date date, bool *registered)
{
    tdm_span at = code, smallest = code;
    bool known = oracle_is_registered(o, at), goes_on = known && o->options.has_authority;
    int steps = 0;
    while (goes_on && steps < ROOT_STEPS && step_up(o, &at, date)) {
        steps++;
        if (tdm_span_compare(at, smallest) < 0)
            smallest = at;
        goes_on = known = oracle_is_registered(o, at);
    }
    if (registered != NULL)
        *registered = known;
    return code_text(steps == ROOT_STEPS && goes_on ? smallest : at);
}

static bool is_closed(const tdm_oracle *o, tdm_span code, tdm_date date)
{
    const oracle_fact *change = latest_change(o, code, date, is_opening_or_closing);
    return change != NULL && !is_reopening(change);
}

bool oracle_is_countable(const tdm_oracle *o, tdm_span code, tdm_date date)
{
    bool registered;
    oracle_code root = oracle_root(o, code, date, &registered);
    return oracle_is_registered(o, code) && registered && !is_closed(o, code, date)
           && !is_closed(o, oracle_code_span(&root), date);
}

/* Without an authority every origin speaks for the recorders it names. */
bool oracle_represents(const tdm_oracle *o, const tdm_id *origin, tdm_span code, tdm_date date)
{
    if (!o->options.has_authority)
        return true;
    for (size_t i = 0; i < o->represents_count; i++) {
        const oracle_fact *fact = o->represents[i];
        tdm_id speaker = tdm_value_id(oracle_value(fact, TDM_REPRESENTS_ORIGIN));
        const tdm_value *from = oracle_value(fact, TDM_REPRESENTS_FROM);
        const tdm_value *until = oracle_value(fact, TDM_REPRESENTS_UNTIL);
        if (tdm_id_equal(&speaker, origin)
            && tdm_span_equal(oracle_value(fact, TDM_REPRESENTS_ORGANISATION)->bytes, code)
            && (!from->present || from->number <= date) && (!until->present || until->number > date))
            return true;
    }
    return false;
}

/* Numbers that have no word are shown as numbers; the schema bounds them to 1..99. */
static tdm_span number_text(int64_t number)
{
    static const char PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                                "34353637383940414243444546474849505152535455565758596061626364656667"
                                "6869707172737475767778798081828384858687888990919293949596979899";
    size_t unpadded = number < 10 ? 1 : 0;
    return (tdm_span){ (const uint8_t *)PAIRS + 2 * number + unpadded, 2 - unpadded };
}

tdm_span oracle_word(tdm_enum_set set, int64_t number)
{
    const char *word = tdm_enum_word(set, number);
    return word != NULL ? tdm_span_text(word) : number_text(number);
}

tdm_span oracle_sector(const tdm_oracle *o, tdm_span code, tdm_date date)
{
    const oracle_fact *fact = organisation(o, code), *change = latest_change(o, code, date, is_new_sector);
    if (fact == NULL)
        return TDM_SPAN_LITERAL("unknown");
    const tdm_value *sector = change ? oracle_value(change, TDM_ORGANISATION_CHANGE_SECTOR)
                                     : oracle_value(fact, TDM_ORGANISATION_SECTOR);
    return oracle_word(TDM_ENUM_SECTOR, sector->number);
}

tdm_span oracle_region(const tdm_oracle *o, tdm_span code)
{
    const oracle_fact *fact = organisation(o, code);
    const tdm_value *region = fact != NULL ? oracle_value(fact, TDM_ORGANISATION_REGION) : NULL;
    return region != NULL && region->present ? region->bytes : TDM_SPAN_LITERAL("unknown");
}

const oracle_fact *oracle_catalogue(const tdm_oracle *o, tdm_span programme)
{
    const oracle_fact *latest = NULL;
    for (size_t i = 0; i < o->catalogue_count; i++)
        if (tdm_span_equal(oracle_value(o->catalogue[i], TDM_CATALOGUE_ENTRY_PROGRAMME)->bytes, programme)
            && (latest == NULL || oracle_order(latest->base, o->catalogue[i]->base) < 0))
            latest = o->catalogue[i];
    return latest;
}

tdm_span oracle_core(const tdm_oracle *o, tdm_span programme)
{
    const oracle_fact *entry = oracle_catalogue(o, programme);
    return entry != NULL ? oracle_value(entry, TDM_CATALOGUE_ENTRY_CORE)->bytes : TDM_SPAN_LITERAL("");
}

tdm_span oracle_kind(int64_t kind)
{
    return oracle_word(TDM_ENUM_UNITKIND, kind);
}
