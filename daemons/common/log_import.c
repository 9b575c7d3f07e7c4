/* SPDX-License-Identifier: MPL-2.0
 *
 * log_import.c: an exported log into an empty store.
 */
#include "log_text.h"

#include "log_lines.h"
#include "workshop.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { COMMIT_EVENTS = 16384 };
/* Where core keeps the hub a store belongs to. */
static const char AUTHORITY_NAME[] = "identity/authority";

typedef struct importing {
    tdm_ledger *ledger;
    tdm_ledger_txn *txn;
    size_t in_txn;
    const tdm_told *told;
    tdm_log_imported *out;
} importing;

static tdm_code commit(importing *in, bool all, tdm_err *err)
{
    if (!all && in->in_txn < COMMIT_EVENTS)
        return TDM_OK;
    in->in_txn = 0;
    tdm_code code = tdm_ledger_commit(&in->txn, err);
    return code == TDM_OK && !all ? tdm_ledger_begin(in->ledger, &in->txn, err) : code;
}

static tdm_code take_store(void *context, const tdm_id *authority, tdm_err *err)
{
    const importing *in = context;
    (void)err;
    return authority == NULL ? TDM_OK
                             : tdm_ledger_local_put(in->txn, tdm_span_text(AUTHORITY_NAME),
                                                    (tdm_span){ authority->bytes, TDM_ID_BYTES });
}

static tdm_code take_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *told,
                         const tdm_span *events, tdm_err *err)
{
    importing *in = context;
    tdm_tip tip;
    tdm_run run = *told;
    tdm_code code = tdm_ledger_txn_tip(in->txn, origin, incarnation, &tip, err);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    tdm_run_head(&tip.head, &run.root, &run.head);
    if (!tdm_digest_equal(&run.head, &told->head))
        return tdm_fail(err, TDM_DENIED, 0, "root or head do not follow from the events before this line");
    code = tdm_ledger_append_run(in->txn, origin, incarnation, &run, events, 0, err);
    size_t count = (size_t)(run.last - run.first + 1);
    in->in_txn += count;
    in->out->events += count;
    in->out->runs++;
    if (code == TDM_OK)
        code = tdm_told_tell(in->told, in->out->events, 0, err);
    return code == TDM_OK ? commit(in, false, err) : code;
}

static tdm_code take_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                          tdm_err *err)
{
    importing *in = context;
    tdm_tip tip;
    tdm_code code = tdm_ledger_txn_tip(in->txn, origin, incarnation, &tip, err);
    if (code != TDM_OK || tip.last != seal->last)
        return tdm_fail(err, TDM_MALFORMED, 0, "a seal follows the run it seals");
    if (tdm_seal_check(seal, origin, incarnation, &tip.head, NULL) != TDM_OK)
        return tdm_fail(err, TDM_DENIED, 0, "the seal does not verify over the log before it");
    in->out->seals++;
    return tdm_ledger_put_seal(in->txn, origin, incarnation, seal, err);
}

static tdm_code take_notice(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    importing *in = context;
    tdm_code code = tdm_ledger_append_notice(in->txn, event, proof, 0, err);
    in->in_txn++;
    in->out->events++;
    in->out->notices++;
    if (code == TDM_OK)
        code = tdm_told_tell(in->told, in->out->events, 0, err);
    return code == TDM_OK ? commit(in, false, err) : code;
}

static const tdm_log_visit VISIT = {
    .store = take_store, .run = take_run, .seal = take_seal, .notice = take_notice
};

/* ---- the store */

static tdm_code import(const char *folder, size_t map_bytes, FILE *file, importing *in, tdm_err *err)
{
    tdm_code code = tdm_ledger_open_folder(&in->ledger, folder, TDM_KV_READ_WRITE, map_bytes, err);
    if (code == TDM_OK)
        code = tdm_ledger_begin(in->ledger, &in->txn, err);
    if (code == TDM_OK)
        code = tdm_log_read(file, &VISIT, in, &in->out->lines, err);
    if (code == TDM_OK)
        code = commit(in, true, err);
    tdm_ledger_abort(&in->txn);
    tdm_ledger_close(&in->ledger);
    return code;
}

tdm_code tdm_log_import(const char *folder, size_t map_bytes, FILE *file, const tdm_told *told,
                        tdm_log_imported *out, tdm_err *err)
{
    struct stat found;
    bool made = false;
    tdm_workshop work = { "" };
    *out = (tdm_log_imported){ 0 };
    importing in = { .told = told, .out = out };
    tdm_code code = sodium_init() < 0 ? tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start")
                                      : tdm_workshop_take_folder(folder, &found, &made, err);
    if (code == TDM_OK)
        code = tdm_workshop_make(&work, folder, "/.import.XXXXXX", err);
    if (code == TDM_OK)
        code = import(work.path, map_bytes, file, &in, err);
    if (code == TDM_OK)
        code = tdm_workshop_yield_ledger(&work, folder, err);
    tdm_workshop_clear(&work);
    if (code != TDM_OK && made)
        rmdir(folder);
    return code;
}
