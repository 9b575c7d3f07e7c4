/* SPDX-License-Identifier: MPL-2.0
 *
 * ledger_verify.h: what the parts of verify share: the walk over the log (ledger_verify.c), runs proven while
 * their events go by (ledger_verify_runs.c), and the checks of the rows around it (ledger_verify_rows.c).
 */
#ifndef TANDEM_STORE_LEDGER_VERIFY_H
#define TANDEM_STORE_LEDGER_VERIFY_H

#include "ledger_private.h"

enum { EVENTS_TOGETHER = 64 }; /* that are hashed at once */

/* The run whose events go by. */
typedef struct assembly {
    run_row run;
    tdm_id origin;
    uint64_t incarnation;
    size_t count;                     /* of its events so far; 0: there is none */
    size_t hashed;                    /* the first of them: the others wait in events */
    tdm_span events[EVENTS_TOGETHER]; /* borrowed from the present read */
} assembly;

typedef struct walk {
    tdm_ledger *ledger;
    tdm_ledger_report *report;
    void *context;
    const tdm_told *told;
    tdm_ledger_summary *summary;
    uint64_t end; /* the last position when the walk began */
    uint64_t done;
    uint8_t *covered;
    uint8_t *proven_first; /* a bit where a proven run begins, and where it ends */
    uint8_t *proven_last;
    assembly assembly;
    tdm_digest *digests; /* of the run being checked */
    tdm_kv_txn *txn;     /* the present read transaction */
    tdm_id origin;       /* the chain being walked */
    uint64_t incarnation;
    uint64_t last; /* how far its runs tile */
    tdm_digest head;
} walk;

/* What a fault is about. Zero where it does not apply. */
typedef struct place {
    uint64_t position;
    const tdm_id *origin;
    uint64_t incarnation;
    uint64_t sequence;
} place;

void tdm_verify_fault(walk *w, const char *invariant, place at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The bytes under key in the present read; false if there are none. */
bool tdm_verify_get(walk *w, size_t table, const row_key *key, tdm_span *row);
/* A row whose record was appended behind the end of the walk. If the record is not there, the row lies. */
bool tdm_verify_came_later(walk *w, uint64_t position);
/* Note that a row tells of the record at position: once, and of one that is there. */
void tdm_verify_cover(walk *w, uint64_t position, place at);

/* An event in its turn; event NULL: its bytes are none. */
void tdm_verify_assemble(walk *w, const tdm_ledger_entry *entry, const tdm_event *event);
/* Before the read ends that they are borrowed from: hash the events that wait for it. */
void tdm_verify_hash(walk *w);
/* Were all events of this run found sound, in their place, and of this root? */
bool tdm_verify_is_proven(walk *w, const run_row *run, place at);

/* Checks of one row each. */
void tdm_verify_seal(walk *w, tdm_span key, tdm_span row);
void tdm_verify_tip(walk *w, tdm_span key, tdm_span row);
void tdm_verify_notice(walk *w, tdm_span key, tdm_span row);
void tdm_verify_local(walk *w, tdm_span key, tdm_span row);
void tdm_verify_aside(walk *w, tdm_span key, tdm_span row);
void tdm_verify_meta(walk *w, tdm_span key, tdm_span row);

#endif
