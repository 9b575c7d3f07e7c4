/* SPDX-License-Identifier: MPL-2.0
 *
 * bulk_feeds.c: a part is a stretch of moments. An entry in it is how far its moment is from the part's
 * first, its recipient's number among those met, and how far its position is from that of the moment;
 * varints.
 */
#include "bulk_feeds.h"

#include <stdlib.h>

#include "bulk_inner.h"
#include "feed_inner.h"
#include "numbers.h"
#include "spool.h"

struct tdm_bulk_feeds {
    tdm_spool *spool;
    size_t parts;
    uint64_t stretch;       /* moments of a part */
    tdm_numbers recipients; /* met */
};

tdm_code tdm_bulk_feeds_open(tdm_bulk_feeds **out, const char *folder, uint64_t last, size_t parts,
                             tdm_err *err)
{
    tdm_spool *spool = NULL;
    *out = NULL;
    tdm_code code = tdm_spool_open(&spool, folder, parts, err);
    if (code != TDM_OK)
        return code;
    tdm_bulk_feeds *feeds = tdm_memory_new(sizeof *feeds);
    feeds->spool = spool;
    feeds->parts = parts;
    feeds->stretch = tdm_moment_after(last) / parts + 1;
    TDM_ASSERT(feeds->stretch < UINT32_MAX);
    tdm_numbers_init(&feeds->recipients);
    *out = feeds;
    return TDM_OK;
}

void tdm_bulk_feeds_close(tdm_bulk_feeds **handle)
{
    tdm_bulk_feeds *feeds = *handle;
    if (feeds == NULL)
        return;
    *handle = NULL;
    tdm_numbers_free(&feeds->recipients);
    tdm_spool_close(&feeds->spool);
    free(feeds);
}

static uint32_t number_of(tdm_bulk_feeds *feeds, const tdm_id *id)
{
    return tdm_numbers_meet(&feeds->recipients, (tdm_span){ id->bytes, TDM_ID_BYTES })->number;
}

tdm_code tdm_bulk_feeds_put(tdm_bulk_feeds *feeds, const tdm_replay_entry *entries, size_t count,
                            tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        const tdm_replay_entry *entry = &entries[i];
        uint64_t happened = tdm_moment_position(entry->moment);
        uint8_t bytes[3 * TDM_VARINT_MAX];
        uint8_t *at = tdm_varint_write(bytes, entry->moment % feeds->stretch);
        at = tdm_varint_write(at, number_of(feeds, &entry->recipient));
        at = tdm_varint_write(at, tdm_zigzag((int64_t)(entry->position - happened)));
        code = tdm_spool_add(feeds->spool, (size_t)(entry->moment / feeds->stretch),
                             (tdm_span){ bytes, (size_t)(at - bytes) }, err);
    }
    return code;
}

/* ---- numbers ---- */

typedef struct sent {
    uint32_t moment; /* from the part's first on */
    uint32_t recipient;
    uint64_t position;
} sent;

typedef struct sent_list {
    sent *items;
    size_t count;
    size_t capacity;
} sent_list;

static void read_part(const tdm_bulk_feeds *feeds, size_t part, tdm_span bytes, sent_list *out)
{
    const uint8_t *at = bytes.data;
    const uint8_t *end = at + bytes.len;
    while (at < end) {
        uint64_t moment = tdm_varint_get(&at, end);
        uint64_t number = tdm_varint_get(&at, end);
        uint64_t position =
            tdm_moment_position(part * feeds->stretch + moment) + (uint64_t)tdm_varint_get_signed(&at, end);
        TDM_ASSERT(at != NULL && moment < feeds->stretch && number < tdm_numbers_count(&feeds->recipients));
        out->items = tdm_memory_grow(out->items, &out->capacity, out->count + 1, sizeof *out->items);
        out->items[out->count++] = (sent){ (uint32_t)moment, (uint32_t)number, position };
    }
}

/* In order of moment; of one moment, as they came. */
static sent *sorted_by_moment(const sent_list *list, uint64_t stretch)
{
    size_t *begins = tdm_memory_new((size_t)(stretch + 1) * sizeof *begins);
    sent *sorted = tdm_memory_new((list->count + 1) * sizeof *sorted);
    for (size_t i = 0; i < list->count; i++)
        begins[list->items[i].moment + 1]++;
    for (size_t i = 1; i <= stretch; i++)
        begins[i] += begins[i - 1];
    for (size_t i = 0; i < list->count; i++)
        sorted[begins[list->items[i].moment]++] = list->items[i];
    free(begins);
    return sorted;
}

static void put_feeds(void *context, tdm_kv_txn *txn)
{
    tdm_feeds_save(context, txn);
}

static tdm_code number_part(tdm_bulk_feeds *feeds, tdm_fold *fold, size_t part, tdm_err *err)
{
    tdm_buf bytes = { 0 };
    sent_list list = { 0 };
    tdm_code code = tdm_spool_read(feeds->spool, part, &bytes, err);
    if (code == TDM_OK && bytes.len > 0) {
        read_part(feeds, part, tdm_buf_span(&bytes), &list);
        sent *sorted = sorted_by_moment(&list, feeds->stretch);
        for (size_t i = 0; i < list.count; i++)
            tdm_feed_append(fold, (const tdm_id *)feeds->recipients.by_number[sorted[i].recipient]->key,
                            sorted[i].position);
        free(sorted);
        code = tdm_bulk_commit(fold->shelf.kv, put_feeds, fold, err);
        tdm_feeds_saved(fold);
    }
    free(list.items);
    tdm_buf_free(&bytes);
    return code;
}

tdm_code tdm_bulk_feeds_number(tdm_bulk_feeds *feeds, tdm_fold *fold, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < feeds->parts && code == TDM_OK; i++)
        code = number_part(feeds, fold, i, err);
    return code;
}
