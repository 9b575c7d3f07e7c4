/* SPDX-License-Identifier: MPL-2.0
 *
 * judge.h: what is well and what is not, from the documents that daemons answer with: one table of thresholds
 * and one set of sentences for `tandem check`, `doctor` and `top`.
 */
#ifndef TANDEM_TOOLS_JUDGE_H
#define TANDEM_TOOLS_JUDGE_H

#include "tandem/base.h"

#include <jansson.h>

typedef enum tdm_verdict { TDM_WELL, TDM_WARNING, TDM_CRITICAL, TDM_UNKNOWN } tdm_verdict;

/* X(symbol, name as monitors keep it, unit, what, warning, critical, what to do): from these values on.
 * unit: "s" are seconds, which are told as hours or days. */
#define TDM_HOUR_S 3600
#define TDM_DAY_S 86400
#define TDM_LIMITS(X)                                                                                        \
    X(FOLD_LAG, "fold_lag", "events", "that are not in the figures yet", 10000, 1000000,                     \
      "it falls by itself; if it does not, see the daemon's log")                                            \
    X(WAITING, "waiting", "own events", "that the hub has not acknowledged", 10000, 1000000,                 \
      "it falls once the link to the hub is live: tandem status")                                            \
    X(WAITING_AGE, "waiting_s", "s", "that the oldest own event waits for the hub", TDM_HOUR_S, TDM_DAY_S,   \
      "see the link to the hub: tandem status")                                                              \
    X(SILENT, "silent_s", "s", "since the other end of a link was last heard", TDM_HOUR_S, TDM_DAY_S,        \
      "ask there for: tandem doctor")                                                                        \
    X(MAP, "map_percent", "percent", "of the store's map are used: it could not grow", 90, 98,               \
      "restart the daemon with a larger store.map_bytes")                                                    \
    X(READER, "reader_behind", "commits", "since the oldest read of the store began: its file grows", 1000,  \
      100000, "end that process, or wait until it is done")                                                  \
    X(CLOCK, "clock_ahead_s", "s", "ahead of this machine", 60, TDM_HOUR_S,                                  \
      "set both clocks by the network: timedatectl set-ntp true")                                            \
    X(VERIFY, "verify_s", "s", "since the store was last verified", 35 * TDM_DAY_S, 100 * TDM_DAY_S,         \
      "tandem verify")                                                                                       \
    X(SNAPSHOT, "snapshot_s", "s", "since the last snapshot", 8 * TDM_DAY_S, 35 * TDM_DAY_S,                 \
      "tandem snapshot DIR, and copy DIR to another machine")

typedef enum tdm_limit_name {
#define X(symbol, name, unit, what, warning, critical, next) TDM_LIMIT_##symbol,
    TDM_LIMITS(X)
#undef X
        TDM_LIMIT_COUNT
} tdm_limit_name;

typedef struct tdm_limit {
    const char *name;
    const char *unit;
    const char *what;
    int64_t warning;
    int64_t critical;
    const char *next;
} tdm_limit;
const tdm_limit *tdm_limit_at(tdm_limit_name name);
tdm_verdict tdm_limit_judge(tdm_limit_name name, int64_t value);

typedef struct tdm_findings {
    json_t *rows; /* {"about","verdict":word,"what","next"} */
    tdm_verdict worst;
    int64_t values[TDM_LIMIT_COUNT]; /* the worst met; -1: none */
    size_t links;
    size_t live;
    const char *const *words; /* of the verdicts */
} tdm_findings;

/* words: of the four verdicts, borrowed. */
void tdm_findings_open(tdm_findings *findings, const char *const words[4]);
void tdm_findings_close(tdm_findings *findings);
/* next: what to type or to do; "" if nothing. */
void tdm_finding_add(tdm_findings *findings, tdm_verdict verdict, const char *about, const char *next,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Judge a value; a finding only from the warning on. who: whose, in the sentence; may be NULL. */
void tdm_finding_measure(tdm_findings *findings, tdm_limit_name name, int64_t value, const char *about,
                         const char *who);
tdm_verdict tdm_finding_verdict(const tdm_findings *findings, const json_t *row);

/* ---- the parts of a status row. now_ms: the moment the row was written at. nodes: rows of node list, for
 * names; may be NULL. */
void tdm_judge_figures(tdm_findings *findings, const json_t *status);
void tdm_judge_sharing(tdm_findings *findings, const json_t *status, int64_t now_ms);
void tdm_judge_links(tdm_findings *findings, const json_t *status, const json_t *nodes, int64_t now_ms);

/* After a start the nodes come back by themselves: so long nobody is missed. */
#define TDM_AWAITED_S 30
bool tdm_is_awaited(const json_t *status, const json_t *node_row);
/* Who should be connected and is not, beside what the links say: at a hub every node, at a node its hub. */
void tdm_judge_absent(tdm_findings *findings, const json_t *status, const json_t *nodes, int64_t now_ms);

/* What a node is called: its organisations, as many as fit, and the beginning of its origin. */
void tdm_node_row_name(const json_t *row, char out[64]); /* by its row of node list */
void tdm_node_name(const json_t *nodes, const char *origin, char out[64]);
/* "45 s", "12 min", "3 h", "5 days". */
void tdm_duration_text(int64_t seconds, char out[32]);
/* A member that holds a time, ms UTC. False if it is absent or null. */
bool tdm_member_ms(const json_t *row, const char *key, int64_t *out);

#endif
