/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor_gather.c: the facts: from the daemon that runs, else from its store, and from the machine.
 */
#include "doctor.h"

#include "clock.h"
#include "config.h"
#include "page.h"

#include "tandem/civil.h"
#include "tandem/ledger.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zmq.h>

/* Which way to ask, and what has been gathered. */
typedef struct gathering {
    const tdm_invocation *invocation;
    tdm_session *session;
    json_t *facts;
    char folder[PATH_MAX]; /* the state folder */
    bool offline;
} gathering;

static void set_state(json_t *facts, const char *key, const char *state, const char *what)
{
    json_object_set_new(facts, key, json_pack("{s:s, s:s}", "state", state, "what", what));
}

/* ---- program and system */

static json_t *program_facts(void)
{
    int major, minor, patch;
    char zmq[32];
    zmq_version(&major, &minor, &patch);
    snprintf(zmq, sizeof zmq, "%d.%d.%d", major, minor, patch);
    return json_pack("{s:s, s:i, s:s, s:s, s:s}", "version", TANDEM_VERSION, "store_format",
                     TDM_LEDGER_FORMAT, "libzmq", zmq, "libsodium", sodium_version_string(), "jansson",
                     JANSSON_VERSION);
}

static json_t *system_facts(void)
{
    struct utsname name;
    long pages = sysconf(_SC_PHYS_PAGES);
    long page_bytes = sysconf(_SC_PAGESIZE);
    if (uname(&name) != 0)
        return json_object();
    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "system", name.sysname, "release", name.release, "machine",
                     name.machine, "memory_bytes", (json_int_t)pages * page_bytes, "processors",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN));
}

/* ---- settings: values of secrets are never in them, only the names of files (config_table.h) */

static json_t *settings_of(const char *file)
{
    static const tdm_role ROLES[] = { TDM_ROLE_NODE, TDM_ROLE_HUB };
    char *argv[] = { "tandem", "--config", (char *)file, NULL };
    json_t *rows = NULL;
    for (size_t i = 0; i < TDM_COUNT(ROLES) && rows == NULL; i++) {
        tdm_config *config = NULL;
        tdm_buf text = { 0 };
        if (tdm_config_load(&config, ROLES[i], 3, argv, NULL, NULL) == TDM_OK) {
            tdm_config_show_json(config, &text);
            rows = json_loadb((const char *)text.data, text.len, 0, NULL);
        }
        tdm_buf_free(&text);
        tdm_config_destroy(&config);
    }
    return rows == NULL ? json_array() : rows;
}

/* ---- asking */

static tdm_code ask(gathering *g, const char *verb, tdm_page *page, tdm_err *err)
{
    tdm_answer answer = { 0 };
    json_t *args = json_object();
    *page = (tdm_page){ 0 };
    tdm_code code =
        g->offline ? tdm_offline_call(g->folder, verb, args, &answer, err)
                   : tdm_client_try(g->invocation, g->session, verb, args, (tdm_span){ 0 }, &answer, err);
    if (code == TDM_OK)
        code = tdm_page_read(page, tdm_buf_span(&answer.bytes), err);
    tdm_answer_free(&answer);
    json_decref(args);
    return code;
}

static tdm_code ask_row(gathering *g, const char *verb, const char *key, tdm_err *err)
{
    tdm_page page;
    tdm_code code = ask(g, verb, &page, err);
    if (code == TDM_OK) {
        json_object_set(g->facts, key, json_array_get(page.rows, 0));
        if (page.as_of != NULL)
            json_object_set_new(g->facts, "as_of", json_string(page.as_of));
    }
    tdm_page_free(&page);
    return code;
}

/* All three answers, or why not. */
static tdm_code ask_all(gathering *g, tdm_err *err)
{
    tdm_page page = { 0 };
    tdm_code code = ask_row(g, "status", "status", err);
    if (code == TDM_OK)
        code = ask_row(g, "health", "health", err);
    if (code == TDM_OK)
        code = ask(g, "node.list", &page, err);
    if (code == TDM_OK)
        json_object_set(g->facts, "nodes", page.rows);
    tdm_page_free(&page);
    return code;
}

/* ---- the daemon, or its store */

static const char *state_of(tdm_code code, bool listens)
{
    return code == TDM_DENIED ? "denied" : listens ? "silent" : "stopped";
}

static void ask_store(gathering *g)
{
    tdm_err err = { 0 };
    g->offline = true;
    tdm_code code = ask_all(g, &err);
    set_state(g->facts, "store", tdm_code_word(code), err.what);
}

static void ask_daemon(gathering *g, const char *endpoint)
{
    tdm_err err = { 0 };
    tdm_code code = tdm_control_probe(endpoint, &err);
    bool listens = code == TDM_OK;
    if (listens)
        code = ask_all(g, &err);
    set_state(g->facts, "daemon", code == TDM_OK ? "answers" : state_of(code, listens), err.what);
    if (code == TDM_OK)
        set_state(g->facts, "store", tdm_code_word(TDM_OK), "");
    else
        ask_store(g);
}

/* ipc://FOLDER/control.sock */
static void folder_of_endpoint(const char *endpoint, char folder[PATH_MAX])
{
    const char *path = strchr(endpoint, '/');
    const char *begin = path == NULL ? endpoint : path + 2;
    const char *slash = strrchr(begin, '/');
    int len = slash == NULL ? 1 : slash == begin ? 1 : (int)(slash - begin);
    snprintf(folder, PATH_MAX, "%.*s", len, slash == NULL ? "." : begin);
}

static tdm_code ask_either(gathering *g, tdm_err *err)
{
    char endpoint[TDM_CONTROL_ADDRESS_MAX];
    const char *store = tdm_invocation_text(g->invocation, "store");
    if (store != NULL) {
        snprintf(g->folder, sizeof g->folder, "%s", store);
        set_state(g->facts, "daemon", "not asked", "");
        ask_store(g);
        return TDM_OK;
    }
    tdm_code code = tdm_endpoint_find(g->invocation, getenv("TANDEM_HOME"), endpoint, err);
    if (code != TDM_OK)
        return code;
    folder_of_endpoint(endpoint, g->folder);
    ask_daemon(g, endpoint);
    return TDM_OK;
}

static void add_folder(gathering *g)
{
    tdm_err why = { 0 };
    json_t *folder = tdm_doctor_folder(g->folder, &why);
    if (folder == NULL)
        folder = json_pack("{s:s, s:s}", "path", g->folder, "what", why.what);
    json_object_set_new(g->facts, "folder", folder);
}

tdm_code tdm_doctor_gather(const tdm_invocation *invocation, tdm_session *session, json_t **facts,
                           tdm_err *err)
{
    char now[40];
    const char *config = tdm_invocation_text(invocation, "config");
    tdm_time_text(tdm_clock_wall_ms(), 0, now);
    json_t *all =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:n, s:n, s:[], s:o}", "schema", "tandem.bundle/1", "made", now,
                  "as_of", now, "program", program_facts(), "system", system_facts(), "status", "health",
                  "nodes", "settings", config == NULL ? json_array() : settings_of(config));
    gathering *g = calloc(1, sizeof *g);
    *facts = NULL;
    tdm_code code = all == NULL || g == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory to look") : TDM_OK;
    if (code == TDM_OK) {
        *g = (gathering){ .invocation = invocation, .session = session, .facts = all };
        code = ask_either(g, err);
    }
    if (code == TDM_OK)
        add_folder(g);
    free(g);
    if (code != TDM_OK)
        json_decref(all);
    else
        *facts = all;
    return code;
}
