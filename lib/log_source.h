/* SPDX-License-Identifier: MPL-2.0
 *
 * log_source.h: what a log reader reads from: an exported file, or a store.
 */
#ifndef TANDEM_LIB_LOG_SOURCE_H
#define TANDEM_LIB_LOG_SOURCE_H

#include "ledger_json.h"

#include "tandem/log_reader.h"

typedef struct tdm_log_source tdm_log_source;

/* What a kind of source does. `self` is what its open gave. */
typedef struct tdm_log_source_kind {
    /* The next event's bytes, borrowed until the next call, and where it is. TDM_END. */
    tdm_code (*next)(tdm_log_source *self, tdm_span *event, uint64_t *position, tdm_err *err);
    void (*close)(tdm_log_source *self);
} tdm_log_source_kind;

struct tdm_log_source {
    const tdm_log_source_kind *kind;
};

/* Who is told what verifying finds, as rows of text. */
typedef struct tdm_log_teller {
    tdm_log_report *report; /* NULL: nobody */
    void *context;
    bool failed; /* no memory for a row */
} tdm_log_teller;
void tdm_log_tell_fault(void *teller, const tdm_ledger_fault *fault); /* a tdm_ledger_report */
void tdm_log_tell_summary(tdm_log_teller *teller, const tdm_ledger_summary *summary);

/* As tdm_log_verify. */
tdm_code tdm_log_file_open(tdm_log_source **out, const char *path, tdm_err *err);
tdm_code tdm_log_file_verify(const char *path, tdm_log_teller *to, tdm_err *err);

tdm_code tdm_log_store_open(tdm_log_source **out, const char *folder, tdm_err *err);
tdm_code tdm_log_store_verify(const char *folder, tdm_log_teller *to, tdm_err *err);

#endif
