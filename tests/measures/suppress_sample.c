/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress_sample.c: tables of counts of people, filled and shown.
 */
#include "suppress_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

const tdm_people_rule *rule_of(const char *word)
{
    const tdm_people_rule *rule = tdm_people_rule_find(tdm_span_text(word));
    assert_non_null(rule);
    return rule;
}

void sample_init(sample *s, size_t rows, size_t columns, bool row_totals, bool column_totals, bool grand)
{
    static const char *const KEYS[SIDE] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
    memset(s, 0, sizeof *s);
    s->table = (tdm_people_table){ rows,      columns,  row_totals,  column_totals, grand,
                                   s->counts, s->shown, s->row_keys, s->column_keys };
    for (size_t i = 0; i < SIDE; i++) {
        s->row_keys[i] = tdm_span_text(i == rows ? "all" : KEYS[i]);
        s->column_keys[i] = tdm_span_text(i == columns ? "all" : KEYS[i]);
    }
}

size_t at(const sample *s, size_t row, size_t column)
{
    return row * (s->table.columns + 1) + column;
}

void add_up(sample *s)
{
    for (size_t row = 0; row < s->table.rows; row++)
        for (size_t column = 0; column < s->table.columns; column++) {
            int64_t count = s->counts[at(s, row, column)];
            s->counts[at(s, row, s->table.columns)] += count;
            s->counts[at(s, s->table.rows, column)] += count;
            s->counts[at(s, s->table.rows, s->table.columns)] += count;
        }
}

void publish(const char *rule, sample *s)
{
    size_t tally[TDM_HIDDEN_WHYS];
    tdm_people_table_publish(rule_of(rule), &s->table, NULL, 0, tally);
}

void print(const char *rule, const sample *s, char *out, size_t room)
{
    out[0] = '\0';
    for (size_t row = 0; row <= s->table.rows; row++)
        for (size_t column = 0; column <= s->table.columns; column++) {
            char text[TDM_SHOWN_TEXT];
            size_t used = strlen(out);
            if (s->shown[at(s, row, column)].kind == TDM_SHOWN_NONE)
                continue;
            tdm_shown_text(rule_of(rule), &s->shown[at(s, row, column)], text);
            snprintf(out + used, room - used, "%s%s", used == 0 ? "" : column == 0 ? " / " : " ", text);
        }
}
