/* SPDX-License-Identifier: MPL-2.0
 *
 * run.c: state folder, lock, signals, service manager.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

struct tdm_run {
    int signals;     /* signalfd */
    int lock;        /* the lock file, flocked as long as it is open */
    sigset_t before; /* the mask to restore */
    int last_signal; /* 0 before the first */
    int64_t watchdog_ms;
};

/* File systems over a network: LMDB's lock file and shared map do not hold there. */
static const struct {
    unsigned long magic;
    const char *name;
} NETWORKED[] = {
    { 0x6969, "nfs" },        { 0xff534d42, "cifs" }, { 0xfe534d42, "smb2" },  { 0x517b, "smb" },
    { 0x65735546, "fuse" },   { 0x5346414f, "afs" },  { 0x01021997, "9p" },    { 0x00c36400, "ceph" },
    { 0x0bd00bd0, "lustre" }, { 0x47504653, "gpfs" }, { 0x7461636f, "ocfs2" }, { 0x01161970, "gfs2" },
};

static const struct {
    int number;
    const char *name;
    tdm_run_wish wish;
} SIGNALS[] = {
    { SIGTERM, "SIGTERM", TDM_RUN_STOP },
    { SIGINT, "SIGINT", TDM_RUN_STOP },
    { SIGHUP, "SIGHUP", TDM_RUN_RELOAD },
    /* Taken from its default so that a peer that is gone shows as EPIPE at the write. */
    { SIGPIPE, "SIGPIPE", TDM_RUN_NOTHING },
};

static tdm_code make_folder(const char *path, tdm_err *err)
{
    char parent[PATH_MAX];
    if (strlen(path) >= sizeof parent)
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "state folder: the path is too long");
    snprintf(parent, sizeof parent, "%s", path);
    for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0755) != 0 && errno != EEXIST)
            return tdm_fail(err, TDM_IO, errno, "state folder: cannot make %.120s: %s", parent,
                            strerror(errno));
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return tdm_fail(err, TDM_IO, errno, "state folder: cannot make %.120s: %s", path, strerror(errno));
    return TDM_OK;
}

static tdm_code check_rights(const char *path, const struct stat *status, tdm_err *err)
{
    if (!S_ISDIR(status->st_mode))
        return tdm_fail(err, TDM_INVALID, ENOTDIR, "state folder: %.150s is not a folder", path);
    if (status->st_uid != geteuid())
        return tdm_fail(err, TDM_DENIED, 0, "state folder: %.120s belongs to user %u, not %u", path,
                        (unsigned)status->st_uid, (unsigned)geteuid());
    if ((status->st_mode & 077) != 0)
        return tdm_fail(err, TDM_DENIED, 0, "state folder: %.100s is open to others (%03o): chmod 700 it",
                        path, (unsigned)status->st_mode & 0777);
    return TDM_OK;
}

static tdm_code check_file_system(const char *path, tdm_err *err)
{
    struct statfs status;
    if (statfs(path, &status) != 0)
        return tdm_fail(err, TDM_IO, errno, "state folder: cannot ask the file system of %.120s", path);
    for (size_t i = 0; i < TDM_COUNT(NETWORKED); i++)
        if (((unsigned long)status.f_type & 0xffffffff) == NETWORKED[i].magic)
            return tdm_fail(err, TDM_INVALID, 0,
                            "state folder: %.100s is on %s; the store needs a local disk", path,
                            NETWORKED[i].name);
    return TDM_OK;
}

static tdm_code prepare_folder(const char *path, tdm_err *err)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno != ENOENT)
            return tdm_fail(err, TDM_IO, errno, "state folder: %.120s: %s", path, strerror(errno));
        tdm_code code = make_folder(path, err);
        if (code != TDM_OK)
            return code;
        if (stat(path, &status) != 0)
            return tdm_fail(err, TDM_IO, errno, "state folder: %.120s: %s", path, strerror(errno));
    }
    tdm_code code = check_rights(path, &status, err);
    return code == TDM_OK ? check_file_system(path, err) : code;
}

static tdm_code refuse_second(int fd, const char *state, tdm_err *err)
{
    char text[24] = "";
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    long pid = len > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        return tdm_fail(err, TDM_BUSY, EWOULDBLOCK, "another daemon (process %ld) runs on %.120s", pid,
                        state);
    return tdm_fail(err, TDM_BUSY, EWOULDBLOCK, "another daemon runs on %.140s", state);
}

/* The file stays when the daemon ends: were it removed, two daemons could hold locks on two files of one
 * name. */
static tdm_code take_lock(tdm_run *run, const char *state, tdm_err *err)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/daemon.lock", state) >= (int)sizeof path)
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "state folder: the path is too long");
    run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (run->lock < 0)
        return tdm_fail(err, TDM_IO, errno, "cannot open %.140s: %s", path, strerror(errno));
    if (flock(run->lock, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? refuse_second(run->lock, state, err)
                                    : tdm_fail(err, TDM_IO, errno, "cannot lock %.140s", path);
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(run->lock, 0) != 0 || pwrite(run->lock, text, (size_t)len, 0) != len)
        return tdm_fail(err, TDM_IO, errno, "cannot write %.140s: %s", path, strerror(errno));
    return TDM_OK;
}

static tdm_code take_signals(tdm_run *run, tdm_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < TDM_COUNT(SIGNALS); i++)
        sigaddset(&set, SIGNALS[i].number);
    pthread_sigmask(SIG_BLOCK, &set, &run->before);
    run->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return run->signals >= 0 ? TDM_OK : tdm_fail(err, TDM_IO, errno, "cannot make a signalfd");
}

/* Each link, reader and HTTP client is a file. Failing is no fault: what there is will do. */
static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The fold's two threads take turns with the same dossiers: with an arena for each, what one frees the other
 * cannot use, and the hub's memory grows by a third. */
static void share_memory(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1);
#endif
}

tdm_code tdm_run_open(tdm_run **out, const char *state, tdm_err *err)
{
    tdm_run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory");
    run->lock = -1;
    run->signals = -1;
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        run->watchdog_ms = (int64_t)(watchdog_us / 2000);
    tdm_code code = take_signals(run, err);
    raise_files();
    share_memory();
    if (code == TDM_OK)
        code = prepare_folder(state, err);
    if (code == TDM_OK)
        code = take_lock(run, state, err);
    if (code != TDM_OK) {
        tdm_run_close(&run);
        return code;
    }
    *out = run;
    return TDM_OK;
}

void tdm_run_close(tdm_run **run_at)
{
    tdm_run *run = run_at == NULL ? NULL : *run_at;
    if (run == NULL)
        return;
    if (run->signals >= 0) {
        /* Drained first, or a second SIGTERM would strike when the mask is lifted. */
        while (tdm_run_next(run) != TDM_RUN_NOTHING)
            continue;
        close(run->signals);
    }
    pthread_sigmask(SIG_SETMASK, &run->before, NULL);
    if (run->lock >= 0)
        close(run->lock);
    free(run);
    *run_at = NULL;
}

int tdm_run_fd(const tdm_run *run)
{
    return run->signals;
}

tdm_run_wish tdm_run_next(tdm_run *run)
{
    struct signalfd_siginfo info;
    while (read(run->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        run->last_signal = (int)info.ssi_signo;
        for (size_t i = 0; i < TDM_COUNT(SIGNALS); i++)
            if (SIGNALS[i].number == run->last_signal && SIGNALS[i].wish != TDM_RUN_NOTHING)
                return SIGNALS[i].wish;
    }
    return TDM_RUN_NOTHING;
}

const char *tdm_run_signal(const tdm_run *run)
{
    for (size_t i = 0; i < TDM_COUNT(SIGNALS); i++)
        if (SIGNALS[i].number == run->last_signal)
            return SIGNALS[i].name;
    return "none";
}

void tdm_run_ready(tdm_run *run, const char *status)
{
    (void)run;
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void tdm_run_starting(tdm_run *run, const char *status)
{
    enum { MORE_US = 30000000 }; /* before it is given up */
    (void)run;
    (void)sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%d\nSTATUS=%s", MORE_US, status);
}

void tdm_run_status(tdm_run *run, const char *status)
{
    (void)run;
    (void)sd_notifyf(0, "STATUS=%s", status);
}

void tdm_run_reloading(tdm_run *run)
{
    (void)run;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
                     (long long)now.tv_sec * 1000000 + (long long)now.tv_nsec / 1000);
}

void tdm_run_stopping(tdm_run *run, const char *status)
{
    (void)run;
    (void)sd_notifyf(0, "STOPPING=1\nSTATUS=%s", status);
}

void tdm_run_alive(tdm_run *run)
{
    if (run->watchdog_ms > 0)
        (void)sd_notify(0, "WATCHDOG=1");
}

int64_t tdm_run_watchdog_ms(const tdm_run *run)
{
    return run->watchdog_ms;
}
