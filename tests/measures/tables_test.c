/* SPDX-License-Identifier: MPL-2.0
 *
 * tables_test.c: the tables by the engine against the naive oracle, over random histories (scene.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scene.h"
#include "tables.h"

typedef struct comparing {
    const tdm_oracle_cell *cells;
    size_t count;
    size_t at;
    bool agree;
    FILE *out;
} comparing;

static void copy(char *out, size_t size, tdm_span text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = 0;
}

static void tell(comparing *with, const char *who, const tdm_oracle_cell *cell)
{
    char line[TDM_ORACLE_LINE];
    tdm_oracle_cell_text(cell, line);
    (void)fprintf(with->out, "  %s has %s\n", who, line);
}

static tdm_code compare_cell(void *context, const tdm_table_cell *engine, tdm_err *err)
{
    (void)err;
    comparing *with = context;
    tdm_oracle_cell cell = { .table = engine->table, .has_day = engine->has_day };
    if (cell.has_day)
        cell.day = engine->day;
    else
        cell.period = engine->period;
    copy(cell.organisation, sizeof cell.organisation, engine->organisation);
    copy(cell.a, sizeof cell.a, engine->a);
    copy(cell.b, sizeof cell.b, engine->b);
    memcpy(cell.n, engine->n, sizeof cell.n);
    char mine[TDM_ORACLE_LINE];
    char theirs[TDM_ORACLE_LINE] = "";
    tdm_oracle_cell_text(&cell, mine);
    if (with->at < with->count)
        tdm_oracle_cell_text(&with->cells[with->at], theirs);
    if (strcmp(mine, theirs) == 0) {
        with->at++;
        return TDM_OK;
    }
    with->agree = false;
    tell(with, "engine", &cell);
    (void)fprintf(with->out, "  oracle has %s there\n", theirs);
    return TDM_END;
}

static bool tables_agree(const scene *s, uint64_t seed, FILE *out)
{
    tdm_fold *fold = scene_fold(s, seed);
    tdm_oracle *oracle = scene_oracle(s);
    tdm_oracle_cell *cells = NULL;
    comparing with = { .agree = true, .out = out };
    tdm_err err = { 0 };
    tdm_oracle_tables(oracle, &cells, &with.count);
    with.cells = cells;
    scene_must(tdm_fold_tables(fold, compare_cell, &with, &err), &err);
    if (with.agree && with.at < with.count) {
        tell(&with, "oracle alone", &cells[with.at]);
        with.agree = false;
    }
    free(cells);
    tdm_oracle_close(&oracle);
    tdm_fold_close(&fold);
    return with.agree;
}

static void check_tables(void **state)
{
    (void)state;
    scene_check_seeds(tables_agree);
}

/* A rule broken on purpose, in the oracle, that some history must bring to light. */
static void check_control(void **state)
{
    (void)state;
    scene_check_control(tables_agree, (tdm_oracle_faults){ .disputes_ignored = true });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "engine and oracle gather the same tables", check_tables, NULL, NULL, NULL },
        { "disputes ignored are noticed in the tables", check_control, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
