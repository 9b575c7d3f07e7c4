/* SPDX-License-Identifier: MPL-2.0
 *
 * daemon.c: opening and closing what both daemons have.
 */
#include "daemon.h"

#include "clock.h"
#include "door.h"
#include "log.h"
#include "views_ahead.h"
#include "views_vet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

extern char **environ;

static tdm_code say_and_leave(const tdm_daemon *daemon, const char *program)
{
    tdm_buf text = { 0 };
    switch (tdm_config_asked(daemon->config)) {
    case TDM_CONFIG_HELP:
        tdm_config_help(daemon->role, program, &text);
        break;
    case TDM_CONFIG_VERSION:
        tdm_buf_format(&text, "%s %s\n", program, TANDEM_VERSION);
        break;
    case TDM_CONFIG_CHECK:
        tdm_buf_text(&text, "the configuration is sound\n");
        break;
    case TDM_CONFIG_RUN:
        return TDM_OK;
    }
    fwrite(text.data, 1, text.len, stdout);
    tdm_buf_free(&text);
    return TDM_END;
}

/* Nobody is answered meanwhile: who waits for the daemon's start is told that it takes its time. */
static bool making_figures(void *context, uint64_t done, uint64_t total)
{
    tdm_daemon *daemon = context;
    char status[80];
    snprintf(status, sizeof status, "making figures of the log: %llu of %llu events",
             (unsigned long long)done, (unsigned long long)total);
    tdm_run_starting(daemon->run, status);
    daemon->stopping = daemon->stopping || tdm_run_next(daemon->run) == TDM_RUN_STOP;
    return !daemon->stopping;
}

static tdm_code open_core(tdm_daemon *daemon, tdm_err *err)
{
    const tdm_config *config = daemon->config;
    tdm_core_options options = { .folder = tdm_config_own(config, "state"),
                                 .hub = daemon->role == TDM_ROLE_HUB,
                                 .map_bytes = (size_t)tdm_config_int(config, "store.map_bytes"),
                                 .views_cache_bytes =
                                     (size_t)tdm_config_int(config, "store.views_cache_bytes") };
    const tdm_told told = { making_figures, daemon };
    tdm_code code = tdm_views_vet(options.folder, err);
    if (code == TDM_OK)
        tdm_views_make_ahead(options.folder, options.hub, options.map_bytes, &told);
    if (code == TDM_OK && daemon->stopping)
        code = tdm_fail(err, TDM_END, 0, "asked to stop while the figures were made");
    return code == TDM_OK ? tdm_core_open(&daemon->core, &options, err) : code;
}

tdm_code tdm_daemon_open(tdm_daemon *daemon, tdm_role role, int argc, char **argv, tdm_err *err)
{
    memset(daemon, 0, sizeof *daemon);
    daemon->role = role;
    tdm_code code = tdm_config_load(&daemon->config, role, argc, argv, environ, err);
    if (code == TDM_OK)
        code = say_and_leave(daemon, role == TDM_ROLE_HUB ? "tandem-hub" : "tandem-node");
    if (code != TDM_OK)
        return code;
    tdm_log_options log = tdm_config_log(daemon->config);
    tdm_log_open(&log);
    code = tdm_run_open(&daemon->run, tdm_config_own(daemon->config, "state"), err);
    if (code == TDM_OK)
        code = tdm_metrics_new(&daemon->metrics, &(tdm_metrics_options){ .series_max = 4096 }, err);
    if (code == TDM_OK)
        code = open_core(daemon, err);
    if (code == TDM_OK && (daemon->zmq = zmq_ctx_new()) == NULL)
        code = tdm_fail(err, TDM_INTERNAL, errno, "ZeroMQ does not start");
    if (code != TDM_OK)
        return code;
    zmq_ctx_set(daemon->zmq, ZMQ_MAX_SOCKETS, 16384);
    snprintf(daemon->control_endpoint, sizeof daemon->control_endpoint, "ipc://%s/control.sock",
             tdm_core_folder(daemon->core));
    daemon->services.core = daemon->core;
    daemon->services.began_ms = tdm_clock_mono_ms();
    const char *organisation = tdm_config_own(daemon->config, "organisation");
    daemon->services.own_organisation = organisation[0] == '\0' ? NULL : organisation;
    return TDM_OK;
}

tdm_transport_options tdm_daemon_transport(const tdm_daemon *daemon)
{
    const tdm_config *config = daemon->config;
    return (tdm_transport_options){
        .max_message_bytes = (size_t)tdm_config_int(config, "link.max_message_bytes"),
        .heartbeat_interval_ms = (int)tdm_config_int(config, "link.heartbeat_interval_ms"),
        .heartbeat_timeout_ms = (int)tdm_config_int(config, "link.heartbeat_timeout_ms"),
        .handshake_ms = (int)tdm_config_int(config, "link.handshake_ms"),
        .reconnect_min_ms = (int)tdm_config_int(config, "link.reconnect_min_ms"),
        .reconnect_max_ms = (int)tdm_config_int(config, "link.reconnect_max_ms"),
        .queue_messages = 256,
    };
}

/* Where HTTP listens, for scripts and people: the port may have been chosen at start. Written whole, then
 * renamed. */
static tdm_code write_address(const tdm_daemon *daemon, tdm_err *err)
{
    char path[600];
    char fresh[620];
    char text[64];
    snprintf(path, sizeof path, "%s/http.address", tdm_core_folder(daemon->core));
    snprintf(fresh, sizeof fresh, "%s.new", path);
    if (daemon->http == NULL)
        return unlink(path) == 0 || errno == ENOENT
                   ? TDM_OK
                   : tdm_fail(err, TDM_IO, errno, "could not remove %s", path);
    int len = snprintf(text, sizeof text, "http://127.0.0.1:%u\n", tdm_http_port(daemon->http));
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, text, (size_t)len) == len;
    if (fd >= 0)
        close(fd);
    if (!written || rename(fresh, path) != 0)
        return tdm_fail(err, TDM_IO, errno, "could not write %s", path);
    return TDM_OK;
}

tdm_code tdm_daemon_serve(tdm_daemon *daemon, const char *status, tdm_err *err)
{
    tdm_daemon_beat(daemon);
    tdm_code code =
        tdm_control_start(&daemon->control, daemon->zmq, daemon->control_endpoint, &daemon->services, err);
    if (code == TDM_OK)
        code = tdm_http_start(&daemon->http, daemon->config, TDM_DOOR_ROUTES, TDM_DOOR_ROUTE_COUNT, daemon,
                              daemon->metrics, err);
    if (code == TDM_OK)
        code = write_address(daemon, err);
    if (code != TDM_OK)
        return code;
    tdm_run_ready(daemon->run, status);
    tdm_log(TDM_LOG_NOTICE, "DAEMON-READY", tdm_log_id("origin", tdm_core_origin(daemon->core)),
            tdm_log_int("http_port", tdm_http_port(daemon->http)),
            tdm_log_uint("fold_lag_events", tdm_core_fold_lag(daemon->core)));
    return TDM_OK;
}

void tdm_daemon_unserve(tdm_daemon *daemon)
{
    if (daemon->run != NULL)
        tdm_run_stopping(daemon->run, "closing");
    tdm_http_stop(&daemon->http);
    tdm_control_stop(&daemon->control);
}

static void close_core(tdm_daemon *daemon)
{
    const char *folder = tdm_config_own(daemon->config, "state");
    bool damaged = tdm_core_wait_folded(daemon->core, 0, 0, NULL) == TDM_CORRUPT;
    tdm_core_close(&daemon->core);
    if (damaged)
        tdm_views_doubt(folder);
    tdm_views_closed(folder);
}

void tdm_daemon_close(tdm_daemon *daemon)
{
    if (daemon->core != NULL)
        close_core(daemon);
    if (daemon->zmq != NULL)
        zmq_ctx_term(daemon->zmq); /* every socket is closed by now; the context goes last */
    tdm_metrics_destroy(&daemon->metrics);
    tdm_run_close(&daemon->run);
    tdm_config_destroy(&daemon->config);
}

void tdm_daemon_beat(tdm_daemon *daemon)
{
    atomic_store(&daemon->beat_ms, tdm_clock_mono_ms());
    tdm_run_alive(daemon->run);
}
