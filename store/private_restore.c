/* SPDX-License-Identifier: MPL-2.0
 *
 * private_restore.c: the private log from its backup.
 *
 * Everything is read, put into an environment of its own in path/copy.tmp and verified there; only what
 * passed is renamed into its place. The writer's lock of path.h is held meanwhile.
 */
#include "tandem/path.h"
#include "private_inner.h"
#include "private_item.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Lives in memory of tdm_secret_new. */
typedef struct restore {
    private_copy copy;
    tdm_cipher_reader *from;
    private_keys keys; /* under which it is sealed anew */
    bool has_name;     /* the name key came */
    uint64_t items;
    private_person person;
    uint8_t table;
    size_t key_len;
    size_t value_len;
    uint8_t key[ITEM_KEY_MAX];
    uint8_t value[ITEM_VALUE_MAX];
} restore;

/* ---- items ------------------------------------------------------------------------------------- */

static tdm_code refuse_item(const restore *r, const char *why, tdm_err *err)
{
    return tdm_fail(err, TDM_CORRUPT, 0, "the backup's item %llu %s", (unsigned long long)r->items, why);
}

static tdm_code read_item(restore *r, tdm_err *err)
{
    uint8_t head[ITEM_HEAD_BYTES];
    tdm_code code = tdm_cipher_read(r->from, head, sizeof head, err);
    if (code != TDM_OK)
        return code;
    r->table = head[0];
    r->key_len = (size_t)head[1] << 8 | head[2];
    r->value_len = tdm_read_u32(head + 3);
    if (r->key_len > ITEM_KEY_MAX || r->value_len > ITEM_VALUE_MAX
        || (r->table >= PRIVATE_TABLES && r->table != ITEM_END))
        return refuse_item(r, "is out of bounds", err);
    code = tdm_cipher_read(r->from, r->key, r->key_len, err);
    return code == TDM_OK ? tdm_cipher_read(r->from, r->value, r->value_len, err) : code;
}

static tdm_code take_meta(restore *r, tdm_span key, tdm_err *err)
{
    uint8_t row[PRIVATE_META_BYTES];
    if (r->value_len != META_ITEM_BYTES || tdm_read_u64(r->value) != TDM_PRIVATE_FORMAT)
        return refuse_item(r, "is no description of a private log", err);
    memcpy(r->keys.name, r->value + 8, DATA_KEY_BYTES);
    r->has_name = true;
    tdm_meta_row_write(row, &r->keys);
    return tdm_private_copy_add(&r->copy, r->table, key, (tdm_span){ row, sizeof row }, err);
}

static tdm_code take_person(restore *r, tdm_span key, tdm_err *err)
{
    uint8_t row[PERSON_ROW_BYTES];
    private_person *person = &r->person;
    if (r->key_len != PERSON_KEY_BYTES || r->value_len != PERSON_ITEM_BYTES)
        return refuse_item(r, "is no person", err);
    memcpy(person->id.bytes, r->key, TDM_ID_BYTES);
    person->row.generation = tdm_read_u32(r->value);
    person->row.rows = tdm_read_u64(r->value + 4);
    person->row.in_force = tdm_read_u64(r->value + 12);
    memcpy(person->plain, r->value + 20, sizeof person->plain);
    tdm_person_seal(&r->keys, person);
    tdm_person_row_write(row, key, &person->row);
    return tdm_private_copy_add(&r->copy, r->table, key, (tdm_span){ row, sizeof row }, err);
}

static tdm_code take_item(restore *r, tdm_err *err)
{
    tdm_span key = { r->key, r->key_len }, value = { r->value, r->value_len };
    if (r->table == PRIVATE_META && tdm_span_equal(key, TDM_PRIVATE_META_KEY))
        return take_meta(r, key, err);
    if (r->table == PRIVATE_PEOPLE)
        return take_person(r, key, err);
    if (!tdm_row_is_sound(key, value, CHECKSUM_BYTES))
        return refuse_item(r, "does not match its checksum", err);
    return tdm_private_copy_add(&r->copy, r->table, key, value, err);
}

static tdm_code take_end(restore *r, tdm_err *err)
{
    if (r->key_len != 0 || r->value_len != 8 || tdm_read_u64(r->value) != r->items)
        return refuse_item(r, "ends it with another number of items", err);
    if (!r->has_name)
        return refuse_item(r, "ends it without a description", err);
    tdm_code code = tdm_cipher_end(r->from, err);
    return code == TDM_OK ? tdm_private_copy_flush(&r->copy, err) : code;
}

static tdm_code take_items(restore *r, tdm_err *err)
{
    for (;;) {
        tdm_code code = read_item(r, err);
        if (code == TDM_OK && r->table == ITEM_END)
            return take_end(r, err);
        if (code == TDM_OK)
            code = take_item(r, err);
        if (code == TDM_EXISTS) /* entries of a table that are not in order of key */
            code = refuse_item(r, "comes in the wrong order", err);
        if (code != TDM_OK)
            return code;
        r->items++;
    }
}

/* ---- verify, install --------------------------------------------------------------------------- */

static void keep_first(void *context, const tdm_private_fault *fault)
{
    tdm_private_fault *first = context;
    if (first->invariant == NULL)
        *first = *fault;
}

/* Closes the copy. */
static tdm_code verify_copy(restore *r, const uint8_t *secret, tdm_err *err)
{
    tdm_private *log = NULL;
    tdm_private_fault first = { 0 };
    tdm_private_summary summary;
    tdm_code code = tdm_private_open(&log, &r->copy.kv, secret, err);
    if (code == TDM_OK)
        code = tdm_private_verify(log, keep_first, &first, &summary, err);
    tdm_private_close(&log);
    if (code == TDM_DIFFERS)
        return tdm_fail(err, TDM_CORRUPT, 0, "the backup's content is damaged (%s): %.120s", first.invariant,
                        first.what);
    return code;
}

static tdm_code build(restore *r, const char *path, const char *file, const tdm_cipher_lock *lock,
                      const uint8_t *secret, tdm_err *err)
{
    tdm_keys_derive(&r->keys, secret);
    tdm_code code = tdm_cipher_open(&r->from, TDM_CIPHER_PRIVATE, file, lock, err);
    if (code == TDM_OK)
        code = tdm_private_copy_begin(&r->copy, path, err);
    if (code == TDM_OK)
        code = take_items(r, err);
    if (code == TDM_OK)
        code = verify_copy(r, secret, err);
    if (code == TDM_OK)
        code = tdm_private_copy_install(&r->copy, err);
    tdm_cipher_close(&r->from);
    if (r->copy.path != NULL)
        tdm_private_copy_drop(&r->copy);
    return code;
}

/* ---- the place --------------------------------------------------------------------------------- */

typedef struct place {
    const char *path;
    char data_path[PATH_MAX];
    char lock_path[PATH_MAX];
    bool made_folder;
    bool made_lock;
    bool vacant; /* the lock is held, and there was no store */
    int lock;
} place;

static tdm_code place_take(place *p, tdm_err *err)
{
    tdm_code code = tdm_path_join(p->data_path, p->path, "data.mdb", err);
    if (code == TDM_OK)
        code = tdm_path_join(p->lock_path, p->path, "writer.lock", err);
    if (code == TDM_OK)
        code = tdm_path_make_folder(p->path, &p->made_folder, err);
    if (code == TDM_OK)
        code = tdm_path_lock(p->path, &p->lock, &p->made_lock, err);
    p->vacant = code == TDM_OK && access(p->data_path, F_OK) != 0;
    if (code == TDM_OK && !p->vacant)
        code = tdm_fail(err, TDM_EXISTS, EEXIST, "there is a private log at %.120s already", p->path);
    return code;
}

/* After a failure nothing is left that was not there before. */
static void place_leave(place *p, bool failed)
{
    if (failed && p->vacant)
        unlink(p->data_path); /* renamed, but that could not be synced */
    if (failed && p->made_lock)
        unlink(p->lock_path);
    if (p->lock >= 0)
        close(p->lock);
    if (failed && p->made_folder)
        rmdir(p->path);
}

tdm_code tdm_private_restore(const char *path, const char *file, const tdm_cipher_lock *lock,
                             const uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err)
{
    place p = { .path = path, .lock = -1 };
    tdm_code code = tdm_keys_start(err);
    if (code != TDM_OK)
        return code;
    restore *r = tdm_secret_new(sizeof *r);
    if (r == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no guarded memory for a backup");
    code = place_take(&p, err);
    if (code == TDM_OK)
        code = build(r, path, file, lock, secret, err);
    place_leave(&p, code != TDM_OK);
    tdm_secret_free(r);
    return code;
}
