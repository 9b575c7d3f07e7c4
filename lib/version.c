/* SPDX-License-Identifier: MPL-2.0
 *
 * version.c: the numbers of version.h.
 */
#include "tandem/version.h"

#include "tandem/frame.h"
#include "tandem/ledger.h"

const char *tdm_version(void)
{
    return TANDEM_VERSION;
}

unsigned tdm_version_abi(void)
{
    return TDM_ABI_VERSION;
}

unsigned tdm_version_wire(void)
{
    return TDM_LINK_VERSION;
}

unsigned tdm_version_store(void)
{
    return TDM_LEDGER_FORMAT;
}
