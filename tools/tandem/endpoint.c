/* SPDX-License-Identifier: MPL-2.0
 *
 * endpoint.c: which daemon is meant.
 */
#include "client.h"

#include "config.h"
#include "control.h"

/* A configuration file does not say whose it is: it is the role's that takes all of its settings. */
static tdm_code folder_of_config(const char *file, tdm_buf *out, tdm_err *err)
{
    char *argv[] = { "tandem", "--config", (char *)file, NULL };
    static const tdm_role ROLES[] = { TDM_ROLE_NODE, TDM_ROLE_HUB };
    tdm_code code = TDM_INVALID;
    for (size_t i = 0; i < TDM_COUNT(ROLES) && code != TDM_OK; i++) {
        tdm_config *config = NULL;
        code = tdm_config_load(&config, ROLES[i], 3, argv, NULL, err);
        if (code == TDM_OK)
            tdm_buf_text(out, tdm_config_own(config, "state"));
        tdm_config_destroy(&config);
    }
    return code;
}

tdm_code tdm_endpoint_find(const tdm_invocation *invocation, const char *home,
                           char out[TDM_CONTROL_ADDRESS_MAX], tdm_err *err)
{
    const char *connect_to = tdm_invocation_text(invocation, "connect");
    const char *config = tdm_invocation_text(invocation, "config");
    tdm_buf folder = { 0 };
    tdm_code code = TDM_OK;
    if (connect_to != NULL)
        tdm_buf_text(&folder, connect_to);
    else if (config != NULL)
        code = folder_of_config(config, &folder, err);
    else if (home != NULL && home[0] != '\0')
        tdm_buf_text(&folder, home);
    else
        code = tdm_fail(err, TDM_INVALID, 0,
                        "no daemon is named: set TANDEM_HOME to its state folder, or give --connect FOLDER");
    tdm_buf_add(&folder, "", 1);
    if (code == TDM_OK && folder.failed)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for a path");
    if (code == TDM_OK)
        code = tdm_control_address((const char *)folder.data, out, err);
    tdm_buf_free(&folder);
    return code;
}
