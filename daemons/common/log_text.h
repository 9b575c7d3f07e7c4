/* SPDX-License-Identifier: MPL-2.0
 *
 * log_text.h: a store's log as JSON Lines and back, lossless: exporting, importing into an empty store and
 * exporting again gives the same bytes.
 *
 * Order: one "store" line; then by (origin, incarnation) in byte order each run's "event" lines, its "run"
 * line, and its "seal" line if it is sealed; then the events that came alone, each followed by a "notice"
 * line with its proof; at last a "key" line for every key the authority stated. What is local to a store
 * (received times, positions, its own secrets) is not exported. Roots, heads, seals and proofs can be checked
 * from the lines alone (tandem/run.h tells how).
 */
#ifndef TANDEM_COMMON_LOG_TEXT_H
#define TANDEM_COMMON_LOG_TEXT_H

#include "core.h"

#include <stdio.h>

/* Takes whole lines, line ends included. */
typedef tdm_code tdm_log_write(void *context, tdm_span lines, tdm_err *err);
/* told (NULL: nobody) hears of events. Memory: one megabyte of lines, and how far each log goes. */
tdm_code tdm_log_export(tdm_core *core, tdm_log_write *write, void *context, const tdm_told *told,
                        tdm_err *err);

typedef struct tdm_log_imported {
    uint64_t lines;
    uint64_t events;
    uint64_t runs;
    uint64_t seals;
    uint64_t notices;
} tdm_log_imported;

/*
 * Read lines into a new store in `folder`, which must be absent or empty. Each root, head, seal and proof is
 * computed anew and compared. The store can be read (tdm_core_open, read_only); it has no identity of its
 * own. TDM_EXISTS: the folder is not empty; TDM_MALFORMED: a line is not as above; TDM_DENIED: a seal or
 * proof does not verify; both name the line. The store appears in one rename when it is whole; it is made in
 * folder/.import.XXXXXX. told (NULL: nobody) hears of events, after each run.
 */
tdm_code tdm_log_import(const char *folder, size_t map_bytes, FILE *in, const tdm_told *told,
                        tdm_log_imported *out, tdm_err *err);

#endif
