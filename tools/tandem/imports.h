/* SPDX-License-Identifier: MPL-2.0
 *
 * imports.h: spreadsheets in, and what became of their rows, for the person who sent them.
 */
#ifndef TANDEM_TOOLS_IMPORTS_H
#define TANDEM_TOOLS_IMPORTS_H

#include "client.h"

/* Read FILE, send it to the row's verb, print the report: import, organisation import. */
tdm_command_function tdm_import_run;
/* One row from options: record. */
tdm_command_function tdm_record_run;
/* Why a word behind record names no type to record. */
tdm_code tdm_record_refuse(const char *word, tdm_err *err);
/* One fact of a type from options, or a file of them: record TYPE. */
tdm_command_function tdm_facts_run;

/* imports_report.c: the report of {"data":[{counts, "warnings":[], "refusals":[]}]} in words: counts first,
 * then warnings, then refusals grouped by cause. name: the file, for people. */
tdm_code tdm_import_report(tdm_session *session, const char *name, tdm_span document, tdm_err *err);

#endif
