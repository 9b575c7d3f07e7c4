/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_amend.c: amendments told themselves, of a fact that is named by its subject and id. Only one's own
 * facts are amended, and only if that says something.
 */
#include "fact_run.h"

static bool refuse(tdm_fact_run *run, const char *name, const char *what)
{
    tdm_fact_entry_refuse(&run->entry, name, tdm_span_text(""), "%s", what);
    return false;
}

/* The target exists, and is one that this amendment is for. */
static bool check_target(tdm_fact_run *run, const tdm_held_fact *old)
{
    uint32_t type = run->type->number;
    if (run->entry.record.values[TDM_VOID_TARGET_ORIGIN].present)
        return refuse(run, "target_origin",
                      "Leave it out: a fact of another origin is amended where that origin's log is.");
    if (old == NULL)
        return refuse(run, "fact", "There is no such fact of yours under this subject.");
    if (type == TDM_TYPE_LINK_WITHDRAW && tdm_type_hidden_by(old->type) != type)
        return refuse(run, "fact", "This is no link: record void instead.");
    if (type == TDM_TYPE_LINK_AMEND && old->type != TDM_TYPE_LINK_ASSERT)
        return refuse(run, "fact", "This is no assertion: record correction instead.");
    return true;
}

static tdm_code add(tdm_fact_run *run)
{
    return tdm_drafts_add(run->drafts, tdm_own_author(run->context), tdm_buf_span(&run->entry.subject),
                          &run->entry.fact, tdm_today(run->context), &run->entry.record, run->err);
}

/* void, unvoid, link_withdraw */
static tdm_code draft_visibility(tdm_fact_run *run, const tdm_held_fact *old, tdm_fate *fate)
{
    bool show = run->type->number == TDM_TYPE_UNVOID;
    if (!tdm_fact_entry_check(&run->entry))
        return TDM_OK;
    bool did = old->visible != show;
    *fate = !did ? TDM_FATE_KNOWN : show ? TDM_FATE_RETURNED : TDM_FATE_HIDDEN;
    return did ? add(run) : TDM_OK;
}

/* correction, link_amend: the target's type follows from the fact, and must not be told otherwise. */
static bool read_body(tdm_fact_run *run, const tdm_held_fact *old)
{
    tdm_fact_entry *entry = &run->entry;
    char what[TDM_FIELD_WHAT];
    tdm_value *type = &entry->record.values[TDM_CORRECTION_TARGET_TYPE];
    tdm_buf *bytes = &entry->bytes[TDM_CORRECTION_BODY];
    if (type->present && type->number != old->type)
        return refuse(run, "target_type", "The fact is of another type.");
    *type = (tdm_value){ .present = true, .number = old->type };
    if (entry->body == NULL)
        return refuse(run, "body", "Enter the whole new content as a JSON object.");
    tdm_buf_clear(bytes);
    if (!tdm_object_read(tdm_type_find(old->type), entry->body, bytes, what))
        return refuse(run, "body", what);
    entry->record.values[TDM_CORRECTION_BODY] = (tdm_value){ .present = true, .bytes = tdm_buf_span(bytes) };
    return tdm_fact_entry_check(entry);
}

static tdm_code draft_content(tdm_fact_run *run, const tdm_held_fact *old, tdm_fate *fate)
{
    if (!read_body(run, old))
        return TDM_OK;
    bool same = tdm_span_equal(tdm_held_payload(&run->held, old),
                               run->entry.record.values[TDM_CORRECTION_BODY].bytes);
    *fate = same ? TDM_FATE_KNOWN : TDM_FATE_CHANGED;
    return same ? TDM_OK : add(run);
}

tdm_code tdm_fact_draft_amendment(tdm_fact_run *run, tdm_fate *fate)
{
    const tdm_held_fact *old = tdm_held_find(&run->held, &run->entry.fact);
    uint32_t type = run->type->number;
    if (!check_target(run, old))
        return TDM_OK;
    bool content = type == TDM_TYPE_CORRECTION || type == TDM_TYPE_LINK_AMEND;
    return content ? draft_content(run, old, fate) : draft_visibility(run, old, fate);
}
