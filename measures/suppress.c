/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress.c: what is shown of one figure about people.
 */
#include "tandem/suppress.h"

#include <inttypes.h>
#include <stdio.h>

#include "tandem/civil.h"

/* SMALL: a mean of fewer would say too much of one of them. WHOLE_BELOW: rounding by 2 outweighs a tenth. */
enum { SMALL = 7, WHOLE_BELOW = 4000, TENTHS = 10 };

static const tdm_people_rule RULES[] = {
    { "exact", "", 0, 1 },
    { "hes", "*", 7, 5 },
    { "lt5", "<5", 4, 1 },
    { "lt10", "<10", 9, 1 },
};
static const tdm_people_rule *const DEFAULT_RULE = &RULES[1];

const tdm_people_rule *tdm_people_rules(size_t *count)
{
    *count = TDM_COUNT(RULES);
    return RULES;
}

const tdm_people_rule *tdm_people_rule_find(tdm_span word)
{
    for (size_t i = 0; i < TDM_COUNT(RULES); i++)
        if (tdm_span_equal(word, tdm_span_text(RULES[i].word)))
            return &RULES[i];
    return NULL;
}

const tdm_people_rule *tdm_people_rule_default(void)
{
    return DEFAULT_RULE;
}

/* Never beyond int64: INT64_MAX itself is rounded down. */
static int64_t to_nearest(int64_t count, int64_t step)
{
    int64_t beyond = count % step;
    return count - beyond + (2 * beyond >= step ? step : 0);
}

tdm_shown tdm_people_show(const tdm_people_rule *rule, int64_t count)
{
    if (rule->low > 0 && count != 0 && count <= rule->low)
        return (tdm_shown){ rule->low_text[0] == '*' ? TDM_SHOWN_STAR : TDM_SHOWN_LOW, TDM_HIDDEN_SMALL, 0 };
    return (tdm_shown){ TDM_SHOWN_NUMBER, TDM_HIDDEN_NOT, to_nearest(count, rule->step) };
}

bool tdm_shown_is_hidden(const tdm_shown *shown)
{
    return shown->kind == TDM_SHOWN_LOW || shown->kind == TDM_SHOWN_STAR;
}

void tdm_shown_text(const tdm_people_rule *rule, const tdm_shown *shown, char out[TDM_SHOWN_TEXT])
{
    switch (shown->kind) {
    case TDM_SHOWN_NUMBER:
        snprintf(out, TDM_SHOWN_TEXT, "%" PRId64, shown->number);
        return;
    case TDM_SHOWN_LOW:
        snprintf(out, TDM_SHOWN_TEXT, "%s", rule->low_text);
        return;
    case TDM_SHOWN_STAR:
        snprintf(out, TDM_SHOWN_TEXT, "*");
        return;
    case TDM_SHOWN_NONE:
        break;
    }
    snprintf(out, TDM_SHOWN_TEXT, "n/a");
}

static void range_of_number(const tdm_people_rule *rule, int64_t number, int64_t *low, int64_t *high)
{
    int64_t off = number == 0 ? 0 : rule->step / 2;
    *low = number - off;
    *high = number > INT64_MAX - off ? INT64_MAX : number + off;
    if (off > 0 && *low <= rule->low)
        *low = rule->low + 1;
}

void tdm_shown_range(const tdm_people_rule *rule, const tdm_shown *shown, int64_t *low, int64_t *high)
{
    if (shown->kind == TDM_SHOWN_NUMBER) {
        range_of_number(rule, shown->number, low, high);
        return;
    }
    *high = INT64_MAX;
    if (shown->kind == TDM_SHOWN_NONE)
        *low = 0;
    else if (shown->why == TDM_HIDDEN_DERIVABLE || shown->why == TDM_HIDDEN_DIFFERENCE)
        *low = rule->low + 1;
    else
        *low = 1;
    if (shown->why == TDM_HIDDEN_SMALL)
        *high = rule->low;
}

/* Halves up, as tdm_share_tenths. */
static int64_t whole_percent(int64_t part, int64_t whole)
{
    return (int64_t)((200 * (__int128)part + whole) / (2 * (__int128)whole));
}

tdm_percent tdm_people_percent(const tdm_shown *part, const tdm_shown *whole, bool in_public_table)
{
    tdm_percent out = { TDM_SHOWN_NONE, false, 0 };
    if (tdm_shown_is_hidden(part) || tdm_shown_is_hidden(whole)) {
        out.kind = TDM_SHOWN_STAR;
    } else if (part->kind == TDM_SHOWN_NUMBER && whole->kind == TDM_SHOWN_NUMBER && part->number >= 0
               && whole->number >= 0 && tdm_share_tenths(part->number, whole->number, &out.tenths)) {
        out.kind = TDM_SHOWN_NUMBER;
        out.is_whole = in_public_table && whole->number < WHOLE_BELOW;
        if (out.is_whole)
            out.tenths = TENTHS * whole_percent(part->number, whole->number);
    }
    return out;
}

void tdm_percent_text(const tdm_percent *percent, char out[TDM_SHOWN_TEXT])
{
    if (percent->kind == TDM_SHOWN_NONE)
        snprintf(out, TDM_SHOWN_TEXT, "n/a");
    else if (percent->kind != TDM_SHOWN_NUMBER)
        snprintf(out, TDM_SHOWN_TEXT, "*");
    else if (percent->is_whole)
        snprintf(out, TDM_SHOWN_TEXT, "%" PRId64, percent->tenths / TENTHS);
    else
        snprintf(out, TDM_SHOWN_TEXT, "%" PRId64 ".%" PRId64, percent->tenths / TENTHS,
                 percent->tenths % TENTHS);
}

static bool are_few(int64_t people)
{
    return people != 0 && people <= SMALL;
}

tdm_shown_kind tdm_people_statistic(const tdm_people_rule *rule, int64_t people)
{
    if (people == 0)
        return TDM_SHOWN_NONE;
    return rule->low > 0 && are_few(people) ? TDM_SHOWN_STAR : TDM_SHOWN_NUMBER;
}

tdm_shown_kind tdm_people_index(const tdm_people_rule *rule, const int64_t *denominators, size_t count)
{
    for (size_t i = 0; rule->low > 0 && i < count; i++)
        if (are_few(denominators[i]))
            return TDM_SHOWN_STAR;
    return count == 0 ? TDM_SHOWN_NONE : TDM_SHOWN_NUMBER;
}
