/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot.c: a store's log at a moment, and back.
 */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 700, FORMAT = 1 };

static tdm_code fail_path(tdm_err *err, const char *path, const char *what)
{
    int sys = errno;
    return tdm_fail(err,
                    sys == ENOENT   ? TDM_NOT_FOUND
                    : sys == EEXIST ? TDM_EXISTS
                                    : TDM_IO,
                    sys, "%.120s %s: %s", path, what, strerror(sys));
}

static void join(char out[PATH_BYTES], const char *folder, const char *name)
{
    snprintf(out, PATH_BYTES, "%.600s%s", folder, name);
}

static tdm_code sync_path(const char *path, tdm_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    tdm_code code = synced ? TDM_OK : fail_path(err, path, "could not be synced");
    if (fd >= 0)
        close(fd);
    return code;
}

static tdm_code sync_parent(const char *path, tdm_err *err)
{
    char parent[PATH_BYTES];
    join(parent, path, "");
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        strcpy(parent, ".");
    else
        slash[slash == parent ? 1 : 0] = '\0';
    return sync_path(parent, err);
}

/* A half-made one of an earlier run. */
static void clear(const char *folder)
{
    static const char *const FILES[] = { "/ledger/data.mdb", "/ledger/lock.mdb", "/ledger/writer.lock",
                                         "/snapshot.json" };
    char path[PATH_BYTES];
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        join(path, folder, FILES[i]);
        unlink(path);
    }
    join(path, folder, "/ledger");
    rmdir(path);
    rmdir(folder);
}

/* ---- the ledger's file ---- */

static void count_fault(void *context, const tdm_ledger_fault *fault)
{
    tdm_ledger_fault *first = context;
    if (first->what[0] == '\0')
        *first = *fault;
}

/* Every chain, seal and checksum of the copy. */
static tdm_code verify(const char *folder, uint64_t *events, tdm_err *err)
{
    char path[PATH_BYTES];
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_ledger_summary summary = { 0 };
    tdm_ledger_fault first = { .what = "" };
    join(path, folder, "/ledger");
    const tdm_kv_options options = { .path = path,
                                     .mode = TDM_KV_READ_ONLY,
                                     .tables = TDM_LEDGER_TABLES,
                                     .table_count = TDM_LEDGER_TABLE_COUNT };
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_OK)
        code = tdm_ledger_open(&ledger, &kv, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_verify(ledger, count_fault, &first, NULL, &summary, err);
    tdm_ledger_close(&ledger);
    join(path, folder, "/ledger/lock.mdb"); /* reading made it */
    unlink(path);
    *events = summary.events + summary.notices;
    if (code != TDM_DIFFERS)
        return code;
    return tdm_fail(err, TDM_CORRUPT, 0, "%llu faults, the first: %s: %.100s",
                    (unsigned long long)summary.faults, first.invariant, first.what);
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, bytes, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        bytes += done;
        len -= (size_t)done;
    }
    return true;
}

/* All of a file through the digest, and into `to` if that is not -1. */
static bool pass(int from, int to, uint64_t *bytes, tdm_digest *digest)
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
        whole = got > 0 && (to < 0 || write_all(to, chunk, (size_t)got));
        if (whole)
            crypto_generichash_update(&state, chunk, (size_t)got);
        *bytes += whole ? (uint64_t)got : 0;
    }
    crypto_generichash_final(&state, digest->bytes, TDM_DIGEST_BYTES);
    free(chunk);
    return whole;
}

static tdm_code pass_file(const char *source, const char *copy, uint64_t *bytes, tdm_digest *digest,
                          tdm_err *err)
{
    int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return fail_path(err, source, "could not be read");
    int to = copy == NULL ? -1 : open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool whole = (copy == NULL || to >= 0) && pass(from, to, bytes, digest) && (to < 0 || fsync(to) == 0);
    tdm_code code =
        whole ? TDM_OK : fail_path(err, copy == NULL ? source : copy, "could not be written or read");
    close(from);
    if (to >= 0)
        close(to);
    return code;
}

/* ---- snapshot.json ---- */

static tdm_code write_manifest(const char *folder, const tdm_snapshot *snapshot, tdm_err *err)
{
    char path[PATH_BYTES];
    char made[40];
    char origin[2 * TDM_ID_BYTES + 1];
    char incarnation[17];
    char digest[2 * TDM_DIGEST_BYTES + 1];
    uint8_t bytes[8];
    join(path, folder, "/snapshot.json");
    tdm_time_text(snapshot->made_ms, 0, made);
    tdm_hex(origin, snapshot->origin.bytes, TDM_ID_BYTES);
    tdm_incarnation_bytes(snapshot->incarnation, bytes);
    tdm_hex(incarnation, bytes, sizeof bytes);
    tdm_hex(digest, snapshot->digest.bytes, TDM_DIGEST_BYTES);
    json_t *all =
        json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "schema", "tandem.snapshot/1",
                  "format", FORMAT, "made", made, "made_ms", (json_int_t)snapshot->made_ms, "role",
                  snapshot->hub ? "hub" : "node", "origin", origin, "incarnation", incarnation, "sequence",
                  (json_int_t)snapshot->sequence, "events", (json_int_t)snapshot->events, "bytes",
                  (json_int_t)snapshot->bytes, "blake2b_256", digest);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = all != NULL && fd >= 0 && json_dumpfd(all, fd, JSON_INDENT(2)) == 0
                   && write_all(fd, (const uint8_t *)"\n", 1) && fsync(fd) == 0;
    tdm_code code = written ? TDM_OK : fail_path(err, path, "could not be written");
    if (fd >= 0)
        close(fd);
    json_decref(all);
    return code;
}

static bool read_manifest(const json_t *all, tdm_snapshot *out)
{
    uint8_t bytes[8];
    const char *role = json_string_value(json_object_get(all, "role"));
    const char *origin = json_string_value(json_object_get(all, "origin"));
    const char *incarnation = json_string_value(json_object_get(all, "incarnation"));
    const char *digest = json_string_value(json_object_get(all, "blake2b_256"));
    if (role == NULL || origin == NULL || incarnation == NULL || digest == NULL
        || !tdm_unhex(out->origin.bytes, TDM_ID_BYTES, tdm_span_text(origin))
        || !tdm_unhex(bytes, sizeof bytes, tdm_span_text(incarnation))
        || !tdm_unhex(out->digest.bytes, TDM_DIGEST_BYTES, tdm_span_text(digest)))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        out->incarnation = out->incarnation << 8 | bytes[i];
    out->hub = strcmp(role, "hub") == 0;
    out->made_ms = json_integer_value(json_object_get(all, "made_ms"));
    out->sequence = (uint64_t)json_integer_value(json_object_get(all, "sequence"));
    out->events = (uint64_t)json_integer_value(json_object_get(all, "events"));
    out->bytes = (uint64_t)json_integer_value(json_object_get(all, "bytes"));
    return true;
}

tdm_code tdm_snapshot_read(const char *path, tdm_snapshot *out, tdm_err *err)
{
    char manifest[PATH_BYTES];
    struct stat found;
    *out = (tdm_snapshot){ 0 };
    join(manifest, path, "/snapshot.json");
    if (stat(manifest, &found) != 0)
        return tdm_fail(err, TDM_NOT_FOUND, errno, "%.120s is no snapshot: it holds no snapshot.json", path);
    json_t *all = json_load_file(manifest, JSON_REJECT_DUPLICATES, NULL);
    const char *schema = json_string_value(json_object_get(all, "schema"));
    tdm_code code = TDM_OK;
    if (schema == NULL || strcmp(schema, "tandem.snapshot/1") != 0)
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s does not say what it holds", manifest);
    else if (json_integer_value(json_object_get(all, "format")) > FORMAT)
        code = tdm_fail(err, TDM_UNSUPPORTED, 0, "the snapshot is of a newer form than this program knows");
    else if (!read_manifest(all, out))
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s does not say whose store it is", manifest);
    json_decref(all);
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

static tdm_code fill(tdm_core *core, const char *part, tdm_snapshot *out, tdm_err *err)
{
    char path[PATH_BYTES];
    if (mkdir(part, 0700) != 0)
        return fail_path(err, part, "could not be made");
    join(path, part, "/ledger");
    tdm_code code = tdm_kv_copy(tdm_ledger_kv(tdm_core_ledger(core)), path, err);
    if (code == TDM_OK)
        code = verify(part, &out->events, err);
    join(path, part, "/ledger/data.mdb");
    if (code == TDM_OK)
        code = pass_file(path, NULL, &out->bytes, &out->digest, err);
    if (code == TDM_OK)
        code = write_manifest(part, out, err);
    return code == TDM_OK ? sync_path(part, err) : code;
}

/* In one rename, and never over anything. */
static tdm_code appear(const char *part, const char *path, tdm_err *err)
{
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
        return fail_path(err, path, "could not be made");
    return sync_parent(path, err);
}

tdm_code tdm_snapshot_make(tdm_core *core, const char *path, int64_t now_ms, tdm_snapshot *out, tdm_err *err)
{
    char part[PATH_BYTES];
    struct stat found;
    join(part, path, ".part");
    if (stat(path, &found) == 0)
        return tdm_fail(err, TDM_EXISTS, 0, "%.120s is there already: name a new folder", path);
    clear(part);
    tdm_code code = describe(core, now_ms, out, err); /* first: the copy goes as far, or farther */
    if (code == TDM_OK)
        code = fill(core, part, out, err);
    if (code == TDM_OK)
        code = appear(part, path, err);
    if (code != TDM_OK)
        clear(part);
    return code;
}

/* ---- restoring ---- */

static tdm_code bring_back(const char *path, const char *part, const tdm_snapshot *snapshot, tdm_err *err)
{
    char source[PATH_BYTES];
    char copy[PATH_BYTES];
    uint64_t bytes = 0;
    uint64_t events = 0;
    tdm_digest digest;
    join(source, path, "/ledger/data.mdb");
    join(copy, part, "/ledger");
    if (mkdir(part, 0700) != 0 || mkdir(copy, 0700) != 0)
        return fail_path(err, part, "could not be made");
    join(copy, part, "/ledger/data.mdb");
    tdm_code code = pass_file(source, copy, &bytes, &digest, err);
    if (code == TDM_OK && (bytes != snapshot->bytes || !tdm_digest_equal(&digest, &snapshot->digest)))
        code =
            tdm_fail(err, TDM_CORRUPT, 0, "%.120s is damaged: it is not the file that was written", source);
    if (code == TDM_OK)
        code = verify(part, &events, err);
    join(copy, part, "/ledger");
    if (code == TDM_OK)
        code = sync_path(copy, err);
    return code == TDM_OK ? sync_path(part, err) : code;
}

tdm_code tdm_snapshot_restore(const char *path, const char *folder, tdm_snapshot *out, tdm_err *err)
{
    char part[PATH_BYTES];
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    join(part, folder, ".part");
    tdm_code code = tdm_snapshot_read(path, out, err);
    if (code != TDM_OK)
        return code;
    if (rmdir(folder) != 0 && errno != ENOENT) /* an empty one may stand there */
        return tdm_fail(err, TDM_EXISTS, errno, "%.120s is not empty: name a new folder", folder);
    clear(part);
    code = bring_back(path, part, out, err);
    if (code == TDM_OK)
        code = appear(part, folder, err);
    if (code != TDM_OK)
        clear(part);
    return code;
}
