/* SPDX-License-Identifier: MPL-2.0
 *
 * measures_reach.c: R1 to R7: reach, inequality, representation, capacity (docs/figures.md section 11).
 */
#include "measures_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define Z 1.959964
#define UNKNOWN "unknown"

/* A group of the dimension asked for: how many of it were reached, of how many. */
typedef struct group {
    const char *text;
    int64_t reached;
    int64_t staff;
} group;

typedef struct groups {
    group *list; /* in order of text */
    size_t count;
    int64_t reached;
    int64_t staff;
} groups;

/* The first dimension of the reference for the dimension asked for. */
static void reference_key(const oracle_view *view, char out[TDM_ORACLE_TEXT])
{
    (void)snprintf(out, TDM_ORACLE_TEXT, "%s:%s", view->question->indicator, view->question->dimension);
}

static bool is_asked(const oracle_view *view, const tdm_oracle_cell *cell)
{
    char key[TDM_ORACLE_TEXT];
    reference_key(view, key);
    return (cell->table == TDM_TABLE_REACHED && strcmp(cell->a, view->question->dimension) == 0)
           || (cell->table == TDM_TABLE_REFERENCE && strcmp(cell->a, key) == 0);
}

bool oracle_by_dimension_group(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    *text = cell->b;
    return is_asked(view, cell);
}

/* The organisation's own count, else the national one. */
static int64_t staff_of(const tdm_oracle_cell *cell)
{
    return cell->n[4] > 0 ? cell->n[0] : cell->n[2];
}

static group *group_named(groups *all, const char *text)
{
    size_t at = 0;
    while (at < all->count && strcmp(all->list[at].text, text) < 0)
        at++;
    if (at < all->count && strcmp(all->list[at].text, text) == 0)
        return &all->list[at];
    ORACLE_PUSH(all->list, all->count, ((group){ text, 0, 0 }));
    for (size_t i = all->count - 1; i > at; i--)
        all->list[i] = all->list[i - 1];
    all->list[at] = (group){ text, 0, 0 };
    return &all->list[at];
}

/* Those known of a dimension; free(list). */
static groups groups_of(const oracle_view *view)
{
    groups all = { 0 };
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (!is_asked(view, cell) || strcmp(cell->b, UNKNOWN) == 0)
            continue;
        group *its = group_named(&all, cell->b);
        its->reached += cell->table == TDM_TABLE_REACHED ? cell->n[0] : 0;
        its->staff += cell->table == TDM_TABLE_REFERENCE ? staff_of(cell) : 0;
    }
    for (size_t i = 0; i < all.count; i++) {
        all.reached += all.list[i].reached;
        all.staff += all.list[i].staff;
    }
    return all;
}

/* Of which all have a rate: without those that have neither people nor staff, and none at all if some were
 * reached where there is no staff. */
static groups rated_groups_of(const oracle_view *view)
{
    groups all = groups_of(view);
    size_t kept = 0;
    bool odd = false;
    for (size_t i = 0; i < all.count; i++) {
        odd = odd || (all.list[i].staff <= 0 && all.list[i].reached > 0);
        if (all.list[i].staff > 0)
            all.list[kept++] = all.list[i];
    }
    all.count = odd ? 0 : kept;
    all.reached = odd ? 0 : all.reached;
    return all;
}

/* Whatever the dimension asked for. */
static group sum_of(const oracle_view *view, const char *dimension, const char *key, const char *text)
{
    group its = { text, oracle_sum(view, TDM_TABLE_REACHED, dimension, text, 0), 0 };
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (cell->table == TDM_TABLE_REFERENCE && strcmp(cell->a, key) == 0 && strcmp(cell->b, text) == 0)
            its.staff += staff_of(cell);
    }
    return its;
}

static group group_asked(const oracle_view *view, const char *text)
{
    char key[TDM_ORACLE_TEXT];
    reference_key(view, key);
    return sum_of(view, view->question->dimension, key, text);
}

/* ---- R1: the comparison with the lowest rate comes when all rows are there */
void oracle_r1(const oracle_view *view, oracle_row *row)
{
    char key[TDM_ORACLE_TEXT];
    (void)snprintf(key, sizeof(key), "%s:", view->question->indicator);
    bool one = oracle_is_by(view, "group");
    group its = one ? group_asked(view, row->group) : sum_of(view, "total", key, "");
    if (one && strcmp(row->group, UNKNOWN) == 0) {
        if (its.reached == 0)
            return;
        oracle_count(row, "reached", its.reached);
        oracle_undefined(row, "staff", TDM_SHAPE_COUNT);
        oracle_undefined(row, "rate", TDM_SHAPE_SHARE);
        return;
    }
    oracle_count(row, "reached", its.reached);
    oracle_count(row, "staff", its.staff);
    oracle_share_of(row, "rate", its.reached, its.staff);
}

static int64_t number_of(const oracle_row *row, const char *name)
{
    return tdm_oracle_figure_of(row, name)->number;
}

/* a of n against c of m, lower rate or not; exact. */
static bool is_lower(const oracle_row *row, const oracle_row *than)
{
    __int128 a = number_of(row, "reached"), n = number_of(row, "staff");
    __int128 c = number_of(than, "reached"), m = number_of(than, "staff");
    return a * m < c * n;
}

static const oracle_row *lowest_of(const oracle_row *rows, size_t count)
{
    const oracle_row *lowest = NULL;
    for (size_t i = 0; i < count; i++)
        if (number_of(&rows[i], "reached") > 0 && number_of(&rows[i], "staff") > 0
            && (lowest == NULL || is_lower(&rows[i], lowest)))
            lowest = &rows[i];
    return lowest;
}

/* Nobody reached: no ratio. More than there are: no interval. */
static void compare_rates(const oracle_row *lowest, oracle_row *row)
{
    int64_t a = number_of(row, "reached"), n = number_of(row, "staff");
    int64_t c = lowest ? number_of(lowest, "reached") : 0, m = lowest ? number_of(lowest, "staff") : 0;
    bool defined = lowest != NULL && n > 0, above = defined && a > 0, ranges = above && a <= n && c <= m;
    double ratio = above ? ((double)a / (double)n) / ((double)c / (double)m) : 0;
    double error = ranges ? Z * sqrt(1 / (double)a - 1 / (double)n + 1 / (double)c - 1 / (double)m) : 0;
    oracle_real(row, "ratio", above, ratio);
    oracle_real(row, "difference", defined,
                defined ? 100 * ((double)((__int128)a * m - (__int128)c * n) / ((double)n * (double)m)) : 0);
    oracle_real(row, "low", ranges, ranges ? exp(log(ratio) - error) : 0);
    oracle_real(row, "high", ranges, ranges ? exp(log(ratio) + error) : 0);
}

void oracle_r1_finish(const oracle_view *view, oracle_row *rows, size_t count)
{
    const oracle_row *lowest = oracle_is_by(view, "group") ? lowest_of(rows, count) : NULL;
    oracle_row kept = lowest != NULL ? *lowest : (oracle_row){ 0 };
    for (size_t i = 0; i < count; i++)
        compare_rates(lowest != NULL ? &kept : NULL, &rows[i]);
}

/* ---- R2: least squares of the rate on the middle of the cumulative population share, weighted by that share
 */
void oracle_r2(const oracle_view *view, oracle_row *row)
{
    groups all = rated_groups_of(view);
    double before = 0, mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (int round = 0; round < 2; round++) { /* means, then sums about them */
        before = 0;
        for (size_t i = 0; i < all.count; i++) {
            double share = (double)all.list[i].staff / (double)all.staff, x = before + share / 2;
            double y = (double)all.list[i].reached / (double)all.list[i].staff;
            before += share;
            mean_x += round == 0 ? share * x : 0;
            mean_y += round == 0 ? share * y : 0;
            xy += round == 1 ? share * (x - mean_x) * (y - mean_y) : 0;
            xx += round == 1 ? share * (x - mean_x) * (x - mean_x) : 0;
        }
    }
    bool defined = all.count > 1;
    double slope = defined ? xy / xx : 0, intercept = mean_y - slope * mean_x;
    bool ratio = defined && intercept > 1e-12, over = defined && all.reached > 0;
    oracle_real(row, "sii", defined, slope);
    oracle_real(row, "intercept", defined, intercept);
    oracle_real(row, "rii", ratio, ratio ? (intercept + slope) / intercept : 0);
    oracle_real(row, "slope_over_mean", over, over ? slope / mean_y : 0);
    free(all.list);
}

/* ---- R3 */
void oracle_r3(const oracle_view *view, oracle_row *row)
{
    groups all = rated_groups_of(view);
    double theil = 0;
    for (size_t i = 0; i < all.count && all.reached > 0; i++) {
        double s = (double)all.list[i].reached / (double)all.reached;
        double p = (double)all.list[i].staff / (double)all.staff;
        theil += s > 0 ? s * log(s / p) : 0;
    }
    oracle_real(row, "theil", all.reached > 0, theil);
    free(all.list);
}

/* ---- R4: groups by rate, those of one rate by text */
static int by_rate(const void *left, const void *right)
{
    const group *a = left, *b = right;
    __int128 ab = (__int128)a->reached * b->staff, ba = (__int128)b->reached * a->staff;
    return ab != ba ? (ab > ba) - (ab < ba) : strcmp(a->text, b->text);
}

void oracle_r4(const oracle_view *view, oracle_row *row)
{
    groups all = rated_groups_of(view);
    double sum = 0;
    int64_t before = 0;
    if (all.count > 0)
        qsort(all.list, all.count, sizeof(*all.list), by_rate);
    for (size_t i = 0; i < all.count && all.reached > 0; i++) {
        int64_t upto = before + all.list[i].reached;
        double p = (double)all.list[i].staff / (double)all.staff;
        sum += p * ((double)upto / (double)all.reached + (double)before / (double)all.reached);
        before = upto;
    }
    oracle_real(row, "gini", all.reached > 0, 1 - sum);
    free(all.list);
}

/* ---- R5: the band is judged on exact numbers */
static const char *band_of(const group *top, const group *bottom)
{
    __int128 over = (__int128)top->reached * bottom->staff, under = (__int128)bottom->reached * top->staff;
    if (100 * over < 80 * under)
        return "below";
    return 100 * over > 125 * under ? "above" : "broadly proportionate";
}

void oracle_r5(const oracle_view *view, oracle_row *row)
{
    group top = group_asked(view, view->question->top), bottom = group_asked(view, view->question->bottom);
    bool defined = top.staff > 0 && bottom.staff > 0 && bottom.reached > 0;
    oracle_count(row, "top_reached", top.reached);
    oracle_count(row, "top_staff", top.staff);
    oracle_count(row, "bottom_reached", bottom.reached);
    oracle_count(row, "bottom_staff", bottom.staff);
    oracle_real(row, "likelihood", defined,
                defined ? ((double)top.reached / (double)top.staff)
                              / ((double)bottom.reached / (double)bottom.staff)
                        : 0);
    oracle_undefined(row, "band", TDM_SHAPE_WORD);
    if (defined) {
        row->figures[row->count - 1].defined = true;
        row->figures[row->count - 1].word = band_of(&top, &bottom);
    }
    oracle_count(row, "unknown", group_asked(view, UNKNOWN).reached);
}

/* ---- R6: shares of all groups of the period */
void oracle_r6(const oracle_view *view, oracle_row *row)
{
    if (!oracle_is_by(view, "group") || strcmp(row->group, UNKNOWN) == 0)
        return;
    group own = group_asked(view, row->group);
    groups all = groups_of(view->whole);
    int64_t unknown = group_asked(view->whole, UNKNOWN).reached;
    bool defined = all.reached > 0 && own.staff > 0;
    oracle_count(row, "reached", own.reached);
    oracle_share_of(row, "share", own.reached, all.reached);
    oracle_share_of(row, "reference_share", own.staff, all.staff);
    oracle_real(
        row, "ratio", defined,
        defined ? ((double)own.reached / (double)all.reached) / ((double)own.staff / (double)all.staff) : 0);
    oracle_share_of(row, "unknown", unknown, all.reached + unknown);
    free(all.list);
}

/* ---- R7 */
bool oracle_by_reason(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    (void)view;
    *text = cell->b;
    return cell->table == TDM_TABLE_APPLICATIONS && cell->b[0] != '\0';
}

void oracle_r7(const oracle_view *view, oracle_row *row)
{
    int64_t places = oracle_sum(view, TDM_TABLE_PLACES, NULL, NULL, 0);
    int64_t applicants = oracle_sum(view, TDM_TABLE_APPLICATIONS, "applied", NULL, 0);
    if (oracle_is_by(view, "reason")) { /* places, applicants and days have none */
        oracle_undefined(row, "places", TDM_SHAPE_COUNT);
        oracle_undefined(row, "applicants", TDM_SHAPE_COUNT);
        oracle_undefined(row, "capacity", TDM_SHAPE_REAL);
        oracle_undefined(row, "unmet", TDM_SHAPE_COUNT);
        oracle_undefined(row, "median_days", TDM_SHAPE_COUNT);
    } else {
        oracle_count(row, "places", places);
        oracle_count(row, "applicants", applicants);
        oracle_ratio(row, "capacity", places, applicants);
        oracle_count(row, "unmet", applicants > places ? applicants - places : 0);
        oracle_median_days(view, TDM_TABLE_WAITING, NULL, false, row);
    }
    oracle_count(row, "refused", oracle_sum(view, TDM_TABLE_APPLICATIONS, "refused", NULL, 0));
    oracle_count(row, "withdrew", oracle_sum(view, TDM_TABLE_APPLICATIONS, "withdrew", NULL, 0));
}

/* ---- S10: what is counted of each indicator without a dimension */

/* The words of indicators, or their digits, as long as the program runs. */
static const char *indicator_word(const char *a)
{
    static char words[100][TDM_ORACLE_TEXT];
    size_t len = strlen(a) - 1;
    size_t at = 0;
    while (words[at][0] != '\0' && (strncmp(words[at], a, len) != 0 || words[at][len] != '\0'))
        at++;
    memcpy(words[at], a, len);
    return words[at];
}

bool oracle_by_indicator(const oracle_view *view, const tdm_oracle_cell *cell, const char **text)
{
    (void)view;
    size_t len = strlen(cell->a);
    bool whole = cell->table == TDM_TABLE_REFERENCE && len > 1 && cell->a[len - 1] == ':';
    *text = whole ? indicator_word(cell->a) : "";
    return whole;
}

void oracle_s10(const oracle_view *view, oracle_row *row)
{
    char key[TDM_ORACLE_TEXT + 1];
    int64_t amount = 0, out_of = 0;
    (void)snprintf(key, sizeof(key),
                   "%s:", oracle_is_by(view, "indicator") ? row->group : view->question->indicator);
    for (size_t i = 0; i < view->count; i++) {
        const tdm_oracle_cell *cell = view->items[i].cell;
        if (strcmp(cell->a, key) != 0 || cell->b[0] != '\0')
            continue;
        amount += cell->n[4] > 0 ? cell->n[0] : cell->n[2];
        out_of += cell->n[4] > 0 ? cell->n[1] : cell->n[3];
    }
    if (amount == 0 && out_of == 0)
        return;
    oracle_count(row, "amount", amount);
    oracle_count(row, "out_of", out_of);
    oracle_share_of(row, "rate", amount, out_of);
}
