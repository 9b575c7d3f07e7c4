/* SPDX-License-Identifier: MPL-2.0
 *
 * metrics_write.c: the metrics page, in the Prometheus text format 0.0.4 and in OpenMetrics 1.0.0. They
 * differ in three things: OpenMetrics names a counter's family without _total, ends with # EOF, and has its
 * own type.
 */
#include "metrics.h"
#include "metrics_internal.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PREFIX "tandem_"

static const char *const TYPES[] = {
    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"
};

static void write_head(tdm_buf *out, const char *name, metric_kind kind, const char *help, bool open)
{
    size_t len = strlen(name);
    if (open && kind == METRIC_COUNTER)
        len -= strlen("_total");
    tdm_buf_format(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)len, name, help, (int)len, name,
                   TYPES[kind]);
}

static void write_number(tdm_buf *out, double value)
{
    if (isnan(value))
        tdm_buf_text(out, "NaN\n");
    else if (isinf(value))
        tdm_buf_text(out, value > 0 ? "+Inf\n" : "-Inf\n");
    else
        tdm_buf_format(out, "%.15g\n", value);
}

static void write_histogram(tdm_buf *out, const char *name, const tdm_series *series)
{
    const char *comma = *series->labels == '\0' ? "" : ",";
    char open = *series->labels == '\0' ? ' ' : '{';
    const char *close = *series->labels == '\0' ? "" : "} ";
    uint64_t below = 0;
    for (size_t i = 0; i <= BUCKETS; i++) {
        char bound[24] = "+Inf";
        below += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        if (i < BUCKETS)
            snprintf(bound, sizeof bound, TDM_METRIC_BOUNDS[i] < 1 ? "%g" : "%.1f", TDM_METRIC_BOUNDS[i]);
        tdm_buf_format(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, series->labels, comma, bound,
                       below);
    }
    uint64_t sum = atomic_load_explicit(&series->sum_ns, memory_order_relaxed);
    tdm_buf_format(out, "%s_sum%c%s%s%.9f\n", name, open, series->labels, close, (double)sum / 1e9);
    tdm_buf_format(out, "%s_count%c%s%s%" PRIu64 "\n", name, open, series->labels, close, below);
}

static void write_series(tdm_buf *out, const char *name, const tdm_series *series)
{
    if (series->kind == METRIC_HISTOGRAM) {
        write_histogram(out, name, series);
        return;
    }
    tdm_buf_text(out, name);
    if (*series->labels != '\0')
        tdm_buf_format(out, "{%s}", series->labels);
    tdm_buf_text(out, " ");
    write_number(out, tdm_series_value(series));
}

/* What the process itself shows, by the names every Prometheus client uses. */
struct process {
    double cpu_seconds;
    double open_files;
    double max_files;
    double virtual_bytes;
    double resident_bytes;
};

static double count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double count = 0;
    if (folder == NULL)
        return 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* the folder itself was open */
}

static struct process look_at_process(void)
{
    struct process seen = { 0 };
    struct rusage usage;
    struct rlimit limit;
    long pages = 0;
    long resident = 0;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        seen.cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                           + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        seen.max_files = (double)limit.rlim_cur;
    seen.open_files = count_files();
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL && fscanf(file, "%ld %ld", &pages, &resident) == 2) {
        seen.virtual_bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
        seen.resident_bytes = (double)resident * (double)sysconf(_SC_PAGESIZE);
    }
    if (file != NULL)
        fclose(file);
    return seen;
}

static void write_process(tdm_buf *out, double started, bool open)
{
    struct process seen = look_at_process();
    const struct {
        const char *name;
        metric_kind kind;
        const char *help;
        double value;
    } rows[] = {
        { "process_cpu_seconds_total", METRIC_COUNTER, "Processor time spent.", seen.cpu_seconds },
        { "process_open_fds", METRIC_GAUGE, "Open files.", seen.open_files },
        { "process_max_fds", METRIC_GAUGE, "Most files that may be open.", seen.max_files },
        { "process_virtual_memory_bytes", METRIC_GAUGE, "Address space in use.", seen.virtual_bytes },
        { "process_resident_memory_bytes", METRIC_GAUGE, "Memory in use.", seen.resident_bytes },
        { "process_start_time_seconds", METRIC_GAUGE, "When the process started.", started },
    };
    for (size_t i = 0; i < TDM_COUNT(rows); i++) {
        write_head(out, rows[i].name, rows[i].kind, rows[i].help, open);
        tdm_buf_format(out, "%s ", rows[i].name);
        write_number(out, rows[i].value);
    }
}

static void write_build(tdm_buf *out, const tdm_metrics *metrics, bool open)
{
    write_head(out, PREFIX "build_info", METRIC_GAUGE, "Always 1; what was built.", open);
    tdm_buf_text(out, PREFIX "build_info{version=\"");
    tdm_metric_escape(out, metrics->version);
    tdm_buf_text(out, "\",revision=\"");
    tdm_metric_escape(out, metrics->revision);
    tdm_buf_text(out, "\"} 1\n");
}

void tdm_metrics_write(tdm_metrics *metrics, tdm_metrics_format format, tdm_buf *out)
{
    const metric_row *rows = tdm_metric_rows();
    bool open = format == TDM_METRICS_OPENMETRICS;
    /* Held against series that are being added; updates go on. */
    pthread_mutex_lock(&metrics->lock);
    for (size_t i = 0; i < TDM_METRIC_COUNT; i++) {
        char name[96];
        snprintf(name, sizeof name, PREFIX "%s", rows[i].name);
        write_head(out, name, rows[i].kind, rows[i].help, open);
        for (const tdm_series *series = metrics->families[i].first; series != NULL; series = series->next)
            write_series(out, name, series);
    }
    pthread_mutex_unlock(&metrics->lock);
    write_build(out, metrics, open);
    write_process(out, metrics->started, open);
    if (open)
        tdm_buf_text(out, "# EOF\n");
}

tdm_metrics_format tdm_metrics_negotiate(const char *accept)
{
    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL ? TDM_METRICS_OPENMETRICS
                                                                                    : TDM_METRICS_TEXT;
}

const char *tdm_metrics_type(tdm_metrics_format format)
{
    return format == TDM_METRICS_OPENMETRICS ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                             : "text/plain; version=0.0.4; charset=utf-8";
}
