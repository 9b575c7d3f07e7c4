/* SPDX-License-Identifier: MPL-2.0
 *
 * config.h: what an operator may set, and where each value came from.
 *
 * Sources, later ones win: the default; the file (/etc/tandem/hub.conf or node.conf, or --config FILE);
 * drop-ins <file>.d/<name>.conf in name order (hub.conf.d/10-size.conf); the environment,
 * TANDEM_<SECTION>_<KEY>; options, --section.key=value. All is read and checked before anything is returned;
 * a configuration does not change afterwards. Rows stand in config_table.h: one row gives parsing, checking,
 * help and `config show`.
 */
#ifndef TANDEM_COMMON_CONFIG_H
#define TANDEM_COMMON_CONFIG_H

#include "log.h"
#include "tandem/base.h"

typedef struct tdm_config tdm_config;

typedef enum tdm_role { TDM_ROLE_HUB = 1, TDM_ROLE_NODE = 2 } tdm_role;

/* What the command line asks the program to do. */
typedef enum tdm_config_action {
    TDM_CONFIG_RUN,
    TDM_CONFIG_CHECK, /* -n, --check: say that all is well and leave */
    TDM_CONFIG_HELP,  /* -h, --help */
    TDM_CONFIG_VERSION
} tdm_config_action;

/*
 * argv as main gets it (argv[0] is skipped); env as `environ`, may be NULL. Neither is kept.
 *
 * With --help or --version nothing else is read. TANDEM_HOME in env is the default of the state folder.
 * TDM_INVALID with the place (file:line, variable or option), what is wrong and what is accepted;
 * TDM_NOT_FOUND if the file named by --config is not there; TDM_IO if a source can not be read.
 */
tdm_code tdm_config_load(tdm_config **out, tdm_role role, int argc, char *const argv[], char *const env[],
                         tdm_err *err);
void tdm_config_destroy(tdm_config **config); /* NULL-safe */

tdm_config_action tdm_config_asked(const tdm_config *config);
tdm_role tdm_config_role(const tdm_config *config);

/* The value of "section.key". The name must be a row of the table for this role: anything else is our
 * mistake. Durations are in milliseconds, sizes in bytes. Text is borrowed from the configuration; "" means
 * not set. */
const char *tdm_config_text(const tdm_config *config, const char *name);
int64_t tdm_config_int(const tdm_config *config, const char *name);
bool tdm_config_bool(const tdm_config *config, const char *name);
/* "hub.<key>" at a hub, "node.<key>" at a node: for what both have (organisation, state). */
const char *tdm_config_own(const tdm_config *config, const char *key);
/* Lists: the item with this index, or an empty span past the end. Items are separated by commas. */
tdm_span tdm_config_item(const tdm_config *config, const char *name, size_t index);

/* "default", "/etc/tandem/hub.conf:12", "environment TANDEM_LOG_LEVEL", "option --log.level". Borrowed. */
const char *tdm_config_origin(const tdm_config *config, const char *name);
tdm_log_options tdm_config_log(const tdm_config *config);

/* `config show`: sections and keys as a file that gives the same configuration, the origin in a comment
 * behind. */
void tdm_config_show(const tdm_config *config, bool with_origin, tdm_buf *out);
/* One JSON array of {name, value, origin, default, accepts, help}. */
void tdm_config_show_json(const tdm_config *config, tdm_buf *out);
/* The text of --help. */
void tdm_config_help(tdm_role role, const char *program, tdm_buf *out);
/* The settings as the middle of a tandem.conf(5) page, in mdoc. */
void tdm_config_manual(tdm_role role, tdm_buf *out);

#endif
