/* SPDX-License-Identifier: MPL-2.0
 *
 * cipher_stream.c: an encrypted file, written and read from one end to the other.
 *
 * A secretstream ties each chunk to the one before, so that chunks can neither be left out nor change places;
 * the final tag tells that there are no more.
 */
#include "tandem/cipher_file.h"

#include "cipher_header.h"

#include "tandem/path.h"
#include "private_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES 65536
#define CIPHER_BYTES (CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)
#define TAG_MORE crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
#define TAG_FINAL crypto_secretstream_xchacha20poly1305_TAG_FINAL

typedef crypto_secretstream_xchacha20poly1305_state stream_state;

/* Both live in memory of tdm_secret_new. */
struct tdm_cipher_writer {
    FILE *to;
    stream_state state;
    size_t len;
    uint8_t plain[CHUNK_BYTES];
    uint8_t cipher[CIPHER_BYTES];
    char file[PATH_MAX];
    char temporary[PATH_MAX];
};

struct tdm_cipher_reader {
    FILE *from;
    stream_state state;
    uint64_t chunk; /* the number of the present one, from 1 */
    bool final;     /* it was the last */
    size_t at;
    size_t len;
    uint8_t plain[CHUNK_BYTES];
    uint8_t cipher[CIPHER_BYTES];
    char file[PATH_MAX];
};

static bool copy_name(char out[PATH_MAX], const char *file, const char *ending)
{
    int len = snprintf(out, PATH_MAX, "%s%s", file, ending);
    return len > 0 && len < PATH_MAX;
}

/* ---- writing ------------------------------------------------------------------------------------ */

static tdm_code write_all(tdm_cipher_writer *w, const void *bytes, size_t len, tdm_err *err)
{
    return fwrite(bytes, 1, len, w->to) == len ? TDM_OK : tdm_path_fail(err, "writing", w->temporary);
}

/* A left-over of this name is of a writer that was cut down: nobody else makes such a file here. */
static tdm_code make_file(tdm_cipher_writer *w, tdm_err *err)
{
    if (access(w->file, F_OK) == 0)
        return tdm_fail(err, TDM_EXISTS, EEXIST, "%.120s is there already", w->file);
    if (unlink(w->temporary) != 0 && errno != ENOENT)
        return tdm_path_fail(err, "removing", w->temporary);
    int fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return tdm_path_fail(err, "making", w->temporary);
    w->to = fdopen(fd, "wb");
    if (w->to != NULL)
        return TDM_OK;
    close(fd);
    unlink(w->temporary);
    return tdm_fail(err, TDM_FULL, 0, "no memory for a file");
}

static tdm_code begin(tdm_cipher_writer *w, tdm_cipher_kind kind, const tdm_cipher_lock *lock, tdm_err *err)
{
    uint8_t header[TDM_CIPHER_HEADER_BYTES];
    tdm_cipher_header_write(header, kind, lock);
    crypto_secretstream_xchacha20poly1305_init_push(&w->state, header + TDM_CIPHER_START_AT, lock->key);
    tdm_cipher_header_seal(header, lock->key);
    return write_all(w, header, sizeof header, err);
}

tdm_code tdm_cipher_create(tdm_cipher_writer **out, tdm_cipher_kind kind, const char *file,
                           const tdm_cipher_lock *lock, tdm_err *err)
{
    *out = NULL;
    tdm_cipher_writer *w = tdm_secret_new(sizeof *w);
    if (w == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for an encrypted file");
    tdm_code code = copy_name(w->file, file, "") && copy_name(w->temporary, file, ".tmp")
                        ? make_file(w, err)
                        : tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "the file's path is too long");
    if (code == TDM_OK)
        code = begin(w, kind, lock, err);
    if (code != TDM_OK) {
        tdm_cipher_discard(&w);
        return code;
    }
    *out = w;
    return TDM_OK;
}

static tdm_code put_chunk(tdm_cipher_writer *w, uint8_t tag, tdm_err *err)
{
    unsigned long long len = 0;
    crypto_secretstream_xchacha20poly1305_push(&w->state, w->cipher, &len, w->plain, w->len, NULL, 0, tag);
    w->len = 0;
    return write_all(w, w->cipher, (size_t)len, err);
}

/* A full chunk waits until more comes: the last one has the final tag, full or not. */
tdm_code tdm_cipher_write(tdm_cipher_writer *w, const void *bytes, size_t len, tdm_err *err)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        tdm_code code = w->len == CHUNK_BYTES ? put_chunk(w, TAG_MORE, err) : TDM_OK;
        if (code != TDM_OK)
            return code;
        size_t part = len < CHUNK_BYTES - w->len ? len : CHUNK_BYTES - w->len;
        memcpy(w->plain + w->len, from, part);
        w->len += part;
        from += part;
        len -= part;
    }
    return TDM_OK;
}

static tdm_code sync_folder(const char *file, tdm_err *err)
{
    char folder[PATH_MAX];
    copy_name(folder, file, "");
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        return tdm_path_sync(".", err);
    slash[slash == folder ? 1 : 0] = '\0';
    return tdm_path_sync(folder, err);
}

static tdm_code settle(tdm_cipher_writer *w, tdm_err *err)
{
    if (fflush(w->to) != 0 || fsync(fileno(w->to)) != 0)
        return tdm_path_fail(err, "syncing", w->temporary);
    if (rename(w->temporary, w->file) != 0)
        return tdm_path_fail(err, "renaming", w->temporary);
    w->temporary[0] = '\0';
    return sync_folder(w->file, err);
}

tdm_code tdm_cipher_finish(tdm_cipher_writer **writer, tdm_err *err)
{
    tdm_code code = put_chunk(*writer, TAG_FINAL, err);
    if (code == TDM_OK)
        code = settle(*writer, err);
    if (code != TDM_OK && (*writer)->temporary[0] == '\0')
        unlink((*writer)->file); /* it may not last: then it was not made */
    tdm_cipher_discard(writer);
    return code;
}

void tdm_cipher_discard(tdm_cipher_writer **writer)
{
    if (writer == NULL || *writer == NULL)
        return;
    if ((*writer)->to != NULL) {
        fclose((*writer)->to);
        if ((*writer)->temporary[0] != '\0')
            unlink((*writer)->temporary);
    }
    tdm_secret_free(*writer);
    *writer = NULL;
}

/* ---- reading ------------------------------------------------------------------------------------ */

static tdm_code start_reading(tdm_cipher_reader *r, tdm_cipher_kind kind, const char *file,
                              const tdm_cipher_lock *lock, tdm_err *err)
{
    uint8_t header[TDM_CIPHER_HEADER_BYTES];
    if (!copy_name(r->file, file, ""))
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "the file's path is too long");
    r->from = fopen(file, "rbe");
    if (r->from == NULL)
        return tdm_path_fail(err, "opening", file);
    tdm_code code = tdm_cipher_header_read(header, kind, r->from, file, err);
    if (code != TDM_OK)
        return code;
    if (!tdm_cipher_header_fits(header, lock->key))
        return tdm_fail(err, TDM_DENIED, 0, "the key does not open %.120s, or its header is damaged", file);
    if (crypto_secretstream_xchacha20poly1305_init_pull(&r->state, header + TDM_CIPHER_START_AT, lock->key)
        != 0)
        return tdm_fail(err, TDM_CORRUPT, 0, "%.120s begins no stream", file);
    return TDM_OK;
}

tdm_code tdm_cipher_open(tdm_cipher_reader **out, tdm_cipher_kind kind, const char *file,
                         const tdm_cipher_lock *lock, tdm_err *err)
{
    *out = NULL;
    tdm_cipher_reader *r = tdm_secret_new(sizeof *r);
    if (r == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for an encrypted file");
    tdm_code code = start_reading(r, kind, file, lock, err);
    if (code != TDM_OK) {
        tdm_cipher_close(&r);
        return code;
    }
    *out = r;
    return TDM_OK;
}

static tdm_code refuse_chunk(const tdm_cipher_reader *r, const char *why, tdm_err *err)
{
    return tdm_fail(err, TDM_CORRUPT, 0, "%.120s: chunk %llu %s", r->file, (unsigned long long)r->chunk, why);
}

static tdm_code next_chunk(tdm_cipher_reader *r, tdm_err *err)
{
    unsigned char tag = 0;
    unsigned long long len = 0;
    r->at = r->len = 0;
    r->chunk++;
    if (r->final)
        return refuse_chunk(r, "is wanted behind the last", err);
    size_t got = fread(r->cipher, 1, CIPHER_BYTES, r->from);
    if (got < CIPHER_BYTES && ferror(r->from))
        return tdm_path_fail(err, "reading", r->file);
    if (got == 0)
        return refuse_chunk(r, "is missing: the file was cut short", err);
    if (crypto_secretstream_xchacha20poly1305_pull(&r->state, r->plain, &len, &tag, r->cipher, got, NULL, 0)
        != 0)
        return refuse_chunk(r, got < CIPHER_BYTES ? "is damaged or cut short" : "is damaged or out of place",
                            err);
    r->final = tag == TAG_FINAL;
    r->len = (size_t)len;
    return TDM_OK;
}

tdm_code tdm_cipher_read(tdm_cipher_reader *r, void *bytes, size_t len, tdm_err *err)
{
    uint8_t *to = bytes;
    while (len > 0) {
        tdm_code code = r->at == r->len ? next_chunk(r, err) : TDM_OK;
        if (code != TDM_OK)
            return code;
        size_t part = len < r->len - r->at ? len : r->len - r->at;
        memcpy(to, r->plain + r->at, part);
        r->at += part;
        to += part;
        len -= part;
    }
    return TDM_OK;
}

tdm_code tdm_cipher_end(tdm_cipher_reader *r, tdm_err *err)
{
    while (r->at == r->len && !r->final) {
        tdm_code code = next_chunk(r, err);
        if (code != TDM_OK)
            return code;
    }
    if (r->at < r->len)
        return refuse_chunk(r, "holds more behind the end of the content", err);
    if (fgetc(r->from) != EOF)
        return refuse_chunk(r, "is the last, and more comes behind it", err);
    return TDM_OK;
}

void tdm_cipher_close(tdm_cipher_reader **reader)
{
    if (reader == NULL || *reader == NULL)
        return;
    if ((*reader)->from != NULL)
        fclose((*reader)->from);
    tdm_secret_free(*reader);
    *reader = NULL;
}
