/* SPDX-License-Identifier: MPL-2.0
 *
 * hash.c: the state hash: what "the same bytes" means. Over a digest of each dossier, in order of subject,
 * then cells and tables in order of key; numbers big-endian. A dossier's digest is of its subject and of what
 * is stated (tdm_dossier_pack): without ledger positions, received times and anything that only this store
 * knows.
 */
#include "at_rest.h"

#include <sodium.h>
#include <stdlib.h>

static void hash_number(crypto_generichash_state *state, uint64_t number)
{
    uint8_t bytes[8];
    tdm_put_be(bytes, number, sizeof bytes);
    crypto_generichash_update(state, bytes, sizeof bytes);
}

static void hash_span(crypto_generichash_state *state, tdm_span span)
{
    hash_number(state, span.len);
    if (span.len > 0)
        crypto_generichash_update(state, span.data, span.len);
}

void tdm_state_digest(tdm_span subject, tdm_span packed, tdm_digest *out)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, TDM_DIGEST_BYTES);
    hash_span(&state, subject);
    hash_span(&state, packed);
    crypto_generichash_final(&state, out->bytes, TDM_DIGEST_BYTES);
}

struct tdm_state_hasher {
    crypto_generichash_state state;
};

tdm_state_hasher *tdm_state_hasher_new(void)
{
    tdm_state_hasher *hasher = NULL;
    TDM_ASSERT(posix_memalign((void **)&hasher, 64, sizeof *hasher) == 0); /* libsodium wants it aligned */
    crypto_generichash_init(&hasher->state, NULL, 0, TDM_DIGEST_BYTES);
    return hasher;
}

void tdm_state_hash_add(tdm_state_hasher *hasher, const tdm_digest *dossier)
{
    crypto_generichash_update(&hasher->state, dossier->bytes, TDM_DIGEST_BYTES);
}

static void hash_dossier(tdm_state_hasher *hasher, tdm_packing *packing, const tdm_dossier *dossier)
{
    tdm_digest digest;
    tdm_state_digest(tdm_dossier_subject(dossier), tdm_dossier_pack(packing, dossier), &digest);
    tdm_state_hash_add(hasher, &digest);
}

static tdm_code hash_dossiers(tdm_fold *fold, tdm_state_hasher *hasher, tdm_err *err)
{
    tdm_walk walk = tdm_walk_begin((tdm_span){ NULL, 0 });
    tdm_code code = TDM_OK;
    tdm_packing packing = { 0 };
    while (code == TDM_OK && walk.more) {
        code = tdm_walk_step(&fold->shelf, &walk, err);
        for (size_t i = 0; code == TDM_OK && i < walk.found.count; i++) {
            tdm_dossier *dossier;
            bool owned;
            code = tdm_shelf_look(&fold->shelf, walk.found.items[i], &dossier, &owned, err);
            if (code == TDM_OK && dossier != NULL)
                hash_dossier(hasher, &packing, dossier);
            if (owned)
                tdm_dossier_free(dossier);
        }
    }
    tdm_packing_free(&packing);
    tdm_walk_end(&walk);
    return code;
}

static void hash_cells(tdm_fold *fold, crypto_generichash_state *state)
{
    size_t count;
    tdm_cell **cells = tdm_cells_sorted(&fold->cells, &count);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[TDM_CELL_KEY_MAX];
        hash_span(state, (tdm_span){ key, tdm_cell_key(cells[i], key) });
        for (size_t v = 0; v < cells[i]->width; v++)
            hash_number(state, (uint64_t)cells[i]->v[v]);
    }
    free(cells);
}

static void hash_tables(tdm_fold *fold, crypto_generichash_state *state)
{
    size_t count;
    tdm_table_slot **slots = tdm_tables_sorted(&fold->tables, &count);
    for (size_t i = 0; i < count; i++) {
        hash_span(state, (tdm_span){ slots[i]->key, slots[i]->key_len });
        for (size_t v = 0; v < TDM_TABLE_AMOUNTS; v++)
            hash_number(state, (uint64_t)slots[i]->n[v]);
    }
    free(slots);
}

void tdm_state_hash_end(tdm_state_hasher **hasher, tdm_fold *fold, tdm_digest *out)
{
    hash_cells(fold, &(*hasher)->state);
    hash_tables(fold, &(*hasher)->state);
    crypto_generichash_final(&(*hasher)->state, out->bytes, TDM_DIGEST_BYTES);
    free(*hasher);
    *hasher = NULL;
}

tdm_code tdm_fold_state_hash(tdm_fold *fold, tdm_digest *out, tdm_err *err)
{
    enum { STEP = 1000 };
    tdm_err own = { .code = TDM_OK };
    while (tdm_fold_work(fold, STEP, &own))
        ;
    if (!tdm_fold_is_settled(fold))
        return tdm_fail(err, own.code == TDM_OK ? TDM_INTERNAL : own.code, own.sys, "%s", own.what);
    tdm_state_hasher *hasher = tdm_state_hasher_new();
    tdm_fold_lock(fold);
    tdm_code code = tdm_rest_need_all(fold, err);
    if (code == TDM_OK)
        code = hash_dossiers(fold, hasher, err);
    tdm_shelf_end(&fold->shelf);
    tdm_state_hash_end(&hasher, fold, out);
    tdm_fold_unlock(fold);
    return code;
}
