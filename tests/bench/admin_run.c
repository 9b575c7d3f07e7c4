/* SPDX-License-Identifier: MPL-2.0
 *
 * admin_run.c: a command, or a function, in a process of its own: its time, and every 10 ms the anonymous
 * memory of it and of all that it started.
 */
#include "admin_bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 10000000

static long anonymous_kib(pid_t pid)
{
    char path[64];
    char line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "RssAnon: %ld", &kib);
    if (status != NULL)
        fclose(status);
    return kib;
}

/* Of a process and those below it. */
static long tree_kib(pid_t pid)
{
    char path[96];
    long child = 0;
    long kib = anonymous_kib(pid);
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
    FILE *children = fopen(path, "r");
    while (children != NULL && fscanf(children, "%ld", &child) == 1)
        kib += tree_kib((pid_t)child);
    if (children != NULL)
        fclose(children);
    return kib;
}

static void watch(pid_t pid, double start, admin_spent *spent)
{
    static const struct timespec LOOK = { .tv_nsec = LOOK_NS };
    struct rusage used;
    int status = 0;
    *spent = (admin_spent){ 0 };
    while (wait4(pid, &status, WNOHANG, &used) == 0) {
        double mib = (double)tree_kib(pid) / 1024;
        spent->rss_mib = mib > spent->rss_mib ? mib : spent->rss_mib;
        nanosleep(&LOOK, NULL);
    }
    spent->seconds = bench_now() - start;
    spent->cpu = (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6
                 + (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec / 1e6;
    spent->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static _Noreturn void become(char *const *words, const char *out)
{
    int to = open(out == NULL ? "/dev/null" : out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (to < 0 || dup2(to, STDOUT_FILENO) < 0)
        _exit(120);
    execv(words[0], words);
    _exit(121);
}

void admin_run(char *const *words, const char *out, admin_spent *spent)
{
    double start = bench_now();
    pid_t pid = fork();
    if (pid == 0)
        become(words, out);
    if (pid < 0)
        bench_die(words[1], "no process could be started");
    watch(pid, start, spent);
}

void admin_run_function(int (*function)(void *context), void *context, admin_spent *spent)
{
    double start = bench_now();
    pid_t pid = fork();
    if (pid == 0)
        _exit(function(context));
    if (pid < 0)
        bench_die("ceiling", "no process could be started");
    watch(pid, start, spent);
}

uint64_t admin_file_bytes(const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
}
