/* SPDX-License-Identifier: MPL-2.0
 *
 * naming.c: which dossiers name an organisation. The index only grows: an event once filed stays.
 */
#include "fold_inner.h"

#include <stdlib.h>

enum { KEY_MAX = 12 + 1 + TDM_SUBJECT_MAX };

/* Dossiers that came to name a code since the last checkpoint; they are dirty, so they stay in memory. */
typedef struct named {
    tdm_org_code code;
    const tdm_dossier **dossiers;
    size_t count;
    size_t capacity;
} named;

static tdm_span named_key(const void *item)
{
    return (tdm_span){ (const uint8_t *)((const named *)item)->code.text, 16 };
}

static void release_named(void *item)
{
    free(((named *)item)->dossiers);
    free(item);
}

void tdm_naming_init(tdm_fold *fold)
{
    tdm_map_init(&fold->naming, named_key);
}

void tdm_naming_free(tdm_fold *fold)
{
    tdm_map_free(&fold->naming, release_named);
}

void tdm_naming_add(tdm_fold *fold, tdm_span text, const tdm_dossier *dossier)
{
    tdm_org_code code = tdm_org_code_of(text);
    named *found = tdm_map_find(&fold->naming, (tdm_span){ (const uint8_t *)code.text, 16 });
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        found->code = code;
        tdm_map_add(&fold->naming, found);
    }
    found->dossiers =
        tdm_memory_grow(found->dossiers, &found->capacity, found->count + 1, sizeof *found->dossiers);
    found->dossiers[found->count++] = dossier;
}

/* code, 0, subject */
static size_t write_key(uint8_t out[KEY_MAX], tdm_span code, tdm_span subject)
{
    size_t code_len = code.len > 12 ? 12 : code.len;
    memcpy(out, code.data, code_len);
    out[code_len] = 0;
    if (subject.len > 0)
        memcpy(out + code_len + 1, subject.data, subject.len);
    return code_len + 1 + subject.len;
}

typedef struct named_rows {
    tdm_subjects *out;
    tdm_arena *arena;
    size_t prefix;
} named_rows;

static tdm_code take_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)value;
    (void)check;
    (void)err;
    const named_rows *rows = context;
    tdm_span subject = { key.data + rows->prefix, key.len - rows->prefix };
    if (subject.len > 0)
        tdm_subjects_add(rows->out, tdm_arena_keep(rows->arena, subject));
    return TDM_OK;
}

static tdm_code read_views(tdm_fold *fold, tdm_span code, tdm_subjects *out, tdm_arena *arena, tdm_err *err)
{
    tdm_kv_txn *txn;
    tdm_code result = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (result == TDM_OK && txn != NULL)
        result = tdm_shelf_trust(&fold->shelf, err);
    if (result != TDM_OK || txn == NULL)
        return result;
    uint8_t bytes[KEY_MAX];
    tdm_span prefix = { bytes, write_key(bytes, code, (tdm_span){ NULL, 0 }) };
    named_rows rows = { out, arena, prefix.len };
    return tdm_views_each(txn, TDM_VIEWS_NAMING, prefix, take_row, &rows, err);
}

tdm_code tdm_naming_subjects(tdm_fold *fold, tdm_span text, tdm_subjects *out, tdm_arena *arena, tdm_err *err)
{
    out->count = 0;
    tdm_code result = read_views(fold, text, out, arena, err);
    if (result != TDM_OK)
        return result;
    tdm_org_code code = tdm_org_code_of(text);
    const named *found = tdm_map_find(&fold->naming, (tdm_span){ (const uint8_t *)code.text, 16 });
    for (size_t i = 0; found != NULL && i < found->count; i++)
        tdm_subjects_add(out, tdm_arena_keep(arena, tdm_dossier_subject(found->dossiers[i])));
    tdm_subjects_sort(out);
    return TDM_OK;
}

void tdm_naming_save(const tdm_fold *fold, tdm_kv_txn *txn)
{
    size_t at = 0;
    for (const named *item = tdm_map_next(&fold->naming, &at); item != NULL;
         item = tdm_map_next(&fold->naming, &at)) {
        for (size_t i = 0; i < item->count; i++) {
            uint8_t bytes[KEY_MAX];
            tdm_span key = { bytes, write_key(bytes, tdm_org_code_span(&item->code),
                                              tdm_dossier_subject(item->dossiers[i])) };
            tdm_views_put(txn, TDM_VIEWS_NAMING, key, (tdm_span){ NULL, 0 });
        }
    }
}

void tdm_naming_saved(tdm_fold *fold)
{
    tdm_naming_free(fold);
}
