/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_verify_runs.c: runs proven while their events go by in order of position, so that each event is read
 * once: sound, of the run's name, and together of its root. What can not be proven so is not judged here: the
 * walk over the runs looks at it again and names what is wrong.
 */
#include "ledger_verify.h"

static bool goes_on(const assembly *a, uint64_t position, const tdm_event *event)
{
    return a->count > 0 && position == a->run.position + a->count
           && event->sequence == a->run.run.first + a->count && event->incarnation == a->incarnation
           && tdm_id_equal(&event->origin, &a->origin);
}

static bool begins(walk *w, uint64_t position, const tdm_event *event)
{
    assembly *a = &w->assembly;
    a->count = a->hashed = 0;
    if (tdm_ledger_find_run(w->txn, &event->origin, event->incarnation, event->sequence, &a->run, NULL)
            != TDM_OK
        || a->run.position != position || a->run.run.first != event->sequence
        || a->run.run.last - a->run.run.first >= TDM_RUN_EVENTS_MAX
        || (event->sequence == 1 && event->type != TDM_TYPE_INCARNATION))
        return false;
    a->origin = event->origin;
    a->incarnation = event->incarnation;
    return true;
}

static void set_bit(uint8_t *bits, uint64_t position)
{
    bits[position / 8] |= (uint8_t)(1u << (position % 8));
}

static bool has_bit(const uint8_t *bits, uint64_t position)
{
    return (bits[position / 8] & (1u << (position % 8))) != 0;
}

void tdm_verify_hash(walk *w)
{
    assembly *a = &w->assembly;
    tdm_event_digests(a->events, a->count - a->hashed, &w->digests[a->hashed]);
    a->hashed = a->count;
}

static void close_run(walk *w)
{
    assembly *a = &w->assembly;
    tdm_verify_hash(w);
    uint64_t last = a->run.position + a->count - 1;
    tdm_digest root;
    tdm_run_root(w->digests, a->count, &root);
    if (last <= w->end && tdm_digest_equal(&root, &a->run.run.root)) {
        set_bit(w->proven_first, a->run.position);
        set_bit(w->proven_last, last);
    }
    a->count = a->hashed = 0;
}

void tdm_verify_assemble(walk *w, const tdm_ledger_entry *entry, const tdm_event *event)
{
    assembly *a = &w->assembly;
    if (event == NULL || entry->notice
        || (!goes_on(a, entry->position, event) && !begins(w, entry->position, event))) {
        a->count = a->hashed = 0;
        return;
    }
    a->events[a->count++ - a->hashed] = entry->bytes;
    if (a->count - a->hashed == EVENTS_TOGETHER)
        tdm_verify_hash(w);
    if (a->count == (size_t)(a->run.run.last - a->run.run.first) + 1)
        close_run(w);
}

bool tdm_verify_is_proven(walk *w, const run_row *run, place at)
{
    uint64_t last = run->position + (run->run.last - run->run.first);
    row_key key = tdm_key_of_position(run->position);
    tdm_ledger_entry entry;
    tdm_event event;
    tdm_span row;
    return run->position >= 1 && last <= w->end && has_bit(w->proven_first, run->position)
           && has_bit(w->proven_last, last) && tdm_verify_get(w, TABLE_EVENTS, &key, &row)
           && tdm_event_row_read(row, &entry) && tdm_event_peek(entry.bytes, &event, NULL) == TDM_OK
           && event.sequence == run->run.first && event.incarnation == at.incarnation
           && tdm_id_equal(&event.origin, at.origin);
}
