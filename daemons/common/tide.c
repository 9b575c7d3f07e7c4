/* SPDX-License-Identifier: MPL-2.0
 *
 * tide.c: stating tides: the difference between what is durable now and what the tides so far name.
 */
#include "tide.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 120 /* of one tide event: schema.def */

typedef struct tide_change {
    tdm_tip *tips; /* changed ones */
    size_t count;
    bool foreign; /* something other than our own tides */
} tide_change;

static bool frontier_sequence(const tdm_frontier *frontier, const tdm_tip *tip, uint64_t *sequence)
{
    for (size_t i = 0; i < frontier->count; i++)
        if (tdm_id_equal(&frontier->entries[i].origin, &tip->origin)
            && frontier->entries[i].incarnation == tip->incarnation) {
            *sequence = frontier->entries[i].sequence;
            return true;
        }
    return false;
}

/* Keep of the tips those that moved since `before`. Our own log always moves by the last tide itself. */
static void keep_changed(tdm_core *core, const tdm_frontier *before, uint64_t own_until, tide_change *change)
{
    size_t kept = 0;
    for (size_t i = 0; i < change->count; i++) {
        uint64_t known = 0;
        const tdm_tip *tip = &change->tips[i];
        bool own = tdm_id_equal(&tip->origin, tdm_core_origin(core))
                   && tip->incarnation == tdm_core_incarnation(core);
        bool stated = frontier_sequence(before, tip, &known);
        if (own)
            known = own_until;
        if (stated && known == tip->last)
            continue;
        change->foreign = change->foreign || !own || tip->last > own_until;
        change->tips[kept++] = change->tips[i];
    }
    change->count = kept;
}

static void pack_entry(tdm_buf *out, const tdm_tip *tip)
{
    uint8_t incarnation[8];
    tdm_incarnation_bytes(tip->incarnation, incarnation);
    tdm_pack_map(out, 4);
    tdm_pack_uint(out, TDM_FRONTIER_ENTRY_ORIGIN);
    tdm_pack_bin(out, tip->origin.bytes, TDM_ID_BYTES);
    tdm_pack_uint(out, TDM_FRONTIER_ENTRY_INCARNATION);
    tdm_pack_bin(out, incarnation, sizeof incarnation);
    tdm_pack_uint(out, TDM_FRONTIER_ENTRY_SEQUENCE);
    tdm_pack_uint(out, tip->last);
    tdm_pack_uint(out, TDM_FRONTIER_ENTRY_HEAD);
    tdm_pack_bin(out, tip->head.bytes, TDM_DIGEST_BYTES);
}

/* The fact id of a tide event: its time and part, so that each is a fact of its own. */
static tdm_id tide_fact(int64_t now_ms, uint64_t last_position, size_t part)
{
    char text[80];
    snprintf(text, sizeof text, "%lld/%llu/%zu", (long long)now_ms, (unsigned long long)last_position, part);
    const char *words[] = { "tide", text };
    return tdm_fact_named(words, 2);
}

static tdm_code add_part(tdm_drafts *drafts, const tdm_tip *tips, size_t count, bool more, int64_t now_ms,
                         const tdm_id *fact, tdm_err *err)
{
    tdm_buf entries = { 0 };
    tdm_pack_array(&entries, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        pack_entry(&entries, &tips[i]);
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_TIDE);
    tdm_record_set_number(&record, TDM_TIDE_TIME, now_ms);
    tdm_record_set_bytes(&record, TDM_TIDE_ENTRIES, tdm_buf_span(&entries));
    if (more)
        tdm_record_set_number(&record, TDM_TIDE_MORE, 1);
    tdm_code code = tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, TDM_SPAN_LITERAL("tide"), fact,
                                   tdm_date_in_london(now_ms), &record, err);
    tdm_buf_free(&entries);
    return code;
}

static tdm_code state_change(tdm_core *core, const tide_change *change, int64_t now_ms, tdm_stated *stated,
                             tdm_err *err)
{
    tdm_drafts *drafts = tdm_drafts_new();
    if (drafts == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a tide");
    uint64_t position = 0;
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(core), &position, err);
    size_t done = 0;
    do {
        size_t part = change->count - done < ENTRIES_MAX ? change->count - done : ENTRIES_MAX;
        tdm_id fact = tide_fact(now_ms, position, done);
        if (code == TDM_OK)
            code =
                add_part(drafts, change->tips + done, part, done + part < change->count, now_ms, &fact, err);
        done += part;
    } while (code == TDM_OK && done < change->count);
    if (code == TDM_OK)
        code = tdm_core_state_drafts(core, drafts, stated, err);
    tdm_drafts_free(&drafts);
    return code;
}

/* The last tide's own name: the hub's last sequence its frontier covers. */
static uint64_t own_sequence(tdm_core *core, const tdm_frontier *frontier)
{
    tdm_tip own = { .origin = *tdm_core_origin(core), .incarnation = tdm_core_incarnation(core) };
    uint64_t sequence = 0;
    frontier_sequence(frontier, &own, &sequence);
    return sequence;
}

tdm_code tdm_tide_state(tdm_core *core, int64_t now_ms, bool always, uint64_t *incarnation,
                        uint64_t *sequence, tdm_err *err)
{
    tdm_frontier before = { 0 };
    tide_change change = { 0 };
    tdm_code code =
        tdm_frontier_at_time(tdm_core_ledger(core), tdm_core_origin(core), INT64_MAX, &before, err);
    if (code == TDM_OK || code == TDM_NOT_FOUND)
        code = tdm_ledger_tips(tdm_core_ledger(core), &change.tips, &change.count, err);
    if (code == TDM_OK) {
        *incarnation = tdm_core_incarnation(core);
        *sequence = own_sequence(core, &before);
        keep_changed(core, &before, *sequence, &change);
        tdm_stated stated;
        code = !change.foreign && !always ? TDM_EXISTS : state_change(core, &change, now_ms, &stated, err);
        if (code == TDM_OK)
            *sequence = stated.last;
    }
    tdm_frontier_free(&before);
    free(change.tips);
    return code;
}
