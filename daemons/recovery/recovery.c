/* SPDX-License-Identifier: MPL-2.0
 *
 * recovery.c: what both drivers have.
 */
#include "recovery_inner.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#define PATIENCE_MS 60000
#define SETTLE_MS 600000 /* a whole hub's log may be new to the figures */
#define DONE_CAPACITY 8192

tdm_code recovery_open(recovery *r, tdm_core *core, const tdm_recovery_options *options, tdm_err *err)
{
    *r = (recovery){ .core = core,
                     .options = options,
                     .patience_ms = options->patience_ms == 0 ? PATIENCE_MS : options->patience_ms,
                     .progress_ms = tdm_clock_mono_ms() };
    r->zmq = zmq_ctx_new();
    r->grew_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (r->zmq == NULL || r->grew_fd < 0)
        return tdm_fail(err, TDM_IO, errno, "no descriptor for a link");
    tdm_code code = tdm_queue_open(&r->done, DONE_CAPACITY, err);
    if (code == TDM_OK)
        code = tdm_log_ports_new(&r->ports, core, r->done, err);
    if (code == TDM_OK)
        code = tdm_core_listen(core, r->done, r->grew_fd, err);
    return code;
}

void recovery_close(recovery *r)
{
    if (r->done != NULL)
        tdm_core_unlisten(r->core, r->done);
    tdm_log_ports_destroy(&r->ports);
    tdm_queue_destroy(&r->done, free);
    if (r->zmq != NULL) {
        zmq_ctx_term(r->zmq);
        close(r->grew_fd);
    }
    *r = (recovery){ 0 };
}

/* As the settings of a daemon have it (config_table.h). */
tdm_transport_options recovery_transport(void)
{
    return (tdm_transport_options){ .max_message_bytes = 1048576,
                                    .heartbeat_interval_ms = 5000,
                                    .heartbeat_timeout_ms = 15000,
                                    .handshake_ms = 10000,
                                    .reconnect_min_ms = 200,
                                    .reconnect_max_ms = 5000,
                                    .queue_messages = 256 };
}

tdm_code recovery_settle(recovery *r, tdm_err *err)
{
    uint64_t position = 0;
    tdm_code code = tdm_ledger_last_position(tdm_core_ledger(r->core), &position, err);
    return code == TDM_OK ? tdm_core_wait_folded(r->core, position, SETTLE_MS, err) : code;
}

uint64_t tdm_recovery_held(tdm_core *core, const tdm_id *origin)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    uint64_t held = 0;
    if (tdm_ledger_tips(tdm_core_ledger(core), &tips, &count, NULL) == TDM_OK)
        for (size_t i = 0; i < count; i++)
            if (origin == NULL || tdm_id_equal(&tips[i].origin, origin))
                held += tips[i].last;
    free(tips);
    return held;
}

bool recovery_is_whole(const recovery *r, const tdm_link_figures *figures, const tdm_id *origin)
{
    tdm_tip tip;
    if (!figures->fetching || !tdm_id_equal(&figures->fetched_origin, origin))
        return false;
    if (figures->fetched_incarnation == 0)
        return true; /* the other end has nothing of it */
    return figures->fetched_last > 0
           && tdm_ledger_tip(tdm_core_ledger(r->core), origin, figures->fetched_incarnation, &tip, NULL)
                  == TDM_OK
           && tip.last >= figures->fetched_last;
}

void recovery_tell(recovery *r, const char *what, uint64_t held, uint64_t total)
{
    if (r->what == what && r->held == held)
        return;
    r->what = what;
    r->held = held;
    r->progress_ms = tdm_clock_mono_ms();
    if (r->options->told != NULL)
        r->options->told(r->options->context, what, held, total);
}

tdm_code recovery_check(const recovery *r, tdm_err *err)
{
    if (r->options->ends != NULL && r->options->ends(r->options->context))
        return tdm_fail(err, TDM_UNREACHABLE, 0,
                        "ended before the log was back; what came is kept: the same command goes on");
    if (tdm_clock_mono_ms() - r->progress_ms > r->patience_ms)
        return tdm_fail(err, TDM_UNREACHABLE, 0,
                        "nothing came for %lld s; what came before is kept: the same command goes on",
                        (long long)(r->patience_ms / 1000));
    return TDM_OK;
}
