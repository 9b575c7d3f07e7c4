/* SPDX-License-Identifier: MPL-2.0
 *
 * at_rest.c: figures from views that nobody writes meanwhile, as of now or of any moment: what the views hold
 * of it, what they lack, and what they hold beyond it (docs/decisions/0015-figures-at-rest.md).
 *
 * Contributions are exchanged as after any change, in memory alone: each dossier that differs is visited
 * once, and let go of. What later reads a dossier makes it again, from the views, less what is not covered,
 * and what was added (shelf.c).
 */
#include "at_rest.h"
#include "measure_inner.h"

#include <stdlib.h>

enum { SCAN_STEP = 8192 };

/* ---- sets of subjects ---- */

typedef struct noted {
    size_t len;
    uint8_t subject[];
} noted;

static tdm_span noted_key(const void *item)
{
    return (tdm_span){ ((const noted *)item)->subject, ((const noted *)item)->len };
}

static void note(tdm_map *set, tdm_span subject)
{
    if (tdm_map_find(set, subject) != NULL)
        return;
    noted *item = tdm_memory_new(sizeof *item + subject.len);
    item->len = subject.len;
    memcpy(item->subject, subject.data, subject.len);
    tdm_map_add(set, item);
}

/* ---- one opening ---- */

typedef struct opening {
    tdm_fold *fold;
    tdm_ledger *ledger;
    const tdm_frontier *frontier; /* NULL: all */
    uint64_t views;               /* position that the views cover */
    uint64_t last;                /* of the ledger */
    uint64_t begin; /* the first position that is not covered, or that the views lack; none before it */
    tdm_map touched;
    size_t touched_max;
    tdm_map amended; /* with an amendment that is not covered: it may have taken an older one's place */
    bool walks;      /* every dossier is looked at: more are touched than can be named one by one */
    bool judges_all; /* and judged */
    tdm_buf stored;  /* what the dossier visited contributed when it was stored: contribution and tally */
} opening;

static bool is_covered(const opening *o, const tdm_event *event)
{
    return o->frontier == NULL
           || tdm_frontier_covers(o->frontier, &event->origin, event->incarnation, event->sequence);
}

static bool is_amendment(const tdm_event *event)
{
    const tdm_type *type = tdm_type_find(event->type);
    return type != NULL && type->duty == TDM_DUTY_AMENDMENT;
}

static void touch(opening *o, tdm_span subject)
{
    if (!o->walks)
        note(&o->touched, subject);
    if (o->touched.count <= o->touched_max)
        return;
    o->walks = true;
    tdm_map_free(&o->touched, free);
}

/* ---- what the views lack, and what they hold beyond the moment ---- */

static tdm_code sort_out(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    opening *o = context;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code != TDM_OK)
        return code;
    bool covered = is_covered(o, &event);
    if (entry->position <= o->views && covered)
        return TDM_OK;
    if (entry->position > o->views && !covered)
        return TDM_OK;
    touch(o, event.subject);
    if (covered)
        return tdm_fold_file_at_rest(o->fold, entry->position, &event, err);
    o->fold->events--;
    o->fold->unknown_types -= tdm_fold_is_unknown(event.type);
    if (is_amendment(&event))
        note(&o->amended, event.subject);
    return TDM_OK;
}

/* Of amendments a dossier keeps the latest alone: where that one is not covered, earlier ones are brought
 * back from the ledger. */
static tdm_code bring_back(void *context, uint64_t position, tdm_err *err)
{
    opening *o = context;
    tdm_event event;
    tdm_buf bytes = { 0 };
    tdm_code code = tdm_ledger_event_at(o->ledger, position, &bytes, err);
    if (code == TDM_OK)
        code = tdm_event_peek(tdm_buf_span(&bytes), &event, err);
    if (code == TDM_OK && is_covered(o, &event))
        code = tdm_fold_file_at_rest(o->fold, position, &event, err);
    tdm_buf_free(&bytes);
    return code;
}

static tdm_code bring_all_back(opening *o, tdm_err *err)
{
    tdm_code code = TDM_OK;
    size_t at = 0;
    for (const noted *item = tdm_map_next(&o->amended, &at); item != NULL && code == TDM_OK;
         item = tdm_map_next(&o->amended, &at))
        code = tdm_displaced_each(o->fold, noted_key(item), bring_back, o, err);
    return code;
}

static tdm_code scan(opening *o, uint64_t from, uint64_t to, tdm_ledger_visit *visit, tdm_err *err)
{
    tdm_code code = TDM_OK;
    while (code == TDM_OK && from <= to) {
        uint64_t left = to - from + 1;
        code = tdm_ledger_scan(o->ledger, from, left < SCAN_STEP ? (size_t)left : SCAN_STEP, visit, o, &from,
                               err);
    }
    return code == TDM_END ? TDM_OK : code;
}

static tdm_code read_ledger(opening *o, tdm_err *err)
{
    tdm_fold *fold = o->fold;
    tdm_code code = scan(o, o->begin, o->last, sort_out, err);
    int64_t events = fold->events;
    int64_t unknown = fold->unknown_types;
    if (code == TDM_OK)
        code = bring_all_back(o, err);
    fold->events = events;
    fold->unknown_types = unknown;
    fold->position = o->last;
    return code;
}

static uint64_t covered_of(const tdm_frontier *frontier, const tdm_tip *tip)
{
    for (size_t i = 0; i < frontier->count; i++)
        if (frontier->entries[i].incarnation == tip->incarnation
            && tdm_id_equal(&frontier->entries[i].origin, &tip->origin))
            return frontier->entries[i].sequence < tip->last ? frontier->entries[i].sequence : tip->last;
    return 0;
}

static tdm_code bound_by(opening *o, const tdm_tip *tip, tdm_err *err)
{
    uint64_t covered = covered_of(o->frontier, tip);
    uint64_t at = 0;
    tdm_code code = TDM_OK;
    if (covered < tip->last)
        code = tdm_ledger_event_find(o->ledger, &tip->origin, tip->incarnation, covered + 1, &at, err);
    if (code == TDM_OK && covered < tip->last && at < o->begin)
        o->begin = at;
    return code;
}

/* Where whole logs are held alone (at a hub), their order tells where to begin. A node holds
 * others' events as they came, one by one. */
static tdm_code set_bounds(opening *o, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    o->begin = o->views + 1;
    if (o->frontier == NULL)
        return TDM_OK;
    if (!o->fold->options.with_feeds) {
        o->begin = 1;
        return TDM_OK;
    }
    tdm_code code = tdm_ledger_tips(o->ledger, &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++)
        code = bound_by(o, &tips[i], err);
    free(tips);
    return code;
}

/* ---- the registry of the moment ---- */

static void forget_incarnations(opening *o)
{
    tdm_map kept = o->fold->lineage.incarnations;
    size_t at = 0;
    tdm_map all = kept;
    tdm_map_init(&kept, all.key);
    for (tdm_incarnation *known = tdm_map_next(&all, &at); known != NULL; known = tdm_map_next(&all, &at)) {
        tdm_id origin;
        memcpy(origin.bytes, known->key, TDM_ID_BYTES);
        if (o->frontier == NULL
            || tdm_frontier_covers(o->frontier, &origin, tdm_get_be(known->key + TDM_ID_BYTES, 8), 1))
            tdm_map_add(&kept, known);
        else
            free(known);
    }
    tdm_map_free(&all, NULL);
    o->fold->lineage.incarnations = kept;
}

static tdm_code work_of(opening *o, const tdm_registry *old, tdm_err *err)
{
    tdm_fold *fold = o->fold;
    tdm_registry_changes changes;
    tdm_subjects found = { 0 };
    tdm_arena arena = { 0 };
    tdm_code code = TDM_OK;
    tdm_registry_compare(old, fold->registry, &changes);
    o->judges_all = o->judges_all || changes.everything;
    for (size_t i = 0; i < changes.subjects.count; i++)
        note(&o->touched, changes.subjects.items[i]);
    for (size_t i = 0; i < changes.codes.count && code == TDM_OK && !o->judges_all; i++) {
        code = tdm_naming_subjects(fold, changes.codes.items[i], &found, &arena, err);
        for (size_t s = 0; s < found.count; s++)
            note(&o->touched, found.items[s]);
        tdm_arena_free(&arena);
    }
    tdm_subjects_free(&found);
    tdm_registry_changes_free(&changes);
    o->walks = o->walks || o->judges_all;
    return code;
}

static tdm_code renew_registry(opening *o, tdm_err *err)
{
    tdm_fold *fold = o->fold;
    tdm_registry *old = fold->registry;
    tdm_code code = tdm_tides_close(fold, old, err); /* as the views judged */
    forget_incarnations(o);
    tdm_shelf_set_moment(&fold->shelf, o->frontier);
    if (code == TDM_OK)
        code = tdm_shelf_renew_residents(&fold->shelf, err);
    if (code != TDM_OK)
        return code;
    fold->registry = tdm_registry_new(!fold->options.has_authority);
    fold->countable.registry = NULL;
    fold->tides.changed = true;
    fold->closings_read = true;
    if (fold->options.has_authority) {
        tdm_registry_read(fold->registry, &fold->lineage, &fold->options.authority, fold->shelf.residents,
                          fold->shelf.resident_count);
        code = tdm_tides_close(fold, fold->registry, err);
    }
    if (code == TDM_OK)
        code = work_of(o, old, err);
    tdm_registry_free(old);
    return code;
}

/* ---- each dossier once ---- */

/* Of the view judged last, into fold->encoded: the contribution, and behind it the tally. */
static size_t encode_view(tdm_fold *fold)
{
    tdm_unit_view_contribute(&fold->view, &fold->contribution);
    tdm_contribution_encode(&fold->contribution, &fold->encoded);
    size_t split = fold->encoded.len;
    tdm_tally_clear(&fold->tally);
    if (!fold->options.level_only)
        tdm_measures_tally(&fold->view, &fold->tally);
    tdm_tally_encode(&fold->tally, &fold->encoded);
    TDM_ASSERT(!fold->encoded.failed);
    return split;
}

/* What the first subject of a class contributes is for the whole of it. */
static tdm_code contribution_of(tdm_fold *fold, tdm_span subject, size_t *split, tdm_err *err)
{
    tdm_class_look look;
    tdm_buf_clear(&fold->encoded);
    *split = 0;
    tdm_code code = tdm_fold_view(fold, subject, &look, err);
    if (code == TDM_OK && look.count > 0 && tdm_span_equal(tdm_dossier_subject(look.dossiers[0]), subject))
        *split = encode_view(fold);
    tdm_fold_view_done(fold, &look);
    return code;
}

static tdm_span part_of(const tdm_buf *encoded, size_t from, size_t to)
{
    return from == to ? (tdm_span){ NULL, 0 } : (tdm_span){ encoded->data + from, to - from };
}

static void exchange(tdm_fold *fold, const tdm_buf *stored, size_t stored_split, tdm_found_groups *groups,
                     size_t split)
{
    tdm_span before = part_of(stored, 0, stored_split);
    tdm_span after = part_of(&fold->encoded, 0, split);
    if (!tdm_span_equal(before, after))
        tdm_contribution_replace(before, after, groups, &fold->cells);
    before = part_of(stored, stored_split, stored->len);
    after = part_of(&fold->encoded, split, fold->encoded.len);
    if (!fold->options.level_only && !tdm_span_equal(before, after))
        fold->exchanged += tdm_tables_replace(&fold->tables, before, after);
}

/* The dossier as it is stored is at hand, and is a class of its own: it is taken to the moment and judged. */
static void judge_alone(tdm_fold *fold, tdm_dossier **dossier, size_t *split)
{
    tdm_buf_clear(&fold->encoded);
    *split = 0;
    tdm_shelf_take_to_moment(&fold->shelf, dossier);
    if (*dossier == NULL)
        return;
    fold->view.registry = fold->registry;
    fold->view.lineage = &fold->lineage;
    fold->view.authority = fold->options.has_authority ? &fold->options.authority : NULL;
    tdm_unit_view_read(&fold->view, dossier, 1);
    *split = encode_view(fold);
}

/* stored: as the views hold it; *stored NULL: not at all. It is the caller's, who frees what is left. */
static tdm_code visit(opening *o, tdm_span subject, tdm_dossier **stored, tdm_err *err)
{
    tdm_fold *fold = o->fold;
    tdm_found_groups groups = { 0 };
    tdm_code code = TDM_OK;
    size_t stored_split = 0;
    size_t split = 0;
    tdm_buf_clear(&o->stored);
    if (*stored != NULL) {
        tdm_span part = tdm_dossier_contribution(*stored);
        tdm_buf_add(&o->stored, part.data, part.len);
        stored_split = part.len;
        part = tdm_dossier_tally(*stored);
        tdm_buf_add(&o->stored, part.data, part.len);
        TDM_ASSERT(!o->stored.failed);
    }
    if (*stored != NULL && !(*stored)->resident && !tdm_registry_is_matched(fold->registry, subject))
        judge_alone(fold, stored, &split);
    else
        code = contribution_of(fold, subject, &split, err);
    if (code == TDM_OK)
        exchange(fold, &o->stored, stored_split, &groups, split);
    return code;
}

static bool must_visit(const opening *o, const tdm_registry *registry, const tdm_dossier *stored)
{
    tdm_span subject = tdm_dossier_subject(stored);
    const tdm_shelf *shelf = &o->fold->shelf;
    return o->judges_all || tdm_map_find(&o->touched, subject) != NULL
           || tdm_map_find(&shelf->added, subject) != NULL || tdm_registry_is_matched(registry, subject)
           || (o->frontier != NULL && !tdm_dossier_is_covered(stored, o->frontier));
}

static tdm_code visit_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)check;
    opening *o = context;
    tdm_dossier *stored;
    tdm_code code = tdm_dossier_decode(key, value, &stored, err);
    if (code != TDM_OK)
        return code;
    if (must_visit(o, o->fold->registry, stored))
        code = visit(o, key, &stored, err);
    tdm_dossier_free(stored);
    return code;
}

static tdm_code visit_named(opening *o, tdm_span subject, bool only_new, tdm_err *err)
{
    tdm_dossier *stored = NULL;
    tdm_code code = tdm_shelf_stored(&o->fold->shelf, subject, &stored, err);
    if (code == TDM_OK && !(only_new && stored != NULL))
        code = visit(o, subject, &stored, err);
    tdm_dossier_free(stored);
    return code;
}

static tdm_code walk_all(opening *o, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_shelf *shelf = &o->fold->shelf;
    tdm_code code = tdm_shelf_reader(shelf, &txn, err);
    if (code == TDM_OK)
        code = tdm_views_each(txn, TDM_VIEWS_DOSSIERS, (tdm_span){ NULL, 0 }, visit_row, o, err);
    for (size_t i = 0; i < shelf->fresh_count && code == TDM_OK; i++)
        code = visit_named(o, tdm_dossier_subject(shelf->fresh[i]), true, err);
    return code;
}

/* A class is judged as one: whoever is tied to what was touched goes with it. */
static void add_classes(opening *o, tdm_subjects *out)
{
    tdm_subjects class = { 0 };
    size_t at = 0;
    for (const noted *item = tdm_map_next(&o->touched, &at); item != NULL;
         item = tdm_map_next(&o->touched, &at)) {
        tdm_registry_class(o->fold->registry, noted_key(item), &class);
        for (size_t i = 0; i < class.count; i++)
            tdm_subjects_add(out, class.items[i]);
    }
    tdm_subjects_free(&class);
    tdm_subjects_sort(out); /* repeats dropped; near ones are near in the views, too */
}

static tdm_code visit_touched(opening *o, tdm_err *err)
{
    tdm_subjects all = { 0 };
    tdm_code code = TDM_OK;
    add_classes(o, &all);
    for (size_t i = 0; i < all.count && code == TDM_OK; i++)
        code = visit_named(o, all.items[i], false, err);
    tdm_subjects_free(&all);
    return code;
}

static tdm_code to_the_moment(opening *o, tdm_err *err)
{
    tdm_fold *fold = o->fold;
    tdm_kv_stats stats;
    tdm_code code = tdm_shelf_trust(&fold->shelf, err);
    if (code == TDM_OK)
        code = tdm_kv_stat(fold->shelf.kv, &stats, err);
    if (code != TDM_OK)
        return code;
    o->touched_max = (size_t)stats.entries[TDM_VIEWS_DOSSIERS] / 4;
    o->judges_all = fold->everything;
    fold->everything = false;
    code = read_ledger(o, err);
    o->judges_all = o->judges_all || fold->everything; /* a generation was learnt */
    fold->everything = false;
    tdm_buf_clear(&fold->cursor);
    if (code == TDM_OK)
        code = renew_registry(o, err);
    if (code == TDM_OK)
        code = o->walks || o->judges_all ? walk_all(o, err) : visit_touched(o, err);
    fold->shelf.changed = true;
    return code;
}

tdm_code tdm_fold_check_log(tdm_fold *fold, tdm_ledger *ledger, tdm_err *err)
{
    tdm_buf bytes = { 0 };
    uint64_t last = 0;
    uint64_t at = tdm_fold_checkpointed(fold);
    tdm_code code = tdm_ledger_last_position(ledger, &last, err);
    if (code != TDM_OK || at == 0)
        return code;
    if (at > last)
        return tdm_fail(err, TDM_DIFFERS, 0, "they go on after the end of this log");
    code = tdm_ledger_event_at(ledger, at, &bytes, err);
    bool same = tdm_bytes_check(0, (tdm_span){ NULL, 0 }, tdm_buf_span(&bytes)) == fold->last_check;
    tdm_buf_free(&bytes);
    return code == TDM_OK && !same ? tdm_fail(err, TDM_DIFFERS, 0, "they are of another log") : code;
}

static tdm_code open_at(opening *o, tdm_err *err)
{
    tdm_code code = tdm_fold_check_log(o->fold, o->ledger, err);
    if (code == TDM_OK)
        code = tdm_ledger_last_position(o->ledger, &o->last, err);
    if (code == TDM_OK)
        code = set_bounds(o, err);
    if (code == TDM_OK && (o->begin <= o->last || o->fold->everything))
        code = to_the_moment(o, err);
    return code;
}

tdm_code tdm_fold_at_rest(tdm_fold **out, tdm_ledger *ledger, tdm_kv **views, const tdm_fold *lender,
                          const tdm_fold_options *options, const tdm_frontier *frontier, tdm_err *err)
{
    tdm_fold_options own = *options;
    tdm_kv *lent = lender == NULL ? NULL : lender->shelf.kv;
    own.at_rest = true;
    own.lender = lender;
    tdm_code code = tdm_fold_open(out, lender == NULL ? views : &lent, &own, err);
    if (code != TDM_OK)
        return code;
    opening o = { .fold = *out, .ledger = ledger, .frontier = frontier, .views = tdm_fold_position(*out) };
    tdm_map_init(&o.touched, noted_key);
    tdm_map_init(&o.amended, noted_key);
    tdm_fold_lock(*out);
    code = open_at(&o, err);
    tdm_fold_unlock(*out);
    tdm_map_free(&o.touched, free);
    tdm_map_free(&o.amended, free);
    tdm_buf_free(&o.stored);
    if (code != TDM_OK)
        tdm_fold_close(out);
    return code;
}

tdm_code tdm_rest_look(tdm_fold *fold, tdm_span subject, tdm_dossier **out, bool *owned, tdm_err *err)
{
    size_t split;
    tdm_code code = tdm_shelf_look(&fold->shelf, subject, out, owned, err);
    if (code != TDM_OK || *out == NULL || !fold->shelf.changed)
        return code;
    code = contribution_of(fold, subject, &split, err);
    if (code == TDM_OK) {
        tdm_dossier_contribute(*out, part_of(&fold->encoded, 0, split));
        tdm_dossier_set_tally(*out, part_of(&fold->encoded, split, fold->encoded.len));
    } else if (*owned) {
        tdm_dossier_free(*out);
        *owned = false;
    }
    return code;
}
