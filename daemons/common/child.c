/* SPDX-License-Identifier: MPL-2.0
 *
 * child.c: work in a child process, its bytes and its verdict through two pipes.
 */
#include "child.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors of the parent, such as a port it listens at, are not held open by whoever only reads a store.
 */
static void close_others(int a, int b)
{
    int low = a < b ? a : b;
    int high = a < b ? b : a;
    if (low > 3)
        close_range(3, (unsigned)low - 1, 0);
    if (high > low + 1)
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0U, 0);
}

/* A program's own handlers would take a damaged page for a fault of its own, and go on as if it were the
 * parent. */
static void forget_handlers(void)
{
    struct sigaction now;
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            signal(number, SIG_DFL);
    signal(SIGPIPE, SIG_DFL); /* nobody waits for it any more */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void be_child(tdm_child_work *work, void *context, int data, int verdict)
{
    tdm_verdict out;
    close_others(data, verdict);
    forget_handlers();
    memset(&out, 0, sizeof out); /* padding, too: it goes through a pipe */
    work(context, data, &out);
    close(data);
    _exit(tdm_path_write(verdict, &out, sizeof out) ? 0 : 1);
}

tdm_code tdm_child_start(tdm_child *out, tdm_child_work *work, void *context, tdm_err *err)
{
    int data[2];
    int told[2];
    *out = (tdm_child){ .data = -1, .verdict = -1 };
    if (pipe2(data, O_CLOEXEC) != 0)
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    if (pipe2(told, O_CLOEXEC) != 0) {
        close(data[0]);
        close(data[1]);
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0)
        be_child(work, context, data[1], told[1]);
    int sys = errno;
    close(data[1]);
    close(told[1]);
    *out = (tdm_child){ .pid = pid > 0 ? pid : 0, .data = data[0], .verdict = told[0] };
    if (pid > 0)
        return TDM_OK;
    tdm_child_end(out, &(tdm_verdict){ 0 }, NULL);
    return tdm_fail(err, TDM_IO, sys, "no process could be started: %s", strerror(sys));
}

static bool read_verdict(int fd, tdm_verdict *out)
{
    size_t have = 0;
    while (have < sizeof *out) {
        ssize_t got = read(fd, (char *)out + have, sizeof *out - have);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        have += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* A program that waits for all of its children may have been first. */
static int wait_status(pid_t pid)
{
    int status = 0;
    pid_t done;
    do
        done = waitpid(pid, &status, 0);
    while (done < 0 && errno == EINTR);
    return done == pid ? status : 0;
}

tdm_code tdm_child_end(tdm_child *child, tdm_verdict *out, tdm_err *err)
{
    if (child->data >= 0)
        close(child->data);
    bool told = child->pid > 0 && read_verdict(child->verdict, out);
    if (child->verdict >= 0)
        close(child->verdict);
    int status = child->pid > 0 ? wait_status(child->pid) : 0;
    bool was = child->pid > 0;
    *child = (tdm_child){ .data = -1, .verdict = -1 };
    if (told)
        return TDM_OK;
    if (!was)
        return tdm_fail(err, TDM_INTERNAL, 0, "there is no child process");
    if (WIFSIGNALED(status))
        return tdm_fail(err, TDM_CORRUPT, 0,
                        "reading the store ended with signal %d (%s): its file is damaged", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    return tdm_fail(err, TDM_CORRUPT, 0, "reading the store ended without an answer");
}
