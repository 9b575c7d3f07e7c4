/* SPDX-License-Identifier: MPL-2.0
 *
 * formula_network.c: ties between organisations, and what flows along them.
 */
#include "formula.h"

#include <stdlib.h>

static int64_t add_capped(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int compare_size(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static size_t smaller(const tdm_tie *tie)
{
    return tie->a < tie->b ? tie->a : tie->b;
}

static size_t larger(const tdm_tie *tie)
{
    return tie->a < tie->b ? tie->b : tie->a;
}

/* Whichever way round. */
static int compare_pairs(const void *left, const void *right)
{
    const tdm_tie *a = left;
    const tdm_tie *b = right;
    int order = compare_size(smaller(a), smaller(b));
    return order != 0 ? order : compare_size(larger(a), larger(b));
}

/* Rows that say something, to the front and both directions of a pair side by side; how many. */
static size_t keep_in_order(tdm_tie *ties, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (ties[i].a != ties[i].b && ties[i].weight > 0)
            ties[kept++] = ties[i];
    if (kept > 1)
        qsort(ties, kept, sizeof *ties, compare_pairs);
    return kept;
}

size_t tdm_ties_merge(tdm_tie *ties, size_t count)
{
    size_t merged = 0;
    count = keep_in_order(ties, count);
    for (size_t i = 0; i < count; i++) {
        tdm_tie tie = { smaller(&ties[i]), larger(&ties[i]), ties[i].weight };
        if (merged > 0 && compare_pairs(&ties[merged - 1], &tie) == 0)
            ties[merged - 1].weight = add_capped(ties[merged - 1].weight, tie.weight);
        else
            ties[merged++] = tie;
    }
    return merged;
}

/* The smallest node of a component is its root; paths are halved on the way. */
static size_t root_of(tdm_network_node *each, size_t node)
{
    while (each[node].component != node) {
        each[node].component = each[each[node].component].component;
        node = each[node].component;
    }
    return node;
}

static void add_tie(tdm_network_node *each, const tdm_tie *tie)
{
    size_t a = root_of(each, tie->a);
    size_t b = root_of(each, tie->b);
    each[a > b ? a : b].component = a > b ? b : a;
    each[tie->a].degree++;
    each[tie->b].degree++;
    each[tie->a].weighted = add_capped(each[tie->a].weighted, tie->weight);
    each[tie->b].weighted = add_capped(each[tie->b].weighted, tie->weight);
}

static void count_nodes(tdm_network *network, tdm_network_node *each, size_t nodes)
{
    for (size_t i = 0; i < nodes; i++) {
        each[i].component = root_of(each, i);
        network->components += each[i].component == i;
        network->isolates += each[i].degree == 0;
        if (each[i].degree > network->highest_degree)
            network->highest_degree = each[i].degree;
    }
}

tdm_network tdm_network_of(size_t nodes, tdm_tie *ties, size_t count, tdm_network_node *each)
{
    tdm_network network = { .nodes = (int64_t)nodes };
    for (size_t i = 0; i < nodes; i++)
        each[i] = (tdm_network_node){ .component = i };
    count = tdm_ties_merge(ties, count);
    for (size_t i = 0; i < count; i++) {
        TDM_ASSERT(ties[i].b < nodes);
        add_tie(each, &ties[i]);
    }
    network.ties = (int64_t)count;
    count_nodes(&network, each, nodes);
    double n = (double)nodes;
    if (nodes >= 2)
        network.density = tdm_real_of(2.0 * (double)count / (n * (n - 1)));
    if (nodes >= 3) {
        __int128 below = (__int128)network.nodes * network.highest_degree - 2 * (__int128)network.ties;
        network.centralisation = tdm_real_of((double)below / ((n - 1) * (n - 2)));
    }
    return network;
}

tdm_reciprocity tdm_reciprocity_of(tdm_tie *flows, size_t count)
{
    tdm_reciprocity found = { 0 };
    count = keep_in_order(flows, count);
    for (size_t i = 0; i < count;) {
        size_t first = i;
        bool up = false;
        bool down = false;
        for (; i < count && compare_pairs(&flows[first], &flows[i]) == 0; i++)
            *(flows[i].a < flows[i].b ? &up : &down) = true;
        found.pairs++;
        found.mutual += up && down;
    }
    found.ratio = tdm_ratio(found.mutual, found.pairs);
    return found;
}

tdm_real tdm_exchange_balance(int64_t given, int64_t received)
{
    double both = (double)((__int128)given + received);
    if (given < 0 || received < 0 || both <= 0)
        return (tdm_real){ 0 };
    return tdm_real_of((double)((__int128)given - received) / both);
}

tdm_real tdm_ei_index(int64_t external, int64_t total)
{
    if (total <= 0 || external < 0 || external > total)
        return (tdm_real){ 0 };
    return tdm_exchange_balance(external, total - external);
}
