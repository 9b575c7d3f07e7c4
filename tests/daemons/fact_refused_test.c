/* SPDX-License-Identifier: MPL-2.0
 *
 * fact_refused_test.c: what record.fact refuses, at which field, and in what words.
 */
#include "fact_world.h"

static const struct refused {
    const char *name;
    bool hub;
    const char *args;
    const char *column; /* NULL: the whole request fails */
    const char *says;
} REFUSED[] = {
    { "no type", false, "{}", NULL, "type is missing" },
    { "an unknown type", false, "{\"type\":\"sesion\"}", NULL, "did you mean session?" },
    { "a type like no other", false, "{\"type\":\"zzzzzzzzzz\"}", NULL, "--help lists them" },
    { "the log itself", false, "{\"type\":\"tide\"}", NULL, "their own log" },
    { "a part of lists", false, "{\"type\":\"category_count\"}", NULL, "part of lists" },
    { "a key", true, "{\"type\":\"key\"}", NULL, "tandem invite" },
    { "who represents", true, "{\"type\":\"represents\"}", NULL, "tandem invite" },
    { "a succession", true, "{\"type\":\"succession\"}", NULL, "takes over" },
    { "a proposed match", true, "{\"type\":\"match_proposed\"}", NULL, "tandem match propose" },
    { "a closing", true, "{\"type\":\"period_closed\"}", NULL, "tandem period close" },
    { "a publication", true, "{\"type\":\"figure_published\"}", NULL, "tandem publish" },
    { "a release", true, "{\"type\":\"figures_released\"}", NULL, "tandem release" },
    { "an unknown field", false, "{\"type\":\"need\",\"fields\":{\"them\":\"time\"}}", NULL,
      "did you mean theme?" },
    { "fields that are no object", false, "{\"type\":\"need\",\"fields\":[]}", NULL, "an object" },
    { "a field told twice", false, "{\"type\":\"need\",\"fields\":{\"need-id\":\"1\",\"need_id\":\"1\"}}",
      NULL, "each once" },
    { "an id where none is", false, "{\"type\":\"need\",\"id\":\"1\"}", NULL, "no field \"id\"" },
    { "a reason without void", false, "{\"type\":\"need\",\"reason\":\"x\"}", NULL, "goes with void" },
    { "an amendment taken back", false, "{\"type\":\"void\",\"void\":true}", NULL, "record unvoid" },
    { "no unit", false, "{\"type\":\"session\",\"fields\":{\"date\":\"2017-05-04\",\"hours\":1}}", "unit",
      "LEAD/UNIT_ID" },
    { "no such unit form", false, "{\"type\":\"session\",\"unit\":\"17\"}", "unit", "LEAD/UNIT_ID" },
    { "a name that is missing", false, "{\"type\":\"need\",\"fields\":{\"theme\":\"time\"}}", "need_id",
      "named by it" },
    { "a value that does not fit", false,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"tim\",\"stated\":\"2017-05-04\"}}",
      "theme", "Did you mean time?" },
    { "control characters", false,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"time\",\"stated\":\"2017-05-04\","
      "\"locality\":\"a\\tb\"}}",
      "", "control characters" },
    { "void of what is not there", false, "{\"type\":\"need\",\"void\":true,\"fields\":{\"need_id\":\"1\"}}",
      "", "no such fact" },
    { "a confirmation without an assertion", false,
      "{\"type\":\"link_confirm\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}", "assertion", "" },
    { "a dispute without an assertion", false,
      "{\"type\":\"link_dispute\",\"unit\":\"R0A/1\",\"fields\":{\"phase\":\"plan\"}}", "assertion",
      "tandem link dispute" },
    { "a match the wrong way round", true,
      "{\"type\":\"match\",\"fields\":{\"a\":\"unit/R0B/1\",\"b\":\"unit/R0A/1\"}}", "a", "smaller" },
    { "an end before the start", false,
      "{\"type\":\"unit\",\"fields\":{\"unit_id\":\"1\",\"kind\":\"programme\",\"status\":\"planned\","
      "\"start\":\"2017-05-04\",\"end\":\"2017-05-03\"}}",
      "end", "ends before" },
    { "a recorder that is not known", true,
      "{\"type\":\"need\",\"fields\":{\"need_id\":\"1\",\"theme\":\"time\",\"stated\":\"2017-05-04\"}}",
      "recorder", "speaks for no organisation" },
};

static void check_refused(void **state)
{
    const struct refused *row = *state;
    tdm_world *world = row->hub ? &hub : &node;
    uint64_t last = world_last_sequence(world);
    if (row->column == NULL)
        expect_failure(world, row->args, row->says);
    else
        expect_refusal(world, row->args, row->column, row->says);
    assert_int_equal(world_last_sequence(world), last);
}

int main(void)
{
    static struct CMUnitTest tests[TDM_COUNT(REFUSED)];
    size_t count = 0;
    for (size_t i = 0; i < TDM_COUNT(REFUSED); i++)
        tests[count++] = (struct CMUnitTest){ REFUSED[i].name, check_refused, open_worlds, close_worlds,
                                              (void *)&REFUSED[i] };
    return cmocka_run_group_tests_name("facts refused", tests, NULL, NULL);
}
