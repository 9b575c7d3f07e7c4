/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics_internal.h: families and series, shared by the registry and the page writer.
 */
#ifndef TANDEM_COMMON_METRICS_INTERNAL_H
#define TANDEM_COMMON_METRICS_INTERNAL_H

#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>

#define LABELS_MAX 3
#define WORDS_MAX 24
#define BUCKETS 16

typedef enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } metric_kind;

/* Upper bounds in seconds: from a write in memory to a scan of a whole store. */
extern const double TDM_METRIC_BOUNDS[BUCKETS];

struct tdm_series {
    tdm_series *next; /* in order of appearance */
    metric_kind kind;
    char *labels;                              /* as written: claim="asserted"; "" without labels */
    atomic_uint_fast64_t value;                /* a count, or the bits of a gauge's double */
    atomic_uint_fast64_t sum_ns;               /* histogram: sum of what was observed */
    atomic_uint_fast64_t buckets[BUCKETS + 1]; /* each on its own, not cumulative; the last is +Inf */
};

typedef struct metric_label {
    char name[24];
    bool dynamic;
    size_t count; /* fixed words */
    char words[WORDS_MAX][24];
} metric_label;

typedef struct metric_family {
    metric_label labels[LABELS_MAX];
    size_t label_count;
    bool dynamic;
    size_t count;
    tdm_series *first; /* in order of appearance; read and added to under the lock */
    tdm_series *last;
} metric_family;

struct tdm_metrics {
    pthread_mutex_t lock; /* for adding series */
    size_t series_max;
    double started; /* seconds since the epoch */
    char version[64];
    char revision[64];
    metric_family families[TDM_METRIC_COUNT];
};

typedef struct metric_row {
    const char *name;
    metric_kind kind;
    const char *labels;
    const char *help;
} metric_row;

const metric_row *tdm_metric_rows(void); /* TDM_METRIC_COUNT rows */

/* Append text as a label value of the text format: \ " and newline escaped. */
void tdm_metric_escape(tdm_buf *out, const char *text);

#endif
