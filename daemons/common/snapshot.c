/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot.c: a store's log at a moment, and back.
 */
#include "snapshot.h"

#include "workshop.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 1 };
static const char SCHEMA[] = "tandem.snapshot-manifest/";

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
    char path[PATH_MAX];
    tdm_kv *kv = NULL;
    tdm_ledger *ledger = NULL;
    tdm_ledger_summary summary = { 0 };
    tdm_ledger_fault first = { .what = "" };
    tdm_code code = tdm_path_join(path, folder, "ledger", err);
    if (code != TDM_OK)
        return code;
    const tdm_kv_options options = { .path = path,
                                     .mode = TDM_KV_READ_ONLY,
                                     .tables = TDM_LEDGER_TABLES,
                                     .table_count = TDM_LEDGER_TABLE_COUNT };
    code = tdm_kv_open_lmdb(&kv, &options, err);
    if (code == TDM_OK)
        code = tdm_ledger_open(&ledger, &kv, err);
    if (code != TDM_OK)
        return code;
    code = tdm_ledger_verify(ledger, count_fault, &first, NULL, &summary, err);
    tdm_ledger_close(&ledger);
    if (tdm_path_join(path, folder, "ledger/lock.mdb", NULL) == TDM_OK) /* reading made it */
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
        return tdm_path_fail(err, "reading", source);
    int to = copy == NULL ? -1 : open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool whole = (copy == NULL || to >= 0) && pass(from, to, bytes, digest) && (to < 0 || fsync(to) == 0);
    tdm_code code = whole ? TDM_OK : tdm_path_fail(err, "copying", copy == NULL ? source : copy);
    close(from);
    if (to >= 0)
        close(to);
    return code;
}

/* ---- snapshot.json ---- */

static tdm_code write_manifest(const char *folder, const tdm_snapshot *snapshot, tdm_err *err)
{
    char path[PATH_MAX];
    char made[40];
    char origin[2 * TDM_ID_BYTES + 1];
    char incarnation[17];
    char digest[2 * TDM_DIGEST_BYTES + 1];
    uint8_t bytes[8];
    tdm_code code = tdm_path_join(path, folder, "snapshot.json", err);
    if (code != TDM_OK)
        return code;
    tdm_time_text(snapshot->made_ms, 0, made);
    tdm_hex(origin, snapshot->origin.bytes, TDM_ID_BYTES);
    tdm_incarnation_bytes(snapshot->incarnation, bytes);
    tdm_hex(incarnation, bytes, sizeof bytes);
    tdm_hex(digest, snapshot->digest.bytes, TDM_DIGEST_BYTES);
    json_t *all =
        json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "schema",
                  "tandem.snapshot-manifest/1", "format", FORMAT, "made", made, "made_ms",
                  (json_int_t)snapshot->made_ms, "role", snapshot->hub ? "hub" : "node", "origin", origin,
                  "incarnation", incarnation, "sequence", (json_int_t)snapshot->sequence, "events",
                  (json_int_t)snapshot->events, "bytes", (json_int_t)snapshot->bytes, "blake2b_256", digest);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool written = all != NULL && fd >= 0 && json_dumpfd(all, fd, JSON_INDENT(2)) == 0
                   && write_all(fd, (const uint8_t *)"\n", 1) && fsync(fd) == 0;
    if (!written)
        code = tdm_path_fail(err, "writing", path);
    if (fd >= 0)
        close(fd);
    json_decref(all);
    return code;
}

static bool read_number(const json_t *all, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(all, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_hex(const json_t *all, const char *key, void *out, size_t len)
{
    const char *text = json_string_value(json_object_get(all, key));
    return text != NULL && tdm_unhex(out, len, tdm_span_text(text));
}

static bool read_manifest(const json_t *all, tdm_snapshot *out)
{
    uint8_t bytes[8];
    uint64_t made = 0;
    const char *role = json_string_value(json_object_get(all, "role"));
    if (role == NULL || (strcmp(role, "hub") != 0 && strcmp(role, "node") != 0)
        || !read_hex(all, "origin", out->origin.bytes, TDM_ID_BYTES)
        || !read_hex(all, "incarnation", bytes, sizeof bytes)
        || !read_hex(all, "blake2b_256", out->digest.bytes, TDM_DIGEST_BYTES)
        || !read_number(all, "made_ms", &made) || !read_number(all, "sequence", &out->sequence)
        || !read_number(all, "events", &out->events) || !read_number(all, "bytes", &out->bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        out->incarnation = out->incarnation << 8 | bytes[i];
    out->hub = strcmp(role, "hub") == 0;
    out->made_ms = (int64_t)made;
    return true;
}

tdm_code tdm_snapshot_read(const char *path, tdm_snapshot *out, tdm_err *err)
{
    char manifest[PATH_MAX];
    *out = (tdm_snapshot){ 0 };
    tdm_code code = tdm_path_join(manifest, path, "snapshot.json", err);
    if (code != TDM_OK)
        return code;
    if (access(manifest, R_OK) != 0)
        return errno == ENOENT || errno == ENOTDIR ? tdm_fail(
                   err, TDM_NOT_FOUND, errno, "%.120s is no snapshot: it holds no snapshot.json", path)
                                                   : tdm_path_fail(err, "reading", manifest);
    json_t *all = json_load_file(manifest, JSON_REJECT_DUPLICATES, NULL);
    const char *schema = json_string_value(json_object_get(all, "schema"));
    size_t len = sizeof SCHEMA - 1;
    if (schema == NULL || strncmp(schema, SCHEMA, len) != 0)
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s does not say what it holds", manifest);
    else if (strcmp(schema + len, "1") != 0 || json_integer_value(json_object_get(all, "format")) > FORMAT)
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

static tdm_code fill(tdm_core *core, const char *folder, tdm_snapshot *out, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_code code = tdm_path_join(path, folder, "ledger", err);
    if (code == TDM_OK)
        code = tdm_kv_copy(tdm_ledger_kv(tdm_core_ledger(core)), path, err);
    if (code == TDM_OK)
        code = verify(folder, &out->events, err);
    if (code == TDM_OK)
        code = tdm_path_join(path, folder, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = pass_file(path, NULL, &out->bytes, &out->digest, err);
    if (code == TDM_OK)
        code = write_manifest(folder, out, err);
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

tdm_code tdm_snapshot_make(tdm_core *core, const char *given, int64_t now_ms, tdm_snapshot *out, tdm_err *err)
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
        code = fill(core, work.path, out, err);
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

static tdm_code bring_back(const char *path, const char *work, const struct stat *folder,
                           const tdm_snapshot *snapshot, tdm_err *err)
{
    char source[PATH_MAX];
    char ledger[PATH_MAX];
    char copy[PATH_MAX];
    uint64_t bytes = 0;
    uint64_t events = 0;
    tdm_digest digest;
    tdm_code code = tdm_path_join(source, path, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_join(ledger, work, "ledger", err);
    if (code == TDM_OK)
        code = tdm_path_join(copy, work, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_make_folder(ledger, NULL, err);
    if (code == TDM_OK)
        code = pass_file(source, copy, &bytes, &digest, err);
    if (code == TDM_OK)
        code = check_digest(snapshot, source, bytes, &digest, err);
    if (code == TDM_OK)
        code = verify(work, &events, err);
    if (code == TDM_OK)
        code = give_away(copy, folder, err);
    if (code == TDM_OK)
        code = give_away(ledger, folder, err);
    return code == TDM_OK ? tdm_path_sync(ledger, err) : code;
}

tdm_code tdm_snapshot_check(const char *path, tdm_snapshot *out, tdm_err *err)
{
    char source[PATH_MAX];
    uint64_t bytes = 0;
    tdm_digest digest;
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_code code = tdm_snapshot_read(path, out, err);
    if (code == TDM_OK)
        code = tdm_path_join(source, path, "ledger/data.mdb", err);
    if (code == TDM_OK)
        code = pass_file(source, NULL, &bytes, &digest, err);
    return code == TDM_OK ? check_digest(out, source, bytes, &digest, err) : code;
}

tdm_code tdm_snapshot_restore(const char *path, const char *given, tdm_snapshot *out, tdm_err *err)
{
    char folder[PATH_MAX];
    struct stat found;
    bool made = false;
    tdm_workshop work = { "" };
    if (sodium_init() < 0)
        return tdm_fail(err, TDM_INTERNAL, 0, "libsodium does not start");
    tdm_code code = tdm_snapshot_read(path, out, err);
    if (code == TDM_OK)
        code = tdm_workshop_path(folder, given, err);
    if (code == TDM_OK)
        code = tdm_workshop_take_folder(folder, &found, &made, err);
    if (code == TDM_OK)
        code = tdm_workshop_make(&work, folder, "/.restore.XXXXXX", err);
    if (code == TDM_OK)
        code = bring_back(path, work.path, &found, out, err);
    if (code == TDM_OK)
        code = tdm_workshop_yield_ledger(&work, folder, err);
    tdm_workshop_clear(&work);
    if (code != TDM_OK && made)
        rmdir(folder);
    return code;
}
