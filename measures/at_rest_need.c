/* SPDX-License-Identifier: MPL-2.0
 *
 * at_rest_need.c: what a question to a fold at rest reads of the views before it is answered.
 */
#include "at_rest.h"

tdm_code tdm_rest_need_cells(tdm_fold *fold, tdm_family family, tdm_period_kind kind, tdm_err *err)
{
    const uint8_t prefix[2] = { (uint8_t)family, (uint8_t)kind };
    return tdm_fold_need(fold, TDM_VIEWS_CELLS, (tdm_span){ prefix, sizeof prefix }, err);
}

static tdm_code need_ranges(tdm_fold *fold, enum tdm_views_table table, int only, tdm_err *err)
{
    tdm_code code = TDM_OK;
    for (size_t i = 0; i < fold->shelf.sums.count && code == TDM_OK; i++) {
        uint32_t range = fold->shelf.sums.items[i].range;
        const uint8_t prefix[2] = { (uint8_t)(range >> 8), (uint8_t)range };
        if (range >> 16 == (uint32_t)table && (only < 0 || prefix[0] == only))
            code = tdm_fold_need(fold, table, (tdm_span){ prefix, sizeof prefix }, err);
    }
    return code;
}

tdm_code tdm_rest_need_table(tdm_fold *fold, int table, tdm_err *err)
{
    return need_ranges(fold, TDM_VIEWS_TABLES_CELLS, table, err);
}

tdm_code tdm_rest_need_all(tdm_fold *fold, tdm_err *err)
{
    tdm_code code = need_ranges(fold, TDM_VIEWS_CELLS, -1, err);
    return code == TDM_OK ? need_ranges(fold, TDM_VIEWS_TABLES_CELLS, -1, err) : code;
}

tdm_code tdm_rest_need_closings(tdm_fold *fold, tdm_err *err)
{
    if (!fold->shelf.reads || fold->closings_read)
        return TDM_OK;
    fold->closings_read = true;
    fold->tides.changed = true;
    return tdm_tides_close(fold, fold->registry, err);
}

static bool content_names(tdm_slot slot, tdm_span organisation)
{
    tdm_record record;
    uint32_t type =
        tdm_slot_role(slot) == TDM_ROLE_CONTENT ? tdm_slot_target_type(slot) : tdm_slot_type(slot);
    if (!tdm_slot_is_readable(slot)
        || tdm_record_decode(type, tdm_slot_payload(slot), &record, NULL) != TDM_OK)
        return false;
    return tdm_fold_content_names(&record, organisation);
}

tdm_code tdm_rest_names(tdm_fold *fold, tdm_span subject, tdm_span organisation, bool *out, tdm_err *err)
{
    tdm_dossier *dossier;
    bool owned;
    *out = true;
    if (!fold->shelf.changed)
        return TDM_OK;
    tdm_code code = tdm_shelf_look(&fold->shelf, subject, &dossier, &owned, err);
    if (code != TDM_OK)
        return code;
    *out = false;
    for (tdm_slot at = dossier == NULL ? NULL : tdm_dossier_next(dossier, NULL); at != NULL && !*out;
         at = tdm_dossier_next(dossier, at))
        *out = content_names(at, organisation);
    if (owned)
        tdm_dossier_free(dossier);
    return TDM_OK;
}
