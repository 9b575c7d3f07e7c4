/* SPDX-License-Identifier: MPL-2.0
 *
 * merge_test.c: every worked example, and then an organisation in it changes: what was folded before is told
 * anew, as in a fold that knew of the change from the start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ask.h"
#include "worked.h"

/* ---- what changes ---- */

static void merge(world *w)
{
    (void)world_change(w, "PAR", TDM_CHANGE_IS_MERGED, 17258, "LEA"); /* 2017-04-02 */
}

static void close_third(world *w)
{
    (void)world_change(w, "THI", TDM_CHANGE_IS_CLOSED, 17258, NULL);
}

static void move_sector(world *w)
{
    (void)world_say(w, WORLD_HUB, "organisation", "organisation/LEA",
                    "{'code':'LEA','name':'Lea','sector':'voluntary','region':'North'}");
}

static void become_site(world *w)
{
    (void)world_organisation(w, "PAR", "LEA", TDM_BELONGS_IS_SITE);
}

static const struct change {
    const char *name;
    worked *tell;
} CHANGES[] = {
    { "PAR merges into LEA", merge },
    { "THI closes", close_third },
    { "LEA is of another sector", move_sector },
    { "PAR is a site of LEA", become_site },
};

static const struct example {
    const char *name;
    worked *tell;
} EXAMPLES[] = {
#define X(name) { #name, worked_##name },
    WORKED_LIST(X)
#undef X
};

typedef struct pair {
    const struct example *example;
    const struct change *change;
} pair;

static tdm_digest hash_of(tdm_fold *fold)
{
    tdm_digest digest;
    tdm_err err = { 0 };
    assert_int_equal(tdm_fold_state_hash(fold, &digest, &err), TDM_OK);
    return digest;
}

static void check_pair(void **state)
{
    const pair *at = *state;
    world w;
    world_begin(&w);
    at->example->tell(&w);
    tdm_fold *fold = ask_fold(&w);
    tdm_digest before = hash_of(fold);
    size_t told = w.sheaf.count;
    at->change->tell(&w);
    ask_more(fold, &w, told);
    tdm_fold *whole = ask_fold(&w);
    tdm_digest after = hash_of(fold);
    tdm_digest wanted = hash_of(whole);
    assert_memory_not_equal(before.bytes, after.bytes, sizeof before.bytes);
    assert_memory_equal(after.bytes, wanted.bytes, sizeof wanted.bytes);
    tdm_fold_close(&whole);
    tdm_fold_close(&fold);
    world_end(&w);
}

int main(void)
{
    enum { PAIRS = TDM_COUNT(EXAMPLES) * TDM_COUNT(CHANGES) };
    static pair pairs[PAIRS];
    static char names[PAIRS][96];
    static struct CMUnitTest tests[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        pairs[i] = (pair){ &EXAMPLES[i / TDM_COUNT(CHANGES)], &CHANGES[i % TDM_COUNT(CHANGES)] };
        (void)snprintf(names[i], sizeof(names[i]), "%s, and then %s", pairs[i].example->name,
                       pairs[i].change->name);
        tests[i] = (struct CMUnitTest){ names[i], check_pair, NULL, NULL, &pairs[i] };
    }
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
