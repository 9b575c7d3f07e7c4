/* SPDX-License-Identifier: MPL-2.0
 *
 * views_ahead.c: the figures of a log made before a daemon follows it, as `tandem rebuild` makes them.
 */
#include "views_ahead.h"

#include "clock.h"
#include "log.h"
#include "rebuild.h"

#include "tandem/path.h"

#include <limits.h>
#include <sys/stat.h>

static bool has_bytes(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    return tdm_path_join(path, folder, name, NULL) == TDM_OK && stat(path, &info) == 0 && info.st_size > 0;
}

static tdm_code make(tdm_rebuild *rebuild, tdm_rebuilt *made, tdm_err *err)
{
    tdm_code code = tdm_rebuild_make(rebuild, made, err);
    if (code == TDM_OK)
        code = tdm_rebuild_swap(rebuild, err);
    if (code == TDM_OK)
        code = tdm_rebuild_drop_old(rebuild, err);
    if (code != TDM_OK)
        tdm_rebuild_drop_new(rebuild, NULL);
    return code;
}

void tdm_views_make_ahead(const char *folder, bool hub, size_t map_bytes, const tdm_told *told)
{
    const tdm_rebuild_options options = {
        .folder = folder, .hub = hub, .map_bytes = map_bytes, .told = told
    };
    tdm_rebuild *rebuild = NULL;
    tdm_rebuilt made = { 0 };
    tdm_err err = { .code = TDM_OK };
    int64_t began_ms = tdm_clock_mono_ms();
    if (has_bytes(folder, "views/data.mdb") || !has_bytes(folder, "ledger/data.mdb"))
        return;
    tdm_code code = tdm_rebuild_open(&rebuild, &options, &err);
    if (code == TDM_OK)
        code = make(rebuild, &made, &err);
    tdm_rebuild_close(&rebuild);
    if (code == TDM_OK)
        tdm_log(TDM_LOG_NOTICE, "VIEWS-MADE", tdm_log_uint("events", made.after.position),
                tdm_log_int("ms", tdm_clock_mono_ms() - began_ms));
    else
        tdm_log_failure(TDM_LOG_WARN, "VIEWS-NOT-MADE", &err);
}
