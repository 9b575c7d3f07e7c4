/* SPDX-License-Identifier: MPL-2.0
 *
 * people_log.c: the private log opened, locked, and rewritten in place.
 */
#include "people_inner.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char SECRET_NAME[] = "identity/private";
static const char COUNTED_NAME[] = "people/summarised";
static const char LOG_FOLDER[] = "private";

struct tdm_people {
    tdm_core *core;
    size_t map_bytes;
    char path[600];
    pthread_mutex_t lock;
    tdm_private *log;        /* under lock; NULL: there is none */
    people_waiting *waiting; /* under lock */
    _Atomic bool known;
    _Atomic uint64_t count; /* of people, while known */
};

/* ---- the node secret */

static tdm_code make_secret(tdm_core *core, uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err)
{
    randombytes_buf(secret, TDM_PRIVATE_SECRET_BYTES);
    return tdm_core_local_put(core, SECRET_NAME, (tdm_span){ secret, TDM_PRIVATE_SECRET_BYTES }, err);
}

static tdm_code read_secret(tdm_core *core, uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err)
{
    tdm_buf value = { .secret = true };
    tdm_code code = tdm_core_local_get(core, SECRET_NAME, &value, err);
    if (code == TDM_OK && value.len != TDM_PRIVATE_SECRET_BYTES)
        code = tdm_fail(err, TDM_CORRUPT, 0, "the node secret has %zu bytes, not %d", value.len,
                        TDM_PRIVATE_SECRET_BYTES);
    if (code == TDM_OK)
        memcpy(secret, value.data, TDM_PRIVATE_SECRET_BYTES);
    tdm_buf_free(&value);
    return code;
}

/* ---- opening */

static bool is_there(const tdm_people *people)
{
    char file[640];
    snprintf(file, sizeof file, "%s/data.mdb", people->path);
    return access(file, F_OK) == 0;
}

static tdm_code open_for_reading(tdm_people *people, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES],
                                 tdm_err *err)
{
    tdm_kv *kv = NULL;
    tdm_kv_options options = { .path = people->path,
                               .mode = TDM_KV_READ_ONLY,
                               .map_bytes = people->map_bytes,
                               .tables = TDM_PRIVATE_TABLES,
                               .table_count = TDM_PRIVATE_TABLE_COUNT };
    tdm_code code = tdm_kv_open_lmdb(&kv, &options, err);
    return code == TDM_OK ? tdm_private_open(&people->log, &kv, secret, err) : code;
}

/* With the lock held. */
static tdm_code open_log(tdm_people *people, tdm_err *err)
{
    uint8_t secret[TDM_PRIVATE_SECRET_BYTES];
    tdm_code code = read_secret(people->core, secret, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_CORRUPT, 0,
                        "the node secret is missing: the private log opens with no other");
    if (code == TDM_OK)
        code = tdm_core_is_read_only(people->core)
                   ? open_for_reading(people, secret, err)
                   : tdm_private_open_path(&people->log, people->path, people->map_bytes, secret, err);
    sodium_memzero(secret, sizeof secret);
    return code;
}

static void note_count(tdm_people *people)
{
    tdm_private_tip tip;
    bool known = people->log != NULL && tdm_private_tip_get(people->log, &tip, NULL) == TDM_OK;
    if (known)
        atomic_store(&people->count, tip.people);
    atomic_store(&people->known, known);
}

/* Made at the node's first start, whether or not it ever keeps people. */
static tdm_code ensure_secret(tdm_core *core, tdm_err *err)
{
    uint8_t secret[TDM_PRIVATE_SECRET_BYTES];
    tdm_code code = read_secret(core, secret, err);
    if (code == TDM_NOT_FOUND)
        code = tdm_core_is_read_only(core) ? TDM_OK : make_secret(core, secret, err);
    sodium_memzero(secret, sizeof secret);
    return code;
}

tdm_code tdm_people_open(tdm_people **out, tdm_core *core, size_t map_bytes, tdm_err *err)
{
    *out = NULL;
    tdm_people *people = calloc(1, sizeof *people);
    if (people == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the private log");
    people->core = core;
    people->map_bytes = map_bytes;
    snprintf(people->path, sizeof people->path, "%s/%s", tdm_core_folder(core), LOG_FOLDER);
    pthread_mutex_init(&people->lock, NULL);
    people->waiting = people_waiting_new();
    tdm_code code = people->waiting == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for the private log")
                    : is_there(people)      ? open_log(people, err)
                                            : ensure_secret(core, err);
    note_count(people);
    if (code != TDM_OK)
        tdm_people_close(&people);
    *out = people;
    return code;
}

void tdm_people_close(tdm_people **pointer)
{
    tdm_people *people = *pointer;
    if (people == NULL)
        return;
    tdm_private_close(&people->log);
    people_waiting_free(&people->waiting);
    pthread_mutex_destroy(&people->lock);
    free(people);
    *pointer = NULL;
}

/* ---- having it alone */

tdm_code tdm_people_enter(tdm_people *people, tdm_private **out, tdm_err *err)
{
    tdm_code code = TDM_OK;
    pthread_mutex_lock(&people->lock);
    if (people->log == NULL && is_there(people)) /* a rewrite could not open it again */
        code = open_log(people, err);
    *out = people->log;
    if (code != TDM_OK)
        pthread_mutex_unlock(&people->lock);
    return code;
}

tdm_code tdm_people_enter_made(tdm_people *people, tdm_private **out, tdm_err *err)
{
    tdm_code code = tdm_people_enter(people, out, err);
    if (code != TDM_OK || *out != NULL)
        return code;
    code = open_log(people, err);
    *out = people->log;
    if (code != TDM_OK)
        tdm_people_leave(people);
    return code;
}

void tdm_people_leave(tdm_people *people)
{
    note_count(people);
    pthread_mutex_unlock(&people->lock);
}

people_waiting *tdm_people_waiting(tdm_people *people)
{
    return people->waiting;
}

bool tdm_people_glance(const tdm_people *people, uint64_t *count)
{
    *count = atomic_load(&people->count);
    return atomic_load(&people->known);
}

/* ---- rewriting */

tdm_code tdm_people_compact(tdm_people *people, tdm_err *err)
{
    tdm_private *log;
    tdm_err again = { 0 };
    tdm_code code = tdm_people_enter(people, &log, err);
    if (code != TDM_OK)
        return code;
    if (log == NULL) {
        tdm_people_leave(people);
        return tdm_fail(err, TDM_NOT_FOUND, 0, "no person was ever recorded here");
    }
    tdm_private_close(&people->log);
    code = tdm_private_compact(people->path, err);
    tdm_code opened = open_log(people, &again);
    if (code == TDM_OK && opened != TDM_OK) {
        code = opened;
        if (err != NULL)
            *err = again;
    }
    tdm_people_leave(people);
    return code;
}

tdm_code tdm_people_restore(tdm_people *people, const char *file, const tdm_cipher_lock *lock, tdm_err *err)
{
    uint8_t secret[TDM_PRIVATE_SECRET_BYTES];
    tdm_private *log;
    tdm_code code = tdm_people_enter(people, &log, err);
    if (code != TDM_OK)
        return code;
    if (log != NULL) {
        tdm_people_leave(people);
        return tdm_fail(err, TDM_EXISTS, 0,
                        "this node has a private log: a backup is restored only into "
                        "one that has none, so that nobody's rows are lost");
    }
    code = read_secret(people->core, secret, err);
    if (code == TDM_OK)
        code = tdm_private_restore(people->path, file, lock, secret, err);
    if (code == TDM_OK)
        code = open_log(people, err);
    sodium_memzero(secret, sizeof secret);
    tdm_people_leave(people);
    return code;
}

/* ---- the day of the last count */

bool tdm_people_counted_on(tdm_core *core, tdm_date *out)
{
    tdm_buf value = { 0 };
    bool known = tdm_core_local_get(core, COUNTED_NAME, &value, NULL) == TDM_OK && value.len == 4;
    *out = 0;
    if (known)
        *out = (tdm_date)((uint32_t)value.data[0] << 24 | (uint32_t)value.data[1] << 16
                          | (uint32_t)value.data[2] << 8 | value.data[3]);
    tdm_buf_free(&value);
    return known;
}

tdm_code tdm_people_set_counted(tdm_core *core, tdm_date day, tdm_err *err)
{
    uint32_t number = (uint32_t)day;
    uint8_t value[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                         (uint8_t)number };
    return tdm_core_local_put(core, COUNTED_NAME, (tdm_span){ value, sizeof value }, err);
}
