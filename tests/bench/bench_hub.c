/* SPDX-License-Identifier: MPL-2.0
 *
 * bench_hub.c: the real hub as a process of its own, with a store that knows its partners beforehand; asked
 * over HTTP as a monitor would, and looked at from outside.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_S 60
#define FOLD_S 600
#define LOOK_MS 2       /* between two looks at a file that tells it is there */
#define LOOK_FOLD_MS 20 /* between two looks over HTTP, which costs the hub something */
#define MAP_BYTES ((size_t)64 << 30)
#define CACHE_BYTES ((size_t)256 << 20)

/* ---- its store, beforehand */

static void add(tdm_drafts *drafts, const bench_key *key, const char *word, const tdm_record *record)
{
    char origin[33];
    char number[65];
    tdm_err err = { 0 };
    tdm_buf subject = { 0 };
    const tdm_value *public_key = &record->values[TDM_KEY_PUBLIC_KEY];
    tdm_hex(origin, key->origin.bytes, TDM_ID_BYTES);
    number[0] = '\0';
    if (record->type->number == TDM_TYPE_KEY)
        tdm_hex(number, public_key->bytes.data, 32);
    const char *words[] = { word, origin, number };
    tdm_id fact = tdm_fact_named(words, 3);
    tdm_subject_origin(&subject, &key->origin);
    bench_must(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 17257, record, &err),
        "a fact of the hub", &err);
    tdm_buf_free(&subject);
}

static void add_key(tdm_drafts *drafts, const bench_key *key, int64_t purpose, const uint8_t public_key[32])
{
    tdm_record record;
    tdm_record_init(&record, TDM_TYPE_KEY);
    tdm_record_set_bytes(&record, TDM_KEY_ORIGIN, (tdm_span){ key->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_number(&record, TDM_KEY_PURPOSE, purpose);
    tdm_record_set_bytes(&record, TDM_KEY_PUBLIC_KEY, (tdm_span){ public_key, 32 });
    tdm_record_set_number(&record, TDM_KEY_STATE, TDM_KEYSTATE_IS_ACTIVE);
    add(drafts, key, "key", &record);
}

static void add_organisation(tdm_drafts *drafts, const char *code)
{
    tdm_record record;
    tdm_err err = { 0 };
    tdm_buf subject = { 0 };
    const char *words[] = { "organisation", code };
    tdm_id fact = tdm_fact_named(words, 2);
    tdm_record_init(&record, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&record, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&record, TDM_ORGANISATION_NAME, code);
    tdm_record_set_number(&record, TDM_ORGANISATION_SECTOR, TDM_SECTOR_IS_TRUST);
    tdm_subject_organisation(&subject, tdm_span_text(code));
    bench_must(
        tdm_drafts_add(drafts, TDM_AUTHOR_IS_OPERATOR, tdm_buf_span(&subject), &fact, 17257, &record, &err),
        "an organisation", &err);
    tdm_buf_free(&subject);
}

static void add_partner(tdm_drafts *drafts, const bench_key *key, size_t index)
{
    char code[8];
    tdm_record record;
    snprintf(code, sizeof code, "RB%03u", (unsigned)index % 1000);
    if (index < 1000)
        add_organisation(drafts, code);
    tdm_record_init(&record, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&record, TDM_REPRESENTS_ORIGIN, (tdm_span){ key->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_text(&record, TDM_REPRESENTS_ORGANISATION, code);
    tdm_record_set_number(&record, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
    add(drafts, key, "represents", &record);
    add_key(drafts, key, TDM_PURPOSE_IS_SEAL, key->seal);
    add_key(drafts, key, TDM_PURPOSE_IS_LINK, key->link);
}

void bench_hub_prepare(bench_hub *hub, const char *program, const char *folder, const bench_key *keys,
                       size_t count)
{
    tdm_err err = { 0 };
    tdm_core *core = NULL;
    tdm_stated stated = { 0 };
    uint8_t secret[32];
    memset(hub, 0, sizeof *hub);
    snprintf(hub->folder, sizeof hub->folder, "%s", folder);
    snprintf(hub->program, sizeof hub->program, "%s", program);
    tdm_core_options options = {
        .folder = folder, .hub = true, .map_bytes = MAP_BYTES, .views_cache_bytes = CACHE_BYTES
    };
    bench_must(tdm_core_open(&core, &options, &err), "the hub's store", &err);
    tdm_drafts *drafts = tdm_drafts_new();
    for (size_t i = 0; i < count; i++)
        add_partner(drafts, &keys[i], i);
    bench_must(tdm_core_state_drafts(core, drafts, &stated, &err), "the hub's facts", &err);
    bench_must(tdm_core_wait_folded(core, stated.position, START_S * 1000, &err), "the hub's facts", &err);
    tdm_drafts_free(&drafts);
    hub->facts = stated.last;
    hub->origin = *tdm_core_origin(core);
    tdm_core_link_key(core, hub->key, secret);
    tdm_core_close(&core);
}

void bench_hub_prepare_load(bench_hub *hub, const char *program, const char *folder, const bench_load *load)
{
    bench_key keys[BENCH_LINKS];
    for (size_t i = 0; i < BENCH_LINKS; i++) {
        keys[i].origin = load->logs[i].origin;
        memcpy(keys[i].seal, load->logs[i].seal.public_key, 32);
        memcpy(keys[i].link, load->logs[i].link_public, 32);
    }
    bench_hub_prepare(hub, program, folder, keys, BENCH_LINKS);
}

/* ---- the process */

static unsigned free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0
        || getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        bench_die("hub", "no port is free");
    close(fd);
    return ntohs(address.sin_port);
}

static _Noreturn void become_hub(const bench_hub *hub)
{
    char state[BENCH_PATH + 32];
    char listen_at[96];
    char log[BENCH_PATH + 32];
    snprintf(state, sizeof state, "--hub.state=%s", hub->folder);
    snprintf(listen_at, sizeof listen_at, "--hub.listen=%s", hub->endpoint);
    snprintf(log, sizeof log, "%s.log", hub->folder);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(120);
    execl(hub->program, hub->program, state, listen_at, "--http.listen=127.0.0.1:0", "--link.max_links=4096",
          (char *)NULL);
    _exit(121);
}

static bool read_address(bench_hub *hub)
{
    char path[BENCH_PATH + 32];
    char text[64] = "";
    unsigned port = 0;
    snprintf(path, sizeof path, "%s/http.address", hub->folder);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool found = fgets(text, sizeof text, file) != NULL && sscanf(text, "http://127.0.0.1:%u", &port) == 1;
    fclose(file);
    hub->http = (uint16_t)port;
    return found;
}

void bench_hub_start(bench_hub *hub)
{
    char path[BENCH_PATH + 32];
    double give_up = bench_now() + START_S;
    snprintf(path, sizeof path, "%s/http.address", hub->folder);
    unlink(path);
    snprintf(hub->endpoint, sizeof hub->endpoint, "tcp://127.0.0.1:%u", free_port());
    hub->pid = fork();
    if (hub->pid < 0)
        bench_die("hub", "cannot fork");
    if (hub->pid == 0)
        become_hub(hub);
    while (!read_address(hub)) {
        if (waitpid(hub->pid, NULL, WNOHANG) == hub->pid || bench_now() > give_up)
            bench_die("hub", "it does not start; its log is beside its folder");
        poll(NULL, 0, LOOK_MS);
    }
}

void bench_hub_stop(bench_hub *hub, int signal)
{
    kill(hub->pid, signal);
    waitpid(hub->pid, NULL, 0);
    hub->pid = 0;
}

/* ---- what it says */

static bool ask(const bench_hub *hub, const char *path, tdm_buf *out)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(hub->http),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char request[256];
    char part[16384];
    ssize_t got = -1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", path, hub->http);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0
        && send(fd, request, (size_t)len, MSG_NOSIGNAL) == len)
        while ((got = recv(fd, part, sizeof part, 0)) > 0)
            tdm_buf_add(out, part, (size_t)got);
    if (fd >= 0)
        close(fd);
    tdm_buf_add(out, "", 1);
    return got == 0 && out->len > 13;
}

bool bench_hub_get(const bench_hub *hub, const char *path, tdm_buf *out)
{
    tdm_buf answer = { 0 };
    const char *body = NULL;
    if (ask(hub, path, &answer) && strncmp((const char *)answer.data + 9, "200", 3) == 0)
        body = strstr((const char *)answer.data, "\r\n\r\n");
    if (body != NULL)
        tdm_buf_text(out, body + 4);
    tdm_buf_add(out, "", 1);
    tdm_buf_free(&answer);
    return body != NULL;
}

/* Over a limit readyz says it in words, with status 503. */
int64_t bench_hub_lag(const bench_hub *hub, bool *complete)
{
    tdm_buf answer = { 0 };
    long long lag = -1;
    *complete = false;
    if (ask(hub, "/readyz", &answer)) {
        const char *text = (const char *)answer.data;
        const char *number = strstr(text, "\"fold_lag_events\":");
        const char *words = strstr(text, "the figures are ");
        if (number != NULL)
            sscanf(number, "\"fold_lag_events\":%lld", &lag);
        else if (words != NULL)
            sscanf(words, "the figures are %lld", &lag);
        *complete = strstr(text, "\"complete\":true") != NULL;
    }
    tdm_buf_free(&answer);
    return lag;
}

void bench_hub_wait_folded(const bench_hub *hub)
{
    double give_up = bench_now() + FOLD_S;
    bool complete = false;
    while (bench_hub_lag(hub, &complete) != 0 || !complete) {
        if (bench_now() > give_up)
            bench_die("hub", "the figures do not catch up");
        poll(NULL, 0, LOOK_FOLD_MS);
    }
}

size_t bench_hub_memory(const bench_hub *hub, const char *word)
{
    char path[64];
    char line[256];
    size_t kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)hub->pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, word, strlen(word)) == 0 && line[strlen(word)] == ':')
            kib = strtoull(line + strlen(word) + 1, NULL, 10);
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

double bench_hub_cpu(const bench_hub *hub)
{
    char path[64];
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)hub->pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        user = system = 0;
    fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
