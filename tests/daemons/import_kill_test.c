/* SPDX-License-Identifier: MPL-2.0
 *
 * import_kill_test.c: an import that is killed at any moment and repeated leaves what one undisturbed import
 * leaves.
 */
#include "service_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { ROWS = 4000, ROUNDS = 5 };

static void make_file(tdm_buf *file)
{
    tdm_buf_text(file, "unit_id,kind,programme,start_date,hours,participants,partners\n");
    for (int i = 0; i < ROWS; i++)
        tdm_buf_format(file, "u%d,programme,p%d,2017-%02d-%02d,%d.5,%d,RX%c:plan+deliver\n", i, i % 5,
                       1 + i % 12, 1 + i % 28, i % 7, i % 40, 'A' + i % 26);
    tdm_buf_add(file, "", 1);
}

/* The kernel ends the child, as kill -9 would, once it has used so much processor time: no clock of the
 * machine's load decides where in the import that is. */
static void import_in_child(const tdm_world *world, const char *file, long processor_us)
{
    tdm_err err = { 0 };
    tdm_core *core = NULL;
    tdm_core_options options = { .folder = world->folder, .map_bytes = 1 << 28 };
    if (tdm_core_open(&core, &options, &err) != TDM_OK)
        _exit(2);
    tdm_service_context context = world->context;
    context.core = core;
    tdm_answer answer;
    tdm_request request = { .args = json_object(), .body = tdm_span_text(file) };
    struct itimerval end = { .it_value = { .tv_usec = processor_us } };
    if (setitimer(ITIMER_PROF, &end, NULL) != 0)
        _exit(2);
    _exit(tdm_service_call(&context, "import", &request, &answer, &err) == TDM_OK ? 0 : 3);
}

/* True if it was killed; else the import was faster. */
static bool wait_for_end(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        assert_int_equal(WTERMSIG(status), SIGPROF);
    else
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void import_until_killed(const tdm_world *world, const char *file, long processor_us, int *kills)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        import_in_child(world, file, processor_us);
    *kills += wait_for_end(child);
}

static void expect_same_figures(tdm_world *killed, const json_t *wanted)
{
    json_t *got = world_ask(killed, "level", "{\"by\":\"programme\"}", NULL, NULL);
    assert_true(json_equal(json_object_get(got, "data"), json_object_get(wanted, "data")));
    json_decref(got);
    int status = 1;
    json_t *verified = world_ask(killed, "verify", NULL, NULL, &status);
    assert_int_equal(status, 0);
    json_decref(verified);
}

static void a_killed_import_is_simply_repeated(void **state)
{
    (void)state;
    tdm_buf file = { 0 };
    tdm_world whole;
    int kills = 0;
    make_file(&file);
    const char *text = (const char *)file.data;
    world_open(&whole, false, "R0A");
    json_decref(world_ask(&whole, "import", NULL, text, NULL));
    json_t *wanted = world_ask(&whole, "level", "{\"by\":\"programme\"}", NULL, NULL);
    assert_true(json_array_size(json_object_get(wanted, "data")) > 0);
    for (int round = 0; round < ROUNDS; round++) {
        tdm_world killed;
        json_t *keep = NULL;
        world_open(&killed, false, "R0A");
        tdm_core_close(&killed.core); /* no threads over a fork */
        import_until_killed(&killed, text, 6000 + 15000L * round, &kills);
        tdm_core_options options = { .folder = killed.folder, .map_bytes = 1 << 28 };
        tdm_err err = { 0 };
        assert_int_equal(tdm_core_open(&killed.core, &options, &err), TDM_OK);
        killed.context.core = killed.core;
        const json_t *report = world_row(&killed, "import", NULL, text, &keep);
        print_message("round %d: %ld known after the kill\n", round, world_int(report, "known"));
        assert_int_equal(world_int(report, "known") + world_int(report, "new") + world_int(report, "changed"),
                         ROWS);
        json_decref(keep);
        expect_same_figures(&killed, wanted);
        assert_int_equal(world_last_sequence(&killed), world_last_sequence(&whole));
        world_close(&killed);
    }
    assert_true(kills > 0);
    json_decref(wanted);
    world_close(&whole);
    tdm_buf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_killed_import_is_simply_repeated) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
