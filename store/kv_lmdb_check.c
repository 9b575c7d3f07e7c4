/* SPDX-License-Identifier: MPL-2.0
 *
 * kv_lmdb_check.c: the pages of an LMDB file, as one transaction sees them: every page is what the one above
 * it says, in its place, and each of the file is used once or free. LMDB itself trusts all of this.
 *
 * Source: the layout of data format 1 as LMDB 0.9 defines it in mdb.c (MDB_page, MDB_node, MDB_db, MDB_meta).
 */
#include "kv_lmdb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    META_PAGES = 2,
    LEVELS_MAX = 32,
    PAGE_HEAD = 16,
    NODE_HEAD = 8,
    TABLE_BYTES = 48,
    META_BYTES = 136,
    META_FREE = 24, /* where a meta keeps the table of free pages, the one of tables, and what follows */
    META_NAMES = META_FREE + TABLE_BYTES,
    META_LAST = META_NAMES + TABLE_BYTES,
    META_TXN = META_LAST + 8,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    NODE_BIG = 1,
    NODE_TABLE = 2,
    BEGIN_TRIES = 100,
    WINDOW_BYTES = 1 << 18,
    NEAR_PAGES = 8,
};
#define NO_PAGE UINT64_MAX

typedef struct pages {
    int fd;
    size_t page_bytes;
    uint64_t last; /* number of the last page */
    uint64_t txn;
    uint8_t *seen;   /* a bit a page */
    uint8_t *levels; /* LEVELS_MAX pages: the way down to the present one */
    uint8_t *window; /* what was read ahead, while pages are asked for one after another */
    uint64_t window_at;
    size_t window_len;
    uint64_t after; /* behind what was read last */
    tdm_kv_fault *report;
    void *context;
    uint64_t faults;
} pages;

typedef struct shape {
    uint16_t flags;
    uint16_t depth;
    uint64_t branches;
    uint64_t leaves;
    uint64_t overflows;
    uint64_t entries;
    uint64_t root;
} shape;

typedef enum tree_kind { TREE_ROWS, TREE_NAMES, TREE_FREE } tree_kind;

typedef struct tree {
    pages *p;
    tree_kind kind;
    shape told;
    shape found;
} tree;

typedef struct node {
    tdm_span key;
    uint16_t flags;
    uint64_t number; /* branch: the page below; NODE_BIG: where the value begins */
    uint64_t len;    /* of the value */
    const uint8_t *value;
} node;

static uint16_t u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static uint64_t u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static void fault(pages *p, uint64_t number, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fault(pages *p, uint64_t number, const char *format, ...)
{
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    p->faults++;
    p->report(p->context, number, what);
}

static bool is_in_window(const pages *p, uint64_t offset, size_t len)
{
    return offset >= p->window_at && offset + len <= p->window_at + p->window_len;
}

/* A log is written in the order in which it is walked: mostly the next page is asked for. */
static bool read_at(pages *p, uint64_t offset, void *to, size_t len)
{
    bool near = offset >= p->after && offset - p->after <= NEAR_PAGES * p->page_bytes;
    p->after = offset + len;
    if (near && !is_in_window(p, offset, len)) {
        ssize_t got = pread(p->fd, p->window, WINDOW_BYTES, (off_t)offset);
        p->window_at = offset;
        p->window_len = got < 0 ? 0 : (size_t)got;
    }
    if (!is_in_window(p, offset, len))
        return pread(p->fd, to, len, (off_t)offset) == (ssize_t)len;
    memcpy(to, p->window + (offset - p->window_at), len);
    return true;
}

/* Counts a page as used or free; false, told, if it can not be. */
static bool take(pages *p, uint64_t number)
{
    if (number < META_PAGES || number > p->last) {
        fault(p, number, "is named, and the file has no such page");
        return false;
    }
    if ((p->seen[number / 8] & (1u << (number % 8))) != 0) {
        fault(p, number, "is used twice, or free and used");
        return false;
    }
    p->seen[number / 8] |= (uint8_t)(1u << (number % 8));
    return true;
}

/* ---- nodes ------------------------------------------------------------------------------------- */

static size_t count_of(const uint8_t *page)
{
    return (size_t)(u16(page + 12) - PAGE_HEAD) / 2;
}

/* The bytes it takes on the page; 0 if it is not within. */
static size_t node_at(const pages *p, const uint8_t *page, size_t index, bool branch, node *out)
{
    size_t at = u16(page + PAGE_HEAD + 2 * index);
    if (at < u16(page + 14) || at + NODE_HEAD > p->page_bytes)
        return 0;
    const uint8_t *bytes = page + at;
    uint64_t low = u16(bytes) | (uint64_t)u16(bytes + 2) << 16;
    out->flags = u16(bytes + 4);
    out->key = (tdm_span){ bytes + NODE_HEAD, u16(bytes + 6) };
    out->value = bytes + NODE_HEAD + out->key.len;
    out->len = branch ? 0 : low;
    bool big = !branch && (out->flags & NODE_BIG) != 0;
    size_t size = NODE_HEAD + out->key.len + (big ? 8 : out->len);
    size += size % 2;
    if (size > p->page_bytes || at + size > p->page_bytes)
        return 0;
    out->number = branch ? low | (uint64_t)out->flags << 32 : big ? u64(out->value) : 0;
    return size;
}

static int compare(const tree *t, tdm_span a, tdm_span b)
{
    if (t->kind == TREE_FREE && a.len == 8 && b.len == 8)
        return u64(a.data) < u64(b.data) ? -1 : u64(a.data) > u64(b.data);
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

/* ---- pages ------------------------------------------------------------------------------------- */

/* Its head, and that its nodes fill what it says they fill. */
static bool page_is_sound(tree *t, uint64_t number, const uint8_t *page, bool branch)
{
    pages *p = t->p;
    size_t lower = u16(page + 12), upper = u16(page + 14), filled = 0;
    if (u64(page) != number || u16(page + 10) != (branch ? PAGE_BRANCH : PAGE_LEAF)) {
        fault(p, number, "says it is page %llu, kind %u", (unsigned long long)u64(page),
              (unsigned)u16(page + 10));
        return false;
    }
    if (lower < PAGE_HEAD || lower % 2 != 0 || lower > upper || upper > p->page_bytes) {
        fault(p, number, "has its bounds at %zu and %zu", lower, upper);
        return false;
    }
    size_t count = count_of(page);
    for (size_t i = 0; i < count; i++) {
        node n;
        size_t size = node_at(p, page, i, branch, &n);
        unsigned allowed = t->kind == TREE_NAMES ? NODE_TABLE : NODE_BIG;
        if (size == 0 || (!branch && (n.flags & ~allowed) != 0)) {
            fault(p, number, "entry %zu is damaged", i);
            return false;
        }
        filled += size;
    }
    if (count == 0 || filled != p->page_bytes - upper) {
        fault(p, number, "holds %zu entries of %zu bytes in %zu", count, filled, p->page_bytes - upper);
        return false;
    }
    return true;
}

/* A value on pages of its own. */
static bool overflow_is_sound(tree *t, const node *n)
{
    pages *p = t->p;
    uint8_t head[PAGE_HEAD];
    uint64_t count = (PAGE_HEAD - 1 + n->len) / p->page_bytes + 1;
    for (uint64_t i = 0; i < count; i++) {
        if (!take(p, n->number + i))
            return false;
    }
    t->found.overflows += count;
    uint32_t told = 0;
    bool read = read_at(p, n->number * p->page_bytes, head, sizeof head);
    memcpy(&told, head + 12, sizeof told);
    if (read && u64(head) == n->number && u16(head + 10) == PAGE_OVERFLOW && told == count)
        return true;
    fault(p, n->number, "does not begin a value of %llu pages", (unsigned long long)count);
    return false;
}

/* The pages that one row of the table of free pages tells of. */
static void check_free(tree *t, uint64_t number, const node *n)
{
    pages *p = t->p;
    uint64_t txn = n->key.len == 8 ? u64(n->key.data) : NO_PAGE, count = 0, freed = 0;
    bool big = (n->flags & NODE_BIG) != 0;
    uint64_t from = n->number * p->page_bytes + PAGE_HEAD;
    if (big && !read_at(p, from, &count, sizeof count))
        return;
    if (!big && n->len >= 8)
        count = u64(n->value);
    if (txn > p->txn || n->len < 8 || count > n->len / 8 - 1) {
        fault(p, number, "has a damaged list of free pages");
        return;
    }
    for (uint64_t i = 1; i <= count; i++) {
        if (!big)
            freed = u64(n->value + 8 * i);
        else if (!read_at(p, from + 8 * i, &freed, sizeof freed))
            return;
        if (!take(p, freed))
            return;
    }
}

static void check_leaf(tree *t, uint64_t number, const uint8_t *page)
{
    node n;
    t->found.leaves++;
    for (size_t i = 0; i < count_of(page); i++) {
        node_at(t->p, page, i, false, &n);
        t->found.entries++;
        if ((n.flags & NODE_BIG) != 0 && !overflow_is_sound(t, &n))
            continue;
        if (t->kind == TREE_FREE)
            check_free(t, number, &n);
        else if (t->kind == TREE_NAMES && (n.flags != NODE_TABLE || n.len != TABLE_BYTES))
            fault(t->p, number, "entry %zu is no table", i);
    }
}

static bool keys_are_in_order(tree *t, uint64_t number, const uint8_t *page, bool branch, const tdm_span *low,
                              const tdm_span *high)
{
    node n, before;
    for (size_t i = 0; i < count_of(page); i++, before = n) {
        node_at(t->p, page, i, branch, &n);
        if (branch && i == 0) /* its key is not read: everything below the next one is there */
            continue;
        bool first = i == (branch ? 1 : 0);
        if ((first && low != NULL && compare(t, n.key, *low) < 0)
            || (!first && compare(t, before.key, n.key) >= 0)
            || (high != NULL && compare(t, n.key, *high) >= 0)) {
            fault(t->p, number, "entry %zu is not in its place by its key", i);
            return false;
        }
    }
    return true;
}

/* The page and all below it: keys from low on (NULL: any) and below high. */
static void walk(tree *t, uint64_t number, size_t level, const tdm_span *low, const tdm_span *high)
{
    pages *p = t->p;
    bool branch = level + 1 < t->told.depth;
    uint8_t *page = p->levels + level * p->page_bytes;
    if (!take(p, number))
        return;
    if (!read_at(p, number * p->page_bytes, page, p->page_bytes)) {
        fault(p, number, "can not be read");
        return;
    }
    if (!page_is_sound(t, number, page, branch) || !keys_are_in_order(t, number, page, branch, low, high))
        return;
    if (!branch) {
        check_leaf(t, number, page);
        return;
    }
    t->found.branches++;
    for (size_t i = 0; i < count_of(page); i++) {
        node n, next;
        bool last = i + 1 == count_of(page);
        node_at(p, page, i, true, &n);
        if (!last)
            node_at(p, page, i + 1, true, &next);
        walk(t, n.number, level + 1, i == 0 ? low : &n.key, last ? high : &next.key);
    }
}

/* ---- tables ------------------------------------------------------------------------------------ */

static shape shape_of(const uint8_t *told)
{
    return (shape){ u16(told + 4),  u16(told + 6),  u64(told + 8), u64(told + 16),
                    u64(told + 24), u64(told + 32), u64(told + 40) };
}

static void check_tree(pages *p, tree_kind kind, const uint8_t *told)
{
    tree t = { .p = p, .kind = kind, .told = shape_of(told) };
    uint64_t before = p->faults;
    if (t.told.depth > LEVELS_MAX || (t.told.depth == 0) != (t.told.root == NO_PAGE)
        || (kind != TREE_FREE && t.told.flags != 0)) {
        fault(p, t.told.root, "is said to be the root of a table of depth %u, flags %u",
              (unsigned)t.told.depth, (unsigned)t.told.flags);
        return;
    }
    if (t.told.depth > 0)
        walk(&t, t.told.root, 0, NULL, NULL);
    if (p->faults == before
        && (t.found.branches != t.told.branches || t.found.leaves != t.told.leaves
            || t.found.overflows != t.told.overflows || t.found.entries != t.told.entries))
        fault(p, t.told.root, "begins a table of %llu entries, and %llu are there",
              (unsigned long long)t.told.entries, (unsigned long long)t.found.entries);
}

/* The tables by name, as the transaction knows them: LMDB lends each one's description as its value. */
static tdm_code check_rows(pages *p, MDB_txn *txn, tdm_err *err)
{
    MDB_dbi names;
    MDB_cursor *cursor = NULL;
    MDB_val name, told;
    int rc = mdb_dbi_open(txn, NULL, 0, &names);
    if (rc == MDB_SUCCESS)
        rc = mdb_cursor_open(txn, names, &cursor);
    while (rc == MDB_SUCCESS && (rc = mdb_cursor_get(cursor, &name, &told, MDB_NEXT)) == MDB_SUCCESS)
        check_tree(p, TREE_ROWS, told.mv_data);
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? TDM_OK : tdm_kv_lmdb_fail(err, NULL, rc, "reading the names of tables");
}

static void check_all_are_taken(pages *p)
{
    uint64_t lost = 0, first = 0;
    for (uint64_t i = META_PAGES; i <= p->last; i++) {
        if ((p->seen[i / 8] & (1u << (i % 8))) == 0 && lost++ == 0)
            first = i;
    }
    if (lost > 0)
        fault(p, first, "is neither used nor free, the first of %llu", (unsigned long long)lost);
}

/* A read transaction and the meta it goes by, which is written over by the second commit after it. */
static tdm_code begin_with_meta(lmdb_kv *kv, tdm_kv_txn **txn, uint8_t meta[META_BYTES], tdm_err *err)
{
    int fd = -1;
    mdb_env_get_fd(kv->env, &fd);
    MDB_stat stat;
    mdb_env_stat(kv->env, &stat);
    for (int i = 0; i < BEGIN_TRIES; i++) {
        tdm_code code = tdm_kv_begin(&kv->base, TDM_KV_READ_ONLY, txn, err);
        if (code != TDM_OK)
            return code;
        uint64_t id = mdb_txn_id(tdm_kv_lmdb_txn(*txn));
        off_t at = (off_t)((id % META_PAGES) * stat.ms_psize + PAGE_HEAD);
        if (pread(fd, meta, META_BYTES, at) == META_BYTES && u64(meta + META_TXN) == id)
            return TDM_OK;
        tdm_kv_abort(txn);
    }
    return tdm_fail(err, TDM_CORRUPT, 0, "neither head of the file is of the transaction it begins");
}

/* The trees first that the others rest on: what hangs on a broken one is not looked at. */
static tdm_code check_pages(pages *p, const uint8_t *meta, MDB_txn *txn, tdm_err *err)
{
    off_t end = lseek(p->fd, 0, SEEK_END);
    if (end < 0 || p->last >= (uint64_t)end / p->page_bytes) {
        fault(p, p->last, "is said to be the last, and the file is shorter");
        return TDM_OK;
    }
    p->seen = calloc(p->last / 8 + 1, 1);
    p->levels = malloc(LEVELS_MAX * p->page_bytes);
    p->window = malloc(WINDOW_BYTES);
    if (p->seen == NULL || p->levels == NULL || p->window == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to check the pages");
    check_tree(p, TREE_FREE, meta + META_FREE);
    check_tree(p, TREE_NAMES, meta + META_NAMES);
    tdm_code code = p->faults == 0 ? check_rows(p, txn, err) : TDM_OK;
    if (p->faults == 0 && code == TDM_OK)
        check_all_are_taken(p);
    return code;
}

tdm_code tdm_kv_lmdb_check(tdm_kv *base, tdm_kv_fault *report, void *context, tdm_err *err)
{
    lmdb_kv *kv = (lmdb_kv *)base;
    uint8_t meta[META_BYTES];
    tdm_kv_txn *txn = NULL;
    tdm_code code = begin_with_meta(kv, &txn, meta, err);
    if (code != TDM_OK)
        return code;
    MDB_stat stat;
    mdb_env_stat(kv->env, &stat);
    pages p = { .page_bytes = stat.ms_psize,
                .last = u64(meta + META_LAST),
                .txn = u64(meta + META_TXN),
                .report = report,
                .context = context };
    mdb_env_get_fd(kv->env, &p.fd);
    code = check_pages(&p, meta, tdm_kv_lmdb_txn(txn), err);
    free(p.seen);
    free(p.levels);
    free(p.window);
    tdm_kv_abort(&txn);
    return code;
}
