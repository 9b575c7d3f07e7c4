/* SPDX-License-Identifier: MPL-2.0
 *
 * fold_bench.c: events per second through the fold on session events over many units, interleaved, with
 * checkpoints, against bare counting of the same events; then the time a start takes. Not a test.
 *
 * fold_bench [events] [units] [cache in MiB]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tandem/fold.h"

enum { BATCH = 256, COUNTERS = 20, PADDING = 104, LEADS = 400 };

typedef struct workload {
    tdm_buf bytes;
    size_t *offsets;
    size_t count;
} workload;

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at); /* one thread: what a core of its own would take */
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    fprintf(stderr, "fold_bench: %s: %s\n", tdm_code_word(code), err->what);
    exit(1);
}

static tdm_id id_of(uint64_t number)
{
    tdm_id id = { { 0 } };
    memcpy(id.bytes + 8, &number, sizeof number);
    id.bytes[0] = 7;
    return id;
}

/* The same payload with one unknown field more, which is kept as it is: events of the workload's size. */
static void pad(tdm_buf *payload, size_t bytes)
{
    uint8_t field = 12;
    uint8_t head[2] = { 0xd9, (uint8_t)bytes }; /* a text of up to 255 bytes */
    payload->data[0]++;
    tdm_buf_add(payload, &field, 1);
    tdm_buf_add(payload, head, sizeof head);
    for (size_t i = 0; i < bytes; i++)
        tdm_buf_add(payload, "p", 1);
}

static void add_event(workload *load, const tdm_record *record, size_t unit, uint64_t sequence)
{
    char subject[64];
    tdm_buf payload = { 0 };
    tdm_err err = { 0 };
    must(tdm_record_encode(record, &payload, &err), &err);
    pad(&payload, PADDING);
    snprintf(subject, sizeof subject, "unit/R%03zu/programme-unit-%06zu", unit % LEADS, unit);
    tdm_event event = { .origin = id_of(unit % 16),
                        .incarnation = 1,
                        .sequence = sequence,
                        .type = record->type->number,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .subject = tdm_span_text(subject),
                        .fact = id_of(sequence),
                        .event_ms = 1500000000000,
                        .recorded_ms = 1500000000000 };
    load->offsets[load->count++] = load->bytes.len;
    must(tdm_event_encode(&event, tdm_buf_span(&payload), &load->bytes, &err), &err);
    tdm_buf_free(&payload);
}

static void add_unit(workload *load, size_t unit, uint64_t sequence)
{
    char lead[16];
    char id[64];
    tdm_record record;
    snprintf(lead, sizeof lead, "R%03zu", unit % LEADS);
    snprintf(id, sizeof id, "programme-unit-%06zu", unit);
    tdm_record_init(&record, TDM_TYPE_UNIT);
    tdm_record_set_text(&record, TDM_UNIT_RECORDER, lead);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, lead);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(&record, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, unit % 3 == 0 ? "improving leaders" : "coaching");
    tdm_record_set_number(&record, TDM_UNIT_START, 17257);
    add_event(load, &record, unit, sequence);
}

static void add_session(workload *load, size_t unit, uint64_t sequence)
{
    char lead[16];
    tdm_record record;
    snprintf(lead, sizeof lead, "R%03zu", unit % LEADS);
    tdm_record_init(&record, TDM_TYPE_SESSION);
    tdm_record_set_text(&record, TDM_SESSION_RECORDER, lead);
    tdm_record_set_number(&record, TDM_SESSION_DATE, 17257 + (int64_t)(sequence * 7919 % 700));
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + (int64_t)(sequence % 300));
    add_event(load, &record, unit, sequence);
}

static void make(workload *load, size_t events, size_t units)
{
    load->offsets = malloc((events + 1) * sizeof *load->offsets);
    for (size_t i = 0; i < events; i++) {
        if (i < units)
            add_unit(load, i, i + 1);
        else
            add_session(load, (size_t)(i * 2654435761u % units), i + 1);
    }
    load->offsets[load->count] = load->bytes.len;
}

static tdm_ledger_entry entry_at(const workload *load, size_t i)
{
    return (tdm_ledger_entry){ .position = i + 1,
                               .bytes = { load->bytes.data + load->offsets[i],
                                          load->offsets[i + 1] - load->offsets[i] } };
}

/* The bare counting that figures are compared with: peek, and 20 counters. */
static double count_bare(const workload *load)
{
    static uint64_t counters[COUNTERS][4096];
    tdm_err err = { 0 };
    double start = now();
    for (size_t i = 0; i < load->count; i++) {
        tdm_event event;
        must(tdm_event_peek(entry_at(load, i).bytes, &event, &err), &err);
        for (size_t c = 0; c < COUNTERS; c++)
            counters[c][(event.sequence * (2 * c + 1) + event.subject.data[6]) % 4096] += event.payload.len;
    }
    return now() - start;
}

static tdm_fold *open_fold(const char *path, size_t cache)
{
    tdm_kv_options kv_options = {
        path, TDM_KV_READ_WRITE, (size_t)4 << 30, TDM_VIEWS_TABLES, TDM_VIEWS_TABLE_COUNT, false
    };
    tdm_fold_options options = { .has_authority = false, .cache_bytes = cache };
    tdm_kv *kv = NULL;
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    must(tdm_kv_open_lmdb(&kv, &kv_options, &err), &err);
    must(tdm_fold_open(&fold, &kv, &options, &err), &err);
    return fold;
}

static long memory_kib(void)
{
    char line[256];
    long anonymous = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "RssAnon: %ld", &anonymous);
    if (status != NULL)
        fclose(status);
    return anonymous;
}

static double fold_all(const workload *load, tdm_fold *fold, long memory_before)
{
    static tdm_ledger_entry batch[BATCH];
    tdm_err err = { 0 };
    double start = now();
    for (size_t at = 0; at < load->count;) {
        size_t taken = 0;
        for (; taken < BATCH && at < load->count; taken++, at++)
            batch[taken] = entry_at(load, at);
        must(tdm_fold_apply(fold, batch, taken, &err), &err);
        if (tdm_fold_needs_checkpoint(fold))
            must(tdm_fold_checkpoint(fold, &err), &err);
    }
    double folded = now() - start;
    printf("  memory before the last checkpoint %.0f MiB\n", (double)(memory_kib() - memory_before) / 1024);
    must(tdm_fold_checkpoint(fold, &err), &err);
    printf("  folded, last checkpoint apart %.0f events/s; it took %.2f s\n", (double)load->count / folded,
           now() - start - folded);
    return now() - start;
}

/* As a question about a moment is answered: all filed first, every class judged once, in memory. */
static double fold_at_once(const workload *load)
{
    tdm_fold_options options = { .has_authority = false };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    tdm_ledger_entry *all = malloc((load->count + 1) * sizeof *all);
    for (size_t i = 0; i < load->count; i++)
        all[i] = entry_at(load, i);
    double start = now();
    must(tdm_fold_open(&fold, NULL, &options, &err), &err);
    must(tdm_fold_apply(fold, all, load->count, &err), &err);
    double spent = now() - start;
    tdm_fold_close(&fold);
    free(all);
    return spent;
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    size_t units = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
    size_t cache = (argc > 3 ? strtoull(argv[3], NULL, 10) : 384) << 20;
    char path[] = "/tmp/tandem-fold-bench-XXXXXX";
    workload load = { 0 };
    if (mkdtemp(path) == NULL)
        return 1;
    make(&load, events, units);
    printf("%zu events of %.0f bytes over %zu units\n", events, (double)load.bytes.len / (double)events,
           units);
    long before = memory_kib();
    double bare = count_bare(&load);
    tdm_fold *fold = open_fold(path, cache);
    double folded = fold_all(&load, fold, before);
    printf("  bare counting %.0f events/s; folded with checkpoints %.0f events/s; ratio %.3f\n",
           (double)events / bare, (double)events / folded, bare / folded);
    printf("  memory of the fold %.0f MiB\n", (double)(memory_kib() - before) / 1024);
    tdm_fold_close(&fold);
    double start = now();
    fold = open_fold(path, cache);
    tdm_level_question question = { .as_of = 17500 };
    tdm_level_answer answer;
    tdm_err err = { 0 };
    must(tdm_fold_level(fold, &question, &answer, &err), &err);
    printf("  open and first figures %.3f s, %zu rows, units %lld\n", now() - start, answer.count,
           answer.count > 0 ? (long long)answer.rows[0].units : 0);
    tdm_level_answer_free(&answer);
    tdm_fold_close(&fold);
    printf("  as of: all at once %.2f s\n", fold_at_once(&load));
    printf("  views are in %s\n", path);
    tdm_buf_free(&load.bytes);
    free(load.offsets);
    return 0;
}
