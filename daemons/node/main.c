/* SPDX-License-Identifier: MPL-2.0
 *
 * main.c: tandem-node. Records what one organisation delivers, also while the hub is away, and shares it when
 * it is there.
 */
#include "log.h"
#include "uplink.h"

int main(int argc, char **argv)
{
    tdm_daemon daemon;
    tdm_uplink *uplink = NULL;
    tdm_err err = { .code = TDM_OK };
    tdm_code code = tdm_daemon_open(&daemon, TDM_ROLE_NODE, argc, argv, &err);
    if (code == TDM_OK)
        code = tdm_uplink_open(&uplink, &daemon, &err);
    if (code == TDM_OK)
        code = tdm_daemon_serve(&daemon, "recording", &err);
    if (code == TDM_OK)
        code = tdm_uplink_run(uplink, &err);
    if (code != TDM_OK && code != TDM_END)
        tdm_log_fatal(&err);
    tdm_daemon_unserve(&daemon);
    tdm_uplink_close(&uplink);
    tdm_daemon_close(&daemon);
    return tdm_code_exit(code);
}
