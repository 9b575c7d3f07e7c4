/* SPDX-License-Identifier: MPL-2.0
 *
 * feed_replay.c: the feeds of a ledger that is filed dossier by dossier. Along the ledger a dossier is sent
 * when an event is filed in it, and when an origin begins to represent a code it names. Here those turns are
 * known beforehand, with their moments; each dossier lives through its own events and through the turns of
 * the codes it names by then. What goes out is kept with its moment, and numbered in that order later.
 */
#include "feed_inner.h"

#include <stdlib.h>

/* ---- who speaks for whom, and when ---- */

/* What one event of the authority changed. */
typedef struct change {
    uint64_t position;
    tdm_feed_change before;
    tdm_feed_change now;
} change;

struct tdm_timeline {
    change *changes;
    size_t count;
    size_t capacity;
};

tdm_timeline *tdm_timeline_new(void)
{
    return tdm_memory_new(sizeof(tdm_timeline));
}

void tdm_timeline_free(tdm_timeline *timeline)
{
    if (timeline != NULL)
        free(timeline->changes);
    free(timeline);
}

void tdm_timeline_add(tdm_timeline *timeline, uint64_t position, const tdm_feed_change *before,
                      const tdm_feed_change *now)
{
    timeline->changes = tdm_memory_grow(timeline->changes, &timeline->capacity, timeline->count + 1,
                                        sizeof *timeline->changes);
    timeline->changes[timeline->count++] = (change){ position, *before, *now };
}

static int compare_changes(const void *a, const void *b)
{
    const change *x = a;
    const change *y = b;
    return x->position == y->position ? 0 : x->position < y->position ? -1 : 1;
}

static void add_turn(speakers *of, uint64_t moment, const tdm_id *origin, bool begins)
{
    of->turns = tdm_memory_grow(of->turns, &of->turn_capacity, of->turn_count + 1, sizeof *of->turns);
    of->turns[of->turn_count++] = (feed_turn){ moment, *origin, begins };
}

static void speak(tdm_fold *fold, const tdm_feed_change *said, uint64_t moment, int by)
{
    speakers *of = tdm_feed_speakers(fold, &said->code);
    size_t at = 0;
    while (at < of->count
           && (of->items[at].until != UINT64_MAX || !tdm_id_equal(&of->items[at].origin, &said->origin)))
        at++;
    if (at == of->count) {
        of->items = tdm_memory_grow(of->items, &of->capacity, of->count + 1, sizeof *of->items);
        of->items[of->count++] = (speaker){ said->origin, 0, moment, UINT64_MAX };
        add_turn(of, moment, &said->origin, true);
    }
    of->items[at].facts += by;
    if (of->items[at].facts > 0)
        return;
    of->items[at].facts = 1; /* until then */
    of->items[at].until = moment;
    add_turn(of, moment, &said->origin, false);
}

/* As along the ledger: what is said now counts before what was said no longer does. */
void tdm_timeline_tell(tdm_timeline *timeline, tdm_fold *fold)
{
    if (timeline->count > 1)
        qsort(timeline->changes, timeline->count, sizeof *timeline->changes, compare_changes);
    for (size_t i = 0; i < timeline->count; i++) {
        const change *c = &timeline->changes[i];
        if (c->now.had)
            speak(fold, &c->now, tdm_moment_after(c->position), 1);
        if (c->before.had)
            speak(fold, &c->before, tdm_moment_after(c->position), -1);
    }
    timeline->count = 0;
}

/* ---- one dossier ---- */

/* A code that the dossier names, and the next of its turns that it has not lived through. */
typedef struct named {
    const speakers *speakers;
    size_t next;
    bool in_field;
} named;

struct tdm_replay {
    tdm_fold *fold;
    tdm_dossier *dossier;
    named *named;
    size_t count;
    size_t capacity;
    uint64_t moment;
    tdm_replay_entry *entries;
    size_t entry_count;
    size_t entry_capacity;
};

tdm_replay *tdm_replay_new(tdm_fold *fold)
{
    tdm_replay *replay = tdm_memory_new(sizeof *replay);
    replay->fold = fold;
    fold->replay = replay;
    return replay;
}

void tdm_replay_free(tdm_replay *replay)
{
    if (replay == NULL)
        return;
    replay->fold->replay = NULL;
    free(replay->named);
    free(replay->entries);
    free(replay);
}

void tdm_replay_begin(tdm_replay *replay, tdm_dossier *dossier)
{
    replay->dossier = dossier;
    replay->count = 0;
    replay->moment = 0;
}

void tdm_replay_named(tdm_replay *replay, tdm_span text, bool in_field)
{
    tdm_org_code code = tdm_org_code_of(text);
    const speakers *of =
        tdm_map_find(&replay->fold->speakers, (tdm_span){ (const uint8_t *)code.text, sizeof code.text });
    if (of == NULL)
        return;
    for (size_t i = 0; i < replay->count; i++) {
        if (replay->named[i].speakers != of)
            continue;
        replay->named[i].in_field = replay->named[i].in_field || in_field;
        return;
    }
    size_t next = 0;
    while (next < of->turn_count && of->turns[next].moment <= replay->moment)
        next++;
    replay->named =
        tdm_memory_grow(replay->named, &replay->capacity, replay->count + 1, sizeof *replay->named);
    replay->named[replay->count++] = (named){ of, next, in_field };
}

const speakers *tdm_replay_speakers(const tdm_replay *replay, size_t *at)
{
    while (*at < replay->count) {
        const named *item = &replay->named[(*at)++];
        if (item->in_field)
            return item->speakers;
    }
    return NULL;
}

static named *next_turn(tdm_replay *replay, uint64_t before)
{
    named *found = NULL;
    for (size_t i = 0; i < replay->count; i++) {
        named *at = &replay->named[i];
        if (at->next == at->speakers->turn_count || at->speakers->turns[at->next].moment >= before)
            continue;
        if (found == NULL
            || at->speakers->turns[at->next].moment < found->speakers->turns[found->next].moment)
            found = at;
    }
    return found;
}

static void live_until(tdm_replay *replay, uint64_t moment)
{
    for (named *at = next_turn(replay, moment); at != NULL; at = next_turn(replay, moment)) {
        const feed_turn *turn = &at->speakers->turns[at->next++];
        replay->moment = turn->moment;
        tdm_feed_turn(replay->fold, replay->dossier, &turn->origin, turn->begins);
    }
}

void tdm_replay_reach(tdm_replay *replay, uint64_t position)
{
    live_until(replay, tdm_moment_of(position));
    replay->moment = tdm_moment_of(position);
}

void tdm_replay_end(tdm_replay *replay)
{
    live_until(replay, UINT64_MAX);
}

uint64_t tdm_replay_moment(const tdm_replay *replay)
{
    return replay->moment;
}

/* ---- what goes out ---- */

void tdm_replay_send(tdm_replay *replay, const tdm_id *recipient, uint64_t position)
{
    replay->entries = tdm_memory_grow(replay->entries, &replay->entry_capacity, replay->entry_count + 1,
                                      sizeof *replay->entries);
    replay->entries[replay->entry_count++] = (tdm_replay_entry){ replay->moment, *recipient, position };
}

const tdm_replay_entry *tdm_replay_entries(const tdm_replay *replay, size_t *count)
{
    *count = replay->entry_count;
    return replay->entries;
}
