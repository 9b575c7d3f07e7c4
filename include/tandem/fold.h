/* SPDX-License-Identifier: MPL-2.0
 *
 * fold.h: what the log means: facts gathered into dossiers, figures kept in cells, answers to questions.
 * Definitions: docs/figures.md. The fold follows the ledger; everything here can be thrown away and rebuilt.
 *
 * Threads: apply, file, judge, work and checkpoint belong to one thread (the fold's). Queries may be called
 * from any thread; they take an inner lock for a bounded time. They see what was applied whole; of what was
 * only filed some units may have been judged and others not, and the fold says that it is not settled.
 */
#ifndef TANDEM_FOLD_H
#define TANDEM_FOLD_H

#include "tandem/civil.h"
#include "tandem/ledger.h"

typedef struct tdm_fold tdm_fold;
typedef struct tdm_frontier tdm_frontier;

extern const char *const TDM_VIEWS_TABLES[];
extern const size_t TDM_VIEWS_TABLE_COUNT;
#define TDM_DEFINITION_VERSION 1

typedef struct tdm_fold_options {
    bool has_authority;
    tdm_id authority;   /* the hub's origin */
    bool with_feeds;    /* keep the partners' feeds (hub) */
    size_t cache_bytes; /* memory for dossiers not yet checkpointed; 0: 256 MiB */
    bool level_only; /* at rest: no measure will be asked for but the level; their tables stay as they are */
    bool at_rest;    /* set by tdm_fold_at_rest alone, */
    const tdm_fold *lender; /* and so is this */
} tdm_fold_options;

/* Takes the views environment over (*kv NULL afterwards), also on failure; a NULL environment keeps
 * everything in memory (as-of questions, tests). Views of another authority or definition version are emptied
 * and folded again: position 0. */
tdm_code tdm_fold_open(tdm_fold **out, tdm_kv **kv, const tdm_fold_options *options, tdm_err *err);
void tdm_fold_close(tdm_fold **fold);

/* Views that no fold has open: of this version, and if `whole`, every page and row of them sound.
 * TDM_UNSUPPORTED: of another version. TDM_CORRUPT: damaged; where LMDB follows what is damaged, the process
 * ends by a signal. */
tdm_code tdm_views_check(tdm_kv *views, bool whole, tdm_err *err);

/* Ledger position folded so far (applied, maybe not checkpointed) and checkpointed so far. */
uint64_t tdm_fold_position(const tdm_fold *fold);
uint64_t tdm_fold_checkpointed(const tdm_fold *fold);
/* Fold entries in order of position, each exactly once; differenced once per dossier per call: give what has
 * gathered. */
tdm_code tdm_fold_apply(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err);
/* The same in two parts, for whoever is far behind: the more is filed before it is judged, the less each
 * event costs, since every dossier is judged once. judge until it is done, before more is filed or anything
 * checkpointed. It takes at most `subjects` of what was touched; true while more is left. An error of judge
 * is left in err (TDM_OK otherwise). */
tdm_code tdm_fold_file(tdm_fold *fold, const tdm_ledger_entry *entries, size_t count, tdm_err *err);
bool tdm_fold_judge(tdm_fold *fold, size_t subjects, tdm_err *err);
/* Refold a bounded part of what a registry change touched (at most `subjects`); true while more is left:
 * figures then say complete: false. */
bool tdm_fold_work(tdm_fold *fold, size_t subjects, tdm_err *err);
bool tdm_fold_needs_checkpoint(const tdm_fold *fold);
tdm_code tdm_fold_checkpoint(tdm_fold *fold,
                             tdm_err *err); /* dossiers, cells, feeds and frontier in one transaction */
/* Nothing left to judge or to refold. (Lag against the ledger is the caller's to know.) */
bool tdm_fold_is_settled(const tdm_fold *fold);
/* BLAKE2b over dossiers and cells in key order, without positions and received times. Settles first. */
tdm_code tdm_fold_state_hash(tdm_fold *fold, tdm_digest *out, tdm_err *err);

/* ---- level
 * ------------------------------------------------------------------------------------------------------- */
typedef enum tdm_dimension {
    TDM_BY_TOTAL,
    TDM_BY_PROGRAMME,
    TDM_BY_KIND,
    TDM_BY_LEAD,
    TDM_BY_LOCALITY,
    TDM_BY_SECTOR, /* from here on joined when asked: of the lead, */
    TDM_BY_REGION,
    TDM_BY_CORE /* core programme, of the programme */
} tdm_dimension;
typedef enum tdm_weight {
    TDM_WEIGHT_COUNT,
    TDM_WEIGHT_HOURS,
    TDM_WEIGHT_PARTICIPANTS,
    TDM_WEIGHT_PARTICIPANT_HOURS
} tdm_weight;
enum { TDM_LINE_ASSERTED, TDM_LINE_STANDING, TDM_LINE_CORROBORATED, TDM_LINES };

typedef struct tdm_level_question {
    bool has_year;
    int32_t year;                /* financial year by the calendar year it starts in */
    tdm_period_kind period_kind; /* rows per year, quarter or month */
    tdm_dimension by;
    tdm_weight weight;
    bool planned;   /* the planned level instead of the delivered */
    tdm_date as_of; /* London date "today", for targets */
} tdm_level_question;

/* One row; texts are owned by the answer. Amounts in the weight's unit: units, hours in hundredths, people,
 * people x hours in hundredths. Tenths of a percent; *_defined false is n/a. */
typedef struct tdm_level_row {
    tdm_period period;
    const char *group; /* "" for total; kind by its word; "(none)" for an empty programme or locality */
    int64_t units;     /* always the count */
    int64_t amount;    /* denominator in the weight */
    int64_t people;    /* participants of all units, */
    int64_t people_joint[TDM_LINES]; /* and of the joint ones, whatever the weight */
    int64_t joint[TDM_LINES];
    bool level_defined;
    int64_t level[TDM_LINES];
    int64_t target;
    int64_t gap; /* corroborated - target; undefined with the level */
    int64_t to_convert;
    int64_t cancelled;
    int64_t estimated;
    int64_t unreported;
    int64_t phase_units[3]; /* plan, deliver, support */
    int64_t all_phases_units;
    int64_t depth;
    int64_t claims;
    int64_t claims_corroborated;
    int64_t claims_disputed;
    int64_t claims_unanswered;
    bool median_days_defined;
    int64_t median_days;
    int64_t facts; /* 0 unless the period is closed */
    int64_t late;
    int64_t returns_expected; /* total rows only */
    int64_t returns_received;
    bool published;
    int64_t published_level; /* corroborated, tenths */
    int64_t revision;        /* tenths, of exact values */
} tdm_level_row;

typedef struct tdm_level_answer {
    tdm_level_row *rows; /* ordered by period, then group (bytes) */
    size_t count;
    bool complete; /* settled */
    char *texts;   /* storage */
} tdm_level_answer;

tdm_code tdm_fold_level(tdm_fold *fold, const tdm_level_question *question, tdm_level_answer *out,
                        tdm_err *err);
void tdm_level_answer_free(tdm_level_answer *answer);

/* ---- units, claims, partners
 * --------------------------------------------------------------------------------------- */
/* One fact of a dossier as it stands. Spans are borrowed for the call. */
typedef struct tdm_fact {
    tdm_id origin;
    tdm_id fact;
    uint32_t type;
    uint64_t incarnation; /* of the base event */
    uint64_t sequence;
    int64_t recorded_ms; /* of the base event */
    tdm_span subject;
    tdm_span payload; /* content in force */
    bool visible;
    bool amended;
    const char
        *reason; /* why it is not counted, NULL if it may count: "in another's name", "conflict", ... */
} tdm_fact;
typedef tdm_code tdm_fact_visit(void *context, const tdm_fact *fact, tdm_err *err);
/* Facts of one subject, ordered by (origin, fact id); TDM_NOT_FOUND if the subject is unknown. */
tdm_code tdm_fold_facts(tdm_fold *fold, tdm_span subject, tdm_fact_visit *visit, void *context, tdm_err *err);
/* Subjects that begin with `prefix`, in order of their bytes; the lock is taken for some at a time and not
 * held during the visit. */
typedef tdm_code tdm_subject_visit(void *context, tdm_span subject, tdm_err *err);
tdm_code tdm_fold_subjects(tdm_fold *fold, tdm_span prefix, tdm_subject_visit *visit, void *context,
                           tdm_err *err);

/* Facts of every subject that begins with the prefix, in order of subject. None is no error. */
tdm_code tdm_fold_facts_below(tdm_fold *fold, tdm_span prefix, tdm_fact_visit *visit, void *context,
                              tdm_err *err);

/* One unit class as it stands. Spans borrowed for the call. */
typedef struct tdm_claim {
    char root[16];     /* partner's root code */
    uint8_t phases[3]; /* per phase: 0 none, 1 asserted only (disputed), 2 standing, 3 corroborated */
    uint8_t status;    /* 1 disputed, 2 unanswered, 3 corroborated: the best over the unit's sessions */
} tdm_claim;
typedef struct tdm_unit {
    tdm_span name; /* the class: smallest subject */
    const tdm_span *subjects;
    size_t subject_count;
    bool has_record;
    tdm_record record;    /* type unit: the principal record's content */
    tdm_id origin;        /* of the principal record */
    size_t session_count; /* counting */
    int64_t hours;
    int64_t people; /* largest attendance */
    const tdm_claim *claims;
    size_t claim_count;
    const char *const *warnings; /* sentences */
    size_t warning_count;
} tdm_unit;
typedef tdm_code tdm_unit_visit(void *context, const tdm_unit *unit, tdm_err *err);
/* Classes in order of name. organisation: only those whose dossiers name it (empty: all). The lock is taken
 * per unit. */
tdm_code tdm_fold_units(tdm_fold *fold, tdm_span organisation, tdm_unit_visit *visit, void *context,
                        tdm_err *err);
tdm_code tdm_fold_unit(tdm_fold *fold, tdm_span subject, tdm_unit_visit *visit, void *context, tdm_err *err);

/* Assertions that name an organisation `origin` represents (all origins if NULL), with the state of the
 * answer. */
typedef struct tdm_pending {
    tdm_span subject;
    tdm_id asserter; /* origin */
    tdm_id fact;     /* the link_assert */
    tdm_record link; /* link_assert in force */
    tdm_record unit; /* principal record; type NULL if there is none yet */
    tdm_digest assertion;
    const char *state; /* "unanswered", "confirmed", "disputed", "lapsed" */
} tdm_pending;
typedef tdm_code tdm_pending_visit(void *context, const tdm_pending *pending, tdm_err *err);
tdm_code tdm_fold_claims_on(tdm_fold *fold, const tdm_id *origin, tdm_pending_visit *visit, void *context,
                            tdm_err *err);

/* Pairs of unit subjects that look like one unit and are not matched: same start date within 3 days, same
 * kind, leads or links crossing, similar title. likeness in percent. At most `limit`. */
typedef tdm_code tdm_likeness_visit(void *context, tdm_span a, tdm_span b, int likeness, tdm_err *err);
tdm_code tdm_fold_likely_matches(tdm_fold *fold, size_t limit, tdm_likeness_visit *visit, void *context,
                                 tdm_err *err);

/* Listed doubts: facts stored and not counted, with reason. */
typedef tdm_code tdm_doubt_visit(void *context, const tdm_fact *fact, const char *reason, tdm_err *err);
tdm_code tdm_fold_doubts(tdm_fold *fold, size_t limit, tdm_doubt_visit *visit, void *context, tdm_err *err);

/* ---- registry
 * ------------------------------------------------------------------------------------------------------ */
/* Rights as of London date d. */
bool tdm_fold_represents(tdm_fold *fold, const tdm_id *origin, tdm_span organisation, tdm_date date);
/* Organisations an origin represents today; visit in order of code. */
typedef tdm_code tdm_code_visit(void *context, tdm_span code, tdm_err *err);
tdm_code tdm_fold_represented(tdm_fold *fold, const tdm_id *origin, tdm_date date, tdm_code_visit *visit,
                              void *context, tdm_err *err);
/* Keys stated by the authority. */
typedef struct tdm_key_fact {
    tdm_id origin;
    uint8_t key[32];
    uint32_t purpose; /* TDM_PURPOSE_IS_* */
    bool active;
    uint64_t first; /* 0: no bound */
    uint64_t last;
} tdm_key_fact;
typedef tdm_code tdm_key_visit(void *context, const tdm_key_fact *key, tdm_err *err);
tdm_code tdm_fold_keys(tdm_fold *fold, tdm_key_visit *visit, void *context, tdm_err *err);
/* May this key seal for this origin up to `last`? */
bool tdm_fold_key_may_seal(tdm_fold *fold, const tdm_id *origin, const uint8_t key[32], uint64_t last);

typedef struct tdm_organisation_row {
    tdm_span code;
    tdm_span name;
    int64_t sector;
    tdm_span parent;
    char root[16];
    bool closed;
} tdm_organisation_row;
typedef tdm_code tdm_organisation_visit(void *context, const tdm_organisation_row *row, tdm_err *err);
tdm_code tdm_fold_organisations(tdm_fold *fold, tdm_date date, tdm_organisation_visit *visit, void *context,
                                tdm_err *err);
tdm_code tdm_fold_organisation(tdm_fold *fold, tdm_span code, tdm_date date, tdm_organisation_visit *visit,
                               void *context, tdm_err *err); /* TDM_NOT_FOUND */

/* Counts for metrics. */
typedef struct tdm_fold_counts {
    int64_t units;
    int64_t claims[4]; /* by tdm_claim.status */
    int64_t events;
    int64_t unknown_types;
    int64_t doubts;
    uint64_t refold_pending;
    uint64_t
        exchanged; /* entries that went into the measures' tables or came out, since the fold was opened */
} tdm_fold_counts;
void tdm_fold_counts_read(tdm_fold *fold, tdm_fold_counts *out);

/*
 * A whole ledger into empty views, dossier by dossier: every row as following along the ledger would have
 * made it, in a fraction of the time, in memory that does not grow with the ledger (up to some 4 GB of
 * events, 28,000,000; parts grow from there on). *views are given back (NULL if they could not be opened).
 * After a failure they say of themselves that they are empty; the next fold empties them. TDM_EXISTS: they
 * are not empty. What `told` fails with is returned.
 */
typedef struct tdm_bulk_options {
    const char *folder;           /* for what is put aside: about as much as the events are, without a name */
    const tdm_frontier *frontier; /* the covered facts alone; NULL: all */
    const tdm_told *told;         /* events done; may be NULL */
    size_t part_bytes;            /* of events folded at once; 0: 8 MiB */
} tdm_bulk_options;
typedef struct tdm_bulk_made {
    uint64_t position;
    tdm_digest hash; /* as tdm_fold_state_hash */
    tdm_fold_counts counts;
} tdm_bulk_made;
tdm_code tdm_fold_bulk(tdm_kv **views, tdm_ledger *ledger, const tdm_fold_options *options,
                       const tdm_bulk_options *how, tdm_bulk_made *made, tdm_err *err);

/* ---- feeds (hub)
 * --------------------------------------------------------------------------------------------------- */
/* The first feed entry of `recipient` with a number above `after`: TDM_END if none. Numbers are dense from 1
 * per recipient and the same after a rebuild of the views from the same ledger. */
tdm_code tdm_fold_feed_next(tdm_fold *fold, const tdm_id *recipient, uint64_t after, uint64_t *number,
                            uint64_t *position, tdm_err *err);
uint64_t tdm_fold_feed_last(tdm_fold *fold, const tdm_id *recipient);
/* A step is under way, or another question: one more would wait for its end. For those who can ask later. */
bool tdm_fold_is_busy(tdm_fold *fold);

/* ---- as of
 * -----------------------------------------------------------------------------------------------------------
 */
typedef struct tdm_frontier_entry {
    tdm_id origin;
    uint64_t incarnation;
    uint64_t sequence;
    tdm_digest head;
} tdm_frontier_entry;
struct tdm_frontier {
    tdm_frontier_entry *entries; /* ordered by origin, incarnation */
    size_t count;
};
void tdm_frontier_free(tdm_frontier *frontier);
bool tdm_frontier_covers(const tdm_frontier *frontier, const tdm_id *origin, uint64_t incarnation,
                         uint64_t sequence);
/* What the authority held at a time: its last complete tide at or before it, with its own log up to that
 * tide. TDM_NOT_FOUND: none. */
tdm_code tdm_frontier_at_time(tdm_ledger *ledger, const tdm_id *authority, int64_t ms_utc, tdm_frontier *out,
                              tdm_err *err);
/* The frontier a tide event of the authority states (tides are differences: all up to it are gathered). */
tdm_code tdm_frontier_of_tide(tdm_ledger *ledger, const tdm_id *authority, uint64_t incarnation,
                              uint64_t sequence, tdm_frontier *out, tdm_err *err);
/* A memory fold over the covered facts of a ledger (all if frontier is NULL). */
tdm_code tdm_fold_of(tdm_ledger *ledger, const tdm_fold_options *options, const tdm_frontier *frontier,
                     tdm_fold **out, tdm_err *err);
/*
 * A fold over views that are only read, as of one moment of them, over the covered facts of their ledger (all
 * if frontier is NULL): what the views lack is folded in memory, what they hold beyond the moment is left out
 * the same way. For questions only; memory is taken for what differs, not for what there is. Equal to
 * tdm_fold_of over the same facts.
 *
 * *views is taken over (NULL afterwards), also on failure. Or lender, a fold that follows or is at rest,
 * lends its views and stays open meanwhile: views is then NULL. While the fold is open the views' file keeps
 * old pages: a moment.
 *
 * TDM_INVALID: of another authority, kind or version; TDM_DIFFERS: of another log, or beyond the end of this
 * one; TDM_CORRUPT, also from any question later: damaged. tdm_fold_of answers then.
 */
tdm_code tdm_fold_at_rest(tdm_fold **out, tdm_ledger *ledger, tdm_kv **views, const tdm_fold *lender,
                          const tdm_fold_options *options, const tdm_frontier *frontier, tdm_err *err);
/* Right after it was opened: is the event at its position the one that the views were made to? TDM_DIFFERS:
 * they are of another log, or go on after the end of this one. */
tdm_code tdm_fold_check_log(tdm_fold *fold, tdm_ledger *ledger, tdm_err *err);
/* May it lend them? One in memory has none. */
bool tdm_fold_has_views(const tdm_fold *fold);
/* A memory fold over what is stated about some subjects (all, if count is 0), and over the registry, which
 * says what that means; the event `except` (by origin, incarnation, sequence; NULL: none) is left out. Two of
 * them, with an event and without it, tell what it moves. */
tdm_code tdm_fold_about(tdm_ledger *ledger, const tdm_fold_options *options, const tdm_span *subjects,
                        size_t count, const tdm_event *except, tdm_fold **out, tdm_err *err);

#endif
