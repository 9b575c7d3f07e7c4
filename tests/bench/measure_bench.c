/* SPDX-License-Identifier: MPL-2.0
 *
 * measure_bench.c: what all measures cost on a system of national size: 400 organisations with 6,000 sites,
 * 200,000 units, 2,000,000 events. Contributions per event and what each costs, cells and bytes of the views,
 * and how long each measure takes to answer by each of its breakdowns. Not a test.
 *
 * measure_bench [events] [units]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tandem/measure.h"

enum { ORGANISATIONS = 400, SITES = 6000, ORIGINS = 16, BATCH = 65536, ASKED = 15, FIRST_DAY = 17257 };

typedef struct system_log {
    tdm_buf bytes;
    size_t *offsets;
    size_t count;
    size_t capacity;
    uint64_t sequences[ORIGINS + 1];
    uint64_t dice;
} system_log;

static double now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    fprintf(stderr, "measure_bench: %s: %s\n", tdm_code_word(code), err->what);
    exit(1);
}

static uint64_t roll(system_log *log, uint64_t below)
{
    log->dice = log->dice * 6364136223846793005u + 1442695040888963407u;
    return (log->dice >> 33) % below;
}

static tdm_id id_of(uint8_t kind, uint64_t number)
{
    tdm_id id = { { kind } };
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static void code_of(size_t organisation, char out[16])
{
    snprintf(out, 16, "R%03zu", organisation);
}

/* Origin 0 is the authority; organisation o is spoken for by origin 1 + o % ORIGINS. */
static void say(system_log *log, size_t origin, const char *subject, const tdm_record *record)
{
    tdm_buf payload = { 0 };
    tdm_err err = { 0 };
    must(tdm_record_encode(record, &payload, &err), &err);
    uint64_t sequence = ++log->sequences[origin];
    tdm_event event = { .origin = id_of(7, origin),
                        .incarnation = 1,
                        .sequence = sequence,
                        .type = record->type->number,
                        .author = TDM_AUTHOR_IS_DAEMON,
                        .subject = tdm_span_text(subject),
                        .fact = id_of(9, log->count + 1),
                        .event_ms = 1500000000000,
                        .recorded_ms = 1500000000000 };
    if (log->count == log->capacity) {
        log->capacity = log->capacity == 0 ? 4096 : 2 * log->capacity;
        log->offsets = realloc(log->offsets, (log->capacity + 1) * sizeof *log->offsets);
    }
    log->offsets[log->count++] = log->bytes.len;
    must(tdm_event_encode(&event, tdm_buf_span(&payload), &log->bytes, &err), &err);
    log->offsets[log->count] = log->bytes.len;
    tdm_buf_free(&payload);
}

/* Values of a record in one go: n number, s text; ended by 0. */
static tdm_record made(uint32_t type, const char *recorder)
{
    tdm_record record;
    tdm_record_init(&record, type);
    if (recorder != NULL)
        tdm_record_set_text(&record, 1, recorder);
    return record;
}

/* ---- the registry */

static void say_organisation(system_log *log, const char *code, const char *parent, int64_t sector)
{
    char subject[64];
    static const char *const REGIONS[] = { "North", "South", "East", "West" };
    tdm_record record = made(TDM_TYPE_ORGANISATION, code);
    tdm_record_set_text(&record, TDM_ORGANISATION_NAME, "An organisation");
    tdm_record_set_number(&record, TDM_ORGANISATION_SECTOR, sector);
    tdm_record_set_text(&record, TDM_ORGANISATION_REGION, REGIONS[roll(log, 4)]);
    if (parent != NULL) {
        tdm_record_set_text(&record, TDM_ORGANISATION_PARENT, parent);
        tdm_record_set_number(&record, TDM_ORGANISATION_BELONGS, TDM_BELONGS_IS_SITE);
    }
    snprintf(subject, sizeof subject, "organisation/%s", code);
    say(log, 0, subject, &record);
}

static void say_registry(system_log *log)
{
    char code[16];
    char site[32];
    for (size_t o = 0; o < ORGANISATIONS; o++) {
        code_of(o, code);
        say_organisation(log, code, NULL, 1 + (int64_t)(o % 8));
        tdm_id origin = id_of(7, 1 + o % ORIGINS);
        tdm_record record = made(TDM_TYPE_REPRESENTS, NULL);
        tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin.bytes, TDM_ID_BYTES });
        tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, code);
        tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
        say(log, 0, "origin/all", &record);
    }
    for (size_t s = 0; s < SITES; s++) {
        code_of(s % ORGANISATIONS, code);
        snprintf(site, sizeof site, "%sS%02zu", code, s / ORGANISATIONS);
        say_organisation(log, site, code, TDM_SECTOR_IS_TRUST);
    }
}

/* ---- units */

static void put_list(tdm_buf *out, const char *const *texts, uint32_t count)
{
    tdm_buf_clear(out);
    uint8_t head = (uint8_t)(0x90 | count);
    tdm_buf_add(out, &head, 1);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t len = (uint8_t)(0xa0 | strlen(texts[i]));
        tdm_buf_add(out, &len, 1);
        tdm_buf_add(out, texts[i], strlen(texts[i]));
    }
}

static void say_session(system_log *log, size_t origin, const char *subject, const char *lead,
                        const char *partner)
{
    tdm_buf list = { 0 };
    tdm_record record = made(TDM_TYPE_SESSION, lead);
    tdm_record_set_number(&record, TDM_SESSION_DATE, FIRST_DAY + (int64_t)roll(log, 700));
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + (int64_t)roll(log, 300));
    if (roll(log, 3) == 0)
        tdm_record_set_number(&record, TDM_SESSION_TYPE, 1 + (int64_t)roll(log, 10));
    if (partner != NULL && roll(log, 2) == 0) {
        put_list(&list, (const char *const[]){ lead, partner }, 2);
        tdm_record_set_bytes(&record, TDM_SESSION_FACILITATORS, tdm_buf_span(&list));
    }
    say(log, origin, subject, &record);
    tdm_buf_free(&list);
}

static void say_links(system_log *log, size_t origin, const char *subject, const char *lead, size_t partner)
{
    char code[16];
    code_of(partner, code);
    tdm_record record = made(TDM_TYPE_LINK_ASSERT, lead);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, code);
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, 1 + (int64_t)roll(log, 3));
    say(log, origin, subject, &record);
    int64_t phase = record.values[TDM_LINK_ASSERT_PHASE].number;
    record = made(TDM_TYPE_LINK_ASSERT, code); /* the partner states it itself */
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, code);
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, phase);
    if (roll(log, 3) > 0)
        say(log, 1 + partner % ORIGINS, subject, &record);
}

static void say_design(system_log *log, size_t origin, const char *subject, const char *lead)
{
    static const char *const TAGS[] = { "framework:Healthcare Leadership", "driver:merger",
                                        "method:coaching" };
    tdm_buf list = { 0 };
    tdm_record record = made(TDM_TYPE_UNIT_DESIGN, lead);
    tdm_record_set_number(&record, TDM_UNIT_DESIGN_PLACES, 20);
    tdm_record_set_number(&record, TDM_UNIT_DESIGN_ENROLLED, 18);
    tdm_record_set_number(&record, TDM_UNIT_DESIGN_SESSIONS, 8);
    put_list(&list, &TAGS[roll(log, 3)], 1);
    tdm_record_set_bytes(&record, TDM_UNIT_DESIGN_TAGS, tdm_buf_span(&list));
    say(log, origin, subject, &record);
    tdm_buf_free(&list);
}

static void say_unit(system_log *log, size_t unit, size_t sessions)
{
    static const char *const PROGRAMMES[] = { "improving leaders", "coaching", "wellbeing", "improvement" };
    static const char *const LOCALITIES[] = { "north", "south", "east", "west", "centre" };
    size_t organisation = unit % ORGANISATIONS;
    size_t origin = 1 + organisation % ORIGINS;
    char lead[16];
    char id[32];
    char subject[64];
    char partner[16];
    code_of(organisation, lead);
    snprintf(id, sizeof id, "u%06zu", unit);
    snprintf(subject, sizeof subject, "unit/%s/%s", lead, id);
    tdm_record record = made(TDM_TYPE_UNIT, lead);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, lead);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(&record, TDM_UNIT_KIND, 1 + (int64_t)roll(log, 3));
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, PROGRAMMES[roll(log, 4)]);
    tdm_record_set_text(&record, TDM_UNIT_LOCALITY, LOCALITIES[roll(log, 5)]);
    tdm_record_set_number(&record, TDM_UNIT_START, FIRST_DAY);
    say(log, origin, subject, &record);
    bool joint = roll(log, 5) < 3;
    /* Partners are near: some 5,000 pairs in all. */
    size_t other = (organisation + 1 + roll(log, 24)) % ORGANISATIONS;
    code_of(other, partner);
    if (joint)
        say_links(log, origin, subject, lead, other);
    if (roll(log, 4) == 0)
        say_design(log, origin, subject, lead);
    for (size_t s = 0; s < sessions; s++)
        say_session(log, origin, subject, lead, joint ? partner : NULL);
}

/* ---- counts of people */

static void say_summary(system_log *log, size_t organisation, int64_t table, const char *a, const char *b,
                        int64_t count)
{
    char code[16];
    char subject[96];
    code_of(organisation, code);
    tdm_record record = made(TDM_TYPE_SUMMARY, code);
    tdm_record_set_number(&record, TDM_SUMMARY_TABLE, table);
    tdm_record_set_text(&record, TDM_SUMMARY_PERIOD, "2017/18");
    tdm_record_set_text(&record, TDM_SUMMARY_A, a);
    tdm_record_set_text(&record, TDM_SUMMARY_B, b);
    tdm_record_set_number(&record, TDM_SUMMARY_COUNT, count);
    snprintf(subject, sizeof subject, "summary/%s/%s/2017/18", code,
             tdm_enum_word(TDM_ENUM_SUMMARYTABLE, table));
    say(log, 1 + organisation % ORIGINS, subject, &record);
}

static void say_staff(system_log *log, size_t organisation, const char *dimension, const char *group,
                      int64_t amount)
{
    char code[16];
    char subject[64];
    code_of(organisation, code);
    tdm_record record = made(TDM_TYPE_REFERENCE_COUNT, code);
    tdm_record_set_text(&record, TDM_REFERENCE_COUNT_ORGANISATION, code);
    tdm_record_set_number(&record, TDM_REFERENCE_COUNT_INDICATOR, TDM_INDICATOR_IS_WORKFORCE);
    tdm_record_set_text(&record, TDM_REFERENCE_COUNT_DIMENSION, dimension);
    tdm_record_set_text(&record, TDM_REFERENCE_COUNT_GROUP, group);
    tdm_record_set_number(&record, TDM_REFERENCE_COUNT_DATE, FIRST_DAY);
    tdm_record_set_number(&record, TDM_REFERENCE_COUNT_AMOUNT, amount);
    snprintf(subject, sizeof subject, "reference/%s/workforce", code);
    say(log, 1 + organisation % ORIGINS, subject, &record);
}

static void say_people(system_log *log, size_t organisation)
{
    static const char *const LOCALITIES[] = { "north", "south", "east", "west", "centre" };
    static const char *const STAGES[] = { "1", "2", "3" };
    for (int64_t group = 1; group <= 9; group++) {
        const char *word = tdm_enum_word(TDM_ENUM_STAFFGROUP, group);
        say_summary(log, organisation, TDM_SUMMARYTABLE_IS_REACHED, "staff_group", word,
                    (int64_t)roll(log, 300));
        say_staff(log, organisation, "staff_group", word, 300 + (int64_t)roll(log, 900));
    }
    for (size_t l = 0; l < TDM_COUNT(LOCALITIES); l++) {
        say_summary(log, organisation, TDM_SUMMARYTABLE_IS_REACHED, "locality", LOCALITIES[l],
                    (int64_t)roll(log, 300));
        say_staff(log, organisation, "locality", LOCALITIES[l], 300 + (int64_t)roll(log, 900));
    }
    for (size_t s = 0; s < TDM_COUNT(STAGES); s++) {
        say_summary(log, organisation, TDM_SUMMARYTABLE_IS_STAGES, STAGES[s], "entered", 40);
        say_summary(log, organisation, TDM_SUMMARYTABLE_IS_STAGES, STAGES[s], "passed", 30);
    }
    say_summary(log, organisation, TDM_SUMMARYTABLE_IS_TEAM_ANSWERS, "team", "real", 40);
    say_summary(log, organisation, TDM_SUMMARYTABLE_IS_TEAM_ANSWERS, "team", "pseudo", 50);
    say_summary(log, organisation, TDM_SUMMARYTABLE_IS_RESPONSES, "wellbeing", "", 80);
    say_summary(log, organisation, TDM_SUMMARYTABLE_IS_DEVELOPMENT, "appraisal_held", "frontline", 200);
    say_staff(log, organisation, "", "", 6000);
}

/* ---- measuring */

static double median(double *values, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            double held = values[k];
            values[k] = values[k - 1];
            values[k - 1] = held;
        }
    return values[count / 2];
}

static double ask(tdm_fold *fold, const tdm_measure *measure, const tdm_breakdown_row *by, size_t *rows)
{
    double spent[ASKED];
    tdm_err err = { 0 };
    for (size_t i = 0; i < ASKED; i++) {
        const tdm_measure_question question = { .measure = measure,
                                                .has_year = true,
                                                .year = 2017,
                                                .by = by,
                                                .line = TDM_LINE_CORROBORATED,
                                                .as_of = FIRST_DAY + 800 };
        tdm_measure_answer answer;
        double start = now(CLOCK_MONOTONIC);
        must(tdm_fold_measure(fold, &question, &answer, &err), &err);
        spent[i] = now(CLOCK_MONOTONIC) - start;
        *rows = answer.count;
        tdm_measure_answer_free(&answer);
        if (spent[i] > 0.5)
            return spent[i]; /* once is enough to see it */
    }
    return median(spent, ASKED);
}

static bool is_scanned(const tdm_measure_facts *facts, const tdm_breakdown_row *by)
{
    return by->by == TDM_BREAK_PROGRAMME || by->by == TDM_BREAK_KIND || by->by == TDM_BREAK_LOCALITY
                   || by->by == TDM_BREAK_CORE
               ? strcmp(facts->class, "sum") != 0 || facts->id[0] != 'C' || strcmp(facts->id, "C9") == 0
               : false;
}

static void ask_all(tdm_fold *fold)
{
    double worst_kept = 0;
    double worst_scanned = 0;
    double all[1024];
    size_t count = 0;
    const tdm_measure *measure;
    for (size_t m = 0; (measure = tdm_measure_at(m)) != NULL; m++) {
        const tdm_measure_facts *facts = tdm_measure_read(measure);
        for (size_t b = 0; b < facts->breakdown_count; b++) {
            size_t rows = 0;
            double spent = ask(fold, measure, &facts->breakdowns[b], &rows);
            bool scanned = is_scanned(facts, &facts->breakdowns[b]);
            printf("  %-4s %-16s %-10s %8.3f ms %6zu rows\n", facts->id, facts->breakdowns[b].word,
                   scanned ? "scanned" : "maintained", spent * 1e3, rows);
            if (scanned)
                worst_scanned = spent > worst_scanned ? spent : worst_scanned;
            else {
                all[count++] = spent;
                worst_kept = spent > worst_kept ? spent : worst_kept;
            }
        }
    }
    printf("maintained breakdowns: median %.3f ms, longest %.3f ms (aim: median below 5 ms)\n",
           median(all, count) * 1e3, worst_kept * 1e3);
    printf("scanned breakdowns: longest %.0f ms (aim: 2000 ms)\n", worst_scanned * 1e3);
}

typedef struct counted {
    size_t cells;
    size_t tables[TDM_TABLES_END];
} counted;

static tdm_code count_cell(void *context, const tdm_table_cell *cell, tdm_err *err)
{
    (void)err;
    counted *all = context;
    all->cells++;
    all->tables[cell->table]++;
    return TDM_OK;
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

static tdm_fold *fold_all(const system_log *log, const char *path, tdm_kv **kv_used)
{
    tdm_kv_options kv_options = {
        path, TDM_KV_READ_WRITE, (size_t)8 << 30, TDM_VIEWS_TABLES, TDM_VIEWS_TABLE_COUNT, false
    };
    tdm_fold_options options = { .has_authority = true,
                                 .authority = id_of(7, 0),
                                 .cache_bytes = (size_t)2 << 30 };
    tdm_ledger_entry *batch = malloc(BATCH * sizeof *batch);
    tdm_kv *kv = NULL;
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    must(tdm_kv_open_lmdb(&kv, &kv_options, &err), &err);
    *kv_used = kv;
    must(tdm_fold_open(&fold, &kv, &options, &err), &err);
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t at = 0; at < log->count;) {
        size_t taken = 0;
        for (; taken < BATCH && at < log->count; taken++, at++)
            batch[taken] = (tdm_ledger_entry){ .position = at + 1,
                                               .bytes = { log->bytes.data + log->offsets[at],
                                                          log->offsets[at + 1] - log->offsets[at] } };
        must(tdm_fold_apply(fold, batch, taken, &err), &err);
    }
    while (tdm_fold_work(fold, 1000, &err))
        ;
    double spent = now(CLOCK_PROCESS_CPUTIME_ID) - start;
    printf("folded %.0f k events/s of processor time, %.2f us an event\n", (double)log->count / spent / 1e3,
           spent / (double)log->count * 1e6);
    tdm_fold_counts counts;
    tdm_fold_counts_read(fold, &counts);
    printf("%.2f table entries exchanged an event; %.2f us each, if all else were free\n",
           (double)counts.exchanged / (double)log->count, spent / (double)counts.exchanged * 1e6);
    must(tdm_fold_checkpoint(fold, &err), &err);
    free(batch);
    return fold;
}

int main(int argc, char **argv)
{
    size_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    size_t units = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
    char path[] = "/tmp/tandem-measure-bench-XXXXXX";
    system_log log = { .dice = 20170401 };
    if (mkdtemp(path) == NULL)
        return 1;
    say_registry(&log);
    for (size_t o = 0; o < ORGANISATIONS; o++)
        say_people(&log, o);
    size_t per_unit = (events - log.count) / units;
    for (size_t u = 0; u < units; u++)
        say_unit(&log, u, per_unit > 2 ? per_unit - 2 : 1);
    printf("%zu events of %.0f bytes: %d organisations, %d sites, %zu units\n", log.count,
           (double)log.bytes.len / (double)log.count, ORGANISATIONS, SITES, units);
    long before = memory_kib();
    tdm_kv *kv;
    tdm_fold *fold = fold_all(&log, path, &kv);
    counted all = { 0 };
    tdm_err err = { 0 };
    tdm_kv_stats stats;
    must(tdm_fold_tables(fold, count_cell, &all, &err), &err);
    must(tdm_kv_stat(kv, &stats, &err), &err);
    printf("%zu cells in tables:", all.cells);
    for (int t = 0; t < TDM_TABLES_END; t++)
        if (all.tables[t] > 0)
            printf(" %s %zu", tdm_table_name(t), all.tables[t]);
    printf("\nviews %.0f MiB on disk, fold %.0f MiB of memory\n", (double)stats.used_bytes / 1048576,
           (double)(memory_kib() - before) / 1024);
    ask_all(fold);
    tdm_fold_close(&fold);
    tdm_buf_free(&log.bytes);
    free(log.offsets);
    printf("the views are in %s\n", path);
    return 0;
}
