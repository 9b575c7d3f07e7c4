/* SPDX-License-Identifier: MPL-2.0
 *
 * zap_table.c: a hash table of open addressing. Strangers choose what is looked up, so the hash is keyed with
 * a random key (SipHash); nobody can make the probes long. Entries are never taken out: a removed key stays
 * as one that admits nothing, so that its owner is told apart from a stranger. What is put in comes from the
 * registry and from invitations alone, which bounds it.
 */
#include "zap_table.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64 /* a power of two */

struct entry {
    uint8_t key[TDM_KEY_BYTES];
    tdm_id origin;
    int64_t expires_ms;      /* 0: never */
    tdm_admission admission; /* NONE once removed */
    tdm_admission was;       /* before it was removed */
    bool taken;
};

struct tdm_zap_table {
    pthread_mutex_t lock;
    uint8_t hash_key[crypto_shorthash_KEYBYTES];
    struct entry *slots;
    size_t slot_count; /* a power of two, at least twice the taken ones */
    size_t taken;
};

/* The slot that holds the key, or the free one where it belongs. There is always a free one. */
static struct entry *find_slot(const tdm_zap_table *table, struct entry *slots, size_t slot_count,
                               const uint8_t *key)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, key, TDM_KEY_BYTES, table->hash_key);
    size_t at = (size_t)hash & (slot_count - 1);
    while (slots[at].taken && memcmp(slots[at].key, key, TDM_KEY_BYTES) != 0)
        at = (at + 1) & (slot_count - 1);
    return &slots[at];
}

static bool make_room(tdm_zap_table *table)
{
    if (2 * (table->taken + 1) <= table->slot_count)
        return true;
    size_t wanted = 2 * table->slot_count;
    struct entry *slots = calloc(wanted, sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < table->slot_count; i++)
        if (table->slots[i].taken)
            *find_slot(table, slots, wanted, table->slots[i].key) = table->slots[i];
    free(table->slots);
    table->slots = slots;
    table->slot_count = wanted;
    return true;
}

tdm_code tdm_zap_table_new(tdm_zap_table **out, tdm_err *err)
{
    tdm_zap_table *table = calloc(1, sizeof *table);
    struct entry *slots = calloc(FIRST_SLOTS, sizeof *slots);
    if (table == NULL || slots == NULL) {
        free(table);
        free(slots);
        return tdm_fail(err, TDM_FULL, 0, "no memory for the table of link keys");
    }
    pthread_mutex_init(&table->lock, NULL);
    crypto_shorthash_keygen(table->hash_key);
    table->slots = slots;
    table->slot_count = FIRST_SLOTS;
    *out = table;
    return TDM_OK;
}

void tdm_zap_table_destroy(tdm_zap_table **table_at)
{
    tdm_zap_table *table = table_at == NULL ? NULL : *table_at;
    if (table == NULL)
        return;
    pthread_mutex_destroy(&table->lock);
    free(table->slots);
    free(table);
    *table_at = NULL;
}

static tdm_code put(tdm_zap_table *table, const struct entry *entry)
{
    if (!make_room(table))
        return TDM_FULL;
    struct entry *slot = find_slot(table, table->slots, table->slot_count, entry->key);
    table->taken += !slot->taken;
    *slot = *entry;
    return TDM_OK;
}

tdm_code tdm_zap_table_put(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES], tdm_admission admission,
                           const tdm_id *origin, int64_t expires_ms)
{
    struct entry entry = {
        .expires_ms = expires_ms, .admission = admission, .was = admission, .taken = true
    };
    memcpy(entry.key, key, sizeof entry.key);
    if (origin != NULL)
        entry.origin = *origin;
    pthread_mutex_lock(&table->lock);
    tdm_code code = put(table, &entry);
    pthread_mutex_unlock(&table->lock);
    return code;
}

void tdm_zap_table_remove(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES])
{
    pthread_mutex_lock(&table->lock);
    find_slot(table, table->slots, table->slot_count, key)->admission = TDM_ADMIT_NONE;
    pthread_mutex_unlock(&table->lock);
}

static tdm_zap_reason why_not(const struct entry *entry)
{
    if (!entry->taken || entry->was == TDM_ADMIT_NONE)
        return TDM_ZAP_UNKNOWN;
    if (entry->was == TDM_ADMIT_PEER)
        return TDM_ZAP_REVOKED;
    return entry->admission == TDM_ADMIT_NONE ? TDM_ZAP_USED : TDM_ZAP_EXPIRED;
}

tdm_admission tdm_zap_table_judge(tdm_zap_table *table, const uint8_t key[TDM_KEY_BYTES], int64_t now_ms,
                                  tdm_id *origin, tdm_zap_reason *reason)
{
    pthread_mutex_lock(&table->lock);
    struct entry entry = *find_slot(table, table->slots, table->slot_count, key);
    pthread_mutex_unlock(&table->lock);
    bool in_time = entry.expires_ms == 0 || now_ms < entry.expires_ms;
    tdm_admission admission = entry.taken && in_time ? entry.admission : TDM_ADMIT_NONE;
    if (admission == TDM_ADMIT_NONE && reason != NULL)
        *reason = why_not(&entry);
    if (origin != NULL)
        *origin = admission == TDM_ADMIT_NONE ? (tdm_id){ { 0 } } : entry.origin;
    return admission;
}
