/* SPDX-License-Identifier: MPL-2.0
 *
 * bench.c: time, medians, scratch folders, and the one way to give up.
 */
#include "bench.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEDIAN_MAX 4096

void bench_die(const char *step, const char *why)
{
    fprintf(stderr, "tandem-bench: %s: %s\n", step, why);
    exit(1);
}

void bench_must(tdm_code code, const char *step, const tdm_err *err)
{
    if (code != TDM_OK)
        bench_die(step, err->what);
}

double bench_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(const double *values, size_t count)
{
    double sorted[MEDIAN_MAX];
    if (count > MEDIAN_MAX)
        count = MEDIAN_MAX;
    if (count == 0)
        return 0;
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    return sorted[count / 2];
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

void bench_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

uint64_t bench_mix(uint64_t number) /* the finalizer of SplitMix64 */
{
    number += 0x9e3779b97f4a7c15u;
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
    return number ^ (number >> 31);
}
