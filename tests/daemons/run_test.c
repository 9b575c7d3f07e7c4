/* SPDX-License-Identifier: MPL-2.0
 *
 * run_test.c: the specification of daemons/common/run.c.
 */
#include "run.h"

#include <stdarg.h>
#include <setjmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char scratch[] = "/tmp/tandem-run-XXXXXX";
static char folder[128];

static int make_scratch(void **state)
{
    (void)state;
    strcpy(scratch + sizeof scratch - 7, "XXXXXX");
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(folder, sizeof folder, "%s/deep/state", scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    return system(command);
}

static void check_new_folder(void **state)
{
    (void)state;
    tdm_run *run = NULL;
    struct stat status;
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_OK);
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    tdm_run_close(&run);
    assert_null(run);
}

static void check_open_folder(void **state)
{
    (void)state;
    tdm_run *run = NULL;
    tdm_err err = { 0 };
    assert_int_equal(chmod(scratch, 0750), 0);
    assert_int_equal(tdm_run_open(&run, scratch, &err), TDM_DENIED);
    assert_null(run);
    assert_non_null(strstr(err.what, "chmod 700"));
}

static void check_no_folder(void **state)
{
    (void)state;
    tdm_run *run = NULL;
    snprintf(folder, sizeof folder, "%s/file", scratch);
    fclose(fopen(folder, "w"));
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_INVALID);
}

static void check_lock(void **state)
{
    (void)state;
    tdm_run *first = NULL;
    tdm_run *second = NULL;
    tdm_err err = { 0 };
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_int_equal(tdm_run_open(&first, folder, NULL), TDM_OK);
    assert_int_equal(tdm_run_open(&second, folder, &err), TDM_BUSY);
    assert_null(second);
    assert_non_null(strstr(err.what, pid));
    tdm_run_close(&first);
    assert_int_equal(tdm_run_open(&second, folder, NULL), TDM_OK);
    tdm_run_close(&second);
}

static void check_crash(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        tdm_run *run = NULL;
        if (tdm_run_open(&run, folder, NULL) == TDM_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    tdm_run *run = NULL;
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_OK);
    tdm_run_close(&run);
}

static void check_signals(void **state)
{
    (void)state;
    static const struct {
        int number;
        tdm_run_wish wish;
        const char *name;
    } ROWS[] = { { SIGTERM, TDM_RUN_STOP, "SIGTERM" },
                 { SIGINT, TDM_RUN_STOP, "SIGINT" },
                 { SIGHUP, TDM_RUN_RELOAD, "SIGHUP" },
                 { SIGPIPE, TDM_RUN_NOTHING, "SIGPIPE" } };
    tdm_run *run = NULL;
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_OK);
    assert_int_equal(tdm_run_next(run), TDM_RUN_NOTHING);
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++) {
        kill(getpid(), ROWS[i].number);
        struct pollfd fd = { tdm_run_fd(run), POLLIN, 0 };
        assert_int_equal(poll(&fd, 1, 10000), 1);
        assert_int_equal(tdm_run_next(run), ROWS[i].wish);
        assert_string_equal(tdm_run_signal(run), ROWS[i].name);
        assert_int_equal(tdm_run_next(run), TDM_RUN_NOTHING);
    }
    kill(getpid(), SIGTERM); /* unread: must not strike when the mask is lifted */
    tdm_run_close(&run);
}

static void check_files(void **state)
{
    (void)state;
    struct rlimit limit;
    tdm_run *run = NULL;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur == limit.rlim_max);
    tdm_run_close(&run);
}

static void expect_notice(int fd, const char *wanted)
{
    char text[256];
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    assert_true(len > 0);
    text[len] = '\0';
    assert_memory_equal(text, wanted, strlen(wanted));
}

static void check_notify(void **state)
{
    (void)state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char pid[24];
    tdm_run *run = NULL;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", scratch);
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(tdm_run_open(&run, folder, NULL), TDM_OK);
    assert_int_equal(tdm_run_watchdog_ms(run), 1500);
    tdm_run_ready(run, "serving 3 nodes");
    expect_notice(fd, "READY=1\nSTATUS=serving 3 nodes");
    tdm_run_alive(run);
    expect_notice(fd, "WATCHDOG=1");
    tdm_run_reloading(run);
    expect_notice(fd, "RELOADING=1\nMONOTONIC_USEC=");
    tdm_run_stopping(run, "draining");
    expect_notice(fd, "STOPPING=1\nSTATUS=draining");
    tdm_run_close(&run);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(fd);
}

int main(void)
{
#define ROW(name, check)                                                                                     \
    {                                                                                                        \
        name, check, make_scratch, remove_scratch, NULL                                                      \
    }
    const struct CMUnitTest tests[] = {
        ROW("a new state folder is made for its owner alone", check_new_folder),
        ROW("a folder open to others is refused", check_open_folder),
        ROW("a file in place of the folder is refused", check_no_folder),
        ROW("a second daemon on one folder is told who holds it", check_lock),
        ROW("the lock of a killed daemon is free", check_crash),
        ROW("signals arrive by the descriptor", check_signals),
        ROW("the soft limit of open files is raised", check_files),
        ROW("the service manager is told", check_notify),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
