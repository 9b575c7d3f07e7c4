/* SPDX-License-Identifier: MPL-2.0
 *
 * links.c: who took part in a unit on a date, and who agrees (docs/figures.md section 4).
 */
#include "parts.h"

#include <string.h>

/* Somebody states that an organisation took part: a link_assert, or a record that implies it. */
typedef struct assertion {
    const oracle_fact *fact;
    tdm_span organisation;
    int64_t phase;
    bool implied;
} assertion;

/* One date of one class. */
typedef struct scene {
    const tdm_oracle *o;
    const oracle_class *class;
    tdm_date date;
    oracle_code lead;
} scene;

/* Reads fact as an assertion; false: it is none. */
static bool read_assertion(const scene *s, const oracle_fact *fact, assertion *out)
{
    if (oracle_is_record(s->o, fact) && !s->o->options.faults.no_implied_links) {
        *out = (assertion){ fact, oracle_recorder(fact), TDM_PHASE_IS_DELIVER, true };
        return true;
    }
    if (!fact->valid || fact->base->e.type != TDM_TYPE_LINK_ASSERT
        || oracle_value(fact, TDM_LINK_ASSERT_SUPPLIER)->number)
        return false;
    *out = (assertion){ fact, oracle_value(fact, TDM_LINK_ASSERT_ORGANISATION)->bytes,
                        oracle_value(fact, TDM_LINK_ASSERT_PHASE)->number, false };
    return true;
}

/* The link it states on the date; false: none. */
static bool states_link(const scene *s, const assertion *a, oracle_link *out)
{
    if (!oracle_is_countable(s->o, a->organisation, s->date))
        return false;
    if (a->phase < TDM_PHASE_IS_PLAN || a->phase > TDM_PHASE_IS_SUPPORT)
        return false;
    *out = (oracle_link){ oracle_root(s->o, a->organisation, s->date, NULL), (int)a->phase, 0, INT64_MAX,
                          INT64_MAX };
    return strcmp(out->root.text, s->lead.text) != 0;
}

static bool same_link(const oracle_link *a, const oracle_link *b)
{
    return a->phase == b->phase && strcmp(a->root.text, b->root.text) == 0;
}

static bool states_this(const scene *s, const oracle_fact *fact, const oracle_link *link, assertion *out)
{
    oracle_link stated;
    return read_assertion(s, fact, out) && states_link(s, out, &stated) && same_link(&stated, link);
}

static bool has_root(const scene *s, tdm_span code, const oracle_code *root)
{
    oracle_code its = oracle_root(s->o, code, s->date, NULL);
    return strcmp(its.text, root->text) == 0;
}

/* A confirmation or dispute of this link by somebody entitled on the date. */
static bool is_answer(const scene *s, const oracle_fact *fact, const oracle_link *link)
{
    _Static_assert(TDM_LINK_CONFIRM_PHASE == (int)TDM_LINK_DISPUTE_PHASE, "both have the phase there");
    return fact->valid
           && (fact->base->e.type == TDM_TYPE_LINK_CONFIRM || fact->base->e.type == TDM_TYPE_LINK_DISPUTE)
           && oracle_value(fact, TDM_LINK_CONFIRM_PHASE)->number == link->phase
           && oracle_is_countable(s->o, oracle_recorder(fact), s->date)
           && has_root(s, oracle_recorder(fact), &link->root);
}

static bool is_latest_answer(const scene *s, const oracle_fact *answer, const oracle_link *link)
{
    for (size_t i = 0; i < s->class->count; i++) {
        const oracle_fact *other = s->class->facts[i];
        if (is_answer(s, other, link) && tdm_id_equal(&other->base->e.origin, &answer->base->e.origin)
            && oracle_order(answer->base, other->base) < 0)
            return false;
    }
    return true;
}

/* Does the confirmation name an explicit assertion that states this link? */
static bool names_assertion(const scene *s, const oracle_fact *confirm, const oracle_link *link)
{
    tdm_digest named = tdm_value_digest(oracle_value(confirm, TDM_LINK_CONFIRM_ASSERTION));
    for (size_t i = 0; i < s->class->count; i++) {
        const oracle_fact *fact = s->class->facts[i];
        assertion a;
        tdm_digest digest;
        if (!states_this(s, fact, link, &a) || a.implied)
            continue;
        tdm_assertion_digest(&fact->base->e.origin, fact->base->e.subject, &fact->base->e.fact,
                             &fact->content, &digest);
        if (tdm_digest_equal(&named, &digest) || s->o->options.faults.any_digest_confirms)
            return true;
    }
    return false;
}

static void earliest(int64_t *held, const oracle_fact *fact)
{
    if (fact->base->e.recorded_ms < *held)
        *held = fact->base->e.recorded_ms;
}

/* Is there a record or assertion under a recorder of another root? */
static bool others_state_too(const scene *s, const oracle_code *root)
{
    for (size_t i = 0; i < s->class->count; i++) {
        assertion a;
        bool speaks = oracle_is_record(s->o, s->class->facts[i]) || read_assertion(s, s->class->facts[i], &a);
        if (speaks && !has_root(s, oracle_recorder(s->class->facts[i]), root))
            return true;
    }
    return false;
}

static void judge_link(const scene *s, oracle_link *link)
{
    bool disputed = false, confirmed = false, states_itself = false;
    for (size_t i = 0; i < s->class->count; i++) {
        const oracle_fact *fact = s->class->facts[i];
        assertion a;
        if (states_this(s, fact, link, &a)) {
            earliest(&link->first_asserted, fact);
            states_itself = states_itself || has_root(s, oracle_recorder(fact), &link->root);
        }
        if (!is_answer(s, fact, link) || !is_latest_answer(s, fact, link))
            continue;
        bool disputes = fact->base->e.type == TDM_TYPE_LINK_DISPUTE;
        if (!disputes && !names_assertion(s, fact, link))
            continue; /* lapsed: says nothing */
        earliest(&link->first_answered, fact);
        disputed = disputed || (disputes && !s->o->options.faults.disputes_ignored);
        confirmed = confirmed || !disputes;
    }
    bool corroborated = confirmed || (states_itself && others_state_too(s, &link->root));
    link->status = disputed ? ORACLE_DISPUTED : corroborated ? ORACLE_CORROBORATED : ORACLE_STANDING;
}

static void merge_link(oracle_link **links, size_t *count, const oracle_link *link)
{
    for (size_t i = 0; i < *count; i++) {
        oracle_link *held = &(*links)[i];
        if (!same_link(held, link))
            continue;
        held->status = link->status > held->status ? link->status : held->status;
        if (link->first_asserted < held->first_asserted)
            held->first_asserted = link->first_asserted;
        if (link->first_answered < held->first_answered)
            held->first_answered = link->first_answered;
        return;
    }
    ORACLE_PUSH(*links, *count, *link);
}

void oracle_links_on(const tdm_oracle *o, const oracle_class *class, tdm_date date, oracle_link **links,
                     size_t *count)
{
    scene s = { o, class, date, oracle_root(o, oracle_lead(class), date, NULL) };
    for (size_t i = 0; i < class->count; i++) {
        assertion a;
        oracle_link link;
        if (!read_assertion(&s, class->facts[i], &a) || !states_link(&s, &a, &link))
            continue;
        judge_link(&s, &link); /* once per assertion of the link: the same every time */
        merge_link(links, count, &link);
    }
}
