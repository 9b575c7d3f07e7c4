/* SPDX-License-Identifier: MPL-2.0
 *
 * top.h: `tandem top`: a daemon as it is, each second anew. Readings (top_read.c) become lines (top_frame.c),
 * which stand on a terminal (top_screen.c) or are printed once; top.c asks, draws and hears the keys.
 */
#ifndef TANDEM_TOOLS_TOP_H
#define TANDEM_TOOLS_TOP_H

#include "client.h"
#include "judge.h"

tdm_command_function tdm_top_run;

/* ---- top_read.c: what a daemon answered at one moment, and what changed since others */

enum { TDM_TOP_RANKS = 5 };                        /* well, behind, connecting, away, refused */
enum { TDM_TOP_UNKNOWN = -1, TDM_TOP_STUCK = -2 }; /* of times to clear: not known yet; it does not fall */

typedef struct tdm_top_node {
    char origin[2 * TDM_ID_BYTES + 1];
    char name[64];
    char state[40]; /* a word, or "refused: " and why */
    int rank;       /* how bad: rows stand by it, the worst first; 0 is well */
    int64_t lag;    /* events; TDM_TOP_UNKNOWN */
    int64_t behind_s;
    int64_t clears_s; /* TDM_TOP_*; 0: nothing to clear */
    int64_t seen_s;   /* since it was last heard; TDM_TOP_UNKNOWN */
    int64_t held;
    int64_t last;
} tdm_top_node;

typedef struct tdm_top_reading {
    int64_t at_ms;  /* monotonic */
    int64_t now_ms; /* the daemon's clock */
    bool complete;
    bool hub;
    char origin[2 * TDM_ID_BYTES + 1];
    char version[32];
    char year[16];
    int64_t uptime_s; /* TDM_TOP_UNKNOWN: there is no daemon */
    int64_t held;     /* events in the ledger */
    int64_t fold_lag; /* of them not in the figures */
    json_t *level;    /* a row; NULL: no unit in this year */
    tdm_findings findings;
    tdm_top_node *nodes; /* the worst first */
    size_t count;
    /* against an earlier reading (tdm_top_compare) */
    bool compared;
    double held_rate; /* events a second */
    double folded_rate;
    int64_t fold_clears_s;
} tdm_top_reading;

/* The answers to the three questions of a reading, by tdm_top_ask. */
typedef tdm_code tdm_top_asker(void *context, const char *verb, const json_t *args, json_t **document,
                               tdm_err *err);
/* *out is the caller's (tdm_top_reading_free), also after a failure. */
tdm_code tdm_top_read(tdm_top_asker *ask, void *context, tdm_top_reading **out, tdm_err *err);
void tdm_top_reading_free(tdm_top_reading **reading);
/* Rates and times to clear, from an earlier reading of the same daemon; then the rows in their order. */
void tdm_top_compare(tdm_top_reading *now, const tdm_top_reading *before);
/* The same as a document, for programs; the caller's. */
json_t *tdm_top_document(const tdm_top_reading *reading);

/* ---- top_frame.c: lines of at most so many columns */

typedef enum tdm_top_style {
    TDM_TOP_PLAIN,
    TDM_TOP_STRONG,
    TDM_TOP_OLD,
    TDM_TOP_WARN,
    TDM_TOP_BAD
} tdm_top_style;

typedef struct tdm_top_line {
    tdm_buf text; /* safe for a terminal */
    tdm_top_style style;
} tdm_top_line;

typedef struct tdm_top_frame {
    tdm_top_line *lines;
    size_t count;
    size_t capacity;
    size_t width;
    size_t rows_shown; /* of the table */
} tdm_top_frame;

typedef struct tdm_top_view {
    const tdm_top_reading *reading; /* NULL: none yet */
    const char *trouble;            /* why there is no newer one; NULL: there is */
    int64_t age_s;                  /* of the reading */
    bool paused;
    bool help;
    bool keys;     /* the last line tells the keys */
    size_t width;  /* columns */
    size_t height; /* lines; 0: as many as it takes */
    size_t scroll; /* rows of the table above the first shown */
} tdm_top_view;

void tdm_top_draw(const tdm_top_view *view, tdm_top_frame *out);
void tdm_top_frame_free(tdm_top_frame *frame);

/* ---- top_screen.c: the terminal, taken and given back */

typedef enum tdm_top_key {
    TDM_TOP_KEY_NONE,
    TDM_TOP_KEY_QUIT,
    TDM_TOP_KEY_PAUSE,
    TDM_TOP_KEY_HELP,
    TDM_TOP_KEY_UP,
    TDM_TOP_KEY_DOWN,
    TDM_TOP_KEY_PAGE_UP,
    TDM_TOP_KEY_PAGE_DOWN,
    TDM_TOP_KEY_FIRST,
    TDM_TOP_KEY_LAST,
    TDM_TOP_KEY_OTHER
} tdm_top_key;

/* Can it be drawn on? TDM_INVALID says why not. */
tdm_code tdm_screen_check(tdm_err *err);
/* Another page, no echo, keys at once; what stood there comes back with close. Both may be called again. */
void tdm_screen_open(void);
void tdm_screen_close(void);
void tdm_screen_size(size_t *width, size_t *height);
void tdm_screen_show(const tdm_top_frame *frame, bool colored);
/* The next key that was typed; TDM_TOP_KEY_NONE: none waits. At the end of the input: TDM_TOP_KEY_QUIT. */
tdm_top_key tdm_screen_key(void);

#endif
