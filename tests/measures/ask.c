/* SPDX-License-Identifier: MPL-2.0
 *
 * ask.c: questions in words, over a fold of a small world.
 */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "ask: %s\n", what);
    abort();
}

void ask_more(tdm_fold *fold, const world *w, size_t told)
{
    tdm_span *events = tdm_sheaf_spans(&w->sheaf);
    size_t count = w->sheaf.count - told;
    tdm_ledger_entry *entries = calloc(count + 1, sizeof *entries);
    tdm_err err = { 0 };
    must(entries != NULL, "no memory");
    for (size_t i = 0; i < count; i++)
        entries[i] = (tdm_ledger_entry){ .position = told + i + 1, .bytes = events[told + i] };
    must(tdm_fold_apply(fold, entries, count, &err) == TDM_OK, err.what);
    while (tdm_fold_work(fold, 100, &err))
        must(err.code == TDM_OK, err.what);
    must(tdm_fold_is_settled(fold), "the fold is not settled");
    free(entries);
    free(events);
}

tdm_fold *ask_fold(const world *w)
{
    tdm_fold_options options = { .has_authority = true, .authority = w->pens[WORLD_HUB].origin };
    tdm_fold *fold = NULL;
    tdm_err err = { 0 };
    must(tdm_fold_open(&fold, NULL, &options, &err) == TDM_OK, err.what);
    ask_more(fold, w, 0);
    return fold;
}

/* Cuts the text at its first colon; what follows, or NULL. */
static char *part_after(char *text)
{
    char *colon = text != NULL ? strchr(text, ':') : NULL;
    if (colon != NULL)
        *colon++ = 0;
    return colon;
}

static const tdm_breakdown_row *find_breakdown(const tdm_measure *measure, const char *word)
{
    const tdm_measure_facts *facts = tdm_measure_read(measure);
    for (size_t i = 0; i < facts->breakdown_count; i++)
        if (strcmp(facts->breakdowns[i].word, word) == 0)
            return &facts->breakdowns[i];
    return NULL;
}

void ask(asked *out, const char *measure, const char *by, const char *period, const char *as_of)
{
    tdm_date day = 0;
    (void)snprintf(out->words, sizeof(out->words), "%s", by);
    char *dimension = part_after(out->words);
    const char *indicator = part_after(dimension);
    must(tdm_period_parse(tdm_span_text(period), &out->period, NULL) == TDM_OK, period);
    must(tdm_date_parse(tdm_span_text(as_of), &day, NULL) == TDM_OK, as_of);
    out->question = (tdm_measure_question){ .measure = tdm_measure_find(measure),
                                            .has_year = true,
                                            .year = out->period.number,
                                            .dimension = dimension,
                                            .indicator = indicator,
                                            .as_of = day };
    must(out->question.measure != NULL, measure);
    out->question.by = find_breakdown(out->question.measure, out->words);
    must(out->question.by != NULL, by);
}
