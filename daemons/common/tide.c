/* SPDX-License-Identifier: MPL-2.0
 *
 * tide.c: stating tides: the difference between what is durable now and what the tides so far name.
 *
 * What the tides so far name is not gathered from them, for there are many: local state keeps the ledger
 * position that the last one covered, and a log that moved since has its tip behind that. Kept after the tide
 * itself, so that a crash between the two makes the next tide name some logs once more, and never one less.
 */
#include "tide.h"

#include "tandem/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 120 /* of one tide event: schema.def */

static const char STATED_NAME[] = "tide/stated";
#define STATED_BYTES 16

/* What the last tide covered: local state, two big-endian numbers. */
typedef struct tide_stated {
    uint64_t position; /* of the ledger */
    uint64_t sequence; /* the last tide's own; 0: none yet */
} tide_stated;

typedef struct tide_change {
    tdm_tip *tips; /* changed ones */
    size_t count;
    uint64_t position; /* the ledger's, as the tips tell it */
    bool foreign;      /* something other than our own tides */
} tide_change;

static tdm_code stated_read(tdm_core *core, tide_stated *out, tdm_err *err)
{
    tdm_buf value = { 0 };
    *out = (tide_stated){ 0 };
    tdm_code code = tdm_core_local_get(core, STATED_NAME, &value, err);
    if (code == TDM_OK && value.len == STATED_BYTES)
        for (int i = 0; i < 8; i++) {
            out->position = out->position << 8 | value.data[i];
            out->sequence = out->sequence << 8 | value.data[8 + i];
        }
    tdm_buf_free(&value);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

static tdm_code stated_keep(tdm_core *core, const tide_stated *stated, tdm_err *err)
{
    uint8_t bytes[STATED_BYTES];
    tdm_incarnation_bytes(stated->position, bytes);
    tdm_incarnation_bytes(stated->sequence, bytes + 8);
    return tdm_core_local_put(core, STATED_NAME, (tdm_span){ bytes, sizeof bytes }, err);
}

/* The tips that moved since the last tide. Our own log always moves by that tide itself. */
static tdm_code read_change(tdm_core *core, const tide_stated *before, tide_change *change, tdm_err *err)
{
    tdm_code code = tdm_ledger_tips(tdm_core_ledger(core), &change->tips, &change->count, err);
    size_t kept = 0;
    for (size_t i = 0; code == TDM_OK && i < change->count; i++) {
        const tdm_tip *tip = &change->tips[i];
        bool own = tdm_id_equal(&tip->origin, tdm_core_origin(core))
                   && tip->incarnation == tdm_core_incarnation(core);
        if (tip->last_position > change->position)
            change->position = tip->last_position;
        if (own ? tip->last <= before->sequence : tip->last_position <= before->position)
            continue;
        change->foreign = true;
        change->tips[kept++] = *tip;
    }
    change->count = kept;
    return code;
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

static tdm_code state_since(tdm_core *core, int64_t now_ms, bool always, tide_stated *last, tdm_err *err)
{
    tide_change change = { 0 };
    tdm_stated stated;
    tdm_code code = read_change(core, last, &change, err);
    if (code == TDM_OK)
        code = !change.foreign && !always ? TDM_EXISTS : state_change(core, &change, now_ms, &stated, err);
    if (code == TDM_OK) {
        *last = (tide_stated){ change.position, stated.last };
        code = stated_keep(core, last, err);
    }
    free(change.tips);
    return code;
}

tdm_code tdm_tide_state(tdm_core *core, int64_t now_ms, bool always, uint64_t *incarnation,
                        uint64_t *sequence, tdm_err *err)
{
    tide_stated last;
    tdm_code code = stated_read(core, &last, err);
    if (code == TDM_OK)
        code = state_since(core, now_ms, always, &last, err);
    *incarnation = tdm_core_incarnation(core);
    *sequence = last.sequence;
    return code;
}
