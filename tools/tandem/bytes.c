/* SPDX-License-Identifier: MPL-2.0
 *
 * bytes.c: reading what a person names.
 */
#include "client.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static tdm_code read_stream(FILE *stream, const char *name, size_t max, tdm_buf *out, tdm_err *err)
{
    char part[65536];
    size_t got;
    tdm_code code = TDM_OK;
    while (code == TDM_OK && (got = fread(part, 1, sizeof part, stream)) > 0) {
        if (out->len + got > max)
            code = tdm_fail(err, TDM_FULL, 0, "%.80s is larger than %zu bytes; split it", name, max);
        else
            tdm_buf_add(out, part, got);
    }
    if (out->secret)
        sodium_memzero(part, sizeof part);
    if (code != TDM_OK)
        return code;
    if (ferror(stream))
        return tdm_fail(err, TDM_IO, errno, "%.80s could not be read: %s", name, strerror(errno));
    return out->failed ? tdm_fail(err, TDM_FULL, 0, "no memory for %.80s", name) : TDM_OK;
}

tdm_code tdm_read_file(const char *path, FILE *in, size_t max, tdm_buf *out, tdm_err *err)
{
    if (strcmp(path, "-") == 0)
        return read_stream(in, "standard input", max, out, err);
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return tdm_fail(err, errno == ENOENT ? TDM_NOT_FOUND : TDM_IO, errno, "%.120s: %s", path,
                        strerror(errno));
    if (out->secret)
        setvbuf(file, NULL, _IONBF, 0); /* the stream keeps no copy */
    tdm_code code = read_stream(file, path, max, out, err);
    fclose(file);
    return code;
}
