/* SPDX-License-Identifier: MPL-2.0
 *
 * people_record.c: a row of one person compared with what stands under its name, and given to be kept.
 */
#include "people_inner.h"

#include "filing.h"

#include <sodium.h>
#include <string.h>

static const tdm_id SALT_NAME = { { 0 } };

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
    tdm_code code = tdm_private_row_known(log, found->entry->person, &id, was, err);
    return code == TDM_NOT_FOUND ? TDM_OK : code; /* the person waits, too */
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
static tdm_code give(people_waiting *waiting, finding *found, tdm_person_fate fate, int64_t now_ms,
                     tdm_err *err)
{
    static const tdm_private_change CHANGES[] = { [TDM_PERSON_NEW] = TDM_PRIVATE_NEW,
                                                  [TDM_PERSON_CHANGED] = TDM_PRIVATE_AMEND,
                                                  [TDM_PERSON_RETURNED] = TDM_PRIVATE_NEW,
                                                  [TDM_PERSON_HIDDEN] = TDM_PRIVATE_VOID };
    tdm_code code = TDM_OK;
    tdm_private_row row;
    if (!found->salted) {
        randombytes_buf(found->salt, sizeof found->salt);
        row = begin_row(found, TDM_PRIVATE_NEW, now_ms);
        row.type = PEOPLE_SALT_TYPE;
        row.payload = (tdm_span){ found->salt, sizeof found->salt };
        code = people_waiting_add(waiting, &row, &SALT_NAME, err);
    }
    row = begin_row(found, CHANGES[fate], now_ms);
    if (fate == TDM_PERSON_NEW)
        row.id = first_id(found);
    return code == TDM_OK ? people_waiting_add(waiting, &row, &found->entry->row, err) : code;
}

/* What waits is not in the log yet: the salt is taken from there, and a row under the same name goes first.
 */
static tdm_code look_at_waiting(people_waiting *waiting, tdm_private *log, finding *found, tdm_err *err)
{
    tdm_span payload;
    if (people_waiting_find(waiting, found->entry->person, &found->entry->row, &payload)
        || people_waiting_is_full(waiting))
        return people_waiting_append(waiting, log, err);
    found->salted = people_waiting_find(waiting, found->entry->person, &SALT_NAME, &payload);
    if (found->salted)
        memcpy(found->salt, payload.data, PEOPLE_SALT_BYTES);
    return TDM_OK;
}

tdm_code tdm_people_take(tdm_people *people, const tdm_person_entry *entry, int64_t now_ms,
                         tdm_person_fate *fate, tdm_err *err)
{
    tdm_private *log;
    finding found = { .entry = entry };
    bool makes = !entry->dry_run && entry->record.len > 0;
    tdm_code code = makes ? tdm_people_enter_made(people, &log, err) : tdm_people_enter(people, &log, err);
    if (code != TDM_OK)
        return code;
    people_waiting *waiting = tdm_people_waiting(people);
    code = look_at_waiting(waiting, log, &found, err);
    if (code == TDM_OK)
        code = look(log, &found, err);
    if (code == TDM_OK)
        code = judge(log, &found, fate, err);
    if (code == TDM_OK && !entry->dry_run && *fate != TDM_PERSON_KNOWN)
        code = give(waiting, &found, *fate, now_ms, err);
    tdm_people_leave(people);
    sodium_memzero(&found, sizeof found);
    return code;
}

tdm_code tdm_people_keep(tdm_people *people, tdm_err *err)
{
    tdm_private *log;
    tdm_code code = tdm_people_enter(people, &log, err);
    if (code != TDM_OK)
        return code;
    code = people_waiting_append(tdm_people_waiting(people), log, err);
    tdm_people_leave(people);
    return code;
}
