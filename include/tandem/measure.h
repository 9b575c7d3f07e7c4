/* SPDX-License-Identifier: MPL-2.0
 *
 * measure.h: the measures beside the level: what each is, and its figures (docs/figures.md sections 8 to 11).
 */
#ifndef TANDEM_MEASURE_H
#define TANDEM_MEASURE_H

#include "tandem/fold.h"

/* ---- tables: cells of (table, period, organisation, a, b), amounts n0 to n6 ---- */

#define TDM_TABLE_AMOUNTS 7
/* X(NUMBER, SYMBOL, name, IN_FORCE or SUM). Numbers are kept in the views and never change their meaning;
 * those from 51 on are 50 + the number of the summary's table. */
#define TDM_TABLES(X)                                                                                        \
    X(1, TIES, "ties", SUM)                                                                                  \
    X(2, CONTRIBUTED, "contributed", SUM)                                                                    \
    X(3, MIX, "mix", SUM)                                                                                    \
    X(4, COURSE, "course", SUM)                                                                              \
    X(5, SETS, "sets", SUM)                                                                                  \
    X(6, AIMS, "aims", SUM)                                                                                  \
    X(7, PLACES, "places", SUM)                                                                              \
    X(8, CRITERIA, "criteria", SUM)                                                                          \
    X(9, SESSIONS, "sessions", SUM)                                                                          \
    X(20, POSTS, "posts", IN_FORCE)                                                                          \
    X(21, NEEDS, "needs", SUM)                                                                               \
    X(22, BARRIERS, "barriers", SUM)                                                                         \
    X(23, TEAMS, "teams", IN_FORCE)                                                                          \
    X(24, CYCLES, "cycles", SUM)                                                                             \
    X(25, PROTECTED, "protected", SUM)                                                                       \
    X(26, POLICIES, "policies", IN_FORCE)                                                                    \
    X(27, ACTIONS, "actions", SUM)                                                                           \
    X(28, PROJECTS, "projects", SUM)                                                                         \
    X(29, RESOURCES, "resources", SUM)                                                                       \
    X(30, USES, "uses", SUM)                                                                                 \
    X(31, EXCHANGE, "exchange", SUM)                                                                         \
    X(32, SUPPORT, "support", IN_FORCE)                                                                      \
    X(33, MEMBERS, "members", IN_FORCE)                                                                      \
    X(34, DISCUSSIONS, "discussions", SUM)                                                                   \
    X(40, REFERENCE, "reference", IN_FORCE)                                                                  \
    X(51, REACHED, "reached", SUM)                                                                           \
    X(52, APPLICATIONS, "applications", SUM)                                                                 \
    X(53, WAITING, "waiting_days", SUM)                                                                      \
    X(54, STAGES, "stages", SUM)                                                                             \
    X(55, STAGE_DAYS, "stage_days", SUM)                                                                     \
    X(56, FACULTY, "faculty", SUM)                                                                           \
    X(57, RESPONSES, "responses", SUM)                                                                       \
    X(58, TEAM_ANSWERS, "team_answers", SUM)                                                                 \
    X(59, DEVELOPMENT, "development", SUM)

typedef enum tdm_table {
#define X(number, SYMBOL, name, class) TDM_TABLE_##SYMBOL = number,
    TDM_TABLES(X)
#undef X
} tdm_table;
enum { TDM_TABLE_SUMMARIES = 50, TDM_TABLES_END = 64 };
const char *tdm_table_name(int table); /* NULL: no such table */
bool tdm_table_is_in_force(int table);

/* One cell as it stands. Cells of in-force tables are changes on a day: has_day. Spans are borrowed. */
typedef struct tdm_table_cell {
    int table;
    bool has_day;
    tdm_date day;
    tdm_period period;
    tdm_span organisation;
    tdm_span a;
    tdm_span b;
    const int64_t *n; /* TDM_TABLE_AMOUNTS */
} tdm_table_cell;
typedef tdm_code tdm_table_visit(void *context, const tdm_table_cell *cell, tdm_err *err);
/* All cells that are not zero, in order of key (table, period, organisation, a, b). */
tdm_code tdm_fold_tables(tdm_fold *fold, tdm_table_visit *visit, void *context, tdm_err *err);

/* ---- measures ---- */

typedef enum tdm_shape {
    TDM_SHAPE_COUNT, /* whole number */
    TDM_SHAPE_SHARE, /* tenths of a percent */
    TDM_SHAPE_HOURS, /* hundredths of an hour */
    TDM_SHAPE_REAL,  /* real number, shown with `digits` */
    TDM_SHAPE_WORD   /* one of a few words */
} tdm_shape;

typedef struct tdm_column_row {
    const char *name;
    tdm_shape shape;
    int digits;
    bool people; /* says how many people: suppressed at the exit */
    const char *help;
    int part;  /* of a share of two other figures: their places from 1, so that it can be made again from */
    int whole; /* what is shown of them; 0: it cannot */
} tdm_column_row;

typedef enum tdm_breakdown {
    TDM_BREAK_TOTAL,
    TDM_BREAK_PROGRAMME,
    TDM_BREAK_KIND,
    TDM_BREAK_LEAD,
    TDM_BREAK_LOCALITY,
    TDM_BREAK_SECTOR,
    TDM_BREAK_CORE,
    TDM_BREAK_REGION,
    TDM_BREAK_ORGANISATION,
    TDM_BREAK_A,  /* the table's first dimension */
    TDM_BREAK_B,  /* its second */
    TDM_BREAK_OWN /* the measure's own rows */
} tdm_breakdown;

typedef struct tdm_breakdown_row {
    const char *word; /* as asked for: "sector", "stage" ... */
    tdm_breakdown by;
} tdm_breakdown_row;

struct tdm_measure;
typedef struct tdm_measure tdm_measure;
typedef struct tdm_measure_facts {
    const char *id;        /* "N1" */
    const char *name;      /* "density" */
    const char *title;     /* one line */
    const char *text;      /* definition in words */
    const char *class;     /* how it is made: "sum", "in force on a day", "graph"... */
    int version;           /* of the definition */
    bool people;           /* any column is */
    const char *dimension; /* asked for if none is given; NULL: takes none */
    const char *indicator; /* likewise */
    const tdm_column_row *columns;
    size_t column_count;
    const tdm_breakdown_row *breakdowns; /* the first is what is asked for if nothing is */
    size_t breakdown_count;
} tdm_measure_facts;

const tdm_measure *tdm_measure_at(size_t index);             /* NULL past the end */
const tdm_measure *tdm_measure_find(const char *id_or_name); /* any case; NULL if unknown */
const tdm_measure_facts *tdm_measure_read(const tdm_measure *measure);

typedef struct tdm_measure_question {
    const tdm_measure *measure;
    tdm_period_kind period_kind;
    bool has_year;
    int32_t year;
    const tdm_breakdown_row *by; /* NULL: the first */
    const char *dimension;       /* NULL: the measure's */
    const char *indicator;       /* NULL: the measure's */
    const char *top;             /* the two groups set against each other; NULL: the measure's */
    const char *bottom;
    int line;     /* TDM_LINE_*, of ties */
    bool planned; /* of the level's measures */
    tdm_date as_of;
} tdm_measure_question;

typedef struct tdm_figure {
    bool defined;
    int64_t number;   /* COUNT, SHARE, HOURS */
    double real;      /* REAL */
    const char *word; /* WORD */
} tdm_figure;

typedef struct tdm_measure_row {
    tdm_period period;
    const char *group;   /* "" for total */
    tdm_figure *figures; /* by column */
    int64_t base;        /* smallest number of people that a figure of this row rests on; -1: of none */
} tdm_measure_row;

typedef struct tdm_measure_answer {
    tdm_measure_row *rows; /* ordered by period, then group (bytes) */
    size_t count;
    bool complete;
    struct tdm_answer_storage *storage;
} tdm_measure_answer;

/* The lock is held throughout: some milliseconds from maintained cells; where dossiers are scanned
 * (breakdowns by programme, kind, locality, core programme) some tenths of a second on a system of national
 * size. */
tdm_code tdm_fold_measure(tdm_fold *fold, const tdm_measure_question *question, tdm_measure_answer *out,
                          tdm_err *err);
void tdm_measure_answer_free(tdm_measure_answer *answer);

/* ---- what is behind a figure ---- */

/* What one unit or thing adds to a figure. Spans are borrowed for the call. */
typedef struct tdm_explained {
    tdm_span subject; /* the class, for units */
    int table;        /* 0: the level */
    tdm_period period;
    bool has_day; /* a change on a day, of an in-force table */
    tdm_date day;
    tdm_span organisation;
    tdm_span a;
    tdm_span b;
    const int64_t *n; /* TDM_TABLE_AMOUNTS; of the level: units, hours, participants, joint lines in the
                         weight, cancelled */
} tdm_explained;
typedef tdm_code tdm_explain_visit(void *context, const tdm_explained *part, tdm_err *err);
/* Everything that adds to the figures of one period (its year, quarter or month) and group (NULL: all
 * groups), in order of subject. What a registry joins (sectors, roots) is joined here, too. The lock is taken
 * per step. */
tdm_code tdm_fold_explain(tdm_fold *fold, const tdm_measure_question *question, tdm_period period,
                          const char *group, tdm_explain_visit *visit, void *context, tdm_err *err);
/* A unit that adds something else to a period's level than it did: amounts then and now, as tdm_explained.n
 * of the level (joint lines by count). Spans are borrowed for the call. */
typedef struct tdm_revised {
    tdm_span subject;
    const int64_t *before; /* TDM_TABLE_AMOUNTS */
    const int64_t *now;
} tdm_revised;
typedef tdm_code tdm_revised_visit(void *context, const tdm_revised *revised, tdm_err *err);
/* Every class whose contribution to the delivered level of the period differs between two folds, in order of
 * subject. No lock is held in a call. */
tdm_code tdm_folds_compare(tdm_fold *before, tdm_fold *now, tdm_period period, tdm_revised_visit *visit,
                           void *context, tdm_err *err);
/* One event behind a fact in force (its base, the content or the hiding in force) that a frontier does not
 * cover. */
typedef struct tdm_late {
    tdm_fact fact;
    uint32_t type; /* of the event: of the base, or of the amendment */
    tdm_id author;
    uint64_t incarnation;
    uint64_t sequence;
    int64_t recorded_ms;
} tdm_late;
typedef tdm_code tdm_late_visit(void *context, const tdm_late *late, tdm_err *err);
/* Of the subjects of one class, or (an empty subject) of the authority's registry. */
tdm_code tdm_fold_late(tdm_fold *fold, tdm_span subject, const tdm_frontier *frontier, tdm_late_visit *visit,
                       void *context, tdm_err *err);

/* What the amounts of a table (0: the level) are called, for n0 to n6; NULL: not used. */
const char *tdm_table_amount(int table, size_t n);

/* A figure as a whole number of its last digit shown (45.5 -> 455): halves up. 0 of words. */
int64_t tdm_figure_scaled(const tdm_column_row *column, const tdm_figure *figure);
int tdm_column_digits(const tdm_column_row *column);

#endif
