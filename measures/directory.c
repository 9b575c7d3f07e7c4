/* SPDX-License-Identifier: MPL-2.0
 *
 * directory.c: questions to the registry: rights, keys, organisations.
 */
#include "fold_inner.h"

#include <stdlib.h>

bool tdm_fold_represents(tdm_fold *fold, const tdm_id *origin, tdm_span organisation, tdm_date date)
{
    tdm_org_code code = tdm_org_code_of(organisation);
    tdm_fold_lock(fold);
    bool represents = tdm_registry_represents(fold->registry, origin, &code, date);
    tdm_fold_unlock(fold);
    return represents;
}

static int compare_organisations(const void *a, const void *b)
{
    return tdm_org_code_compare(&(*(tdm_organisation *const *)a)->code,
                                &(*(tdm_organisation *const *)b)->code);
}

/* All organisations known, by code; the caller frees the array. */
static tdm_organisation **list_organisations(const tdm_registry *registry, size_t *count)
{
    tdm_organisation **out = tdm_memory_new(registry->organisations.count * sizeof(tdm_organisation *));
    size_t at = 0;
    *count = 0;
    for (tdm_organisation *o = tdm_map_next(&registry->organisations, &at); o != NULL;
         o = tdm_map_next(&registry->organisations, &at))
        out[(*count)++] = o;
    if (*count > 1)
        qsort(out, *count, sizeof(tdm_organisation *), compare_organisations);
    return out;
}

tdm_code tdm_fold_represented(tdm_fold *fold, const tdm_id *origin, tdm_date date, tdm_code_visit *visit,
                              void *context, tdm_err *err)
{
    tdm_fold_lock(fold);
    size_t count;
    tdm_organisation **all = list_organisations(fold->registry, &count);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK && !fold->registry->open; i++) {
        if (tdm_registry_represents(fold->registry, origin, &all[i]->code, date))
            code = visit(context, tdm_org_code_span(&all[i]->code), err);
    }
    free(all);
    tdm_fold_unlock(fold);
    return code == TDM_END ? TDM_OK : code;
}

/* ---- keys ---- */

static bool same_key(const tdm_key_fact *a, const tdm_key_fact *b)
{
    return tdm_id_equal(&a->origin, &b->origin) && a->purpose == b->purpose
           && memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* Of several facts about one key the latest says what holds. */
static bool is_latest(const tdm_registry *registry, size_t index)
{
    for (size_t i = 0; i < registry->key_count; i++) {
        if (i != index && same_key(&registry->keys[i].fact, &registry->keys[index].fact)
            && tdm_order_compare(&registry->keys[i].order, &registry->keys[index].order) > 0)
            return false;
    }
    return true;
}

tdm_code tdm_fold_keys(tdm_fold *fold, tdm_key_visit *visit, void *context, tdm_err *err)
{
    tdm_fold_lock(fold);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < fold->registry->key_count && code == TDM_OK; i++) {
        if (is_latest(fold->registry, i))
            code = visit(context, &fold->registry->keys[i].fact, err);
    }
    tdm_fold_unlock(fold);
    return code == TDM_END ? TDM_OK : code;
}

/* An active key within its bounds; a revoked one only where its last sequence was stated, and up to that:
 * what it sealed before stays proven. */
static bool may_seal(const tdm_key_fact *key, uint64_t last)
{
    if (!key->active && key->last == 0)
        return false;
    return (key->first == 0 || last >= key->first) && (key->last == 0 || last <= key->last);
}

bool tdm_fold_key_may_seal(tdm_fold *fold, const tdm_id *origin, const uint8_t key[32], uint64_t last)
{
    tdm_key_fact asked = { .origin = *origin, .purpose = TDM_PURPOSE_IS_SEAL };
    memcpy(asked.key, key, sizeof asked.key);
    tdm_fold_lock(fold);
    bool may = false;
    for (size_t i = 0; i < fold->registry->key_count && !may; i++) {
        const tdm_key_fact *held = &fold->registry->keys[i].fact;
        may = same_key(held, &asked) && may_seal(held, last) && is_latest(fold->registry, i);
    }
    tdm_fold_unlock(fold);
    return may;
}

/* ---- organisations ---- */

static tdm_span name_on(const tdm_organisation *organisation, tdm_date date)
{
    tdm_span name = organisation->name;
    for (size_t i = 0; i < organisation->change_count; i++) {
        const tdm_change *change = &organisation->changes[i];
        if (change->effective <= date && change->change == TDM_CHANGE_IS_RENAMED && change->name.len > 0)
            name = change->name;
    }
    return name;
}

static tdm_code show(const tdm_fold *fold, const tdm_organisation *organisation, tdm_date date,
                     tdm_organisation_visit *visit, void *context, tdm_err *err)
{
    tdm_org_code parent;
    int64_t belongs;
    bool has_parent = tdm_registry_parent(organisation, date, &parent, &belongs);
    tdm_rooted rooted = tdm_registry_root(fold->registry, &organisation->code, date);
    tdm_organisation_row row = { .code = tdm_org_code_span(&organisation->code),
                                 .name = name_on(organisation, date),
                                 .sector = tdm_registry_sector(fold->registry, &organisation->code, date),
                                 .closed = tdm_registry_is_closed(organisation, date) };
    if (has_parent)
        row.parent = tdm_org_code_span(&parent);
    memcpy(row.root, rooted.root.text, sizeof row.root);
    return visit(context, &row, err);
}

tdm_code tdm_fold_organisations(tdm_fold *fold, tdm_date date, tdm_organisation_visit *visit, void *context,
                                tdm_err *err)
{
    tdm_fold_lock(fold);
    size_t count;
    tdm_organisation **all = list_organisations(fold->registry, &count);
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        if (all[i]->registered)
            code = show(fold, all[i], date, visit, context, err);
    }
    free(all);
    tdm_fold_unlock(fold);
    return code == TDM_END ? TDM_OK : code;
}

tdm_code tdm_fold_organisation(tdm_fold *fold, tdm_span text, tdm_date date, tdm_organisation_visit *visit,
                               void *context, tdm_err *err)
{
    tdm_org_code code = tdm_org_code_of(text);
    tdm_fold_lock(fold);
    const tdm_organisation *found = tdm_registry_find(fold->registry, &code);
    tdm_code result = found != NULL && found->registered
                          ? show(fold, found, date, visit, context, err)
                          : tdm_fail(err, TDM_NOT_FOUND, 0, "organisation %.*s is not registered",
                                     (int)text.len, (const char *)text.data);
    tdm_fold_unlock(fold);
    return result == TDM_END ? TDM_OK : result;
}
