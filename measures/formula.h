/* SPDX-License-Identifier: MPL-2.0
 *
 * formula.h: the arithmetic behind the figures, over plain counts. No facts, no cells, no disk, no clock.
 *
 * The same everywhere: counts are int64_t. A figure that has no value (nothing to divide by, too few groups,
 * counts that contradict each other, sums beyond 64 bits) is not `defined` and is shown as "n/a", never as 0.
 * Shares are exact tenths of a percent. Real numbers are sums in the order given, so that whoever gives the
 * same order gets the same figure; integers are added up as integers. Bounds on values are stated where there
 * are any, and beyond them the figure is "n/a"; no count makes a function misbehave. Only indexes into
 * arrays and numbers of digits are asserted.
 */
#ifndef TANDEM_MEASURES_FORMULA_H
#define TANDEM_MEASURES_FORMULA_H

#include "tandem/civil.h"

/* ---- figures: formula_real.c ---- */

typedef struct tdm_real {
    bool defined;
    double value; /* 0 if not defined; else finite */
} tdm_real;

typedef struct tdm_share {
    bool defined;
    int64_t tenths; /* of a percent, by tdm_share_tenths */
} tdm_share;

#define TDM_Z_95 1.959964 /* two-sided 95 % of the normal distribution */

tdm_real tdm_real_of(double value); /* not defined if it is infinite or no number */
/* A share of nothing, or of less than nothing, is not defined. */
tdm_share tdm_share_of(int64_t part, int64_t whole);
/* part / whole as a plain number, such as places per applicant; not defined if whole <= 0. */
tdm_real tdm_ratio(int64_t part, int64_t whole);
/* 100 * reached / staff: reach, or moves up a level, per 100 people. */
tdm_real tdm_per_100(int64_t reached, int64_t people);
/* False if a count is negative or the sum is beyond 64 bits. */
bool tdm_counts_sum(const int64_t *counts, size_t count, int64_t *sum);

/*
 * floor(value * 10^digits + 0.5): halves go up, also below zero. A value that would be at a half but for the
 * last bits of its representation (0.285 at two digits) is at a half: what is nearer to one than 1e-9 of the
 * last digit, or than the precision of a double. digits: 0 to 15. Ends at INT64_MIN and INT64_MAX; 0 for a
 * value that is no number.
 */
int64_t tdm_real_scaled(double value, int digits);
/* "0.5833", "-0.12", "n/a". Writes and returns as snprintf does: the length it needs without the terminator.
 */
size_t tdm_real_text(tdm_real real, int digits, char *out, size_t size);

/* ---- samples and rates: formula_interval.c ---- */

typedef struct tdm_interval {
    bool defined;
    int64_t low; /* tenths of a percent, 0 to 1000 */
    int64_t high;
} tdm_interval;

/* Wilson's interval of a share that was sampled: k of n said yes. For surveys only: a level over all units is
 * a census. Not defined if n <= 0 or k is not in 0..n. */
tdm_interval tdm_wilson(int64_t k, int64_t n);

typedef struct tdm_rates {
    tdm_real first;      /* per 100 */
    tdm_real second;     /* per 100 */
    tdm_real difference; /* first - second, per 100 */
    tdm_real ratio;      /* first / second */
    tdm_real low;        /* exp(ln ratio -+ z sqrt(1/a - 1/n + 1/c - 1/m)) */
    tdm_real high;
} tdm_rates;

/* a reached of n against c of m. The ratio and its interval are not defined if any of the four is 0, the
 * interval also where more were reached than there are; a rate and the difference need n and m only. */
tdm_rates tdm_rates_compare(int64_t a, int64_t n, int64_t c, int64_t m);

typedef enum tdm_band { TDM_BAND_NONE, TDM_BAND_BELOW, TDM_BAND_PROPORTIONATE, TDM_BAND_ABOVE } tdm_band;
const char *tdm_band_word(tdm_band band); /* "n/a", "below", "broadly proportionate", "above" */

typedef struct tdm_likelihood {
    tdm_real ratio;
    tdm_band band; /* 0.80 to 1.25, ends included and compared exactly, is broadly proportionate */
} tdm_likelihood;

/* (a / n) / (c / m): how likely a group is to have access against another. The caller says which is on top,
 * and leaves the unknown out of both. Not defined if c, n or m is 0. */
tdm_likelihood tdm_relative_likelihood(int64_t a, int64_t n, int64_t c, int64_t m);
/* Share of a group among participants over its share in a reference: (part / whole) / (reference_part /
 * reference_whole). A reference in percent is (30, 100). */
tdm_real tdm_mirror(int64_t part, int64_t whole, int64_t reference_part, int64_t reference_whole);

/* ---- trend: formula_forecast.c ---- */

typedef struct tdm_forecast_point {
    int64_t period; /* number of the period (tdm_period); any order, gaps allowed */
    int64_t level;  /* tenths of a percent */
} tdm_forecast_point;

enum {
    TDM_FORECAST_POINTS = 1 << 16, /* most points, */
    TDM_FORECAST_SPAN = 1 << 24,   /* farthest period from the first point, */
    TDM_FORECAST_LEVEL = 1 << 20   /* and farthest level from 0; beyond these: "n/a" */
};

/* The level that the least-squares line through the points has at a period: exact, then halves up, then kept
 * within 0 to 1000 tenths. Not defined with fewer than two different periods. */
tdm_share tdm_forecast_at(const tdm_forecast_point *points, size_t count, int64_t period);
/* The same at the period after the latest of the points. */
tdm_share tdm_forecast_next(const tdm_forecast_point *points, size_t count);

/* ---- who works with whom: formula_network.c ---- */

typedef struct tdm_tie {
    size_t a; /* index of a node */
    size_t b;
    int64_t weight; /* such as units in common */
} tdm_tie;

typedef struct tdm_network_node {
    int64_t degree;   /* ties */
    int64_t weighted; /* sum of their weights, ends at INT64_MAX */
    size_t component; /* smallest index in the node's component */
} tdm_network_node;

typedef struct tdm_network {
    int64_t nodes;
    int64_t ties;
    int64_t isolates;
    int64_t components; /* an isolate is one, too */
    int64_t highest_degree;
    tdm_real density; /* ties / (n (n - 1) / 2); n < 2: not defined */
    tdm_real
        centralisation; /* of degree (Freeman): sum(max - degree) / ((n - 1)(n - 2)); n < 3: not defined */
} tdm_network;

/* In place: a < b, in order, one row a pair with the sum of its weights (ends at INT64_MAX); rows of weight
 * <= 0 and ties of a node with itself are dropped. Returns how many are left. */
size_t tdm_ties_merge(tdm_tie *ties, size_t count);
/*
 * The figures of an undirected graph.
 *
 * ties     in any order and direction, repeats allowed; merged in place (tdm_ties_merge): network.ties are
 * left each     one per node, filled
 */
tdm_network tdm_network_of(size_t nodes, tdm_tie *ties, size_t count, tdm_network_node *each);

typedef struct tdm_reciprocity {
    int64_t pairs;  /* that exchanged anything */
    int64_t mutual; /* in both directions */
    tdm_real ratio; /* mutual / pairs */
} tdm_reciprocity;

/* flows: a gave to b; reordered in place. Rows of weight <= 0 and of a node with itself do not count. */
tdm_reciprocity tdm_reciprocity_of(tdm_tie *flows, size_t count);
/* (given - received) / (given + received): offers taken up against requests met. -1 to 1. */
tdm_real tdm_exchange_balance(int64_t given, int64_t received);
/* E-I index (Krackhardt and Stern): (external - internal) / total. -1 to 1. */
tdm_real tdm_ei_index(int64_t external, int64_t total);

/* ---- concentration and mixture: formula_mixture.c ---- */

typedef struct tdm_concentration {
    int64_t total;
    int64_t parties;     /* N: amounts above 0 */
    tdm_real hhi;        /* Herfindahl-Hirschman: sum of squared shares */
    tdm_real effective;  /* 1 / hhi */
    tdm_real normalised; /* (hhi - 1/N) / (1 - 1/N); N < 2: not defined */
    tdm_real shannon;    /* -sum p ln p, nats */
    tdm_real evenness;   /* shannon / ln N; N < 2: not defined */
} tdm_concentration;

/* Zeros are ignored; a negative amount leaves nothing defined. */
tdm_concentration tdm_concentration_of(const int64_t *amounts, size_t count);

typedef struct tdm_blau {
    int64_t total;
    int64_t categories;  /* k: categories that have people */
    tdm_real index;      /* 1 - sum p^2 */
    tdm_real normalised; /* index / (1 - 1/k); k < 2: not defined */
} tdm_blau;

tdm_blau tdm_blau_of(const int64_t *people, size_t count);
/* Share of ties between different kinds: what is off the diagonal of a kinds x kinds matrix, row after row.
 * A tie is in one cell only, above or below the diagonal. */
tdm_share tdm_mixing_cross(const int64_t *matrix, size_t kinds);

/* ---- inequality between groups: formula_inequality.c ---- */

/* Groups without people are ignored; if one of them was reached all the same, nothing is defined. */
typedef struct tdm_reach {
    int64_t population;
    int64_t reached;
} tdm_reach;

typedef struct tdm_slope {
    tdm_real mean;      /* reached / population, over all groups */
    tdm_real sii;       /* slope index of inequality: from rank 0 to rank 1, per head */
    tdm_real intercept; /* of the line, at rank 0 */
    tdm_real rii;       /* (intercept + sii) / intercept; not defined if the intercept is <= 0 (1e-12) */
    tdm_real relative;  /* sii / mean */
} tdm_slope;

/* Least squares of the rate on the rank (midpoint of the cumulative share of population), weighted by share
 * of population. Groups in order of rank, most deprived first. All but the mean need two groups. */
tdm_slope tdm_slope_of(const tdm_reach *groups, size_t count);

typedef struct tdm_theil {
    tdm_real total;   /* sum s ln(s / p): s share of reached, p share of population; 0 ln 0 = 0 */
    tdm_real between; /* the same over labels; */
    tdm_real within;  /* the two add up to the total */
} tdm_theil;

/* labels: one per group, or NULL for the total alone. With labels in time count x count. */
tdm_theil tdm_theil_of(const tdm_reach *groups, const int64_t *labels, size_t count);
/*
 * Gini of reach: 1 - sum p_i (S_i + S_(i-1)) over groups from the lowest rate to the highest, S the
 * cumulative share of reached. Rates are compared exactly; equal ones keep the order given.
 *
 * order    room for count indexes; receives those of the groups that have people, lowest rate first
 */
tdm_real tdm_gini(const tdm_reach *groups, size_t count, size_t *order);

/* ---- pipelines, teams, learning: formula_learning.c ---- */

typedef struct tdm_bin {
    int64_t value; /* such as days */
    int64_t count;
} tdm_bin;

/* The lower middle of an even number. False if there is nothing, a count is negative, or values do not
 * ascend. */
bool tdm_median(const tdm_bin *bins, size_t count, int64_t *median);
/* People at successive stages (entered the first, passed the first, passed the second...): conversions holds
 * count - 1 shares, each of the stage before. Returns the yield: the last of the first. */
tdm_share tdm_funnel(const int64_t *people, size_t count, tdm_share *conversions);

typedef struct tdm_paired_sums {
    int64_t n;           /* pairs: the same person before and after */
    int64_t sum;         /* of differences (after - before), in 1/unit of a point of the scale */
    int64_t sum_squares; /* of differences, in 1/unit^2 */
    int64_t improved;    /* pairs with a difference above 0 */
    int64_t unit;        /* 1, or 100 for scores kept in hundredths */
} tdm_paired_sums;

typedef struct tdm_paired_change {
    tdm_real mean;         /* points of the scale */
    tdm_real sd;           /* with n - 1; n < 2: not defined */
    tdm_real standardised; /* mean / sd; not defined if sd is 0 */
    tdm_share improved;
} tdm_paired_change;

tdm_paired_change tdm_paired_change_of(const tdm_paired_sums *sums);

typedef struct tdm_team_counts {
    int64_t answers;
    int64_t in_team;    /* of those: say that they work in a team */
    int64_t real;       /* of those in a team: yes to all three */
    int64_t incomplete; /* of those in a team: an item is missing, so neither real nor pseudo */
} tdm_team_counts;

typedef struct tdm_team_shares {
    tdm_share in_team; /* of answers, as the next four */
    tdm_share real;
    tdm_share pseudo; /* in a team, neither real nor incomplete */
    tdm_share none;
    tdm_share incomplete;
    tdm_share real_in_team; /* of those in a team */
} tdm_team_shares;

/* Nothing is defined if a part is larger than its whole. */
tdm_team_shares tdm_team_shares_of(const tdm_team_counts *counts);

enum { TDM_MEETING_GAP = 92 }; /* most days between meetings of a regular set */
/* Days between two meetings that follow each other, at most. False with fewer than two, or if they are not
 * in order of date. */
bool tdm_longest_gap(const tdm_date *meetings, size_t count, int64_t *days);
/* At least two meetings, in order of date, and never more than TDM_MEETING_GAP days between them. */
bool tdm_meetings_are_regular(const tdm_date *meetings, size_t count);

/* A date that is not stated is NULL. */
typedef struct tdm_pdsa {
    const tdm_date *planned;
    const tdm_date *predicted;
    const tdm_date *done;
    const tdm_date *studied;
    const tdm_date *acted;
} tdm_pdsa;

/* Plan, do, study and act in order (the same day is in order), and a prediction from a day before "do". */
bool tdm_pdsa_is_complete(const tdm_pdsa *cycle);

#endif
