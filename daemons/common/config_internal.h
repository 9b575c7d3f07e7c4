/* SPDX-License-Identifier: MPL-2.0
 *
 * config_internal.h: what the files of config share: a row of the table, a value, and how one becomes the
 * other.
 */
#ifndef TANDEM_COMMON_CONFIG_INTERNAL_H
#define TANDEM_COMMON_CONFIG_INTERNAL_H

#include "config.h"
#include "config_table.h"
#include "nearest.h"

/* What a row takes; the words, readers and descriptions of the kinds stand in config_value.c. */
typedef enum config_kind {
    KIND_TEXT,
    KIND_PATH,
    KIND_INTEGER,
    KIND_BOOLEAN,
    KIND_DURATION,
    KIND_BYTES,
    KIND_LIST,
    KIND_CHOICE,
    KIND_ADDRESS,
    KIND_ENDPOINT
} config_kind;

typedef struct tdm_setting {
    const char *section;
    const char *key;
    config_kind kind;
    int64_t min;
    int64_t max;
    const char *fallback;
    const char *words;
    int roles;
    const char *help;
} tdm_setting;

enum { ROLES_HUB = TDM_ROLE_HUB, ROLES_NODE = TDM_ROLE_NODE, ROLES_BOTH = TDM_ROLE_HUB | TDM_ROLE_NODE };

#define X(...) +1
enum { SETTING_COUNT = 0 TDM_SETTINGS(X) };
#undef X

typedef struct tdm_setting_value {
    char *text;
    int64_t number;
    char *origin;
    unsigned source; /* which source gave it, so that a doubled key in one file is found */
} tdm_setting_value;

struct tdm_config {
    tdm_role role;
    tdm_config_action action;
    unsigned sources; /* read so far */
    tdm_setting_value values[SETTING_COUNT];
};

const tdm_setting *tdm_settings(void); /* SETTING_COUNT rows */
const char *tdm_setting_kind(const tdm_setting *setting);
/* What the row takes, for a person. */
void tdm_setting_accepts(const tdm_setting *setting, char *out, size_t size);
/* Check text by its row; *number is the value of numbers, durations, sizes and booleans, else 0. */
bool tdm_setting_parse(const tdm_setting *setting, const char *text, int64_t *number);

/* Split "host:port" or "[v6]:port"; host without brackets. False if it is no such thing. */
bool tdm_address_split(const char *text, char *host, size_t host_size, uint16_t *port);
bool tdm_address_is_loopback(const char *host); /* localhost, 127.0.0.0/8, ::1 */

/* One value from one place. `unique`: a second one in the same source is an error. */
tdm_code tdm_config_set(tdm_config *config, const char *section, const char *key, const char *text,
                        const char *origin, bool unique, tdm_err *err);
bool tdm_config_knows_section(const char *section);

/* The sources (config_source.c). file NULL: the default one, which may be missing. */
tdm_code tdm_config_read_files(tdm_config *config, const char *file, tdm_err *err);
tdm_code tdm_config_read_environment(tdm_config *config, char *const env[], tdm_err *err);
/* Options in two passes: first what the program is asked and which file, then the settings. */
tdm_code tdm_config_scan_options(tdm_config *config, int argc, char *const argv[], const char **file,
                                 tdm_err *err);
tdm_code tdm_config_read_options(tdm_config *config, int argc, char *const argv[], tdm_err *err);

#endif
