/* SPDX-License-Identifier: MPL-2.0
 *
 * displaced.c: where the ledger holds amendments that a dossier no longer does: of those that take each
 * other's place it keeps the latest. As of an earlier moment one of them is in force.
 */
#include "fold_inner.h"

enum { KEY_MAX = TDM_SUBJECT_MAX + 9 };

/* subject, 0, position */
static size_t write_key(uint8_t out[KEY_MAX], tdm_span subject, uint64_t position)
{
    memcpy(out, subject.data, subject.len);
    out[subject.len] = 0;
    tdm_put_be(out + subject.len + 1, position, 8);
    return subject.len + 9;
}

void tdm_displaced_add(tdm_fold *fold, const tdm_dossier *dossier, uint64_t position)
{
    fold->displaced = tdm_memory_grow(fold->displaced, &fold->displaced_capacity, fold->displaced_count + 1,
                                      sizeof *fold->displaced);
    fold->displaced[fold->displaced_count++] = (struct tdm_displaced){ dossier, position };
}

void tdm_displaced_save(const tdm_fold *fold, tdm_kv_txn *txn)
{
    for (size_t i = 0; i < fold->displaced_count; i++) {
        uint8_t bytes[KEY_MAX];
        tdm_span subject = tdm_dossier_subject(fold->displaced[i].dossier);
        tdm_span key = { bytes, write_key(bytes, subject, fold->displaced[i].position) };
        tdm_views_put(txn, TDM_VIEWS_DISPLACED, key, (tdm_span){ NULL, 0 });
    }
}

typedef struct rows {
    size_t prefix;
    tdm_displaced_visit *visit;
    void *context;
} rows;

static tdm_code visit_row(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)value;
    (void)check;
    const rows *r = context;
    if (key.len != r->prefix + 8)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a row of displaced amendments is damaged");
    return r->visit(r->context, tdm_get_be(key.data + r->prefix, 8), err);
}

tdm_code tdm_displaced_each(tdm_fold *fold, tdm_span subject, tdm_displaced_visit *visit, void *context,
                            tdm_err *err)
{
    uint8_t bytes[KEY_MAX];
    tdm_kv_txn *txn;
    rows r = { subject.len + 1, visit, context };
    write_key(bytes, subject, 0);
    tdm_code code = tdm_shelf_trust(&fold->shelf, err);
    if (code == TDM_OK)
        code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code != TDM_OK || txn == NULL)
        return code;
    return tdm_views_each(txn, TDM_VIEWS_DISPLACED, (tdm_span){ bytes, r.prefix }, visit_row, &r, err);
}
