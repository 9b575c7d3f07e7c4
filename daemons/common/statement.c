/* SPDX-License-Identifier: MPL-2.0
 *
 * statement.c: from a statement and the facts in force to the facts that are missing.
 */
#include "statement.h"
#include "filing.h"

#include <stdlib.h>
#include <string.h>

static const char *const COLUMN_NAMES[] = {
#define X(symbol, name) name,
    TDM_COLUMNS_X(X)
#undef X
};

const char *tdm_column_name(tdm_column column)
{
    return COLUMN_NAMES[column];
}

/* ---- what is held */

typedef struct loading {
    tdm_held *held;
    const tdm_id *origin;
} loading;

static tdm_code keep_fact(void *context, const tdm_fact *fact, tdm_err *err)
{
    loading *load = context;
    tdm_held *held = load->held;
    if (!tdm_id_equal(&fact->origin, load->origin))
        return TDM_OK;
    if (held->count == held->capacity) {
        size_t capacity = held->capacity == 0 ? 16 : held->capacity * 2;
        tdm_held_fact *facts = realloc(held->facts, capacity * sizeof *facts);
        if (facts == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for the facts of a unit");
        held->facts = facts;
        held->capacity = capacity;
    }
    held->facts[held->count++] = (tdm_held_fact){ .fact = fact->fact,
                                                  .type = fact->type,
                                                  .visible = fact->visible,
                                                  .sequence = fact->sequence,
                                                  .recorded_ms = fact->recorded_ms,
                                                  .offset = held->payloads.len,
                                                  .len = fact->payload.len };
    tdm_buf_add(&held->payloads, fact->payload.data, fact->payload.len);
    return held->payloads.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for the facts of a unit") : TDM_OK;
}

tdm_code tdm_held_load(tdm_held *held, tdm_fold *fold, const tdm_id *origin, tdm_span subject, tdm_err *err)
{
    held->count = 0;
    tdm_buf_clear(&held->payloads);
    loading load = { held, origin };
    tdm_code code = tdm_fold_facts(fold, subject, keep_fact, &load, err);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

void tdm_held_free(tdm_held *held)
{
    free(held->facts);
    tdm_buf_free(&held->payloads);
    *held = (tdm_held){ 0 };
}

const tdm_held_fact *tdm_held_find(const tdm_held *held, const tdm_id *fact)
{
    for (size_t i = 0; i < held->count; i++)
        if (tdm_id_equal(&held->facts[i].fact, fact))
            return &held->facts[i];
    return NULL;
}

tdm_span tdm_held_payload(const tdm_held *held, const tdm_held_fact *fact)
{
    return (tdm_span){ held->payloads.data + fact->offset, fact->len };
}

/* ---- one fact */

static tdm_code add_amendment(uint32_t type, uint32_t author, tdm_span subject, const tdm_id *fact,
                              const char *reason, tdm_date date, tdm_drafts *drafts, tdm_err *err)
{
    tdm_record record;
    tdm_record_init(&record, type);
    if (reason != NULL && reason[0] != '\0')
        tdm_record_set_text(&record, TDM_VOID_REASON, reason);
    return tdm_drafts_add(drafts, author, subject, fact, date, &record, err);
}

static tdm_code add_correction(uint32_t target_type, tdm_span body, uint32_t author, tdm_span subject,
                               const tdm_id *fact, tdm_date date, tdm_drafts *drafts, tdm_err *err)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_CORRECTION);
    tdm_record_set_number(&record, TDM_CORRECTION_TARGET_TYPE, target_type);
    tdm_record_set_bytes(&record, TDM_CORRECTION_BODY, body);
    return tdm_drafts_add(drafts, author, subject, fact, date, &record, err);
}

tdm_code tdm_fact_want(const tdm_held *held, tdm_span subject, const tdm_id *fact, tdm_date date,
                       uint32_t author, const tdm_record *record, tdm_drafts *drafts, bool *did, tdm_err *err)
{
    const tdm_held_fact *old = tdm_held_find(held, fact);
    if (old == NULL) {
        *did = true;
        return tdm_drafts_add(drafts, author, subject, fact, date, record, err);
    }
    tdm_buf body = { 0 };
    tdm_code code = tdm_record_encode(record, &body, err);
    if (code == TDM_OK && !tdm_span_equal(tdm_held_payload(held, old), tdm_buf_span(&body))) {
        *did = true;
        code = add_correction(old->type, tdm_buf_span(&body), author, subject, fact, date, drafts, err);
    }
    if (code == TDM_OK && !old->visible) {
        *did = true;
        code = add_amendment(TDM_TYPE_UNVOID, author, subject, fact, NULL, date, drafts, err);
    }
    tdm_buf_free(&body);
    return code;
}

tdm_code tdm_fact_hide(const tdm_held *held, tdm_span subject, const tdm_id *fact, uint32_t amendment,
                       const char *reason, tdm_date date, uint32_t author, tdm_drafts *drafts, bool *did,
                       tdm_err *err)
{
    const tdm_held_fact *old = tdm_held_find(held, fact);
    if (old == NULL || !old->visible)
        return TDM_OK;
    *did = true;
    return add_amendment(amendment, author, subject, fact, reason, date, drafts, err);
}

/* ---- names of facts */

/* The name of a fact that has no KEY field. */
static tdm_id name_fact(uint32_t type, tdm_span recorder, tdm_span subject, const char *id)
{
    tdm_record record;
    tdm_record_init(&record, type);
    tdm_record_set_bytes(&record, 1, recorder);
    return tdm_filing_fact(&record, subject, id);
}

tdm_id tdm_statement_unit_fact(tdm_span recorder, tdm_span subject)
{
    return name_fact(TDM_TYPE_UNIT, recorder, subject, NULL);
}

/* ---- a statement */

typedef struct drafting {
    const tdm_statement *statement;
    tdm_span subject;
    const tdm_held *held;
    tdm_drafts *drafts;
    bool returning; /* the unit is hidden and comes back: what is not told comes back with it */
    bool did;
    tdm_err *err;
} drafting;

static tdm_code want(drafting *d, const tdm_id *fact, const tdm_record *record)
{
    return tdm_fact_want(d->held, d->subject, fact, d->statement->start, TDM_AUTHOR_IS_LEAD_STAFF, record,
                         d->drafts, &d->did, d->err);
}

static tdm_code hide(drafting *d, const tdm_id *fact, uint32_t amendment, const char *reason)
{
    return tdm_fact_hide(d->held, d->subject, fact, amendment, reason, d->statement->start,
                         TDM_AUTHOR_IS_LEAD_STAFF, d->drafts, &d->did, d->err);
}

/* The content in force of a fact; false if there is none of this type. */
static bool read_held(const drafting *d, const tdm_id *fact, uint32_t type, tdm_record *record)
{
    const tdm_held_fact *old = tdm_held_find(d->held, fact);
    return old != NULL && old->type == type
           && tdm_record_decode(type, tdm_held_payload(d->held, old), record, NULL) == TDM_OK;
}

static void set_text(tdm_record *record, uint32_t field, tdm_span text)
{
    if (text.len > 0)
        tdm_record_set_bytes(record, field, text);
}

/* Where a column is not told, the old value stays. */
static void keep_untold(const drafting *d, const tdm_record *old, tdm_record *record)
{
    static const struct {
        tdm_column column;
        uint32_t field;
    } KEPT[] = {
        { TDM_COLUMN_STATUS, TDM_UNIT_STATUS },     { TDM_COLUMN_PROGRAMME, TDM_UNIT_PROGRAMME },
        { TDM_COLUMN_TITLE, TDM_UNIT_TITLE },       { TDM_COLUMN_END_DATE, TDM_UNIT_END },
        { TDM_COLUMN_LOCALITY, TDM_UNIT_LOCALITY },
    };
    for (size_t i = 0; i < TDM_COUNT(KEPT); i++)
        if (!tdm_statement_tells(d->statement, KEPT[i].column))
            record->values[KEPT[i].field] = old->values[KEPT[i].field];
    if (d->statement->register_name.len == 0)
        record->values[TDM_UNIT_REGISTER] = old->values[TDM_UNIT_REGISTER];
}

static tdm_code draft_unit(drafting *d, const tdm_id *fact, tdm_record *record)
{
    const tdm_statement *s = d->statement;
    tdm_record_init(record, TDM_TYPE_UNIT);
    tdm_record_set_bytes(record, TDM_UNIT_RECORDER, s->recorder);
    tdm_record_set_text(record, TDM_UNIT_LEAD, s->lead);
    tdm_record_set_bytes(record, TDM_UNIT_UNIT_ID, s->unit_id);
    tdm_record_set_number(record, TDM_UNIT_KIND, s->kind);
    tdm_record_set_number(record, TDM_UNIT_STATUS, s->status);
    set_text(record, TDM_UNIT_PROGRAMME, s->programme);
    set_text(record, TDM_UNIT_TITLE, s->title);
    tdm_record_set_number(record, TDM_UNIT_START, s->start);
    if (s->has_end)
        tdm_record_set_number(record, TDM_UNIT_END, s->end);
    set_text(record, TDM_UNIT_LOCALITY, s->locality);
    set_text(record, TDM_UNIT_REGISTER, s->register_name);
    tdm_record old;
    if (read_held(d, fact, TDM_TYPE_UNIT, &old))
        keep_untold(d, &old, record);
    return want(d, fact, record);
}

/* The hours told, or those known. False: neither. */
static bool find_hours(const drafting *d, const tdm_id *session, int64_t *hours)
{
    *hours = d->statement->hours;
    if (tdm_statement_tells(d->statement, TDM_COLUMN_HOURS))
        return d->statement->has_hours;
    tdm_record old;
    const tdm_held_fact *held = tdm_held_find(d->held, session);
    if (held == NULL || !(held->visible || d->returning) || !read_held(d, session, TDM_TYPE_SESSION, &old))
        return false;
    *hours = old.values[TDM_SESSION_HOURS].number;
    return true;
}

/* What is planned or cancelled may have no hours yet. */
static bool needs_hours(const drafting *d, const tdm_id *unit)
{
    int64_t status = d->statement->status;
    tdm_record old;
    if (!tdm_statement_tells(d->statement, TDM_COLUMN_STATUS) && read_held(d, unit, TDM_TYPE_UNIT, &old))
        status = old.values[TDM_UNIT_STATUS].number;
    return status != TDM_STATUS_IS_PLANNED && status != TDM_STATUS_IS_CANCELLED;
}

static tdm_code draft_session(drafting *d, const tdm_id *fact, bool has_hours, int64_t hours)
{
    if (!has_hours)
        return hide(d, fact, TDM_TYPE_VOID, "no hours any more");
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_bytes(&record, TDM_SESSION_RECORDER, d->statement->recorder);
    tdm_record_set_number(&record, TDM_SESSION_DATE, d->statement->start);
    tdm_record_set_number(&record, TDM_SESSION_HOURS, hours);
    return want(d, fact, &record);
}

static tdm_code draft_attendance(drafting *d, const tdm_id *session, bool has_session)
{
    const tdm_statement *s = d->statement;
    tdm_id fact = name_fact(TDM_TYPE_ATTENDANCE, s->recorder, d->subject, "1");
    bool told = tdm_statement_tells(s, TDM_COLUMN_PARTICIPANTS);
    if (!has_session || (told && !s->has_people))
        return hide(d, &fact, TDM_TYPE_VOID, "not reported any more");
    tdm_record record;
    if (!told)
        return d->returning && read_held(d, &fact, TDM_TYPE_ATTENDANCE, &record) ? want(d, &fact, &record)
                                                                                 : TDM_OK;
    tdm_record_init(&record, TDM_TYPE_ATTENDANCE);
    tdm_record_set_bytes(&record, TDM_ATTENDANCE_RECORDER, s->recorder);
    tdm_record_set_bytes(&record, TDM_ATTENDANCE_SESSION, (tdm_span){ session->bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_ATTENDANCE_PEOPLE, s->people);
    return want(d, &fact, &record);
}

static bool names_phase(const tdm_statement *s, tdm_span code, int64_t phase)
{
    for (size_t i = 0; i < s->partner_count; i++)
        if (tdm_span_equal(tdm_span_text(s->partners[i].code), code))
            return phase >= 1 && phase <= TDM_PARTNER_PHASES && (s->partners[i].phases >> (phase - 1) & 1);
    return false;
}

static tdm_code draft_link(drafting *d, const char *partner, int64_t phase)
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_bytes(&record, TDM_LINK_ASSERT_RECORDER, d->statement->recorder);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, partner);
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, phase);
    tdm_id fact = tdm_filing_fact(&record, d->subject, NULL);
    return want(d, &fact, &record);
}

/* Assertions of this recorder that the statement does not make any more. */
static tdm_code withdraw_links(drafting *d)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < d->held->count && code == TDM_OK; i++) {
        const tdm_held_fact *fact = &d->held->facts[i];
        tdm_record link;
        if (fact->type != TDM_TYPE_LINK_ASSERT || !fact->visible
            || !read_held(d, &fact->fact, TDM_TYPE_LINK_ASSERT, &link)
            || !tdm_span_equal(link.values[TDM_LINK_ASSERT_RECORDER].bytes, d->statement->recorder)
            || link.values[TDM_LINK_ASSERT_SUPPLIER].number != 0 /* no row names those */
            || names_phase(d->statement, link.values[TDM_LINK_ASSERT_ORGANISATION].bytes,
                           link.values[TDM_LINK_ASSERT_PHASE].number))
            continue;
        code = hide(d, &fact->fact, TDM_TYPE_LINK_WITHDRAW, "not named as a partner any more");
    }
    return code;
}

static tdm_code draft_links(drafting *d)
{
    if (!tdm_statement_tells(d->statement, TDM_COLUMN_PARTNERS))
        return TDM_OK;
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < d->statement->partner_count; i++)
        for (int64_t phase = 1; phase <= TDM_PARTNER_PHASES && code == TDM_OK; phase++)
            if (d->statement->partners[i].phases >> (phase - 1) & 1)
                code = draft_link(d, d->statement->partners[i].code, phase);
    return code == TDM_OK ? withdraw_links(d) : code;
}

tdm_code tdm_statement_draft(const tdm_statement *statement, tdm_span subject, const tdm_held *held,
                             tdm_drafts *drafts, tdm_verdict *verdict, tdm_err *err)
{
    tdm_id unit = tdm_statement_unit_fact(statement->recorder, subject);
    tdm_id session = name_fact(TDM_TYPE_SESSION, statement->recorder, subject, "1");
    const tdm_held_fact *old = tdm_held_find(held, &unit);
    drafting d = { .statement = statement,
                   .subject = subject,
                   .held = held,
                   .drafts = drafts,
                   .returning = old != NULL && !old->visible,
                   .err = err };
    int64_t hours = 0;
    bool has_hours = find_hours(&d, &session, &hours);
    if (!has_hours && needs_hours(&d, &unit)) {
        *verdict = TDM_VERDICT_LACKS_HOURS;
        return TDM_OK;
    }
    tdm_record record;
    tdm_code code = draft_unit(&d, &unit, &record);
    if (code == TDM_OK)
        code = draft_session(&d, &session, has_hours, hours);
    if (code == TDM_OK)
        code = draft_attendance(&d, &session, has_hours);
    if (code == TDM_OK)
        code = draft_links(&d);
    *verdict = old == NULL     ? TDM_VERDICT_NEW
               : !old->visible ? TDM_VERDICT_RETURNED
               : d.did         ? TDM_VERDICT_CHANGED
                               : TDM_VERDICT_KNOWN;
    return code;
}

/* ---- withdrawing a whole unit */

/* The recorder is field 1 of each of these types. */
static const uint32_t RECORDED_TYPES[] = { TDM_TYPE_UNIT, TDM_TYPE_SESSION, TDM_TYPE_ATTENDANCE,
                                           TDM_TYPE_LINK_ASSERT };

static bool is_recorded_by(const tdm_held *held, const tdm_held_fact *fact, tdm_span recorder)
{
    bool listed = false;
    for (size_t i = 0; i < TDM_COUNT(RECORDED_TYPES); i++)
        listed |= fact->type == RECORDED_TYPES[i];
    tdm_record record;
    return listed && tdm_record_decode(fact->type, tdm_held_payload(held, fact), &record, NULL) == TDM_OK
           && tdm_span_equal(record.values[TDM_UNIT_RECORDER].bytes, recorder);
}

tdm_code tdm_statement_withdraw(tdm_span recorder, tdm_span subject, const tdm_held *held, const char *reason,
                                tdm_date date, tdm_drafts *drafts, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < held->count && code == TDM_OK; i++) {
        bool did = false;
        if (is_recorded_by(held, &held->facts[i], recorder))
            code = tdm_fact_hide(held, subject, &held->facts[i].fact, TDM_TYPE_VOID, reason, date,
                                 TDM_AUTHOR_IS_LEAD_STAFF, drafts, &did, err);
    }
    return code;
}
