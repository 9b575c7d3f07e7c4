/* SPDX-License-Identifier: MPL-2.0
 *
 * private_copy.c: an environment made beside the one in its folder, which takes its place by one rename; and
 * compaction, which is such a copy of what is there.
 *
 * LMDB keeps what was deleted in free pages until they are used again, so erasing a person ends with a copy.
 * Entries go over one by one: a copy of pages would take with them what lies unused within a page.
 */
#include "tandem/path.h"
#include "private_inner.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define COMMIT_BYTES ((size_t)4 << 20) /* what one transaction of a copy holds, about */
#define MAP_BYTES ((size_t)64 << 20)   /* to begin with */

/* ---- a copy ------------------------------------------------------------------------------------ */

/* In the order in which they can go: what is within a folder before the folder. */
static const char *const LEFTOVERS[] = {
    "copy.tmp/new.tmp/data.mdb", "copy.tmp/new.tmp/lock.mdb", "copy.tmp/new.tmp", "copy.tmp/data.mdb",
    "copy.tmp/lock.mdb",         "copy.tmp/writer.lock",      "copy.tmp"
};

tdm_code tdm_private_copy_clean(const char *path, tdm_err *err)
{
    for (size_t i = 0; i < TDM_COUNT(LEFTOVERS); i++) {
        char name[PATH_MAX];
        tdm_code code = tdm_path_join(name, path, LEFTOVERS[i], err);
        if (code != TDM_OK)
            return code;
        if (remove(name) != 0 && errno != ENOENT)
            return tdm_path_fail(err, "removing", name);
    }
    return TDM_OK;
}

tdm_code tdm_private_copy_begin(private_copy *copy, const char *path, tdm_err *err)
{
    *copy = (private_copy){ .path = path };
    char folder[PATH_MAX];
    tdm_code code = tdm_path_join(folder, path, "copy.tmp", err);
    if (code == TDM_OK)
        code = tdm_private_copy_clean(path, err);
    tdm_kv_options options = { .path = folder,
                               .mode = TDM_KV_READ_WRITE,
                               .map_bytes = MAP_BYTES,
                               .tables = TDM_PRIVATE_TABLES,
                               .table_count = TDM_PRIVATE_TABLE_COUNT };
    return code == TDM_OK ? tdm_kv_open_lmdb(&copy->kv, &options, err) : code;
}

tdm_code tdm_private_copy_add(private_copy *copy, size_t table, tdm_span key, tdm_span value, tdm_err *err)
{
    tdm_code code = TDM_OK;
    if (copy->pending >= COMMIT_BYTES)
        code = tdm_private_copy_flush(copy, err);
    if (code == TDM_OK && copy->txn == NULL)
        code = tdm_kv_begin(copy->kv, TDM_KV_READ_WRITE, &copy->txn, err);
    if (code != TDM_OK)
        return code;
    copy->pending += key.len + value.len;
    code = tdm_kv_append(copy->txn, table, key, value);
    return code == TDM_OK ? TDM_OK : tdm_kv_failed(copy->txn, err);
}

tdm_code tdm_private_copy_flush(private_copy *copy, tdm_err *err)
{
    copy->pending = 0;
    return copy->txn == NULL ? TDM_OK : tdm_kv_commit(&copy->txn, err);
}

/*
 * The old lock.mdb goes first: its reader table counts transactions of the old file. The other way round, a
 * crash in between would leave the new file with it; this way round, LMDB makes a new one for the old file.
 */
tdm_code tdm_private_copy_install(private_copy *copy, tdm_err *err)
{
    char lock[PATH_MAX], made[PATH_MAX], data[PATH_MAX];
    TDM_ASSERT(copy->kv == NULL && copy->txn == NULL);
    tdm_code code = tdm_path_join(lock, copy->path, "lock.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_join(made, copy->path, "copy.tmp/data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_join(data, copy->path, "data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_sync(made, err);
    if (code == TDM_OK && unlink(lock) != 0 && errno != ENOENT)
        code = tdm_path_fail(err, "removing", lock);
    if (code == TDM_OK && rename(made, data) != 0)
        code = tdm_path_fail(err, "renaming", made);
    return code == TDM_OK ? tdm_path_sync(copy->path, err) : code;
}

void tdm_private_copy_drop(private_copy *copy)
{
    tdm_err cleaning; /* if not now, then at the next open */
    tdm_kv_abort(&copy->txn);
    tdm_kv_close(&copy->kv);
    tdm_private_copy_clean(copy->path, &cleaning);
}

/* ---- compaction --------------------------------------------------------------------------------- */

typedef struct copying {
    private_copy *to;
    size_t table;
} copying;

static tdm_code copy_entry(void *context, tdm_span key, tdm_span value, tdm_err *err)
{
    const copying *c = context;
    return tdm_private_copy_add(c->to, c->table, key, value, err);
}

static tdm_code copy_tables(private_copy *copy, tdm_kv *source, tdm_err *err)
{
    tdm_kv_txn *from = NULL;
    copying c = { .to = copy };
    tdm_code code = tdm_kv_begin(source, TDM_KV_READ_ONLY, &from, err);
    for (; code == TDM_OK && c.table < PRIVATE_TABLES; c.table++)
        code = tdm_kv_each(from, c.table, (tdm_span){ NULL, 0 }, copy_entry, &c, err);
    tdm_kv_abort(&from);
    return code == TDM_OK ? tdm_private_copy_flush(copy, err) : code;
}

/* The old one must not go before the new one has as much. */
static tdm_code check_entries(tdm_kv *source, tdm_kv *made, tdm_err *err)
{
    tdm_kv_stats old, new;
    tdm_code code = tdm_kv_stat(source, &old, err);
    if (code == TDM_OK)
        code = tdm_kv_stat(made, &new, err);
    for (size_t table = 0; code == TDM_OK && table < PRIVATE_TABLES; table++) {
        if (old.entries[table] != new.entries[table])
            code = tdm_fail(err, TDM_CORRUPT, 0, "the copy of %s has %llu entries, not %llu",
                            TDM_PRIVATE_TABLES[table], (unsigned long long)new.entries[table],
                            (unsigned long long)old.entries[table]);
    }
    return code;
}

/* The source is open for writing, which holds its lock, and is not written to. */
static tdm_code compact(tdm_kv *source, const char *path, tdm_err *err)
{
    private_copy copy;
    tdm_code code = tdm_private_copy_begin(&copy, path, err);
    if (code == TDM_OK)
        code = copy_tables(&copy, source, err);
    if (code == TDM_OK)
        code = check_entries(source, copy.kv, err);
    tdm_kv_abort(&copy.txn);
    tdm_kv_close(&copy.kv);
    if (code == TDM_OK)
        code = tdm_private_copy_install(&copy, err);
    tdm_private_copy_drop(&copy);
    return code;
}

tdm_code tdm_private_compact(const char *path, tdm_err *err)
{
    tdm_kv_options options = { .path = path,
                               .mode = TDM_KV_READ_WRITE,
                               .tables = TDM_PRIVATE_TABLES,
                               .table_count = TDM_PRIVATE_TABLE_COUNT };
    char data[PATH_MAX];
    tdm_kv *source = NULL;
    tdm_code code = tdm_path_join(data, path, "data.mdb", err);
    if (code == TDM_OK && access(data, F_OK) != 0)
        return tdm_path_fail(err, "looking for", data);
    if (code == TDM_OK)
        code = tdm_kv_open_lmdb(&source, &options, err);
    if (code == TDM_OK)
        code = compact(source, path, err);
    tdm_kv_close(&source);
    return code;
}
