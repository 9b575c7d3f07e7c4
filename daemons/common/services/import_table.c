/* SPDX-License-Identifier: MPL-2.0
 *
 * import_table.c: a set keyed by 128-bit digests; open addressing, at most half full. It is sized once for
 * the largest file, so it neither grows nor fails later.
 */
#include "import_table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 1 << 18 }; /* over 2 x (subjects + words without id) of TDM_SHEET_ROWS_MAX rows */
_Static_assert(SLOTS >= 4 * TDM_SHEET_ROWS_MAX, "at most half full");

typedef struct slot {
    uint64_t key[2]; /* zero: free */
    uint64_t content;
    uint32_t row;
    uint32_t count;
} slot;

struct tdm_import_table {
    uint8_t secret[16]; /* so that nobody can write a file that makes the table slow */
    slot *slots;
};

tdm_import_table *tdm_import_table_new(void)
{
    tdm_import_table *table = calloc(1, sizeof *table);
    if (table == NULL)
        return NULL;
    randombytes_buf(table->secret, sizeof table->secret);
    table->slots = calloc(SLOTS, sizeof *table->slots);
    if (table->slots == NULL)
        tdm_import_table_free(&table);
    return table;
}

void tdm_import_table_free(tdm_import_table **pointer)
{
    if (*pointer == NULL)
        return;
    free((*pointer)->slots);
    free(*pointer);
    *pointer = NULL;
}

static void digest(const tdm_import_table *table, char kind, tdm_span bytes, uint64_t key[2])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, table->secret, sizeof table->secret, 16);
    crypto_generichash_update(&state, (const uint8_t *)&kind, 1);
    crypto_generichash_update(&state, bytes.data, bytes.len);
    crypto_generichash_final(&state, (uint8_t *)key, 16);
    key[0] |= 1; /* never zero */
}

static slot *find(const tdm_import_table *table, char kind, tdm_span bytes)
{
    uint64_t key[2];
    digest(table, kind, bytes, key);
    size_t at = key[1] % SLOTS;
    while (table->slots[at].key[0] != 0 && memcmp(table->slots[at].key, key, sizeof key) != 0)
        at = (at + 1) % SLOTS;
    return &table->slots[at];
}

static slot *find_or_add(tdm_import_table *table, char kind, tdm_span bytes)
{
    slot *found = find(table, kind, bytes);
    if (found->key[0] == 0)
        digest(table, kind, bytes, found->key);
    return found;
}

static uint64_t content_of(const tdm_import_table *table, const tdm_sheet_row *row)
{
    crypto_generichash_state state;
    uint64_t out[2];
    crypto_generichash_init(&state, table->secret, sizeof table->secret, sizeof out);
    for (size_t i = 0; i < row->cell_count; i++) {
        crypto_generichash_update(&state, row->cells[i].data, row->cells[i].len);
        crypto_generichash_update(&state, (const uint8_t *)"", 1);
    }
    crypto_generichash_final(&state, (uint8_t *)out, sizeof out);
    return out[0];
}

bool tdm_import_table_seen(tdm_import_table *table, tdm_span subject, const tdm_sheet_row *row, size_t *first,
                           bool *same)
{
    slot *found = find_or_add(table, 's', subject);
    uint64_t content = content_of(table, row);
    if (found->row != 0) {
        *first = found->row;
        *same = found->content == content;
        return true;
    }
    found->count = 1;
    found->row = (uint32_t)row->number;
    found->content = content;
    return false;
}

void tdm_import_table_note(tdm_import_table *table, tdm_span subject)
{
    find_or_add(table, 's', subject)->count = 1;
}

bool tdm_import_table_holds(const tdm_import_table *table, tdm_span subject)
{
    return find(table, 's', subject)->count > 0;
}

unsigned tdm_import_table_count(tdm_import_table *table, tdm_span word)
{
    return ++find_or_add(table, 'w', word)->count;
}
