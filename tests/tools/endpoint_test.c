/* SPDX-License-Identifier: MPL-2.0
 *
 * endpoint_test.c: the specification of tools/tandem/endpoint.c and bytes.c: which daemon is meant, and
 * whether it is there.
 */
#include "client.h"
#include "support.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#define TEN "0123456789"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

struct row {
    const char *name;
    const char *line;
    const char *home;
    const char *wanted; /* the endpoint; NULL: refused */
    const char *words;  /* of the error */
};

static const struct row ROWS[] = {
    { "TANDEM_HOME names the state folder", "tandem status", "/var/lib/x", "ipc:///var/lib/x/control.sock",
      NULL },
    { "--connect wins over TANDEM_HOME", "tandem status --connect /a", "/var/lib/x", "ipc:///a/control.sock",
      NULL },
    { "slashes at the end do not matter", "tandem status --connect /a//", NULL, "ipc:///a/control.sock",
      NULL },
    { "an endpoint is taken as it is", "tandem status --connect ipc:///a/b.sock", NULL, "ipc:///a/b.sock",
      NULL },
    { "a path of 107 bytes fits a socket", "tandem status --connect /123" NINETY, NULL,
      "ipc:///123" NINETY "/control.sock", NULL },
    { "a path of 108 bytes is refused", "tandem status --connect /1234" NINETY, NULL, NULL, "takes 107" },
    { "an endpoint over 107 bytes is refused", "tandem status --connect ipc:///" NINETY TEN TEN, NULL, NULL,
      "107" },
    { "another transport is refused", "tandem status --connect tcp://127.0.0.1:1", NULL, NULL,
      "no control endpoint" },
    { "an empty endpoint is refused", "tandem status --connect ipc://", NULL, NULL, "no control endpoint" },
    { "nothing named says what to set", "tandem status", NULL, NULL, "set TANDEM_HOME" },
    { "an empty TANDEM_HOME is none", "tandem status", "", NULL, "set TANDEM_HOME" },
    { "a configuration that is not there is refused", "tandem status --config /nowhere/node.conf", NULL, NULL,
      "/nowhere/node.conf" },
};

static void check_row(void **state)
{
    const struct row *row = *state;
    command_line line;
    tdm_invocation invocation;
    tdm_err err = { 0 };
    char endpoint[TDM_CONTROL_ADDRESS_MAX] = "";
    split_line(&line, row->line);
    assert_int_equal(tdm_invocation_parse(&invocation, line.argc, line.argv, &err), TDM_OK);
    tdm_code code = tdm_endpoint_find(&invocation, row->home, endpoint, &err);
    if (row->wanted != NULL) {
        assert_int_equal(code, TDM_OK);
        assert_string_equal(endpoint, row->wanted);
    } else {
        assert_int_not_equal(code, TDM_OK);
        if (strstr(err.what, row->words) == NULL)
            fail_msg("the error says: %s", err.what);
    }
    tdm_invocation_free(&invocation);
}

static char folder[] = "/tmp/tandem-endpoint-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[80];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void write_config(char path[64], const char *name, const char *text)
{
    snprintf(path, 64, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A file does not say whose it is: the role is the one whose settings these are. */
static void config_names_the_folder(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *wanted;
    } FILES[] = { { "[node]\nstate = /n\n", "ipc:///n/control.sock" },
                  { "[hub]\nstate = /h\n", "ipc:///h/control.sock" } };
    for (size_t i = 0; i < TDM_COUNT(FILES); i++) {
        char path[64];
        char endpoint[TDM_CONTROL_ADDRESS_MAX];
        command_line line;
        tdm_invocation invocation;
        tdm_err err = { 0 };
        write_config(path, "any.conf", FILES[i].text);
        split_line(&line, "tandem status");
        assert_int_equal(tdm_invocation_parse(&invocation, line.argc, line.argv, &err), TDM_OK);
        json_object_set_new(invocation.own, "config", json_string(path));
        assert_int_equal(tdm_endpoint_find(&invocation, "/home", endpoint, &err), TDM_OK);
        assert_string_equal(endpoint, FILES[i].wanted);
        tdm_invocation_free(&invocation);
    }
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void probe_tells_why(void **state)
{
    (void)state;
    char endpoint[128];
    tdm_err err = { 0 };
    snprintf(endpoint, sizeof endpoint, "ipc://%s/control.sock", folder);
    assert_int_equal(tdm_control_probe(endpoint, &err), TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "no daemon has opened"));
    int fd = listen_at(endpoint + strlen("ipc://"));
    assert_int_equal(tdm_control_probe(endpoint, &err), TDM_OK);
    close(fd); /* the file stays, as after a crash */
    assert_int_equal(tdm_control_probe(endpoint, &err), TDM_UNREACHABLE);
    assert_non_null(strstr(err.what, "does not run any more"));
}

static void files_are_bounded(void **state)
{
    (void)state;
    char path[64];
    tdm_buf bytes = { 0 };
    tdm_err err = { 0 };
    write_config(path, "bytes", "12345");
    assert_int_equal(tdm_read_file(path, stdin, 5, &bytes, &err), TDM_OK);
    assert_int_equal(bytes.len, 5);
    tdm_buf_clear(&bytes);
    assert_int_equal(tdm_read_file(path, stdin, 4, &bytes, &err), TDM_FULL);
    tdm_buf_free(&bytes);
    assert_int_equal(tdm_read_file("/nowhere/at all", stdin, 4, &bytes, &err), TDM_NOT_FOUND);
    assert_int_equal(tdm_read_file(folder, stdin, 4, &bytes, &err), TDM_IO);
}

int main(void)
{
    struct CMUnitTest tests[TDM_COUNT(ROWS) + 3];
    size_t count = 0;
    for (; count < TDM_COUNT(ROWS); count++)
        tests[count] = (struct CMUnitTest){ ROWS[count].name, check_row, NULL, NULL, (void *)&ROWS[count] };
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(config_names_the_folder);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(probe_tells_why);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(files_are_bounded);
    return _cmocka_run_group_tests("endpoint", tests, count, make_folder, remove_folder);
}
