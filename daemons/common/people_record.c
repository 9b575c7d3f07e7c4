/* SPDX-License-Identifier: MPL-2.0
 *
 * people_record.c: a row of one person compared with what stands under its name, and kept.
 */
#include "people_inner.h"

#include "filing.h"

#include <sodium.h>
#include <string.h>

/* What the log holds of the person, and under the name. */
typedef struct finding {
    const tdm_person_entry *entry;
    bool salted;
    uint8_t salt[PEOPLE_SALT_BYTES];
    bool stands;
    bool same;  /* with just this content */
    tdm_id row; /* what amend and void name, if it stands */
} finding;

bool tdm_people_is_row(uint32_t type)
{
    return type != PEOPLE_SALT_TYPE;
}

static bool has_name(const tdm_private_entry *row, const tdm_id *name)
{
    tdm_record record;
    if (tdm_record_decode(row->type, row->payload, &record, NULL) != TDM_OK
        || record.type->duty != TDM_DUTY_PERSON)
        return false;
    tdm_id own = tdm_filing_row(&record);
    return tdm_id_equal(&own, name);
}

static tdm_code look_at_row(void *context, const tdm_private_entry *row, tdm_err *err)
{
    finding *found = context;
    (void)err;
    if (row->type == PEOPLE_SALT_TYPE && row->payload.len == PEOPLE_SALT_BYTES) {
        memcpy(found->salt, row->payload.data, PEOPLE_SALT_BYTES);
        found->salted = true;
    } else if (row->type == found->entry->type && has_name(row, &found->entry->row)) {
        found->stands = true;
        found->row = row->id;
        found->same = tdm_span_equal(row->payload, found->entry->record);
    }
    return TDM_OK;
}

static tdm_code look(tdm_private *log, finding *found, tdm_err *err)
{
    if (log == NULL)
        return TDM_OK;
    tdm_code code = tdm_private_each_row(log, found->entry->person, look_at_row, found, err);
    return code == TDM_NOT_FOUND ? TDM_OK : code;
}

static tdm_id first_id(const finding *found)
{
    tdm_id id;
    _Static_assert(sizeof id.bytes >= crypto_generichash_BYTES_MIN, "an id is a hash");
    crypto_generichash(id.bytes, sizeof id.bytes, found->entry->row.bytes, TDM_ID_BYTES, found->salt,
                       PEOPLE_SALT_BYTES);
    return id;
}

/* Nothing stands under the name: did anything, before it was taken back? */
static tdm_code was_void(tdm_private *log, const finding *found, bool *was, tdm_err *err)
{
    *was = false;
    if (log == NULL || !found->salted)
        return TDM_OK;
    tdm_id id = first_id(found);
    return tdm_private_row_known(log, found->entry->person, &id, was, err);
}

static tdm_code judge(tdm_private *log, const finding *found, tdm_person_fate *fate, tdm_err *err)
{
    bool was = false;
    tdm_code code = TDM_OK;
    if (found->entry->record.len == 0) {
        *fate = found->stands ? TDM_PERSON_HIDDEN : TDM_PERSON_KNOWN;
    } else if (found->stands) {
        *fate = found->same ? TDM_PERSON_KNOWN : TDM_PERSON_CHANGED;
    } else {
        code = was_void(log, found, &was, err);
        *fate = was ? TDM_PERSON_RETURNED : TDM_PERSON_NEW;
    }
    return code;
}

static tdm_private_row begin_row(const finding *found, tdm_private_change change, int64_t now_ms)
{
    const tdm_person_entry *entry = found->entry;
    tdm_private_row row = {
        .person = entry->person, .change = change, .type = entry->type, .recorded_ms = now_ms
    };
    tdm_id_random(&row.id);
    if (change != TDM_PRIVATE_NEW)
        row.of = found->row;
    if (change != TDM_PRIVATE_VOID)
        row.payload = entry->record;
    return row;
}

/* A person begins with the salt, in the same transaction. */
static tdm_code append(tdm_private *log, finding *found, tdm_person_fate fate, int64_t now_ms, tdm_err *err)
{
    static const tdm_private_change CHANGES[] = { [TDM_PERSON_NEW] = TDM_PRIVATE_NEW,
                                                  [TDM_PERSON_CHANGED] = TDM_PRIVATE_AMEND,
                                                  [TDM_PERSON_RETURNED] = TDM_PRIVATE_NEW,
                                                  [TDM_PERSON_HIDDEN] = TDM_PRIVATE_VOID };
    tdm_private_row rows[2];
    size_t count = 0;
    size_t added;
    if (!found->salted) {
        randombytes_buf(found->salt, sizeof found->salt);
        rows[count] = begin_row(found, TDM_PRIVATE_NEW, now_ms);
        rows[count].type = PEOPLE_SALT_TYPE;
        rows[count++].payload = (tdm_span){ found->salt, sizeof found->salt };
    }
    rows[count] = begin_row(found, CHANGES[fate], now_ms);
    if (fate == TDM_PERSON_NEW)
        rows[count].id = first_id(found);
    return tdm_private_append(log, rows, count + 1, &added, err);
}

/* TDM_FULL: if the map was short, it has grown. */
static tdm_code append_twice(tdm_private *log, finding *found, tdm_person_fate fate, int64_t now_ms,
                             tdm_err *err)
{
    finding once = *found;
    tdm_code code = append(log, &once, fate, now_ms, err);
    if (code == TDM_FULL)
        code = append(log, found, fate, now_ms, err);
    sodium_memzero(&once, sizeof once);
    return code;
}

tdm_code tdm_people_record(tdm_people *people, const tdm_person_entry *entry, int64_t now_ms,
                           tdm_person_fate *fate, tdm_err *err)
{
    tdm_private *log;
    finding found = { .entry = entry };
    bool makes = !entry->dry_run && entry->record.len > 0;
    tdm_code code = makes ? tdm_people_enter_made(people, &log, err) : tdm_people_enter(people, &log, err);
    if (code != TDM_OK)
        return code;
    code = look(log, &found, err);
    if (code == TDM_OK)
        code = judge(log, &found, fate, err);
    if (code == TDM_OK && !entry->dry_run && *fate != TDM_PERSON_KNOWN)
        code = append_twice(log, &found, *fate, now_ms, err);
    tdm_people_leave(people);
    sodium_memzero(&found, sizeof found);
    return code;
}
