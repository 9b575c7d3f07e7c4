/* SPDX-License-Identifier: MPL-2.0
 *
 * views.h: rows of the views as they are stored: the value, and after it 8 bytes that check the table, the
 * key and the value. LMDB keeps no checksums (docs/decisions/0015-figures-at-rest.md).
 *
 * A row's own check shows what was changed in it, not that a row is missing or an old one. What is read as a
 * whole (a range: a stretch of cells, the residents, the incarnations) is therefore held against the sum of
 * its checks, which the state record keeps. All else needs tdm_kv_check before it is believed.
 */
#ifndef TANDEM_MEASURES_VIEWS_H
#define TANDEM_MEASURES_VIEWS_H

#include "tandem/kv.h"

/* Tables of the views, in the order of TDM_VIEWS_TABLES. */
enum tdm_views_table {
    TDM_VIEWS_META,         /* "state" -> position, counts, pending work, sums (state.c) */
    TDM_VIEWS_DOSSIERS,     /* subject -> record (dossier.h) */
    TDM_VIEWS_CELLS,        /* cell key -> amounts (cells.h) */
    TDM_VIEWS_NAMING,       /* organisation code, 0, subject -> nothing */
    TDM_VIEWS_FEEDS,        /* recipient 16, first number 8 -> positions (feed.c) */
    TDM_VIEWS_RECIPIENTS,   /* recipient 16 -> last number 8 */
    TDM_VIEWS_TIDES,        /* incarnation 8, sequence 8 -> payload of the authority's tide */
    TDM_VIEWS_INCARNATIONS, /* origin 16, incarnation 8 -> generation 4 */
    TDM_VIEWS_RESIDENTS,    /* subject of a dossier that stays in memory -> check of its record 8 */
    TDM_VIEWS_TABLES_CELLS, /* cell key -> amounts (tables.h) */
    TDM_VIEWS_DISPLACED /* subject, 0, ledger position 8 of an amendment that a later one displaced -> nothing
                         */
};

enum { TDM_VIEWS_CHECK = 8 };

/* Append the check to a value that is about to be put; returns it. */
uint64_t tdm_views_seal(enum tdm_views_table table, tdm_span key, tdm_buf *value);
/* The same where the value begins at `from`, behind others. */
uint64_t tdm_views_seal_from(enum tdm_views_table table, tdm_span key, tdm_buf *values, size_t from);
/* The same put at once. */
uint64_t tdm_views_put(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key, tdm_span value);
/* Cut the check off a row's value; TDM_CORRUPT if it is another one. check may be NULL. */
tdm_code tdm_views_open(enum tdm_views_table table, tdm_span key, tdm_span *value, uint64_t *check,
                        tdm_err *err);
/* As tdm_kv_get. */
tdm_code tdm_views_get(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span key, tdm_span *value,
                       uint64_t *check, tdm_err *err);
/* Every row whose key begins with the prefix, in order. TDM_END from the visit stops without error. Spans are
 * borrowed for the call. */
typedef tdm_code tdm_views_visit(void *context, tdm_span key, tdm_span value, uint64_t check, tdm_err *err);
tdm_code tdm_views_each(tdm_kv_txn *txn, enum tdm_views_table table, tdm_span prefix, tdm_views_visit *visit,
                        void *context, tdm_err *err);

/* ---- sums of checks, by range; wrapping */

typedef struct tdm_views_sum {
    uint32_t range; /* tdm_views_range */
    uint64_t sum;
    bool read; /* the range was, at rest */
} tdm_views_sum;

typedef struct tdm_views_sums {
    tdm_views_sum *items; /* in no order */
    size_t count;
    size_t capacity;
} tdm_views_sums;

/* Cells are read by the first two bytes of their keys, other tables whole. */
uint32_t tdm_views_range(enum tdm_views_table table, tdm_span key);
/* A row was put in place of another: their checks; 0: none. */
void tdm_views_count(tdm_views_sums *sums, uint32_t range, uint64_t before, uint64_t after);
tdm_views_sum *tdm_views_sum_find(const tdm_views_sums *sums, uint32_t range); /* NULL: nothing is there */
uint64_t tdm_views_sum_of(const tdm_views_sums *sums, uint32_t range);         /* 0: nothing is there */
void tdm_views_sums_encode(const tdm_views_sums *sums, tdm_buf *out);
/* False if they cannot be read. */
bool tdm_views_sums_decode(tdm_views_sums *sums, const uint8_t **at, const uint8_t *end);
void tdm_views_sums_free(tdm_views_sums *sums);

#endif
