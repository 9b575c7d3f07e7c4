/* SPDX-License-Identifier: MPL-2.0
 *
 * main.c: tandem-node. Records what one organisation delivers, also while the hub is away, and shares it when
 * it is there.
 */
#include "log.h"
#include "people_days.h"
#include "people_log.h"
#include "uplink.h"

static tdm_code open_people(tdm_daemon *daemon, tdm_err *err)
{
    size_t map_bytes = (size_t)tdm_config_int(daemon->config, "store.map_bytes");
    return tdm_people_open(&daemon->services.people, daemon->core, map_bytes, err);
}

int main(int argc, char **argv)
{
    tdm_daemon daemon;
    tdm_uplink *uplink = NULL;
    tdm_people_days *days = NULL;
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_daemon_open(&daemon, TDM_ROLE_NODE, argc, argv, &err);
    if (code == TDM_OK)
        code = open_people(&daemon, &err);
    if (code == TDM_OK)
        code = tdm_uplink_open(&uplink, &daemon, &err);
    if (code == TDM_OK)
        code = tdm_daemon_serve(&daemon, "recording", &err);
    if (code == TDM_OK)
        code = tdm_people_days_start(&days, &daemon.services, &err);
    if (code == TDM_OK)
        code = tdm_uplink_run(uplink, &err);
    if (code != TDM_OK && code != TDM_END)
        tdm_log_fatal(&err);
    tdm_daemon_unserve(&daemon);
    tdm_people_days_stop(&days);
    tdm_uplink_close(&uplink);
    tdm_people_close(&daemon.services.people);
    tdm_daemon_close(&daemon);
    return tdm_code_exit(code);
}
