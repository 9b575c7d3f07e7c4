/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_lmdb_open.c: opening an LMDB environment: folder, writer's lock, birth of a new one, flags, tables.
 *
 * An environment cut down before its first commit cannot be opened again, so a new one is made in
 * path/new.tmp, committed and synced, and its file is then renamed to path/data.mdb: the rename is the birth.
 * It happens under the writer's lock, so a left-over new.tmp has no owner and is removed.
 */
#include "kv_lmdb.h"
#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define READERS_MAX 256
#define MAP_STEP ((size_t)65536) /* a multiple of every page size met */
#define LOCK_FILE_BYTES 20480    /* READERS_MAX slots of 64 bytes and LMDB's own head, in whole pages */
#define UNSAFE_FLAGS (MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC)

/* Locks and shared maps do not hold across machines. */
static const struct {
    unsigned long magic;
    const char *name;
} NETWORK_FILE_SYSTEMS[] = {
    { 0x6969, "NFS" },
    { 0xFF534D42, "CIFS" },
    { 0xFE534D42, "SMB" },
    { 0x5346414F, "AFS" },
};

static tdm_code check_file_system(const char *path, tdm_err *err)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return tdm_path_fail(err, "looking at", path);
    for (size_t i = 0; i < TDM_COUNT(NETWORK_FILE_SYSTEMS); i++) {
        if (((unsigned long)fs.f_type & 0xFFFFFFFF) == NETWORK_FILE_SYSTEMS[i].magic)
            return tdm_fail(err, TDM_UNSUPPORTED, 0, "%s is on %s; a store needs a local file system", path,
                            NETWORK_FILE_SYSTEMS[i].name);
    }
    return TDM_OK;
}

/* ---- birth ------------------------------------------------------------------------------------- */

static tdm_code remove_leftover(const char *folder, tdm_err *err)
{
    static const char *const NAMES[] = { "data.mdb", "lock.mdb" };
    for (size_t i = 0; i < TDM_COUNT(NAMES); i++) {
        char path[PATH_MAX];
        tdm_code code = tdm_path_join(path, folder, NAMES[i], err);
        if (code != TDM_OK)
            return code;
        if (unlink(path) != 0 && errno != ENOENT)
            return tdm_path_fail(err, "removing", path);
    }
    return rmdir(folder) == 0 || errno == ENOENT ? TDM_OK : tdm_path_fail(err, "removing", folder);
}

static int make_tables(MDB_env *env, const tdm_kv_options *options, unsigned flags, MDB_dbi *tables)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, (flags & MDB_CREATE) != 0 ? 0 : MDB_RDONLY, &txn);
    if (rc != MDB_SUCCESS)
        return rc;
    for (size_t i = 0; i < options->table_count && rc == MDB_SUCCESS; i++)
        rc = mdb_dbi_open(txn, options->tables[i], flags, &tables[i]);
    if (rc == MDB_SUCCESS)
        return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

/*
 * LMDB maps lock.mdb and writes to it through memory, where a full disk is a signal and not an error: its
 * blocks must be there before.
 */
static int reserve_lock_file(const char *folder)
{
    char path[PATH_MAX];
    if (tdm_path_join(path, folder, "lock.mdb", NULL) != TDM_OK)
        return ENAMETOOLONG;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int rc = posix_fallocate(fd, 0, LOCK_FILE_BYTES);
    close(fd);
    return rc;
}

static int open_env(MDB_env **out, const char *path, const tdm_kv_options *options)
{
    bool writes = options->mode == TDM_KV_READ_WRITE;
    MDB_env *env = NULL;
    int rc = writes ? reserve_lock_file(path) : 0;
    if (rc == 0)
        rc = mdb_env_create(&env);
    if (rc != MDB_SUCCESS)
        return rc;
    *out = env;
    mdb_env_set_maxdbs(env, (MDB_dbi)options->table_count);
    mdb_env_set_maxreaders(env, READERS_MAX);
    if (writes && options->map_bytes > 0)
        mdb_env_set_mapsize(env, (options->map_bytes + MAP_STEP - 1) / MAP_STEP * MAP_STEP);
    unsigned wanted = writes && options->unsynced ? MDB_NOSYNC : 0;
    rc = mdb_env_open(env, path, MDB_NOTLS | wanted | (writes ? 0 : MDB_RDONLY), 0600);
    if (rc != MDB_SUCCESS)
        return rc;
    unsigned flags = 0;
    mdb_env_get_flags(env, &flags);
    TDM_ASSERT((flags & UNSAFE_FLAGS) == wanted); /* else a commit that returned is on the disk */
    return MDB_SUCCESS;
}

static tdm_code build(const char *folder, const tdm_kv_options *options, tdm_err *err)
{
    MDB_env *env = NULL;
    MDB_dbi tables[TDM_KV_TABLES_MAX];
    int rc = open_env(&env, folder, options);
    if (rc == MDB_SUCCESS)
        rc = make_tables(env, options, MDB_CREATE, tables);
    if (rc == MDB_SUCCESS)
        rc = mdb_env_sync(env, 1);
    if (env != NULL)
        mdb_env_close(env);
    return tdm_kv_lmdb_fail(err, folder, rc, "making a new store");
}

static tdm_code give_birth(const char *folder, const char *data, const tdm_kv_options *options, tdm_err *err)
{
    char built[PATH_MAX];
    tdm_code code = tdm_path_join(built, folder, "data.mdb", err);
    if (code == TDM_OK)
        code = remove_leftover(folder, err);
    if (code == TDM_OK && mkdir(folder, 0700) != 0)
        code = tdm_path_fail(err, "making the folder", folder);
    if (code == TDM_OK)
        code = build(folder, options, err);
    if (code == TDM_OK)
        code = tdm_path_sync(built, err);
    if (code == TDM_OK && rename(built, data) != 0)
        code = tdm_path_fail(err, "renaming", built);
    if (code == TDM_OK)
        code = tdm_path_sync(options->path, err);
    tdm_err cleaning;
    remove_leftover(folder, &cleaning); /* if not now, then at the next birth */
    return code;
}

static tdm_code make_if_absent(const tdm_kv_options *options, tdm_err *err)
{
    char data[PATH_MAX], folder[PATH_MAX];
    tdm_code code = tdm_path_join(data, options->path, "data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_join(folder, options->path, "new.tmp", err);
    if (code != TDM_OK)
        return code;
    if (access(data, F_OK) == 0)
        return options->mode == TDM_KV_READ_ONLY ? TDM_OK : remove_leftover(folder, err);
    if (errno != ENOENT)
        return tdm_path_fail(err, "looking for", data);
    if (options->mode == TDM_KV_READ_ONLY)
        return tdm_fail(err, TDM_NOT_FOUND, ENOENT, "there is no store at %s", options->path);
    return give_birth(folder, data, options, err);
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* Reading behind the end of a file that was cut is a signal, not an error, so look before. */
static tdm_code check_length(const lmdb_kv *kv, tdm_err *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    int fd = -1;
    mdb_env_info(kv->env, &info);
    mdb_env_stat(kv->env, &stat);
    if (mdb_env_get_fd(kv->env, &fd) != MDB_SUCCESS || fstat(fd, &file) != 0)
        return tdm_path_fail(err, "looking at", kv->path);
    uint64_t needed = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    if ((uint64_t)file.st_size >= needed)
        return TDM_OK;
    return tdm_fail(err, TDM_CORRUPT, 0, "%s/data.mdb was cut: %llu bytes of %llu; restore it", kv->path,
                    (unsigned long long)file.st_size, (unsigned long long)needed);
}

static tdm_code open_tables(lmdb_kv *kv, const tdm_kv_options *options, tdm_err *err)
{
    int rc = make_tables(kv->env, options, 0, kv->tables);
    if (rc == MDB_NOTFOUND && options->mode == TDM_KV_READ_WRITE)
        rc = make_tables(kv->env, options, MDB_CREATE, kv->tables);
    if (rc == MDB_NOTFOUND)
        return tdm_fail(err, TDM_CORRUPT, rc,
                        "%.80s is an older program's and lacks a table: start its daemon once",
                        options->path);
    return tdm_kv_lmdb_fail(err, options->path, rc, "opening the tables");
}

static tdm_code open_existing(lmdb_kv *kv, const tdm_kv_options *options, tdm_err *err)
{
    char step[160];
    snprintf(step, sizeof step, "opening %.120s", options->path);
    tdm_code code = tdm_kv_lmdb_fail(err, options->path, open_env(&kv->env, options->path, options), step);
    if (code == TDM_OK)
        code = check_length(kv, err);
    if (code == TDM_OK)
        tdm_kv_sweep_readers(&kv->base);
    return code == TDM_OK ? open_tables(kv, options, err) : code;
}

static tdm_code prepare_writer(lmdb_kv *kv, const tdm_kv_options *options, tdm_err *err)
{
    tdm_code code = tdm_path_make_folder(options->path, NULL, err);
    return code == TDM_OK ? tdm_path_lock(options->path, &kv->writer_lock, NULL, err) : code;
}

static lmdb_kv *kv_new(const tdm_kv_options *options)
{
    lmdb_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL)
        return NULL;
    kv->base = (tdm_kv){ &TDM_KV_LMDB, options->mode, options->table_count };
    kv->writer_lock = -1;
    kv->unsynced = options->unsynced;
    pthread_mutex_init(&kv->writer, NULL);
    tdm_kv_gate_init(&kv->gate);
    kv->path = strdup(options->path);
    return kv;
}

void tdm_kv_lmdb_free(lmdb_kv *kv)
{
    if (kv->env != NULL)
        mdb_env_close(kv->env);
    if (kv->writer_lock >= 0)
        close(kv->writer_lock);
    tdm_kv_gate_destroy(&kv->gate);
    pthread_mutex_destroy(&kv->writer);
    free(kv->path);
    free(kv);
}

tdm_code tdm_kv_open_lmdb(tdm_kv **out, const tdm_kv_options *options, tdm_err *err)
{
    *out = NULL;
    if (options->table_count > TDM_KV_TABLES_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%zu tables, at most %d", options->table_count,
                        TDM_KV_TABLES_MAX);
    lmdb_kv *kv = kv_new(options);
    if (kv == NULL || kv->path == NULL) {
        free(kv);
        return tdm_fail(err, TDM_FULL, 0, "no memory for a store");
    }
    tdm_code code = TDM_OK;
    if (options->mode == TDM_KV_READ_WRITE)
        code = prepare_writer(kv, options, err);
    if (code == TDM_OK)
        code = make_if_absent(options, err);
    if (code == TDM_OK)
        code = check_file_system(options->path, err);
    if (code == TDM_OK)
        code = open_existing(kv, options, err);
    if (code != TDM_OK) {
        tdm_kv_lmdb_free(kv);
        return code;
    }
    *out = &kv->base;
    return TDM_OK;
}
