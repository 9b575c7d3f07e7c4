/* SPDX-License-Identifier: MPL-2.0
 *
 * run.h: a daemon's life: its state folder and lock, its signals, what it tells the service manager.
 *
 * Open it first in main, before any thread is started, since threads inherit the signal mask.
 */
#ifndef TANDEM_COMMON_RUN_H
#define TANDEM_COMMON_RUN_H

#include "tandem/base.h"

typedef struct tdm_run tdm_run;

/* What the outside asked for. */
typedef enum tdm_run_wish {
    TDM_RUN_NOTHING, /* no signal waits */
    TDM_RUN_STOP,    /* SIGTERM, SIGINT */
    TDM_RUN_RELOAD   /* SIGHUP */
} tdm_run_wish;

/*
 * Block SIGTERM, SIGINT, SIGHUP and SIGPIPE; raise the soft limit of open files to the hard one; make the
 * state folder (0700, with parents) or check it; take its lock.
 *
 * TDM_BUSY      another process holds the folder; err names its pid
 * TDM_DENIED    the folder is open to others, or not ours
 * TDM_INVALID   it is no folder, or lies on a network file system, where LMDB's locks and maps do not hold
 * TDM_IO        the system said no
 */
tdm_code tdm_run_open(tdm_run **out, const char *state, tdm_err *err);
void tdm_run_close(tdm_run **run); /* NULL-safe; frees the lock, restores the signal mask */

int tdm_run_fd(const tdm_run *run);             /* readable when a signal waits */
tdm_run_wish tdm_run_next(tdm_run *run);        /* read one; never waits */
const char *tdm_run_signal(const tdm_run *run); /* the name of the last one read, for the log */

/* sd_notify(3); all do nothing when no service manager listens (NOTIFY_SOCKET is unset). */
void tdm_run_ready(tdm_run *run, const char *status); /* all is open; status in words */
void tdm_run_starting(tdm_run *run,
                      const char *status);             /* not ready yet, and at work: call it now and then */
void tdm_run_status(tdm_run *run, const char *status); /* what it does now, for `systemctl status` */
void tdm_run_reloading(tdm_run *run);                  /* SIGHUP taken; tdm_run_ready must follow */
void tdm_run_stopping(tdm_run *run, const char *status);
void tdm_run_alive(tdm_run *run);                /* the loop turns; call at least each tdm_run_watchdog_ms */
int64_t tdm_run_watchdog_ms(const tdm_run *run); /* half of WATCHDOG_USEC; 0 if nobody watches */

#endif
