/* SPDX-License-Identifier: MPL-2.0
 *
 * rejoin.c: two stores side by side: the copy, only read, and the one being made.
 */
#include "rejoin.h"

#include "tandem/path.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char FRESH[] = "rejoin";

/* Local state that is of the node and not of its log. */
static const char *const CARRIED[] = { "membership/", "identity/private", "identity/authority", "people/" };

/* In the store being made: the incarnation of the store whose place it takes. */
static const char OF_NAME[] = "rejoin/of";

enum { STATED_AT_ONCE = 1000 };

struct tdm_rejoin {
    char folder[PATH_MAX];
    char fresh[PATH_MAX];
    int lock;      /* of the old ledger: who holds it is the store's only writer (kv.h) */
    tdm_core *old; /* only read */
    tdm_core *made;
    tdm_membership hub;
};

/* ---- opening */

static tdm_code take_lock(tdm_rejoin *rejoin, tdm_err *err)
{
    char ledger[PATH_MAX];
    tdm_code code = tdm_path_join(ledger, rejoin->folder, "ledger", err);
    if (code != TDM_OK)
        return code;
    if (access(ledger, F_OK) != 0)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "%.200s holds no Tandem store", rejoin->folder);
    return tdm_path_lock(ledger, &rejoin->lock, NULL, err);
}

static tdm_code open_old(tdm_rejoin *rejoin, size_t map_bytes, tdm_err *err)
{
    tdm_core_options options = {
        .folder = rejoin->folder, .read_only = true, .log_only = true, .map_bytes = map_bytes
    };
    tdm_code code = tdm_core_open(&rejoin->old, &options, err);
    if (code == TDM_OK)
        code = tdm_membership_read(rejoin->old, &rejoin->hub, err);
    if (code == TDM_NOT_FOUND || (code == TDM_OK && !rejoin->hub.joined))
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "%.200s is no store of a node that joined a hub: there is no history to take",
                        rejoin->folder);
    return code;
}

static void name_kept(uint64_t incarnation, char out[64])
{
    char hex[17];
    uint8_t bytes[8];
    tdm_incarnation_bytes(incarnation, bytes);
    tdm_hex(hex, bytes, sizeof bytes);
    snprintf(out, 64, "before-rejoin-%.8s", hex);
}

/* Was `made` made to take the place of this incarnation? */
static bool is_of(tdm_core *made, uint64_t incarnation)
{
    uint8_t bytes[8];
    tdm_buf of = { 0 };
    tdm_incarnation_bytes(incarnation, bytes);
    bool same = tdm_core_local_get(made, OF_NAME, &of, NULL) == TDM_OK && of.len == sizeof bytes
                && memcmp(of.data, bytes, sizeof bytes) == 0;
    tdm_buf_free(&of);
    return same;
}

static tdm_code keep_replaced(const tdm_rejoin *rejoin, const char *kept, tdm_err *err)
{
    char there[PATH_MAX];
    tdm_code code = tdm_path_join(there, rejoin->folder, kept, err);
    if (code == TDM_OK && rename(rejoin->fresh, there) != 0)
        code = tdm_path_fail(err, "keeping what was replaced in", there);
    return code == TDM_OK ? tdm_path_sync(rejoin->folder, err) : code;
}

/* A run may have ended between the exchange and its last rename: then what is called rejoin is the store that
 * was replaced, and must not be gone on with. */
static tdm_code check_ended(tdm_rejoin *rejoin, size_t map_bytes, tdm_err *err)
{
    char kept[64];
    tdm_core *other = NULL;
    tdm_core_options options = {
        .folder = rejoin->fresh, .read_only = true, .log_only = true, .map_bytes = map_bytes
    };
    tdm_code code = tdm_core_open(&other, &options, NULL);
    if (code == TDM_NOT_FOUND)
        return TDM_OK;
    if (code != TDM_OK)
        return tdm_fail(err, code, 0, "%.200s can not be read: remove it and begin again", rejoin->fresh);
    uint64_t replaced = tdm_core_incarnation(other);
    tdm_core_close(&other);
    if (!is_of(rejoin->old, replaced))
        return TDM_OK;
    name_kept(replaced, kept);
    code = keep_replaced(rejoin, kept, err);
    return code == TDM_OK ? tdm_fail(err, TDM_EXISTS, 0,
                                     "an earlier run was interrupted at its very end; it is finished now: "
                                     "start the node")
                          : code;
}

static tdm_code mark_of(tdm_rejoin *rejoin, tdm_err *err)
{
    uint8_t bytes[8];
    tdm_incarnation_bytes(tdm_core_incarnation(rejoin->old), bytes);
    return tdm_core_local_put(rejoin->made, OF_NAME, (tdm_span){ bytes, sizeof bytes }, err);
}

/* An earlier run may have come as far as its new incarnation. */
static tdm_code open_made(tdm_rejoin *rejoin, size_t map_bytes, tdm_err *err)
{
    tdm_identity self;
    tdm_identity renewed;
    tdm_core_identity(rejoin->old, &self);
    tdm_identity_renew(&renewed);
    self.incarnation = renewed.incarnation;
    tdm_core_options options = { .folder = rejoin->fresh, .map_bytes = map_bytes, .recovers = &self };
    tdm_code code = tdm_core_open(&rejoin->made, &options, err);
    options.recovers = NULL;
    if (code == TDM_EXISTS)
        code = tdm_core_open(&rejoin->made, &options, err);
    if (code == TDM_OK && !tdm_core_recovers(rejoin->made)
        && !is_of(rejoin->made, tdm_core_incarnation(rejoin->old)))
        code = tdm_fail(err, TDM_CONFLICT, 0, "%.200s was made for another store: remove it", rejoin->fresh);
    sodium_memzero(&self, sizeof self);
    sodium_memzero(&renewed, sizeof renewed);
    return code;
}

static tdm_code carry_row(void *context, tdm_span name, tdm_span value, tdm_err *err)
{
    char text[256];
    tdm_rejoin *rejoin = context;
    if (name.len >= sizeof text)
        return TDM_OK;
    snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.data);
    return tdm_core_local_put(rejoin->made, text, value, err);
}

static tdm_code carry_local(tdm_rejoin *rejoin, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < TDM_COUNT(CARRIED) && code == TDM_OK; i++)
        code = tdm_ledger_local_each(tdm_core_ledger(rejoin->old), tdm_span_text(CARRIED[i]), carry_row,
                                     rejoin, err);
    /* The figures of the new store follow the hub's registry from here on. */
    return code == TDM_OK ? tdm_core_set_authority(rejoin->made, &rejoin->hub.hub, err) : code;
}

tdm_code tdm_rejoin_open(tdm_rejoin **out, const char *folder, size_t map_bytes, tdm_err *err)
{
    tdm_rejoin *rejoin = calloc(1, sizeof *rejoin);
    *out = NULL;
    if (rejoin == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to rejoin");
    rejoin->lock = -1;
    tdm_code code = tdm_path_join(rejoin->folder, folder, "", err);
    if (code == TDM_OK)
        code = tdm_path_join(rejoin->fresh, folder, FRESH, err);
    if (code == TDM_OK)
        code = take_lock(rejoin, err);
    if (code == TDM_OK)
        code = open_old(rejoin, map_bytes, err);
    if (code == TDM_OK)
        code = check_ended(rejoin, map_bytes, err);
    if (code == TDM_OK)
        code = open_made(rejoin, map_bytes, err);
    if (code == TDM_OK)
        code = mark_of(rejoin, err);
    if (code == TDM_OK)
        code = carry_local(rejoin, err);
    if (code != TDM_OK)
        tdm_rejoin_close(&rejoin);
    *out = rejoin;
    return code;
}

void tdm_rejoin_close(tdm_rejoin **pointer)
{
    tdm_rejoin *rejoin = *pointer;
    if (rejoin == NULL)
        return;
    tdm_core_close(&rejoin->made);
    tdm_core_close(&rejoin->old);
    if (rejoin->lock >= 0)
        close(rejoin->lock);
    sodium_memzero(&rejoin->hub, sizeof rejoin->hub);
    free(rejoin);
    *pointer = NULL;
}

const tdm_id *tdm_rejoin_origin(const tdm_rejoin *rejoin)
{
    return tdm_core_origin(rejoin->old);
}

const tdm_membership *tdm_rejoin_hub(const tdm_rejoin *rejoin)
{
    return &rejoin->hub;
}

/* ---- history and difference */

tdm_code tdm_rejoin_take(tdm_rejoin *rejoin, const tdm_recovery_options *options, tdm_err *err)
{
    if (!tdm_core_recovers(rejoin->made))
        return TDM_OK; /* an earlier run had it all */
    return tdm_recovery_of_node(rejoin->made, NULL, false, options, err);
}

tdm_code tdm_rejoin_difference(tdm_rejoin *rejoin, tdm_difference_visit *visit, void *context,
                               tdm_difference_counts *out, tdm_err *err)
{
    return tdm_difference_each(tdm_core_ledger(rejoin->old), tdm_core_ledger(rejoin->made),
                               tdm_rejoin_origin(rejoin), visit, context, out, err);
}

/* ---- stated again */

/* Drafts with the bytes they borrow. */
typedef struct restating {
    tdm_core *core;
    tdm_draft drafts[STATED_AT_ONCE];
    tdm_buf bytes[STATED_AT_ONCE];
    size_t count;
    uint64_t stated;
} restating;

static tdm_code restate_group(restating *r, tdm_err *err)
{
    tdm_stated stated;
    tdm_code code = r->count == 0 ? TDM_OK : tdm_core_state(r->core, r->drafts, r->count, &stated, err);
    if (code == TDM_OK)
        r->stated += r->count;
    for (size_t i = 0; i < r->count; i++)
        tdm_buf_free(&r->bytes[i]);
    r->count = 0;
    return code;
}

static tdm_code restate(void *context, const tdm_event *event, tdm_err *err)
{
    restating *r = context;
    tdm_event copy;
    tdm_buf *bytes = &r->bytes[r->count];
    *bytes = (tdm_buf){ 0 };
    tdm_buf_add(bytes, event->bytes.data, event->bytes.len);
    tdm_code code = bytes->failed ? tdm_fail(err, TDM_FULL, 0, "no memory to state facts again")
                                  : tdm_event_decode(tdm_buf_span(bytes), &copy, err);
    r->drafts[r->count++] = (tdm_draft){ .type = copy.type,
                                         .author = copy.author,
                                         .subject = copy.subject,
                                         .fact = copy.fact,
                                         .event_ms = copy.event_ms,
                                         .event_offset_min = copy.event_offset_min,
                                         .payload = copy.payload };
    if (code != TDM_OK || r->count < STATED_AT_ONCE)
        return code;
    return restate_group(r, err);
}

static tdm_code restate_all(tdm_rejoin *rejoin, uint64_t *stated, tdm_err *err)
{
    tdm_difference_counts counts;
    restating *r = calloc(1, sizeof *r);
    if (r == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory to state facts again");
    r->core = rejoin->made;
    tdm_code code = tdm_rejoin_difference(rejoin, restate, r, &counts, err);
    tdm_code last = code == TDM_OK ? restate_group(r, err) : TDM_OK;
    for (size_t i = 0; i < r->count; i++)
        tdm_buf_free(&r->bytes[i]);
    *stated = r->stated;
    free(r);
    return code == TDM_OK ? last : code;
}

/* ---- the new store in the place of the old */

static tdm_code put_in_place(tdm_rejoin *rejoin, const char *kept, tdm_err *err)
{
    static const char *const PARTS[] = { "ledger", "views" };
    char here[PATH_MAX];
    char there[PATH_MAX];
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < TDM_COUNT(PARTS) && code == TDM_OK; i++) {
        code = tdm_path_join(here, rejoin->folder, PARTS[i], err);
        if (code == TDM_OK)
            code = tdm_path_join(there, rejoin->fresh, PARTS[i], err);
        if (code == TDM_OK)
            code = tdm_path_exchange(there, here, err);
    }
    return code == TDM_OK ? keep_replaced(rejoin, kept, err) : code;
}

tdm_code tdm_rejoin_finish(tdm_rejoin *rejoin, tdm_rejoined *out, tdm_err *err)
{
    *out = (tdm_rejoined){ 0 };
    name_kept(tdm_core_incarnation(rejoin->old), out->kept);
    tdm_code code = tdm_core_begin(rejoin->made, err);
    if (code == TDM_OK)
        code = restate_all(rejoin, &out->stated, err);
    if (code != TDM_OK)
        return code;
    tdm_core_close(&rejoin->made);
    tdm_core_close(&rejoin->old);
    return put_in_place(rejoin, out->kept, err);
}

tdm_code tdm_rejoin_drop(tdm_rejoin *rejoin, tdm_err *err)
{
    tdm_core_close(&rejoin->made);
    return tdm_path_remove_tree(rejoin->fresh, err);
}
