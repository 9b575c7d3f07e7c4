/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics.h: what the daemon tells a monitoring system: counters, gauges, histograms, declared in one table
 * (metrics_table.h), in the Prometheus text format 0.0.4 and OpenMetrics 1.0.0.
 *
 * A family without labels has one series. A label has either fixed values, all present from the start, or is
 * dynamic (a node, a peer, a route): a series appears with its first use, at most `series_max` per family;
 * what comes after that is counted under the value "other". No metric counts people.
 *
 * A series is asked for once and kept; the updates on it are atomic and never wait.
 */
#ifndef TANDEM_COMMON_METRICS_H
#define TANDEM_COMMON_METRICS_H

#include "metrics_table.h"
#include "tandem/base.h"

typedef enum tdm_metric {
#define X(symbol, name, kind, labels, help) TDM_METRIC_##symbol,
    TDM_METRICS(X)
#undef X
        TDM_METRIC_COUNT
} tdm_metric;

typedef struct tdm_metrics tdm_metrics;
typedef struct tdm_series tdm_series;

typedef struct tdm_metrics_options {
    const char *version;  /* of build_info; NULL: TANDEM_VERSION */
    const char *revision; /* NULL: "unknown" */
    size_t series_max;    /* dynamic series per family; 0: 256 */
} tdm_metrics_options;

tdm_code tdm_metrics_new(tdm_metrics **out, const tdm_metrics_options *options, tdm_err *err);
void tdm_metrics_destroy(tdm_metrics **metrics);

/* The series with this label value (NULL without label). Lives as long as metrics; never NULL. A value
 * outside a fixed list is our mistake and asserts. */
tdm_series *tdm_metrics_series(tdm_metrics *metrics, tdm_metric metric, const char *value);
/* The same for families with two or three labels, values in the order of the table. */
tdm_series *tdm_metrics_series_of(tdm_metrics *metrics, tdm_metric metric, const char *const *values,
                                  size_t count);

void tdm_series_add(tdm_series *series, uint64_t n);         /* counters */
void tdm_series_set(tdm_series *series, double value);       /* gauges */
void tdm_series_observe(tdm_series *series, double seconds); /* histograms */
/* A counter's or gauge's value; a histogram's number of observations. */
double tdm_series_value(const tdm_series *series);

/* Lookup and update in one, where it is not frequent. */
void tdm_metrics_add(tdm_metrics *metrics, tdm_metric metric, const char *value, uint64_t n);
void tdm_metrics_set(tdm_metrics *metrics, tdm_metric metric, const char *value, double figure);
void tdm_metrics_observe(tdm_metrics *metrics, tdm_metric metric, double seconds);

typedef enum tdm_metrics_format { TDM_METRICS_TEXT, TDM_METRICS_OPENMETRICS } tdm_metrics_format;
/* What an Accept header (may be NULL) asks for, and the media type to answer with. */
tdm_metrics_format tdm_metrics_negotiate(const char *accept);
const char *tdm_metrics_type(tdm_metrics_format format);
void tdm_metrics_write(tdm_metrics *metrics, tdm_metrics_format format, tdm_buf *out);

#endif
