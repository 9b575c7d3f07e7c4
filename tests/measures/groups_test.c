/* SPDX-License-Identifier: MPL-2.0
 *
 * groups_test.c: what the group of a unit is called in each breakdown of the level.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "build.h"

typedef struct group_row {
    const char *name;
    tdm_dimension by;
    int kind;   /* of the unit */
    int sector; /* of the lead */
    const char *programme;
    const char *locality;
    const char *group;
} group_row;

static const group_row ROWS[] = {
    { "a kind has its word", TDM_BY_KIND, TDM_UNITKIND_IS_TOP_TEAM, 1, "", "", "top_team" },
    { "a kind without a word has its number", TDM_BY_KIND, 77, 1, "", "", "77" },
    { "a sector has its word", TDM_BY_SECTOR, 1, TDM_SECTOR_IS_VOLUNTARY, "", "", "voluntary" },
    { "a sector without a word has its number", TDM_BY_SECTOR, 1, 77, "", "", "77" },
    { "a lead has its code", TDM_BY_LEAD, 1, 1, "", "", "R0A" },
    { "a programme is as written", TDM_BY_PROGRAMME, 1, 1, "Mary Seacole", "", "Mary Seacole" },
    { "no programme is a group", TDM_BY_PROGRAMME, 1, 1, "", "", "(none)" },
    { "a locality is as written", TDM_BY_LOCALITY, 1, 1, "", "north", "north" },
    { "no locality is a group", TDM_BY_LOCALITY, 1, 1, "", "", "(none)" },
    { "a lead without a region is in a group", TDM_BY_REGION, 1, 1, "", "", "unknown" },
    { "a programme of no catalogue is in a group", TDM_BY_CORE, 1, 1, "Mary Seacole", "", "(none)" },
};

static void tell_unit(tdm_book *book, const group_row *row)
{
    tdm_record r;
    book_organisation(book, "R0A", row->sector, NULL, 0);
    book_represents(book, 1, "R0A", NULL);
    tdm_record_init(&r, TDM_TYPE_UNIT);
    tdm_record_set_text(&r, TDM_UNIT_RECORDER, "R0A");
    tdm_record_set_text(&r, TDM_UNIT_LEAD, "R0A");
    tdm_record_set_text(&r, TDM_UNIT_UNIT_ID, "1");
    tdm_record_set_number(&r, TDM_UNIT_KIND, row->kind);
    tdm_record_set_number(&r, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&r, TDM_UNIT_PROGRAMME, row->programme);
    tdm_record_set_text(&r, TDM_UNIT_LOCALITY, row->locality);
    tdm_record_set_number(&r, TDM_UNIT_START, book_date("2017-09-12"));
    book_state(book, 1, "unit/R0A/1", 1, &r);
    book_session(book, (tdm_about){ 1, "R0A", "R0A", "1" }, "2017-09-12", 300);
}

static void check_group(void **state)
{
    const group_row *row = *state;
    tdm_book book;
    book_init(&book);
    tell_unit(&book, row);
    tdm_fold *fold = book_fold(&book, false);
    assert_int_equal(book_row(fold, row->by, TDM_WEIGHT_COUNT, "2017/18", row->group).units, 1);
    tdm_fold_close(&fold);
    book_free(&book);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS)];
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[i] = (struct CMUnitTest){ ROWS[i].name, check_group, NULL, NULL, (void *)&ROWS[i] };
    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
