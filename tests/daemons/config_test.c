/* SPDX-License-Identifier: MPL-2.0
 *
 * config_test.c: the specification of daemons/common/config*.c.
 */
#include "config.h"
#include "config_internal.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

static char scratch[] = "/tmp/tandem-config-XXXXXX";
static char main_file[128];

static int make_scratch(void **state)
{
    (void)state;
    if (mkdtemp(scratch) == NULL)
        return -1;
    snprintf(main_file, sizeof main_file, "%s/node.conf", scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    return system(command);
}

static void write_file(const char *name, const char *text, size_t len)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", scratch, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

/* Load as a node from main_file with one more option (NULL: none) and one variable (NULL: none). */
static tdm_code load(tdm_config **out, const char *option, const char *variable, tdm_err *err)
{
    char *argv[] = { "tandem-node", "--config", main_file, (char *)option, NULL };
    char *env[] = { "PATH=/bin", "TANDEM_BIN=/x", (char *)variable, NULL };
    return tdm_config_load(out, TDM_ROLE_NODE, option == NULL ? 3 : 4, argv, env, err);
}

struct row {
    const char *name;
    const char *file;
    const char *setting; /* asked when good */
    const char *wanted;  /* its text, or words of the error */
    int64_t number;
    bool good;
};

static const struct row ROWS[] = {
    { "a setting in the file is taken", "[node]\norganisation = NW\n", "node.organisation", "NW", 0, true },
    { "comments and blank lines are skipped", "# x\n\n; y\n[node]\norganisation = A ; z\n",
      "node.organisation", "A", 0, true },
    { "a byte order mark is skipped", "\xef\xbb\xbf[node]\norganisation = A\n", "node.organisation", "A", 0,
      true },
    { "an empty file gives the defaults", "", "link.max_message_bytes", "1048576", 1048576, true },
    { "sizes take units", "[store]\nmap_bytes = 2GiB\n", "store.map_bytes", "2GiB", INT64_C(2) << 30, true },
    { "durations take units", "[link]\nhandshake_ms = 5s\n", "link.handshake_ms", "5s", 5000, true },
    { "a bare duration is in milliseconds", "[link]\nhandshake_ms = 250\n", "link.handshake_ms", "250", 250,
      true },
    { "yes is true", "[http]\nbehind_proxy = yes\n", "http.behind_proxy", "yes", 1, true },
    { "http may be off", "[http]\nlisten = off\n", "http.listen", "off", 0, true },
    { "IPv6 loopback is loopback", "[http]\nlisten = [::1]:80\n", "http.listen", "[::1]:80", 0, true },
    { "beyond loopback is fine behind a proxy", "[http]\nlisten = 0.0.0.0:80\nbehind_proxy = true\n",
      "http.listen", "0.0.0.0:80", 0, true },
    { "an unknown key names file, line, nearest", "[link]\n\nhartbeat_interval_ms = 5\n", NULL,
      "node.conf:3: no setting link.hartbeat_interval_ms; the nearest is link.heartbeat_interval_ms", 0,
      false },
    { "a key under the wrong section finds its section", "[log]\nlisten=x\n", NULL, "no setting log.listen",
      0, false },
    { "an unknown section is refused", "[lonk]\nmax_links = 5\n", NULL, "the nearest is link.max_links", 0,
      false },
    { "a key of the hub is refused at a node", "[hub]\nlisten = tcp://127.0.0.1:1\n", NULL,
      "node.conf:2: hub.listen is a setting of the hub, not of the node", 0, false },
    { "a key before any section is refused", "organisation = A\n", NULL,
      "node.conf:1: organisation stands before any [section]", 0, false },
    { "a bad number names what is accepted", "[link]\nmax_links = many\n", NULL,
      "node.conf:2: link.max_links = many: must be a whole number from 1 to 65536", 0, false },
    { "a number past its range is refused", "[link]\nmax_links = 65537\n", NULL, "1 to 65536", 0, false },
    { "a number below its range is refused", "[link]\nmax_links = 0\n", NULL, "1 to 65536", 0, false },
    { "a negative number is refused", "[link]\nmax_links = -1\n", NULL, "1 to 65536", 0, false },
    { "a number past 64 bits is refused", "[link]\nmax_links = 99999999999999999999\n", NULL, "1 to 65536", 0,
      false },
    { "a size that overflows with its unit is refused", "[store]\nmap_bytes = 99999999999TiB\n", NULL,
      "1MiB to 16TiB", 0, false },
    { "an unknown unit is refused", "[link]\nhandshake_ms = 5d\n", NULL, "10ms to 10m, such as 250ms", 0,
      false },
    { "a bad boolean is refused", "[http]\nbehind_proxy = maybe\n", NULL, "true or false", 0, false },
    { "a bad choice lists the words", "[log]\nlevel = loud\n", NULL, "error|warn|notice|info|debug", 0,
      false },
    { "part of a word is no choice", "[log]\nlevel = warn|notice\n", NULL, "error|warn", 0, false },
    { "an address without a port is refused", "[http]\nlisten = 127.0.0.1\n", NULL, "host:port", 0, false },
    { "a port past 65535 is refused", "[http]\nlisten = 127.0.0.1:65536\n", NULL, "host:port", 0, false },
    { "beyond loopback needs a proxy", "[http]\nlisten = 0.0.0.0:80\n", NULL, "set http.behind_proxy", 0,
      false },
    { "a name is not known to be loopback", "[http]\nlisten = example.org:80\n", NULL, "http.behind_proxy", 0,
      false },
    { "a code longer than its bound is refused",
      "[node]\norganisation = 0123456789012345678901234567890123456789012345678901234567890123X\n", NULL,
      "text of at most 64 bytes", 0, false },
    { "bytes that are no UTF-8 are refused", "[node]\norganisation = \xff\n", NULL, "node.organisation", 0,
      false },
    { "a doubled key is refused", "[link]\nmax_links = 5\nmax_links = 6\n", NULL,
      "node.conf:3: link.max_links is given twice", 0, false },
    { "an indented line does not change the one above", "[link]\nmax_links = 5\n handshake_ms = 6\n", NULL,
      "begins with a blank", 0, false },
    { "a line that is no pair is refused", "[link]\nmax_links = 5\nwhat\n", NULL, "node.conf:3: neither", 0,
      false },
    { "a section that does not close is refused", "[link\nmax_links = 5\n", NULL,
      "node.conf:2: max_links stands before any [section]", 0, false },
    { "a timeout below its interval is refused", "[link]\nheartbeat_timeout_ms = 1s\n", NULL,
      "link.heartbeat_timeout_ms must not be less than link.heartbeat_interval_ms", 0, false },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    write_text("node.conf", row->file);
    tdm_code code = load(&config, NULL, NULL, &err);
    if (row->good) {
        assert_int_equal(code, TDM_OK);
        assert_string_equal(tdm_config_text(config, row->setting), row->wanted);
        assert_true(tdm_config_int(config, row->setting) == row->number);
    } else {
        assert_int_equal(code, TDM_INVALID);
        assert_null(config);
        if (strstr(err.what, row->wanted) == NULL)
            fail_msg("%s", err.what);
    }
    tdm_config_destroy(&config);
}

static void check_line_bounds(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    char text[1000] = "[node]\nstate = /";
    memset(text + strlen(text), 'x', 700);
    write_text("node.conf", text);
    assert_int_equal(load(&config, NULL, NULL, &err), TDM_INVALID);
    assert_non_null(strstr(err.what, "node.conf:2: the line is too long"));
    write_file("node.conf", "[node]\nstate = /a\0b\n", 21);
    assert_int_equal(load(&config, NULL, NULL, &err), TDM_INVALID);
    assert_non_null(strstr(err.what, "node.conf:2: the line holds a zero byte"));
}

static void check_big_file(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    char *text = malloc(300000);
    memset(text, '\n', 300000);
    write_file("node.conf", text, 300000);
    free(text);
    assert_int_equal(load(&config, NULL, NULL, &err), TDM_INVALID);
    assert_non_null(strstr(err.what, "larger than"));
}

static void check_missing_file(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    char *argv[] = { "tandem-node", "--config=/nowhere/at/all.conf", NULL };
    assert_int_equal(tdm_config_load(&config, TDM_ROLE_NODE, 2, argv, NULL, NULL), TDM_NOT_FOUND);
}

static void expect_level(const char *option, const char *variable, const char *level, const char *origin)
{
    tdm_config *config = NULL;
    assert_int_equal(load(&config, option, variable, NULL), TDM_OK);
    assert_string_equal(tdm_config_text(config, "log.level"), level);
    if (strstr(tdm_config_origin(config, "log.level"), origin) == NULL)
        fail_msg("%s", tdm_config_origin(config, "log.level"));
    tdm_config_destroy(&config);
}

static void check_order(void **state)
{
    (void)state;
    char folder[200];
    write_text("node.conf", "[log]\n");
    expect_level(NULL, NULL, "info", "default");
    write_text("node.conf", "[log]\nlevel = error\n");
    expect_level(NULL, NULL, "error", "/node.conf:2");
    snprintf(folder, sizeof folder, "%s/node.conf.d", scratch);
    assert_int_equal(mkdir(folder, 0700), 0);
    write_text("node.conf.d/20-b.conf", "\n[log]\nlevel = notice\n");
    write_text("node.conf.d/10-a.conf", "[log]\nlevel = warn\n");
    write_text("node.conf.d/30-c.conf~", "[log]\nlevel = nonsense\n");
    expect_level(NULL, NULL, "notice", "/node.conf.d/20-b.conf:3");
    expect_level(NULL, "TANDEM_LOG_LEVEL=debug", "debug", "environment TANDEM_LOG_LEVEL");
    expect_level("--log.level=warn", "TANDEM_LOG_LEVEL=debug", "warn", "option --log.level");
    expect_level("--log-level=error", "TANDEM_LOG_LEVEL=debug", "error", "option --log-level");
    snprintf(folder, sizeof folder, "rm -r '%s/node.conf.d'", scratch);
    assert_int_equal(system(folder), 0);
}

struct word_row {
    const char *name;
    const char *option;
    const char *variable;
    const char *wanted; /* words of the error */
};

static const struct word_row WORDS[] = {
    { "an unknown option names the nearest", "--chekc", NULL,
      "--chekc: no such option; the nearest is --check" },
    { "an unknown setting as option names the nearest", "--log.lvel=info", NULL,
      "option --log.lvel: no setting log.lvel; the nearest is log.level" },
    { "an option that needs a value says so", "--log.level", NULL, "--log.level needs a value" },
    { "an option without a value takes none", "--check=yes", NULL, "--check takes no value" },
    { "a bare word is refused", "start", NULL, "start: this program takes only options" },
    { "a bad value in the environment names the variable", NULL, "TANDEM_LINK_MAX_LINKS=x",
      "environment TANDEM_LINK_MAX_LINKS: link.max_links = x: must be" },
    { "an unknown variable of a known section is refused", NULL, "TANDEM_LINK_MAX_LINK=3",
      "the nearest is link.max_links" },
    { "a newline in a variable is refused", NULL, "TANDEM_NODE_ORGANISATION=a\nb", "node.organisation" },
    { "a state folder at home must be valid", NULL, "TANDEM_HOME=/x\n", "TANDEM_HOME" },
};

static void check_word(void **state)
{
    const struct word_row *row = *state;
    tdm_config *config = NULL;
    tdm_err err = { 0 };
    write_text("node.conf", "");
    assert_int_equal(load(&config, row->option, row->variable, &err), TDM_INVALID);
    if (strstr(err.what, row->wanted) == NULL)
        fail_msg("%s", err.what);
}

static void check_actions(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        tdm_config_action action;
    } ACTIONS[] = { { NULL, TDM_CONFIG_RUN },        { "-n", TDM_CONFIG_CHECK },
                    { "--check", TDM_CONFIG_CHECK }, { "-h", TDM_CONFIG_HELP },
                    { "--help", TDM_CONFIG_HELP },   { "--version", TDM_CONFIG_VERSION } };
    write_text("node.conf", "");
    for (size_t i = 0; i < TDM_COUNT(ACTIONS); i++) {
        tdm_config *config = NULL;
        assert_int_equal(load(&config, ACTIONS[i].option, NULL, NULL), TDM_OK);
        assert_int_equal(tdm_config_asked(config), ACTIONS[i].action);
        tdm_config_destroy(&config);
    }
}

static void check_help_reads_nothing(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    write_text("node.conf", "[broken\n");
    assert_int_equal(load(&config, "--help", NULL, NULL), TDM_OK);
    tdm_config_destroy(&config);
}

static void check_home(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    write_text("node.conf", "");
    assert_int_equal(load(&config, NULL, "TANDEM_HOME=/srv/tandem", NULL), TDM_OK);
    assert_string_equal(tdm_config_own(config, "state"), "/srv/tandem");
    tdm_config_destroy(&config);
    write_text("node.conf", "[node]\nstate = /srv/other\n");
    assert_int_equal(load(&config, NULL, "TANDEM_HOME=/srv/tandem", NULL), TDM_OK);
    assert_string_equal(tdm_config_own(config, "state"), "/srv/other");
    tdm_config_destroy(&config);
}

/* What show prints, with its origins as comments, is a file that gives the same. */
static void check_show(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    tdm_buf first = { 0 };
    tdm_buf plain = { 0 };
    tdm_buf again = { 0 };
    write_text("node.conf", "[node]\norganisation = N\xc3\x96RD\n[store]\nmap_bytes = 2GiB\n");
    assert_int_equal(load(&config, "--http.listen=off", NULL, NULL), TDM_OK);
    tdm_config_show(config, true, &first);
    tdm_config_show(config, false, &plain);
    tdm_config_destroy(&config);
    write_file("node.conf", (char *)first.data, first.len);
    assert_int_equal(load(&config, NULL, NULL, NULL), TDM_OK);
    tdm_config_show(config, false, &again);
    assert_true(tdm_span_equal(tdm_buf_span(&plain), tdm_buf_span(&again)));
    tdm_buf_add(&first, "", 1);
    assert_non_null(strstr((char *)first.data, "map_bytes = 2GiB ; "));
    assert_non_null(strstr((char *)first.data, "listen = off ; option --http.listen\n"));
    assert_null(strstr((char *)first.data, "[hub]"));
    tdm_config_destroy(&config);
    tdm_buf_free(&first);
    tdm_buf_free(&plain);
    tdm_buf_free(&again);
}

static void check_show_json(void **state)
{
    (void)state;
    tdm_config *config = NULL;
    tdm_buf out = { 0 };
    write_text("node.conf", "");
    assert_int_equal(load(&config, NULL, NULL, NULL), TDM_OK);
    tdm_config_show_json(config, &out);
    json_t *rows = json_loadb((char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_array(rows));
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "name")),
                        "node.organisation");
    json_decref(rows);
    tdm_config_destroy(&config);
    tdm_buf_free(&out);
}

/* Every row is told by help, its default is valid for it, and no key holds a secret itself. */
static void check_table(void **state)
{
    (void)state;
    static const char *const SECRETS[] = { "secret", "password", "token", "private" };
    const tdm_setting *settings = tdm_settings();
    tdm_buf help[2] = { { 0 }, { 0 } };
    tdm_config_help(TDM_ROLE_HUB, "tandem-hub", &help[0]);
    tdm_config_help(TDM_ROLE_NODE, "tandem-node", &help[1]);
    tdm_buf_add(&help[0], "", 1);
    tdm_buf_add(&help[1], "", 1);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        int64_t number;
        assert_true(tdm_setting_parse(&settings[i], settings[i].fallback, &number));
        for (int role = 0; role < 2; role++)
            if ((settings[i].roles & (1 << role)) != 0)
                assert_non_null(strstr((char *)help[role].data, settings[i].help));
        for (size_t s = 0; s < TDM_COUNT(SECRETS); s++)
            assert_true(strstr(settings[i].key, SECRETS[s]) == NULL
                        || strstr(settings[i].key, "_file") != NULL);
    }
    tdm_buf_free(&help[0]);
    tdm_buf_free(&help[1]);
}

static void check_manual(void **state)
{
    (void)state;
    tdm_buf out = { 0 };
    tdm_config_manual(TDM_ROLE_HUB, &out);
    tdm_buf_add(&out, "", 1);
    assert_memory_equal(out.data, ".Ss Section [hub]\n.Bl -tag", 26);
    assert_non_null(strstr((char *)out.data, ".It Cm tide_interval_ms No = Ar duration\n"));
    assert_null(strstr((char *)out.data, "[node]"));
    tdm_buf_free(&out);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + TDM_COUNT(WORDS) + 11];
    size_t n = 0;
    for (size_t i = 0; i < TDM_COUNT(ROWS); i++)
        tests[n++] = (struct CMUnitTest){ ROWS[i].name, check_row, NULL, NULL, (void *)&ROWS[i] };
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++)
        tests[n++] = (struct CMUnitTest){ WORDS[i].name, check_word, NULL, NULL, (void *)&WORDS[i] };
#define ROW(name, check) tests[n++] = (struct CMUnitTest){ name, check, NULL, NULL, NULL }
    ROW("a line too long or with a zero byte is refused", check_line_bounds);
    ROW("a file past its bound is refused", check_big_file);
    ROW("a file that was named must be there", check_missing_file);
    ROW("default, file, drop-ins, environment, option: the later wins", check_order);
    ROW("options say what to do", check_actions);
    ROW("help reads no file", check_help_reads_nothing);
    ROW("TANDEM_HOME is the default state folder", check_home);
    ROW("what show prints gives the same configuration", check_show);
    ROW("show in JSON is JSON", check_show_json);
    ROW("each row has a valid default, help, and no secret", check_table);
    ROW("the manual lists the role's settings", check_manual);
    return _cmocka_run_group_tests("config", tests, n, make_scratch, remove_scratch);
}
