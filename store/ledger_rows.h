/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_rows.h: the ledger's keys and rows as bytes. Private to the ledger.
 *
 * Numbers are fixed-width and big-endian, so that keys sort as numbers do. Every row begins with a checksum
 * of 4 bytes, bound to its key: the low 32 bits of XXH3_64bits(key) xor XXH3_64bits(the row behind the
 * checksum). So a row that is whole but sits under another key is found, too.
 */
#ifndef TANDEM_STORE_LEDGER_ROWS_H
#define TANDEM_STORE_LEDGER_ROWS_H

#include "tandem/ledger.h"

/* The order of TDM_LEDGER_TABLES. */
enum ledger_table {
    TABLE_META,
    TABLE_EVENTS,
    TABLE_RUNS,
    TABLE_SEALS,
    TABLE_TIPS,
    TABLE_NOTICES,
    TABLE_LOCAL,
    TABLE_ASIDE
};

/* ---- keys -------------------------------------------------------------------------------------- */

#define POSITION_KEY_BYTES 8
#define CHAIN_KEY_BYTES 24
#define SEQUENCE_KEY_BYTES 32
#define ASIDE_KEY_BYTES 24

typedef struct row_key {
    uint8_t bytes[SEQUENCE_KEY_BYTES];
    size_t len;
} row_key;

/* events: | position 8 | */
row_key tdm_key_of_position(uint64_t position);
/* tips: | origin 16 | incarnation 8 | */
row_key tdm_key_of_chain(const tdm_id *origin, uint64_t incarnation);
/* runs, seals (the last sequence) and notices: | origin 16 | incarnation 8 | sequence 8 | */
row_key tdm_key_of_sequence(const tdm_id *origin, uint64_t incarnation, uint64_t sequence);
/* aside: | origin 16 | number 8 |, number 0 holding the count of all that came */
row_key tdm_key_of_aside(const tdm_id *origin, uint64_t number);

static inline tdm_span key_span(const row_key *key)
{
    return (tdm_span){ key->bytes, key->len };
}

/* True if key has the length and the origin and incarnation; *sequence is its rest. */
bool tdm_key_in_chain(tdm_span key, const tdm_id *origin, uint64_t incarnation, uint64_t *sequence);
/* False if the length is wrong. */
bool tdm_key_split(tdm_span key, tdm_id *origin, uint64_t *incarnation, uint64_t *sequence);

uint64_t tdm_read_u64(const uint8_t *bytes);
void tdm_write_u64(uint8_t *bytes, uint64_t value);

/* ---- rows -------------------------------------------------------------------------------------- */

#define CHECKSUM_BYTES 4
#define EVENT_FLAG_NOTICE 1
#define EVENT_HEAD_BYTES 13

/* Set the first 4 bytes of a row that is complete otherwise. */
void tdm_row_seal(tdm_span key, uint8_t *row, size_t len);
/* True if the row has at least least_len bytes and its checksum matches. */
bool tdm_row_is_sound(tdm_span key, tdm_span row, size_t least_len);

/* events: | checksum 4 | flags 1 | received_ms 8 | bytes | */
void tdm_event_row_write(uint8_t *row, tdm_span key, uint8_t flags, int64_t received_ms, tdm_span bytes);
/* Fields only; the caller looks at tdm_row_is_sound. False if too short. */
bool tdm_event_row_read(tdm_span row, tdm_ledger_entry *out);

/* runs: | checksum 4 | first 8 | position of first 8 | root 32 | head 32 | */
#define RUN_ROW_BYTES 84
typedef struct run_row {
    tdm_run run; /* last is in the key */
    uint64_t position;
} run_row;
void tdm_run_row_write(uint8_t row[RUN_ROW_BYTES], tdm_span key, const run_row *in);
/* False if its length is wrong. */
bool tdm_run_row_read(tdm_span key, tdm_span row, run_row *out);

/* seals: | checksum 4 | public key 32 | signature 64 | */
#define SEAL_ROW_BYTES 100
void tdm_seal_row_write(uint8_t row[SEAL_ROW_BYTES], tdm_span key, const tdm_seal *in);
bool tdm_seal_row_read(tdm_span key, tdm_span row, tdm_seal *out);

/* tips: | checksum 4 | last 8 | head 32 | sealed 8 | received_ms 8 | last position 8 | */
#define TIP_ROW_BYTES 68
void tdm_tip_row_write(uint8_t row[TIP_ROW_BYTES], tdm_span key, const tdm_tip *in);
bool tdm_tip_row_read(tdm_span key, tdm_span row, tdm_tip *out);

/* notices: | checksum 4 | position 8 | digest 32 | proof | */
#define NOTICE_HEAD_BYTES 44
typedef struct notice_row {
    uint64_t position;
    tdm_digest digest;
    tdm_span proof; /* borrowed */
} notice_row;
void tdm_notice_row_write(uint8_t *row, tdm_span key, const notice_row *in);
bool tdm_notice_row_read(tdm_span row, notice_row *out);

/* aside, number 0:    | checksum 4 | count 8 |
 * aside, the others:  | checksum 4 | received_ms 8 | reason length 1 | reason | bytes | */
#define ASIDE_COUNT_BYTES 12
#define ASIDE_HEAD_BYTES 13

/* local: | checksum 4 | value |
 * meta "ledger": | checksum 4 | format 8 | store id 16 | */
#define META_ROW_BYTES 28

#endif
