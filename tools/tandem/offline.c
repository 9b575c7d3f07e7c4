/* SPDX-License-Identifier: MPL-2.0
 *
 * offline.c: a store read without its daemon, by the same services, in a child process.
 */
#include "client.h"

#include "clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child writes before the answer's bytes. */
typedef struct report_head {
    tdm_code code;
    bool raw;
    int exit;
    tdm_err err;
} report_head;

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

static tdm_code is_hub_store(const char *folder, bool *hub, tdm_err *err)
{
    enum { LOOKED_AT = 4096 };
    char path[600];
    snprintf(path, sizeof path, "%.500s/ledger", folder);
    tdm_kv_options options = { .path = path,
                               .mode = TDM_KV_READ_ONLY,
                               .tables = TDM_LEDGER_TABLES,
                               .table_count = TDM_LEDGER_TABLE_COUNT };
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    look found = { 0 };
    tdm_buf joined = { 0 };
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "%.120s holds no Tandem store", folder);
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

static tdm_code call(const char *folder, const char *verb, const json_t *args, tdm_answer *answer,
                     tdm_err *err)
{
    tdm_core_options options = { .folder = folder, .read_only = true };
    tdm_core *core = NULL;
    tdm_code code = is_hub_store(folder, &options.hub, err);
    if (code == TDM_OK)
        code = tdm_core_open(&core, &options, err);
    if (code == TDM_OK) {
        tdm_service_context context = { .core = core, .now_ms = tdm_clock_wall_ms() };
        tdm_request request = { .args = args };
        code = tdm_service_call(&context, verb, &request, answer, err);
    }
    tdm_core_close(&core);
    return code;
}

static bool write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t done = write(fd, at, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        len -= (size_t)done;
    }
    return true;
}

static _Noreturn void be_child(int fd, const char *folder, const char *verb, const json_t *args)
{
    tdm_answer answer = { 0 };
    report_head head;
    memset(&head, 0, sizeof head); /* padding, too: it goes through a pipe */
    head.code = call(folder, verb, args, &answer, &head.err);
    head.raw = answer.raw;
    head.exit = answer.exit;
    bool told = write_all(fd, &head, sizeof head) && write_all(fd, answer.bytes.data, answer.bytes.len);
    tdm_answer_free(&answer);
    _exit(told ? 0 : 1);
}

/* ---- the parent */

static bool read_report(int fd, report_head *head, tdm_buf *bytes)
{
    char part[65536];
    size_t have = 0;
    for (;;) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && have == sizeof *head && !bytes->failed;
        size_t first = sizeof *head - have;
        first = first < (size_t)got ? first : (size_t)got;
        memcpy((char *)head + have, part, first);
        have += first;
        tdm_buf_add(bytes, part + first, (size_t)got - first);
    }
}

static tdm_code child_ended(pid_t child, tdm_err *err)
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

tdm_code tdm_offline_call(const char *folder, const char *verb, const json_t *args, tdm_answer *answer,
                          tdm_err *err)
{
    int ends[2];
    *answer = (tdm_answer){ 0 };
    if (pipe(ends) != 0)
        return tdm_fail(err, TDM_IO, errno, "a pipe could not be made: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        be_child(ends[1], folder, verb, args);
    }
    close(ends[1]);
    report_head head;
    bool whole = child > 0 && read_report(ends[0], &head, &answer->bytes);
    close(ends[0]);
    tdm_code code =
        child > 0 ? child_ended(child, err) : tdm_fail(err, TDM_IO, errno, "no process could be started");
    if (code == TDM_OK && !whole)
        code = tdm_fail(err, TDM_FULL, 0, "the answer of the store was cut short");
    if (code != TDM_OK) {
        tdm_answer_free(answer);
        *answer = (tdm_answer){ 0 };
        return code;
    }
    answer->raw = head.raw;
    answer->exit = head.exit;
    if (head.code != TDM_OK && err != NULL)
        *err = head.err;
    return head.code;
}
