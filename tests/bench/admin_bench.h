/* SPDX-License-Identifier: MPL-2.0
 *
 * admin_bench.h: what the files of admin_bench share: a log of any length, the ceiling over it, and commands
 * run as an administrator runs them, looked at from outside.
 */
#ifndef TANDEM_TESTS_ADMIN_BENCH_H
#define TANDEM_TESTS_ADMIN_BENCH_H

#include "bench.h"

/* ---- admin_log.c: a hub's store */

typedef struct admin_log {
    uint64_t events; /* with those the hub states itself */
    uint64_t units;
    uint64_t runs;
    uint64_t bytes; /* of the events */
} admin_log;

/* About so many events in folder/ledger, written in order of arrival and never held in memory as a whole. */
void admin_log_make(const char *folder, uint64_t events, admin_log *out);

/* ---- admin_run.c: a command in a process of its own */

typedef struct admin_spent {
    double seconds;
    double cpu;     /* seconds of processor, of it and all it started */
    double rss_mib; /* the most anonymous memory, of it and all it started, in one look */
    int status;     /* as the shell has it */
} admin_spent;

/* What it writes to standard output goes to the file `out` (NULL: nowhere). */
void admin_run(char *const *words, const char *out, admin_spent *spent);
/* The same for a function. */
void admin_run_function(int (*function)(void *context), void *context, admin_spent *spent);
uint64_t admin_file_bytes(const char *path); /* 0: there is none */

/* ---- admin_ceiling.c */

/* A bare LMDB scan of folder/ledger: each event scanned and read, 10 groupings of 2 counters. To be run as a
 * function, the context being the folder. */
int admin_ceiling(void *folder);

#endif
