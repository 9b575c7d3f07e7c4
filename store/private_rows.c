/* SPDX-License-Identifier: MPL-2.0
 *
 * private_rows.c: the private log's keys and rows as bytes.
 */
#include "private_rows.h"

#include <string.h>

const tdm_span TDM_PRIVATE_META_KEY = { (const uint8_t *)"private", 7 };
const tdm_span TDM_PRIVATE_TIP_KEY = { (const uint8_t *)"tip", 3 };

uint32_t tdm_read_u32(const uint8_t *bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value = value << 8 | bytes[i];
    return value;
}

void tdm_write_u32(uint8_t *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t)value;
}

/* ---- keys -------------------------------------------------------------------------------------- */

row_key tdm_key_of_person(const tdm_id *person)
{
    row_key key = { .len = PERSON_KEY_BYTES };
    memcpy(key.bytes, person->bytes, TDM_ID_BYTES);
    return key;
}

row_key tdm_key_of_erased(const tdm_id *person, uint32_t generation)
{
    row_key key = tdm_key_of_person(person);
    tdm_write_u32(key.bytes + PERSON_KEY_BYTES, generation);
    key.len = ERASED_KEY_BYTES;
    return key;
}

row_key tdm_key_of_row_id(const tdm_id *person, const tdm_id *row)
{
    row_key key = tdm_key_of_person(person);
    memcpy(key.bytes + PERSON_KEY_BYTES, row->bytes, TDM_ID_BYTES);
    key.len = NUMBER_KEY_BYTES;
    return key;
}

row_key tdm_key_of_index(const tdm_id *person, uint64_t sequence)
{
    row_key key = tdm_key_of_person(person);
    tdm_write_u64(key.bytes + PERSON_KEY_BYTES, sequence);
    key.len = INDEX_KEY_BYTES;
    return key;
}

bool tdm_key_is_of_person(tdm_span key, const tdm_id *person)
{
    return key.len >= PERSON_KEY_BYTES && memcmp(key.data, person->bytes, TDM_ID_BYTES) == 0;
}

/* ---- rows -------------------------------------------------------------------------------------- */

void tdm_private_tip_write(uint8_t row[PRIVATE_TIP_BYTES], const tdm_private_tip *in)
{
    tdm_write_u64(row + 4, in->rows);
    tdm_write_u64(row + 12, in->bytes);
    tdm_write_u64(row + 20, in->people);
    tdm_write_u64(row + 28, in->erased);
    memcpy(row + 36, in->head.bytes, TDM_DIGEST_BYTES);
    tdm_row_seal(TDM_PRIVATE_TIP_KEY, row, PRIVATE_TIP_BYTES);
}

bool tdm_private_tip_read(tdm_span row, tdm_private_tip *out)
{
    if (row.len != PRIVATE_TIP_BYTES || !tdm_row_is_sound(TDM_PRIVATE_TIP_KEY, row, PRIVATE_TIP_BYTES))
        return false;
    out->rows = tdm_read_u64(row.data + 4);
    out->bytes = tdm_read_u64(row.data + 12);
    out->people = tdm_read_u64(row.data + 20);
    out->erased = tdm_read_u64(row.data + 28);
    memcpy(out->head.bytes, row.data + 36, TDM_DIGEST_BYTES);
    return true;
}

void tdm_person_row_write(uint8_t row[PERSON_ROW_BYTES], tdm_span key, const person_row *in)
{
    tdm_write_u32(row + 4, in->generation);
    tdm_write_u64(row + 8, in->rows);
    tdm_write_u64(row + 16, in->in_force);
    memcpy(row + PERSON_HEAD_BYTES, in->sealed, sizeof in->sealed);
    tdm_row_seal(key, row, PERSON_ROW_BYTES);
}

bool tdm_person_row_read(tdm_span key, tdm_span row, person_row *out)
{
    if (key.len != PERSON_KEY_BYTES || row.len != PERSON_ROW_BYTES
        || !tdm_row_is_sound(key, row, PERSON_ROW_BYTES))
        return false;
    out->generation = tdm_read_u32(row.data + 4);
    out->rows = tdm_read_u64(row.data + 8);
    out->in_force = tdm_read_u64(row.data + 16);
    memcpy(out->sealed, row.data + PERSON_HEAD_BYTES, sizeof out->sealed);
    return true;
}

void tdm_erased_row_write(uint8_t row[ERASED_ROW_BYTES], tdm_span key, int64_t erased_ms, uint64_t rows)
{
    tdm_write_u64(row + 4, (uint64_t)erased_ms);
    tdm_write_u64(row + 12, rows);
    tdm_row_seal(key, row, ERASED_ROW_BYTES);
}

bool tdm_erased_row_read(tdm_span key, tdm_span row, uint64_t *rows)
{
    if (key.len != ERASED_KEY_BYTES || row.len != ERASED_ROW_BYTES
        || !tdm_row_is_sound(key, row, ERASED_ROW_BYTES))
        return false;
    *rows = tdm_read_u64(row.data + 12);
    return true;
}

void tdm_id_row_write(uint8_t row[ID_ROW_BYTES], tdm_span key, const id_row *in)
{
    tdm_write_u64(row + 4, in->sequence);
    tdm_write_u64(row + 12, in->last);
    tdm_row_seal(key, row, ID_ROW_BYTES);
}

bool tdm_id_row_read(tdm_span key, tdm_span row, id_row *out)
{
    if (key.len != NUMBER_KEY_BYTES || row.len != ID_ROW_BYTES || !tdm_row_is_sound(key, row, ID_ROW_BYTES))
        return false;
    out->sequence = tdm_read_u64(row.data + 4);
    out->last = tdm_read_u64(row.data + 12);
    return true;
}

/* ---- records ----------------------------------------------------------------------------------- */

void tdm_record_head_write(uint8_t record[RECORD_HEAD_BYTES], const record_head *in)
{
    record[4] = in->version;
    record[5] = (uint8_t)in->change;
    tdm_write_u64(record + 6, (uint64_t)in->recorded_ms);
    memcpy(record + 14, in->id.bytes, TDM_ID_BYTES);
    memcpy(record + 30, in->of.bytes, TDM_ID_BYTES);
    memcpy(record + 46, in->person.bytes, TDM_ID_BYTES);
    tdm_write_u32(record + 62, in->generation);
}

bool tdm_record_head_read(tdm_span record, record_head *out)
{
    if (record.len < RECORD_HEAD_BYTES + TAG_BYTES || record.len > RECORD_MAX
        || record.data[4] != RECORD_VERSION || record.data[5] > TDM_PRIVATE_VOID)
        return false;
    out->version = record.data[4];
    out->change = (tdm_private_change)record.data[5];
    out->recorded_ms = (int64_t)tdm_read_u64(record.data + 6);
    memcpy(out->id.bytes, record.data + 14, TDM_ID_BYTES);
    memcpy(out->of.bytes, record.data + 30, TDM_ID_BYTES);
    memcpy(out->person.bytes, record.data + 46, TDM_ID_BYTES);
    out->generation = tdm_read_u32(record.data + 62);
    return true;
}

void tdm_record_digest(tdm_span record, tdm_digest *out)
{
    tdm_event_digest((tdm_span){ record.data + CHECKSUM_BYTES, record.len - CHECKSUM_BYTES }, out);
}
