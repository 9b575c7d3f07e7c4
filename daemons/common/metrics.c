/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics.c: the registry: families from the table, series, atomic updates.
 */
#include "metrics.h"
#include "metrics_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const metric_row ROWS[] = {
#define X(symbol, name, kind, labels, help) { name, METRIC_##kind, labels, help },
    TDM_METRICS(X)
#undef X
};

const double TDM_METRIC_BOUNDS[BUCKETS] = { 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                            0.025,   0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   10.0 };

const metric_row *tdm_metric_rows(void)
{
    return ROWS;
}

/* "claim=a|b": the table is ours, so what does not fit is our mistake. */
static void parse_label(metric_label *out, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    TDM_ASSERT(equals != NULL && (size_t)(equals - text) < sizeof out->name);
    memcpy(out->name, text, (size_t)(equals - text));
    const char *end = text + len;
    const char *word = equals + 1;
    out->dynamic = *word == '*';
    while (!out->dynamic && word < end) {
        const char *bar = memchr(word, '|', (size_t)(end - word));
        size_t size = (size_t)((bar == NULL ? end : bar) - word);
        TDM_ASSERT(out->count < WORDS_MAX && size < sizeof out->words[0]);
        memcpy(out->words[out->count++], word, size);
        word = bar == NULL ? end : bar + 1;
    }
}

static void parse_labels(metric_family *family, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        TDM_ASSERT(family->label_count < LABELS_MAX);
        metric_label *label = &family->labels[family->label_count++];
        parse_label(label, text, len);
        family->dynamic = family->dynamic || label->dynamic;
        text += len + (text[len] == ',');
    }
}

void tdm_metric_escape(tdm_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            tdm_buf_text(out, "\\n");
        else if (*at == '"' || *at == '\\')
            tdm_buf_add(out, (char[]){ '\\', *at }, 2);
        else
            tdm_buf_add(out, at, 1);
    }
}

/* The series' name within its family: its labels as they are written. Owned; NULL without memory. */
static char *form_labels(const metric_family *family, const char *const *values)
{
    tdm_buf out = { 0 };
    for (size_t i = 0; i < family->label_count; i++) {
        tdm_buf_format(&out, "%s%s=\"", i == 0 ? "" : ",", family->labels[i].name);
        tdm_metric_escape(&out, values[i]);
        tdm_buf_text(&out, "\"");
    }
    tdm_buf_add(&out, "", 1);
    if (out.failed)
        tdm_buf_free(&out);
    return (char *)out.data;
}

static tdm_series *find_series(const metric_family *family, const char *labels)
{
    tdm_series *series = family->first;
    while (series != NULL && strcmp(series->labels, labels) != 0)
        series = series->next;
    return series;
}

/* With the lock held, or before there are threads. Takes labels. */
static tdm_series *add_series(metric_family *family, metric_kind kind, char *labels)
{
    tdm_series *series = calloc(1, sizeof *series);
    TDM_ASSERT(series != NULL && labels != NULL);
    series->kind = kind;
    series->labels = labels;
    if (family->last == NULL)
        family->first = series;
    else
        family->last->next = series;
    family->last = series;
    family->count++;
    return series;
}

/* All combinations of fixed words, the last label changing fastest. */
static void add_fixed(metric_family *family, metric_kind kind)
{
    size_t total = 1;
    for (size_t i = 0; i < family->label_count; i++)
        total *= family->labels[i].count;
    for (size_t n = 0; n < total; n++) {
        const char *values[LABELS_MAX];
        size_t rest = n;
        for (size_t i = family->label_count; i-- > 0; rest /= family->labels[i].count)
            values[i] = family->labels[i].words[rest % family->labels[i].count];
        add_series(family, kind, form_labels(family, values));
    }
}

tdm_code tdm_metrics_new(tdm_metrics **out, const tdm_metrics_options *options, tdm_err *err)
{
    static const tdm_metrics_options NONE;
    const tdm_metrics_options *given = options == NULL ? &NONE : options;
    tdm_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for metrics");
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    metrics->started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    metrics->series_max = given->series_max == 0 ? 256 : given->series_max;
    snprintf(metrics->version, sizeof metrics->version, "%s",
             given->version == NULL ? TANDEM_VERSION : given->version);
    snprintf(metrics->revision, sizeof metrics->revision, "%s",
             given->revision == NULL ? "unknown" : given->revision);
    pthread_mutex_init(&metrics->lock, NULL);
    for (size_t i = 0; i < TDM_METRIC_COUNT; i++) {
        parse_labels(&metrics->families[i], ROWS[i].labels);
        if (!metrics->families[i].dynamic)
            add_fixed(&metrics->families[i], ROWS[i].kind);
    }
    *out = metrics;
    return TDM_OK;
}

void tdm_metrics_destroy(tdm_metrics **metrics_at)
{
    tdm_metrics *metrics = metrics_at == NULL ? NULL : *metrics_at;
    if (metrics == NULL)
        return;
    for (size_t i = 0; i < TDM_METRIC_COUNT; i++) {
        tdm_series *series = metrics->families[i].first;
        while (series != NULL) {
            tdm_series *next = series->next;
            free(series->labels);
            free(series);
            series = next;
        }
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
    *metrics_at = NULL;
}

/* Values for what is beyond the bound: "other" in the dynamic labels. */
static void overflow_values(const metric_family *family, const char *const *values, const char **out)
{
    for (size_t i = 0; i < family->label_count; i++)
        out[i] = family->labels[i].dynamic ? "other" : values[i];
}

static tdm_series *find_or_add(tdm_metrics *metrics, tdm_metric metric, const char *const *values)
{
    metric_family *family = &metrics->families[metric];
    char *labels = form_labels(family, values);
    TDM_ASSERT(labels != NULL);
    tdm_series *series = find_series(family, labels);
    if (series == NULL && family->dynamic && family->count < metrics->series_max) {
        series = add_series(family, ROWS[metric].kind, labels);
        labels = NULL;
    }
    free(labels);
    return series;
}

/* The overflow series stand beyond the bound themselves; there are as many as fixed words beside. */
static tdm_series *find_overflow(tdm_metrics *metrics, tdm_metric metric, const char *const *values)
{
    metric_family *family = &metrics->families[metric];
    const char *other[LABELS_MAX];
    overflow_values(family, values, other);
    char *labels = form_labels(family, other);
    TDM_ASSERT(labels != NULL);
    tdm_series *series = find_series(family, labels);
    if (series != NULL)
        free(labels);
    else
        series = add_series(family, ROWS[metric].kind, labels);
    return series;
}

static bool is_known(const metric_label *label, const char *value)
{
    for (size_t i = 0; i < label->count; i++)
        if (strcmp(label->words[i], value) == 0)
            return true;
    return label->dynamic;
}

tdm_series *tdm_metrics_series_of(tdm_metrics *metrics, tdm_metric metric, const char *const *values,
                                  size_t count)
{
    TDM_ASSERT((size_t)metric < TDM_METRIC_COUNT);
    TDM_ASSERT(metrics->families[metric].label_count == count);
    for (size_t i = 0; i < count; i++)
        TDM_ASSERT(is_known(&metrics->families[metric].labels[i], values[i]));
    pthread_mutex_lock(&metrics->lock);
    tdm_series *series = find_or_add(metrics, metric, values);
    if (series == NULL)
        series = find_overflow(metrics, metric, values);
    pthread_mutex_unlock(&metrics->lock);
    return series;
}

tdm_series *tdm_metrics_series(tdm_metrics *metrics, tdm_metric metric, const char *value)
{
    return tdm_metrics_series_of(metrics, metric, &value, value == NULL ? 0 : 1);
}

void tdm_series_add(tdm_series *series, uint64_t n)
{
    TDM_ASSERT(series->kind == METRIC_COUNTER);
    atomic_fetch_add_explicit(&series->value, n, memory_order_relaxed);
}

void tdm_series_set(tdm_series *series, double value)
{
    uint64_t bits;
    TDM_ASSERT(series->kind == METRIC_GAUGE);
    memcpy(&bits, &value, sizeof bits);
    atomic_store_explicit(&series->value, bits, memory_order_relaxed);
}

void tdm_series_observe(tdm_series *series, double seconds)
{
    size_t at = 0;
    TDM_ASSERT(series->kind == METRIC_HISTOGRAM);
    double positive = seconds > 0 ? seconds : 0;
    while (at < BUCKETS && positive > TDM_METRIC_BOUNDS[at])
        at++;
    atomic_fetch_add_explicit(&series->buckets[at], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->sum_ns, (uint64_t)(positive * 1e9), memory_order_relaxed);
}

double tdm_series_value(const tdm_series *series)
{
    uint64_t bits = atomic_load_explicit(&series->value, memory_order_relaxed);
    if (series->kind == METRIC_COUNTER)
        return (double)bits;
    double value = 0;
    if (series->kind == METRIC_GAUGE)
        memcpy(&value, &bits, sizeof value);
    else
        for (size_t i = 0; i <= BUCKETS; i++)
            value += (double)atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
    return value;
}

void tdm_metrics_add(tdm_metrics *metrics, tdm_metric metric, const char *value, uint64_t n)
{
    tdm_series_add(tdm_metrics_series(metrics, metric, value), n);
}

void tdm_metrics_set(tdm_metrics *metrics, tdm_metric metric, const char *value, double figure)
{
    tdm_series_set(tdm_metrics_series(metrics, metric, value), figure);
}

void tdm_metrics_observe(tdm_metrics *metrics, tdm_metric metric, double seconds)
{
    tdm_series_observe(tdm_metrics_series(metrics, metric, NULL), seconds);
}
