/* SPDX-License-Identifier: MPL-2.0
 *
 * feed_rows.c: the feeds themselves: positions numbered from 1 per recipient, in memory until a checkpoint
 * has written them.
 *
 * In the views so many numbers have a row together: each position as a varint of its zigzag difference from
 * the one before (the first from 0). The last row is written again until it is full, and kept in memory.
 */
#include "feed_inner.h"

#include <stdlib.h>

enum { ROW_NUMBERS = 128 };

static tdm_span feed_key(const void *item)
{
    return (tdm_span){ ((const feed *)item)->recipient.bytes, TDM_ID_BYTES };
}

static void release_feed(void *item)
{
    free(((feed *)item)->positions);
    free(item);
}

void tdm_feed_rows_init(tdm_fold *fold)
{
    tdm_map_init(&fold->feeds, feed_key);
}

void tdm_feed_rows_free(tdm_fold *fold)
{
    tdm_map_free(&fold->feeds, release_feed);
}

static feed *feed_of(tdm_fold *fold, const tdm_id *recipient)
{
    feed *found = tdm_map_find(&fold->feeds, (tdm_span){ recipient->bytes, TDM_ID_BYTES });
    if (found == NULL) {
        found = tdm_memory_new(sizeof *found);
        found->recipient = *recipient;
        tdm_map_add(&fold->feeds, found);
    }
    return found;
}

void tdm_feed_append(tdm_fold *fold, const tdm_id *recipient, uint64_t position)
{
    feed *to = feed_of(fold, recipient);
    to->positions = tdm_memory_grow(to->positions, &to->capacity, to->count + 1, sizeof *to->positions);
    to->positions[to->count++] = position;
}

static uint64_t last_number(const feed *of)
{
    return of->rows + of->count;
}

uint64_t tdm_fold_feed_last(tdm_fold *fold, const tdm_id *recipient)
{
    tdm_fold_lock(fold);
    const feed *found = tdm_map_find(&fold->feeds, (tdm_span){ recipient->bytes, TDM_ID_BYTES });
    uint64_t last = found == NULL ? 0 : last_number(found);
    tdm_fold_unlock(fold);
    return last;
}

/* ---- rows ---- */

static void write_key(uint8_t key[24], const tdm_id *recipient, uint64_t first)
{
    memcpy(key, recipient->bytes, TDM_ID_BYTES);
    tdm_put_be(key + TDM_ID_BYTES, first, 8);
}

static void write_row(const uint64_t *positions, size_t count, tdm_buf *out)
{
    uint64_t before = 0;
    tdm_buf_clear(out);
    for (size_t i = 0; i < count; i++) {
        tdm_varint_put_signed(out, (int64_t)(positions[i] - before));
        before = positions[i];
    }
    TDM_ASSERT(!out->failed);
}

/* Positions of the first `count` numbers of the row that begins after `rows`. */
static tdm_code read_row(tdm_kv_txn *txn, const tdm_id *recipient, uint64_t rows, uint64_t *positions,
                         size_t count, tdm_err *err)
{
    tdm_span value;
    uint8_t key[24];
    uint64_t position = 0;
    write_key(key, recipient, rows + 1);
    tdm_code code = tdm_views_get(txn, TDM_VIEWS_FEEDS, (tdm_span){ key, sizeof key }, &value, NULL, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: feed entries from %llu on are missing",
                        (unsigned long long)rows + 1);
    if (code != TDM_OK)
        return code;
    const uint8_t *at = value.data;
    for (size_t i = 0; i < count; i++)
        positions[i] = position += (uint64_t)tdm_varint_get_signed(&at, value.data + value.len);
    return at != NULL ? TDM_OK
                      : tdm_fail(err, TDM_CORRUPT, 0, "views: feed entries from %llu on are damaged",
                                 (unsigned long long)rows + 1);
}

static tdm_code read_saved(tdm_fold *fold, const tdm_id *recipient, uint64_t number, uint64_t *position,
                           tdm_err *err)
{
    tdm_kv_txn *txn;
    uint64_t positions[ROW_NUMBERS];
    uint64_t rows = (number - 1) / ROW_NUMBERS * ROW_NUMBERS;
    tdm_code code = tdm_shelf_reader(&fold->shelf, &txn, err);
    if (code == TDM_OK)
        code = read_row(txn, recipient, rows, positions, (size_t)(number - rows), err);
    if (code == TDM_OK)
        *position = positions[number - rows - 1];
    tdm_shelf_end(&fold->shelf);
    return code;
}

tdm_code tdm_fold_feed_next(tdm_fold *fold, const tdm_id *recipient, uint64_t after, uint64_t *number,
                            uint64_t *position, tdm_err *err)
{
    tdm_fold_lock(fold);
    const feed *found = tdm_map_find(&fold->feeds, (tdm_span){ recipient->bytes, TDM_ID_BYTES });
    tdm_code code = TDM_OK;
    *number = after + 1;
    if (found == NULL || after >= last_number(found))
        code = TDM_END;
    else if (after >= found->rows)
        *position = found->positions[after - found->rows];
    else
        code = read_saved(fold, recipient, *number, position, err);
    tdm_fold_unlock(fold);
    return code;
}

/* ---- checkpoints ---- */

static void save_feed(const feed *of, tdm_kv_txn *txn, tdm_buf *row)
{
    uint8_t key[24];
    uint8_t last[8];
    for (size_t at = 0; at < of->count; at += ROW_NUMBERS) {
        size_t count = of->count - at < ROW_NUMBERS ? of->count - at : ROW_NUMBERS;
        write_key(key, &of->recipient, of->rows + at + 1);
        write_row(of->positions + at, count, row);
        tdm_views_put(txn, TDM_VIEWS_FEEDS, (tdm_span){ key, sizeof key }, tdm_buf_span(row));
    }
    tdm_put_be(last, last_number(of), sizeof last);
    tdm_views_put(txn, TDM_VIEWS_RECIPIENTS, feed_key(of), (tdm_span){ last, sizeof last });
}

void tdm_feeds_save(tdm_fold *fold, tdm_kv_txn *txn)
{
    size_t place = 0;
    tdm_buf row = { 0 };
    for (const feed *item = tdm_map_next(&fold->feeds, &place); item != NULL;
         item = tdm_map_next(&fold->feeds, &place))
        if (last_number(item) > item->saved)
            save_feed(item, txn, &row);
    tdm_buf_free(&row);
}

void tdm_feeds_saved(tdm_fold *fold)
{
    size_t place = 0;
    for (feed *item = tdm_map_next(&fold->feeds, &place); item != NULL;
         item = tdm_map_next(&fold->feeds, &place)) {
        size_t full = item->count / ROW_NUMBERS * ROW_NUMBERS;
        item->saved = last_number(item);
        item->rows += full;
        item->count -= full;
        if (full > 0 && item->count > 0)
            memmove(item->positions, item->positions + full, item->count * sizeof *item->positions);
    }
}

typedef struct feeds_load {
    tdm_fold *fold;
    tdm_kv_txn *txn;
} feeds_load;

static tdm_code load_recipient(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err)
{
    (void)check;
    feeds_load *load = context;
    tdm_id recipient;
    if (key.len != TDM_ID_BYTES || value.len != 8)
        return tdm_fail(err, TDM_CORRUPT, 0, "views: a feed's end is damaged");
    memcpy(recipient.bytes, key.data, TDM_ID_BYTES);
    feed *to = feed_of(load->fold, &recipient);
    to->saved = tdm_get_be(value.data, 8);
    to->rows = to->saved / ROW_NUMBERS * ROW_NUMBERS;
    size_t count = (size_t)(to->saved - to->rows);
    if (count == 0)
        return TDM_OK;
    to->positions = tdm_memory_grow(to->positions, &to->capacity, count, sizeof *to->positions);
    to->count = count;
    return read_row(load->txn, &recipient, to->rows, to->positions, count, err);
}

tdm_code tdm_feed_rows_load(tdm_fold *fold, tdm_kv_txn *txn, tdm_err *err)
{
    return tdm_views_each(txn, TDM_VIEWS_RECIPIENTS, (tdm_span){ NULL, 0 }, load_recipient,
                          &(feeds_load){ fold, txn }, err);
}
