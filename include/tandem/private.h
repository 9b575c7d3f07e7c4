/* SPDX-License-Identifier: MPL-2.0
 *
 * private.h: the node's private log: rows about people that never leave the node, each encrypted with its
 * person's own key, so that destroying the key erases the person while the chain and the counts stay. It
 * knows bytes and keys, no meaning.
 *
 * Words. A person is named by a *person key*: a text of 1..100 bytes, a pseudonym made at the node. The
 * *person id* is the BLAKE2b-128 of it, keyed with a random key of the store; that text is nowhere in clear.
 * A *row* is one statement about a person: a number for its type and a payload nobody here looks into. A
 * later row may amend or void an earlier one; what stands then is *in force*. A *residual* is what is kept of
 * the erased: anonymous amounts, in clear.
 *
 * What lies on the disk in clear: person ids, row ids, which row amends or voids which, when a row was
 * recorded, lengths, counts, residuals. Row ids must be random, or say nothing of the person. Type, payload
 * and person key are encrypted (XChaCha20-Poly1305) with the person's random key, which is stored sealed
 * under the node secret.
 *
 * Invariants (tdm_private_verify names each that is broken):
 * - sequences are dense from 1; every stored row carries a checksum that matches
 * - head after row n = H(0x02 || head before || H(0x00 || record n)) with H = SHA-256 and a record being the
 *   ciphertext with its header; the head before row 1 is 32 zero bytes; the tip tells the last one
 * - every row belongs to a person who is there, and opens with that person's key, or to one who was erased
 * - the indexes tell of each row of those who are there, and of nothing else
 *
 * Writing (append, erase, residuals): one thread at a time. Reading: any thread. One process.
 */
#ifndef TANDEM_PRIVATE_H
#define TANDEM_PRIVATE_H

#include "tandem/cipher_file.h"
#include "tandem/kv.h"

typedef struct tdm_private tdm_private;

#define TDM_PRIVATE_FORMAT 1
#define TDM_PRIVATE_SECRET_BYTES 32
#define TDM_PRIVATE_PERSON_MAX 100          /* bytes of a person key */
#define TDM_PRIVATE_PAYLOAD_MAX 65536       /* bytes of one payload, and of a residual's value */
#define TDM_PRIVATE_BATCH_ROWS_MAX 4096     /* rows appended at once */
#define TDM_PRIVATE_BATCH_BYTES_MAX 4194304 /* payload bytes appended at once; also residuals put at once */
#define TDM_PRIVATE_RESIDUAL_KEY_MAX 511

/* The tables of the environment, for tdm_kv_options. */
extern const char *const TDM_PRIVATE_TABLES[];
extern const size_t TDM_PRIVATE_TABLE_COUNT;

/*
 * Open, or begin in an empty environment.
 *
 * kv      taken over (*kv becomes NULL), also on failure; its tables are TDM_PRIVATE_TABLES
 * secret  32 bytes, borrowed for the call; what is derived from it is held in guarded memory until close
 *
 * TDM_DENIED: another secret than it was made with. TDM_UNSUPPORTED: a newer format. TDM_NOT_FOUND: empty and
 * read-only. TDM_CORRUPT.
 */
tdm_code tdm_private_open(tdm_private **out, tdm_kv **kv, const uint8_t secret[TDM_PRIVATE_SECRET_BYTES],
                          tdm_err *err);
/* The same with an LMDB environment in the folder `path`, read-write (map_bytes and errors: see kv.h). Also
 * removes what a compaction or a restore that was cut down left there, so a daemon opens it this way. */
tdm_code tdm_private_open_path(tdm_private **out, const char *path, size_t map_bytes,
                               const uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err);
void tdm_private_close(tdm_private **log); /* NULL-safe; wipes keys */
tdm_kv *tdm_private_kv(tdm_private *log);  /* borrowed */

/* The id under which a person key is filed here, whether or not anybody has it. */
void tdm_private_person_id(const tdm_private *log, tdm_span person, tdm_id *out);

/* How far the log goes and what it holds. */
typedef struct tdm_private_tip {
    uint64_t rows;   /* all ever appended, the last sequence: amendments, voids and rows of the erased too */
    uint64_t bytes;  /* of their records */
    uint64_t people; /* who are there */
    uint64_t erased; /* erasures */
    tdm_digest head; /* after the last row */
} tdm_private_tip;
tdm_code tdm_private_tip_get(tdm_private *log, tdm_private_tip *out, tdm_err *err);

/* ---- writing ------------------------------------------------------------------------------------ */

typedef enum tdm_private_change {
    TDM_PRIVATE_NEW,   /* states something new */
    TDM_PRIVATE_AMEND, /* type and payload stand in place of those of row `of` */
    TDM_PRIVATE_VOID,  /* row `of` is in force no more, for good */
} tdm_private_change;

typedef struct tdm_private_row {
    tdm_span person; /* person key, 1..TDM_PRIVATE_PERSON_MAX bytes */
    tdm_private_change change;
    tdm_id id; /* the row's own, not zero: the same one of the same person again is known already */
    tdm_id of; /* amend and void: the id of the new row meant, also if that was amended before */
    uint32_t type;
    int64_t recorded_ms; /* UTC, since 1970 */
    tdm_span payload;    /* 0..TDM_PRIVATE_PAYLOAD_MAX bytes; of a void, none */
} tdm_private_row;

/*
 * Append rows in the order given, all or nothing. A row whose id that person has already, is skipped without
 * a look at its content, so a batch may be given again after any failure. A person is begun with the first
 * row.
 *
 * rows   borrowed; 1..TDM_PRIVATE_BATCH_ROWS_MAX, payloads of at most TDM_PRIVATE_BATCH_BYTES_MAX together
 * added  how many were new; 0 on failure
 *
 * TDM_INVALID: out of bounds. TDM_NOT_FOUND: `of` is no new row of that person. TDM_CONFLICT: `of` is void.
 * TDM_FULL: no space; if the map was short, once more may do. Durable when it returns TDM_OK; after TDM_IO
 * the outcome is unknown: give the batch again.
 */
tdm_code tdm_private_append(tdm_private *log, const tdm_private_row *rows, size_t count, size_t *added,
                            tdm_err *err);

typedef struct tdm_private_pair {
    tdm_span key;   /* 1..TDM_PRIVATE_RESIDUAL_KEY_MAX bytes */
    tdm_span value; /* 0..TDM_PRIVATE_PAYLOAD_MAX bytes; empty deletes */
} tdm_private_pair;

/*
 * Erase a person for good: the key is destroyed, the index entries go, the id is marked, and the residuals
 * are put, in one synced transaction. The rows stay as noise in the chain; counts and head do not change. A
 * later append under the same person key begins a new person, with a new key.
 *
 * person     borrowed person key
 * erased_ms  UTC, since 1970; kept with the mark
 * residuals  borrowed; whole new values, not differences; may be NULL if count is 0
 *
 * Until tdm_private_compact ran, free pages of the file may still hold the sealed key. TDM_NOT_FOUND: nobody
 * by this key. TDM_EXISTS: erased before, nothing done: so after TDM_IO (outcome unknown) do it again.
 */
tdm_code tdm_private_erase(tdm_private *log, tdm_span person, int64_t erased_ms,
                           const tdm_private_pair *residuals, size_t count, tdm_err *err);

/* Put residuals in one synced transaction, at most TDM_PRIVATE_BATCH_BYTES_MAX of values. TDM_INVALID: out of
 * bounds. */
tdm_code tdm_private_residuals_put(tdm_private *log, const tdm_private_pair *residuals, size_t count,
                                   tdm_err *err);

/* ---- reading ------------------------------------------------------------------------------------ */

/* value is appended to out. TDM_NOT_FOUND. */
tdm_code tdm_private_residual_get(tdm_private *log, tdm_span key, tdm_buf *out, tdm_err *err);
/* A visit that returns TDM_END stops without error, here and below. All residuals in order of key. */
typedef tdm_code tdm_private_residual_visit(void *context, tdm_span key, tdm_span value, tdm_err *err);
tdm_code tdm_private_each_residual(tdm_private *log, tdm_private_residual_visit *visit, void *context,
                                   tdm_err *err);

typedef struct tdm_private_person {
    tdm_id id;
    tdm_span person; /* person key; borrowed for the call */
    uint64_t rows;   /* appended since the person was begun (last) */
    uint64_t in_force;
} tdm_private_person;
/* Everybody who is there, in order of person id; no transaction is open during the visit. TDM_CORRUPT names
 * the id of somebody whose row is damaged. */
typedef tdm_code tdm_private_person_visit(void *context, const tdm_private_person *person, tdm_err *err);
tdm_code tdm_private_each_person(tdm_private *log, tdm_private_person_visit *visit, void *context,
                                 tdm_err *err);

typedef struct tdm_private_entry {
    tdm_id person_id;
    tdm_span person; /* person key; borrowed for the call, as is the payload; wiped behind the walk */
    tdm_id id;       /* of the new row: what amend and void name */
    uint64_t sequence;
    int64_t recorded_ms; /* of the amendment, if it was amended */
    uint32_t type;
    tdm_span payload;
} tdm_private_entry;
/* Rows in force, in order of the sequence in which their present content came, decrypted. The visit runs in a
 * read transaction, one per person, and must not write. TDM_CORRUPT names the sequence that does not open. */
typedef tdm_code tdm_private_row_visit(void *context, const tdm_private_entry *entry, tdm_err *err);
/* Those of one person. TDM_NOT_FOUND: nobody by this key. */
tdm_code tdm_private_each_row(tdm_private *log, tdm_span person, tdm_private_row_visit *visit, void *context,
                              tdm_err *err);
/* Does the person have a row of this id: in force, void, or a change of another? TDM_NOT_FOUND: nobody by
 * this key. */
tdm_code tdm_private_row_known(tdm_private *log, tdm_span person, const tdm_id *id, bool *known,
                               tdm_err *err);
/* Those of everybody, one person after the other in order of person id, each as it stands at its turn. */
tdm_code tdm_private_each_row_of_all(tdm_private *log, tdm_private_row_visit *visit, void *context,
                                     tdm_err *err);

/* ---- verify ------------------------------------------------------------------------------------- */

typedef struct tdm_private_fault {
    const char *invariant; /* a stable word, see below */
    uint64_t sequence;     /* 0 if none */
    tdm_id person;         /* zero if none */
    char what[200];
} tdm_private_fault;
typedef void tdm_private_report(void *context, const tdm_private_fault *fault);
typedef struct tdm_private_summary {
    uint64_t rows;
    uint64_t readable; /* rows that opened */
    uint64_t people;
    uint64_t erased;
    uint64_t residuals;
    uint64_t faults;
} tdm_private_summary;
/*
 * Walk everything in one read transaction; report each broken invariant; go on after each. TDM_DIFFERS if
 * any. A writer may go on beside it, but its free pages are not used again meanwhile. The words:
 *
 * checksum   a stored row's bytes do not match its checksum
 * sequence   no record where one must be, or one where none may be
 * head       the chain of the records does not lead to the head in the tip
 * person     a person's key does not open under the secret, or is of another person
 * row        a row does not open with its person's key, or is of another person
 * owner      a row belongs to nobody who is there and nobody who was erased
 * index      an index does not tell of a row, or tells of one that is not there or not in force
 * counts     a count does not agree with what is there
 */
tdm_code tdm_private_verify(tdm_private *log, tdm_private_report *report, void *context,
                            tdm_private_summary *summary, tdm_err *err);

/* ---- compaction --------------------------------------------------------------------------------- */

/*
 * Rewrite the closed LMDB environment in the folder `path` with nothing but its live entries: after an
 * erasure, so that no free page holds the destroyed key. Needs no secret. The copy is made in path/copy.tmp,
 * synced, and takes the old file's place by one rename: a crash at any point leaves the old or the new whole.
 * Nobody may have the environment open, nor open it meanwhile. What the disk itself keeps of the old file's
 * blocks is out of reach here: encrypt the disk.
 *
 * TDM_BUSY: open for writing elsewhere. TDM_NOT_FOUND: no store there. TDM_FULL, TDM_IO, TDM_CORRUPT: the old
 * file stays.
 */
tdm_code tdm_private_compact(const char *path, tdm_err *err);

/* ---- backup ------------------------------------------------------------------------------------- */

/*
 * Write everything, people's keys included, into one encrypted file, as of one moment (one read transaction).
 *
 * File: of the kind TDM_CIPHER_PRIVATE (cipher_file.h). Content: | table 1 | key length 2 | value length 4 |
 * key | value | one after another, closed by table 255 with their number.
 *
 * Whoever was erased before the backup is not in it and cannot come back by it. An older backup still holds
 * who was erased since and would bring them back: keep backups for a short time, and erase again after
 * restoring one.
 *
 * file  made with 0600 as file.tmp, synced, renamed. TDM_EXISTS: never written over. On any error there is no
 *       such file. TDM_CORRUPT: something in the log is damaged: see verify.
 */
tdm_code tdm_private_backup(tdm_private *log, const char *file, const tdm_cipher_lock *lock, tdm_err *err);

/*
 * Make the environment `path` from a backup, under any node secret. It is built in path/copy.tmp, verified
 * whole, synced, and only then renamed into its place; on any error nothing of it is left.
 *
 * path  a folder that is absent, or has no store in it (TDM_EXISTS)
 *
 * TDM_DENIED: the key does not open this file (or its header is damaged). TDM_MALFORMED: no backup.
 * TDM_UNSUPPORTED: of a newer format. TDM_CORRUPT: cut short, changed, put in another order, longer than its
 * end, or its content breaks an invariant; err says which and where. TDM_NOT_FOUND: no such file. TDM_BUSY.
 */
tdm_code tdm_private_restore(const char *path, const char *file, const tdm_cipher_lock *lock,
                             const uint8_t secret[TDM_PRIVATE_SECRET_BYTES], tdm_err *err);

#endif
