/* SPDX-License-Identifier: MPL-2.0
 *
 * oracle.h: the naive oracle: figures recomputed from the set of facts alone, for every question again.
 *
 * Written from docs/figures.md; it shares the decoder (event.h, run.h) with the engine and nothing else:
 * types and enumerations of fold.h and civil.h are used as words, none of their functions are.
 */
#ifndef TANDEM_ORACLE_H
#define TANDEM_ORACLE_H

#include "tandem/event.h"
#include "tandem/fold.h"

typedef struct tdm_oracle tdm_oracle;

/* Rules that a test may break on purpose, to see that the comparison notices. All false: the page. */
typedef struct tdm_oracle_faults {
    bool no_implied_links;
    bool disputes_ignored;
    bool any_digest_confirms;
    bool matches_ignored;
    bool succession_ignored;
} tdm_oracle_faults;

typedef struct tdm_oracle_options {
    bool has_authority;
    tdm_id authority;
    tdm_oracle_faults faults;
} tdm_oracle_options;

/* events: bytes that outlive the oracle; repeats of (origin, incarnation, sequence) are taken once.
 * TDM_MALFORMED: an event the decoder refuses. */
tdm_code tdm_oracle_open(tdm_oracle **out, const tdm_span *events, size_t count,
                         const tdm_oracle_options *options, tdm_err *err);
void tdm_oracle_close(tdm_oracle **oracle);

/* X(field): the exact integers of a row, in the units of tdm_level_row. */
#define TDM_ORACLE_ROW_FIELDS(X)                                                                             \
    X(units)                                                                                                 \
    X(amount)                                                                                                \
    X(joint[0])                                                                                              \
    X(joint[1])                                                                                              \
    X(joint[2])                                                                                              \
    X(level_defined)                                                                                         \
    X(level[0])                                                                                              \
    X(level[1])                                                                                              \
    X(level[2])                                                                                              \
    X(target)                                                                                                \
    X(gap)                                                                                                   \
    X(to_convert)                                                                                            \
    X(cancelled)                                                                                             \
    X(estimated)                                                                                             \
    X(unreported)                                                                                            \
    X(phase_units[0])                                                                                        \
    X(phase_units[1])                                                                                        \
    X(phase_units[2])                                                                                        \
    X(all_phases_units)                                                                                      \
    X(depth)                                                                                                 \
    X(claims)                                                                                                \
    X(claims_corroborated)                                                                                   \
    X(claims_disputed)                                                                                       \
    X(claims_unanswered)                                                                                     \
    X(median_days_defined)                                                                                   \
    X(median_days)                                                                                           \
    X(facts)                                                                                                 \
    X(late)                                                                                                  \
    X(returns_expected)                                                                                      \
    X(returns_received)                                                                                      \
    X(published)                                                                                             \
    X(published_level)                                                                                       \
    X(revision)

typedef struct tdm_oracle_row {
    tdm_period period;
    tdm_span group; /* borrowed from the events or static */
    int64_t units, amount, joint[3];
    int64_t level_defined, level[3];
    int64_t target, gap, to_convert;
    int64_t cancelled, estimated, unreported;
    int64_t phase_units[3], all_phases_units, depth;
    int64_t claims, claims_corroborated, claims_disputed, claims_unanswered;
    int64_t median_days_defined, median_days;
    int64_t facts, late;
    int64_t returns_expected, returns_received;
    int64_t published, published_level, revision;
} tdm_oracle_row;

/* Rows ordered by period, then group (bytes); *rows is the caller's (free). */
void tdm_oracle_level(const tdm_oracle *oracle, const tdm_level_question *question, tdm_oracle_row **rows,
                      size_t *count);

#endif
