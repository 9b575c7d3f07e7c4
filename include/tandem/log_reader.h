/* SPDX-License-Identifier: MPL-2.0
 *
 * log_reader.h: another program reads a log without any daemon: an exported file, or a store.
 *
 * An exported file is what `tandem export` writes, compressed (Zstandard) or not. A store is the state folder
 * of a daemon, running or not, or a snapshot of one, and is only read.
 *
 * A store is read in a child process that the library forks and waits for by its id: damaged pages end that
 * child alone. It has no descriptors of the program's but the standard three, and ends with the reader.
 *
 * Threads and ownership are as in connection.h.
 */
#ifndef TANDEM_LOG_READER_H
#define TANDEM_LOG_READER_H

#include "tandem/error.h"

#include <stdint.h>

TDM_BEGIN_DECLS

typedef struct tdm_log_reader tdm_log_reader;

/*
 * Open a file or a folder. TDM_NOT_FOUND: there is none. TDM_DENIED: it is another user's. TDM_CORRUPT: the
 * store can not be read, tdm_log_verify says why. TDM_UNSUPPORTED: it is newer than this library. TDM_IO:
 * also where no process could be started. TDM_FULL.
 */
TDM_API tdm_code tdm_log_reader_open(tdm_log_reader **out, const char *path, tdm_err *err);
/*
 * The next event, as the line of it in an export, without the line's end: borrowed until the next call.
 * Of a file it comes after its whole run was read and proven: root, head and sequence follow from what was
 * before, an event that came alone has its proof; a seal is checked as it is met behind its run. Order: by
 * origin and incarnation, then sequence. Of a store each record's checksum is compared; order: as the store
 * took them, up to what was the end when it was opened. An event that came alone and later with its whole log
 * is there told twice; its name is origin, incarnation and sequence.
 *
 * TDM_END: that was the last. TDM_MALFORMED, TDM_DENIED, TDM_UNSUPPORTED: a line of a file is not sound, and
 * nothing behind it is told. TDM_CORRUPT: a record of a store is damaged, or a page of its file. err names
 * the place; the same is returned from then on. TDM_IO, TDM_FULL.
 *
 * Memory: at most twice one run (1,024 events of 16 KiB), whatever the file says. No line over 1 MiB is read.
 */
TDM_API tdm_code tdm_log_reader_next(tdm_log_reader *reader, const char **event, tdm_err *err);
/* Where the last event told is: its position in a store; how many lines of a file were read by then. */
TDM_API uint64_t tdm_log_reader_position(const tdm_log_reader *reader);
TDM_API void tdm_log_reader_close(tdm_log_reader **reader);

/* One row of `tandem verify --json`, borrowed for the call: faults as they are found ({"kind":"fault",
 * "invariant":word,"what":text,"position":n,...}), at last {"kind":"summary","events":n,...,"faults":n}. */
typedef void tdm_log_report(void *context, const char *row);
/*
 * Look for damage everywhere: chains, seals, proofs, sequences, checksums, pages. Of a store every fault is
 * told, at last "invariant":"readable" if pages are damaged so badly that the rest can not be looked at. Of a
 * file the first line that is not sound ("invariant":"line"), since nothing behind it can be proven.
 *
 * TDM_OK: sound. TDM_DIFFERS: it is not, the rows say where. Otherwise it could not be looked at: as
 * tdm_log_reader_open. A seal proves that whoever held its key had all of this log; whose key it was is told
 * by events of type "key" in the hub's log.
 */
TDM_API tdm_code tdm_log_verify(const char *path, tdm_log_report *report, void *context, tdm_err *err);

TDM_END_DECLS

#endif
