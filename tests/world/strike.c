/* SPDX-License-Identifier: MPL-2.0
 *
 * strike.c: preloaded into a daemon, it ends or stops the process at a commit of its ledger that a test
 * chooses, and holds its fold back: power cuts at named moments, and figures that lag as far as wanted.
 *
 * TANDEM_STRIKE names a file. Once it is there, its words are an order: "kill before 2" ends the process
 * instead of the second commit from then on, "stop after 1" stops it (until SIGCONT) when the first is
 * durable. The file is removed when the order is taken. TANDEM_HOLD names another: while it is there, threads
 * of the fold do not begin.
 *
 * A commit of LMDB is the write of a meta page: a short one at the file's beginning, synced by its
 * descriptor.
 */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { META_END = 2 * 4096, META_BYTES = 256 };

#define HOOK __attribute__((visibility("default")))

typedef struct order {
    unsigned left; /* commits until it is carried out; 0: there is no order */
    int signal;
    bool after;
} order;

static order standing; /* the writer's thread alone commits */

static bool is_ledger(int fd)
{
    static const char END[] = "/ledger/data.mdb";
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path);
    return len >= (ssize_t)sizeof END - 1 && memcmp(path + len - (sizeof END - 1), END, sizeof END - 1) == 0;
}

static void take_order(void)
{
    char what[8];
    char when[8];
    const char *path = getenv("TANDEM_STRIKE");
    FILE *file = path == NULL || standing.left > 0 ? NULL : fopen(path, "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%7s %7s %u", what, when, &standing.left) == 3) {
        standing.signal = strcmp(what, "kill") == 0 ? SIGKILL : SIGSTOP;
        standing.after = strcmp(when, "after") == 0;
        unlink(path);
    }
    fclose(file);
}

HOOK ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite");
    if (at >= META_END || len > META_BYTES || !is_ledger(fd))
        return real(fd, bytes, len, at);
    take_order();
    bool now = standing.left > 0 && --standing.left == 0;
    if (now && !standing.after)
        raise(standing.signal);
    ssize_t written = real(fd, bytes, len, at);
    if (now && standing.after)
        raise(standing.signal);
    return written;
}

HOOK int pthread_setname_np(pthread_t thread, const char *name)
{
    static int (*real)(pthread_t, const char *);
    const char *path = getenv("TANDEM_HOLD");
    const struct timespec look_again = { .tv_nsec = 2000000 };
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_setname_np");
    while (path != NULL && strncmp(name, "fold", 4) == 0 && access(path, F_OK) == 0)
        nanosleep(&look_again, NULL);
    return real(thread, name);
}
