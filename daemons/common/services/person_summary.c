/* SPDX-License-Identifier: MPL-2.0
 *
 * person_summary.c: the amounts of all people as `summary` facts of the own organisation: what is wanted set
 * against what is in force, the difference stated.
 */
#include "person.h"

#include "../filing.h"
#include "../people_amounts.h"
#include "../statement.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct restating {
    const tdm_service_context *context;
    tdm_fold *fold;
    char own[16];
    char prefix[32]; /* "summary/OWN/" */
    tdm_summary wanted;
    tdm_summary stated; /* what is in force, under the names that the wanted ones have */
    tdm_held held;      /* of `subject` */
    tdm_buf subject;
    bool loaded;
    tdm_drafts *drafts;
    bool dry_run;
    tdm_person_counts *counts;
} restating;

/* ---- a cell as a fact, and back */

static void make_record(const restating *r, const tdm_summary_cell *cell, char period[16], tdm_record *record)
{
    tdm_period_text(cell->period, period);
    tdm_record_init(record, TDM_TYPE_SUMMARY);
    tdm_record_set_text(record, TDM_SUMMARY_RECORDER, r->own);
    tdm_record_set_number(record, TDM_SUMMARY_TABLE, cell->table);
    tdm_record_set_text(record, TDM_SUMMARY_PERIOD, period);
    tdm_record_set_bytes(record, TDM_SUMMARY_A, cell->a);
    tdm_record_set_bytes(record, TDM_SUMMARY_B, cell->b);
    for (uint32_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        if (i == 0 || cell->n[i] != 0)
            tdm_record_set_number(record, TDM_SUMMARY_COUNT + i, cell->n[i]);
}

static bool read_record(const tdm_record *record, tdm_summary_cell *cell)
{
    *cell = (tdm_summary_cell){ .table = (int)record->values[TDM_SUMMARY_TABLE].number,
                                .a = record->values[TDM_SUMMARY_A].bytes,
                                .b = record->values[TDM_SUMMARY_B].bytes };
    for (uint32_t i = 0; i < TDM_SUMMARY_AMOUNTS; i++)
        if (record->values[TDM_SUMMARY_COUNT + i].present)
            cell->n[i] = record->values[TDM_SUMMARY_COUNT + i].number;
    return tdm_period_parse(record->values[TDM_SUMMARY_PERIOD].bytes, &cell->period, NULL) == TDM_OK;
}

/* ---- stating */

static tdm_code state(restating *r, bool all, tdm_err *err)
{
    return tdm_core_state_group(r->context->core, r->drafts, all, r->dry_run, &r->counts->events, err);
}

static tdm_code hide(restating *r, tdm_span subject, const tdm_id *fact, tdm_err *err)
{
    bool did = false;
    tdm_code code = tdm_fact_hide(&r->held, subject, fact, TDM_TYPE_VOID, "not in the private log any more",
                                  tdm_today(r->context), TDM_AUTHOR_IS_DAEMON, r->drafts, &did, err);
    r->counts->voided += did;
    return code == TDM_OK ? state(r, false, err) : code;
}

/* ---- what is in force */

/* What the differences do not tell of: a name that is not its cell's, and zeros that nobody wants. */
static tdm_code take_fact(restating *r, tdm_span subject, const tdm_held_fact *fact, tdm_err *err)
{
    tdm_record record;
    tdm_summary_cell cell;
    if (fact->type != TDM_TYPE_SUMMARY || !fact->visible)
        return TDM_OK;
    bool read = tdm_record_decode(fact->type, tdm_held_payload(&r->held, fact), &record, NULL) == TDM_OK
                && read_record(&record, &cell);
    tdm_buf own = { 0 };
    bool filed = read && tdm_record_subject(&record, &own) && tdm_span_equal(tdm_buf_span(&own), subject);
    tdm_buf_free(&own);
    if (filed) {
        tdm_id name = tdm_filing_fact(&record, subject, NULL);
        filed = tdm_id_equal(&name, &fact->fact);
    }
    if (!filed || (tdm_summary_is_zero(&cell) && tdm_summary_find(&r->wanted, &cell) == NULL))
        return hide(r, subject, &fact->fact, err);
    return tdm_summary_add(&r->stated, &cell, err);
}

static tdm_code take_subject(void *context, tdm_span subject, tdm_err *err)
{
    restating *r = context;
    tdm_code code = tdm_held_load(&r->held, r->fold, tdm_core_origin(r->context->core), subject, err);
    for (size_t i = 0; i < r->held.count && code == TDM_OK; i++)
        code = take_fact(r, subject, &r->held.facts[i], err);
    return code;
}

/* ---- the difference */

/* Cells come in order of their subjects, so that each subject is loaded once. */
static tdm_code load_subject(restating *r, const tdm_record *record, tdm_id *fact, tdm_err *err)
{
    tdm_buf subject = { 0 };
    *fact = tdm_filing_place(record, &subject);
    if (r->loaded && tdm_span_equal(tdm_buf_span(&subject), tdm_buf_span(&r->subject))) {
        tdm_buf_free(&subject);
        return TDM_OK;
    }
    tdm_buf_free(&r->subject);
    r->subject = subject;
    r->loaded = true;
    return tdm_held_load(&r->held, r->fold, tdm_core_origin(r->context->core), tdm_buf_span(&r->subject),
                         err);
}

static tdm_code settle_cell(void *context, tdm_difference difference, const tdm_summary_cell *cell,
                            tdm_err *err)
{
    restating *r = context;
    char period[16];
    bool did = false;
    tdm_record record;
    tdm_id fact;
    make_record(r, cell, period, &record);
    tdm_code code = load_subject(r, &record, &fact, err);
    if (code != TDM_OK)
        return code;
    tdm_span subject = tdm_buf_span(&r->subject);
    if (difference == TDM_DIFFERENCE_VOID)
        return hide(r, subject, &fact, err);
    code = tdm_fact_want(&r->held, subject, &fact, tdm_today(r->context), TDM_AUTHOR_IS_DAEMON, &record,
                         r->drafts, &did, err);
    r->counts->stated += did && difference == TDM_DIFFERENCE_STATE;
    r->counts->corrected += did && difference == TDM_DIFFERENCE_CORRECT;
    return code == TDM_OK ? state(r, false, err) : code;
}

static void count_cells(restating *r)
{
    size_t count;
    free(tdm_summary_sorted(&r->wanted, &count));
    r->counts->cells = (int64_t)count;
}

static tdm_code compare(restating *r, tdm_err *err)
{
    tdm_code code = tdm_settle(r->context, err);
    if (code != TDM_OK)
        return code;
    r->fold = tdm_core_fold(r->context->core);
    code = tdm_fold_subjects(r->fold, tdm_span_text(r->prefix), take_subject, r, err);
    if (code == TDM_OK)
        code = tdm_summary_differences(&r->wanted, &r->stated, settle_cell, r, err);
    if (code == TDM_OK)
        code = state(r, true, err);
    tdm_core_fold_release(r->context->core, r->fold);
    return code;
}

static void close_run(restating *r)
{
    tdm_summary_free(&r->wanted);
    tdm_summary_free(&r->stated);
    tdm_held_free(&r->held);
    tdm_buf_free(&r->subject);
    tdm_drafts_free(&r->drafts);
}

tdm_code tdm_person_restate(const tdm_service_context *context, tdm_private *log, bool dry_run,
                            tdm_person_counts *counts, tdm_err *err)
{
    restating r = { .context = context, .dry_run = dry_run, .counts = counts, .drafts = tdm_drafts_new() };
    uint64_t people = 0;
    *counts = (tdm_person_counts){ 0 };
    tdm_summary_init(&r.wanted);
    tdm_summary_init(&r.stated);
    tdm_code code = r.drafts == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for the summaries") : TDM_OK;
    if (code == TDM_OK)
        code = tdm_own_organisation(context, NULL, r.own, err);
    snprintf(r.prefix, sizeof r.prefix, "summary/%s/", r.own);
    if (code == TDM_OK)
        code = tdm_people_amounts(log, tdm_today(context), &r.wanted, &people, err);
    if (code == TDM_OK) {
        counts->people = (int64_t)people;
        count_cells(&r);
        code = compare(&r, err);
    }
    close_run(&r);
    if (code == TDM_OK && !dry_run)
        code = tdm_people_set_counted(context->core, tdm_today(context), err);
    return code;
}

void tdm_person_write_counts(tdm_json *json, const tdm_person_counts *counts)
{
    tdm_member_int(json, "people", counts->people);
    tdm_member_int(json, "cells", counts->cells);
    tdm_member_int(json, "stated", counts->stated);
    tdm_member_int(json, "corrected", counts->corrected);
    tdm_member_int(json, "voided", counts->voided);
    tdm_member_int(json, "events", counts->events);
}
