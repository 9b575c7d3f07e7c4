/* SPDX-License-Identifier: MPL-2.0
 *
 * reopening_test.c: random histories folded into views on disk, with checkpoints, restarts and crashes in
 * between, come to the same state as the same histories folded in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "scene.h"

enum { HISTORIES = 40 };

typedef struct place {
    char folder[128];
    char path[144];
} place;

static void make_place(place *at)
{
    const char *scratch = getenv("TMPDIR");
    snprintf(at->folder, sizeof at->folder, "%s/tandem-reopening-XXXXXX", scratch != NULL ? scratch : "/tmp");
    assert_non_null(mkdtemp(at->folder));
    snprintf(at->path, sizeof at->path, "%s/views", at->folder);
}

static void remove_place(const place *at)
{
    static const char *const FILES[] = { "views/data.mdb", "views/lock.mdb", "views/writer.lock", "views",
                                         "" };
    char path[192];
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        snprintf(path, sizeof path, "%s/%s", at->folder, FILES[i]);
        if (unlink(path) != 0)
            (void)rmdir(path);
    }
}

static tdm_fold *open_views(const scene *s, const place *at, size_t cache_bytes)
{
    tdm_kv_options kv_options = { at->path,         TDM_KV_READ_WRITE,     (size_t)8 << 20,
                                  TDM_VIEWS_TABLES, TDM_VIEWS_TABLE_COUNT, false };
    tdm_fold_options options = { .has_authority = s->has_authority,
                                 .authority = s->authority,
                                 .cache_bytes = cache_bytes };
    tdm_kv *kv = NULL;
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    scene_must(tdm_kv_open_lmdb(&kv, &kv_options, &err), &err);
    scene_must(tdm_fold_open(&fold, &kv, &options, &err), &err);
    return fold;
}

static void apply_some(const scene *s, tdm_fold *fold, tdm_dice *dice)
{
    tdm_ledger_entry batch[16];
    size_t at = (size_t)tdm_fold_position(fold);
    size_t size = 1 + (size_t)tdm_dice_roll(dice, TDM_COUNT(batch));
    size_t taken = 0;
    tdm_err err = { 0 };
    for (; taken < size && at < s->count; taken++, at++)
        batch[taken] = (tdm_ledger_entry){ .position = at + 1, .bytes = s->events[at] };
    scene_must(tdm_fold_apply(fold, batch, taken, &err), &err);
}

/* A restart without a checkpoint is a crash: what came since is applied again. */
static tdm_fold *reopen(const scene *s, const place *at, size_t cache_bytes, tdm_fold *fold)
{
    uint64_t checkpointed = tdm_fold_checkpointed(fold);
    tdm_fold_close(&fold);
    fold = open_views(s, at, cache_bytes);
    assert_int_equal(tdm_fold_position(fold), checkpointed);
    return fold;
}

static tdm_fold *fold_roughly(const scene *s, const place *at, tdm_dice *dice)
{
    tdm_err err = { 0 };
    size_t cache_bytes = tdm_dice_chance(dice, 50) ? 0 : 4096;
    tdm_fold *fold = open_views(s, at, cache_bytes);
    while (tdm_fold_position(fold) < s->count) {
        apply_some(s, fold, dice);
        if (tdm_dice_chance(dice, 30))
            (void)tdm_fold_work(fold, 1 + (size_t)tdm_dice_roll(dice, 5), &err);
        if (tdm_dice_chance(dice, 20))
            scene_must(tdm_fold_checkpoint(fold, &err), &err);
        if (tdm_dice_chance(dice, 20))
            fold = reopen(s, at, cache_bytes, fold);
    }
    scene_must(tdm_fold_checkpoint(fold, &err), &err);
    return reopen(s, at, cache_bytes, fold);
}

static tdm_digest hash_of(tdm_fold *fold)
{
    tdm_digest digest;
    tdm_err err = { 0 };
    scene_must(tdm_fold_state_hash(fold, &digest, &err), &err);
    return digest;
}

static void check_history(uint64_t seed)
{
    tdm_history history;
    tdm_dice dice = { seed };
    place at;
    tdm_history_make(&history, seed);
    scene s = scene_of(&history, seed);
    make_place(&at);
    tdm_fold *plain = scene_fold(&s, seed);
    tdm_fold *rough = fold_roughly(&s, &at, &dice);
    tdm_digest want = hash_of(plain);
    tdm_digest got = hash_of(rough);
    bool same = tdm_digest_equal(&want, &got);
    tdm_fold_close(&rough);
    tdm_fold_close(&plain);
    remove_place(&at);
    free(s.events);
    tdm_history_free(&history);
    if (!same)
        fail_msg("seed %llu: restarts change the state", (unsigned long long)seed);
}

static void check_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++)
        check_history(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "restarts and crashes at any point change nothing", check_histories, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("reopening", tests, NULL, NULL);
}
