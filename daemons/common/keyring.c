/* SPDX-License-Identifier: MPL-2.0
 *
 * keyring.c: a sorted array of key facts.
 */
#include "keyring.h"

#include <stdlib.h>
#include <string.h>

struct tdm_keyring {
    tdm_key_fact *keys;
    size_t count;
};

typedef struct gathering {
    tdm_key_fact *keys;
    size_t count;
    size_t capacity;
} gathering;

tdm_code tdm_keyring_new(tdm_keyring **out, tdm_err *err)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? tdm_fail(err, TDM_FULL, 0, "no memory for the keyring") : TDM_OK;
}

void tdm_keyring_destroy(tdm_keyring **pointer)
{
    if (*pointer == NULL)
        return;
    free((*pointer)->keys);
    free(*pointer);
    *pointer = NULL;
}

static tdm_code gather(void *context, const tdm_key_fact *key, tdm_err *err)
{
    gathering *into = context;
    if (into->count == into->capacity) {
        size_t capacity = into->capacity == 0 ? 64 : into->capacity * 2;
        tdm_key_fact *keys = realloc(into->keys, capacity * sizeof *keys);
        if (keys == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for %zu keys", capacity);
        into->keys = keys;
        into->capacity = capacity;
    }
    into->keys[into->count++] = *key;
    return TDM_OK;
}

static int by_origin(const void *a, const void *b)
{
    return tdm_id_compare(&((const tdm_key_fact *)a)->origin, &((const tdm_key_fact *)b)->origin);
}

static int by_all(const void *a, const void *b)
{
    const tdm_key_fact *left = a;
    const tdm_key_fact *right = b;
    int order = by_origin(a, b);
    if (order == 0)
        order = (left->purpose > right->purpose) - (left->purpose < right->purpose);
    return order != 0 ? order : memcmp(left->key, right->key, sizeof left->key);
}

tdm_code tdm_keyring_load(tdm_keyring *keyring, tdm_fold *fold, tdm_err *err)
{
    gathering into = { 0 };
    tdm_code code = tdm_fold_keys(fold, gather, &into, err);
    if (code != TDM_OK) {
        free(into.keys);
        return code;
    }
    if (into.count > 1)
        qsort(into.keys, into.count, sizeof *into.keys, by_all);
    free(keyring->keys);
    keyring->keys = into.keys;
    keyring->count = into.count;
    return TDM_OK;
}

static const tdm_key_fact *search(const tdm_keyring *keyring, const tdm_key_fact *wanted,
                                  int (*compare)(const void *, const void *))
{
    return keyring->count == 0
               ? NULL
               : bsearch(wanted, keyring->keys, keyring->count, sizeof *keyring->keys, compare);
}

const tdm_key_fact *tdm_keyring_find(const tdm_keyring *keyring, const tdm_id *origin, uint32_t purpose,
                                     const uint8_t key[32])
{
    tdm_key_fact wanted = { .origin = *origin, .purpose = purpose };
    memcpy(wanted.key, key, sizeof wanted.key);
    return search(keyring, &wanted, by_all);
}

bool tdm_keyring_knows(const tdm_keyring *keyring, const tdm_id *origin)
{
    return search(keyring, &(tdm_key_fact){ .origin = *origin }, by_origin) != NULL;
}

bool tdm_keyring_may_seal(const tdm_keyring *keyring, const tdm_id *origin, const uint8_t key[32],
                          uint64_t last)
{
    const tdm_key_fact *found = tdm_keyring_find(keyring, origin, TDM_PURPOSE_IS_SEAL, key);
    return found != NULL && (found->active || found->last != 0) && (found->last == 0 || last <= found->last)
           && (found->first == 0 || last >= found->first);
}

const tdm_key_fact *tdm_keyring_keys(const tdm_keyring *keyring, size_t *count)
{
    *count = keyring->count;
    return keyring->keys;
}
