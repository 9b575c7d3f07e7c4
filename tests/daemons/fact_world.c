/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_world.c: a node with a private log and a hub, asked for the service record.fact.
 */
#include "fact_world.h"

#include "people_log.h"

#include <string.h>

enum { PRIVATE_MAP_BYTES = 1 << 26 };

tdm_world node;
tdm_world hub;
static tdm_people *people; /* of the node */

int open_worlds(void **state)
{
    (void)state;
    world_open(&node, false, "R0A");
    world_open(&hub, true, "QOP");
    assert_int_equal(tdm_people_open(&people, node.core, PRIVATE_MAP_BYTES, NULL), TDM_OK);
    node.context.people = people;
    return 0;
}

int close_worlds(void **state)
{
    (void)state;
    tdm_people_close(&people);
    world_close(&node);
    world_close(&hub);
    return 0;
}

/* ---- asking */

json_t *ask(tdm_world *world, const char *args, const char *wanted)
{
    static const char *const FATES[] = { "new", "known", "changed", "returned", "hidden", "refused" };
    json_t *keep = NULL;
    const json_t *row = world_row(world, "record.fact", args, NULL, &keep);
    for (size_t i = 0; i < TDM_COUNT(FATES); i++)
        if (world_int(row, FATES[i]) != (strcmp(FATES[i], wanted) == 0)) {
            char *text = json_dumps(row, JSON_COMPACT);
            fail_msg("%s: not %s: %s", args, wanted, text);
        }
    return keep;
}

void expect(tdm_world *world, const char *args, const char *wanted)
{
    json_decref(ask(world, args, wanted));
}

void expect_failure(tdm_world *world, const char *args, const char *says)
{
    int status = 0;
    json_t *answer = world_ask(world, "record.fact", args, NULL, &status);
    assert_int_equal(status, 2);
    if (strstr(world_text(answer, "what"), says) == NULL)
        fail_msg("it says: %s", world_text(answer, "what"));
    json_decref(answer);
}

void expect_refusal(tdm_world *world, const char *args, const char *column, const char *says)
{
    json_t *keep = ask(world, args, "refused");
    const json_t *row = json_array_get(json_object_get(keep, "data"), 0);
    const json_t *refusal = json_array_get(json_object_get(row, "refusals"), 0);
    assert_string_equal(world_text(refusal, "column"), column);
    if (strstr(world_text(refusal, "what"), says) == NULL)
        fail_msg("it says: %s", world_text(refusal, "what"));
    json_decref(keep);
}
