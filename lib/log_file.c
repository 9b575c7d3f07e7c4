/* SPDX-License-Identifier: MPL-2.0
 *
 * log_file.c: an exported file as a source of events. A run's events are handed out once the run is proven:
 * log_lines.c computes its root, and here its head, sequence and seal are held against what came before.
 */
#include "log_source.h"

#include "log_lines.h"
#include "zstd_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct log_file {
    tdm_log_source base;
    FILE *file;
    FILE *plain; /* the same, or what it holds compressed */
    tdm_log_lines *lines;
    tdm_buf events; /* proven, not told yet: canonical maps, one after another */
    size_t told;    /* bytes of them */
    tdm_tip tip;    /* of the log being read; last 0: none yet */
    tdm_ledger_summary found;
} log_file;

/* ---- what the lines tell ---- */

static tdm_code take_store(void *context, const tdm_id *authority, tdm_err *err)
{
    (void)context, (void)authority, (void)err;
    return TDM_OK;
}

/* An export tells log after log in their order, so the one before is finished. */
static tdm_code enter_log(log_file *in, const tdm_id *origin, uint64_t incarnation, tdm_err *err)
{
    int order = tdm_id_compare(origin, &in->tip.origin);
    bool same = order == 0 && incarnation == in->tip.incarnation;
    if (in->tip.last > 0 && same)
        return TDM_OK;
    if (in->tip.last > 0 && (order < 0 || (order == 0 && incarnation < in->tip.incarnation)))
        return tdm_fail(err, TDM_MALFORMED, 0, "logs stand in the order of origin and incarnation");
    in->tip = (tdm_tip){ .origin = *origin, .incarnation = incarnation };
    return TDM_OK;
}

static tdm_code keep_event(log_file *in, tdm_span bytes, tdm_err *err)
{
    in->found.events++;
    tdm_buf_add(&in->events, bytes.data, bytes.len);
    return in->events.failed ? tdm_fail(err, TDM_FULL, 0, "no memory for a run") : TDM_OK;
}

static tdm_code take_run(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_run *run,
                         const tdm_span *events, tdm_err *err)
{
    log_file *in = context;
    tdm_digest head;
    tdm_code code = enter_log(in, origin, incarnation, err);
    if (code != TDM_OK)
        return code;
    if (run->first != in->tip.last + 1)
        return tdm_fail(err, TDM_MALFORMED, 0, "a run begins at %llu behind one that ends at %llu",
                        (unsigned long long)run->first, (unsigned long long)in->tip.last);
    tdm_run_head(&in->tip.head, &run->root, &head);
    if (!tdm_digest_equal(&head, &run->head))
        return tdm_fail(err, TDM_DENIED, 0, "the head does not follow from the run before and the root");
    for (uint64_t i = 0; i <= run->last - run->first && code == TDM_OK; i++)
        code = keep_event(in, events[i], err);
    in->tip.last = run->last;
    in->tip.head = run->head;
    in->found.runs++;
    return code;
}

static tdm_code take_seal(void *context, const tdm_id *origin, uint64_t incarnation, const tdm_seal *seal,
                          tdm_err *err)
{
    log_file *in = context;
    if (in->tip.last != seal->last || incarnation != in->tip.incarnation
        || !tdm_id_equal(origin, &in->tip.origin))
        return tdm_fail(err, TDM_MALFORMED, 0, "a seal follows the run it seals");
    if (tdm_seal_check(seal, origin, incarnation, &in->tip.head, NULL) != TDM_OK)
        return tdm_fail(err, TDM_DENIED, 0, "the seal does not verify over the log before it");
    in->found.seals++;
    return TDM_OK;
}

static tdm_code take_notice(void *context, const tdm_event *event, const tdm_proof *proof, tdm_err *err)
{
    log_file *in = context;
    (void)proof; /* log_lines.c looked at it */
    in->found.notices++;
    return keep_event(in, event->bytes, err);
}

static const tdm_log_visit VISIT = {
    .store = take_store, .run = take_run, .seal = take_seal, .notice = take_notice
};

/* ---- the source ---- */

static tdm_code next_event(tdm_log_source *self, tdm_span *event, uint64_t *position, tdm_err *err)
{
    log_file *in = (log_file *)self;
    tdm_event found;
    while (in->told == in->events.len) {
        tdm_buf_clear(&in->events);
        in->told = 0;
        tdm_code code = tdm_log_lines_step(in->lines, err);
        if (code != TDM_OK)
            return code;
    }
    tdm_span left = { in->events.data + in->told, in->events.len - in->told };
    tdm_code code = tdm_event_decode_first(left, &found, err);
    if (code != TDM_OK)
        return code;
    *event = found.bytes;
    *position = tdm_log_lines_count(in->lines);
    in->told += found.bytes.len;
    return TDM_OK;
}

static void close_file(tdm_log_source *self)
{
    log_file *in = (log_file *)self;
    tdm_log_lines_close(&in->lines);
    if (in->plain != NULL && in->plain != in->file)
        fclose(in->plain);
    if (in->file != NULL)
        fclose(in->file);
    tdm_buf_free(&in->events);
    free(in);
}

static const tdm_log_source_kind KIND = { .next = next_event, .close = close_file };

static tdm_code open_lines(log_file *in, const char *path, tdm_err *err)
{
    in->file = fopen(path, "rbe");
    if (in->file == NULL)
        return tdm_fail(err,
                        errno == ENOENT   ? TDM_NOT_FOUND
                        : errno == EACCES ? TDM_DENIED
                                          : TDM_IO,
                        errno, "%.120s: %s", path, strerror(errno));
    in->plain = tdm_zstd_begins(in->file) ? tdm_zstd_reader(in->file) : in->file;
    if (in->plain == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a compressed log");
    return tdm_log_lines_open(&in->lines, in->plain, &VISIT, in, err);
}

static tdm_code open_file(log_file **out, const char *path, tdm_err *err)
{
    log_file *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to read a log");
    made->base.kind = &KIND;
    tdm_code code = open_lines(made, path, err);
    if (code == TDM_OK)
        *out = made;
    else
        close_file(&made->base);
    return code;
}

tdm_code tdm_log_file_open(tdm_log_source **out, const char *path, tdm_err *err)
{
    log_file *made = NULL;
    tdm_code code = open_file(&made, path, err);
    *out = code == TDM_OK ? &made->base : NULL;
    return code;
}

/* ---- looking for damage ---- */

static bool is_damage(tdm_code code)
{
    return code == TDM_MALFORMED || code == TDM_DENIED;
}

tdm_code tdm_log_file_verify(const char *path, tdm_log_teller *to, tdm_err *err)
{
    log_file *in = NULL;
    tdm_err why = { 0 };
    tdm_code code = open_file(&in, path, err);
    if (code != TDM_OK)
        return code;
    while ((code = tdm_log_lines_step(in->lines, &why)) == TDM_OK)
        tdm_buf_clear(&in->events);
    if (is_damage(code)) {
        tdm_ledger_fault fault = { .invariant = "line", .position = tdm_log_lines_count(in->lines) };
        snprintf(fault.what, sizeof fault.what, "%s", why.what);
        in->found.faults = 1;
        tdm_log_tell_fault(to, &fault);
        code = TDM_DIFFERS;
    }
    if (code == TDM_END || code == TDM_DIFFERS)
        tdm_log_tell_summary(to, &in->found);
    close_file(&in->base);
    return code == TDM_END ? TDM_OK : tdm_fail(err, code, why.sys, "%s", why.what);
}
