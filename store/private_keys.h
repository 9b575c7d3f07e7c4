/* SPDX-License-Identifier: MPL-2.0
 *
 * private_keys.h: the secrets of the private log and what is done with them. Beside the files of
 * the backup the only part of it that calls libsodium.
 */
#ifndef TANDEM_STORE_PRIVATE_KEYS_H
#define TANDEM_STORE_PRIVATE_KEYS_H

#include "private_rows.h"

/* Lives in memory of tdm_secret_new. */
typedef struct private_keys {
    uint8_t seal[32]; /* from the node secret; seals people's keys and the name key */
    uint8_t name[32]; /* random, made with the store, kept over a restore: makes person ids */
} private_keys;

/* A person as the writer and the readers hold one. Lives in memory of tdm_secret_new. */
typedef struct private_person {
    tdm_id id;
    person_row row;
    uint8_t plain[PERSON_PLAIN_BYTES]; /* opened: data key and person key */
} private_person;

/* Guarded memory, locked where the system allows it, wiped when freed. NULL if there is none. */
void *tdm_secret_new(size_t len);
void tdm_secret_free(void *secret); /* NULL-safe */

tdm_code tdm_keys_start(tdm_err *err); /* libsodium; as often as one likes */
void tdm_keys_derive(private_keys *keys, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES]); /* seal only */

/* The row "private" of meta: with a new name key, or the one in keys. */
void tdm_keys_new_name(private_keys *keys);
void tdm_meta_row_write(uint8_t row[PRIVATE_META_BYTES], const private_keys *keys);
/* Fills keys->name. TDM_DENIED: another secret. TDM_CORRUPT, TDM_UNSUPPORTED. */
tdm_code tdm_meta_row_read(tdm_span row, private_keys *keys, tdm_err *err);

void tdm_keys_person_id(const private_keys *keys, tdm_span person, tdm_id *out);

/* A new data key for a person whose id and generation are set. */
void tdm_person_begin(const private_keys *keys, private_person *person, tdm_span name);
void tdm_person_seal(const private_keys *keys, private_person *person); /* plain -> row.sealed */
/* row.sealed -> plain. False: another secret or damage, or the name is not that of the id. */
bool tdm_person_open(const private_keys *keys, private_person *person);
tdm_span tdm_person_name(const private_person *person);

/* Encrypt a row as `record` (room for RECORD_MAX), whole but for its checksum; its length. */
size_t tdm_record_seal(uint8_t *record, uint64_t sequence, const private_person *person,
                       const tdm_private_row *row, uint8_t plain[RECORD_PLAIN_MAX]);
/* Decrypt a record whose head was read, into plain; type, person and payload of *out borrow from it, all of
 * *out is filled. False: it does not open, or its person key is another. */
bool tdm_record_open(tdm_span record, const record_head *head, uint64_t sequence,
                     const private_person *person, uint8_t plain[RECORD_PLAIN_MAX], tdm_private_entry *out);

#endif
