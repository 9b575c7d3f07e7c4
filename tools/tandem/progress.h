/* SPDX-License-Identifier: MPL-2.0
 *
 * progress.h: how far long work is, told on standard error: on a terminal one line that is written over ten
 * times a second, else a line a minute; with --progress json an object a second, the first one at once.
 * SIGUSR1 has a line at once. SIGINT, SIGTERM and SIGHUP end the work as a failure would: what is half made
 * goes, and the same again may be asked.
 */
#ifndef TANDEM_TOOLS_PROGRESS_H
#define TANDEM_TOOLS_PROGRESS_H

#include "session.h"

#include "tandem/told.h"

typedef struct tdm_progress {
    tdm_session *session;
    enum { TDM_PROGRESS_NONE, TDM_PROGRESS_LINES, TDM_PROGRESS_TERMINAL, TDM_PROGRESS_JSON } mode;
    const char *what; /* "folding" */
    const char *unit; /* "events" */
    int64_t begun_ms; /* monotonic, as the next */
    int64_t told_ms;
    uint64_t first; /* what was done already when it began */
    uint64_t done;
    uint64_t total; /* 0: not known */
    bool begun;
    FILE *source; /* whose position tells the share where the total is not known; NULL: none */
    uint64_t source_bytes;
} tdm_progress;

/* By the invocation's --progress; --quiet tells nothing. */
void tdm_progress_open(tdm_progress *progress, const tdm_invocation *invocation, tdm_session *session,
                       const char *what, const char *unit);
/* The work reads this file from one end to the other; one without a length (a pipe) tells nothing. Borrowed.
 */
void tdm_progress_read(tdm_progress *progress, FILE *source);
/* So much is done. Tells it if it is time to. */
void tdm_progress_tell(tdm_progress *progress, uint64_t done, uint64_t total);
/* For the work itself. */
tdm_told tdm_progress_told(tdm_progress *progress);
/* The signal that ended the work; 0: none did. */
int tdm_progress_stopped_by(void);
/* Clears the terminal's line; json: the summary. Signals end the program again, as they did. */
void tdm_progress_close(tdm_progress *progress);

/* Its text without the line's end: "folding 1200 of 5000 events (24 %), 800 a second, 5 s left". */
void tdm_progress_text(const tdm_progress *progress, int64_t now_ms, tdm_buf *out);

#endif
