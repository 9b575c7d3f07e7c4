/* SPDX-License-Identifier: MPL-2.0
 *
 * world.c: a small world for hand-computed figures.
 */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "parts.h"
#include "tandem/pack.h"

int64_t world_ms(int year, int month, int day, int hour)
{
    return ((int64_t)oracle_date(year, month, day) * 24 + hour) * 3600000;
}

static world_fact state(world *w, world_origin by, const char *subject, const tdm_record *record)
{
    world_fact fact = { .origin = by };
    (void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
    w->facts++;
    fact.id.bytes[14] = (uint8_t)(w->facts >> 8);
    fact.id.bytes[15] = (uint8_t)w->facts;
    TDM_ASSERT(tdm_sheaf_state(&w->sheaf, &w->pens[by], fact.subject, &fact.id, w->now, record));
    fact.sequence = w->pens[by].sequence;
    return fact;
}

static void say_represents(world *w, world_origin origin, const char *code)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_REPRESENTS);
    tdm_record_set_bytes(&r, TDM_REPRESENTS_ORIGIN, (tdm_span){ w->pens[origin].origin.bytes, TDM_ID_BYTES });
    tdm_record_set_text(&r, TDM_REPRESENTS_ORGANISATION, code);
    tdm_record_set_number(&r, TDM_REPRESENTS_MODE, TDM_MODE_IS_REPRESENTS);
    (void)state(w, WORLD_HUB, "organisation/any", &r);
}

void world_begin(world *w)
{
    static const char *const CODES[] = { "HUB", "LEA", "PAR", "THI" };
    *w = (world){ .now = world_ms(2017, 4, 1, 9) };
    for (int i = 0; i < WORLD_ORIGINS; i++) {
        tdm_record r;
        memset(w->pens[i].origin.bytes, 0x10 + i, TDM_ID_BYTES);
        w->pens[i].incarnation = 1;
        tdm_record_init(&r, TDM_TYPE_INCARNATION);
        tdm_record_set_number(&r, TDM_INCARNATION_GENERATION, 1);
        (void)state(w, (world_origin)i, "log", &r);
    }
    for (int i = 0; i < WORLD_ORIGINS; i++) {
        (void)world_organisation(w, CODES[i], NULL, 0);
        say_represents(w, (world_origin)i, CODES[i]);
    }
}

void world_end(world *w)
{
    tdm_sheaf_free(&w->sheaf);
}

world_fact world_organisation(world *w, const char *code, const char *parent, int64_t belongs)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ORGANISATION);
    tdm_record_set_text(&r, TDM_ORGANISATION_CODE, code);
    tdm_record_set_text(&r, TDM_ORGANISATION_NAME, code);
    tdm_record_set_number(&r, TDM_ORGANISATION_SECTOR, TDM_SECTOR_IS_TRUST);
    if (parent != NULL) {
        tdm_record_set_text(&r, TDM_ORGANISATION_PARENT, parent);
        tdm_record_set_number(&r, TDM_ORGANISATION_BELONGS, belongs);
    }
    return state(w, WORLD_HUB, "organisation/any", &r);
}

world_fact world_change(world *w, const char *code, int64_t change, tdm_date effective, const char *other)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ORGANISATION_CHANGE);
    tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_CODE, code);
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_CHANGE, change);
    tdm_record_set_number(&r, TDM_ORGANISATION_CHANGE_EFFECTIVE, effective);
    if (other != NULL)
        tdm_record_set_text(&r, TDM_ORGANISATION_CHANGE_SUCCESSOR, other);
    return state(w, WORLD_HUB, "organisation/any", &r);
}

world_fact world_unit(world *w, world_origin by, const char *recorder, const char *lead, const char *id,
                      int64_t status, tdm_date start)
{
    tdm_record r;
    char subject[64];
    (void)snprintf(subject, sizeof(subject), "unit/%s/%s", lead, id);
    tdm_record_init(&r, TDM_TYPE_UNIT);
    tdm_record_set_text(&r, TDM_UNIT_RECORDER, recorder);
    tdm_record_set_text(&r, TDM_UNIT_LEAD, lead);
    tdm_record_set_text(&r, TDM_UNIT_UNIT_ID, id);
    tdm_record_set_number(&r, TDM_UNIT_KIND, TDM_UNITKIND_IS_PROGRAMME);
    tdm_record_set_number(&r, TDM_UNIT_STATUS, status);
    tdm_record_set_number(&r, TDM_UNIT_START, start);
    return state(w, by, subject, &r);
}

world_fact world_session(world *w, const world_fact *unit, const char *recorder, tdm_date date,
                         int64_t hours_hundredths)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_SESSION);
    tdm_record_set_text(&r, TDM_SESSION_RECORDER, recorder);
    tdm_record_set_number(&r, TDM_SESSION_DATE, date);
    tdm_record_set_number(&r, TDM_SESSION_HOURS, hours_hundredths);
    return state(w, unit->origin, unit->subject, &r);
}

world_fact world_attendance(world *w, const world_fact *session, const char *recorder, int64_t people)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_ATTENDANCE);
    tdm_record_set_text(&r, TDM_ATTENDANCE_RECORDER, recorder);
    tdm_record_set_bytes(&r, TDM_ATTENDANCE_SESSION, (tdm_span){ session->id.bytes, TDM_ID_BYTES });
    tdm_record_set_number(&r, TDM_ATTENDANCE_PEOPLE, people);
    return state(w, session->origin, session->subject, &r);
}

world_fact world_assert(world *w, const world_fact *unit, world_origin by, const char *recorder,
                        const char *organisation, int64_t phase, bool supplier)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_LINK_ASSERT);
    tdm_record_set_text(&r, TDM_LINK_ASSERT_RECORDER, recorder);
    tdm_record_set_text(&r, TDM_LINK_ASSERT_ORGANISATION, organisation);
    tdm_record_set_number(&r, TDM_LINK_ASSERT_PHASE, phase);
    if (supplier)
        tdm_record_set_number(&r, TDM_LINK_ASSERT_SUPPLIER, true);
    world_fact fact = state(w, by, unit->subject, &r);
    tdm_assertion_digest(&w->pens[by].origin, tdm_span_text(fact.subject), &fact.id, &r, &fact.digest);
    return fact;
}

static world_fact answer(world *w, uint32_t type, const world_fact *assertion, world_origin by,
                         const char *recorder, int64_t phase)
{
    tdm_record r;
    tdm_record_init(&r, type);
    tdm_record_set_text(&r, TDM_LINK_CONFIRM_RECORDER, recorder);
    tdm_record_set_number(&r, TDM_LINK_CONFIRM_PHASE, phase);
    tdm_record_set_bytes(&r, TDM_LINK_CONFIRM_ASSERTION,
                         (tdm_span){ assertion->digest.bytes, TDM_DIGEST_BYTES });
    return state(w, by, assertion->subject, &r);
}

world_fact world_confirm(world *w, const world_fact *assertion, world_origin by, const char *recorder,
                         int64_t phase)
{
    return answer(w, TDM_TYPE_LINK_CONFIRM, assertion, by, recorder, phase);
}

world_fact world_dispute(world *w, const world_fact *assertion, world_origin by, const char *recorder,
                         int64_t phase)
{
    return answer(w, TDM_TYPE_LINK_DISPUTE, assertion, by, recorder, phase);
}

world_fact world_match(world *w, const world_fact *a, const world_fact *b)
{
    tdm_record r;
    tdm_record_init(&r, TDM_TYPE_MATCH);
    tdm_record_set_text(&r, TDM_MATCH_A, a->subject);
    tdm_record_set_text(&r, TDM_MATCH_B, b->subject);
    return state(w, WORLD_HUB, "match/any", &r);
}

static void pack_tip(tdm_buf *out, const tdm_pen *pen)
{
    static const uint8_t HEAD[TDM_DIGEST_BYTES] = { 0 };
    uint8_t incarnation[8];
    tdm_record r;
    tdm_incarnation_bytes(pen->incarnation, incarnation);
    tdm_record_init(&r, TDM_TYPE_FRONTIER_ENTRY);
    tdm_record_set_bytes(&r, TDM_FRONTIER_ENTRY_ORIGIN, (tdm_span){ pen->origin.bytes, TDM_ID_BYTES });
    tdm_record_set_bytes(&r, TDM_FRONTIER_ENTRY_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(&r, TDM_FRONTIER_ENTRY_SEQUENCE, (int64_t)pen->sequence);
    tdm_record_set_bytes(&r, TDM_FRONTIER_ENTRY_HEAD, (tdm_span){ HEAD, sizeof(HEAD) });
    TDM_ASSERT(tdm_record_encode(&r, out, NULL) == TDM_OK);
}

world_fact world_tide(world *w)
{
    tdm_record r;
    tdm_buf entries = { 0 };
    tdm_pack_array(&entries, WORLD_ORIGINS - 1);
    for (int i = WORLD_LEAD; i < WORLD_ORIGINS; i++)
        pack_tip(&entries, &w->pens[i]);
    tdm_record_init(&r, TDM_TYPE_TIDE);
    tdm_record_set_number(&r, TDM_TIDE_TIME, w->now);
    tdm_record_set_bytes(&r, TDM_TIDE_ENTRIES, tdm_buf_span(&entries));
    world_fact fact = state(w, WORLD_HUB, "tide", &r);
    tdm_buf_free(&entries);
    return fact;
}

world_fact world_close(world *w, const char *period, const world_fact *tide)
{
    tdm_record r;
    uint8_t incarnation[8];
    tdm_incarnation_bytes(w->pens[WORLD_HUB].incarnation, incarnation);
    tdm_record_init(&r, TDM_TYPE_PERIOD_CLOSED);
    tdm_record_set_text(&r, TDM_PERIOD_CLOSED_PERIOD, period);
    tdm_record_set_bytes(&r, TDM_PERIOD_CLOSED_TIDE_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(&r, TDM_PERIOD_CLOSED_TIDE_SEQUENCE, (int64_t)tide->sequence);
    return state(w, WORLD_HUB, "period/any", &r);
}

world_fact world_publish(world *w, const char *period, int64_t joint, int64_t units)
{
    tdm_record r;
    uint8_t incarnation[8];
    tdm_incarnation_bytes(w->pens[WORLD_HUB].incarnation, incarnation);
    tdm_record_init(&r, TDM_TYPE_FIGURE_PUBLISHED);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_PERIOD, period);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_MEASURE, "C1");
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_DEFINITION, TDM_DEFINITION_VERSION);
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_DIMENSION, "total");
    tdm_record_set_text(&r, TDM_FIGURE_PUBLISHED_GROUP, "");
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_UNITS, units);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_ASSERTED, joint);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_STANDING, joint);
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_CORROBORATED, joint);
    tdm_record_set_bytes(&r, TDM_FIGURE_PUBLISHED_TIDE_INCARNATION, (tdm_span){ incarnation, 8 });
    tdm_record_set_number(&r, TDM_FIGURE_PUBLISHED_TIDE_SEQUENCE, 1);
    return state(w, WORLD_HUB, "period/any", &r);
}

world_fact world_return(world *w, uint32_t type, world_origin by, const char *organisation,
                        const char *period)
{
    tdm_record r;
    tdm_record_init(&r, type);
    tdm_record_set_text(&r, TDM_RETURN_MADE_ORGANISATION, organisation);
    tdm_record_set_text(&r, TDM_RETURN_MADE_PERIOD, period);
    return state(w, by, "period/any", &r);
}

world_fact world_level(world *w, uint32_t type, int64_t year, int64_t tenths)
{
    tdm_record r;
    tdm_record_init(&r, type);
    tdm_record_set_number(&r, TDM_TARGET_YEAR, year);
    tdm_record_set_number(&r, TDM_TARGET_LEVEL, tenths);
    return state(w, WORLD_HUB, "programme/all", &r);
}

static void add_payload(tdm_buf *line, const char *payload)
{
    for (const char *at = payload; *at != '\0'; at++)
        tdm_buf_add(line, *at == '\'' ? "\"" : at, 1);
}

world_fact world_say(world *w, world_origin by, const char *type, const char *subject, const char *payload)
{
    world_fact fact = { .origin = by, .sequence = w->pens[by].sequence + 1 };
    char origin[2 * TDM_ID_BYTES + 1], id[2 * TDM_ID_BYTES + 1];
    int year, month, day;
    tdm_buf line = { 0 };
    (void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
    w->facts++;
    fact.id.bytes[14] = (uint8_t)(w->facts >> 8);
    fact.id.bytes[15] = (uint8_t)w->facts;
    tdm_hex(origin, &w->pens[by].origin, TDM_ID_BYTES);
    tdm_hex(id, &fact.id, TDM_ID_BYTES);
    oracle_date_split((tdm_date)(w->now / 86400000), &year, &month, &day);
    tdm_buf_format(
        &line,
        "{\"kind\":\"event\",\"version\":1,\"origin\":\"%s\",\"incarnation\":\"%016llx\",\"sequence\":%llu,"
        "\"type\":\"%s\",\"subject\":\"%s\",\"fact\":\"%s\","
        "\"event_time\":\"%04d-%02d-%02dT09:00:00.000Z\",\"recorded_time\":\"%04d-%02d-%02dT09:00:00.000Z\","
        "\"author\":\"development_staff\",\"payload\":",
        origin, (unsigned long long)w->pens[by].incarnation, (unsigned long long)fact.sequence, type,
        fact.subject, id, year, month, day, year, month, day);
    add_payload(&line, payload);
    tdm_buf_text(&line, "}");
    TDM_ASSERT(tdm_event_from_json(tdm_buf_span(&line), &w->sheaf.bytes, NULL) == TDM_OK);
    ORACLE_PUSH(w->sheaf.ends, w->sheaf.count, w->sheaf.bytes.len);
    w->pens[by].sequence++;
    tdm_buf_free(&line);
    return fact;
}

void world_amend(world *w, const world_fact *target, world_origin by, uint32_t type, const tdm_record *body)
{
    const tdm_id *owner = by != target->origin ? &w->pens[target->origin].origin : NULL;
    TDM_ASSERT(
        tdm_sheaf_amend(&w->sheaf, &w->pens[by], type, target->subject, &target->id, owner, w->now, body));
}
