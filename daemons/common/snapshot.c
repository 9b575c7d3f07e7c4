/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot.c: a store's log at a moment, and back.
 */
#include "snapshot_inner.h"

#include "workshop.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- stages ---- */

static bool tell_stage(void *context, uint64_t done, uint64_t total)
{
    const tdm_stage *stage = context;
    uint64_t part = total == 0 ? 0 : (uint64_t)((double)done / (double)total * (double)stage->size);
    return tdm_told_tell(stage->told, stage->before + (part > stage->size ? stage->size : part), stage->all,
                         NULL)
           == TDM_OK;
}

tdm_told tdm_stage_told(tdm_stage *stage)
{
    return (tdm_told){ tell_stage, stage };
}

static void next_stage(tdm_stage *stage)
{
    stage->before += stage->size;
}

/* ---- the ledger ---- */

static void count_fault(void *context, const tdm_ledger_fault *fault)
{
    tdm_ledger_fault *first = context;
    if (first->what[0] == '\0')
        *first = *fault;
}

/* Every chain, seal and checksum. */
static tdm_code verify_ledger(tdm_ledger *ledger, tdm_stage *stage, uint64_t *events, tdm_err *err)
{
    tdm_ledger_summary summary = { 0 };
    tdm_ledger_fault first = { .what = "" };
    tdm_told told = tdm_stage_told(stage);
    tdm_code code = tdm_ledger_verify(ledger, count_fault, &first, &told, &summary, err);
    next_stage(stage);
    *events = summary.events; /* notices among them */
    if (code != TDM_DIFFERS)
        return code;
    return tdm_fail(err, TDM_CORRUPT, 0, "%llu faults, the first: %s: %.100s",
                    (unsigned long long)summary.faults, first.invariant, first.what);
}

/* Of the copy. */
static tdm_code verify(const char *folder, tdm_stage *stage, uint64_t *events, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_ledger *ledger = NULL;
    tdm_code code = tdm_ledger_open_folder(&ledger, folder, TDM_KV_READ_ONLY, 0, err);
    if (code == TDM_OK)
        code = verify_ledger(ledger, stage, events, err);
    tdm_ledger_close(&ledger);
    if (tdm_path_join(path, folder, "ledger/lock.mdb", NULL) == TDM_OK) /* reading made it */
        unlink(path);
    return code;
}

/* All of a file through the digest, and into `to` if that is not -1. */
static bool pass(int from, int to, const tdm_told *told, uint64_t all, uint64_t *bytes, tdm_digest *digest)
{
    static const size_t CHUNK = 1 << 20;
    crypto_generichash_state state;
    uint8_t *chunk = malloc(CHUNK);
    ssize_t got = -1;
    bool whole = chunk != NULL;
    *bytes = 0;
    crypto_generichash_init(&state, NULL, 0, TDM_DIGEST_BYTES);
    while (whole && (got = read(from, chunk, CHUNK)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        whole = got > 0 && (to < 0 || tdm_path_write(to, chunk, (size_t)got));
        if (whole)
            crypto_generichash_update(&state, chunk, (size_t)got);
        *bytes += whole ? (uint64_t)got : 0;
        if (whole && tdm_told_tell(told, *bytes, all > *bytes ? all : *bytes, NULL) != TDM_OK) {
            errno = EINTR;
            whole = false;
        }
    }
    crypto_generichash_final(&state, digest->bytes, TDM_DIGEST_BYTES);
    free(chunk);
    return whole;
}

static tdm_code pass_file(const char *source, const char *copy, const tdm_told *told, uint64_t *bytes,
                          tdm_digest *digest, tdm_err *err)
{
    struct stat found;
    int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0 || fstat(from, &found) != 0)
        return tdm_path_fail(err, "reading", source);
    int to = copy == NULL ? -1 : open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool whole = (copy == NULL || to >= 0) && pass(from, to, told, (uint64_t)found.st_size, bytes, digest)
                 && (to < 0 || fsync(to) == 0);
    tdm_code code = whole ? TDM_OK : tdm_path_fail(err, "copying", copy == NULL ? source : copy);
    close(from);
    if (to >= 0)
        close(to);
    return code;
}

/* ---- making ---- */

static tdm_code describe(tdm_core *core, int64_t now_ms, tdm_snapshot *out, tdm_err *err)
{
    tdm_tip tip;
    *out = (tdm_snapshot){ .made_ms = now_ms,
                           .hub = tdm_core_is_hub(core),
                           .origin = *tdm_core_origin(core),
                           .incarnation = tdm_core_incarnation(core) };
    tdm_code code = tdm_ledger_tip(tdm_core_ledger(core), &out->origin, out->incarnation, &tip, err);
    out->sequence = code == TDM_OK ? tip.last : 0;
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

static tdm_code fill_clear(tdm_core *core, const char *folder, tdm_stage *stage, tdm_snapshot *out,
                           tdm_buf *manifest, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_told told = tdm_stage_told(stage);
    tdm_code code = tdm_path_join(path, folder, "ledger", err);
    if (code == TDM_OK)
        code = tdm_kv_copy(tdm_ledger_kv(tdm_core_ledger(core)), path, err);
    next_stage(stage);
    if (code == TDM_OK)
        code = verify(folder, stage, &out->events, err);
    if (code == TDM_OK)
        code = tdm_path_join(path, folder, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = pass_file(path, NULL, &told, &out->bytes, &out->digest, err);
    return code == TDM_OK ? tdm_snapshot_manifest_text(out, manifest, err) : code;
}

/* An encrypted copy can not be read as a store: the store itself is verified before it is copied. */
static tdm_code fill_encrypted(tdm_core *core, const char *folder, const tdm_cipher_lock *lock,
                               tdm_stage *stage, tdm_snapshot *out, tdm_buf *manifest, tdm_err *err)
{
    tdm_code code = verify_ledger(tdm_core_ledger(core), stage, &out->events, err);
    return code == TDM_OK ? tdm_snapshot_encrypt(core, folder, lock, stage, out, manifest, err) : code;
}

static tdm_code fill(tdm_core *core, const char *folder, const tdm_snapshot_how *how, tdm_snapshot *out,
                     tdm_err *err)
{
    tdm_kv_stats stats;
    tdm_buf manifest = { 0 };
    tdm_code code = tdm_kv_stat(tdm_ledger_kv(tdm_core_ledger(core)), &stats, err);
    if (code != TDM_OK)
        return code;
    tdm_stage stage = { .told = how->told, .size = stats.used_bytes, .all = 3 * stats.used_bytes };
    code = how->lock == NULL ? fill_clear(core, folder, &stage, out, &manifest, err)
                             : fill_encrypted(core, folder, how->lock, &stage, out, &manifest, err);
    if (code == TDM_OK)
        code = tdm_snapshot_manifest_write(folder, tdm_buf_span(&manifest), err);
    tdm_buf_free(&manifest);
    return code == TDM_OK ? tdm_path_sync(folder, err) : code;
}

tdm_code tdm_snapshot_check_new(const char *given, tdm_err *err)
{
    char path[PATH_MAX];
    struct stat found;
    tdm_code code = tdm_workshop_path(path, given, err);
    if (code == TDM_OK && lstat(path, &found) == 0)
        code = tdm_fail(err, TDM_EXISTS, 0, "%.120s is there already: name a new folder", path);
    return code;
}

static const tdm_snapshot_how PLAIN = { .lock = NULL };

tdm_code tdm_snapshot_make(tdm_core *core, const char *given, int64_t now_ms, const tdm_snapshot_how *how,
                           tdm_snapshot *out, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_workshop work = { "" };
    tdm_code code = tdm_snapshot_check_new(given, err);
    if (code == TDM_OK)
        code = tdm_workshop_path(path, given, err);
    if (code == TDM_OK)
        code = describe(core, now_ms, out, err); /* first: the copy goes as far, or farther */
    if (code == TDM_OK)
        code = tdm_workshop_make(&work, path, ".XXXXXX", err);
    if (code == TDM_OK)
        code = fill(core, work.path, how == NULL ? &PLAIN : how, out, err);
    if (code == TDM_OK)
        code = tdm_workshop_appear(work.path, path, err);
    if (code != TDM_OK)
        tdm_workshop_clear(&work);
    return code;
}

/* ---- restoring ---- */

/* Whoever restores as root restores for the folder's owner. */
static tdm_code give_away(const char *path, const struct stat *folder, tdm_err *err)
{
    if (geteuid() == 0 && chown(path, folder->st_uid, folder->st_gid) != 0)
        return tdm_path_fail(err, "giving to the folder's owner", path);
    return TDM_OK;
}

static tdm_code check_digest(const tdm_snapshot *snapshot, const char *source, uint64_t bytes,
                             const tdm_digest *digest, tdm_err *err)
{
    if (bytes == snapshot->bytes && tdm_digest_equal(digest, &snapshot->digest))
        return TDM_OK;
    return tdm_fail(err, TDM_CORRUPT, 0, "%.120s is damaged: it is not the file that was written", source);
}

/* A snapshot that was looked into: what it says of itself. */
typedef struct source {
    const char *path;
    const tdm_snapshot_how *how;
    const tdm_snapshot *snapshot;
    tdm_buf manifest;
} source;

static tdm_code open_source(source *s, tdm_snapshot *out, tdm_err *err)
{
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_code code = tdm_snapshot_read(s->path, out, err);
    if (code == TDM_OK)
        code = tdm_snapshot_manifest_load(s->path, &s->manifest, err);
    if (code == TDM_OK && out->encrypted && s->how->lock == NULL)
        code = tdm_fail(err, TDM_DENIED, 0,
                        "%.100s is encrypted: give what it was encrypted with, --passphrase-file FILE or "
                        "--key-file FILE",
                        s->path);
    return code;
}

/* All of it, into the file `copy` if that is not NULL, and it is what was written. */
static tdm_code read_source(const source *s, const char *copy, const tdm_told *told, tdm_err *err)
{
    char data[PATH_MAX];
    uint64_t bytes = 0;
    tdm_digest digest;
    if (s->snapshot->encrypted)
        return tdm_snapshot_decrypt(s->path, copy, s->how->lock, tdm_buf_span(&s->manifest), told,
                                    s->snapshot, err);
    tdm_code code = tdm_path_join(data, s->path, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = pass_file(data, copy, told, &bytes, &digest, err);
    return code == TDM_OK ? check_digest(s->snapshot, data, bytes, &digest, err) : code;
}

static tdm_code bring_back(const source *s, const char *work, const struct stat *folder, tdm_err *err)
{
    char ledger[PATH_MAX];
    char copy[PATH_MAX];
    uint64_t events = 0;
    tdm_stage stage = { .told = s->how->told, .size = s->snapshot->bytes, .all = 2 * s->snapshot->bytes };
    tdm_told told = tdm_stage_told(&stage);
    tdm_code code = tdm_path_join(ledger, work, "ledger", err);
    if (code == TDM_OK)
        code = tdm_path_join(copy, work, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_make_folder(ledger, NULL, err);
    if (code == TDM_OK)
        code = read_source(s, copy, &told, err);
    next_stage(&stage);
    if (code == TDM_OK)
        code = verify(work, &stage, &events, err);
    if (code == TDM_OK)
        code = give_away(copy, folder, err);
    if (code == TDM_OK)
        code = give_away(ledger, folder, err);
    return code == TDM_OK ? tdm_path_sync(ledger, err) : code;
}

tdm_code tdm_snapshot_check(const char *path, const tdm_snapshot_how *how, tdm_snapshot *out, tdm_err *err)
{
    source s = { .path = path, .how = how == NULL ? &PLAIN : how, .snapshot = out };
    tdm_code code = open_source(&s, out, err);
    if (code == TDM_OK)
        code = read_source(&s, NULL, s.how->told, err);
    tdm_buf_free(&s.manifest);
    return code;
}

tdm_code tdm_snapshot_restore(const char *path, const char *given, const tdm_snapshot_how *how,
                              tdm_snapshot *out, tdm_err *err)
{
    char folder[PATH_MAX];
    struct stat found;
    bool made = false;
    tdm_workshop work = { "" };
    source s = { .path = path, .how = how == NULL ? &PLAIN : how, .snapshot = out };
    tdm_code code = open_source(&s, out, err);
    if (code == TDM_OK)
        code = tdm_workshop_path(folder, given, err);
    if (code == TDM_OK)
        code = tdm_workshop_take_folder(folder, &found, &made, err);
    if (code == TDM_OK)
        code = tdm_workshop_make(&work, folder, "/.restore.XXXXXX", err);
    if (code == TDM_OK)
        code = bring_back(&s, work.path, &found, err);
    if (code == TDM_OK)
        code = tdm_workshop_yield_ledger(&work, folder, err);
    tdm_workshop_clear(&work);
    tdm_buf_free(&s.manifest);
    if (code != TDM_OK && made)
        rmdir(folder);
    return code;
}
