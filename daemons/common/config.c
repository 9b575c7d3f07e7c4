/* SPDX-License-Identifier: MPL-2.0
 *
 * config.c: the table of settings, its values, and what is shown of them.
 */
#include "config.h"
#include "config_internal.h"
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const tdm_setting SETTINGS[] = {
#define X(section, key, kind, min, max, fallback, words, roles, help)                                        \
    { section, key, KIND_##kind, min, max, fallback, words, ROLES_##roles, help },
    TDM_SETTINGS(X)
#undef X
};

const tdm_setting *tdm_settings(void)
{
    return SETTINGS;
}

static bool is_for(const tdm_setting *setting, tdm_role role)
{
    return (setting->roles & (int)role) != 0;
}

bool tdm_config_knows_section(const char *section)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strcmp(SETTINGS[i].section, section) == 0)
            return true;
    return false;
}

static tdm_code unknown_setting(const tdm_config *config, const char *section, const char *key,
                                const char *origin, tdm_err *err)
{
    char asked[128];
    char full[SETTING_COUNT][64];
    const char *names[SETTING_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (is_for(&SETTINGS[i], config->role)) {
            snprintf(full[count], sizeof full[count], "%s.%s", SETTINGS[i].section, SETTINGS[i].key);
            names[count] = full[count];
            count++;
        }
    snprintf(asked, sizeof asked, "%.40s.%.60s", section, key);
    const char *near = tdm_nearest(asked, names, count);
    if (near != NULL)
        return tdm_fail(err, TDM_INVALID, 0, "%.70s: no setting %.64s; the nearest is %s", origin, asked,
                        near);
    return tdm_fail(err, TDM_INVALID, 0, "%.80s: no setting %.64s; see --help", origin, asked);
}

static tdm_code find_setting(const tdm_config *config, const char *section, const char *key,
                             const char *origin, size_t *out, tdm_err *err)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(SETTINGS[i].section, section) != 0 || strcmp(SETTINGS[i].key, key) != 0)
            continue;
        *out = i;
        if (is_for(&SETTINGS[i], config->role))
            return TDM_OK;
        return tdm_fail(err, TDM_INVALID, 0, "%.80s: %s.%s is a setting of the %s", origin, section, key,
                        config->role == TDM_ROLE_HUB ? "node, not of the hub" : "hub, not of the node");
    }
    return unknown_setting(config, section, key, origin, err);
}

static tdm_code store_value(tdm_config *config, size_t at, const char *text, int64_t number,
                            const char *origin, tdm_err *err)
{
    tdm_setting_value *value = &config->values[at];
    char *new_text = strdup(text);
    char *new_origin = strdup(origin);
    if (new_text == NULL || new_origin == NULL) {
        free(new_text);
        free(new_origin);
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for the configuration");
    }
    free(value->text);
    free(value->origin);
    *value = (tdm_setting_value){ new_text, number, new_origin, config->sources };
    return TDM_OK;
}

tdm_code tdm_config_set(tdm_config *config, const char *section, const char *key, const char *text,
                        const char *origin, bool unique, tdm_err *err)
{
    size_t at = 0;
    int64_t number;
    tdm_code code = find_setting(config, section, key, origin, &at, err);
    if (code != TDM_OK)
        return code;
    if (unique && config->values[at].source == config->sources)
        return tdm_fail(err, TDM_INVALID, 0,
                        "%.90s: %s.%s is given twice (a line that begins with a blank continues the last)",
                        origin, section, key);
    if (!tdm_setting_parse(&SETTINGS[at], text, &number)) {
        char accepts[96];
        tdm_setting_accepts(&SETTINGS[at], accepts, sizeof accepts);
        return tdm_fail(err, TDM_INVALID, 0, "%.60s: %s.%s = %.30s: must be %s", origin, section, key, text,
                        accepts);
    }
    return store_value(config, at, text, number, origin, err);
}

static const char *home_of(char *const env[])
{
    for (size_t i = 0; env != NULL && env[i] != NULL; i++)
        if (strncmp(env[i], "TANDEM_HOME=", strlen("TANDEM_HOME=")) == 0)
            return env[i] + strlen("TANDEM_HOME=");
    return "";
}

static tdm_code set_defaults(tdm_config *config, char *const env[], tdm_err *err)
{
    const char *home = home_of(env);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const tdm_setting *setting = &SETTINGS[i];
        bool at_home = *home != '\0' && strcmp(setting->key, "state") == 0;
        int64_t number;
        const char *text = at_home ? home : setting->fallback;
        if (!tdm_setting_parse(setting, text, &number))
            return tdm_fail(err, TDM_INVALID, 0, "%s of %s.%s is not valid",
                            at_home ? "TANDEM_HOME, the default" : "the default", setting->section,
                            setting->key);
        tdm_code code =
            store_value(config, i, text, number, at_home ? "environment TANDEM_HOME" : "default", err);
        if (code != TDM_OK)
            return code;
    }
    return TDM_OK;
}

static size_t index_of(const tdm_config *config, const char *name)
{
    const char *dot = strchr(name, '.');
    TDM_ASSERT(dot != NULL);
    size_t len = (size_t)(dot - name);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strlen(SETTINGS[i].section) == len && memcmp(SETTINGS[i].section, name, len) == 0
            && strcmp(SETTINGS[i].key, dot + 1) == 0 && is_for(&SETTINGS[i], config->role))
            return i;
    TDM_ASSERT(!"a setting of this role");
    return 0;
}

/* Rules between settings: `upper` must be at least `lower`. */
static const struct {
    const char *lower;
    const char *upper;
} ORDERED[] = {
    { "link.heartbeat_interval_ms", "link.heartbeat_timeout_ms" },
    { "link.reconnect_min_ms", "link.reconnect_max_ms" },
};

static tdm_code check_together(const tdm_config *config, tdm_err *err)
{
    for (size_t i = 0; i < TDM_COUNT(ORDERED); i++)
        if (tdm_config_int(config, ORDERED[i].lower) > tdm_config_int(config, ORDERED[i].upper))
            return tdm_fail(err, TDM_INVALID, 0, "%.70s: %s must not be less than %s",
                            tdm_config_origin(config, ORDERED[i].upper), ORDERED[i].upper, ORDERED[i].lower);
    char host[256];
    uint16_t port;
    const char *listen = tdm_config_text(config, "http.listen");
    if (tdm_address_split(listen, host, sizeof host, &port) && !tdm_address_is_loopback(host)
        && !tdm_config_bool(config, "http.behind_proxy"))
        return tdm_fail(
            err, TDM_INVALID, 0,
            "%.60s: http.listen = %.40s is not a loopback address: set http.behind_proxy if a TLS proxy "
            "is in front",
            tdm_config_origin(config, "http.listen"), listen);
    return TDM_OK;
}

static tdm_code load(tdm_config *config, int argc, char *const argv[], char *const env[], tdm_err *err)
{
    const char *file = NULL;
    tdm_code code = tdm_config_scan_options(config, argc, argv, &file, err);
    bool only_talk = config->action == TDM_CONFIG_HELP || config->action == TDM_CONFIG_VERSION;
    if (code == TDM_OK)
        code = set_defaults(config, env, err);
    if (code != TDM_OK || only_talk)
        return code;
    code = tdm_config_read_files(config, file, err);
    if (code == TDM_OK)
        code = tdm_config_read_environment(config, env, err);
    if (code == TDM_OK)
        code = tdm_config_read_options(config, argc, argv, err);
    return code == TDM_OK ? check_together(config, err) : code;
}

tdm_code tdm_config_load(tdm_config **out, tdm_role role, int argc, char *const argv[], char *const env[],
                         tdm_err *err)
{
    tdm_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return tdm_fail(err, TDM_FULL, ENOMEM, "no memory for the configuration");
    config->role = role;
    tdm_code code = load(config, argc, argv, env, err);
    if (code != TDM_OK) {
        tdm_config_destroy(&config);
        return code;
    }
    *out = config;
    return TDM_OK;
}

void tdm_config_destroy(tdm_config **config_at)
{
    tdm_config *config = config_at == NULL ? NULL : *config_at;
    if (config == NULL)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        free(config->values[i].text);
        free(config->values[i].origin);
    }
    free(config);
    *config_at = NULL;
}

tdm_config_action tdm_config_asked(const tdm_config *config)
{
    return config->action;
}

tdm_role tdm_config_role(const tdm_config *config)
{
    return config->role;
}

const char *tdm_config_text(const tdm_config *config, const char *name)
{
    return config->values[index_of(config, name)].text;
}

int64_t tdm_config_int(const tdm_config *config, const char *name)
{
    return config->values[index_of(config, name)].number;
}

bool tdm_config_bool(const tdm_config *config, const char *name)
{
    return tdm_config_int(config, name) != 0;
}

const char *tdm_config_own(const tdm_config *config, const char *key)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", config->role == TDM_ROLE_HUB ? "hub" : "node", key);
    return tdm_config_text(config, name);
}

tdm_span tdm_config_item(const tdm_config *config, const char *name, size_t index)
{
    const char *at = tdm_config_text(config, name);
    for (; *at != '\0'; index--) {
        at += strspn(at, " \t");
        size_t len = strcspn(at, ",");
        size_t kept = len;
        while (kept > 0 && (at[kept - 1] == ' ' || at[kept - 1] == '\t'))
            kept--;
        if (index == 0)
            return (tdm_span){ (const uint8_t *)at, kept };
        at += len + (at[len] == ',');
    }
    return (tdm_span){ NULL, 0 };
}

const char *tdm_config_origin(const tdm_config *config, const char *name)
{
    return config->values[index_of(config, name)].origin;
}

tdm_log_options tdm_config_log(const tdm_config *config)
{
    tdm_log_format format = TDM_LOG_LOGFMT;
    tdm_log_level level = TDM_LOG_INFO;
    TDM_ASSERT(tdm_log_format_from(&format, tdm_config_text(config, "log.format")));
    TDM_ASSERT(tdm_log_level_from(&level, tdm_config_text(config, "log.level")));
    return tdm_log_default(format, level);
}
