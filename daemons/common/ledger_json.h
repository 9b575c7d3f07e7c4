/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_json.h: what verifying a ledger finds, as the rows of `tandem verify --json`.
 */
#ifndef TANDEM_COMMON_LEDGER_JSON_H
#define TANDEM_COMMON_LEDGER_JSON_H

#include "json.h"

#include "tandem/ledger.h"

/* {"kind":"fault",...} and {"kind":"summary",...}, one object each. */
void tdm_ledger_fault_json(tdm_json *json, const tdm_ledger_fault *fault);
void tdm_ledger_summary_json(tdm_json *json, const tdm_ledger_summary *summary);

#endif
