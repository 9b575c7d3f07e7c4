/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger.h: the log of everything held: whole logs of origins in runs, and single events that arrived with a
 * proof (notices). Append only. It knows bytes, positions and chains, and no meaning.
 *
 * Invariants (tdm_ledger_verify names each that is broken):
 * - positions are dense from 1; every record carries a checksum that matches
 * - within an incarnation held whole, sequences are dense from 1, runs tile them, each root is the Merkle
 * root of its events' digests and each head follows from the one before; the origin's row tells the last
 * run's end and head
 * - every seal stored verifies over its head; a notice's proof verifies
 * - of one (origin, incarnation, sequence) there is one body
 */
#ifndef TANDEM_LEDGER_H
#define TANDEM_LEDGER_H

#include "tandem/kv.h"
#include "tandem/run.h"
#include "tandem/told.h"

typedef struct tdm_ledger tdm_ledger;
typedef struct tdm_ledger_txn tdm_ledger_txn;

#define TDM_LEDGER_FORMAT 1

/* The tables of the environment the ledger lives in, for tdm_kv_options. */
extern const char *const TDM_LEDGER_TABLES[];
extern const size_t TDM_LEDGER_TABLE_COUNT;

/* Takes the environment over (*kv becomes NULL), also on failure. A new one gets a random store id.
 * TDM_UNSUPPORTED: newer format. */
tdm_code tdm_ledger_open(tdm_ledger **out, tdm_kv **kv, tdm_err *err);
/*
 * The ledger of a state folder. For writing, what is not there is made, for its owner alone and synced;
 * map_bytes as in tdm_kv_options, for reading without meaning. Reading makes lock.mdb and changes nothing
 * else. TDM_NOT_FOUND: for reading, and no ledger is in the folder. TDM_BUSY, TDM_CORRUPT, TDM_UNSUPPORTED,
 * TDM_INVALID (a path too long), TDM_IO, TDM_FULL. *out is NULL after a failure.
 */
tdm_code tdm_ledger_open_folder(tdm_ledger **out, const char *folder, tdm_kv_mode mode, size_t map_bytes,
                                tdm_err *err);
void tdm_ledger_close(tdm_ledger **ledger);
tdm_kv *tdm_ledger_kv(tdm_ledger *ledger);                   /* borrowed */
const tdm_id *tdm_ledger_store_id(const tdm_ledger *ledger); /* random, made with the store: the feed epoch */

/* How far one incarnation is held whole. */
typedef struct tdm_tip {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;       /* 0: nothing yet */
    tdm_digest head;     /* after `last` */
    uint64_t sealed;     /* last sequence covered by a stored seal; 0: none */
    int64_t received_ms; /* when its last run was committed */
    uint64_t last_position;
} tdm_tip;

/* TDM_NOT_FOUND leaves a zero tip with origin and incarnation filled. */
tdm_code tdm_ledger_tip(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                        tdm_err *err);
/* All tips ordered by (origin, incarnation): the frontier. *out is the caller's (free). */
tdm_code tdm_ledger_tips(tdm_ledger *ledger, tdm_tip **out, size_t *count, tdm_err *err);
/* Events held as notices; 0: whole logs alone are held, so that the tips tell of every event. */
tdm_code tdm_ledger_notices(tdm_ledger *ledger, uint64_t *out, tdm_err *err);
/* The last position in the ledger; 0 if empty. */
tdm_code tdm_ledger_last_position(tdm_ledger *ledger, uint64_t *out, tdm_err *err);

/* ---- writing: one thread; everything in one transaction, durable when commit returns TDM_OK
 * -------------------- */
tdm_code tdm_ledger_begin(tdm_ledger *ledger, tdm_ledger_txn **out, tdm_err *err);
tdm_code tdm_ledger_commit(tdm_ledger_txn **txn,
                           tdm_err *err); /* first failure of the txn is returned here, too */
void tdm_ledger_abort(tdm_ledger_txn **txn);

/* The tip as this transaction sees it. */
tdm_code tdm_ledger_txn_tip(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation, tdm_tip *out,
                            tdm_err *err);

/*
 * Append one run: `count` events with sequences run->first..run->last, which must follow the tip. root and
 * head must have been computed from these very bytes by the caller (link or writer: hashing is not repeated
 * here); the head is checked to follow from the tip's and the root. TDM_EXISTS: the tip covers it already,
 * same head at run->last: nothing done. TDM_CONFLICT: covered with another head, or head does not follow: a
 * fork; the transaction stays usable and nothing of this run is in it. TDM_INVALID: a gap.
 */
tdm_code tdm_ledger_append_run(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation,
                               const tdm_run *run, const tdm_span *events, int64_t received_ms, tdm_err *err);
/* Keep a checked seal whose `last` ends a run held. */
tdm_code tdm_ledger_put_seal(tdm_ledger_txn *txn, const tdm_id *origin, uint64_t incarnation,
                             const tdm_seal *seal, tdm_err *err);
/* One foreign event with its checked proof. TDM_EXISTS: held already with the same digest (whole log or
 * notice). TDM_CONFLICT: held with another body. */
tdm_code tdm_ledger_append_notice(tdm_ledger_txn *txn, const tdm_event *event, const tdm_proof *proof,
                                  int64_t received_ms, tdm_err *err);
/* Keep bytes that were refused or conflict, with the reason, for a person to look at; at most 1,000 per
 * origin, then counted only. Never part of the log. The first 200 bytes of the reason and the first
 * TDM_RUN_BYTES_MAX of the bytes are kept. */
tdm_code tdm_ledger_set_aside(tdm_ledger_txn *txn, const tdm_id *origin, const char *reason, tdm_span bytes,
                              int64_t received_ms, tdm_err *err);

/* Small local state that is not part of the log: own identity, keys, invites, feed cursors. Names are 1..200
 * bytes, by convention "part/rest". An empty value deletes. */
tdm_code tdm_ledger_local_put(tdm_ledger_txn *txn, tdm_span name, tdm_span value);
/* value is appended to out. TDM_NOT_FOUND. */
tdm_code tdm_ledger_local_get(tdm_ledger *ledger, tdm_span name, tdm_buf *out, tdm_err *err);
typedef tdm_code tdm_ledger_local_visit(void *context, tdm_span name, tdm_span value, tdm_err *err);
tdm_code tdm_ledger_local_each(tdm_ledger *ledger, tdm_span prefix, tdm_ledger_local_visit *visit,
                               void *context, tdm_err *err);

/* ---- reading: any thread
 * --------------------------------------------------------------------------------------- */
typedef struct tdm_ledger_entry {
    uint64_t position;
    int64_t received_ms;
    bool notice;    /* came alone with a proof, not as part of a whole log */
    tdm_span bytes; /* the event as received; borrowed for the call */
} tdm_ledger_entry;

/* Visit events from `from` in order of position, at most `limit` of them in one short read transaction; *next
 * is where to go on. A visit that returns TDM_END stops without error; its entry counts as visited. An event
 * that came as a notice and later within its origin's whole log is met twice, at two positions. TDM_CORRUPT
 * names the position of a record whose checksum is wrong. */
typedef tdm_code tdm_ledger_visit(void *context, const tdm_ledger_entry *entry, tdm_err *err);
tdm_code tdm_ledger_scan(tdm_ledger *ledger, uint64_t from, size_t limit, tdm_ledger_visit *visit,
                         void *context, uint64_t *next, tdm_err *err);
/* Bytes of one position, appended to out. */
tdm_code tdm_ledger_event_at(tdm_ledger *ledger, uint64_t position, tdm_buf *out, tdm_err *err);
tdm_code tdm_ledger_event_find(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation,
                               uint64_t sequence, uint64_t *position, tdm_err *err);

/* Runs of one incarnation from the one that holds `from` on, for sending: whole runs, until max_bytes of
 * events or max_runs are reached (at least one run if any), and the seal that closes the last of them if
 * there is one. What the caller gets is its own copy. count 0: nothing there. If max_bytes would cut before a
 * sealed run, it still stops there; the sender then seals (own log) or sends up to the last sealed run
 * (others' logs): see only_sealed. With only_sealed the batch ends at the last sealed run within the bounds;
 * if none is within them, at the first one beyond, so that a log sealed seldom can still be sent. */
typedef struct tdm_run_batch {
    tdm_run *runs;
    size_t run_count;
    tdm_buf events; /* the events' bytes one after another (each a canonical map, so self-delimiting) */
    size_t event_count;
    bool has_seal;
    tdm_seal seal;
} tdm_run_batch;
tdm_code tdm_ledger_runs(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t from,
                         size_t max_bytes, size_t max_runs, bool only_sealed, tdm_run_batch *out,
                         tdm_err *err);
void tdm_run_batch_free(tdm_run_batch *batch);
/* The head after sequence `last`, which must end a run. TDM_NOT_FOUND otherwise. For fork checks. */
tdm_code tdm_ledger_head_at(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t last,
                            tdm_digest *out, tdm_err *err);
/* Inclusion proof of an event held whole and covered by a stored seal within TDM_PROOF_ROOTS_MAX runs, or of
 * a notice (its own proof). TDM_NOT_FOUND: not held; TDM_BUSY: not sealed yet. */
tdm_code tdm_ledger_proof(tdm_ledger *ledger, const tdm_id *origin, uint64_t incarnation, uint64_t sequence,
                          tdm_proof *out, tdm_err *err);
typedef tdm_code tdm_ledger_seal_visit(void *context, const tdm_id *origin, uint64_t incarnation,
                                       const tdm_run *run, const tdm_seal *seal_or_null, tdm_err *err);
/* Every run in order of (origin, incarnation, first), with its seal if it has one: for export. */
tdm_code tdm_ledger_each_run(tdm_ledger *ledger, tdm_ledger_seal_visit *visit, void *context, tdm_err *err);
/* Where a walk over the runs is: behind the one that ends here. Zero: at the beginning. */
typedef struct tdm_run_place {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t last;
} tdm_run_place;
/* The same, some runs at a time in one short read transaction; `after` moves along. TDM_END behind the last
 * one; TDM_OK: there may be more. */
tdm_code tdm_ledger_some_runs(tdm_ledger *ledger, tdm_run_place *after, tdm_ledger_seal_visit *visit,
                              void *context, tdm_err *err);
typedef tdm_code tdm_ledger_aside_visit(void *context, const tdm_id *origin, const char *reason,
                                        tdm_span bytes, int64_t received_ms, tdm_err *err);
tdm_code tdm_ledger_each_aside(tdm_ledger *ledger, tdm_ledger_aside_visit *visit, void *context,
                               tdm_err *err);

/* How often something of this origin was set aside, kept or not. */
tdm_code tdm_ledger_aside_count(tdm_ledger *ledger, const tdm_id *origin, uint64_t *out, tdm_err *err);

/* ---- verify
 * ------------------------------------------------------------------------------------------------------- */
typedef struct tdm_ledger_fault {
    const char *invariant; /* a stable word, see below */
    uint64_t position;     /* 0 if none */
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence;
    char what[200];
} tdm_ledger_fault;
typedef void tdm_ledger_report(void *context, const tdm_ledger_fault *fault);
typedef struct tdm_ledger_summary {
    uint64_t events; /* all records, notices among them */
    uint64_t runs;
    uint64_t seals;
    uint64_t notices;
    uint64_t faults;
} tdm_ledger_summary;
/*
 * Walk everything; report each broken invariant; go on after each. TDM_DIFFERS if any. told (NULL: nobody)
 * hears of events.
 * A writer may go on beside it: what came after the walk began is left out. The words:
 *
 * checksum      a row's bytes do not match its checksum
 * position      no record where one must be: positions are dense
 * undecodable   a record is not an event
 * identity      an event's bytes name another origin, incarnation or sequence than its row
 * first-event   sequence 1 of an incarnation is not an event of type incarnation
 * sequence-gap  the runs of an incarnation do not tile its sequences
 * root          a run's root is not the Merkle root of its events
 * head          a run's head does not follow from the one before
 * seal          a seal ends no run or does not verify over its head
 * tip           a tip does not agree with the last run or the last seal, or is missing
 * proof         a notice's proof or digest does not fit its event
 * body          a notice and its origin's whole log have different bodies for one sequence
 * page          a page of the file is not what the one above it says, not in its place, or lost (kv.h)
 * index         a row tells of a record that is not there, two of the same one, or none tells of a record
 */
tdm_code tdm_ledger_verify(tdm_ledger *ledger, tdm_ledger_report *report, void *context, const tdm_told *told,
                           tdm_ledger_summary *summary, tdm_err *err);

#endif
