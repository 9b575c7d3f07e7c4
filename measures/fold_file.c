/* SPDX-License-Identifier: MPL-2.0
 *
 * fold_file.c: events filed into dossiers.
 */
#include "fold_inner.h"
#include "measure_inner.h"

#include <stdlib.h>

static tdm_role role_of(uint32_t number, const tdm_type *type)
{
    if (type == NULL || type->scope == TDM_SCOPE_PART)
        return TDM_ROLE_UNKNOWN;
    if (type->duty != TDM_DUTY_AMENDMENT)
        return TDM_ROLE_BASE;
    return number == TDM_TYPE_CORRECTION || number == TDM_TYPE_LINK_AMEND ? TDM_ROLE_CONTENT
                                                                          : TDM_ROLE_VISIBILITY;
}

/* Where amendments keep what they need; fields of the same meaning in each of the types. */
static const struct amendment_fields {
    uint32_t type;
    uint32_t target_origin;
    uint32_t target_type;
    uint32_t body;
} AMENDMENTS[] = {
    { TDM_TYPE_CORRECTION, TDM_CORRECTION_TARGET_ORIGIN, TDM_CORRECTION_TARGET_TYPE, TDM_CORRECTION_BODY },
    { TDM_TYPE_LINK_AMEND, TDM_LINK_AMEND_TARGET_ORIGIN, TDM_LINK_AMEND_TARGET_TYPE, TDM_LINK_AMEND_BODY },
    { TDM_TYPE_VOID, TDM_VOID_TARGET_ORIGIN, 0, 0 },
    { TDM_TYPE_UNVOID, TDM_UNVOID_TARGET_ORIGIN, 0, 0 },
    { TDM_TYPE_LINK_WITHDRAW, TDM_LINK_WITHDRAW_TARGET_ORIGIN, 0, 0 },
};

static const struct amendment_fields *amendment_fields(uint32_t type)
{
    for (size_t i = 0; i < TDM_COUNT(AMENDMENTS); i++) {
        if (AMENDMENTS[i].type == type)
            return &AMENDMENTS[i];
    }
    return NULL;
}

/* False if the amendment cannot be read: it then amends nothing. */
static bool read_amendment(const tdm_event *event, tdm_slot_parts *parts, tdm_record *body)
{
    tdm_record record;
    const struct amendment_fields *fields = amendment_fields(event->type);
    if (fields == NULL || tdm_record_decode(event->type, event->payload, &record, NULL) != TDM_OK)
        return false;
    if (record.values[fields->target_origin].present)
        parts->target = tdm_value_id(&record.values[fields->target_origin]);
    parts->payload = (tdm_span){ NULL, 0 };
    if (fields->body == 0)
        return true;
    parts->target_type = (uint32_t)record.values[fields->target_type].number;
    parts->payload = record.values[fields->body].bytes;
    parts->readable = tdm_record_decode(parts->target_type, parts->payload, body, NULL) == TDM_OK;
    return parts->readable;
}

/* The content that an event states, if any, into parts and *content; a slot keeps of it what this program
 * knows, for the rest is in the ledger. False: the event means nothing. */
static bool read_content(tdm_fold *fold, const tdm_event *event, tdm_slot_parts *parts, tdm_record *content)
{
    bool means = true;
    if (parts->role == TDM_ROLE_BASE)
        parts->readable = tdm_record_decode(event->type, event->payload, content, NULL) == TDM_OK;
    else if (parts->role != TDM_ROLE_UNKNOWN)
        means = read_amendment(event, parts, content);
    if (!parts->readable || content->unknown_fields == 0)
        return means;
    tdm_buf_clear(&fold->payload);
    tdm_record_pack(content, &fold->payload);
    TDM_ASSERT(!fold->payload.failed);
    parts->payload = tdm_buf_span(&fold->payload);
    return means;
}

static void note_code(tdm_fold *fold, tdm_span code, const tdm_dossier *dossier, bool in_field)
{
    tdm_naming_add(fold, code, dossier);
    if (fold->replay != NULL)
        tdm_replay_named(fold->replay, code, in_field);
}

/* What is filed is judged again when an organisation it names changes: the codes in texts and parts, too. */
static void note_codes(tdm_fold *fold, const tdm_dossier *dossier, const tdm_field *field,
                       const tdm_value *value)
{
    tdm_texts list = tdm_texts_of(value);
    tdm_span code;
    tdm_record part;
    if (field->kind == TDM_KIND_TEXTS) {
        while (tdm_texts_next(&list, &code))
            if (tdm_code_is_valid(code))
                note_code(fold, code, dossier, false);
        return;
    }
    while (tdm_parts_next(&list, field->part_type, &part))
        note_code(fold, part.values[TDM_MEMBER_COUNT_ORGANISATION].bytes, dossier, false);
}

static bool lists_codes(const tdm_field *field)
{
    return field->part_type == TDM_TYPE_MEMBER_COUNT
           || (field->kind == TDM_KIND_TEXTS
               && (strcmp(field->name, "facilitators") == 0 || strcmp(field->name, "organisations") == 0));
}

static bool is_judged(const tdm_type *type)
{
    return type->duty == TDM_DUTY_DOSSIER || type->duty == TDM_DUTY_DETAIL || type->duty == TDM_DUTY_THING;
}

/* Organisations that a fact names. Those in fields of kind CODE are told of the dossier by their feeds. */
static void name_organisations(tdm_fold *fold, tdm_dossier *dossier, const tdm_record *content)
{
    const tdm_type *type = content->type;
    for (size_t i = 0; is_judged(type) && i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        const tdm_value *value = &content->values[field->number];
        if (!value->present)
            continue;
        if (field->kind == TDM_KIND_CODE && tdm_dossier_name(dossier, value->bytes))
            note_code(fold, value->bytes, dossier, true);
        else if (lists_codes(field))
            note_codes(fold, dossier, field, value);
    }
}

static bool is_authority(const tdm_fold *fold, const tdm_id *origin)
{
    return fold->options.has_authority && tdm_id_equal(&fold->options.authority, origin);
}

bool tdm_fold_makes_registry(const tdm_fold *fold, uint32_t number, const tdm_id *origin)
{
    const tdm_type *type = tdm_type_find(number);
    return fold->options.has_authority && role_of(number, type) == TDM_ROLE_BASE
           && (type->duty == TDM_DUTY_PERIOD
               || (type->duty == TDM_DUTY_REGISTRY && is_authority(fold, origin)));
}

/* Facts that the registry is made of stay in memory with their whole dossier. */
static void keep_for_registry(tdm_fold *fold, tdm_dossier *dossier, const tdm_slot_parts *parts)
{
    if (parts->role == TDM_ROLE_BASE && tdm_fold_makes_registry(fold, parts->type, &parts->target))
        tdm_shelf_make_resident(&fold->shelf, dossier);
    fold->registry_stale = fold->registry_stale || dossier->resident;
}

static void touch(tdm_fold *fold, tdm_dossier *dossier)
{
    if (dossier->batch == fold->batch)
        return;
    dossier->batch = fold->batch;
    fold->touched = tdm_memory_grow(fold->touched, &fold->touched_capacity, fold->touched_count + 1,
                                    sizeof(tdm_dossier *));
    fold->touched[fold->touched_count++] = dossier;
}

tdm_code tdm_fold_file_into(tdm_fold *fold, tdm_dossier *dossier, const tdm_filed *filing, bool *filed,
                            tdm_err *err)
{
    const tdm_slot_parts *parts = &filing->parts;
    tdm_feed_change before;
    uint64_t displaced;
    tdm_feed_before(fold, dossier, parts, &before);
    size_t bytes = tdm_shelf_change(&fold->shelf, dossier);
    *filed = tdm_dossier_file_over(dossier, parts, &displaced);
    if (*filed && parts->readable)
        name_organisations(fold, dossier, &filing->content);
    if (displaced != 0 && (fold->shelf.kv != NULL || fold->in_part))
        tdm_displaced_add(fold, dossier, displaced);
    tdm_shelf_changed(&fold->shelf, dossier, bytes);
    return *filed ? tdm_feed_after(fold, dossier, parts, &before, err) : TDM_OK;
}

static tdm_code file_slot(tdm_fold *fold, tdm_span subject, const tdm_filed *filing, tdm_err *err)
{
    tdm_dossier *dossier;
    bool filed = false;
    tdm_code code = tdm_shelf_get(&fold->shelf, subject, true, &dossier, err);
    if (code == TDM_OK)
        code = tdm_fold_file_into(fold, dossier, filing, &filed, err);
    if (!filed)
        return code;
    keep_for_registry(fold, dossier, &filing->parts);
    touch(fold, dossier);
    return code;
}

/* At rest: into a dossier of what the views lack. */
static void add_slot(tdm_fold *fold, tdm_span subject, const tdm_filed *filing)
{
    tdm_dossier *dossier = tdm_shelf_add(&fold->shelf, subject);
    if (!tdm_dossier_file(dossier, &filing->parts))
        return;
    if (filing->parts.readable)
        name_organisations(fold, dossier, &filing->content);
    keep_for_registry(fold, dossier, &filing->parts);
}

static void refold_everything(tdm_fold *fold)
{
    fold->everything = true;
    tdm_buf_clear(&fold->cursor);
}

/* Orders of events may change with what is learnt about an incarnation: then everything is judged again. */
static void learn_incarnation(tdm_fold *fold, const tdm_event *event)
{
    /* Events come in runs: most are of the incarnation that spoke last. */
    if (fold->speaking == event->incarnation && tdm_id_equal(&fold->speaker, &event->origin)
        && event->type != TDM_TYPE_INCARNATION)
        return;
    fold->speaking = event->incarnation;
    fold->speaker = event->origin;
    size_t known = fold->lineage.incarnations.count;
    tdm_incarnation *incarnation =
        tdm_lineage_incarnation(&fold->lineage, &event->origin, event->incarnation);
    bool is_new = fold->lineage.incarnations.count > known;
    bool of_authority = is_authority(fold, &event->origin);
    uint32_t generation = incarnation->generation;
    tdm_record record;
    if (event->type == TDM_TYPE_INCARNATION && event->sequence == 1
        && tdm_record_decode(TDM_TYPE_INCARNATION, event->payload, &record, NULL) == TDM_OK)
        generation = (uint32_t)record.values[TDM_INCARNATION_GENERATION].number;
    bool changed = generation != incarnation->generation;
    incarnation->generation = generation;
    incarnation->unsaved = incarnation->unsaved || changed;
    if (changed && !is_new)
        refold_everything(fold);
    if ((changed || is_new) && (of_authority || !is_new)) {
        fold->registry_stale = true;
        fold->tides.changed = fold->tides.changed || of_authority;
    }
}

tdm_code tdm_fold_note(tdm_fold *fold, const tdm_event *event, tdm_err *err)
{
    fold->events++;
    fold->unknown_types += tdm_fold_is_unknown(event->type);
    learn_incarnation(fold, event);
    if (event->type == TDM_TYPE_TIDE && is_authority(fold, &event->origin))
        return tdm_tides_add(fold, event, err);
    return TDM_OK;
}

bool tdm_fold_read_filing(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_filed *out)
{
    const tdm_type *type = tdm_type_find(event->type);
    out->parts = (tdm_slot_parts){ .role = role_of(event->type, type),
                                   .type = event->type,
                                   .target = event->origin,
                                   .author = event->origin,
                                   .fact = event->fact,
                                   .incarnation = event->incarnation,
                                   .sequence = event->sequence,
                                   .recorded_ms = event->recorded_ms,
                                   .position = position,
                                   .payload = event->payload };
    return read_content(fold, event, &out->parts, &out->content) && !tdm_fold_is_tide(event);
}

bool tdm_fold_is_tide(const tdm_event *event)
{
    return event->type == TDM_TYPE_TIDE && tdm_span_equal(event->subject, TDM_SPAN_LITERAL("tide"));
}

static tdm_code file_event(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_err *err)
{
    tdm_filed filing;
    tdm_code code = tdm_fold_note(fold, event, err);
    bool means = tdm_fold_read_filing(fold, position, event, &filing);
    if (code == TDM_OK && means && fold->shelf.reads)
        add_slot(fold, event->subject, &filing);
    else if (code == TDM_OK && means)
        code = file_slot(fold, event->subject, &filing, err);
    if (code == TDM_OK)
        __atomic_store_n(&fold->position, position, __ATOMIC_RELEASE);
    return code;
}

bool tdm_fold_is_unknown(uint32_t type)
{
    return role_of(type, tdm_type_find(type)) == TDM_ROLE_UNKNOWN;
}

tdm_code tdm_fold_file_at_rest(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_err *err)
{
    return file_event(fold, position, event, err);
}

static bool list_names(const tdm_field *field, const tdm_value *value, tdm_span organisation)
{
    tdm_texts list = tdm_texts_of(value);
    tdm_span code;
    tdm_record part;
    bool found = false;
    if (field->kind == TDM_KIND_TEXTS) {
        while (!found && tdm_texts_next(&list, &code))
            found = tdm_span_equal(code, organisation);
        return found;
    }
    while (!found && tdm_parts_next(&list, field->part_type, &part))
        found = tdm_span_equal(part.values[TDM_MEMBER_COUNT_ORGANISATION].bytes, organisation);
    return found;
}

bool tdm_fold_content_names(const tdm_record *content, tdm_span organisation)
{
    const tdm_type *type = content->type;
    for (size_t i = 0; is_judged(type) && i < type->field_count; i++) {
        const tdm_field *field = &type->fields[i];
        const tdm_value *value = &content->values[field->number];
        if (!value->present)
            continue;
        if (field->kind == TDM_KIND_CODE ? tdm_span_equal(value->bytes, organisation)
                                         : lists_codes(field) && list_names(field, value, organisation))
            return true;
    }
    return false;
}

/* A few events at once, their dossiers brought near first. */
static tdm_code file_few(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err)
{
    tdm_event events[TDM_SHELF_NEAR];
    tdm_span subjects[TDM_SHELF_NEAR];
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        code = tdm_event_peek(entries[i].bytes, &events[i], err);
        subjects[i] = events[i].subject;
    }
    if (code != TDM_OK)
        return code;
    tdm_shelf_expect(&fold->shelf, subjects, count);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        if (entries[i].position > fold->position)
            code = file_event(fold, entries[i].position, &events[i], err);
    if (code == TDM_OK && count > 0 && fold->shelf.kv != NULL
        && entries[count - 1].position == fold->position)
        fold->last_check = tdm_bytes_check(0, (tdm_span){ NULL, 0 }, entries[count - 1].bytes);
    return code;
}

tdm_code tdm_fold_file_in(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err)
{
    tdm_code code = TDM_OK;
    TDM_ASSERT(fold->judged == 0); /* a dossier judged already would not be judged again */
    for (size_t done = 0; done < count && code == TDM_OK; done += TDM_SHELF_NEAR)
        code = file_few(fold, entries + done, count - done < TDM_SHELF_NEAR ? count - done : TDM_SHELF_NEAR,
                        err);
    return code;
}

tdm_code tdm_fold_file(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err)
{
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_file_in(fold, entries, count, err);
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    return code;
}

tdm_code tdm_fold_apply(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err)
{
    tdm_fold_lock(fold);
    tdm_code code = tdm_fold_file_in(fold, entries, count, err);
    if (code == TDM_OK)
        code = tdm_fold_judge_in(fold, SIZE_MAX, err);
    tdm_shelf_end(&fold->shelf);
    tdm_fold_unlock(fold);
    return code;
}

bool tdm_fold_is_busy(tdm_fold *fold)
{
    if (pthread_mutex_trylock(&fold->lock) != 0)
        return true;
    tdm_fold_unlock(fold);
    return false;
}
