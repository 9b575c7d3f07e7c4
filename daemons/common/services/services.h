/* SPDX-License-Identifier: MPL-2.0
 *
 * services.h: what the services share: their functions (the rows of service.c), arguments, documents, and the
 * moment a question is answered for.
 */
#ifndef TANDEM_SERVICES_H
#define TANDEM_SERVICES_H

#include "../service.h"
#include "../json.h"

/* ---- the services. X(verb, hub, node, TDM_NEEDS_*, function) */
#define TDM_SERVICES_X(X)                                                                                    \
    X("level", true, true, FIGURES, level)                                                                   \
    X("unit.list", true, true, FIGURES, unit_list)                                                           \
    X("unit.show", true, true, FIGURES, unit_show)                                                           \
    X("link.pending", true, true, FIGURES, link_pending)                                                     \
    X("link.confirm", false, true, WRITES, link_confirm)                                                     \
    X("link.dispute", false, true, WRITES, link_dispute)                                                     \
    X("link.withdraw", false, true, WRITES, link_withdraw)                                                   \
    X("match.propose", true, false, WRITES, match_propose)                                                   \
    X("match.list", true, false, FIGURES, match_list)                                                        \
    X("match.accept", true, false, WRITES, match_accept)                                                     \
    X("match.void", true, false, WRITES, match_void)                                                         \
    X("node.list", true, true, FIGURES, node_list)                                                           \
    X("organisation.list", true, true, FIGURES, organisation_list)                                           \
    X("organisation.import", true, false, WRITES, organisation_import)                                       \
    X("organisation.merge", true, false, WRITES, organisation_merge)                                         \
    X("target.set", true, false, WRITES, target_set)                                                         \
    X("baseline.set", true, false, WRITES, baseline_set)                                                     \
    X("catalogue.add", true, false, WRITES, catalogue_add)                                                   \
    X("return.expect", true, false, WRITES, return_expect)                                                   \
    X("return.make", false, true, WRITES, return_make)                                                       \
    X("period.close", true, false, WRITES, period_close)                                                     \
    X("publish", true, false, WRITES, publish)                                                               \
    X("invite", true, false, WRITES, invite)                                                                 \
    X("join", false, true, WRITES, join)                                                                     \
    X("key.list", true, true, FIGURES, key_list)                                                             \
    X("key.revoke", true, false, WRITES, key_revoke)                                                         \
    X("key.rotate", true, true, WRITES, key_rotate)                                                          \
    X("key.retire", true, false, WRITES, key_retire)                                                         \
    X("record", false, true, WRITES, record)                                                                 \
    X("record.fact", true, true, WRITES, record_fact)                                                        \
    X("import", false, true, WRITES, import)                                                                 \
    X("person.list", false, true, FIGURES, person_list)                                                      \
    X("person.show", false, true, FIGURES, person_show)                                                      \
    X("person.summarise", false, true, WRITES, person_summarise)                                             \
    X("person.erase", false, true, WRITES, person_erase)                                                     \
    X("person.compact", false, true, WRITES, person_compact)                                                 \
    X("person.backup", false, true, WRITES, person_backup)                                                   \
    X("person.restore", false, true, WRITES, person_restore)                                                 \
    X("person.verify", false, true, FIGURES, person_verify)                                                  \
    X("status", true, true, FIGURES, status)                                                                 \
    X("health", true, true, FIGURES, health)                                                                 \
    X("measure.list", true, true, FIGURES, measure_list)                                                     \
    X("measure.show", true, true, FIGURES, measure_show)                                                     \
    X("explain", true, true, FIGURES, explain)                                                               \
    X("release", true, false, WRITES, release)                                                               \
    X("revision", true, false, FIGURES, revision)                                                            \
    X("event.show", true, true, FIGURES, event_show)                                                         \
    X("event.list", true, true, LOG, event_list)                                                             \
    X("doubts", true, true, FIGURES, doubts)                                                                 \
    X("export", true, true, WHOLE_LOG, export)                                                               \
    X("figure.list", true, true, FIGURES, figure_list)                                                       \
    X("log.list", true, true, FIGURES, log_list)                                                             \
    X("replay", true, false, WRITES, replay)                                                                 \
    X("snapshot", true, true, WHOLE_LOG, snapshot)                                                           \
    X("verify", true, true, WHOLE_LOG, verify)

#define X(verb, hub, node, needs, function) tdm_service_function tdm_serve_##function;
TDM_SERVICES_X(X)
#undef X

/* ---- arguments (answer.c). A number or a flag may also come as text. */
const char *tdm_arg_text(const json_t *args, const char *name); /* NULL if absent or empty */
bool tdm_arg_flag(const json_t *args, const char *name);
tdm_code tdm_arg_number(const json_t *args, const char *name, int64_t fallback, int64_t min, int64_t max,
                        int64_t *out, tdm_err *err);
/* TDM_INVALID with what to give if absent. */
tdm_code tdm_arg_needed(const json_t *args, const char *name, const char *example, const char **out,
                        tdm_err *err);
/* An organisation code or a period, checked and in upper case. */
tdm_code tdm_check_code(const char *text, char out[16], tdm_err *err);
tdm_code tdm_arg_period(const json_t *args, const char *name, tdm_period *out, tdm_err *err);
/* A financial year such as 2017/18: TDM_INVALID for anything else. *has false if absent. */
tdm_code tdm_arg_year(const json_t *args, const char *name, bool *has, int32_t *year, tdm_err *err);
/* "LEAD/UNIT_ID" to a subject, appended. */
tdm_code tdm_arg_unit(const char *text, tdm_buf *subject, tdm_err *err);
/* A subject of a unit as LEAD/UNIT_ID. */
tdm_span tdm_unit_text(tdm_span subject);

/* ---- the moment asked for (when.c) */
/* Figures over the covered facts alone, made for one question. */
typedef struct tdm_moment {
    tdm_fold *fold;
    tdm_fold *lender; /* whose views it reads; NULL: it was folded from the log */
} tdm_moment;
/* level_only: no measure is asked for. Closed with the core still open; an empty one may be closed, too. */
tdm_code tdm_moment_open(const tdm_service_context *context, const tdm_frontier *frontier, bool level_only,
                         tdm_moment *out, tdm_err *err);
void tdm_moment_close(const tdm_service_context *context, tdm_moment *moment);

typedef struct tdm_view {
    tdm_fold *fold;
    tdm_moment past; /* what the fold is of, if it was made for this question */
    bool complete;
    int64_t as_of_ms;
    tdm_date date; /* London date of as_of */
} tdm_view;
/* By the argument "as_of"; without it the figures as they are, once they caught up, waited for 1 s at most,
 * or not at all if the flag "glance" stands among the arguments: for whoever asks each second.
 * TDM_INVALID: not a WHEN; TDM_NOT_FOUND: no such moment, node or publication. */
tdm_code tdm_view_open(const tdm_service_context *context, const json_t *args, tdm_view *out, tdm_err *err);
/* The same where no measure is asked for but the level. */
tdm_code tdm_view_open_level(const tdm_service_context *context, const json_t *args, tdm_view *out,
                             tdm_err *err);
void tdm_view_close(const tdm_service_context *context, tdm_view *view);
/* The last millisecond that WHEN names: RFC 3339, date (end of that day in London), "-2d", "-3h", "-5min". */
tdm_code tdm_when_parse(const char *text, int64_t now_ms, int64_t *out_ms, tdm_err *err);
/* What WHEN covers, and the time it names. */
tdm_code tdm_when_frontier(const tdm_service_context *context, const char *when, tdm_frontier *out,
                           int64_t *ms, tdm_err *err);
/* A frontier over everything held (notices, too), one origin limited to a sequence of its last incarnation.
 * prefix: at least 6 hex digits of the origin. */
tdm_code tdm_when_sequence(tdm_ledger *ledger, const char *prefix, uint64_t sequence, tdm_frontier *out,
                           tdm_err *err);

/* ---- documents (answer.c) */
typedef struct tdm_document {
    tdm_json json;
} tdm_document;
/* Opens {"schema":...,"as_of":...,"complete":...,"data":[ */
void tdm_document_open(tdm_document *document, tdm_answer *answer, const char *schema, int64_t as_of_ms,
                       bool complete);
tdm_code tdm_document_close(tdm_document *document, tdm_err *err);
/* Members that many rows have. */
void tdm_member_text(tdm_json *json, const char *key, const char *text);
void tdm_member_span(tdm_json *json, const char *key, tdm_span text);
/* The beginning of a value from outside, cut between characters: enough to find it again. */
void tdm_member_shown(tdm_json *json, const char *key, tdm_span text);
void tdm_member_int(tdm_json *json, const char *key, int64_t value);
void tdm_member_bool(tdm_json *json, const char *key, bool value);
void tdm_member_date(tdm_json *json, const char *key, bool has, tdm_date date); /* null if not */
void tdm_member_time(tdm_json *json, const char *key, bool has, int64_t ms);
void tdm_member_enum(tdm_json *json, const char *key, tdm_enum_set set, const tdm_value *value);

/* ---- own facts */
/* The organisation a node's records are made for: "organisation" of the arguments, the configured one, or the
 * only one it represents. */
tdm_code tdm_own_organisation(const tdm_service_context *context, const json_t *args, char out[16],
                              tdm_err *err);
/* Wait until the fold has seen all that is committed: before comparing with what stands. */
tdm_code tdm_settle(const tdm_service_context *context, tdm_err *err);
tdm_date tdm_today(const tdm_service_context *context); /* London */

/* One registry or period fact: stated if it is new, corrected or unvoided if it differs; *did tells. */
tdm_code tdm_state_fact(const tdm_service_context *context, tdm_span subject, const tdm_id *fact,
                        tdm_date date, const tdm_record *record, bool *did, tdm_err *err);
/* The same with subject and name from its fields (filing.h). */
tdm_code tdm_state_filed(const tdm_service_context *context, tdm_date date, const tdm_record *record,
                         bool *did, tdm_err *err);
/* Subjects "organisation/CODE", "period/PERIOD"...: appended to out. */
void tdm_subject_word(tdm_buf *out, const char *kind, const char *rest);
uint32_t tdm_own_author(const tdm_service_context *context);

#endif
