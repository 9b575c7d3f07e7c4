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

/* ---- what changes: what is stated before all is folded, and what is learnt then ---- */

static world_fact stated; /* before: what is amended then */

static void nothing(world *w)
{
    (void)w;
}

static void merge(world *w)
{
    stated = world_change(w, "PAR", TDM_CHANGE_IS_MERGED, 17258, "LEA"); /* 2017-04-02 */
}

static void close_third(world *w)
{
    stated = world_change(w, "THI", TDM_CHANGE_IS_CLOSED, 17258, NULL);
}

static void close_lead(world *w)
{
    stated = world_change(w, "LEA", TDM_CHANGE_IS_CLOSED, 17258, NULL);
}

static void reopen_lead(world *w)
{
    (void)world_change(w, "LEA", TDM_CHANGE_IS_REOPENED, 17260, NULL);
}

static void move_sector(world *w)
{
    stated = world_say(w, WORLD_HUB, "organisation", "organisation/LEA",
                       "{'code':'LEA','name':'Lea','sector':'voluntary','region':'North'}");
}

static void become_site(world *w)
{
    stated = world_organisation(w, "PAR", "LEA", TDM_BELONGS_IS_SITE);
}

static void become_member(world *w)
{
    stated = world_organisation(w, "PAR", "LEA", TDM_BELONGS_IS_NETWORK);
}

static void become_site_of_third(world *w)
{
    stated = world_organisation(w, "PAR", "THI", TDM_BELONGS_IS_SITE);
}

static void move_to_third(world *w)
{
    stated = world_say(
        w, WORLD_HUB, "organisation_change", "organisation/PAR",
        "{'code':'PAR','change':'moved','effective':'2017-04-02','parent':'THI','belongs_as':'site'}");
}

static void move_to_lead(world *w)
{
    stated = world_say(
        w, WORLD_HUB, "organisation_change", "organisation/PAR",
        "{'code':'PAR','change':'moved','effective':'2017-04-02','parent':'LEA','belongs_as':'site'}");
}

static void reclassify(world *w)
{
    stated =
        world_say(w, WORLD_HUB, "organisation_change", "organisation/LEA",
                  "{'code':'LEA','change':'reclassified','effective':'2017-04-02','sector':'education'}");
}

static void third_is_site(world *w)
{
    (void)world_organisation(w, "THI", "PAR", TDM_BELONGS_IS_SITE);
}

static void third_merges(world *w)
{
    (void)world_change(w, "THI", TDM_CHANGE_IS_MERGED, 17258, "PAR");
}

static void third_moves(world *w)
{
    (void)world_say(
        w, WORLD_HUB, "organisation_change", "organisation/THI",
        "{'code':'THI','change':'moved','effective':'2017-04-02','parent':'PAR','belongs_as':'site'}");
}

static void third_is_site_of_site(world *w)
{
    third_is_site(w);
    become_site(w);
}

static void register_stranger(world *w)
{
    stated = world_organisation(w, "XXX", NULL, 0);
}

static void match(world *w)
{
    stated = world_say(w, WORLD_HUB, "match", "unit/LEA/P1", "{'a':'unit/LEA/P1','b':'unit/LEA/P2'}");
}

static void match_another(world *w)
{
    (void)world_say(w, WORLD_HUB, "match", "unit/LEA/P2", "{'a':'unit/LEA/P2','b':'unit/THI/P3'}");
}

/* The other way of what was stated. */
static void take_back(world *w)
{
    world_amend(w, &stated, WORLD_HUB, TDM_TYPE_VOID, NULL);
}

static void later(world *w)
{
    tdm_record body;
    tdm_record_init(&body, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&body, TDM_ORGANISATION_CHANGE_CODE, "PAR");
    tdm_record_set_number(&body, TDM_ORGANISATION_CHANGE_CHANGE, TDM_CHANGE_IS_MERGED);
    tdm_record_set_number(&body, TDM_ORGANISATION_CHANGE_EFFECTIVE, 17700); /* 2018-06-18 */
    tdm_record_set_text(&body, TDM_ORGANISATION_CHANGE_SUCCESSOR, "LEA");
    world_amend(w, &stated, WORLD_HUB, TDM_TYPE_CORRECTION, &body);
}

static void into_third(world *w)
{
    tdm_record body;
    tdm_record_init(&body, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&body, TDM_ORGANISATION_CHANGE_CODE, "PAR");
    tdm_record_set_number(&body, TDM_ORGANISATION_CHANGE_CHANGE, TDM_CHANGE_IS_MERGED);
    tdm_record_set_number(&body, TDM_ORGANISATION_CHANGE_EFFECTIVE, 17258);
    tdm_record_set_text(&body, TDM_ORGANISATION_CHANGE_SUCCESSOR, "THI");
    world_amend(w, &stated, WORLD_HUB, TDM_TYPE_CORRECTION, &body);
}

static const struct change {
    const char *name;
    worked *before;
    worked *tell;
} CHANGES[] = {
    { "PAR merges into LEA", nothing, merge },
    { "that PAR merges into LEA is taken back", merge, take_back },
    { "PAR merges into LEA later", merge, later },
    { "PAR merges into THI instead", merge, into_third },
    { "THI closes", nothing, close_third },
    { "that THI closes is taken back", close_third, take_back },
    { "LEA closes", nothing, close_lead },
    { "LEA opens again", close_lead, reopen_lead },
    { "LEA is of another sector", nothing, move_sector },
    { "that LEA is of another sector is taken back", move_sector, take_back },
    { "PAR is a site of LEA", nothing, become_site },
    { "that PAR is a site of LEA is taken back", become_site, take_back },
    { "PAR is a member of LEA and no site", become_site, become_member },
    { "PAR is a site of THI and not of LEA", become_site, become_site_of_third },
    { "PAR moves to THI", nothing, move_to_third },
    { "PAR moves to LEA", move_to_third, move_to_lead },
    { "PAR, of which THI is a site, is a site of LEA", third_is_site, become_site },
    { "PAR, into which THI merged, merges into LEA", third_merges, merge },
    { "PAR, to which THI moved, merges into LEA", third_moves, merge },
    { "that PAR, of which THI is a site, is one of LEA is taken back", third_is_site_of_site, take_back },
    { "a stranger is registered", nothing, register_stranger },
    { "that a stranger is registered is taken back", register_stranger, take_back },
    { "two units are one", nothing, match },
    { "that two units are one is taken back", match, take_back },
    { "three units are one", match, match_another },
    { "LEA is reclassified", nothing, reclassify },
    { "that LEA is reclassified is taken back", reclassify, take_back },
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
    at->change->before(&w);
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
