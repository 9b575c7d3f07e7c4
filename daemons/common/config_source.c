/* SPDX-License-Identifier: MPL-2.0
 *
 * config_source.c: the sources of a configuration: files with drop-ins, environment, options.
 */
#include "config_internal.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <ctype.h>

#define FILE_MAX_BYTES (256 * 1024)

/* One file on its way through libinih, which tells no line numbers: its reader counts them here. */
struct reading {
    tdm_config *config;
    const char *path;
    const char *at; /* what is not yet read */
    const char *end;
    int line;
    tdm_code code; /* the first failure */
    tdm_err *err;
};

/* libinih asks for a line as fgets would give it. A line longer than its buffer would be taken for two. */
static char *next_line(char *line, int size, void *user)
{
    struct reading *reading = user;
    if (reading->code != TDM_OK || reading->at == reading->end)
        return NULL;
    reading->line++;
    const char *newline = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    size_t len = (size_t)((newline == NULL ? reading->end : newline + 1) - reading->at);
    if (len >= (size_t)size || memchr(reading->at, '\0', len) != NULL) {
        reading->code = tdm_fail(reading->err, TDM_INVALID, 0, "%.120s:%d: %s", reading->path, reading->line,
                                 len >= (size_t)size ? "the line is too long" : "the line holds a zero byte");
        return NULL;
    }
    memcpy(line, reading->at, len);
    line[len] = '\0';
    reading->at += len;
    return line;
}

static int take_pair(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    char origin[PATH_MAX + 16];
    if (reading->code != TDM_OK)
        return 1;
    snprintf(origin, sizeof origin, "%s:%d", reading->path, reading->line);
    if (*section == '\0')
        reading->code =
            tdm_fail(reading->err, TDM_INVALID, 0, "%.120s: %.50s stands before any [section]", origin, key);
    else
        reading->code = tdm_config_set(reading->config, section, key, value, origin, true, reading->err);
    return 1;
}

static tdm_code parse_file(tdm_config *config, const char *path, const char *text, size_t len, tdm_err *err)
{
    struct reading reading = { config, path, text, text + len, 0, TDM_OK, err };
    config->sources++;
    int broken = ini_parse_stream(next_line, &reading, take_pair, &reading);
    if (reading.code != TDM_OK)
        return reading.code;
    if (broken != 0)
        return tdm_fail(err, TDM_INVALID, 0, "%.120s:%d: neither [section] nor key = value", path, broken);
    return TDM_OK;
}

static tdm_code read_file(tdm_config *config, const char *path, bool may_miss, tdm_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (may_miss && errno == ENOENT)
            return TDM_OK;
        return tdm_fail(err, errno == ENOENT ? TDM_NOT_FOUND : TDM_IO, errno, "cannot read %.140s: %s", path,
                        strerror(errno));
    }
    char *text = malloc(FILE_MAX_BYTES + 1);
    size_t len = text == NULL ? 0 : fread(text, 1, FILE_MAX_BYTES + 1, file);
    tdm_code code = TDM_OK;
    if (text == NULL || ferror(file))
        code = tdm_fail(err, TDM_IO, errno, "cannot read %.140s: %s", path, strerror(errno));
    else if (len > FILE_MAX_BYTES)
        code = tdm_fail(err, TDM_INVALID, 0, "%.140s is larger than %d bytes", path, FILE_MAX_BYTES);
    else
        code = parse_file(config, path, text, len, err);
    free(text);
    fclose(file);
    return code;
}

static int is_dropin(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* By bytes: the order must not change with the locale, as alphasort's does. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static tdm_code read_dropins(tdm_config *config, const char *file, tdm_err *err)
{
    char folder[PATH_MAX];
    char path[PATH_MAX + NAME_MAX + 2];
    size_t len = strlen(file);
    bool named = len > 5 && strcmp(file + len - 5, ".conf") == 0;
    if (snprintf(folder, sizeof folder, "%s%s.d", file, named ? "" : ".conf") >= (int)sizeof folder)
        return tdm_fail(err, TDM_INVALID, ENAMETOOLONG, "the configuration file's path is too long");
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_dropin, by_name);
    if (count < 0)
        return errno == ENOENT
                   ? TDM_OK
                   : tdm_fail(err, TDM_IO, errno, "cannot read %.140s: %s", folder, strerror(errno));
    tdm_code code = TDM_OK;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (code == TDM_OK)
            code = read_file(config, path, false, err);
        free(entries[i]);
    }
    free(entries);
    return code;
}

tdm_code tdm_config_read_files(tdm_config *config, const char *file, tdm_err *err)
{
    const char *path = file;
    if (path == NULL)
        path = config->role == TDM_ROLE_HUB ? "/etc/tandem/hub.conf" : "/etc/tandem/node.conf";
    tdm_code code = read_file(config, path, file == NULL, err);
    return code == TDM_OK ? read_dropins(config, path, err) : code;
}

/* TANDEM_LINK_MAX_LINKS: sections have no underscore, so the first one ends the section. */
static tdm_code take_variable(tdm_config *config, const char *variable, tdm_err *err)
{
    char section[32];
    char key[64];
    char origin[128];
    const char *name = variable + strlen("TANDEM_");
    const char *equals = strchr(name, '=');
    const char *underscore = strchr(name, '_');
    if (equals == NULL || underscore == NULL || underscore > equals || equals - underscore > 63
        || underscore - name > 31)
        return TDM_OK;
    size_t section_len = 0;
    for (const char *at = name; at < underscore; at++)
        section[section_len++] = (char)tolower((unsigned char)*at);
    section[section_len] = '\0';
    size_t key_len = 0;
    for (const char *at = underscore + 1; at < equals; at++)
        key[key_len++] = (char)tolower((unsigned char)*at);
    key[key_len] = '\0';
    if (!tdm_config_knows_section(section))
        return TDM_OK; /* such as TANDEM_TEST_DATA: other programs' variables are no settings */
    snprintf(origin, sizeof origin, "environment %.*s", (int)(equals - variable), variable);
    return tdm_config_set(config, section, key, equals + 1, origin, false, err);
}

tdm_code tdm_config_read_environment(tdm_config *config, char *const env[], tdm_err *err)
{
    config->sources++;
    tdm_code code = TDM_OK;
    for (size_t i = 0; env != NULL && env[i] != NULL && code == TDM_OK; i++)
        if (strncmp(env[i], "TANDEM_", strlen("TANDEM_")) == 0)
            code = take_variable(config, env[i], err);
    return code;
}

struct option_row {
    const char *name;
    bool takes_value;
    int action;          /* -1: none */
    const char *setting; /* section.key it stands for, or NULL */
};

static const struct option_row OPTIONS[] = {
    { "--config", true, -1, NULL },
    { "-n", false, TDM_CONFIG_CHECK, NULL },
    { "--check", false, TDM_CONFIG_CHECK, NULL },
    { "-h", false, TDM_CONFIG_HELP, NULL },
    { "--help", false, TDM_CONFIG_HELP, NULL },
    { "--version", false, TDM_CONFIG_VERSION, NULL },
    { "--log-format", true, -1, "log.format" },
    { "--log-level", true, -1, "log.level" },
};

/* One option as it stands: its row (NULL for --section.key), name and value. */
struct option {
    const struct option_row *row;
    char name[96];
    const char *value;
};

static tdm_code unknown_option(const char *name, tdm_err *err)
{
    const char *names[TDM_COUNT(OPTIONS)];
    for (size_t i = 0; i < TDM_COUNT(OPTIONS); i++)
        names[i] = OPTIONS[i].name;
    const char *near = tdm_nearest(name, names, TDM_COUNT(OPTIONS));
    if (name[0] != '-')
        return tdm_fail(err, TDM_INVALID, 0, "%.80s: this program takes only options; see --help", name);
    if (near != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%.80s: no such option; the nearest is %s", name, near);
    return tdm_fail(err, TDM_INVALID, 0, "%.80s: no such option; see --help", name);
}

/* Read the option at argv[*at], and move *at behind it. */
static tdm_code next_option(struct option *out, int argc, char *const argv[], int *at, tdm_err *err)
{
    const char *word = argv[(*at)++];
    const char *equals = strchr(word, '=');
    size_t len = equals == NULL ? strlen(word) : (size_t)(equals - word);
    if (len >= sizeof out->name)
        return tdm_fail(err, TDM_INVALID, 0, "%.80s...: no such option; see --help", word);
    memcpy(out->name, word, len);
    out->name[len] = '\0';
    out->row = NULL;
    out->value = equals == NULL ? NULL : equals + 1;
    for (size_t i = 0; i < TDM_COUNT(OPTIONS); i++)
        if (strcmp(OPTIONS[i].name, out->name) == 0)
            out->row = &OPTIONS[i];
    bool setting = out->row == NULL && strncmp(out->name, "--", 2) == 0 && strchr(out->name, '.') != NULL;
    if (out->row == NULL && !setting)
        return unknown_option(out->name, err);
    bool takes_value = setting || out->row->takes_value;
    if (!takes_value && out->value != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s takes no value", out->name);
    if (takes_value && out->value == NULL && *at < argc)
        out->value = argv[(*at)++];
    if (takes_value && out->value == NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%s needs a value", out->name);
    return TDM_OK;
}

tdm_code tdm_config_scan_options(tdm_config *config, int argc, char *const argv[], const char **file,
                                 tdm_err *err)
{
    struct option option;
    for (int at = 1; at < argc;) {
        tdm_code code = next_option(&option, argc, argv, &at, err);
        if (code != TDM_OK)
            return code;
        /* The later of the enumeration wins: help beside a check is help. */
        if (option.row != NULL && option.row->action > (int)config->action)
            config->action = (tdm_config_action)option.row->action;
        if (option.row != NULL && strcmp(option.row->name, "--config") == 0)
            *file = option.value;
    }
    return TDM_OK;
}

static tdm_code take_option(tdm_config *config, const struct option *option, tdm_err *err)
{
    char section[96];
    char origin[128];
    const char *name = option->row == NULL ? option->name + 2 : option->row->setting;
    const char *dot = strchr(name, '.');
    snprintf(section, sizeof section, "%.*s", (int)(dot - name), name);
    snprintf(origin, sizeof origin, "option %s", option->name);
    return tdm_config_set(config, section, dot + 1, option->value, origin, false, err);
}

tdm_code tdm_config_read_options(tdm_config *config, int argc, char *const argv[], tdm_err *err)
{
    struct option option;
    config->sources++;
    for (int at = 1; at < argc;) {
        tdm_code code = next_option(&option, argc, argv, &at, err);
        if (code == TDM_OK && (option.row == NULL || option.row->setting != NULL))
            code = take_option(config, &option, err);
        if (code != TDM_OK)
            return code;
    }
    return TDM_OK;
}
