/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_json.c: what verifying a ledger finds, as JSON.
 */
#include "ledger_json.h"

static void put_text(tdm_json *json, const char *key, const char *text)
{
    tdm_json_text(tdm_json_key(json, key), text);
}

static void put_int(tdm_json *json, const char *key, uint64_t value)
{
    tdm_json_int(tdm_json_key(json, key), (int64_t)value);
}

void tdm_ledger_fault_json(tdm_json *json, const tdm_ledger_fault *fault)
{
    char hex[17];
    uint8_t bytes[8];
    tdm_incarnation_bytes(fault->incarnation, bytes);
    tdm_hex(hex, bytes, sizeof bytes);
    tdm_json_begin_object(json);
    put_text(json, "kind", "fault");
    put_text(json, "invariant", fault->invariant);
    put_text(json, "what", fault->what);
    put_int(json, "position", fault->position);
    tdm_json_id(tdm_json_key(json, "origin"), &fault->origin);
    put_text(json, "incarnation", hex);
    put_int(json, "sequence", fault->sequence);
    tdm_json_end_object(json);
}

void tdm_ledger_summary_json(tdm_json *json, const tdm_ledger_summary *summary)
{
    tdm_json_begin_object(json);
    put_text(json, "kind", "summary");
    put_int(json, "events", summary->events);
    put_int(json, "runs", summary->runs);
    put_int(json, "seals", summary->seals);
    put_int(json, "notices", summary->notices);
    put_int(json, "faults", summary->faults);
    tdm_json_end_object(json);
}
