/* SPDX-License-Identifier: MPL-2.0
 *
 * claims.c: gathering, choosing and showing claims.
 */
#include "claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void copy_code(char out[16], tdm_span code)
{
    snprintf(out, 16, "%.*s", (int)code.len, code.len == 0 ? "" : (const char *)code.data);
}

static tdm_code add_row(void *context, const tdm_pending *pending, tdm_err *err)
{
    tdm_claim_rows *rows = context;
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 64 : rows->capacity * 2;
        tdm_claim_row *grown = realloc(rows->rows, capacity * sizeof *grown);
        if (grown == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the claims");
        rows->rows = grown;
        rows->capacity = capacity;
    }
    tdm_claim_row *row = &rows->rows[rows->count++];
    *row = (tdm_claim_row){ .asserter = pending->asserter,
                            .fact = pending->fact,
                            .phase = pending->link.values[TDM_LINK_ASSERT_PHASE].number,
                            .assertion = pending->assertion,
                            .state = pending->state };
    char hex[2 * TDM_DIGEST_BYTES + 1];
    tdm_hex(hex, pending->assertion.bytes, TDM_DIGEST_BYTES);
    memcpy(row->reference, hex, TDM_REFERENCE_DIGITS);
    tdm_buf_add(&row->subject, pending->subject.data, pending->subject.len);
    copy_code(row->organisation, pending->link.values[TDM_LINK_ASSERT_ORGANISATION].bytes);
    copy_code(row->stated_by, pending->link.values[TDM_LINK_ASSERT_RECORDER].bytes);
    if (pending->unit.type == NULL)
        return TDM_OK;
    const tdm_value *unit = pending->unit.values;
    tdm_buf_add(&row->title, unit[TDM_UNIT_TITLE].bytes.data, unit[TDM_UNIT_TITLE].bytes.len);
    copy_code(row->lead, unit[TDM_UNIT_LEAD].bytes);
    row->has_start = unit[TDM_UNIT_START].present;
    row->start = (tdm_date)unit[TDM_UNIT_START].number;
    return TDM_OK;
}

tdm_code tdm_claim_rows_read(const tdm_service_context *context, tdm_fold *fold, tdm_claim_rows *out,
                             tdm_err *err)
{
    *out = (tdm_claim_rows){ 0 };
    const tdm_id *origin = tdm_core_is_hub(context->core) ? NULL : tdm_core_origin(context->core);
    return tdm_fold_claims_on(fold, origin, add_row, out, err);
}

void tdm_claim_rows_free(tdm_claim_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        tdm_buf_free(&rows->rows[i].subject);
        tdm_buf_free(&rows->rows[i].title);
    }
    free(rows->rows);
    *rows = (tdm_claim_rows){ 0 };
}

/* ---- choosing */

tdm_code tdm_claim_choice_read(const json_t *args, tdm_claim_choice *out, tdm_err *err)
{
    const char *unit = tdm_arg_text(args, "unit");
    const char *phase = tdm_arg_text(args, "phase");
    const char *organisation = tdm_arg_text(args, "organisation");
    const char *reference = tdm_arg_text(args, "reference");
    *out = (tdm_claim_choice){ .all = tdm_arg_flag(args, "all") };
    if (unit == NULL && phase == NULL && organisation == NULL && reference == NULL && !out->all)
        return tdm_fail(err, TDM_INVALID, 0,
                        "say which claims: a unit, phase, organisation or reference of tandem link pending, "
                        "or --all");
    tdm_code code = unit == NULL ? TDM_OK : tdm_arg_unit(unit, &out->subject, err);
    if (code == TDM_OK && organisation != NULL)
        code = tdm_check_code(organisation, out->organisation, err);
    if (code != TDM_OK)
        return code;
    if (phase != NULL && !tdm_enum_number(TDM_ENUM_PHASE, tdm_span_text(phase), &out->phase))
        return tdm_fail(err, TDM_INVALID, 0, "\"%.20s\" is no phase; use plan, deliver or support", phase);
    if (reference != NULL && (strlen(reference) < 4 || strlen(reference) >= sizeof out->reference))
        return tdm_fail(err, TDM_INVALID, 0, "give at least 4 digits of the reference");
    if (reference != NULL)
        strcpy(out->reference, reference);
    return TDM_OK;
}

void tdm_claim_choice_free(tdm_claim_choice *choice)
{
    tdm_buf_free(&choice->subject);
}

bool tdm_claim_is_chosen(const tdm_claim_choice *choice, const tdm_claim_row *row)
{
    char hex[2 * TDM_DIGEST_BYTES + 1];
    tdm_hex(hex, row->assertion.bytes, TDM_DIGEST_BYTES);
    return (choice->subject.len == 0
            || tdm_span_equal(tdm_buf_span(&choice->subject), tdm_buf_span(&row->subject)))
           && (choice->phase == 0 || choice->phase == row->phase)
           && (choice->organisation[0] == '\0' || strcmp(choice->organisation, row->organisation) == 0)
           && strncasecmp(hex, choice->reference, strlen(choice->reference)) == 0;
}

void tdm_claim_write(tdm_json *json, const tdm_claim_row *row)
{
    const char *phase = tdm_enum_word(TDM_ENUM_PHASE, row->phase);
    tdm_member_span(json, "unit", tdm_unit_text(tdm_buf_span(&row->subject)));
    tdm_member_span(json, "title", tdm_buf_span(&row->title));
    tdm_member_text(json, "lead", row->lead);
    tdm_member_date(json, "start", row->has_start, row->start);
    tdm_member_text(json, "organisation", row->organisation);
    if (phase != NULL)
        tdm_member_text(json, "phase", phase);
    else
        tdm_member_int(json, "phase", row->phase);
    tdm_member_text(json, "stated_by", row->stated_by);
}
