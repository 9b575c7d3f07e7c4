/* SPDX-License-Identifier: MPL-2.0
 *
 * main.c: tandem-hub. Gathers every partner's facts, keeps each once, and works out how much of the system's
 * work is done together.
 */
#include "hub.h"
#include "log.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    tdm_daemon daemon;
    tdm_hub *hub = NULL;
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_daemon_open(&daemon, TDM_ROLE_HUB, argc, argv, &err);
    if (code == TDM_OK)
        code = tdm_hub_open(&hub, &daemon, &err);
    if (code == TDM_OK)
        code = tdm_daemon_serve(&daemon, "gathering", &err);
    if (code == TDM_OK) {
        tdm_log(TDM_LOG_NOTICE, "HUB-LISTENS", tdm_log_text("endpoint", tdm_hub_endpoint(hub)));
        code = tdm_hub_run(hub, &err);
    }
    if (code != TDM_OK && code != TDM_END)
        tdm_log_fatal(&err);
    tdm_daemon_unserve(&daemon);
    tdm_hub_close(&hub);
    tdm_daemon_close(&daemon);
    return tdm_code_exit(code);
}
