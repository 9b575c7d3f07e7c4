/* SPDX-License-Identifier: MPL-2.0
 *
 * rest_bench.c: figures from a store at rest: how long the level takes from a cold start, now and as of many
 * moments, from the views and from the log alone; anonymous memory; and that both say the same. Not a test.
 *
 * rest_bench make FOLDER [EVENTS] [UNITS]   a hub's store: 400 organisations, 6,000 sites, 40 tides
 * rest_bench ask FOLDER [TANDEM]            ask it; TANDEM: the command, timed from its start to its end
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "service.h"
#include "tide.h"

enum { ORGANISATIONS = 400, SITES = 6000, ORIGINS = 16, TIDES = 40, FIRST_DAY = 17257, ASKED = 11 };
#define FIRST_MS ((int64_t)1491004800000) /* 2017-04-01 */
#define DAY_MS ((int64_t)86400000)

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(tdm_code code, const tdm_err *err)
{
    if (code == TDM_OK)
        return;
    fprintf(stderr, "rest_bench: %s: %s\n", tdm_code_word(code), err->what);
    exit(1);
}

/* ---- making a store ---- */

typedef struct partner_log {
    tdm_id origin;
    uint64_t last;
    tdm_digest head;
    tdm_buf bytes; /* of the run being filled */
    size_t offsets[TDM_RUN_EVENTS_MAX + 1];
    tdm_digest digests[TDM_RUN_EVENTS_MAX];
    size_t count;
} partner_log;

typedef struct maker {
    const char *folder;
    partner_log logs[ORIGINS];
    tdm_ledger *ledger;
    tdm_ledger_txn *txn;
    uint32_t *unit_of; /* statement -> unit, of sessions; else UINT32_MAX */
    size_t stated;
    size_t units;
    size_t told_units;
    int64_t now_ms;
    uint64_t dice;
} maker;

static uint64_t roll(maker *m, uint64_t below)
{
    m->dice = m->dice * 6364136223846793005u + 1442695040888963407u;
    return (m->dice >> 33) % below;
}

static tdm_id id_of(uint8_t kind, uint64_t number)
{
    tdm_id id = { { kind } };
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static void end_run(maker *m, partner_log *log)
{
    tdm_span events[TDM_RUN_EVENTS_MAX];
    tdm_err err = { 0 };
    tdm_run run = { .first = log->last - log->count + 1, .last = log->last };
    if (log->count == 0)
        return;
    for (size_t i = 0; i < log->count; i++)
        events[i] = (tdm_span){ log->bytes.data + log->offsets[i], log->offsets[i + 1] - log->offsets[i] };
    tdm_run_root(log->digests, (uint32_t)log->count, &run.root);
    tdm_run_head(&log->head, &run.root, &run.head);
    must(tdm_ledger_append_run(m->txn, &log->origin, 1, &run, events, m->now_ms, &err), &err);
    log->head = run.head;
    log->count = 0;
    tdm_buf_clear(&log->bytes);
}

static void say(maker *m, size_t origin, const char *subject, tdm_id fact, const tdm_record *record)
{
    partner_log *log = &m->logs[origin];
    tdm_buf payload = { 0 };
    tdm_err err = { 0 };
    must(tdm_record_encode(record, &payload, &err), &err);
    const tdm_event event = { .origin = log->origin,
                              .incarnation = 1,
                              .sequence = ++log->last,
                              .type = record->type->number,
                              .author = TDM_AUTHOR_IS_DAEMON,
                              .subject = tdm_span_text(subject),
                              .fact = fact,
                              .event_ms = m->now_ms,
                              .recorded_ms = m->now_ms };
    log->offsets[log->count] = log->bytes.len;
    must(tdm_event_encode(&event, tdm_buf_span(&payload), &log->bytes, &err), &err);
    log->offsets[log->count + 1] = log->bytes.len;
    tdm_event_digest(
        (tdm_span){ log->bytes.data + log->offsets[log->count], log->bytes.len - log->offsets[log->count] },
        &log->digests[log->count]);
    log->count++;
    m->stated++;
    tdm_buf_free(&payload);
    if (log->count == 256) /* as partners that stream at once: logs are mixed by runs */
        end_run(m, log);
}

static tdm_record made(uint32_t type, const char *recorder)
{
    tdm_record record;
    tdm_record_init(&record, type);
    if (recorder != NULL)
        tdm_record_set_text(&record, 1, recorder);
    return record;
}

static void name_unit(size_t unit, char lead[16], char id[40], char subject[80])
{
    snprintf(lead, 16, "R%03zu", unit % ORGANISATIONS);
    snprintf(id, 40, "programme-unit-%07zu", unit);
    snprintf(subject, 80, "unit/%s/%s", lead, id);
}

static size_t origin_of(size_t organisation)
{
    return organisation % ORGANISATIONS % ORIGINS;
}

static void say_link(maker *m, size_t unit, const char *subject, size_t recorder, size_t organisation)
{
    char by[16];
    char of[16];
    snprintf(by, sizeof by, "R%03zu", recorder);
    snprintf(of, sizeof of, "R%03zu", organisation);
    tdm_record record = made(TDM_TYPE_LINK_ASSERT, by);
    tdm_record_set_text(&record, TDM_LINK_ASSERT_ORGANISATION, of);
    tdm_record_set_number(&record, TDM_LINK_ASSERT_PHASE, 2);
    m->unit_of[m->stated] = UINT32_MAX;
    (void)unit;
    say(m, origin_of(recorder), subject, id_of(9, m->stated), &record);
}

static void say_unit(maker *m)
{
    static const char *const PROGRAMMES[] = { "improving leaders", "coaching", "wellbeing", "improvement" };
    static const char *const LOCALITIES[] = { "north", "south", "east", "west", "centre" };
    char lead[16];
    char id[40];
    char subject[80];
    size_t unit = m->told_units++;
    name_unit(unit, lead, id, subject);
    tdm_record record = made(TDM_TYPE_UNIT, lead);
    tdm_record_set_text(&record, TDM_UNIT_LEAD, lead);
    tdm_record_set_text(&record, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(&record, TDM_UNIT_KIND, 1 + (int64_t)roll(m, 3));
    tdm_record_set_number(&record, TDM_UNIT_STATUS, TDM_STATUS_IS_DELIVERED);
    tdm_record_set_text(&record, TDM_UNIT_PROGRAMME, PROGRAMMES[roll(m, 4)]);
    tdm_record_set_text(&record, TDM_UNIT_LOCALITY, LOCALITIES[roll(m, 5)]);
    tdm_record_set_number(&record, TDM_UNIT_START, FIRST_DAY);
    m->unit_of[m->stated] = UINT32_MAX;
    say(m, origin_of(unit), subject, id_of(9, m->stated), &record);
    if (roll(m, 5) >= 3)
        return;
    size_t partner = (unit + 1 + roll(m, 24)) % ORGANISATIONS;
    say_link(m, unit, subject, unit % ORGANISATIONS, partner);
    if (roll(m, 3) > 0)
        say_link(m, unit, subject, partner, partner);
}

static void say_session(maker *m)
{
    char lead[16];
    char id[40];
    char subject[80];
    size_t unit = roll(m, m->told_units);
    name_unit(unit, lead, id, subject);
    tdm_record record = made(TDM_TYPE_SESSION, lead);
    tdm_record_set_number(&record, TDM_SESSION_DATE, FIRST_DAY + (int64_t)roll(m, 700));
    tdm_record_set_number(&record, TDM_SESSION_HOURS, 100 + (int64_t)roll(m, 300));
    m->unit_of[m->stated] = (uint32_t)unit;
    say(m, origin_of(unit), subject, id_of(9, m->stated), &record);
}

/* One in a hundred: an earlier session is taken back, or stated again. */
static void say_void(maker *m)
{
    size_t fact = roll(m, m->stated);
    char lead[16];
    char id[40];
    char subject[80];
    if (m->unit_of[fact] == UINT32_MAX)
        return;
    name_unit(m->unit_of[fact], lead, id, subject);
    tdm_record record = made(roll(m, 3) > 0 ? TDM_TYPE_VOID : TDM_TYPE_UNVOID, NULL);
    m->unit_of[m->stated] = UINT32_MAX;
    say(m, origin_of(m->unit_of[fact]), subject, id_of(9, fact), &record);
}

static void state_organisation(tdm_drafts *drafts, const char *code, const char *parent)
{
    char subject[80];
    tdm_err err = { 0 };
    const char *const words[] = { "organisation", code };
    tdm_id fact = tdm_fact_named(words, TDM_COUNT(words));
    tdm_record record = made(TDM_TYPE_ORGANISATION, NULL);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&record, TDM_ORGANISATION_NAME, code);
    tdm_record_set_number(&record, TDM_ORGANISATION_SECTOR, TDM_SECTOR_IS_TRUST);
    if (parent != NULL) {
        tdm_record_set_text(&record, TDM_ORGANISATION_PARENT, parent);
        tdm_record_set_number(&record, TDM_ORGANISATION_BELONGS, TDM_BELONGS_IS_SITE);
    }
    snprintf(subject, sizeof subject, "organisation/%s", code);
    must(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, tdm_span_text(subject), &fact, FIRST_DAY, &record, &err),
        &err);
}

static void state_registry(maker *m, tdm_core *core)
{
    tdm_drafts *drafts = tdm_drafts_new();
    tdm_stated stated;
    tdm_err err = { 0 };
    char code[16];
    char site[40];
    for (size_t o = 0; o < ORGANISATIONS; o++) {
        snprintf(code, sizeof code, "R%03zu", o);
        state_organisation(drafts, code, NULL);
        tdm_record record = made(TDM_TYPE_REPRESENTS, NULL);
        const char *const words[] = { "represents", code };
        tdm_id fact = tdm_fact_named(words, TDM_COUNT(words));
        const tdm_id *origin = &m->logs[origin_of(o)].origin;
        tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ origin->bytes, TDM_ID_BYTES });
        tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, code);
        tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
        must(tdm_drafts_add(drafts, TDM_AUTHOR_IS_DAEMON, TDM_SPAN_LITERAL("origin/all"), &fact, FIRST_DAY,
                            &record, &err),
             &err);
    }
    for (size_t s = 0; s < SITES; s++) {
        snprintf(code, sizeof code, "R%03zu", s % ORGANISATIONS);
        snprintf(site, sizeof site, "%sS%02zu", code, s / ORGANISATIONS);
        state_organisation(drafts, site, code);
    }
    must(tdm_core_state_drafts(core, drafts, &stated, &err), &err);
    tdm_drafts_free(&drafts);
}

static void open_ledger(maker *m)
{
    tdm_err err = { 0 };
    must(tdm_ledger_open_folder(&m->ledger, m->folder, TDM_KV_READ_WRITE, (size_t)8 << 30, &err), &err);
}

static void commit(maker *m)
{
    tdm_err err = { 0 };
    for (size_t o = 0; o < ORIGINS; o++)
        end_run(m, &m->logs[o]);
    must(tdm_ledger_commit(&m->txn, &err), &err);
}

/* What partners state until the next tide. */
static void say_some(maker *m, size_t until, size_t units)
{
    tdm_err err = { 0 };
    open_ledger(m);
    must(tdm_ledger_begin(m->ledger, &m->txn, &err), &err);
    for (size_t next = m->stated + 100000; m->stated < until;) {
        if (m->told_units < units)
            say_unit(m);
        for (int i = 0; i < 7 && m->stated < until; i++)
            say_session(m);
        if (roll(m, 12) == 0)
            say_void(m);
        if (m->stated < next)
            continue;
        next = m->stated + 100000;
        commit(m);
        must(tdm_ledger_begin(m->ledger, &m->txn, &err), &err);
    }
    commit(m);
    tdm_ledger_close(&m->ledger);
}

static void with_core(maker *m, bool first, bool last)
{
    const tdm_core_options options = { .folder = m->folder, .hub = true, .map_bytes = (size_t)8 << 30 };
    tdm_core *core = NULL;
    tdm_err err = { 0 };
    uint64_t incarnation;
    uint64_t sequence;
    must(tdm_core_open(&core, &options, &err), &err);
    if (first)
        state_registry(m, core);
    must(tdm_tide_state(core, m->now_ms, true, &incarnation, &sequence, &err), &err);
    if (last)
        must(tdm_core_wait_folded(core, tdm_core_folded(core) + tdm_core_fold_lag(core), 3600000, &err),
             &err);
    tdm_core_close(&core);
}

static int make(const char *folder, size_t events, size_t units)
{
    static maker m;
    tdm_err err = { 0 };
    m.folder = folder;
    m.dice = 20170401;
    m.now_ms = FIRST_MS;
    m.unit_of = malloc((events + 1000) * sizeof *m.unit_of);
    for (size_t o = 0; o < ORIGINS; o++)
        m.logs[o].origin = id_of(7, o + 1);
    with_core(&m, true, false);
    open_ledger(&m);
    must(tdm_ledger_begin(m.ledger, &m.txn, &err), &err);
    for (size_t o = 0; o < ORIGINS; o++) {
        tdm_record record = made(TDM_TYPE_INCARNATION, NULL);
        tdm_record_set_number(&record, TDM_INCARNATION_GENERATION, 1);
        m.unit_of[m.stated] = UINT32_MAX;
        say(&m, o, "log", id_of(8, o), &record);
    }
    commit(&m);
    tdm_ledger_close(&m.ledger);
    for (size_t t = 1; t <= TIDES; t++) {
        m.now_ms = FIRST_MS + (int64_t)t * 10 * DAY_MS;
        say_some(&m, events * t / TIDES, units * t / TIDES);
        with_core(&m, false, t == TIDES);
        fprintf(stderr, "\r%zu events", m.stated);
    }
    printf("\n%s: %zu events about %zu units\n", folder, m.stated, m.told_units);
    free(m.unit_of);
    return 0;
}

/* ---- asking ---- */

typedef struct told {
    double seconds;
    double processor; /* seconds of it: what a quiet machine would take */
    long anonymous_kib;
    tdm_digest answer;
    char way[TDM_CORE_WAY_MAX];
} told;

static double processor_time(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static long anonymous_kib(void)
{
    char line[256];
    long found = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "RssAnon: %ld", &found);
    if (status != NULL)
        fclose(status);
    return found;
}

static void answer_in_child(const char *folder, const char *verb, const char *when, bool without_views,
                            int fd)
{
    const tdm_core_options options = {
        .folder = folder, .hub = true, .read_only = true, .without_views = without_views
    };
    double start = now();
    tdm_core *core = NULL;
    tdm_err err = { 0 };
    tdm_answer answer = { 0 };
    told out;
    memset(&out, 0, sizeof out);
    json_t *args = json_object();
    if (when != NULL)
        json_object_set_new(args, "as_of", json_string(when));
    json_object_set_new(args, "by", json_string("lead"));
    must(tdm_core_open(&core, &options, &err), &err);
    const tdm_service_context context = { .core = core, .now_ms = FIRST_MS + 800 * DAY_MS };
    const tdm_request request = { .args = args };
    must(tdm_service_call(&context, verb, &request, &answer, &err), &err);
    out.seconds = now() - start;
    out.processor = processor_time();
    out.anonymous_kib = anonymous_kib();
    tdm_event_digest(tdm_buf_span(&answer.bytes), &out.answer);
    snprintf(out.way, sizeof out.way, "%s", tdm_core_way(core));
    _exit(write(fd, &out, sizeof out) == (ssize_t)sizeof out ? 0 : 1);
}

static told ask(const char *folder, const char *verb, const char *when, bool without_views)
{
    int ends[2];
    told out;
    if (pipe(ends) != 0)
        exit(1);
    pid_t child = fork();
    if (child == 0)
        answer_in_child(folder, verb, when, without_views, ends[1]);
    close(ends[1]);
    if (read(ends[0], &out, sizeof out) != (ssize_t)sizeof out)
        exit(1);
    close(ends[0]);
    waitpid(child, NULL, 0);
    return out;
}

static int by_size(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

/* From the start of the command to its end. */
static void time_command(const char *folder, const char *tandem)
{
    double spent[ASKED];
    for (size_t i = 0; i < ASKED; i++) {
        double start = now();
        pid_t child = fork();
        if (child == 0) {
            int nothing = open("/dev/null", O_WRONLY);
            dup2(nothing, 2);
            dup2(nothing, 1);
            execl(tandem, tandem, "level", "--store", folder, (char *)NULL);
            _exit(127);
        }
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0)
            exit(1);
        spent[i] = now() - start;
    }
    qsort(spent, ASKED, sizeof *spent, by_size);
    printf("tandem level --store: median %.1f ms, longest %.1f ms of %d starts\n", spent[ASKED / 2] * 1e3,
           spent[ASKED - 1] * 1e3, ASKED);
}

static void print_one(const told *t)
{
    printf(" %8.3f %8.3f %6.0f |", t->seconds, t->processor, (double)t->anonymous_kib / 1024);
}

/* whole: from the log alone, too, which must say the same. */
static void compare(const char *folder, const char *name, const char *when, bool whole)
{
    told rest = ask(folder, "level", when, false);
    printf("%-22s |", name);
    print_one(&rest);
    if (whole) {
        told log = ask(folder, "level", when, true);
        print_one(&log);
        printf(" %7.4f | %s", rest.processor / log.processor,
               tdm_digest_equal(&rest.answer, &log.answer) ? "same" : "DIFFERENT");
    }
    printf("\n");
    fflush(stdout);
}

static int ask_all(const char *folder, const char *tandem)
{
    static const int DAYS[] = { 400, 399, 391, 381, 341, 301, 251, 201, 101, 21, 11, 1 };
    tdm_id origin = id_of(7, 3);
    char hex[2 * TDM_ID_BYTES + 1];
    char when[80];
    char name[32];
    if (tandem != NULL)
        time_command(folder, tandem);
    printf("figures: %s\n", ask(folder, "level", NULL, false).way);
    printf("level by lead          | from the views: s, of processor, MiB | from the log alone | ratio of "
           "processor\n");
    compare(folder, "now", NULL, true);
    for (size_t i = 0; i < TDM_COUNT(DAYS); i++) {
        time_t at = (time_t)(FIRST_MS / 1000) + (time_t)DAYS[i] * 86400;
        struct tm day;
        gmtime_r(&at, &day);
        strftime(when, sizeof when, "%Y-%m-%dT23:00:00Z", &day);
        snprintf(name, sizeof name, "day %d of 400", DAYS[i]);
        compare(folder, name, when, i % 4 == 1);
    }
    tdm_hex(hex, origin.bytes, TDM_ID_BYTES);
    snprintf(when, sizeof when, "seq:%s/1000", hex);
    compare(folder, "one log's first 1,000", when, false);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "make") == 0) {
        size_t events = argc > 3 ? strtoull(argv[3], NULL, 10) : 2000000;
        return make(argv[2], events, argc > 4 ? strtoull(argv[4], NULL, 10) : events / 10);
    }
    if (argc > 2 && strcmp(argv[1], "ask") == 0)
        return ask_all(argv[2], argc > 3 ? argv[3] : NULL);
    fprintf(stderr, "usage: rest_bench make FOLDER [EVENTS] [UNITS] | rest_bench ask FOLDER [TANDEM]\n");
    return 2;
}
