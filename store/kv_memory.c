/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_memory.c: the in-memory twin of kv.h, for tests and the simulator.
 *
 * A table is a treap whose nodes are shared between versions by reference count: a transaction takes the
 * roots, a writer copies the nodes on its way, and commit puts its roots in place. So readers keep their
 * snapshot and abort is to drop the roots, as with LMDB. Priorities are hashes of the keys: one set of keys
 * has one shape. Running out of memory is an assert: the twin holds nothing that anybody was promised.
 */
#include "kv_backend.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

typedef struct entry {
    atomic_uint refs;
    uint32_t key_len;
    size_t value_len;
    uint8_t bytes[]; /* key, then value */
} entry;

typedef struct node {
    atomic_uint refs;
    uint64_t priority;
    struct node *left;
    struct node *right;
    entry *item;
} node;

typedef struct memory_kv {
    tdm_kv base;
    pthread_mutex_t writer; /* held by the open write transaction */
    pthread_mutex_t lock;   /* over the fields below */
    node *roots[TDM_KV_TABLES_MAX];
    uint64_t entries[TDM_KV_TABLES_MAX];
    uint64_t readers;
} memory_kv;

typedef struct memory_txn {
    tdm_kv_txn base;
    node *roots[TDM_KV_TABLES_MAX];
    uint64_t entries[TDM_KV_TABLES_MAX];
} memory_txn;

typedef struct memory_cursor {
    tdm_kv_cursor base;
    bool placed;
    size_t key_len;
    uint8_t key[TDM_KV_KEY_MAX]; /* the last one found; kept, so that writes cannot move the cursor */
} memory_cursor;

/* ---- entries and nodes ------------------------------------------------------------------------- */

static tdm_span entry_key(const entry *item)
{
    return (tdm_span){ item->bytes, item->key_len };
}

static tdm_span entry_value(const entry *item)
{
    return (tdm_span){ item->bytes + item->key_len, item->value_len };
}

static entry *entry_new(tdm_span key, size_t value_len)
{
    entry *item = malloc(sizeof *item + key.len + value_len);
    TDM_ASSERT(item != NULL);
    atomic_init(&item->refs, 1);
    item->key_len = (uint32_t)key.len;
    item->value_len = value_len;
    memcpy(item->bytes, key.data, key.len);
    return item;
}

static void entry_drop(entry *item)
{
    if (atomic_fetch_sub(&item->refs, 1) == 1)
        free(item);
}

static node *node_hold(node *tree)
{
    if (tree != NULL)
        atomic_fetch_add(&tree->refs, 1);
    return tree;
}

static void node_drop(node *tree)
{
    while (tree != NULL && atomic_fetch_sub(&tree->refs, 1) == 1) {
        node *right = tree->right;
        node_drop(tree->left);
        entry_drop(tree->item);
        free(tree);
        tree = right;
    }
}

static node *node_new(entry *item, uint64_t priority, node *left, node *right)
{
    node *made = malloc(sizeof *made);
    TDM_ASSERT(made != NULL);
    atomic_init(&made->refs, 1);
    made->priority = priority;
    made->left = left;
    made->right = right;
    made->item = item;
    return made;
}

/* The node in *slot, in a copy of our own if another version shares it. */
static node *node_own(node **slot)
{
    node *shared = *slot;
    if (atomic_load(&shared->refs) == 1)
        return shared;
    atomic_fetch_add(&shared->item->refs, 1);
    *slot = node_new(shared->item, shared->priority, node_hold(shared->left), node_hold(shared->right));
    node_drop(shared);
    return *slot;
}

static void rotate_up_left(node **slot)
{
    node *down = *slot, *up = down->left;
    down->left = up->right;
    up->right = down;
    *slot = up;
}

static void rotate_up_right(node **slot)
{
    node *down = *slot, *up = down->right;
    down->right = up->left;
    up->left = down;
    *slot = up;
}

/* True if the key is new. Takes item over. */
static bool tree_put(node **slot, entry *item)
{
    if (*slot == NULL) {
        *slot = node_new(item, XXH3_64bits(item->bytes, item->key_len), NULL, NULL);
        return true;
    }
    node *here = node_own(slot);
    int order = tdm_span_compare(entry_key(item), entry_key(here->item));
    if (order == 0) {
        entry_drop(here->item);
        here->item = item;
        return false;
    }
    bool is_new = tree_put(order < 0 ? &here->left : &here->right, item);
    if (order < 0 && here->left->priority > here->priority)
        rotate_up_left(slot);
    else if (order > 0 && here->right->priority > here->priority)
        rotate_up_right(slot);
    return is_new;
}

static node *tree_merge(node *left, node *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    if (left->priority > right->priority) {
        node *top = node_own(&left);
        top->right = tree_merge(top->right, right);
        return top;
    }
    node *top = node_own(&right);
    top->left = tree_merge(left, top->left);
    return top;
}

static void tree_del(node **slot, tdm_span key)
{
    node *here = node_own(slot);
    int order = tdm_span_compare(key, entry_key(here->item));
    if (order != 0) {
        tree_del(order < 0 ? &here->left : &here->right, key);
        return;
    }
    *slot = tree_merge(here->left, here->right);
    here->left = here->right = NULL;
    node_drop(here);
}

static const entry *tree_find(const node *tree, tdm_span key)
{
    while (tree != NULL) {
        int order = tdm_span_compare(key, entry_key(tree->item));
        if (order == 0)
            return tree->item;
        tree = order < 0 ? tree->left : tree->right;
    }
    return NULL;
}

/* The nearest entry above key (or at it, if inclusive); from the start without a key. */
static const entry *tree_above(const node *tree, const tdm_span *key, bool inclusive)
{
    const entry *best = NULL;
    while (tree != NULL) {
        int order = key == NULL ? -1 : tdm_span_compare(*key, entry_key(tree->item));
        bool fits = order < 0 || (order == 0 && inclusive);
        if (fits)
            best = tree->item;
        tree = fits ? tree->left : tree->right;
    }
    return best;
}

static const entry *tree_below(const node *tree, const tdm_span *key, bool inclusive)
{
    const entry *best = NULL;
    while (tree != NULL) {
        int order = key == NULL ? 1 : tdm_span_compare(*key, entry_key(tree->item));
        bool fits = order > 0 || (order == 0 && inclusive);
        if (fits)
            best = tree->item;
        tree = fits ? tree->right : tree->left;
    }
    return best;
}

/* ---- transactions ------------------------------------------------------------------------------ */

static void memory_close(tdm_kv *base)
{
    memory_kv *kv = (memory_kv *)base;
    for (size_t i = 0; i < base->table_count; i++)
        node_drop(kv->roots[i]);
    pthread_mutex_destroy(&kv->lock);
    pthread_mutex_destroy(&kv->writer);
    free(kv);
}

static tdm_code memory_begin(tdm_kv *base, tdm_kv_mode mode, tdm_kv_txn **out, tdm_err *err)
{
    memory_kv *kv = (memory_kv *)base;
    memory_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a transaction");
    if (mode == TDM_KV_READ_WRITE)
        pthread_mutex_lock(&kv->writer);
    pthread_mutex_lock(&kv->lock);
    for (size_t i = 0; i < base->table_count; i++)
        txn->roots[i] = node_hold(kv->roots[i]);
    memcpy(txn->entries, kv->entries, sizeof txn->entries);
    kv->readers += mode == TDM_KV_READ_ONLY;
    pthread_mutex_unlock(&kv->lock);
    *out = &txn->base;
    return TDM_OK;
}

static void memory_abort(tdm_kv_txn *base)
{
    memory_txn *txn = (memory_txn *)base;
    memory_kv *kv = (memory_kv *)base->kv;
    for (size_t i = 0; i < kv->base.table_count; i++)
        node_drop(txn->roots[i]);
    if (base->mode == TDM_KV_READ_WRITE) {
        pthread_mutex_unlock(&kv->writer);
    } else {
        pthread_mutex_lock(&kv->lock);
        kv->readers--;
        pthread_mutex_unlock(&kv->lock);
    }
    free(txn);
}

/* The new roots go in, the old ones come out and are dropped with the transaction. */
static tdm_code memory_commit(tdm_kv_txn *base, tdm_err *err)
{
    (void)err;
    memory_txn *txn = (memory_txn *)base;
    memory_kv *kv = (memory_kv *)base->kv;
    pthread_mutex_lock(&kv->lock);
    for (size_t i = 0; i < kv->base.table_count; i++) {
        node *old = kv->roots[i];
        kv->roots[i] = txn->roots[i];
        txn->roots[i] = old;
    }
    memcpy(kv->entries, txn->entries, sizeof kv->entries);
    pthread_mutex_unlock(&kv->lock);
    memory_abort(base);
    return TDM_OK;
}

static tdm_code memory_get(tdm_kv_txn *base, size_t table, tdm_span key, tdm_span *value, tdm_err *err)
{
    const entry *item = tree_find(((memory_txn *)base)->roots[table], key);
    if (item == NULL)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "no such key in table %zu", table);
    *value = entry_value(item);
    return TDM_OK;
}

static tdm_code memory_reserve(tdm_kv_txn *base, size_t table, tdm_span key, size_t len, bool append,
                               uint8_t **place, tdm_err *err)
{
    memory_txn *txn = (memory_txn *)base;
    const entry *last = append ? tree_below(txn->roots[table], NULL, false) : NULL;
    if (last != NULL && tdm_span_compare(key, entry_key(last)) <= 0)
        return tdm_fail(err, TDM_EXISTS, 0, "append to table %zu is not behind its last key", table);
    entry *item = entry_new(key, len);
    *place = item->bytes + key.len;
    txn->entries[table] += tree_put(&txn->roots[table], item);
    return TDM_OK;
}

static tdm_code memory_del(tdm_kv_txn *base, size_t table, tdm_span key, tdm_err *err)
{
    (void)err;
    memory_txn *txn = (memory_txn *)base;
    if (tree_find(txn->roots[table], key) == NULL)
        return TDM_OK;
    tree_del(&txn->roots[table], key);
    txn->entries[table]--;
    return TDM_OK;
}

/* ---- cursors ----------------------------------------------------------------------------------- */

static tdm_code memory_cursor_open(tdm_kv_txn *txn, size_t table, tdm_kv_cursor **out, tdm_err *err)
{
    (void)txn;
    (void)table;
    memory_cursor *cursor = malloc(sizeof *cursor);
    if (cursor == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a cursor");
    cursor->placed = false;
    *out = &cursor->base;
    return TDM_OK;
}

static void memory_cursor_close(tdm_kv_cursor *cursor)
{
    free(cursor);
}

static tdm_code memory_cursor_move(tdm_kv_cursor *base, tdm_kv_move move, tdm_span key, tdm_span *found,
                                   tdm_span *value, tdm_err *err)
{
    (void)err;
    memory_cursor *cursor = (memory_cursor *)base;
    const node *root = ((memory_txn *)base->txn)->roots[base->table];
    bool seeks = move == TDM_KV_SEEK || move == TDM_KV_SEEK_LAST;
    tdm_span from = seeks ? key : (tdm_span){ cursor->key, cursor->key_len };
    const tdm_span *start = seeks || cursor->placed ? &from : NULL;
    bool upward = move == TDM_KV_SEEK || move == TDM_KV_NEXT;
    const entry *item = upward ? tree_above(root, start, seeks) : tree_below(root, start, seeks);
    if (item == NULL) {
        cursor->placed = cursor->placed && !seeks;
        return TDM_END;
    }
    *found = entry_key(item);
    *value = entry_value(item);
    cursor->placed = true;
    cursor->key_len = found->len;
    memcpy(cursor->key, found->data, found->len);
    return TDM_OK;
}

/* ---- the environment --------------------------------------------------------------------------- */

static tdm_code memory_stat(tdm_kv *base, tdm_kv_stats *out, tdm_err *err)
{
    (void)err;
    memory_kv *kv = (memory_kv *)base;
    pthread_mutex_lock(&kv->lock);
    memcpy(out->entries, kv->entries, sizeof out->entries);
    out->readers = kv->readers;
    out->reader_behind = 0;
    out->reader_pid = 0;
    pthread_mutex_unlock(&kv->lock);
    return TDM_OK;
}

static void memory_sweep_readers(tdm_kv *kv)
{
    (void)kv; /* readers of this process only */
}

static const tdm_kv_backend MEMORY = {
    .close = memory_close,
    .begin = memory_begin,
    .commit = memory_commit,
    .abort = memory_abort,
    .get = memory_get,
    .reserve = memory_reserve,
    .del = memory_del,
    .cursor_open = memory_cursor_open,
    .cursor_close = memory_cursor_close,
    .cursor_move = memory_cursor_move,
    .stat = memory_stat,
    .sweep_readers = memory_sweep_readers,
    .copy = NULL,
    .copy_out = NULL,
};

tdm_code tdm_kv_open_memory(tdm_kv **out, size_t table_count, tdm_err *err)
{
    *out = NULL;
    if (table_count > TDM_KV_TABLES_MAX)
        return tdm_fail(err, TDM_INVALID, 0, "%zu tables, at most %d", table_count, TDM_KV_TABLES_MAX);
    memory_kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for a store");
    kv->base = (tdm_kv){ &MEMORY, TDM_KV_READ_WRITE, table_count };
    pthread_mutex_init(&kv->writer, NULL);
    pthread_mutex_init(&kv->lock, NULL);
    *out = &kv->base;
    return TDM_OK;
}
