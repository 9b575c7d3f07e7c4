/* SPDX-License-Identifier: MPL-2.0
 *
 * real_test.c: real registers through the services. The data lies beside the source tree, in ../shared/data;
 * mapping scripts turn it into what a partner would import. Expected numbers were counted from the data by
 * other means.
 */
#include "service_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static tdm_world world;

static const char *source_tree(void)
{
    const char *source = getenv("TANDEM_SOURCE");
    return source == NULL ? "." : source;
}

/* The path of a data set; skips the test where it is absent. */
static void find_data(char out[512], const char *name)
{
    snprintf(out, 512, "%s/../shared/data/%s", source_tree(), name);
    if (access(out, R_OK) != 0) {
        print_message("SKIPPED: %s is not there\n", out);
        skip();
    }
}

/* What a mapping script prints. */
static void run_mapping(const char *script, const char *arguments, tdm_buf *out)
{
    char command[1600];
    char part[65536];
    size_t len = 0;
    snprintf(command, sizeof command, "python3 '%s/tests/real/%s' %s", source_tree(), script, arguments);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((len = fread(part, 1, sizeof part, pipe)) > 0)
        tdm_buf_add(out, part, len);
    assert_int_equal(pclose(pipe), 0);
    tdm_buf_add(out, "", 1);
}

/* Figures of all years together. */
typedef struct totals {
    double units, joint, amount;
} totals;

static totals sum_levels(const char *args)
{
    totals sum = { 0 };
    size_t index;
    json_t *row;
    json_t *answer = world_ask(&world, "level", args, NULL, NULL);
    json_array_foreach(json_object_get(answer, "data"), index, row)
    {
        sum.units += json_number_value(json_object_get(row, "units"));
        sum.joint += json_number_value(json_object_get(row, "joint_asserted"));
        sum.amount += json_number_value(json_object_get(row, "amount"));
    }
    json_decref(answer);
    return sum;
}

/* ---- one register, exported four times */

struct snapshot {
    long added, known, changed, withdrawn;
};

static void import_snapshot(const char *folder, int number, const struct snapshot *wanted)
{
    char argument[600];
    json_t *keep = NULL;
    tdm_buf file = { 0 };
    snprintf(argument, sizeof argument, "'%s/workshops_snapshot%d.csv'", folder, number);
    run_mapping("carpentries.py", argument, &file);
    const json_t *report =
        world_row(&world, "import", "{\"register\":\"workshops\"}", (const char *)file.data, &keep);
    print_message("snapshot %d: %ld new, %ld known, %ld changed, %ld withdrawn, %ld refused\n", number,
                  world_int(report, "new"), world_int(report, "known"), world_int(report, "changed"),
                  world_int(report, "withdrawn"), world_int(report, "refused"));
    assert_int_equal(world_int(report, "new"), wanted->added);
    assert_int_equal(world_int(report, "known"), wanted->known);
    assert_int_equal(world_int(report, "changed"), wanted->changed);
    assert_int_equal(world_int(report, "withdrawn"), wanted->withdrawn);
    assert_int_equal(world_int(report, "refused"), 0);
    assert_int_equal(world_int(report, "returned"), 0);
    json_decref(keep);
    uint64_t before = world_last_sequence(&world);
    json_decref(world_ask(&world, "import", "{\"register\":\"workshops\"}", (const char *)file.data, NULL));
    assert_int_equal(world_last_sequence(&world), before);
    tdm_buf_free(&file);
}

static void expect_year(const char *year, long units)
{
    char args[64];
    snprintf(args, sizeof args, "{\"fy\":\"%s\"}", year);
    assert_int_equal((long)sum_levels(args).units, units);
}

static void a_register_exported_four_times(void **state)
{
    (void)state;
    static const struct snapshot WANTED[] = {
        { 949, 0, 0, 0 },
        { 88, 947, 2, 0 },
        { 207, 977, 57, 3 },
        { 109, 1143, 81, 17 },
    };
    char folder[512];
    find_data(folder, "carpentries-workshops");
    world_open(&world, false, "CARPENTRIES");
    for (int i = 0; i < 4; i++)
        import_snapshot(folder, i + 1, &WANTED[i]);
    expect_year("2016/17", 225);
    expect_year("2017/18", 284);
    expect_year("2018/19", 364);
    assert_int_equal((long)sum_levels("{}").units, 1333);
    totals people = sum_levels("{\"weight\":\"participants\"}");
    assert_int_equal((long)people.amount, 29958);
}

/* ---- joint units: one file per leading organisation */

static void import_files(const char *folder, size_t *files)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        char path[1024];
        char args[64];
        char *dot = strrchr(entries[i]->d_name, '.');
        if (entries[i]->d_name[0] >= 'A' && entries[i]->d_name[0] <= 'Z' && dot != NULL) {
            tdm_buf file = { 0 };
            json_t *keep = NULL;
            snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
            *dot = '\0';
            snprintf(args, sizeof args, "{\"organisation\":\"%.12s\"}", entries[i]->d_name);
            FILE *in = fopen(path, "r");
            char part[4096];
            for (size_t len = 0; (len = fread(part, 1, sizeof part, in)) > 0;)
                tdm_buf_add(&file, part, len);
            fclose(in);
            tdm_buf_add(&file, "", 1);
            const json_t *report = world_row(&world, "import", args, (const char *)file.data, &keep);
            assert_int_equal(world_int(report, "refused"), 0);
            json_decref(keep);
            tdm_buf_free(&file);
            ++*files;
        }
        free(entries[i]);
    }
    free(entries);
}

static void import_joint(const char *data, const char *script, size_t *files)
{
    char folder[512];
    char out[256];
    char arguments[900];
    tdm_buf printed = { 0 };
    find_data(folder, data);
    world_folder(out);
    world_open(&world, false, "HOME");
    snprintf(arguments, sizeof arguments, "'%s' '%s'", folder, out);
    run_mapping(script, arguments, &printed);
    import_files(out, files);
    tdm_buf_free(&printed);
    world_remove(out);
}

static long share_tenths(totals sum)
{
    return (long)((2000 * sum.joint + sum.amount) / (2 * sum.amount));
}

static void workshops_of_many_sites(void **state)
{
    (void)state;
    size_t files = 0;
    import_joint("coderefinery-workshops", "coderefinery.py", &files);
    assert_int_equal(files, 10);
    totals count = sum_levels("{}");
    assert_int_equal((long)count.units, 65);
    assert_int_equal((long)count.joint, 37);
    assert_int_equal(share_tenths(count), 569);
    totals people = sum_levels("{\"weight\":\"participants\"}");
    assert_int_equal((long)people.amount, 2593);
    assert_int_equal(share_tenths(people), 770);
}

static void training_of_many_organisations(void **state)
{
    (void)state;
    size_t files = 0;
    import_joint("elixir-it-training", "elixir.py", &files);
    totals count = sum_levels("{}");
    assert_int_equal((long)count.units, 12);
    assert_int_equal((long)count.joint, 9);
    assert_int_equal(share_tenths(count), 750);
}

/* ---- national lists as registry */

static const char *root_of(const json_t *rows, const char *code, bool *closed)
{
    size_t index;
    json_t *row;
    json_array_foreach(rows, index, row) if (strcmp(world_text(row, "code"), code) == 0)
    {
        *closed = json_is_true(json_object_get(row, "closed"));
        return world_text(row, "root");
    }
    fail_msg("%s is not registered", code);
    return "";
}

/* How an organisation stands today: its root, and whether it is closed. */
static const struct {
    const char *code;
    const char *root;
    bool closed;
} STANDING[] = {
    { "R0A", "R0A", false },    /* a trust that goes on */
    { "RTV", "RW4", false },    /* the map names one successor */
    { "RW6", "RW6", true },     /* the map names two: closed without */
    { "RD3", "RD3", true },     /* closed in the trust list, the map names none */
    { "03A", "X2C4Y", false },  /* a commissioner with one successor */
    { "G6V2S", "G6V2S", false } /* a new-form code stands alone */
};

static void national_lists_become_the_registry(void **state)
{
    (void)state;
    char folder[512];
    char argument[600];
    json_t *keep = NULL;
    tdm_buf file = { 0 };
    find_data(folder, "nhs-ods");
    snprintf(argument, sizeof argument, "'%s'", folder);
    run_mapping("nhs_ods.py", argument, &file);
    world_open(&world, true, "QOP");
    const json_t *report = world_row(&world, "organisation.import", NULL, (const char *)file.data, &keep);
    assert_int_equal(world_int(report, "new"), 872);
    assert_int_equal(world_int(report, "refused"), 0);
    json_decref(keep);
    report = world_row(&world, "organisation.import", NULL, (const char *)file.data, &keep);
    assert_int_equal(world_int(report, "known"), 872);
    json_decref(keep);
    json_t *answer = world_ask(&world, "organisation.list", NULL, NULL, NULL);
    const json_t *rows = json_object_get(answer, "data");
    for (size_t i = 0; i < TDM_COUNT(STANDING); i++) {
        bool closed = false;
        assert_string_equal(root_of(rows, STANDING[i].code, &closed), STANDING[i].root);
        assert_int_equal(closed, STANDING[i].closed);
    }
    /* membership of a network, commissioner or system is no identity */
    size_t index;
    size_t practices = 0;
    json_t *row;
    json_array_foreach(rows, index, row)
    {
        practices += world_text(row, "parent")[0] == 'U';
        if (world_text(row, "parent")[0] != '\0')
            assert_string_equal(world_text(row, "root"), world_text(row, "code"));
    }
    assert_int_equal(practices, 426);
    json_decref(answer);
    tdm_buf_free(&file);
}

static int close_world(void **state)
{
    (void)state;
    world_close(&world);
    world = (tdm_world){ 0 };
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_register_exported_four_times, close_world),
        cmocka_unit_test_teardown(workshops_of_many_sites, close_world),
        cmocka_unit_test_teardown(training_of_many_organisations, close_world),
        cmocka_unit_test_teardown(national_lists_become_the_registry, close_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
