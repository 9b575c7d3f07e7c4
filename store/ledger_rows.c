/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_rows.c: the ledger's keys and rows as bytes.
 */
#include "ledger_rows.h"

#include <string.h>
#include <xxhash.h>

uint64_t tdm_read_u64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

void tdm_write_u64(uint8_t *bytes, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        bytes[i] = (uint8_t)value;
}

/* ---- keys -------------------------------------------------------------------------------------- */

row_key tdm_key_of_position(uint64_t position)
{
    row_key key = { .len = POSITION_KEY_BYTES };
    tdm_write_u64(key.bytes, position);
    return key;
}

row_key tdm_key_of_chain(const tdm_id *origin, uint64_t incarnation)
{
    row_key key = { .len = CHAIN_KEY_BYTES };
    memcpy(key.bytes, origin->bytes, TDM_ID_BYTES);
    tdm_write_u64(key.bytes + TDM_ID_BYTES, incarnation);
    return key;
}

row_key tdm_key_of_sequence(const tdm_id *origin, uint64_t incarnation, uint64_t sequence)
{
    row_key key = tdm_key_of_chain(origin, incarnation);
    tdm_write_u64(key.bytes + CHAIN_KEY_BYTES, sequence);
    key.len = SEQUENCE_KEY_BYTES;
    return key;
}

row_key tdm_key_of_aside(const tdm_id *origin, uint64_t number)
{
    return tdm_key_of_chain(origin, number);
}

bool tdm_key_split(tdm_span key, tdm_id *origin, uint64_t *incarnation, uint64_t *sequence)
{
    if (key.len != SEQUENCE_KEY_BYTES && key.len != CHAIN_KEY_BYTES)
        return false;
    memcpy(origin->bytes, key.data, TDM_ID_BYTES);
    *incarnation = tdm_read_u64(key.data + TDM_ID_BYTES);
    *sequence = key.len == SEQUENCE_KEY_BYTES ? tdm_read_u64(key.data + CHAIN_KEY_BYTES) : 0;
    return true;
}

bool tdm_key_in_chain(tdm_span key, const tdm_id *origin, uint64_t incarnation, uint64_t *sequence)
{
    row_key chain = tdm_key_of_chain(origin, incarnation);
    if (key.len != SEQUENCE_KEY_BYTES || memcmp(key.data, chain.bytes, CHAIN_KEY_BYTES) != 0)
        return false;
    *sequence = tdm_read_u64(key.data + CHAIN_KEY_BYTES);
    return true;
}

/* ---- checksums --------------------------------------------------------------------------------- */

static uint32_t checksum_of(tdm_span key, const uint8_t *row, size_t len)
{
    return (uint32_t)(XXH3_64bits(key.data, key.len)
                      ^ XXH3_64bits(row + CHECKSUM_BYTES, len - CHECKSUM_BYTES));
}

void tdm_row_seal(tdm_span key, uint8_t *row, size_t len)
{
    uint32_t sum = checksum_of(key, row, len);
    for (int i = 3; i >= 0; i--, sum >>= 8)
        row[i] = (uint8_t)sum;
}

bool tdm_row_is_sound(tdm_span key, tdm_span row, size_t least_len)
{
    if (row.len < least_len || row.len < CHECKSUM_BYTES)
        return false;
    uint32_t stored = 0;
    for (int i = 0; i < CHECKSUM_BYTES; i++)
        stored = stored << 8 | row.data[i];
    return stored == checksum_of(key, row.data, row.len);
}

/* ---- rows -------------------------------------------------------------------------------------- */

void tdm_event_row_write(uint8_t *row, tdm_span key, uint8_t flags, int64_t received_ms, tdm_span bytes)
{
    row[4] = flags;
    tdm_write_u64(row + 5, (uint64_t)received_ms);
    memcpy(row + EVENT_HEAD_BYTES, bytes.data, bytes.len);
    tdm_row_seal(key, row, EVENT_HEAD_BYTES + bytes.len);
}

bool tdm_event_row_read(tdm_span row, tdm_ledger_entry *out)
{
    if (row.len < EVENT_HEAD_BYTES)
        return false;
    out->notice = (row.data[4] & EVENT_FLAG_NOTICE) != 0;
    out->received_ms = (int64_t)tdm_read_u64(row.data + 5);
    out->bytes = (tdm_span){ row.data + EVENT_HEAD_BYTES, row.len - EVENT_HEAD_BYTES };
    return true;
}

void tdm_run_row_write(uint8_t row[RUN_ROW_BYTES], tdm_span key, const run_row *in)
{
    tdm_write_u64(row + 4, in->run.first);
    tdm_write_u64(row + 12, in->position);
    memcpy(row + 20, in->run.root.bytes, TDM_DIGEST_BYTES);
    memcpy(row + 52, in->run.head.bytes, TDM_DIGEST_BYTES);
    tdm_row_seal(key, row, RUN_ROW_BYTES);
}

bool tdm_run_row_read(tdm_span key, tdm_span row, run_row *out)
{
    if (row.len != RUN_ROW_BYTES || key.len != SEQUENCE_KEY_BYTES)
        return false;
    out->run.first = tdm_read_u64(row.data + 4);
    out->run.last = tdm_read_u64(key.data + CHAIN_KEY_BYTES);
    out->position = tdm_read_u64(row.data + 12);
    memcpy(out->run.root.bytes, row.data + 20, TDM_DIGEST_BYTES);
    memcpy(out->run.head.bytes, row.data + 52, TDM_DIGEST_BYTES);
    return true;
}

void tdm_seal_row_write(uint8_t row[SEAL_ROW_BYTES], tdm_span key, const tdm_seal *in)
{
    memcpy(row + 4, in->key, sizeof in->key);
    memcpy(row + 36, in->signature, TDM_SEAL_BYTES);
    tdm_row_seal(key, row, SEAL_ROW_BYTES);
}

bool tdm_seal_row_read(tdm_span key, tdm_span row, tdm_seal *out)
{
    if (row.len != SEAL_ROW_BYTES || key.len != SEQUENCE_KEY_BYTES)
        return false;
    out->last = tdm_read_u64(key.data + CHAIN_KEY_BYTES);
    memcpy(out->key, row.data + 4, sizeof out->key);
    memcpy(out->signature, row.data + 36, TDM_SEAL_BYTES);
    return true;
}

void tdm_tip_row_write(uint8_t row[TIP_ROW_BYTES], tdm_span key, const tdm_tip *in)
{
    tdm_write_u64(row + 4, in->last);
    memcpy(row + 12, in->head.bytes, TDM_DIGEST_BYTES);
    tdm_write_u64(row + 44, in->sealed);
    tdm_write_u64(row + 52, (uint64_t)in->received_ms);
    tdm_write_u64(row + 60, in->last_position);
    tdm_row_seal(key, row, TIP_ROW_BYTES);
}

bool tdm_tip_row_read(tdm_span key, tdm_span row, tdm_tip *out)
{
    uint64_t none;
    if (row.len != TIP_ROW_BYTES || key.len != CHAIN_KEY_BYTES
        || !tdm_key_split(key, &out->origin, &out->incarnation, &none))
        return false;
    out->last = tdm_read_u64(row.data + 4);
    memcpy(out->head.bytes, row.data + 12, TDM_DIGEST_BYTES);
    out->sealed = tdm_read_u64(row.data + 44);
    out->received_ms = (int64_t)tdm_read_u64(row.data + 52);
    out->last_position = tdm_read_u64(row.data + 60);
    return true;
}

void tdm_notice_row_write(uint8_t *row, tdm_span key, const notice_row *in)
{
    tdm_write_u64(row + 4, in->position);
    memcpy(row + 12, in->digest.bytes, TDM_DIGEST_BYTES);
    memcpy(row + NOTICE_HEAD_BYTES, in->proof.data, in->proof.len);
    tdm_row_seal(key, row, NOTICE_HEAD_BYTES + in->proof.len);
}

bool tdm_notice_row_read(tdm_span row, notice_row *out)
{
    if (row.len < NOTICE_HEAD_BYTES)
        return false;
    out->position = tdm_read_u64(row.data + 4);
    memcpy(out->digest.bytes, row.data + 12, TDM_DIGEST_BYTES);
    out->proof = (tdm_span){ row.data + NOTICE_HEAD_BYTES, row.len - NOTICE_HEAD_BYTES };
    return true;
}
