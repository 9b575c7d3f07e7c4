/* SPDX-License-Identifier: MPL-2.0
 *
 * zstd_file.c: streams of which the other end is compressed.
 */
#include "zstd_file.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { LEVEL = 3, WINDOW_LOG_MAX = 27, FIRST_BYTE = 0x28 };

/* ---- writing ---- */

typedef struct writer {
    FILE *to;
    ZSTD_CCtx *context;
    size_t room;
    char out[];
} writer;

/* All of what came in, and with ZSTD_e_end the end of the frame. */
static bool compress(writer *w, const char *bytes, size_t len, ZSTD_EndDirective end)
{
    ZSTD_inBuffer in = { bytes, len, 0 };
    size_t left = 1;
    while (in.pos < in.size || (end == ZSTD_e_end && left != 0)) {
        ZSTD_outBuffer out = { w->out, w->room, 0 };
        left = ZSTD_compressStream2(w->context, &out, &in, end);
        if (ZSTD_isError(left) || fwrite(w->out, 1, out.pos, w->to) != out.pos)
            return false;
    }
    return true;
}

static ssize_t write_some(void *cookie, const char *bytes, size_t len)
{
    errno = 0;
    if (compress(cookie, bytes, len, ZSTD_e_continue))
        return (ssize_t)len;
    errno = errno == 0 ? EIO : errno;
    return 0; /* fopencookie(3): a writer must not return less than 0 */
}

static int end_writing(void *cookie)
{
    writer *w = cookie;
    errno = 0;
    bool whole = compress(w, NULL, 0, ZSTD_e_end) && fflush(w->to) == 0;
    int number = errno == 0 ? EIO : errno;
    ZSTD_freeCCtx(w->context);
    free(w);
    errno = whole ? 0 : number;
    return whole ? 0 : EOF;
}

FILE *tdm_zstd_writer(FILE *to)
{
    size_t room = ZSTD_CStreamOutSize();
    writer *w = malloc(sizeof *w + room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    FILE *file = NULL;
    if (w != NULL && context != NULL) {
        *w = (writer){ .to = to, .context = context, .room = room };
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
        file = fopencookie(w, "w", (cookie_io_functions_t){ .write = write_some, .close = end_writing });
    }
    if (file == NULL) {
        ZSTD_freeCCtx(context);
        free(w);
    }
    return file;
}

/* ---- reading ---- */

typedef struct reader {
    FILE *from;
    ZSTD_DCtx *context;
    ZSTD_inBuffer in;
    size_t left; /* not 0: within a frame */
    size_t room;
    char bytes[];
} reader;

static ssize_t fail_reading(int number)
{
    errno = number;
    return -1;
}

static ssize_t read_some(void *cookie, char *bytes, size_t len)
{
    reader *r = cookie;
    ZSTD_outBuffer out = { bytes, len, 0 };
    while (out.pos == 0) {
        if (r->in.pos == r->in.size) {
            r->in = (ZSTD_inBuffer){ r->bytes, fread(r->bytes, 1, r->room, r->from), 0 };
            if (ferror(r->from))
                return -1;
            if (r->in.size == 0)
                return r->left == 0 ? 0 : fail_reading(EILSEQ); /* cut short */
        }
        r->left = ZSTD_decompressStream(r->context, &out, &r->in);
        if (ZSTD_isError(r->left))
            return fail_reading(
                ZSTD_getErrorCode(r->left) == ZSTD_error_frameParameter_windowTooLarge ? EFBIG : EILSEQ);
    }
    return (ssize_t)out.pos;
}

static int end_reading(void *cookie)
{
    reader *r = cookie;
    ZSTD_freeDCtx(r->context);
    free(r);
    return 0;
}

FILE *tdm_zstd_reader(FILE *from)
{
    size_t room = ZSTD_DStreamInSize();
    reader *r = malloc(sizeof *r + room);
    ZSTD_DCtx *context = ZSTD_createDCtx();
    FILE *file = NULL;
    if (r != NULL && context != NULL) {
        *r = (reader){ .from = from, .context = context, .room = room };
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
        file = fopencookie(r, "r", (cookie_io_functions_t){ .read = read_some, .close = end_reading });
    }
    if (file == NULL) {
        ZSTD_freeDCtx(context);
        free(r);
    }
    return file;
}

bool tdm_zstd_begins(FILE *from)
{
    int first = getc(from);
    if (first != EOF)
        ungetc(first, from);
    return first == FIRST_BYTE;
}
