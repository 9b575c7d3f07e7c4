/* SPDX-License-Identifier: MPL-2.0
 *
 * feed.c: what a partner's node is sent of others' facts, as numbered positions per recipient
 * (docs/figures.md section 7). Everything here goes event by event in the ledger's order, so that a rebuild
 * of the views gives the same numbers whatever the batches were.
 */
#include "feed_inner.h"

#include <stdlib.h>

static tdm_span speakers_key(const void *item)
{
    return (tdm_span){ (const uint8_t *)((const speakers *)item)->code.text, 16 };
}

static void release_speakers(void *item)
{
    free(((speakers *)item)->items);
    free(((speakers *)item)->turns);
    free(item);
}

void tdm_feeds_init(tdm_fold *fold)
{
    tdm_feed_rows_init(fold);
    tdm_map_init(&fold->speakers, speakers_key);
}

void tdm_feeds_free(tdm_fold *fold)
{
    tdm_feed_rows_free(fold);
    tdm_map_free(&fold->speakers, release_speakers);
}

/* ---- which slots go out ---- */

/* Counts of people and what a unit is for are between the lead and the hub. */
static bool is_private(uint32_t number)
{
    const tdm_type *type = tdm_type_find(number);
    return number == TDM_TYPE_ATTENDANCE || number == TDM_TYPE_UNIT_PARTICIPANTS
           || (type != NULL && type->duty == TDM_DUTY_DETAIL);
}

/* An amendment goes out once its target is known to be none of the private kinds. */
static bool goes_out(const tdm_dossier *dossier, tdm_slot slot)
{
    if (tdm_slot_role(slot) == TDM_ROLE_UNKNOWN)
        return true;
    if (tdm_slot_role(slot) == TDM_ROLE_BASE)
        return !is_private(tdm_slot_type(slot));
    if (is_private(tdm_slot_target_type(slot)))
        return false;
    bool held = false;
    for (tdm_slot at = tdm_dossier_find(dossier, tdm_slot_target(slot), tdm_slot_fact(slot));
         at != NULL && tdm_slot_same_fact(at, slot) && tdm_slot_role(at) == TDM_ROLE_BASE;
         at = tdm_dossier_next(dossier, at)) {
        if (is_private(tdm_slot_type(at)))
            return false;
        held = true;
    }
    return held;
}

/* Their own events the recipients have; the authority's whole log reaches every node anyway. */
static bool is_for(const tdm_fold *fold, const tdm_dossier *dossier, tdm_slot slot, const tdm_id *recipient)
{
    const tdm_id *author = tdm_slot_author(slot);
    return !tdm_id_equal(author, recipient) && !tdm_id_equal(author, &fold->options.authority)
           && goes_out(dossier, slot);
}

static int compare_positions(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x == *y ? 0 : *x < *y ? -1 : 1;
}

static void send(tdm_fold *fold, const tdm_id *recipient, uint64_t position)
{
    if (fold->replay != NULL)
        tdm_replay_send(fold->replay, recipient, position);
    else
        tdm_feed_append(fold, recipient, position);
}

/* Slots of the dossier (of one fact, if `of` is given) in order of position. */
static void send_slots(tdm_fold *fold, const tdm_dossier *dossier, const tdm_slot_parts *of,
                       const tdm_id *recipient)
{
    uint64_t *positions = NULL;
    size_t capacity = 0;
    size_t count = 0;
    for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = tdm_dossier_next(dossier, at)) {
        if (of != NULL
            && (!tdm_id_equal(tdm_slot_fact(at), &of->fact) || !tdm_id_equal(tdm_slot_target(at), &of->target)
                || (tdm_slot_role(at) == TDM_ROLE_BASE && tdm_slot_position(at) != of->position)))
            continue;
        if (!is_for(fold, dossier, at, recipient))
            continue;
        positions = tdm_memory_grow(positions, &capacity, count + 1, sizeof *positions);
        positions[count++] = tdm_slot_position(at);
    }
    if (count > 1)
        qsort(positions, count, sizeof *positions, compare_positions);
    for (size_t i = 0; i < count; i++)
        send(fold, recipient, positions[i]);
    free(positions);
}

/* ---- who follows ---- */

static const speakers *speakers_of(const tdm_fold *fold, const tdm_org_code *code)
{
    return tdm_map_find(&fold->speakers, (tdm_span){ (const uint8_t *)code->text, 16 });
}

static bool speaks(const tdm_fold *fold, const speaker *item)
{
    uint64_t moment = fold->replay == NULL ? 0 : tdm_replay_moment(fold->replay);
    return item->facts > 0 && item->from <= moment && moment < item->until;
}

/* Of the codes that the dossier names in fields: begin with *at = 0; NULL at the end. */
static const speakers *next_speakers(const tdm_fold *fold, const tdm_dossier *dossier, size_t *at)
{
    if (fold->replay != NULL)
        return tdm_replay_speakers(fold->replay, at);
    const speakers *found = NULL;
    for (tdm_span name = tdm_dossier_next_name(dossier, at); found == NULL && name.len > 0;) {
        tdm_org_code code = tdm_org_code_of(name);
        found = speakers_of(fold, &code);
        if (found == NULL)
            name = tdm_dossier_next_name(dossier, at);
    }
    return found;
}

static bool speaks_for_any(const tdm_fold *fold, const tdm_dossier *dossier, const tdm_id *origin)
{
    size_t at = 0;
    for (const speakers *found = next_speakers(fold, dossier, &at); found != NULL;
         found = next_speakers(fold, dossier, &at)) {
        for (size_t i = 0; i < found->count; i++) {
            if (speaks(fold, &found->items[i]) && tdm_id_equal(&found->items[i].origin, origin))
                return true;
        }
    }
    return false;
}

static void follow(tdm_fold *fold, tdm_dossier *dossier, const tdm_id *recipient)
{
    size_t before = tdm_shelf_change(&fold->shelf, dossier);
    tdm_dossier_follow(dossier, recipient);
    tdm_shelf_changed(&fold->shelf, dossier, before);
    send_slots(fold, dossier, NULL, recipient);
}

void tdm_feed_turn(tdm_fold *fold, tdm_dossier *dossier, const tdm_id *origin, bool begins)
{
    if (!tdm_dossier_is_unit(dossier))
        return;
    bool follows = tdm_dossier_is_followed(dossier, origin);
    if (begins && !follows) {
        follow(fold, dossier, origin);
    } else if (!begins && follows && !speaks_for_any(fold, dossier, origin)) {
        size_t before = tdm_shelf_change(&fold->shelf, dossier);
        tdm_dossier_unfollow(dossier, origin);
        tdm_shelf_changed(&fold->shelf, dossier, before);
    }
}

/* An origin began or ceased to represent a code: its dossiers in order of subject. */
static tdm_code follow_all(tdm_fold *fold, const tdm_org_code *code, const tdm_id *origin, bool begins,
                           tdm_err *err)
{
    tdm_subjects subjects = { 0 };
    tdm_arena arena = { 0 };
    tdm_code result = tdm_naming_subjects(fold, tdm_org_code_span(code), &subjects, &arena, err);
    for (size_t i = 0; i < subjects.count && result == TDM_OK; i++) {
        tdm_dossier *dossier;
        result = tdm_shelf_get(&fold->shelf, subjects.items[i], false, &dossier, err);
        if (result == TDM_OK && dossier != NULL)
            tdm_feed_turn(fold, dossier, origin, begins);
    }
    tdm_subjects_free(&subjects);
    tdm_arena_free(&arena);
    return result;
}

speakers *tdm_feed_speakers(tdm_fold *fold, const tdm_org_code *code)
{
    speakers *found = (speakers *)speakers_of(fold, code);
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        found->code = *code;
        tdm_map_add(&fold->speakers, found);
    }
    return found;
}

/* Count a represents fact in or out; true if that changes whether the origin speaks for the code. */
static bool count_speaker(tdm_fold *fold, const tdm_org_code *code, const tdm_id *origin, int by)
{
    speakers *found = tdm_feed_speakers(fold, code);
    size_t at = 0;
    while (at < found->count && !tdm_id_equal(&found->items[at].origin, origin))
        at++;
    if (at == found->count) {
        found->items =
            tdm_memory_grow(found->items, &found->capacity, found->count + 1, sizeof *found->items);
        found->items[found->count++] = (speaker){ .origin = *origin, .until = UINT64_MAX };
    }
    bool spoke = found->items[at].facts > 0;
    found->items[at].facts += by;
    return spoke != (found->items[at].facts > 0);
}

/* ---- one event ---- */

/* What a fact of the authority says about representation now. Amended by the authority alone here: who
 * succeeds whom may be learnt later, and a feed never goes back. */
bool tdm_feed_read_represents(const tdm_fold *fold, const tdm_dossier *dossier, const tdm_id *fact,
                              tdm_feed_change *out)
{
    tdm_lineage plain = fold->lineage;
    tdm_standing standing;
    tdm_record record;
    tdm_slot next;
    plain.successors = (tdm_map){ .key = plain.successors.key };
    tdm_slot first = tdm_dossier_find(dossier, &fold->options.authority, fact);
    if (first == NULL)
        return false;
    tdm_standing_read(dossier, first, &plain, &standing, &next);
    if (!standing.visible || tdm_slot_type(standing.base) != TDM_TYPE_REPRESENTS
        || tdm_record_decode(TDM_TYPE_REPRESENTS, tdm_standing_payload(&standing), &record, NULL) != TDM_OK)
        return false;
    out->origin = tdm_value_id(&record.values[TDM_REPRESENTS_ORIGIN]);
    out->code = tdm_org_code_of(record.values[TDM_REPRESENTS_ORGANISATION].bytes);
    return true;
}

void tdm_feed_before(tdm_fold *fold, const tdm_dossier *dossier, const tdm_slot_parts *parts,
                     tdm_feed_change *out)
{
    out->watched = fold->replay == NULL && fold->options.with_feeds && fold->options.has_authority
                   && tdm_id_equal(&parts->target, &fold->options.authority);
    out->had = out->watched && tdm_feed_read_represents(fold, dossier, &parts->fact, out);
}

static tdm_code change_speakers(tdm_fold *fold, const tdm_dossier *dossier, const tdm_slot_parts *parts,
                                const tdm_feed_change *before, tdm_err *err)
{
    tdm_feed_change now = { 0 };
    bool has = tdm_feed_read_represents(fold, dossier, &parts->fact, &now);
    tdm_code code = TDM_OK;
    if (has && count_speaker(fold, &now.code, &now.origin, 1))
        code = follow_all(fold, &now.code, &now.origin, true, err);
    if (code == TDM_OK && before->had && count_speaker(fold, &before->code, &before->origin, -1))
        code = follow_all(fold, &before->code, &before->origin, false, err);
    return code;
}

static void send_event(tdm_fold *fold, tdm_dossier *dossier, const tdm_slot_parts *parts,
                       const tdm_id *recipient)
{
    if (!tdm_dossier_is_followed(dossier, recipient)) {
        follow(fold, dossier, recipient);
        return;
    }
    /* A base lets the amendments go out that waited for it; any other event goes alone. */
    size_t bases = 0;
    tdm_slot own = NULL;
    for (tdm_slot at = tdm_dossier_find(dossier, &parts->target, &parts->fact);
         at != NULL && tdm_id_equal(tdm_slot_fact(at), &parts->fact)
         && tdm_id_equal(tdm_slot_target(at), &parts->target);
         at = tdm_dossier_next(dossier, at)) {
        bases += tdm_slot_role(at) == TDM_ROLE_BASE;
        if (tdm_slot_position(at) == parts->position)
            own = at;
    }
    if (parts->role == TDM_ROLE_BASE && bases == 1)
        send_slots(fold, dossier, parts, recipient);
    else if (own != NULL && is_for(fold, dossier, own, recipient))
        send(fold, recipient, parts->position);
}

/* The next recipient of the dossier in order of id after `last`; false at the end. */
static bool next_recipient(const tdm_fold *fold, const tdm_dossier *dossier, const tdm_id *last, tdm_id *out)
{
    bool any = false;
    size_t at = 0;
    for (const speakers *found = next_speakers(fold, dossier, &at); found != NULL;
         found = next_speakers(fold, dossier, &at)) {
        for (size_t i = 0; i < found->count; i++) {
            const tdm_id *origin = &found->items[i].origin;
            if (!speaks(fold, &found->items[i]) || (last != NULL && tdm_id_compare(origin, last) <= 0)
                || (any && tdm_id_compare(origin, out) >= 0))
                continue;
            *out = *origin;
            any = true;
        }
    }
    return any;
}

tdm_code tdm_feed_after(tdm_fold *fold, tdm_dossier *dossier, const tdm_slot_parts *parts,
                        const tdm_feed_change *before, tdm_err *err)
{
    if (!fold->options.with_feeds)
        return TDM_OK;
    if (tdm_dossier_is_unit(dossier)) {
        tdm_id recipient;
        const tdm_id *last = NULL;
        tdm_id kept;
        while (next_recipient(fold, dossier, last, &recipient)) {
            send_event(fold, dossier, parts, &recipient);
            kept = recipient;
            last = &kept;
        }
    }
    return before->watched ? change_speakers(fold, dossier, parts, before, err) : TDM_OK;
}

/* ---- begin ---- */

/* Who speaks for whom is read off the registry's dossiers again. */
static void load_speakers(tdm_fold *fold)
{
    for (size_t i = 0; i < fold->shelf.resident_count; i++) {
        const tdm_dossier *dossier = fold->shelf.residents[i];
        tdm_slot before = NULL;
        for (tdm_slot at = tdm_dossier_next(dossier, NULL); at != NULL; at = tdm_dossier_next(dossier, at)) {
            tdm_feed_change stated;
            bool first = before == NULL || !tdm_slot_same_fact(before, at);
            before = at;
            if (first && tdm_id_equal(tdm_slot_target(at), &fold->options.authority)
                && tdm_feed_read_represents(fold, dossier, tdm_slot_fact(at), &stated))
                count_speaker(fold, &stated.code, &stated.origin, 1);
        }
    }
}

tdm_code tdm_feeds_load(tdm_fold *fold, tdm_err *err)
{
    tdm_kv_txn *txn;
    if (!fold->options.with_feeds)
        return TDM_OK;
    load_speakers(fold);
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    return tdm_feed_rows_load(fold, txn, err);
}
