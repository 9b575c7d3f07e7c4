/* SPDX-License-Identifier: MPL-2.0
 *
 * offline.c: a store read without its daemon, by the same services, in a child process.
 */
#include "client.h"

#include "clock.h"
#include "log_text.h"
#include "people_log.h"
#include "progress.h"
#include "snapshot.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child does with the open store: bytes go to the parent through a pipe of their own. */
typedef struct task {
    const char *folder;
    const char *verb; /* NULL: export, as it is read */
    const json_t *args;
    tdm_span body;
    const tdm_told *told; /* parent: who hears how far it is; NULL: nobody */
    bool without_views;   /* figures from the log alone */
    FILE *out;            /* parent: where the bytes go, or into `bytes` */
    tdm_buf bytes;
} task;

/* What the child tells through a second pipe, each less than it takes at once: how far it is, and its end. */
typedef struct verdict {
    bool last;
    uint64_t done;
    uint64_t total;
    tdm_code code; /* this and the rest at its end */
    bool raw;
    int exit;
    char way[TDM_WAY_MAX]; /* where figures are from; "" if none were asked for */
    tdm_err err;
} verdict;

/* ---- whose store it is */

/* Types that only a hub states. */
static const uint32_t HUB_TYPES[] = { TDM_TYPE_ORGANISATION, TDM_TYPE_REPRESENTS,
                                      TDM_TYPE_KEY,          TDM_TYPE_TARGET,
                                      TDM_TYPE_BASELINE,     TDM_TYPE_CATALOGUE_ENTRY,
                                      TDM_TYPE_TIDE,         TDM_TYPE_RETURN_EXPECTED };

typedef struct look {
    tdm_id first; /* the origin of position 1: the store's own, which stated its incarnation then */
    bool hub;
} look;

static tdm_code look_at(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    look *found = context;
    tdm_event event;
    if (tdm_event_peek(entry->bytes, &event, err) != TDM_OK)
        return TDM_END; /* damaged: whoever reads on will say so */
    if (entry->position == 1)
        found->first = event.origin;
    for (size_t i = 0; i < TDM_COUNT(HUB_TYPES); i++)
        found->hub = found->hub || (event.type == HUB_TYPES[i] && tdm_id_equal(&event.origin, &found->first));
    return found->hub ? TDM_END : TDM_OK;
}

/* What is not there, or can not be read as it lies. */
static tdm_code no_store(const char *folder, tdm_err *err)
{
    tdm_snapshot snapshot;
    if (tdm_snapshot_read(folder, &snapshot, NULL) == TDM_OK && snapshot.encrypted)
        return tdm_fail(
            err, TDM_DENIED, 0,
            "%.80s is an encrypted snapshot: bring it back first, tandem restore %.40s --store NEW", folder,
            folder);
    return tdm_fail(err, TDM_NOT_FOUND, 0, "%.120s holds no Tandem store", folder);
}

tdm_code tdm_offline_is_hub(const char *folder, bool *hub, tdm_err *err)
{
    enum { LOOKED_AT = 4096 };
    char path[PATH_MAX];
    tdm_code code = tdm_path_join(path, folder, "ledger", err);
    const tdm_kv_options options = { .path = path,
                                     .mode = TDM_KV_READ_ONLY,
                                     .tables = TDM_LEDGER_TABLES,
                                     .table_count = TDM_LEDGER_TABLE_COUNT };
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    look found = { 0 };
    tdm_buf joined = { 0 };
    if (code == TDM_OK)
        code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_NOT_FOUND)
        return no_store(folder, err);
    if (code == TDM_OK)
        code = tdm_ledger_open(&ledger, &kv, err);
    if (code != TDM_OK)
        return code;
    /* A node that joined, or an imported log, remembers its authority; a hub is its own. */
    if (tdm_ledger_local_get(ledger, tdm_span_text("identity/authority"), &joined, NULL) == TDM_NOT_FOUND)
        tdm_ledger_scan(ledger, 1, LOOKED_AT, look_at, &found, &(uint64_t){ 0 }, NULL);
    *hub = found.hub;
    tdm_buf_free(&joined);
    tdm_ledger_close(&ledger);
    return TDM_OK;
}

/* ---- the child */

static tdm_code send_lines(void *context, tdm_span lines, tdm_err *err)
{
    return tdm_path_write(*(int *)context, lines.data, lines.len)
               ? TDM_OK
               : tdm_fail(err, TDM_IO, errno, "nobody reads the log any more");
}

static bool send_told(void *context, uint64_t done, uint64_t total)
{
    verdict far;
    memset(&far, 0, sizeof far);
    far.done = done;
    far.total = total;
    return tdm_path_write(*(int *)context, &far, sizeof far) && tdm_progress_stopped_by() == 0;
}

static tdm_code serve(tdm_core *core, const task *what, int fd, int verdict_fd, verdict *out)
{
    const tdm_told told = { send_told, &verdict_fd };
    if (what->verb == NULL)
        return tdm_log_export(core, send_lines, &fd, &told, &out->err);
    tdm_answer answer = { 0 };
    tdm_service_context context = { .core = core, .now_ms = tdm_clock_wall_ms(), .told = &told };
    tdm_request request = { .args = what->args, .body = what->body };
    tdm_code code = TDM_OK;
    if (!tdm_core_is_hub(core) && strncmp(what->verb, "person.", 7) == 0)
        code = tdm_people_open(&context.people, core, 0, &out->err);
    if (code == TDM_OK)
        code = tdm_service_call(&context, what->verb, &request, &answer, &out->err);
    out->raw = answer.raw;
    out->exit = answer.exit;
    if (!tdm_path_write(fd, answer.bytes.data, answer.bytes.len) && code == TDM_OK)
        code = tdm_fail(&out->err, TDM_IO, errno, "nobody reads the answer any more");
    tdm_answer_free(&answer);
    tdm_people_close(&context.people);
    return code;
}

/* Then nothing is folded. Logs as they are now can be listed from the log; those of a moment may need to know
 * what was published. */
static bool reads_log_alone(const task *what)
{
    const tdm_service *service = what->verb == NULL ? NULL : tdm_service_find(what->verb);
    if (what->verb != NULL && strcmp(what->verb, "log.list") == 0)
        return json_object_get(what->args, "as_of") == NULL;
    return service == NULL || service->needs <= TDM_NEEDS_WHOLE_LOG;
}

static tdm_code open_and_serve(const task *what, int fd, int verdict_fd, verdict *out)
{
    tdm_core_options options = { .folder = what->folder,
                                 .read_only = true,
                                 .without_views = what->without_views,
                                 .log_only = reads_log_alone(what) };
    tdm_core *core = NULL;
    tdm_code code = tdm_offline_is_hub(what->folder, &options.hub, &out->err);
    if (code == TDM_OK)
        code = tdm_core_open(&core, &options, &out->err);
    if (code == TDM_OK)
        snprintf(out->way, sizeof out->way, "%s", tdm_core_way(core));
    if (code == TDM_OK)
        code = serve(core, what, fd, verdict_fd, out);
    tdm_core_close(&core);
    return code;
}

static _Noreturn void be_child(const task *what, int data_fd, int verdict_fd)
{
    verdict out;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody waits for an answer any more */
    signal(SIGBUS, SIG_DFL);          /* a caller's handlers are not for this process */
    signal(SIGSEGV, SIG_DFL);
    memset(&out, 0, sizeof out); /* padding, too: it goes through a pipe */
    out.last = true;
    out.code = open_and_serve(what, data_fd, verdict_fd, &out);
    close(data_fd);
    _exit(tdm_path_write(verdict_fd, &out, sizeof out) ? 0 : 1);
}

/* ---- the parent */

enum { PIPE_BYTES = 1 << 20 };

static bool keep_bytes(task *what, const char *part, size_t len)
{
    if (what->out != NULL)
        return fwrite(part, 1, len, what->out) == len;
    tdm_buf_add(&what->bytes, part, len);
    return !what->bytes.failed;
}

/* One part of the answer; false: there is no more, or *kept became false. */
static bool read_data(task *what, int fd, bool *kept)
{
    char part[PIPE_BYTES / 4];
    ssize_t got = read(fd, part, sizeof part);
    if (got < 0 && errno == EINTR)
        return true;
    *kept = got == 0 || (got > 0 && keep_bytes(what, part, (size_t)got));
    return got > 0 && *kept;
}

/* Who ends the work ends the child, which clears up. Told again, it does the same. */
static void tell(const task *what, pid_t child, const verdict *word)
{
    if (tdm_told_tell(what->told, word->done, word->total, NULL) != TDM_OK)
        kill(child, SIGINT);
}

/* One word of the child; false: there is no more. Written at once, it is there as a whole. */
static bool read_word(const task *what, pid_t child, int fd, verdict *word)
{
    verdict next;
    size_t have = 0;
    ssize_t got;
    while (have < sizeof next && (got = read(fd, (char *)&next + have, sizeof next - have)) != 0) {
        if (got < 0 && errno != EINTR)
            return false;
        have += got > 0 ? (size_t)got : 0;
    }
    if (have < sizeof next)
        return false;
    *word = next;
    if (!next.last)
        tell(what, child, word);
    return true;
}

/* Both pipes to their ends. False: the answer could not be kept. */
static bool listen_to(task *what, pid_t child, int data, int told, verdict *word)
{
    struct pollfd ends[] = { { data, POLLIN, 0 }, { told, POLLIN, 0 } };
    bool kept = true;
    while (ends[0].fd >= 0 || ends[1].fd >= 0) {
        if (poll(ends, TDM_COUNT(ends), -1) < 0) {
            tell(what, child, word); /* whoever asks how far it is gets the last word again */
            continue;
        }
        if (ends[0].revents != 0 && !read_data(what, data, &kept)) {
            ends[0].fd = -1;
            close(data); /* a child that still writes then stops */
        }
        if (ends[1].revents != 0 && !read_word(what, child, told, word)) {
            ends[1].fd = -1;
            close(told);
        }
    }
    return kept;
}

static tdm_code wait_child(pid_t child, tdm_err *err)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        return tdm_fail(err, TDM_CORRUPT, 0,
                        "reading the store ended with signal %d (%s): its file is damaged", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return tdm_fail(err, TDM_CORRUPT, 0, "reading the store ended without an answer");
    return TDM_OK;
}

static void close_ends(int data[2], int told[2], int which)
{
    close(data[which]);
    close(told[which]);
}

static tdm_code run_child(task *what, verdict *out, tdm_err *err)
{
    int data[2];
    int told[2];
    if (pipe2(data, O_CLOEXEC) != 0)
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    if (pipe2(told, O_CLOEXEC) != 0) {
        close(data[0]);
        close(data[1]);
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    }
    fcntl(data[0], F_SETPIPE_SZ, PIPE_BYTES); /* fewer turns between the two; less will do */
    pid_t child = fork();
    if (child == 0) {
        close_ends(data, told, 0);
        be_child(what, data[1], told[1]);
    }
    close_ends(data, told, 1);
    memset(out, 0, sizeof *out);
    bool kept = child > 0 && listen_to(what, child, data[0], told[0], out);
    int sys = errno;
    if (child < 0)
        close_ends(data, told, 0);
    bool whole = out->last;
    tdm_code code = child > 0 ? wait_child(child, err) : tdm_fail(err, TDM_IO, sys, "no process was started");
    if (code == TDM_OK && !(kept && whole))
        code = tdm_fail(err, TDM_IO, sys, "the answer could not be taken: %s", strerror(sys));
    return code;
}

/* Damage may be in the views, which show it by a check or by a signal: then the log alone tells. */
static tdm_code run_twice(task *what, verdict *out, tdm_err *err)
{
    char views[PATH_MAX];
    tdm_code code = run_child(what, out, err);
    bool damaged = code == TDM_CORRUPT || (code == TDM_OK && out->code == TDM_CORRUPT);
    int len = snprintf(views, sizeof views, "%s/views", what->folder);
    if (!damaged || reads_log_alone(what) || len < 0 || (size_t)len >= sizeof views
        || access(views, F_OK) != 0)
        return code;
    tdm_buf_free(&what->bytes);
    what->without_views = true;
    return run_child(what, out, err);
}

tdm_code tdm_offline_work(const tdm_offline_task *task_at, tdm_answer *answer, tdm_err *err)
{
    task what = { .folder = task_at->folder,
                  .verb = task_at->verb,
                  .args = task_at->args,
                  .body = task_at->body,
                  .told = task_at->told };
    verdict out;
    *answer = (tdm_answer){ 0 };
    if (task_at->way != NULL)
        task_at->way[0] = '\0';
    tdm_code code = run_twice(&what, &out, err);
    if (code != TDM_OK) {
        tdm_buf_free(&what.bytes);
        return code;
    }
    if (task_at->way != NULL)
        memcpy(task_at->way, out.way, TDM_WAY_MAX);
    answer->bytes = what.bytes;
    answer->raw = out.raw;
    answer->exit = out.exit;
    if (out.code != TDM_OK && err != NULL)
        *err = out.err;
    return out.code;
}

tdm_code tdm_offline_call(const char *folder, const char *verb, const json_t *args, tdm_answer *answer,
                          tdm_err *err)
{
    const tdm_offline_task work = { .folder = folder, .verb = verb, .args = args };
    return tdm_offline_work(&work, answer, err);
}

tdm_code tdm_offline_export(const char *folder, FILE *out, const tdm_told *told, tdm_err *err)
{
    task what = { .folder = folder, .told = told, .out = out };
    verdict end;
    tdm_code code = run_child(&what, &end, err);
    if (code == TDM_OK && end.code != TDM_OK && err != NULL)
        *err = end.err;
    return code == TDM_OK ? end.code : code;
}
