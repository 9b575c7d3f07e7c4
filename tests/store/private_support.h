/* SPDX-License-Identifier: MPL-2.0
 *
 * private_support.h: what the tests of the private log share: a log of each kind in a scratch folder, short
 * names for rows, and what is in force as one line of text.
 */
#ifndef TANDEM_TESTS_STORE_PRIVATE_SUPPORT_H
#define TANDEM_TESTS_STORE_PRIVATE_SUPPORT_H

#include "support.h"
#include "private_rows.h"

typedef struct bed {
    store_kind kind; /* LMDB or memory */
    char folder[64]; /* scratch, removed at the end */
    char path[96];   /* the environment within it */
    tdm_private *log;
    const struct bed_row *row;
} bed;

typedef struct bed_row {
    const char *name; /* a sentence */
    void (*run)(bed *b);
    bool durable; /* closes and opens again: not for memory */
} bed_row;

/* Run every row with a new log of each kind. */
int bed_suite(const char *group, const bed_row *rows, size_t count);

extern const uint8_t SECRET[TDM_PRIVATE_SECRET_BYTES];
extern const uint8_t OTHER_SECRET[TDM_PRIVATE_SECRET_BYTES];

tdm_private *open_at(const char *path, const uint8_t *secret);
void bed_reopen(bed *b);

/* Rows by number: id n is 16 bytes made of n; the type is 7, the time 1000 + n. */
tdm_id id_of(unsigned n);
tdm_private_row new_row(const char *person, unsigned id, const char *payload);
tdm_private_row amend_row(const char *person, unsigned id, unsigned of, const char *payload);
tdm_private_row void_row(const char *person, unsigned id, unsigned of);
tdm_code add_one(tdm_private *log, tdm_private_row row);
void must_add(tdm_private *log, tdm_private_row row);
void must_erase(tdm_private *log, const char *person);
void put_residual(tdm_private *log, const char *key, const char *value);

/* "id=payload id=payload" in the order of the visit; "-" if there is nobody. The caller's. */
char *in_force(tdm_private *log, const char *person);
void expect_in_force(tdm_private *log, const char *person, const char *expected);
tdm_private_tip tip_of(tdm_private *log);
/* The number of faults, each printed. */
uint64_t private_faults(tdm_private *log);

/* How many files below the folder hold these bytes. */
size_t files_with(const char *folder, const void *bytes, size_t len);
/* A row as it is stored, a copy. */
tdm_buf raw_get(tdm_private *log, size_t table, tdm_span key);
void raw_put(tdm_private *log, size_t table, tdm_span key, tdm_span value);
void raw_del(tdm_private *log, size_t table, tdm_span key);

/* ---- backups ----------------------------------------------------------------------------------- */

extern const uint8_t KEY[32];
extern const uint8_t OTHER_KEY[32];
tdm_cipher_lock lock_of(const uint8_t key[32]);
void name_in(char out[128], const bed *b, const char *name); /* a path in the scratch folder */
/* From `file` to `name`, both in the scratch folder, under OTHER_SECRET. */
tdm_code restore(const bed *b, const char *name, const char *file, const uint8_t *key, tdm_err *err);
/* There is no folder "again". */
void expect_nothing_left(const bed *b);

#endif
