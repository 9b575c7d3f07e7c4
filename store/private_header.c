/* SPDX-License-Identifier: MPL-2.0
 *
 * private_header.c: the first bytes of a backup.
 */
#include "private_header.h"
#include "tandem/path.h"
#include "private_inner.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const uint8_t MAGIC[8] = "TDMPRIV"; /* with the zero behind it */

_Static_assert(STREAM_START_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES == STREAM_CHECK_AT, "");

void tdm_stream_header_write(uint8_t header[STREAM_HEADER_BYTES], const tdm_private_lock *lock)
{
    memcpy(header, MAGIC, sizeof MAGIC);
    header[8] = STREAM_FORMAT;
    header[9] = lock->from_passphrase;
    tdm_write_u32(header + 10, lock->passes);
    tdm_write_u64(header + 14, lock->memory_bytes);
    memcpy(header + 22, lock->salt, sizeof lock->salt);
}

static void make_check(uint8_t check[16], const uint8_t *header, const uint8_t key[32])
{
    crypto_generichash(check, 16, header, STREAM_CHECK_AT, key, 32);
}

void tdm_stream_header_seal(uint8_t header[STREAM_HEADER_BYTES], const uint8_t key[32])
{
    make_check(header + STREAM_CHECK_AT, header, key);
}

bool tdm_stream_header_fits(const uint8_t header[STREAM_HEADER_BYTES], const uint8_t key[32])
{
    uint8_t check[16];
    make_check(check, header, key);
    return sodium_memcmp(check, header + STREAM_CHECK_AT, sizeof check) == 0;
}

tdm_code tdm_stream_header_read(uint8_t header[STREAM_HEADER_BYTES], FILE *from, const char *file,
                                tdm_err *err)
{
    size_t len = fread(header, 1, STREAM_HEADER_BYTES, from);
    if (len < STREAM_HEADER_BYTES && ferror(from))
        return tdm_path_fail(err, "reading", file);
    if (len < sizeof MAGIC || memcmp(header, MAGIC, sizeof MAGIC) != 0)
        return tdm_fail(err, TDM_MALFORMED, 0, "%.120s is no backup of a private log", file);
    if (len > 8 && header[8] > STREAM_FORMAT)
        return tdm_fail(err, TDM_UNSUPPORTED, 0, "%.120s has format %d, newer than this program's %d", file,
                        header[8], STREAM_FORMAT);
    if (len < STREAM_HEADER_BYTES || header[8] < 1 || header[9] > 1)
        return tdm_fail(err, TDM_MALFORMED, 0, "%.120s has no whole header of a backup", file);
    return TDM_OK;
}

tdm_code tdm_stream_header_load(uint8_t header[STREAM_HEADER_BYTES], const char *file, tdm_err *err)
{
    FILE *from = fopen(file, "rbe");
    if (from == NULL)
        return tdm_path_fail(err, "opening", file);
    tdm_code code = tdm_stream_header_read(header, from, file, err);
    fclose(from);
    return code;
}

void tdm_stream_header_costs(const uint8_t header[STREAM_HEADER_BYTES], tdm_private_lock *out)
{
    out->from_passphrase = header[9] != 0;
    out->passes = tdm_read_u32(header + 10);
    out->memory_bytes = tdm_read_u64(header + 14);
    memcpy(out->salt, header + 22, sizeof out->salt);
}
