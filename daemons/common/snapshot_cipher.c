/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot_cipher.c: a snapshot's encrypted form: the store's bytes go from LMDB's copy straight into the
 * cipher, and what was written is read back.
 */
#include "snapshot_inner.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PART_MAX = 1 << 20 };

static void write_length(uint8_t out[4], size_t len)
{
    for (int i = 3; i >= 0; i--, len >>= 8)
        out[i] = (uint8_t)len;
}

static size_t read_length(const uint8_t in[4])
{
    return (size_t)in[0] << 24 | (size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3];
}

/* ---- writing */

typedef struct writing {
    tdm_cipher_writer *to;
    crypto_generichash_state digest;
    uint64_t bytes;
    const tdm_told *told;
    uint64_t expected;
} writing;

static tdm_code put(tdm_cipher_writer *to, tdm_span part, tdm_err *err)
{
    uint8_t length[4];
    write_length(length, part.len);
    tdm_code code = tdm_cipher_write(to, length, sizeof length, err);
    return code == TDM_OK ? tdm_cipher_write(to, part.data, part.len, err) : code;
}

static tdm_code put_part(void *context, tdm_span part, tdm_err *err)
{
    writing *w = context;
    crypto_generichash_update(&w->digest, part.data, part.len);
    w->bytes += part.len;
    tdm_code code = put(w->to, part, err);
    return code == TDM_OK
               ? tdm_told_tell(w->told, w->bytes, w->bytes > w->expected ? w->bytes : w->expected, err)
               : code;
}

/* The bytes, an empty part, and what the manifest says of them. */
static tdm_code write_file(writing *w, tdm_core *core, tdm_snapshot *out, tdm_buf *manifest, tdm_err *err)
{
    crypto_generichash_init(&w->digest, NULL, 0, TDM_DIGEST_BYTES);
    tdm_code code = tdm_kv_copy_out(tdm_ledger_kv(tdm_core_ledger(core)), put_part, w, err);
    if (code == TDM_OK)
        code = put(w->to, (tdm_span){ NULL, 0 }, err);
    crypto_generichash_final(&w->digest, out->digest.bytes, TDM_DIGEST_BYTES);
    out->bytes = w->bytes;
    if (code == TDM_OK)
        code = tdm_snapshot_manifest_text(out, manifest, err);
    return code == TDM_OK ? put(w->to, tdm_buf_span(manifest), err) : code;
}

tdm_code tdm_snapshot_encrypt(tdm_core *core, const char *folder, const tdm_cipher_lock *lock,
                              tdm_stage *stage, tdm_snapshot *out, tdm_buf *manifest, tdm_err *err)
{
    char file[PATH_MAX];
    tdm_told told = tdm_stage_told(stage);
    writing w = { .told = &told, .expected = stage->size };
    out->encrypted = true;
    tdm_code code = tdm_path_join(file, folder, TDM_SNAPSHOT_CIPHER_FILE, err);
    if (code == TDM_OK)
        code = tdm_cipher_create(&w.to, TDM_CIPHER_SNAPSHOT, file, lock, err);
    if (code != TDM_OK)
        return code;
    code = write_file(&w, core, out, manifest, err);
    if (code == TDM_OK)
        code = tdm_cipher_finish(&w.to, err);
    tdm_cipher_discard(&w.to);
    stage->before += stage->size;
    return code == TDM_OK ? tdm_snapshot_decrypt(folder, NULL, lock, tdm_buf_span(manifest), &told, out, err)
                          : code;
}

/* ---- reading */

typedef struct reading {
    tdm_cipher_reader *from;
    uint8_t *part;
    int to; /* -1: nowhere */
    const char *copy;
    const tdm_told *told;
    const tdm_snapshot *wanted;
} reading;

static tdm_code damaged(const char *what, tdm_err *err)
{
    return tdm_fail(err, TDM_CORRUPT, 0, "the snapshot is damaged: %s", what);
}

/* *len 0: the empty part. */
static tdm_code take_part(reading *r, size_t *len, tdm_err *err)
{
    uint8_t length[4];
    tdm_code code = tdm_cipher_read(r->from, length, sizeof length, err);
    *len = code == TDM_OK ? read_length(length) : 0;
    if (code == TDM_OK && *len > PART_MAX)
        return damaged("a part is too long", err);
    return code == TDM_OK ? tdm_cipher_read(r->from, r->part, *len, err) : code;
}

static tdm_code take_bytes(reading *r, tdm_err *err)
{
    crypto_generichash_state state;
    tdm_digest digest;
    uint64_t bytes = 0;
    size_t len = 0;
    tdm_code code;
    crypto_generichash_init(&state, NULL, 0, TDM_DIGEST_BYTES);
    while ((code = take_part(r, &len, err)) == TDM_OK && len > 0) {
        crypto_generichash_update(&state, r->part, len);
        bytes += len;
        if (r->to >= 0 && !tdm_path_write(r->to, r->part, len))
            code = tdm_path_fail(err, "copying", r->copy);
        if (code == TDM_OK)
            code = tdm_told_tell(r->told, bytes, bytes > r->wanted->bytes ? bytes : r->wanted->bytes, err);
        if (code != TDM_OK)
            return code;
    }
    crypto_generichash_final(&state, digest.bytes, TDM_DIGEST_BYTES);
    if (code == TDM_OK && (bytes != r->wanted->bytes || !tdm_digest_equal(&digest, &r->wanted->digest)))
        code = damaged("its bytes are not those of snapshot.json", err);
    return code;
}

static tdm_code take_all(reading *r, tdm_span manifest, tdm_err *err)
{
    size_t len = 0;
    tdm_code code = take_bytes(r, err);
    if (code == TDM_OK)
        code = take_part(r, &len, err);
    if (code == TDM_OK && !tdm_span_equal((tdm_span){ r->part, len }, manifest))
        code = damaged("snapshot.json is not the one that was written with it", err);
    return code == TDM_OK ? tdm_cipher_end(r->from, err) : code;
}

static tdm_code read_into(reading *r, tdm_span manifest, tdm_err *err)
{
    if (r->copy != NULL)
        r->to = open(r->copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r->copy != NULL && r->to < 0)
        return tdm_path_fail(err, "making", r->copy);
    tdm_code code = take_all(r, manifest, err);
    if (code == TDM_OK && r->to >= 0 && fsync(r->to) != 0)
        code = tdm_path_fail(err, "syncing", r->copy);
    if (r->to >= 0)
        close(r->to);
    return code;
}

tdm_code tdm_snapshot_decrypt(const char *folder, const char *copy, const tdm_cipher_lock *lock,
                              tdm_span manifest, const tdm_told *told, const tdm_snapshot *wanted,
                              tdm_err *err)
{
    char file[PATH_MAX];
    reading r = { .to = -1, .copy = copy, .told = told, .wanted = wanted };
    tdm_code code = tdm_path_join(file, folder, TDM_SNAPSHOT_CIPHER_FILE, err);
    if (code == TDM_OK)
        code = tdm_cipher_open(&r.from, TDM_CIPHER_SNAPSHOT, file, lock, err);
    if (code != TDM_OK)
        return code;
    r.part = malloc(PART_MAX);
    code = r.part == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to read a snapshot")
                          : read_into(&r, manifest, err);
    if (r.part != NULL)
        sodium_memzero(r.part, PART_MAX);
    free(r.part);
    tdm_cipher_close(&r.from);
    return code;
}
