/* SPDX-License-Identifier: MPL-2.0
 *
 * seal_rights.h: whether the logs of a store are sealed by keys that might seal them. That a seal verifies is
 * the ledger's own matter (tdm_ledger_verify); whose key it is, and how far it may seal, the authority states
 * in its log.
 */
#ifndef TANDEM_SEAL_RIGHTS_H
#define TANDEM_SEAL_RIGHTS_H

#include "core.h"

/* Report each log that goes on behind its last rightful seal under a key without the right: the invariant
 * "key", at the last sequence so sealed. A rightful seal proves all that is before it, whoever sealed that.
 * Origins of which the authority states no key are not judged; nor is anything without an authority. *faults
 * grows. It reads the runs and the authority's log, not the events of others. */
tdm_code tdm_seal_rights_check(tdm_core *core, tdm_ledger_report *report, void *context, uint64_t *faults,
                               tdm_err *err);

#endif
