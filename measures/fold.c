/* SPDX-License-Identifier: MPL-2.0
 *
 * fold.c: the engine: events filed into dossiers, checkpoints.
 */
#include "fold_inner.h"
#include "measure_inner.h"

#include <stdlib.h>

static const size_t CACHE_BYTES = (size_t)256 << 20;

/* ---- open and close ---- */

static tdm_code load_incarnation(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    tdm_fold *fold = context;
    if (key.len != TDM_ID_BYTES + 8 || value.len != 4)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: an incarnation is damaged");
    tdm_id origin;
    memcpy(origin.bytes, key.data, TDM_ID_BYTES);
    tdm_incarnation *known =
        tdm_lineage_incarnation(&fold->lineage, &origin, tdm_get_be(key.data + TDM_ID_BYTES, 8));
    known->generation = (uint32_t)tdm_get_be(value.data, 4);
    known->unsaved = false;
    known->check = check;
    return TDM_OK;
}

static tdm_code load_cell(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    return tdm_cells_load(&((tdm_fold *)context)->cells, key, value, check, err);
}

static tdm_code load_table_cell(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    return tdm_tables_load(&((tdm_fold *)context)->tables, key, value, check, err);
}

/* ---- ranges: what is read from the views as a whole ---- */

typedef struct range_load {
    tdm_fold *fold;
    tdm_views_visit *take;
    uint64_t sum;
} range_load;

static tdm_code load_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    range_load *load = context;
    load->sum += check;
    return load->take(load->fold, key, value, check, err);
}

static tdm_code load_range(tdm_fold *fold, enum tdm_views_table table, tdm_span prefix, tdm_views_visit *take,
                           tdm_err *err)
{
    range_load load = { .fold = fold, .take = take };
    tdm_kv_txn *txn;
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    code = tdm_views_each(txn, table, prefix, load_row, &load, err);
    if (code == TDM_OK && load.sum != tdm_views_sum_of(&fold->shelf.sums, tdm_views_range(table, prefix)))
        code = tdm_fail(err, TDM_CORRUPT, 0, "views: rows of %s are missing or old ones",
                        TDM_VIEWS_TABLES[table]);
    return code;
}

/* Every range of one table. */
static tdm_code load_ranges(tdm_fold *fold, enum tdm_views_table table, tdm_views_visit *take, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < fold->shelf.sums.count && code == TDM_OK; i++) {
        uint32_t range = fold->shelf.sums.items[i].range;
        const uint8_t prefix[2] = { (uint8_t)(range >> 8), (uint8_t)range };
        if (range >> 16 == (uint32_t)table)
            code = load_range(fold, table, (tdm_span){ prefix, sizeof prefix }, take, err);
    }
    return code;
}

/* What a fold that follows has in memory, and one at rest reads when it is asked. */
static tdm_code load_all(tdm_fold *fold, tdm_err *err)
{
    tdm_code code = load_ranges(fold, TDM_VIEWS_CELLS, load_cell, err);
    if (code == TDM_OK)
        code = load_ranges(fold, TDM_VIEWS_TABLES_CELLS, load_table_cell, err);
    if (code == TDM_OK)
        code = tdm_feeds_load(fold, err);
    if (code == TDM_OK && fold->options.has_authority)
        code = tdm_tides_close(fold, fold->registry, err);
    return code;
}

tdm_code tdm_fold_need(tdm_fold *fold, enum tdm_views_table table, tdm_span range, tdm_err *err)
{
    tdm_views_sum *sum = tdm_views_sum_find(&fold->shelf.sums, tdm_views_range(table, range));
    if (!fold->shelf.reads || sum == NULL || sum->read)
        return TDM_OK;
    sum->read = true;
    return load_range(fold, table, range, table == TDM_VIEWS_CELLS ? load_cell : load_table_cell, err);
}

static tdm_code load(tdm_fold *fold, tdm_err *err)
{
    tdm_code code = tdm_state_load(fold, err);
    if (code == TDM_OK)
        code = load_range(fold, TDM_VIEWS_INCARNATIONS, (tdm_span){ NULL, 0 }, load_incarnation, err);
    if (code == TDM_OK)
        code = tdm_shelf_load_residents(&fold->shelf, err);
    if (code == TDM_OK && fold->options.has_authority)
        tdm_registry_read(fold->registry, &fold->lineage, &fold->options.authority, fold->shelf.residents,
                          fold->shelf.resident_count);
    fold->tides.changed = true; /* nothing to take over from */
    if (code == TDM_OK && !fold->options.at_rest)
        code = load_all(fold, err);
    tdm_shelf_end(&fold->shelf);
    return code;
}

/* Recursive: a visitor may ask the registry about what it is shown. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

tdm_code tdm_fold_open(tdm_fold **out, tdm_kv **kv, const tdm_fold_options *options, tdm_err *err)
{
    tdm_fold *fold = tdm_memory_new(sizeof *fold);
    tdm_kv *taken = kv == NULL ? NULL : *kv;
    if (kv != NULL)
        *kv = NULL;
    fold->options = *options;
    if (!options->has_authority)
        fold->options.authority = (tdm_id){ { 0 } };
    if (fold->options.cache_bytes == 0)
        fold->options.cache_bytes = CACHE_BYTES;
    init_lock(&fold->lock);
    tdm_shelf_init(&fold->shelf, taken);
    fold->shelf.reads = options->at_rest;
    fold->shelf.lent = options->lender != NULL;
    fold->shelf.trusted =
        options->lender != NULL && (!options->lender->shelf.reads || options->lender->shelf.trusted);
    tdm_lineage_init(&fold->lineage);
    tdm_cells_init(&fold->cells);
    tdm_tables_init(&fold->tables);
    tdm_naming_init(fold);
    tdm_feeds_init(fold);
    fold->batch = 1; /* dossiers begin with 0: touched by no batch */
    fold->registry = tdm_registry_new(!options->has_authority);
    tdm_code code = load(fold, err);
    if (code != TDM_OK)
        tdm_fold_close(&fold);
    *out = fold;
    return code;
}

void tdm_fold_close(tdm_fold **handle)
{
    tdm_fold *fold = *handle;
    if (fold == NULL)
        return;
    *handle = NULL;
    tdm_naming_free(fold);
    tdm_feeds_free(fold);
    tdm_shelf_close(&fold->shelf);
    tdm_lineage_free(&fold->lineage);
    tdm_registry_free(fold->registry);
    tdm_cells_free(&fold->cells);
    tdm_tables_free(&fold->tables);
    free(fold->displaced);
    free(fold->tides.items);
    tdm_arena_free(&fold->tides.arena);
    free(fold->touched);
    tdm_subjects_free(&fold->work);
    tdm_arena_free(&fold->work_arena);
    tdm_buf_free(&fold->cursor);
    tdm_unit_view_free(&fold->view);
    tdm_contribution_free(&fold->contribution);
    tdm_tally_free(&fold->tally);
    free(fold->countable.codes);
    tdm_buf_free(&fold->encoded);
    tdm_buf_free(&fold->payload);
    tdm_subjects_free(&fold->class);
    free(fold->members);
    pthread_mutex_destroy(&fold->lock);
    free(fold);
}

uint64_t tdm_fold_position(const tdm_fold *fold)
{
    return __atomic_load_n(&fold->position, __ATOMIC_ACQUIRE);
}

bool tdm_fold_has_views(const tdm_fold *fold)
{
    return fold->shelf.kv != NULL;
}

uint64_t tdm_fold_checkpointed(const tdm_fold *fold)
{
    return __atomic_load_n(&fold->checkpointed, __ATOMIC_ACQUIRE);
}

/* ---- filing ---- */

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
                tdm_naming_add(fold, code, dossier);
        return;
    }
    while (tdm_parts_next(&list, field->part_type, &part))
        tdm_naming_add(fold, part.values[TDM_MEMBER_COUNT_ORGANISATION].bytes, dossier);
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
            tdm_naming_add(fold, value->bytes, dossier);
        else if (lists_codes(field))
            note_codes(fold, dossier, field, value);
    }
}

static bool is_authority(const tdm_fold *fold, const tdm_id *origin)
{
    return fold->options.has_authority && tdm_id_equal(&fold->options.authority, origin);
}

/* Facts that the registry is made of stay in memory with their whole dossier. */
static void keep_for_registry(tdm_fold *fold, tdm_dossier *dossier, const tdm_slot_parts *parts)
{
    const tdm_type *type = tdm_type_find(parts->type);
    if (parts->role == TDM_ROLE_BASE && fold->options.has_authority
        && (type->duty == TDM_DUTY_PERIOD
            || (type->duty == TDM_DUTY_REGISTRY && is_authority(fold, &parts->target))))
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

static tdm_code file_slot(tdm_fold *fold, const tdm_event *event, const tdm_slot_parts *parts,
                          const tdm_record *content, tdm_err *err)
{
    tdm_dossier *dossier;
    tdm_feed_change before;
    tdm_code code = tdm_shelf_get(&fold->shelf, event->subject, true, &dossier, err);
    if (code != TDM_OK)
        return code;
    tdm_feed_before(fold, dossier, parts, &before);
    size_t bytes = tdm_shelf_change(&fold->shelf, dossier);
    uint64_t displaced;
    bool filed = tdm_dossier_file_over(dossier, parts, &displaced);
    if (filed && parts->readable)
        name_organisations(fold, dossier, content);
    if (displaced != 0 && fold->shelf.kv != NULL)
        tdm_displaced_add(fold, dossier, displaced);
    tdm_shelf_changed(&fold->shelf, dossier, bytes);
    if (!filed)
        return TDM_OK;
    keep_for_registry(fold, dossier, parts);
    touch(fold, dossier);
    return tdm_feed_after(fold, dossier, parts, &before, err);
}

/* At rest: into a dossier of what the views lack. */
static void add_slot(tdm_fold *fold, const tdm_event *event, const tdm_slot_parts *parts,
                     const tdm_record *content)
{
    tdm_dossier *dossier = tdm_shelf_add(&fold->shelf, event->subject);
    if (!tdm_dossier_file(dossier, parts))
        return;
    if (parts->readable)
        name_organisations(fold, dossier, content);
    keep_for_registry(fold, dossier, parts);
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

static tdm_code file_event(tdm_fold *fold, uint64_t position, const tdm_event *event, tdm_err *err)
{
    const tdm_type *type = tdm_type_find(event->type);
    tdm_slot_parts parts = { .role = role_of(event->type, type),
                             .type = event->type,
                             .target = event->origin,
                             .author = event->origin,
                             .fact = event->fact,
                             .incarnation = event->incarnation,
                             .sequence = event->sequence,
                             .recorded_ms = event->recorded_ms,
                             .position = position,
                             .payload = event->payload };
    tdm_code code = TDM_OK;
    fold->events++;
    fold->unknown_types += parts.role == TDM_ROLE_UNKNOWN;
    learn_incarnation(fold, event);
    tdm_record content;
    bool means = read_content(fold, event, &parts, &content);
    bool tide = event->type == TDM_TYPE_TIDE && tdm_span_equal(event->subject, TDM_SPAN_LITERAL("tide"));
    if (event->type == TDM_TYPE_TIDE && is_authority(fold, &event->origin))
        code = tdm_tides_add(fold, event, err);
    if (code == TDM_OK && means && !tide && fold->shelf.reads)
        add_slot(fold, event, &parts, &content);
    else if (code == TDM_OK && means && !tide)
        code = file_slot(fold, event, &parts, &content, err);
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

/* ---- checkpoint ---- */

/* Two bounds: the dossiers themselves, and with them the pages that writing them will hold in memory: units
 * come in no order, and two changed ones share a page of 4,096 bytes at this density. The more changes a
 * checkpoint gathers, the fewer pages are written in all. */
bool tdm_fold_needs_checkpoint(const tdm_fold *fold)
{
    enum { PAGE_SHARE = 2048 };
    const tdm_shelf *shelf = &fold->shelf;
    size_t held = shelf->bytes - shelf->kept_bytes;
    size_t bound = fold->options.cache_bytes;
    return shelf->kv != NULL && (held > bound || held + shelf->dirty_count * PAGE_SHARE > bound / 2 * 5);
}

/* Put one row in place of the one there, or delete it; returns its check. */
static uint64_t save_row(tdm_fold *fold, tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key,
                         tdm_buf *value, uint64_t before)
{
    uint64_t check = 0;
    if (value == NULL) {
        tdm_kv_del(txn, table, key);
    } else {
        check = tdm_views_seal(table, key, value);
        TDM_ASSERT(!value->failed);
        tdm_kv_put(txn, table, key, tdm_buf_span(value));
    }
    tdm_views_count(&fold->shelf.sums, tdm_views_range(table, key), before, check);
    return check;
}

static void save_cells(tdm_fold *fold, tdm_kv_txn *txn)
{
    tdm_buf value = { 0 };
    for (size_t i = 0; i < fold->cells.dirty_count; i++) {
        tdm_cell *cell = fold->cells.dirty[i];
        uint8_t bytes[TDM_CELL_KEY_MAX];
        tdm_span key = { bytes, tdm_cell_key(cell, bytes) };
        tdm_buf_clear(&value);
        tdm_cell_encode(cell, &value);
        cell->check =
            save_row(fold, txn, TDM_VIEWS_CELLS, key, tdm_cell_is_zero(cell) ? NULL : &value, cell->check);
    }
    tdm_buf_free(&value);
}

static void save_tables(tdm_fold *fold, tdm_kv_txn *txn)
{
    tdm_buf value = { 0 };
    for (size_t i = 0; i < fold->tables.dirty_count; i++) {
        tdm_table_slot *slot = fold->tables.dirty[i];
        tdm_span key = { slot->key, slot->key_len };
        tdm_buf_clear(&value);
        tdm_table_slot_encode(slot, &value);
        slot->check = save_row(fold, txn, TDM_VIEWS_TABLES_CELLS, key,
                               tdm_table_slot_is_zero(slot) ? NULL : &value, slot->check);
    }
    tdm_buf_free(&value);
}

static void save_incarnations(tdm_fold *fold, tdm_kv_txn *txn)
{
    size_t at = 0;
    tdm_buf value = { 0 };
    for (tdm_incarnation *known = tdm_map_next(&fold->lineage.incarnations, &at); known != NULL;
         known = tdm_map_next(&fold->lineage.incarnations, &at)) {
        uint8_t bytes[4];
        if (!known->unsaved)
            continue;
        tdm_put_be(bytes, known->generation, sizeof bytes);
        tdm_buf_clear(&value);
        tdm_buf_add(&value, bytes, sizeof bytes);
        known->check = save_row(fold, txn, TDM_VIEWS_INCARNATIONS,
                                (tdm_span){ known->key, sizeof known->key }, &value, known->check);
    }
    tdm_buf_free(&value);
}

static tdm_code save(tdm_fold *fold, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code code = tdm_kv_begin(fold->shelf.kv, TDM_KV_READ_WRITE, &txn, err);
    if (code != TDM_OK)
        return code;
    tdm_shelf_save(&fold->shelf, txn);
    tdm_naming_save(fold, txn);
    tdm_feeds_save(fold, txn);
    tdm_tides_save(fold, txn);
    tdm_displaced_save(fold, txn);
    save_cells(fold, txn);
    save_tables(fold, txn);
    save_incarnations(fold, txn);
    tdm_state_save(fold, txn);
    return tdm_kv_commit(&txn, err);
}

static void mark_saved(tdm_fold *fold)
{
    size_t at = 0;
    for (tdm_incarnation *known = tdm_map_next(&fold->lineage.incarnations, &at); known != NULL;
         known = tdm_map_next(&fold->lineage.incarnations, &at))
        known->unsaved = false;
    tdm_naming_saved(fold);
    tdm_feeds_saved(fold);
    tdm_tides_saved(fold);
    fold->displaced_count = 0;
    tdm_cells_saved(&fold->cells);
    tdm_tables_saved(&fold->tables);
    tdm_shelf_saved(&fold->shelf, fold->options.cache_bytes);
    __atomic_store_n(&fold->checkpointed, fold->position, __ATOMIC_RELEASE);
}

tdm_code tdm_fold_checkpoint(tdm_fold *fold, tdm_err *err)
{
    enum { TRIES = 12 };
    TDM_ASSERT(fold->touched_count == 0); /* the position saved covers them */
    if (fold->shelf.kv == NULL)
        return TDM_OK;
    tdm_code code = TDM_FULL;
    uint64_t map_before = 0;
    /* The map grows between transactions: a full one is worth another try while it does. */
    for (int i = 0; i < TRIES && code == TDM_FULL; i++) {
        tdm_kv_stats stats;
        code = save(fold, err);
        if (code != TDM_FULL || tdm_kv_stat(fold->shelf.kv, &stats, err) != TDM_OK
            || stats.map_bytes == map_before)
            break;
        map_before = stats.map_bytes;
    }
    if (code != TDM_OK)
        return code;
    tdm_fold_lock(fold);
    mark_saved(fold);
    tdm_fold_unlock(fold);
    return TDM_OK;
}
