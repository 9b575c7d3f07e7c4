/* SPDX-License-Identifier: MPL-2.0
 *
 * link_report.c: links in the log, in the metrics and in status documents.
 */
#include "link_report.h"

#include "clock.h"
#include "log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The machine's words for refusals and what they are counted as. */
static const struct {
    const char *word;
    const char *reason;
} REASONS[] = {
    { "malformed", "malformed" },
    { "version", "version" },
    { "not-enrolled", "unknown_key" },
    { "wrong-origin", "foreign_name" },
    { "bad-seal", "bad_seal" },
    { "fork", "fork" },
    { "gap", "gap" },
    { "enrol-denied", "enrol_denied" },
    { "busy", "rate" },
    { "revoked", "unknown_key" },
    { "unexpected", "other" },
    { "replaced", "other" },
};

static bool pass_gate(tdm_note_gate *gate, const tdm_id *peer)
{
    enum { WINDOW_MS = 300000, LOGGED_MAX = 200 };
    int64_t now = tdm_clock_mono_ms();
    if (gate->since_ms == 0 || now - gate->since_ms >= WINDOW_MS) {
        if (gate->left_out > 0)
            tdm_log(TDM_LOG_WARN, "LINK-NOTES-LEFT-OUT", tdm_log_id("peer", peer),
                    tdm_log_uint("notes", gate->left_out));
        *gate = (tdm_note_gate){ .since_ms = now > 0 ? now : 1 };
    }
    bool passes = gate->logged < LOGGED_MAX;
    gate->logged += passes;
    gate->left_out += !passes;
    return passes;
}

void tdm_link_report_note(tdm_metrics *metrics, tdm_note_gate *gate, const tdm_id *peer, const char *word,
                          const char *text)
{
    tdm_log_level level = TDM_LOG_INFO;
    for (size_t i = 0; i < TDM_COUNT(REASONS); i++) {
        if (strcmp(REASONS[i].word, word) != 0)
            continue;
        level = TDM_LOG_WARN;
        tdm_metrics_add(metrics, TDM_METRIC_EVENTS_REJECTED, REASONS[i].reason, 1);
    }
    if (pass_gate(gate, peer))
        tdm_log(level, "LINK-NOTE", tdm_log_id("peer", peer), tdm_log_text("word", word),
                tdm_log_text("what", text));
}

json_t *tdm_link_report_row(const tdm_link *link, const tdm_id *peer, int64_t last_seen_ms)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_link_figures figures;
    tdm_link_figures_read(link, &figures);
    tdm_hex(hex, peer->bytes, TDM_ID_BYTES);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "origin", hex, "state",
                     tdm_link_state_word(tdm_link_state_of(link)), "peer_last", (json_int_t)figures.peer_last,
                     "held", (json_int_t)figures.peer_held, "in_flight", (json_int_t)figures.events_in_flight,
                     "acked", (json_int_t)figures.events_acked, "feed_sent", (json_int_t)figures.feed_sent,
                     "feed_acked", (json_int_t)figures.feed_acked, "last_seen_ms", (json_int_t)last_seen_ms,
                     "refusal", figures.refusal == 0 ? "" : tdm_refusal_word(figures.refusal), "refusal_text",
                     figures.refusal_text);
}

struct tdm_link_rows {
    pthread_mutex_t lock;
    json_t *array;
};

tdm_code tdm_link_rows_new(tdm_link_rows **out, tdm_err *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return tdm_fail(err, TDM_FULL, 0, "no memory for the links' rows");
    pthread_mutex_init(&(*out)->lock, NULL);
    (*out)->array = json_array();
    return TDM_OK;
}

void tdm_link_rows_destroy(tdm_link_rows **pointer)
{
    if (*pointer == NULL)
        return;
    json_decref((*pointer)->array);
    pthread_mutex_destroy(&(*pointer)->lock);
    free(*pointer);
    *pointer = NULL;
}

void tdm_link_rows_publish(tdm_link_rows *rows, json_t *array)
{
    pthread_mutex_lock(&rows->lock);
    json_decref(rows->array);
    rows->array = array;
    pthread_mutex_unlock(&rows->lock);
}

json_t *tdm_link_rows_read(tdm_link_rows *rows)
{
    pthread_mutex_lock(&rows->lock);
    json_t *copy = json_deep_copy(rows->array);
    pthread_mutex_unlock(&rows->lock);
    return copy;
}
