/* SPDX-License-Identifier: MPL-2.0
 *
 * offline.c: a store read without its daemon, by the same services, in a child process.
 */
#include "client.h"

#include "child.h"
#include "clock.h"
#include "log_text.h"
#include "people_log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the child does with the open store: bytes go to the parent through a pipe of their own. */
typedef struct task {
    const char *folder;
    const char *verb; /* NULL: export, as it is read */
    const json_t *args;
    FILE *out; /* parent: where the bytes go, or into `bytes` */
    tdm_buf bytes;
} task;

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

tdm_code tdm_offline_is_hub(const char *folder, bool *hub, tdm_err *err)
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

static tdm_code send_lines(void *context, tdm_span lines, tdm_err *err)
{
    return tdm_write_all(*(int *)context, lines.data, lines.len)
               ? TDM_OK
               : tdm_fail(err, TDM_IO, errno, "nobody reads the log any more");
}

static tdm_code serve(tdm_core *core, const task *what, int fd, tdm_verdict *out)
{
    if (what->verb == NULL)
        return tdm_log_export(core, send_lines, &fd, &out->err);
    tdm_answer answer = { 0 };
    tdm_service_context context = { .core = core, .now_ms = tdm_clock_wall_ms() };
    tdm_request request = { .args = what->args };
    tdm_code code = TDM_OK;
    if (!tdm_core_is_hub(core) && strncmp(what->verb, "person.", 7) == 0)
        code = tdm_people_open(&context.people, core, 0, &out->err);
    if (code == TDM_OK)
        code = tdm_service_call(&context, what->verb, &request, &answer, &out->err);
    out->raw = answer.raw;
    out->exit = answer.exit;
    if (!tdm_write_all(fd, answer.bytes.data, answer.bytes.len) && code == TDM_OK)
        code = tdm_fail(&out->err, TDM_IO, errno, "nobody reads the answer any more");
    tdm_answer_free(&answer);
    tdm_people_close(&context.people);
    return code;
}

static tdm_code open_and_serve(const task *what, int fd, tdm_verdict *out)
{
    const tdm_service *service = what->verb == NULL ? NULL : tdm_service_find(what->verb);
    tdm_core_options options = { .folder = what->folder,
                                 .read_only = true,
                                 .log_only = service != NULL && service->needs == TDM_NEEDS_LOG };
    tdm_core *core = NULL;
    tdm_code code = tdm_offline_is_hub(what->folder, &options.hub, &out->err);
    if (code == TDM_OK)
        code = tdm_core_open(&core, &options, &out->err);
    if (code == TDM_OK)
        code = serve(core, what, fd, out);
    tdm_core_close(&core);
    return code;
}

static void be_child(void *context, int fd, tdm_verdict *out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody waits for an answer any more */
    out->code = open_and_serve(context, fd, out);
}

/* ---- the parent */

static bool keep_bytes(task *what, const char *part, size_t len)
{
    if (what->out != NULL)
        return fwrite(part, 1, len, what->out) == len;
    tdm_buf_add(&what->bytes, part, len);
    return !what->bytes.failed;
}

static bool read_data(task *what, int fd)
{
    char part[65536];
    for (;;) {
        ssize_t got = read(fd, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (!keep_bytes(what, part, (size_t)got))
            return false;
    }
}

static tdm_code run_child(task *what, tdm_verdict *out, tdm_err *err)
{
    tdm_child child;
    tdm_code code = tdm_child_start(&child, be_child, what, err);
    if (code != TDM_OK)
        return code;
    bool kept = read_data(what, child.data);
    int sys = errno;
    code = tdm_child_end(&child, out, err);
    if (!kept) /* which ended the child, too */
        code = tdm_fail(err, TDM_IO, sys, "the answer could not be taken: %s", strerror(sys));
    return code;
}

tdm_code tdm_offline_call(const char *folder, const char *verb, const json_t *args, tdm_answer *answer,
                          tdm_err *err)
{
    task what = { .folder = folder, .verb = verb, .args = args };
    tdm_verdict out;
    *answer = (tdm_answer){ 0 };
    tdm_code code = run_child(&what, &out, err);
    if (code != TDM_OK) {
        tdm_buf_free(&what.bytes);
        return code;
    }
    answer->bytes = what.bytes;
    answer->raw = out.raw;
    answer->exit = out.exit;
    if (out.code != TDM_OK && err != NULL)
        *err = out.err;
    return out.code;
}

tdm_code tdm_offline_export(const char *folder, FILE *out, tdm_err *err)
{
    task what = { .folder = folder, .out = out };
    tdm_verdict told;
    tdm_code code = run_child(&what, &told, err);
    if (code == TDM_OK && told.code != TDM_OK && err != NULL)
        *err = told.err;
    return code == TDM_OK ? told.code : code;
}
