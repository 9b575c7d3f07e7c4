/* SPDX-License-Identifier: MPL-2.0
 *
 * link_ports.c: what a link machine asks about the logs held here, answered from the ledger and the fold.
 */
#include "link_ports.h"

#include <stdlib.h>

struct tdm_log_ports {
    tdm_core *core;
    tdm_queue *done;
    tdm_run_batch batch; /* what the last `runs` pointed at */
    tdm_buf event;       /* what the last `feed_next` pointed at */
    tdm_tip *tips;       /* all tips, ordered by (origin, incarnation), */
    size_t tip_count;
    uint64_t tips_at; /* as of this position: a thousand links ask in turn, and each would read them all */
};

tdm_code tdm_log_ports_new(tdm_log_ports **out, tdm_core *core, tdm_queue *done, tdm_err *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a link's ports");
    (*out)->core = core;
    (*out)->done = done;
    return TDM_OK;
}

void tdm_log_ports_destroy(tdm_log_ports **pointer)
{
    tdm_log_ports *ports = *pointer;
    if (ports == NULL)
        return;
    tdm_run_batch_free(&ports->batch);
    tdm_buf_free(&ports->event);
    free(ports->tips);
    free(ports);
    *pointer = NULL;
}

/* Of a driver's context. */
static tdm_log_ports *ports_of(void *context)
{
    return *(tdm_log_ports **)context;
}

tdm_code tdm_log_ports_tip(void *context, const tdm_id *origin, uint64_t incarnation, tdm_log_tip *out)
{
    tdm_tip tip;
    tdm_code code = tdm_ledger_tip(tdm_core_ledger(ports_of(context)->core), origin, incarnation, &tip, NULL);
    *out = (tdm_log_tip){ *origin, incarnation, tip.last, tip.head };
    return code;
}

tdm_code tdm_log_ports_head_at(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                               tdm_digest *out)
{
    return tdm_ledger_head_at(tdm_core_ledger(ports_of(context)->core), origin, incarnation, last, out, NULL);
}

/* Oldest first: in the order in which their first events were received here, which follows the generations.
 */
static int by_arrival(const void *a, const void *b)
{
    const tdm_tip *left = a;
    const tdm_tip *right = b;
    return (left->last_position > right->last_position) - (left->last_position < right->last_position);
}

static bool read_tips(tdm_log_ports *ports)
{
    tdm_ledger *ledger = tdm_core_ledger(ports->core);
    uint64_t position = 0;
    if (tdm_ledger_last_position(ledger, &position, NULL) != TDM_OK)
        return false;
    if (ports->tips != NULL && ports->tips_at == position)
        return true;
    free(ports->tips);
    ports->tips = NULL;
    ports->tip_count = 0;
    ports->tips_at = position;
    return tdm_ledger_tips(ledger, &ports->tips, &ports->tip_count, NULL) == TDM_OK;
}

static size_t first_of(const tdm_log_ports *ports, const tdm_id *origin)
{
    size_t low = 0;
    for (size_t high = ports->tip_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (tdm_id_compare(&ports->tips[middle].origin, origin) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t tdm_log_ports_incarnations(void *context, const tdm_id *origin, uint64_t *out, size_t max)
{
    tdm_log_ports *ports = ports_of(context);
    if (!read_tips(ports))
        return 0;
    size_t first = first_of(ports, origin);
    size_t count = 0;
    while (first + count < ports->tip_count && tdm_id_equal(&ports->tips[first + count].origin, origin))
        count++;
    if (count > 1)
        qsort(ports->tips + first, count, sizeof *ports->tips, by_arrival);
    size_t taken = count < max ? count : max;
    for (size_t i = 0; i < taken; i++)
        out[i] = ports->tips[first + i].incarnation;
    return taken;
}

tdm_code tdm_log_ports_runs(void *context, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                            size_t max_bytes, size_t max_runs, tdm_log_batch *out)
{
    tdm_log_ports *ports = ports_of(context);
    tdm_run_batch_free(&ports->batch);
    tdm_code code = tdm_ledger_runs(tdm_core_ledger(ports->core), origin, incarnation, from, max_bytes,
                                    max_runs, true, &ports->batch, NULL);
    if (code != TDM_OK)
        return code;
    const tdm_run_batch *batch = &ports->batch;
    if (batch->run_count == 0)
        return TDM_END;
    *out = (tdm_log_batch){ .origin = *origin,
                            .incarnation = incarnation,
                            .runs = batch->runs,
                            .run_count = batch->run_count,
                            .event_count = batch->event_count,
                            .events = tdm_buf_span(&batch->events),
                            .has_seal = batch->has_seal,
                            .seal = batch->seal };
    return TDM_OK;
}

tdm_code tdm_log_ports_keep(tdm_log_ports *ports, const tdm_log_batch *batch, void *owner, uint64_t token)
{
    return tdm_core_keep(ports->core, ports->done, batch, owner, token);
}

tdm_code tdm_log_ports_keep_notices(tdm_log_ports *ports, const tdm_notice_batch *batch, void *owner,
                                    uint64_t token)
{
    return tdm_core_keep_notices(ports->core, ports->done, batch, owner, token);
}

void tdm_log_ports_set_aside(void *context, const tdm_id *origin, const char *reason, tdm_span bytes)
{
    tdm_core_set_aside(ports_of(context)->core, origin, reason, bytes);
}

tdm_code tdm_log_ports_feed_next(tdm_log_ports *ports, const tdm_id *recipient, uint64_t after,
                                 uint64_t *number, tdm_span *event, tdm_proof *proof)
{
    uint64_t position = 0;
    tdm_fold *fold = tdm_core_fold(ports->core);
    tdm_code code = tdm_fold_feed_next(fold, recipient, after, number, &position, NULL);
    tdm_core_fold_release(ports->core, fold);
    if (code != TDM_OK)
        return code;
    tdm_ledger *ledger = tdm_core_ledger(ports->core);
    tdm_buf_clear(&ports->event);
    code = tdm_ledger_event_at(ledger, position, &ports->event, NULL);
    tdm_event read;
    if (code == TDM_OK)
        code = tdm_event_peek(tdm_buf_span(&ports->event), &read, NULL);
    if (code == TDM_OK)
        code = tdm_ledger_proof(ledger, &read.origin, read.incarnation, read.sequence, proof, NULL);
    *event = tdm_buf_span(&ports->event);
    return code;
}

uint64_t tdm_log_ports_feed_last(tdm_log_ports *ports, const tdm_id *recipient)
{
    tdm_fold *fold = tdm_core_fold(ports->core);
    uint64_t last = tdm_fold_feed_last(fold, recipient);
    tdm_core_fold_release(ports->core, fold);
    return last;
}

bool tdm_log_ports_feed_is_busy(tdm_log_ports *ports)
{
    tdm_fold *fold = tdm_core_fold(ports->core);
    bool busy = tdm_fold_is_busy(fold);
    tdm_core_fold_release(ports->core, fold);
    return busy;
}
