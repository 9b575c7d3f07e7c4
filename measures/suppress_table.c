/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_table.c: a table of people, each figure for itself and beside earlier publications of it.
 */
#include "tandem/suppress.h"

enum { FEW = 7 };

static bool is_published(const tdm_people_table *table, size_t row, size_t column)
{
    if (row == table->rows && column == table->columns)
        return table->has_grand_total;
    if (row == table->rows)
        return table->has_column_totals;
    return column < table->columns || table->has_row_totals;
}

void tdm_people_table_show(const tdm_people_rule *rule, const tdm_people_table *table)
{
    size_t at = 0;
    for (size_t row = 0; row <= table->rows; row++)
        for (size_t column = 0; column <= table->columns; column++, at++)
            table->shown[at] = is_published(table, row, column)
                                   ? tdm_people_show(rule, table->counts[at])
                                   : (tdm_shown){ TDM_SHOWN_NONE, TDM_HIDDEN_NOT, 0 };
}

/* What the shown figures allow: surely a change, and perhaps one by few. */
static bool range_tells(const tdm_people_rule *rule, const tdm_shown *shown, int64_t low_before,
                        int64_t high_before, int64_t few)
{
    int64_t low, high;
    tdm_shown_range(rule, shown, &low, &high);
    __int128 rise = (__int128)low - high_before;
    __int128 fall = (__int128)low_before - high;
    return (rise > 0 && rise <= few) || (fall > 0 && fall <= few);
}

static bool shown_tells(const tdm_people_rule *rule, const tdm_shown *shown, const tdm_published *before,
                        int64_t few)
{
    int64_t low, high;
    tdm_shown_range(before->rule, &before->shown, &low, &high);
    return range_tells(rule, shown, low, high, few);
}

static bool truth_tells(int64_t exact, int64_t before, int64_t few)
{
    __int128 difference = (__int128)exact - before;
    return difference != 0 && difference >= -few && difference <= few;
}

static bool tells(const tdm_people_rule *rule, const tdm_shown *shown, int64_t exact,
                  const tdm_published *before)
{
    int64_t few = rule->low > FEW ? rule->low : FEW;
    if (before->is_sum)
        return before->high > 0 && range_tells(rule, shown, before->low, before->high, few);
    if (before->shown.kind != TDM_SHOWN_NUMBER || before->shown.number == shown->number
        || before->shown.number == 0)
        return false;
    return before->rule != NULL ? shown_tells(rule, shown, before, few)
                                : truth_tells(exact, before->exact, few);
}

static bool tells_beside_any(const tdm_people_rule *rule, const tdm_people_table *table, size_t row,
                             size_t column, const tdm_published *earlier, size_t count)
{
    size_t at = row * (table->columns + 1) + column;
    for (size_t i = 0; i < count; i++)
        if (tdm_span_equal(earlier[i].row, table->row_keys[row])
            && tdm_span_equal(earlier[i].column, table->column_keys[column])
            && tells(rule, &table->shown[at], table->counts[at], &earlier[i]))
            return true;
    return false;
}

size_t tdm_people_table_compare(const tdm_people_rule *rule, const tdm_people_table *table,
                                const tdm_published *earlier, size_t count)
{
    size_t hidden = 0;
    size_t at = 0;
    if (rule->low == 0 || count == 0)
        return 0;
    TDM_ASSERT(table->row_keys != NULL && table->column_keys != NULL);
    for (size_t row = 0; row <= table->rows; row++)
        for (size_t column = 0; column <= table->columns; column++, at++) {
            tdm_shown *shown = &table->shown[at];
            if (shown->kind == TDM_SHOWN_NUMBER && shown->number != 0
                && tells_beside_any(rule, table, row, column, earlier, count)) {
                *shown = (tdm_shown){ TDM_SHOWN_STAR, TDM_HIDDEN_DIFFERENCE, 0 };
                hidden++;
            }
        }
    return hidden;
}

void tdm_people_table_publish(const tdm_people_rule *rule, const tdm_people_table *table,
                              const tdm_published *earlier, size_t count, size_t tally[TDM_HIDDEN_WHYS])
{
    tdm_people_table_show(rule, table);
    tdm_people_table_compare(rule, table, earlier, count);
    tdm_people_table_guard(rule, table);
    for (size_t why = 0; why < TDM_HIDDEN_WHYS; why++)
        tally[why] = 0;
    for (size_t at = 0; at < (table->rows + 1) * (table->columns + 1); at++)
        if (table->shown[at].kind != TDM_SHOWN_NONE)
            tally[table->shown[at].why]++;
}
