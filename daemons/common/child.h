/* SPDX-License-Identifier: MPL-2.0
 *
 * child.h: reading a store in a child process: LMDB trusts the pages of its file, so damaged ones end whoever
 * reads them, and here that is the child alone.
 */
#ifndef TANDEM_COMMON_CHILD_H
#define TANDEM_COMMON_CHILD_H

#include "tandem/base.h"

/* What the child tells at its end. */
typedef struct tdm_verdict {
    tdm_code code;
    bool raw; /* of an answer (service.h), where there is one */
    int exit;
    tdm_err err;
} tdm_verdict;

/* In the child: write to fd what the parent is to read, and fill the verdict. */
typedef void tdm_child_work(void *context, int fd, tdm_verdict *out);

typedef struct tdm_child {
    int pid;     /* 0: none */
    int data;    /* to be read to its end; -1: closed */
    int verdict; /* a pipe of its own */
} tdm_child;

/* The child has the parent's memory, and of its descriptors only the standard three. It ends when its work is
 * done, or when it writes and nobody reads any more. TDM_IO: no pipe or no process. */
tdm_code tdm_child_start(tdm_child *out, tdm_child_work *work, void *context, tdm_err *err);
/* Close `data`, so that a child that still writes stops; wait for it. TDM_OK: *out is its verdict, of any
 * code. TDM_CORRUPT: it ended without one, and err names the signal. Without a child: TDM_INTERNAL. */
tdm_code tdm_child_end(tdm_child *child, tdm_verdict *out, tdm_err *err);

#endif
