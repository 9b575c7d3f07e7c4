/* SPDX-License-Identifier: MPL-2.0
 *
 * group_records.c: what was delivered, from a spreadsheet or one at a time.
 */
#include "imports.h"

static const tdm_positional SHEET[] = {
    { "FILE", TDM_WORD_FILE, NULL, NULL, true, false, "a CSV file in UTF-8, or - for standard input" },
};

static const tdm_option IMPORT_OPTIONS[] = {
    { "register", 0, TDM_WORD_TEXT, NULL, "register",
      "the file is the complete register of this name: rows missing since the last one are withdrawn" },
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation",
      "whose records these are, if the node has several" },
};

static const tdm_option RECORD_OPTIONS[] = {
    { "unit-id", 0, TDM_WORD_TEXT, NULL, "unit_id",
      "your own number of the unit; made from the rest if left out" },
    { "kind", 0, TDM_WORD_CHOICE, "programme|team_intervention|top_team", "kind", "what kind of unit it is" },
    { "programme", 0, TDM_WORD_TEXT, NULL, "programme", "the programme it belongs to" },
    { "title", 0, TDM_WORD_TEXT, NULL, "title", "its title" },
    { "lead", 0, TDM_WORD_CODE, NULL, "lead", "who led it; your own organisation if left out" },
    { "start-date", 0, TDM_WORD_DATE, NULL, "start_date", "YYYY-MM-DD" },
    { "end-date", 0, TDM_WORD_DATE, NULL, "end_date", "YYYY-MM-DD" },
    { "hours", 0, TDM_WORD_TEXT, NULL, "hours", "how many hours were delivered, such as 6.5" },
    { "participants", 0, TDM_WORD_NUMBER, NULL, "participants", "how many people took part" },
    { "locality", 0, TDM_WORD_TEXT, NULL, "locality", "where" },
    { "status", 0, TDM_WORD_CHOICE, "planned|delivered|cancelled", "status", "delivered if left out" },
    { "partners", 0, TDM_WORD_TEXT, NULL, "partners", "CODE or CODE:plan+deliver+support, several with ;" },
    { "organisation", 0, TDM_WORD_CODE, NULL, "organisation",
      "whose record this is, if the node has several" },
};

static const tdm_command COMMANDS[] = {
    {
        .words = "import",
        .summary = "record units from a spreadsheet saved as CSV",
        .detail =
            "The header row names the columns: unit_id, kind, programme, title, lead, start_date, end_date, "
            "hours, participants, locality, status, partners, in any order. The same file again changes "
            "nothing; changed rows become corrections; good rows are kept when others are refused. "
            "Nothing is ever withdrawn without --register.",
        .example = "tandem import delivered.csv --dry-run",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_POSITIONALS(SHEET),
        TDM_OPTIONS(IMPORT_OPTIONS),
        .verb = "import",
        .columns = "organisation,register,rows,new,known,changed,withdrawn,returned,refused",
        .timeout_s = 600,
        .function = tdm_import_run,
    },
    {
        .words = "record",
        .summary = "record one unit, or facts of any type",
        .detail = "One option for each column of an import. The same record again changes nothing. With the "
                  "name of a type the options are that type's fields, and a file may hold many facts.",
        .example =
            "tandem record --kind programme --title 'Coaching skills' --start-date 2017-05-04 --hours 6",
        .roles = TDM_AT_NODE,
        .takes = TDM_TAKES_DRY_RUN,
        .writes = true,
        TDM_OPTIONS(RECORD_OPTIONS),
        .verb = "record",
        .columns = "organisation,new,known,changed,returned,refused",
        .refuse = tdm_record_refuse,
        .function = tdm_record_run,
    },
};

const tdm_group tdm_group_records = { "records of what was delivered", COMMANDS, TDM_COUNT(COMMANDS), NULL };
