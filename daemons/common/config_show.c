/* SPDX-License-Identifier: MPL-2.0
 *
 * config_show.c: the configuration as text, JSON, help and manual, all from the one table.
 */
#include "config.h"
#include "config_internal.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

/* The rows of a role, section by section: *section changes when a new one begins. */
static bool begins_section(const tdm_setting *setting, const char **section)
{
    if (*section != NULL && strcmp(*section, setting->section) == 0)
        return false;
    *section = setting->section;
    return true;
}

static bool is_shown(const tdm_setting *setting, tdm_role role)
{
    return (setting->roles & (int)role) != 0;
}

void tdm_config_show(const tdm_config *config, bool with_origin, tdm_buf *out)
{
    const tdm_setting *settings = tdm_settings();
    const char *section = NULL;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!is_shown(&settings[i], config->role))
            continue;
        if (begins_section(&settings[i], &section))
            tdm_buf_format(out, "%s[%s]\n", out->len == 0 ? "" : "\n", section);
        tdm_buf_format(out, "%s = %s", settings[i].key, config->values[i].text);
        if (with_origin)
            tdm_buf_format(out, " ; %s", config->values[i].origin);
        tdm_buf_text(out, "\n");
    }
}

static void show_row(tdm_json *json, const tdm_setting *setting, const tdm_setting_value *value)
{
    char name[80];
    char accepts[96];
    tdm_setting_accepts(setting, accepts, sizeof accepts);
    tdm_json_begin_object(json);
    snprintf(name, sizeof name, "%s.%s", setting->section, setting->key);
    tdm_json_text(tdm_json_key(json, "name"), name);
    tdm_json_text(tdm_json_key(json, "value"), value->text);
    tdm_json_text(tdm_json_key(json, "origin"), value->origin);
    tdm_json_text(tdm_json_key(json, "default"), setting->fallback);
    tdm_json_text(tdm_json_key(json, "accepts"), accepts);
    tdm_json_text(tdm_json_key(json, "help"), setting->help);
    tdm_json_end_object(json);
}

void tdm_config_show_json(const tdm_config *config, tdm_buf *out)
{
    const tdm_setting *settings = tdm_settings();
    tdm_json json = tdm_json_open(out);
    tdm_json_begin_array(&json);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (is_shown(&settings[i], config->role))
            show_row(&json, &settings[i], &config->values[i]);
    tdm_json_end_array(&json);
    /* Values were checked when they were read, and the table is ours: only memory can fail, kept in `out`. */
    (void)tdm_json_close(&json, NULL);
}

void tdm_config_help(tdm_role role, const char *program, tdm_buf *out)
{
    const tdm_setting *settings = tdm_settings();
    const char *section = NULL;
    tdm_buf_format(out,
                   "usage: %s [options]\n\n"
                   "  --config FILE          read FILE, then its drop-ins, in place of /etc/tandem/%s.conf\n"
                   "  -n, --check            check the configuration and leave\n"
                   "  --log-format FORMAT    the same as --log.format\n"
                   "  --log-level LEVEL      the same as --log.level\n"
                   "  --version              print the version and leave\n"
                   "  -h, --help             print this and leave\n\n"
                   "Settings, as --section.key=value, as TANDEM_SECTION_KEY, or in the file:\n",
                   program, role == TDM_ROLE_HUB ? "hub" : "node");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char accepts[96];
        if (!is_shown(&settings[i], role))
            continue;
        if (begins_section(&settings[i], &section))
            tdm_buf_format(out, "\n[%s]\n", section);
        tdm_setting_accepts(&settings[i], accepts, sizeof accepts);
        tdm_buf_format(out, "  %-22s %s\n", settings[i].key, settings[i].help);
        tdm_buf_format(out, "  %-22s %s: %s; default %s\n", "", tdm_setting_kind(&settings[i]), accepts,
                       *settings[i].fallback == '\0' ? "nothing" : settings[i].fallback);
    }
}

void tdm_config_manual(tdm_role role, tdm_buf *out)
{
    const tdm_setting *settings = tdm_settings();
    const char *section = NULL;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char accepts[96];
        if (!is_shown(&settings[i], role))
            continue;
        bool first = section == NULL;
        if (begins_section(&settings[i], &section))
            tdm_buf_format(out, "%s.Ss Section [%s]\n.Bl -tag -width Ds\n", first ? "" : ".El\n", section);
        tdm_setting_accepts(&settings[i], accepts, sizeof accepts);
        tdm_buf_format(out, ".It Cm %s No = Ar %s\n%s.\nTakes %s.\nThe default is %s.\n", settings[i].key,
                       tdm_setting_kind(&settings[i]), settings[i].help, accepts,
                       *settings[i].fallback == '\0' ? "empty" : settings[i].fallback);
    }
    tdm_buf_text(out, ".El\n");
}
