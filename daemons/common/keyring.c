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

static int by_origin_and_key(const void *a, const void *b)
{
    const tdm_key_fact *left = a;
    const tdm_key_fact *right = b;
    int order = tdm_id_compare(&left->origin, &right->origin);
    return order != 0 ? order : memcmp(left->key, right->key, 32);
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
        qsort(into.keys, into.count, sizeof *into.keys, by_origin_and_key);
    free(keyring->keys);
    keyring->keys = into.keys;
    keyring->count = into.count;
    return TDM_OK;
}

bool tdm_keyring_may_seal(const tdm_keyring *keyring, const tdm_id *origin, const uint8_t key[32],
                          uint64_t last)
{
    tdm_key_fact wanted = { .origin = *origin };
    memcpy(wanted.key, key, 32);
    if (keyring->count == 0)
        return false;
    const tdm_key_fact *found =
        bsearch(&wanted, keyring->keys, keyring->count, sizeof *keyring->keys, by_origin_and_key);
    return found != NULL && found->active && found->purpose == TDM_PURPOSE_IS_SEAL
           && (found->last == 0 || last <= found->last) && (found->first == 0 || last >= found->first);
}

const tdm_key_fact *tdm_keyring_keys(const tdm_keyring *keyring, size_t *count)
{
    *count = keyring->count;
    return keyring->keys;
}
