/* SPDX-License-Identifier: MPL-2.0
 *
 * when.c: the moment a question is answered for: "now" from the fold that follows, any other from a fold made
 * over the covered facts.
 */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *unit;
    int64_t ms;
} STEPS[] = { { "w", 604800000 }, { "d", 86400000 }, { "h", 3600000 },
              { "min", 60000 },   { "m", 60000 },    { "s", 1000 } };

static bool parse_before(const char *text, int64_t now_ms, int64_t *out)
{
    char *end = NULL;
    if (text[0] != '-' || text[1] < '0' || text[1] > '9')
        return false;
    long long count = strtoll(text + 1, &end, 10);
    for (size_t i = 0; i < TDM_COUNT(STEPS); i++)
        if (strcmp(end, STEPS[i].unit) == 0 && count <= 36525LL * 24 * 3600) {
            *out = now_ms - count * STEPS[i].ms;
            return true;
        }
    return false;
}

/* The end of a civil day in London: the last millisecond before the next one begins. */
static int64_t day_end(tdm_date date)
{
    int64_t next = ((int64_t)date + 1) * 86400000;
    return next - (int64_t)tdm_london_offset_min(next - 3600000) * 60000 - 1;
}

tdm_code tdm_when_parse(const char *text, int64_t now_ms, int64_t *out_ms, tdm_err *err)
{
    tdm_date date = 0;
    int32_t offset = 0;
    if (parse_before(text, now_ms, out_ms)
        || tdm_time_parse(tdm_span_text(text), out_ms, &offset, NULL) == TDM_OK)
        return TDM_OK;
    if (tdm_date_parse(tdm_span_text(text), &date, NULL) == TDM_OK) {
        *out_ms = day_end(date);
        return TDM_OK;
    }
    return tdm_fail(err, TDM_INVALID, 0,
                    "\"%.40s\" is no moment; write 2017-09-30, 2017-09-30T12:00:00Z, -2d, seq:NODE/1234 or "
                    "published:2017/18",
                    text);
}

/* ---- seq:NODE/1234 */

typedef struct tally {
    tdm_frontier *frontier;
    size_t capacity;
    size_t last;         /* entry found last: logs come in long stretches */
    uint64_t *positions; /* where each entry begins in the ledger: the later incarnation begins later */
} tally;

static bool entry_is(const tdm_frontier_entry *entry, const tdm_event *event)
{
    return entry->incarnation == event->incarnation && tdm_id_equal(&entry->origin, &event->origin);
}

static tdm_code find_entry(tally *all, const tdm_event *event, uint64_t position, tdm_err *err)
{
    tdm_frontier *frontier = all->frontier;
    if (all->last < frontier->count && entry_is(&frontier->entries[all->last], event))
        return TDM_OK;
    for (all->last = 0; all->last < frontier->count; all->last++)
        if (entry_is(&frontier->entries[all->last], event))
            return TDM_OK;
    if (frontier->count == all->capacity) {
        size_t capacity = all->capacity == 0 ? 16 : all->capacity * 2;
        void *entries = realloc(frontier->entries, capacity * sizeof *frontier->entries);
        frontier->entries = entries != NULL ? entries : frontier->entries;
        void *positions = realloc(all->positions, capacity * sizeof *all->positions);
        all->positions = positions != NULL ? positions : all->positions;
        if (entries == NULL || positions == NULL)
            return tdm_fail(err, TDM_FULL, 0, "no memory for a frontier");
        all->capacity = capacity;
    }
    all->positions[frontier->count] = position;
    frontier->entries[frontier->count++] =
        (tdm_frontier_entry){ .origin = event->origin, .incarnation = event->incarnation };
    return TDM_OK;
}

static tdm_code count_event(void *context, const tdm_ledger_entry *entry, tdm_err *err)
{
    tally *all = context;
    tdm_event event;
    tdm_code code = tdm_event_peek(entry->bytes, &event, err);
    if (code == TDM_OK)
        code = find_entry(all, &event, entry->position, err);
    if (code == TDM_OK && event.sequence > all->frontier->entries[all->last].sequence)
        all->frontier->entries[all->last].sequence = event.sequence;
    return code;
}

/* Cut one origin's last incarnation; the origin must be the only one whose digits begin so. */
static tdm_code cut_origin(tally *all, const char *prefix, uint64_t sequence, tdm_err *err)
{
    tdm_frontier_entry *cut = NULL;
    uint64_t cut_position = 0;
    size_t len = strlen(prefix);
    for (size_t i = 0; i < all->frontier->count; i++) {
        tdm_frontier_entry *entry = &all->frontier->entries[i];
        char hex[2 * TDM_ID_BYTES + 1];
        tdm_hex(hex, entry->origin.bytes, TDM_ID_BYTES);
        if (strncmp(hex, prefix, len) != 0)
            continue;
        if (cut != NULL && !tdm_id_equal(&cut->origin, &entry->origin))
            return tdm_fail(err, TDM_INVALID, 0, "several nodes begin with %s: give more digits", prefix);
        if (cut == NULL || all->positions[i] > cut_position) {
            cut = entry;
            cut_position = all->positions[i];
        }
    }
    if (cut == NULL)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "no node here begins with %.32s", prefix);
    if (sequence < cut->sequence)
        cut->sequence = sequence;
    return TDM_OK;
}

static int compare_entries(const void *a, const void *b)
{
    const tdm_frontier_entry *left = a;
    const tdm_frontier_entry *right = b;
    int order = tdm_id_compare(&left->origin, &right->origin);
    if (order != 0)
        return order;
    return left->incarnation < right->incarnation ? -1 : left->incarnation > right->incarnation;
}

/* Whole logs alone: their tips tell what is held. */
static tdm_code count_tips(tdm_ledger *ledger, tally *all, tdm_err *err)
{
    tdm_tip *tips = NULL;
    size_t count = 0;
    tdm_code code = tdm_ledger_tips(ledger, &tips, &count, err);
    for (size_t i = 0; i < count && code == TDM_OK; i++) {
        const tdm_event first = { .origin = tips[i].origin, .incarnation = tips[i].incarnation };
        uint64_t position = 0;
        if (tips[i].last == 0)
            continue;
        code = tdm_ledger_event_find(ledger, &first.origin, first.incarnation, 1, &position, err);
        if (code == TDM_OK)
            code = find_entry(all, &first, position, err);
        if (code == TDM_OK)
            all->frontier->entries[all->last].sequence = tips[i].last;
    }
    free(tips);
    return code;
}

static tdm_code count_held(tdm_ledger *ledger, tally *all, tdm_err *err)
{
    uint64_t last = 0;
    uint64_t notices = 0;
    tdm_code code = tdm_ledger_notices(ledger, &notices, err);
    if (code == TDM_OK && notices == 0)
        return count_tips(ledger, all, err);
    if (code == TDM_OK)
        code = tdm_ledger_last_position(ledger, &last, err);
    for (uint64_t at = 1; code == TDM_OK && at <= last;)
        code = tdm_ledger_scan(ledger, at, 4096, count_event, all, &at, err);
    return code;
}

tdm_code tdm_when_sequence(tdm_ledger *ledger, const char *prefix, uint64_t sequence, tdm_frontier *out,
                           tdm_err *err)
{
    *out = (tdm_frontier){ 0 };
    tally all = { .frontier = out };
    tdm_code code = count_held(ledger, &all, err);
    if (code == TDM_OK)
        code = cut_origin(&all, prefix, sequence, err);
    if (code == TDM_OK)
        qsort(out->entries, out->count, sizeof *out->entries, compare_entries);
    else
        tdm_frontier_free(out);
    free(all.positions);
    return code;
}

static tdm_code at_sequence(const tdm_service_context *context, const char *text, tdm_frontier *out,
                            tdm_err *err)
{
    char prefix[2 * TDM_ID_BYTES + 1];
    const char *slash = strchr(text, '/');
    char *end = NULL;
    size_t len = slash == NULL ? 0 : (size_t)(slash - text);
    unsigned long long sequence = slash == NULL ? 0 : strtoull(slash + 1, &end, 10);
    if (len < 6 || len >= sizeof prefix || slash[1] < '0' || slash[1] > '9' || *end != '\0')
        return tdm_fail(err, TDM_INVALID, 0,
                        "write seq:NODE/1234, NODE being at least 6 digits of the node's origin");
    for (size_t i = 0; i < len; i++)
        prefix[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
    prefix[len] = '\0';
    return tdm_when_sequence(tdm_core_ledger(context->core), prefix, sequence, out, err);
}

/* ---- published:2017/18 */

typedef struct publication {
    const tdm_id *authority;
    bool found;
    uint64_t incarnation;
    uint64_t sequence;
} publication;

static tdm_code find_publication(void *context, const tdm_fact *fact, tdm_err *err)
{
    (void)err;
    publication *p = context;
    tdm_record record;
    if (fact->type != TDM_TYPE_FIGURE_PUBLISHED || !fact->visible
        || !tdm_id_equal(&fact->origin, p->authority)
        || tdm_record_decode(fact->type, fact->payload, &record, NULL) != TDM_OK)
        return TDM_OK;
    uint64_t sequence = (uint64_t)record.values[TDM_FIGURE_PUBLISHED_TIDE_SEQUENCE].number;
    if (p->found && sequence <= p->sequence)
        return TDM_OK;
    p->found = true;
    p->incarnation = tdm_value_incarnation(&record.values[TDM_FIGURE_PUBLISHED_TIDE_INCARNATION]);
    p->sequence = sequence;
    return TDM_OK;
}

/* The time a tide was stated for. */
static tdm_code tide_time(const tdm_service_context *context, const publication *p, int64_t *out,
                          tdm_err *err)
{
    uint64_t position = 0;
    tdm_buf bytes = { 0 };
    tdm_event event;
    tdm_record record;
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    tdm_code code = tdm_ledger_event_find(ledger, p->authority, p->incarnation, p->sequence, &position, err);
    if (code == TDM_OK)
        code = tdm_ledger_event_at(ledger, position, &bytes, err);
    if (code == TDM_OK)
        code = tdm_event_peek(tdm_buf_span(&bytes), &event, err);
    if (code == TDM_OK)
        code = tdm_record_decode(event.type, event.payload, &record, err);
    if (code == TDM_OK)
        *out = record.values[TDM_TIDE_TIME].number;
    tdm_buf_free(&bytes);
    return code;
}

static tdm_code at_publication(const tdm_service_context *context, const tdm_id *authority, const char *text,
                               tdm_frontier *out, int64_t *ms, tdm_err *err)
{
    publication p = { .authority = authority };
    tdm_period period;
    if (tdm_period_parse(tdm_span_text(text), &period, NULL) != TDM_OK)
        return tdm_fail(err, TDM_INVALID, 0, "write published:2017/18, with a period");
    tdm_buf subject = { 0 };
    tdm_subject_word(&subject, "period", text);
    tdm_fold *fold = tdm_core_fold(context->core);
    tdm_code code = tdm_fold_facts(fold, tdm_buf_span(&subject), find_publication, &p, err);
    tdm_core_fold_release(context->core, fold);
    tdm_buf_free(&subject);
    if (code != TDM_OK && code != TDM_NOT_FOUND)
        return code;
    if (!p.found)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "nothing has been published for %.12s", text);
    code = tide_time(context, &p, ms, err);
    if (code != TDM_OK)
        return code;
    return tdm_frontier_of_tide(tdm_core_ledger(context->core), authority, p.incarnation, p.sequence, out,
                                err);
}

/* ---- views */

tdm_code tdm_when_frontier(const tdm_service_context *context, const char *when, tdm_frontier *out,
                           int64_t *ms, tdm_err *err)
{
    tdm_id authority;
    *ms = context->now_ms;
    if (strncmp(when, "seq:", 4) == 0)
        return at_sequence(context, when + 4, out, err);
    bool published = strncmp(when, "published:", 10) == 0;
    tdm_code code = published ? TDM_OK : tdm_when_parse(when, context->now_ms, ms, err);
    if (code != TDM_OK)
        return code;
    if (!tdm_core_authority(context->core, &authority))
        return tdm_fail(err, TDM_NOT_FOUND, 0,
                        "this node has not joined a hub, and only a hub keeps moments; use seq:NODE/1234");
    if (published)
        return at_publication(context, &authority, when + 10, out, ms, err);
    code = tdm_frontier_at_time(tdm_core_ledger(context->core), &authority, *ms, out, err);
    if (code == TDM_NOT_FOUND)
        return tdm_fail(err, TDM_NOT_FOUND, 0, "the hub had stated no moment by %.40s", when);
    return code;
}

/* Whoever asks wants to see what was recorded before. Where more streams in than can be folded, what there is
 * must do, and says that it is not complete. */
static void let_catch_up(tdm_core *core)
{
    enum { PATIENCE_MS = 1000 };
    if (!tdm_core_is_complete(core))
        tdm_core_wait_folded(core, tdm_core_folded(core) + tdm_core_fold_lag(core), PATIENCE_MS, NULL);
}

/* Views that are of no use for it leave the log. */
tdm_code tdm_moment_open(const tdm_service_context *context, const tdm_frontier *frontier, bool level_only,
                         tdm_moment *out, tdm_err *err)
{
    tdm_ledger *ledger = tdm_core_ledger(context->core);
    tdm_fold_options options = { .with_feeds = tdm_core_is_hub(context->core), .level_only = level_only };
    options.has_authority = tdm_core_authority(context->core, &options.authority);
    *out = (tdm_moment){ .lender = tdm_core_fold(context->core) };
    tdm_code code = TDM_NOT_FOUND;
    if (tdm_fold_has_views(out->lender))
        code = tdm_fold_at_rest(&out->fold, ledger, NULL, out->lender, &options, frontier, NULL);
    if (code == TDM_OK)
        return code;
    tdm_core_fold_release(context->core, out->lender);
    *out = (tdm_moment){ 0 };
    options.with_feeds = false;
    return tdm_fold_of(ledger, &options, frontier, &out->fold, err);
}

void tdm_moment_close(const tdm_service_context *context, tdm_moment *moment)
{
    tdm_fold_close(&moment->fold);
    if (moment->lender != NULL)
        tdm_core_fold_release(context->core, moment->lender);
    *moment = (tdm_moment){ 0 };
}

static tdm_code open_view(const tdm_service_context *context, const json_t *args, bool level_only,
                          tdm_view *out, tdm_err *err)
{
    const char *when = tdm_arg_text(args, "as_of");
    *out = (tdm_view){ .as_of_ms = context->now_ms, .date = tdm_today(context) };
    if (when == NULL) {
        if (!tdm_arg_flag(args, "glance"))
            let_catch_up(context->core);
        out->fold = tdm_core_fold(context->core); /* first: a swap makes what follows incomplete */
        out->complete = tdm_core_is_complete(context->core);
        return TDM_OK;
    }
    tdm_frontier frontier = { 0 };
    tdm_code code = tdm_when_frontier(context, when, &frontier, &out->as_of_ms, err);
    if (code != TDM_OK)
        return code;
    out->complete = true;
    out->date = tdm_date_in_london(out->as_of_ms);
    code = tdm_moment_open(context, &frontier, level_only, &out->past, err);
    out->fold = out->past.fold;
    tdm_frontier_free(&frontier);
    return code;
}

tdm_code tdm_view_open(const tdm_service_context *context, const json_t *args, tdm_view *out, tdm_err *err)
{
    return open_view(context, args, false, out, err);
}

tdm_code tdm_view_open_level(const tdm_service_context *context, const json_t *args, tdm_view *out,
                             tdm_err *err)
{
    return open_view(context, args, true, out, err);
}

void tdm_view_close(const tdm_service_context *context, tdm_view *view)
{
    if (view->fold == NULL)
        return;
    if (view->past.fold != NULL)
        tdm_moment_close(context, &view->past);
    else
        tdm_core_fold_release(context->core, view->fold);
    view->fold = NULL;
}
