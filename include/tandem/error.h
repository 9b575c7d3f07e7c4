/* SPDX-License-Identifier: MPL-2.0
 *
 * error.h: how functions of Tandem fail: a code to branch on, and words for a person.
 *
 * Promised to other programs: the numbers of the codes stay, new ones are added at the end; tdm_err keeps its
 * size.
 */
#ifndef TANDEM_ERROR_H
#define TANDEM_ERROR_H

#include "tandem/export.h"

TDM_BEGIN_DECLS

/* Callers branch on the code and on nothing else. X(symbol, word, exit status of the `tandem` command) */
#define TDM_CODES(X)                                                                                         \
    X(TDM_OK, "ok", 0)                                                                                       \
    X(TDM_DIFFERS, "differs", 1)         /* worked; the answer is no: damaged, rejected rows */              \
    X(TDM_INVALID, "invalid", 2)         /* wrong usage or configuration */                                  \
    X(TDM_NOT_FOUND, "not-found", 3)     /* no such node, unit, key, period */                               \
    X(TDM_DENIED, "denied", 4)           /* key, signature, role */                                          \
    X(TDM_UNREACHABLE, "unreachable", 5) /* not reachable or timed out: trying again may help */             \
    X(TDM_BUSY, "busy", 6)               /* another writer holds the store, or a window is full */           \
    X(TDM_FULL, "full", 7)               /* map, disk or another bound is used up */                         \
    X(TDM_IO, "io", 7)                   /* the disk or the system said no */                                \
    X(TDM_CORRUPT, "corrupt", 7)         /* stored bytes break an invariant */                               \
    X(TDM_UNCONFIRMED, "unconfirmed", 8) /* needs a confirmation that was not given */                       \
    X(TDM_UNSUPPORTED, "unsupported", 9) /* a format or protocol newer than this program */                  \
    X(TDM_INTERNAL, "internal", 10)                                                                          \
    X(TDM_MALFORMED, "malformed", 1) /* bytes that break the format; err.what says where */                  \
    X(TDM_CONFLICT, "conflict", 1)   /* same name, other content: a fork or a doubled fact */                \
    X(TDM_EXISTS, "exists", 1)       /* already there, the same */                                           \
    X(TDM_END, "end", 0)             /* an iteration has no more */

typedef enum tdm_code {
#define X(symbol, word, status) symbol,
    TDM_CODES(X)
#undef X
} tdm_code;

/* "not-found": a borrowed constant, "unknown" for a number that is no code. */
TDM_API const char *tdm_code_word(tdm_code code);
/* The exit status the `tandem` command has for it, 0 to 10. */
TDM_API int tdm_code_exit(tdm_code code);

/* Filled by what fails, untouched by what does not. Where a function takes one, NULL is taken, too. */
typedef struct tdm_err {
    tdm_code code;
    int sys;        /* errno, LMDB or ZeroMQ number as met; 0 if none */
    char what[200]; /* for a person: which object, which step, what to do */
} tdm_err;

TDM_END_DECLS

#endif
