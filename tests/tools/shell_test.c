/* SPDX-License-Identifier: MPL-2.0
 *
 * shell_test.c: whatever a path has in it, a shell reads the word made of it as that path, and does nothing
 * else.
 */
#include "shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const PATHS[] = {
    "/var/lib/tandem-hub",
    "/srv/our store",
    "/srv/it's",
    "/srv/$(reboot)",
    "/srv/a;b",
    "",
    "-rf",
    "~",
    "a\\b\nc",
    "/srv/*\"quotes\"`x`",
    "'",
    "''",
};

/* What the shell makes of it, as printf's one argument. */
static void read_back(const char *word, char *out, size_t size)
{
    char command[TDM_SHELL_WORD_MAX + 32];
    snprintf(command, sizeof command, "printf '%%s|' %s", word);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    size_t len = fread(out, 1, size - 1, shell);
    out[len] = '\0';
    assert_int_equal(pclose(shell), 0);
}

static void check_paths(void **state)
{
    (void)state;
    char word[TDM_SHELL_WORD_MAX];
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        char got[256];
        char wanted[256];
        snprintf(wanted, sizeof wanted, "%s|", PATHS[i]);
        read_back(tdm_shell_word(word, PATHS[i]), got, sizeof got);
        assert_string_equal(got, wanted);
    }
}

static void check_plain(void **state)
{
    (void)state;
    char word[TDM_SHELL_WORD_MAX];
    assert_string_equal(tdm_shell_word(word, PATHS[0]), PATHS[0]);
    assert_string_equal(tdm_shell_word(word, "a b"), "'a b'");
}

static void check_long(void **state)
{
    (void)state;
    char word[TDM_SHELL_WORD_MAX];
    char path[PATH_MAX + 1];
    memset(path, '\'', sizeof path - 1);
    path[PATH_MAX - 1] = '\0';
    assert_int_equal(strlen(tdm_shell_word(word, path)), (size_t)(PATH_MAX - 1) * 4 + 2);
    path[PATH_MAX - 1] = '\'';
    path[PATH_MAX] = '\0';
    assert_string_equal(tdm_shell_word(word, path), "DIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "a shell reads the path", check_paths, NULL, NULL, NULL },
        { "what needs no quotes has none", check_plain, NULL, NULL, NULL },
        { "the longest, and one too long", check_long, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests_name("shell", tests, NULL, NULL);
}
