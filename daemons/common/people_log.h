/* SPDX-License-Identifier: MPL-2.0
 *
 * people_log.h: the node's private log as its services use it: opened beside the ledger, rows kept under
 * names, people counted, erased, compacted. docs/privacy.md tells what lies where.
 *
 * The log is the folder FOLDER/private. It begins with the first row, or is made by a restore; before that
 * there is none. It opens with the node secret, local state in the ledger's environment like the node's other
 * keys, made at the node's first start.
 *
 * Names of rows. A row is named by what it says (type, person, key fields). Its id in the log stays readable
 * after the person was erased, so it must not be guessable: it is the BLAKE2b-128 of the name, keyed with a
 * random salt of that person, which is a row of the person itself and goes with the person's key. Amendments,
 * voids and rows that return after a void have random ids.
 *
 * Threads: one lock around it all. Whoever enters has the log alone until leaving.
 */
#ifndef TANDEM_COMMON_PEOPLE_LOG_H
#define TANDEM_COMMON_PEOPLE_LOG_H

#include "core.h"

#include "tandem/private.h"

typedef struct tdm_people tdm_people;

/* A core that is read-only opens the log for reading, if there is one. The core is borrowed. */
tdm_code tdm_people_open(tdm_people **out, tdm_core *core, size_t map_bytes, tdm_err *err);
void tdm_people_close(tdm_people **people); /* NULL-safe */

/* On TDM_OK the caller has it alone until tdm_people_leave. *out is NULL if there is no log yet. */
tdm_code tdm_people_enter(tdm_people *people, tdm_private **out, tdm_err *err);
void tdm_people_leave(tdm_people *people);

/* What became of a person's row. */
typedef enum tdm_person_fate {
    TDM_PERSON_NEW,
    TDM_PERSON_KNOWN, /* also: there was none to take back */
    TDM_PERSON_CHANGED,
    TDM_PERSON_RETURNED,
    TDM_PERSON_HIDDEN
} tdm_person_fate;

/* A row of one person (types of scope NODE), read and checked. */
typedef struct tdm_person_entry {
    uint32_t type;
    tdm_span person; /* pseudonym made at the node */
    tdm_id row;      /* named by type, person and KEY fields (filing.h) */
    tdm_span record; /* packed payload; empty: take the row back */
    bool dry_run;    /* only tell what would become of it */
} tdm_person_entry;

/* Take a row, or the taking back of one; it is durable once it is kept. */
tdm_code tdm_people_take(tdm_people *people, const tdm_person_entry *entry, int64_t now_ms,
                         tdm_person_fate *fate, tdm_err *err);
tdm_code tdm_people_keep(tdm_people *people, tdm_err *err);
/* A row of a person that is not the salt: those are not shown, not counted. */
bool tdm_people_is_row(uint32_t type);

/* Close, rewrite and open again. TDM_NOT_FOUND: there is no log. */
tdm_code tdm_people_compact(tdm_people *people, tdm_err *err);
/* TDM_EXISTS: there is a log. Others as of tdm_private_restore. */
tdm_code tdm_people_restore(tdm_people *people, const char *file, const tdm_cipher_lock *lock, tdm_err *err);

/* How many people there are, as it was when somebody last left; never waits. False: there is no log. */
bool tdm_people_glance(const tdm_people *people, uint64_t *count);

/* The last day for which all people were counted: local state "people/summarised" of the ledger's
 * environment, so that a restored private log is not taken for one that was counted today. */
bool tdm_people_counted_on(tdm_core *core, tdm_date *out);
tdm_code tdm_people_set_counted(tdm_core *core, tdm_date day, tdm_err *err);

#endif
