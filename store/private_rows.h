/* SPDX-License-Identifier: MPL-2.0
 *
 * private_rows.h: the private log's keys and rows as bytes. Private to the store.
 *
 * Numbers are fixed-width and big-endian; every row begins with the ledger's checksum (ledger_rows.h), bound
 * to its key. The readers here return false for a row that is too short or whose checksum does not match.
 */
#ifndef TANDEM_STORE_PRIVATE_ROWS_H
#define TANDEM_STORE_PRIVATE_ROWS_H

#include "ledger_rows.h"
#include "tandem/private.h"

/* The order of TDM_PRIVATE_TABLES. */
enum private_table {
    PRIVATE_META,
    PRIVATE_ROWS,
    PRIVATE_PEOPLE,
    PRIVATE_ERASED,
    PRIVATE_IDS,
    PRIVATE_INDEX,
    PRIVATE_RESIDUALS,
    PRIVATE_TABLES
};

uint32_t tdm_read_u32(const uint8_t *bytes);
void tdm_write_u32(uint8_t *bytes, uint32_t value);

/* ---- keys -------------------------------------------------------------------------------------- */

#define PERSON_KEY_BYTES 16
#define ERASED_KEY_BYTES 20
#define NUMBER_KEY_BYTES 32
#define INDEX_KEY_BYTES 24

extern const tdm_span TDM_PRIVATE_META_KEY; /* "private" */
extern const tdm_span TDM_PRIVATE_TIP_KEY;  /* "tip" */

/* rows: | sequence 8 |, by tdm_key_of_position */
/* people: | person id 16 | */
row_key tdm_key_of_person(const tdm_id *person);
/* erased: | person id 16 | generation 4 | */
row_key tdm_key_of_erased(const tdm_id *person, uint32_t generation);
/* ids: | person id 16 | row id 16 | */
row_key tdm_key_of_row_id(const tdm_id *person, const tdm_id *row);
/* index: | person id 16 | sequence 8 |, of rows in force only */
row_key tdm_key_of_index(const tdm_id *person, uint64_t sequence);
bool tdm_key_is_of_person(tdm_span key, const tdm_id *person);

/* ---- sealed bytes ------------------------------------------------------------------------------ */

#define DATA_KEY_BYTES 32
#define NONCE_BYTES 24
#define TAG_BYTES 16
#define SEALED_BYTES(plain) (NONCE_BYTES + (plain) + TAG_BYTES)

/* ---- rows -------------------------------------------------------------------------------------- */

/* meta "private": | checksum 4 | format 8 | name key, sealed | */
#define PRIVATE_META_BYTES (12 + SEALED_BYTES(DATA_KEY_BYTES))

/* meta "tip": | checksum 4 | rows 8 | bytes 8 | people 8 | erased 8 | head 32 | */
#define PRIVATE_TIP_BYTES 68
void tdm_private_tip_write(uint8_t row[PRIVATE_TIP_BYTES], const tdm_private_tip *in);
bool tdm_private_tip_read(tdm_span row, tdm_private_tip *out);

/* people: | checksum 4 | generation 4 | rows 8 | in force 8 | data key and person key, sealed |
 * What is sealed: | data key 32 | person key's length 1 | person key, filled up with zeros to 100 | */
#define PERSON_PLAIN_BYTES (DATA_KEY_BYTES + 1 + TDM_PRIVATE_PERSON_MAX)
#define PERSON_HEAD_BYTES 24
#define PERSON_ROW_BYTES (PERSON_HEAD_BYTES + SEALED_BYTES(PERSON_PLAIN_BYTES))
typedef struct person_row {
    uint32_t generation; /* from 1; one more with each erasure */
    uint64_t rows;
    uint64_t in_force;
    uint8_t sealed[SEALED_BYTES(PERSON_PLAIN_BYTES)];
} person_row;
void tdm_person_row_write(uint8_t row[PERSON_ROW_BYTES], tdm_span key, const person_row *in);
bool tdm_person_row_read(tdm_span key, tdm_span row, person_row *out);

/* erased: | checksum 4 | erased_ms 8 | rows 8 | */
#define ERASED_ROW_BYTES 20
void tdm_erased_row_write(uint8_t row[ERASED_ROW_BYTES], tdm_span key, int64_t erased_ms, uint64_t rows);
bool tdm_erased_row_read(tdm_span key, tdm_span row, uint64_t *rows);

/* ids: | checksum 4 | sequence 8 | last change 8 | */
#define ID_ROW_BYTES 20
typedef struct id_row {
    uint64_t sequence;
    uint64_t last; /* the sequence of the last row that changed it: its own while none did; 0: no new row */
} id_row;
void tdm_id_row_write(uint8_t row[ID_ROW_BYTES], tdm_span key, const id_row *in);
bool tdm_id_row_read(tdm_span key, tdm_span row, id_row *out);

/* index: | checksum 4 |
 * residuals: | checksum 4 | value | */

/* rows: | checksum 4 | version 1 | change 1 | recorded_ms 8 | row id 16 | of 16 | person id 16 | generation 4
 * | | nonce 24 | ciphertext | What is encrypted: | type 4 | person key's length 1 | person key | payload |,
 * bound to the sequence and to everything between checksum and ciphertext. `of` of a new row is its own id.
 */
#define RECORD_VERSION 1
#define RECORD_NONCE_AT 66
#define RECORD_HEAD_BYTES (RECORD_NONCE_AT + NONCE_BYTES)
#define RECORD_PLAIN_MAX (4 + 1 + TDM_PRIVATE_PERSON_MAX + TDM_PRIVATE_PAYLOAD_MAX)
#define RECORD_MAX (RECORD_HEAD_BYTES + RECORD_PLAIN_MAX + TAG_BYTES)
typedef struct record_head {
    uint8_t version;
    tdm_private_change change;
    int64_t recorded_ms;
    tdm_id id;
    tdm_id of;
    tdm_id person;
    uint32_t generation;
} record_head;
/* All but checksum, nonce and ciphertext. */
void tdm_record_head_write(uint8_t record[RECORD_HEAD_BYTES], const record_head *in);
/* Fields only: the caller looks at tdm_row_is_sound. False if too short or of another version. */
bool tdm_record_head_read(tdm_span record, record_head *out);
/* Of what stands behind the checksum: H(0x00 || bytes), SHA-256. */
void tdm_record_digest(tdm_span record, tdm_digest *out);

#endif
