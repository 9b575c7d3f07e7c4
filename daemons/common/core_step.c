/* SPDX-License-Identifier: MPL-2.0
 *
 * core_step.c: one step of the fold along the ledger: read, file, judge, refold what the registry changed.
 */
#include "core_inner.h"

#include <stdlib.h>

#define BATCH_EVENTS 2048 /* read at once */
#define SLICE 256         /* filed or judged at once: whoever asks the fold waits so long */
#define WORK_SUBJECTS 512

struct core_batch {
    tdm_ledger_entry entries[BATCH_EVENTS];
    size_t offsets[BATCH_EVENTS];
    size_t count;
    tdm_buf bytes;
};

static tdm_code gather(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    (void)err;
    core_batch *taken = context;
    taken->offsets[taken->count] = taken->bytes.len;
    taken->entries[taken->count] = *entry;
    taken->count++;
    tdm_buf_add(&taken->bytes, entry->bytes.data, entry->bytes.len);
    return TDM_OK;
}

core_batch *core_batch_new(void)
{
    return calloc(1, sizeof(core_batch));
}

void core_batch_free(core_batch **pointer)
{
    if (*pointer != NULL)
        tdm_buf_free(&(*pointer)->bytes);
    free(*pointer);
    *pointer = NULL;
}

static tdm_code read_next(tdm_core *core, tdm_err *err)
{
    core_batch *taken = core->batch;
    uint64_t next = 0;
    taken->count = 0;
    tdm_buf_clear(&taken->bytes);
    tdm_code code = tdm_ledger_scan(core->ledger, tdm_fold_position(core->fold) + 1, BATCH_EVENTS, gather,
                                    taken, &next, err);
    if (code != TDM_OK && code != TDM_END)
        return code;
    if (taken->bytes.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory to fold %zu events", taken->count);
    for (size_t i = 0; i < taken->count; i++)
        taken->entries[i].bytes.data = taken->bytes.data + taken->offsets[i];
    return TDM_OK;
}

bool core_is_whole(const tdm_core *core)
{
    return tdm_fold_position(core->fold) == atomic_load(&core->folded);
}

/* One step under way. */
typedef struct step {
    tdm_core *core;
    bool yields;
    bool whole; /* nothing was left half-way */
    bool moved; /* there was something to do */
} step;

static bool must_end(step *s)
{
    s->whole = s->whole && !(s->yields && atomic_load(&s->core->hurry));
    return !s->whole;
}

/* What is not filed is read again by the next step. */
static tdm_code file_all(step *s, tdm_err *err)
{
    const core_batch *taken = s->core->batch;
    tdm_code code = TDM_OK;
    for (size_t done = 0; done < taken->count && code == TDM_OK && !must_end(s); done += SLICE) {
        size_t left = taken->count - done;
        code = tdm_fold_file(s->core->fold, taken->entries + done, left < SLICE ? left : SLICE, err);
    }
    return code;
}

static tdm_code judge_all(step *s, tdm_err *err)
{
    tdm_err why = { .code = TDM_OK };
    bool more = true;
    while (more && !must_end(s))
        more = tdm_fold_judge(s->core->fold, SLICE, &why);
    if (why.code != TDM_OK && err != NULL)
        *err = why;
    return why.code;
}

/* What has gathered is filed first, in slices, and then judged once, in slices: the further the figures are
 * behind, the less each event costs. Little is applied whole. */
static tdm_code fold_gathered(step *s, tdm_err *err)
{
    tdm_fold *fold = s->core->fold;
    const core_batch *taken = s->core->batch;
    uint64_t begun = tdm_fold_position(fold);
    tdm_code code = read_next(s->core, err);
    if (code != TDM_OK || taken->count == 0)
        return code;
    s->moved = true;
    if (taken->count <= SLICE)
        return tdm_fold_apply(fold, taken->entries, taken->count, err);
    code = file_all(s, err);
    while (code == TDM_OK && taken->count == BATCH_EVENTS && !must_end(s) && !tdm_fold_needs_checkpoint(fold)
           && tdm_fold_position(fold) - begun < CORE_STEP_EVENTS) {
        code = read_next(s->core, err);
        if (code == TDM_OK)
            code = file_all(s, err);
    }
    tdm_code judged = judge_all(s, code == TDM_OK ? err : NULL);
    return code != TDM_OK ? code : judged;
}

static tdm_code refold_some(step *s, tdm_err *err)
{
    tdm_err why = { .code = TDM_OK };
    if (tdm_fold_is_settled(s->core->fold))
        return TDM_OK;
    tdm_fold_work(s->core->fold, WORK_SUBJECTS, &why);
    s->moved = true;
    if (why.code != TDM_OK)
        *err = why;
    return why.code;
}

tdm_code core_step(tdm_core *core, bool yields, tdm_err *err)
{
    step s = { .core = core, .yields = yields, .whole = true, .moved = !core_is_whole(core) };
    tdm_code code = judge_all(&s, err); /* what a step that gave way has left */
    if (code == TDM_OK && s.whole)
        code = fold_gathered(&s, err);
    if (code == TDM_OK && s.whole && !s.moved)
        code = refold_some(&s, err);
    if (code == TDM_OK && s.whole && s.moved)
        core_tell_progress(core);
    return code;
}

void core_tell_progress(tdm_core *core)
{
    atomic_store(&core->settled, tdm_fold_is_settled(core->fold));
    atomic_store(&core->folded, tdm_fold_position(core->fold));
    atomic_fetch_add(&core->fold_steps, 1);
    core_tell_grown(core);
}
