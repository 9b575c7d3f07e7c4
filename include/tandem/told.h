/* SPDX-License-Identifier: MPL-2.0
 *
 * told.h: whom long work tells how far it is, and who may end it.
 */
#ifndef TANDEM_TOLD_H
#define TANDEM_TOLD_H

#include "tandem/base.h"

/* Called now and then, on the thread of the work, with what only grows: so much is done of `total` (0: not
 * known). It must not wait. False: the work shall end, as if it had failed. */
typedef struct tdm_told {
    bool (*tell)(void *context, uint64_t done, uint64_t total);
    void *context;
} tdm_told;

/* told may be NULL: nobody. TDM_IO with sys EINTR: it was asked to end. */
tdm_code tdm_told_tell(const tdm_told *told, uint64_t done, uint64_t total, tdm_err *err);

#endif
