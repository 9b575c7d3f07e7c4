/* SPDX-License-Identifier: MPL-2.0
 *
 * suppress.h: what of exact counts of people an audience may see. The last step before figures leave: true
 * counts are added up first, and nothing is ever computed from a hidden one.
 *
 * For counts of people only, never for units, sessions, organisations or links: the level can always be
 * shown.
 */
#ifndef TANDEM_SUPPRESS_H
#define TANDEM_SUPPRESS_H

#include "tandem/base.h"

/* Rules. A count of 1..low is small: it is hidden as low_text. Other counts are shown to the nearest `step`.
 * 0 stays 0. A negative count is a mistake in the data and hidden like a small one (but by `exact`). */
typedef struct tdm_people_rule {
    const char *word; /* exact, hes, lt5, lt10 */
    const char *low_text;
    int64_t low; /* 0: nothing is hidden */
    int64_t step;
} tdm_people_rule;

const tdm_people_rule *tdm_people_rules(size_t *count);
const tdm_people_rule *tdm_people_rule_find(tdm_span word); /* NULL if there is none */
const tdm_people_rule *tdm_people_rule_default(void);       /* hes */

/* Why a figure is hidden is for the log and for tests; whoever may not see the figure may not see it either.
 */
typedef enum tdm_hidden {
    TDM_HIDDEN_NOT,
    TDM_HIDDEN_SMALL,      /* by the rule, for itself */
    TDM_HIDDEN_DERIVABLE,  /* not small, but a hidden one could be worked out from it */
    TDM_HIDDEN_BLURRED,    /* small, and even that it is small would tell: "*" instead of "<5" */
    TDM_HIDDEN_DIFFERENCE, /* with an earlier publication it would tell of a few people */
    TDM_HIDDEN_WHYS
} tdm_hidden;

typedef enum tdm_shown_kind {
    TDM_SHOWN_NONE, /* "n/a": undefined, or a total that is not published */
    TDM_SHOWN_NUMBER,
    TDM_SHOWN_LOW, /* "<5" or "<10" */
    TDM_SHOWN_STAR /* "*" */
} tdm_shown_kind;

typedef struct tdm_shown {
    tdm_shown_kind kind;
    tdm_hidden why;
    int64_t number; /* 0 if it is not a number */
} tdm_shown;

enum { TDM_SHOWN_TEXT = 24 };

tdm_shown tdm_people_show(const tdm_people_rule *rule, int64_t count);
bool tdm_shown_is_hidden(const tdm_shown *shown);
void tdm_shown_text(const tdm_people_rule *rule, const tdm_shown *shown, char out[TDM_SHOWN_TEXT]);
/* The true counts that a reader who knows the rule thinks possible; INT64_MAX stands for no bound. */
void tdm_shown_range(const tdm_people_rule *rule, const tdm_shown *shown, int64_t *low, int64_t *high);

/* Percentages from what is shown of part and whole: "*" if either is hidden, n/a of a whole of 0. In public
 * tables a whole shown below 4,000 gives whole percents. Under `exact` they are exact. */
typedef struct tdm_percent {
    tdm_shown_kind kind;
    bool is_whole;  /* printed without a decimal */
    int64_t tenths; /* if it is a number; a multiple of 10 if is_whole */
} tdm_percent;

tdm_percent tdm_people_percent(const tdm_shown *part, const tdm_shown *whole, bool in_public_table);
void tdm_percent_text(const tdm_percent *percent, char out[TDM_SHOWN_TEXT]);

/* How to show a mean, median or change on a scale of so many people: a star for 1-7 whatever the rule (but
 * `exact`), n/a for nobody, else the number. */
tdm_shown_kind tdm_people_statistic(const tdm_people_rule *rule, int64_t people);
/* The same for ratios and indices (SII, RII, Theil, Gini): a star if a denominator of any group is 1-7. A
 * group of 0 hides nothing; whether the index is then defined is its own formula's matter. */
tdm_shown_kind tdm_people_index(const tdm_people_rule *rule, const int64_t *denominators, size_t count);

/* A table of counts of people with its true totals, which need not be the sums of its cells. All arrays are
 * (rows + 1) x (columns + 1), row by row: the last column holds the totals of the rows, the last row those of
 * the columns, the corner the grand total. Totals that are not published are shown as n/a and never read.
 * A one-dimensional table has one row, and only the total of its row. */
typedef struct tdm_people_table {
    size_t rows;
    size_t columns;
    bool has_row_totals;
    bool has_column_totals;
    bool has_grand_total;
    const int64_t *counts;
    tdm_shown *shown;            /* filled by the functions below */
    const tdm_span *row_keys;    /* rows + 1 and columns + 1, the last being the totals'; in the order in */
    const tdm_span *column_keys; /* which ties are broken. Only tdm_people_table_compare reads them */
} tdm_people_table;

/* A figure that the audience has seen before. Its keys are those of the cell of the new table with which it
 * is to be compared: its own in an earlier publication of the same table; in one that differs by a category,
 * the cell that gained or lost that category (usually a total, or a merged group). */
typedef struct tdm_published {
    tdm_span row;
    tdm_span column;
    const tdm_people_rule *rule; /* under which it was published; NULL if that is not known */
    tdm_shown shown;
    int64_t exact;
    bool is_sum; /* of figures that were shown: only its range is known, and `shown` and `exact` are not read
                  */
    int64_t low;
    int64_t high;
} tdm_published;

/* Step 1: each figure for itself. */
void tdm_people_table_show(const tdm_people_rule *rule, const tdm_people_table *table);

/*
 * Step 2: hide a figure of the new table if with an earlier one it tells of few people. "Few" is 1-7, or more
 * if the rule hides more. Returns how many it hid.
 *
 * Compared is what the two *shown* figures allow the true ones to differ by. A figure rounded to 5 may be off
 * by 2, so shown differences of 5 and 10 mean 1-9 and 6-14 people: hidden. 15 means at least 11, and 0 may be
 * nobody at all: both stay. The true difference does not soften this, or what is hidden would tell it; it
 * only hides more, where the rule of an earlier figure is not known. A figure of 0 reveals nothing by
 * difference (it is the other figure itself), nor does one that was hidden.
 */
size_t tdm_people_table_compare(const tdm_people_rule *rule, const tdm_people_table *table,
                                const tdm_published *earlier, size_t count);

/*
 * Step 3: hide more until nothing hidden can be worked out. Returns how many it hid or blurred.
 *
 * A line is a row or column with its total, or the line of totals with the grand total; a total counts as one
 * more cell, since it may be hidden itself.
 *
 * Alone: if a line with a total has exactly one hidden figure, its smallest other cell that is shown and not
 * 0 is hidden, the first in order among equals; if all others are 0, the total. This is for figures that are
 * not rounded, and under every rule for lines with a figure hidden by step 2.
 *
 * Pinned: figures may be told all the same: 1 and 1 of a total of 2 under lt5; under hes 7, 7, 7, 7 of 28
 * (shown as 30), or the 1 beside 78 and 48 (80 and 50) of 127 (125). So no hidden figure may have one
 * possible value only, given all lines at once, the roundings, and what "*" and "<5" mean. A table that adds
 * up is a circulation, and a figure has another value exactly if it lies on a cycle along which the others
 * can give way by one. If not, the smallest cell (else total) that helps to open a cycle is hidden; if all
 * are, one shown as small becomes "*".
 *
 * In a table whose totals are its sums nothing hidden stays pinned. Where totals are not sums (people counted
 * in two rows) subtraction misleads, and a line that has nothing left to hide stays as it is. The reader is
 * taken to know the rules, but not to reason about which of several cells was chosen. Under hes pinned
 * figures are rare (nine figures in a random table of 30,000). Time grows with hidden figures times size:
 * 12,000 figures take a tenth of a second, 30,000 in lines of few cells some seconds.
 */
size_t tdm_people_table_guard(const tdm_people_rule *rule, const tdm_people_table *table);

/* All three steps; how many are hidden and why (tally[TDM_HIDDEN_NOT] counts those published as numbers). */
void tdm_people_table_publish(const tdm_people_rule *rule, const tdm_people_table *table,
                              const tdm_published *earlier, size_t count, size_t tally[TDM_HIDDEN_WHYS]);

/* Who sees what. The right covers counts of people; units and levels are open to all of them. */
typedef enum tdm_sight {
    TDM_SIGHT_EXACT = 1,  /* exact figures; without it a rule that hides */
    TDM_SIGHT_LIVE = 2,   /* figures of this moment */
    TDM_SIGHT_AS_OF = 4,  /* figures as of any past moment */
    TDM_SIGHT_RELEASE = 8 /* fixed releases */
} tdm_sight;

typedef struct tdm_audience {
    const char *word;
    const char *scope; /* of what: own-rows, own-sessions, own-team, ... */
    unsigned sights;   /* tdm_sight */
    int64_t smallest;  /* people in the smallest group about which a figure is shown */
} tdm_audience;

const tdm_audience *tdm_audiences(size_t *count);
const tdm_audience *tdm_audience_find(tdm_span word); /* NULL if there is none */
/* True if it has every right in `sights`. */
bool tdm_audience_may(const tdm_audience *audience, unsigned sights);
/* About a group of so many people; nobody (0) is no group and may be told. */
bool tdm_audience_may_group(const tdm_audience *audience, int64_t people);
/* The rule for it: the wanted one (NULL: none in particular) if it has the right to it; the default rule in
 * place of `exact` if it has not. Those who may see exact figures do, unless they want another rule. */
const tdm_people_rule *tdm_audience_rule(const tdm_audience *audience, const tdm_people_rule *wanted);

#endif
