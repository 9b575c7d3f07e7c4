/* SPDX-License-Identifier: MPL-2.0
 *
 * spool.c: a part is a chain of extents in the one file; its last one is in memory until it is full.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bytes.h"
#include "tandem/path.h"

enum { EXTENT = 64 << 10 };

typedef struct extent {
    uint64_t offset;
    size_t len;
} extent;

typedef struct part {
    extent *extents;
    size_t count;
    size_t capacity;
    uint64_t written; /* bytes in the extents */
    tdm_buf rest;
} part;

struct tdm_spool {
    int fd;
    uint64_t end; /* of the file */
    char folder[PATH_MAX];
    size_t part_count;
    part parts[];
};

/* Not all file systems make files without a name. */
static int open_nameless(const char *folder)
{
    char path[PATH_MAX];
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || tdm_path_join(path, folder, "spool.XXXXXX", NULL) != TDM_OK)
        return fd;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

tdm_code tdm_spool_open(tdm_spool **out, const char *folder, size_t parts, tdm_err *err)
{
    *out = NULL;
    int fd = open_nameless(folder);
    if (fd < 0)
        return tdm_path_fail(err, "making a file without a name in", folder);
    tdm_spool *spool = tdm_memory_new(sizeof *spool + parts * sizeof *spool->parts);
    spool->fd = fd;
    spool->part_count = parts;
    snprintf(spool->folder, sizeof spool->folder, "%s", folder);
    *out = spool;
    return TDM_OK;
}

void tdm_spool_close(tdm_spool **handle)
{
    tdm_spool *spool = *handle;
    if (spool == NULL)
        return;
    *handle = NULL;
    for (size_t i = 0; i < spool->part_count; i++) {
        free(spool->parts[i].extents);
        tdm_buf_free(&spool->parts[i].rest);
    }
    close(spool->fd);
    free(spool);
}

static tdm_code write_out(tdm_spool *spool, part *to, tdm_err *err)
{
    if (to->rest.len == 0)
        return TDM_OK;
    if (lseek(spool->fd, (off_t)spool->end, SEEK_SET) < 0
        || !tdm_path_write(spool->fd, to->rest.data, to->rest.len))
        return tdm_path_fail(err, "putting events aside in", spool->folder);
    to->extents = tdm_memory_grow(to->extents, &to->capacity, to->count + 1, sizeof *to->extents);
    to->extents[to->count++] = (extent){ spool->end, to->rest.len };
    to->written += to->rest.len;
    spool->end += to->rest.len;
    tdm_buf_clear(&to->rest);
    return TDM_OK;
}

tdm_code tdm_spool_add(tdm_spool *spool, size_t number, tdm_span bytes, tdm_err *err)
{
    part *to = &spool->parts[number];
    tdm_buf_add(&to->rest, bytes.data, bytes.len);
    TDM_ASSERT(!to->rest.failed);
    return to->rest.len < EXTENT ? TDM_OK : write_out(spool, to, err);
}

size_t tdm_spool_bytes(const tdm_spool *spool, size_t number)
{
    return (size_t)spool->parts[number].written + spool->parts[number].rest.len;
}

static tdm_code read_extent(const tdm_spool *spool, const extent *from, uint8_t *out, tdm_err *err)
{
    size_t done = 0;
    while (done < from->len) {
        ssize_t got = pread(spool->fd, out + done, from->len - done, (off_t)(from->offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO;
        if (got <= 0)
            return tdm_path_fail(err, "reading what was put aside in", spool->folder);
        done += (size_t)got;
    }
    return TDM_OK;
}

tdm_code tdm_spool_read(const tdm_spool *spool, size_t number, tdm_buf *out, tdm_err *err)
{
    const part *from = &spool->parts[number];
    size_t need = out->len + tdm_spool_bytes(spool, number);
    tdm_code code = TDM_OK;
    if (out->capacity < need)
        out->data = tdm_memory_grow(out->data, &out->capacity, need, 1);
    for (size_t i = 0; i < from->count && code == TDM_OK; i++) {
        code = read_extent(spool, &from->extents[i], out->data + out->len, err);
        out->len += from->extents[i].len;
    }
    tdm_buf_add(out, from->rest.data, from->rest.len);
    TDM_ASSERT(!out->failed);
    return code;
}
