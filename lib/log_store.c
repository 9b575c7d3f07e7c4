/* SPDX-License-Identifier: MPL-2.0
 *
 * log_store.c: a store as a source of events, read in a child process (child.h).
 *
 * Through the pipe come frames: a kind, a length, and so many bytes. The child reads a batch in a short
 * transaction and writes it afterwards: a parent that takes its time keeps no pages of a running daemon.
 */
#include "log_source.h"

#include "child.h"

#include "tandem/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_EVENTS = 256, ROW_MAX = 4096 };
enum frame_kind { FRAME_OPEN = 1, FRAME_EVENT, FRAME_ROW, FRAME_KINDS };

typedef struct frame {
    uint32_t kind;
    uint32_t len;
    uint64_t position; /* of an event */
} frame;

/* What each kind carries at most. */
static const size_t FRAME_MAX[FRAME_KINDS] = { [FRAME_EVENT] = TDM_EVENT_MAX, [FRAME_ROW] = ROW_MAX };

/* ---- the child ---- */

typedef struct reading {
    const char *folder;
    int fd;
    tdm_ledger *ledger;
    uint64_t from;
    uint64_t last;
    tdm_buf frames; /* of a batch */
    size_t count;
} reading;

static void add_frame(tdm_buf *out, enum frame_kind kind, uint64_t position, const void *data, size_t len)
{
    frame head = { .kind = kind, .len = (uint32_t)len, .position = position };
    tdm_buf_add(out, &head, sizeof head);
    tdm_buf_add(out, data, len);
}

static tdm_code send_frames(reading *r, tdm_err *err)
{
    if (r->frames.failed)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a store");
    bool sent = tdm_path_write(r->fd, r->frames.data, r->frames.len);
    tdm_buf_clear(&r->frames);
    return sent ? TDM_OK : tdm_fail(err, TDM_IO, errno, "nobody reads the store any more");
}

static tdm_code open_ledger(reading *r, tdm_err *err)
{
    tdm_code code = tdm_ledger_open_folder(&r->ledger, r->folder, TDM_KV_READ_ONLY, 0, err);
    return code == TDM_OK ? tdm_ledger_last_position(r->ledger, &r->last, err) : code;
}

/* Positions are dense: the next one is known. */
static tdm_code keep_entry(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    reading *r = context;
    uint64_t wanted = r->from + r->count;
    if (entry->position > r->last)
        return TDM_END;
    if (entry->position != wanted)
        return tdm_fail(err, TDM_CORRUPT, 0, "no record at position %llu", (unsigned long long)wanted);
    add_frame(&r->frames, FRAME_EVENT, entry->position, entry->bytes.data, entry->bytes.len);
    r->count++;
    return TDM_OK;
}

/* What stands before a damaged record is told, too. */
static tdm_code send_batch(reading *r, tdm_err *err)
{
    r->count = 0;
    tdm_code code = tdm_ledger_scan(r->ledger, r->from, BATCH_EVENTS, keep_entry, r, &(uint64_t){ 0 }, err);
    tdm_err why = { 0 };
    tdm_code sent = send_frames(r, &why);
    r->from += r->count;
    if (code == TDM_OK && sent != TDM_OK)
        code = tdm_fail(err, sent, why.sys, "%s", why.what);
    if (code == TDM_OK && r->count == 0)
        code = tdm_fail(err, TDM_CORRUPT, 0, "no record at position %llu", (unsigned long long)r->from);
    return code;
}

static void send_events(void *context, int fd, tdm_verdict *out)
{
    reading *r = context;
    r->fd = fd;
    r->from = 1;
    out->code = open_ledger(r, &out->err);
    if (out->code == TDM_OK) {
        add_frame(&r->frames, FRAME_OPEN, 0, NULL, 0);
        out->code = send_frames(r, &out->err);
    }
    while (out->code == TDM_OK && r->from <= r->last)
        out->code = send_batch(r, &out->err);
    tdm_ledger_close(&r->ledger);
}

static void send_row(void *context, const char *row)
{
    reading *r = context;
    add_frame(&r->frames, FRAME_ROW, 0, row, strlen(row));
    send_frames(r, NULL);
}

static void send_rows(void *context, int fd, tdm_verdict *out)
{
    reading *r = context;
    tdm_log_teller to = { .report = send_row, .context = r };
    tdm_ledger_summary summary = { 0 };
    r->fd = fd;
    out->code = open_ledger(r, &out->err);
    if (out->code == TDM_OK)
        out->code = tdm_ledger_verify(r->ledger, tdm_log_tell_fault, &to, NULL, &summary, &out->err);
    if (out->code == TDM_OK || out->code == TDM_DIFFERS)
        tdm_log_tell_summary(&to, &summary);
    if (to.failed)
        out->code = tdm_fail(&out->err, TDM_FULL, 0, "no memory for a row");
    tdm_ledger_close(&r->ledger);
}

/* ---- the parent ---- */

typedef struct log_store {
    tdm_log_source base;
    tdm_child child;
    FILE *data; /* over a duplicate of child.data */
    uint8_t bytes[TDM_EVENT_MAX + 1];
} log_store;

static void close_store(tdm_log_source *self)
{
    log_store *in = (log_store *)self;
    tdm_verdict out;
    if (in->data != NULL)
        fclose(in->data);
    if (in->child.pid > 0)
        tdm_child_end(&in->child, &out, NULL);
    free(in);
}

/* TDM_END: the child wrote no more, and its verdict was that all is well. */
static tdm_code end_child(log_store *in, tdm_err *err)
{
    tdm_verdict out;
    fclose(in->data);
    in->data = NULL;
    tdm_code code = tdm_child_end(&in->child, &out, err);
    if (code != TDM_OK)
        return code;
    if (out.code != TDM_OK && err != NULL)
        *err = out.err;
    return out.code == TDM_OK ? TDM_END : out.code;
}

static tdm_code next_frame(log_store *in, frame *head, tdm_err *err)
{
    if (in->data == NULL)
        return TDM_END;
    if (fread(head, sizeof *head, 1, in->data) != 1)
        return end_child(in, err);
    bool known = head->kind >= FRAME_OPEN && head->kind < FRAME_KINDS && head->len <= FRAME_MAX[head->kind];
    if (!known || fread(in->bytes, 1, head->len, in->data) != head->len) {
        tdm_code code = end_child(in, err);
        return code == TDM_END ? tdm_fail(err, TDM_CORRUPT, 0, "reading the store made no sense") : code;
    }
    in->bytes[head->len] = '\0';
    return TDM_OK;
}

static tdm_code next_event(tdm_log_source *self, tdm_span *event, uint64_t *position, tdm_err *err)
{
    log_store *in = (log_store *)self;
    frame head;
    tdm_code code = next_frame(in, &head, err);
    if (code != TDM_OK)
        return code;
    *event = (tdm_span){ in->bytes, head.len };
    *position = head.position;
    return TDM_OK;
}

static const tdm_log_source_kind KIND = { .next = next_event, .close = close_store };

static tdm_code start(log_store **out, tdm_child_work *work, const char *folder, tdm_err *err)
{
    reading r = { .folder = folder };
    log_store *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a store");
    made->base.kind = &KIND;
    tdm_code code = tdm_child_start(&made->child, work, &r, err);
    if (code == TDM_OK) {
        made->data = fdopen(made->child.data, "r");
        if (made->data != NULL)
            made->child.data = -1; /* closed with it */
        else
            code = tdm_fail(err, TDM_FULL, errno, "no memory to read a store");
    }
    if (code == TDM_OK)
        *out = made;
    else
        close_store(&made->base);
    return code;
}

tdm_code tdm_log_store_open(tdm_log_source **out, const char *folder, tdm_err *err)
{
    log_store *made = NULL;
    frame head;
    *out = NULL;
    tdm_code code = start(&made, send_events, folder, err);
    if (code != TDM_OK)
        return code;
    code = next_frame(made, &head, err);
    if (code == TDM_OK)
        *out = &made->base;
    else
        close_store(&made->base);
    return code;
}

/* ---- looking for damage ---- */

/* The child did not come to its end, and tells no summary. */
static void tell_crash(tdm_log_teller *to, const tdm_err *why, uint64_t told)
{
    tdm_ledger_fault fault = { .invariant = "readable" };
    tdm_ledger_summary summary = { .faults = told + 1 };
    snprintf(fault.what, sizeof fault.what, "%s", why->what);
    tdm_log_tell_fault(to, &fault);
    tdm_log_tell_summary(to, &summary);
}

tdm_code tdm_log_store_verify(const char *folder, tdm_log_teller *to, tdm_err *err)
{
    log_store *in = NULL;
    frame head;
    tdm_err why = { 0 };
    uint64_t rows = 0;
    tdm_code code = start(&in, send_rows, folder, err);
    if (code != TDM_OK)
        return code;
    while ((code = next_frame(in, &head, &why)) == TDM_OK) {
        rows++;
        if (to->report != NULL)
            to->report(to->context, (const char *)in->bytes);
    }
    close_store(&in->base);
    if (code == TDM_END)
        return TDM_OK;
    if (err != NULL)
        *err = why;
    if (code != TDM_CORRUPT)
        return code;
    tell_crash(to, &why, rows);
    return tdm_fail(err, TDM_DIFFERS, 0, "%s", why.what);
}
