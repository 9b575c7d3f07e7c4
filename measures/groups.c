/* SPDX-License-Identifier: MPL-2.0
 *
 * groups.c: what a row's group is called.
 */
#include "groups.h"

#include <stdio.h>

static void copy_text(char out[TDM_SUBJECT_MAX + 1], tdm_span text)
{
    size_t len = text.len < TDM_SUBJECT_MAX ? text.len : TDM_SUBJECT_MAX;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = 0;
}

static void copy_or(char out[TDM_SUBJECT_MAX + 1], tdm_span text, const char *otherwise)
{
    copy_text(out, text.len == 0 ? tdm_span_text(otherwise) : text);
}

static void write_word(char out[TDM_SUBJECT_MAX + 1], tdm_enum_set set, int64_t number)
{
    const char *word = tdm_enum_word(set, number);
    if (word != NULL)
        snprintf(out, TDM_SUBJECT_MAX + 1, "%s", word);
    else
        snprintf(out, TDM_SUBJECT_MAX + 1, "%lld", (long long)number);
}

static void write_sector(const tdm_registry *registry, tdm_period period, tdm_span raw,
                         char out[TDM_SUBJECT_MAX + 1])
{
    tdm_org_code code = tdm_org_code_of(raw);
    int64_t sector = tdm_registry_sector(registry, &code, tdm_period_last(period));
    if (sector == 0)
        copy_text(out, TDM_SPAN_LITERAL("unknown"));
    else
        write_word(out, TDM_ENUM_SECTOR, sector);
}

static void write_core(const tdm_registry *registry, tdm_span raw, char out[TDM_SUBJECT_MAX + 1])
{
    const tdm_catalogue *entry = tdm_registry_catalogue(registry, raw);
    copy_or(out, entry == NULL ? (tdm_span){ NULL, 0 } : entry->core, "(none)");
}

tdm_dimension tdm_group_stored(tdm_dimension by)
{
    return by == TDM_BY_SECTOR || by == TDM_BY_REGION ? TDM_BY_LEAD
           : by == TDM_BY_CORE                        ? TDM_BY_PROGRAMME
                                                      : by;
}

void tdm_group_text(const tdm_registry *registry, tdm_dimension by, tdm_period period, tdm_span raw,
                    char out[TDM_SUBJECT_MAX + 1])
{
    tdm_org_code code;
    switch (by) {
    case TDM_BY_TOTAL:
        out[0] = 0;
        return;
    case TDM_BY_KIND:
        write_word(out, TDM_ENUM_UNITKIND, raw.len > 0 ? raw.data[0] : 0);
        return;
    case TDM_BY_SECTOR:
        write_sector(registry, period, raw, out);
        return;
    case TDM_BY_REGION:
        code = tdm_org_code_of(raw);
        copy_or(out, tdm_registry_region(registry, &code), "unknown");
        return;
    case TDM_BY_CORE:
        write_core(registry, raw, out);
        return;
    case TDM_BY_PROGRAMME:
    case TDM_BY_LOCALITY:
        copy_or(out, raw, "(none)");
        return;
    case TDM_BY_LEAD:
        copy_text(out, raw);
        return;
    }
}
