/* SPDX-License-Identifier: MPL-2.0
 *
 * schema.c: the schema table as rows, and the small questions asked of them.
 */
#include "tandem/schema.h"

#include <string.h>

/* What column `of` of the table means: a set for kind ENUM, a part's type number for kind LIST. */
enum column_of {
    OF_NONE = 0,
#define X(SET) OF_##SET = TDM_ENUM_##SET,
    TDM_ENUM_SETS(X)
#undef X
#define TDM_TYPE(number, NAME, name, scope, duty, help) OF_##NAME = number,
#include "tandem/schema.def"
};

/* The fields of all types lie in one array. A type's row takes no place in it: its enumerator is the
 * place of the field that follows, and the one after it steps back by one. */
enum field_place {
#define TDM_TYPE(number, NAME, name, scope, duty, help) FIRST_##NAME, BEFORE_##NAME = FIRST_##NAME - 1,
#define TDM_FIELD(NAME, number, FIELD, name, kind, min, max, need, of, help) PLACE_##NAME##_##FIELD,
#include "tandem/schema.def"
};

/* A struct per type with one byte per field, and one more: its size counts the fields. */
struct fields_before_the_first_type {
    char one;
#define TDM_TYPE(number, NAME, name, scope, duty, help)                                                      \
    }                                                                                                        \
    ;                                                                                                        \
    struct fields_of_##NAME {                                                                                \
        char one;
#define TDM_FIELD(NAME, number, FIELD, name, kind, min, max, need, of, help) char field_##FIELD;
#include "tandem/schema.def"
};

enum type_place {
#define TDM_TYPE(number, NAME, name, scope, duty, help) AT_##NAME,
#include "tandem/schema.def"
};

enum { NEED_OPTIONAL, NEED_NEEDED, NEED_KEY };
#define WHEN(kind, wanted, of) (TDM_KIND_##kind == TDM_KIND_##wanted ? (int)OF_##of : 0)

static const tdm_field FIELDS[] = {
#define TDM_FIELD(NAME, number, FIELD, name, kind, min, max, need, of, help)                                 \
    { number,                                                                                                \
      name,                                                                                                  \
      TDM_KIND_##kind,                                                                                       \
      min,                                                                                                   \
      max,                                                                                                   \
      NEED_##need != NEED_OPTIONAL,                                                                          \
      NEED_##need == NEED_KEY,                                                                               \
      (tdm_enum_set)WHEN(kind, ENUM, of),                                                                    \
      (uint32_t)WHEN(kind, LIST, of),                                                                        \
      help },
#include "tandem/schema.def"
};

static const tdm_type TYPES[] = {
#define TDM_TYPE(number, NAME, name, scope, duty, help)                                                      \
    { number,                                                                                                \
      name,                                                                                                  \
      TDM_SCOPE_##scope,                                                                                     \
      TDM_DUTY_##duty,                                                                                       \
      help,                                                                                                  \
      &FIELDS[FIRST_##NAME],                                                                                 \
      sizeof(struct fields_of_##NAME) - 1 },
#include "tandem/schema.def"
};

/* NONE of a row stands for no field. */
#define PART(NAME, FIELD) PART_##NAME##_##FIELD
enum filing_part {
#define TDM_TYPE(number, NAME, name, scope, duty, help) PART_##NAME##_NONE = 0,
#define TDM_FIELD(NAME, number, FIELD, name, kind, min, max, need, of, help) PART_##NAME##_##FIELD = number,
#include "tandem/schema.def"
};

static const tdm_filing FILINGS[] = {
#define TDM_FILED(NAME, word, prefix, OWNER, ID, ID2)                                                        \
    { TDM_TYPE_##NAME, word, prefix, { PART(NAME, OWNER), PART(NAME, ID), PART(NAME, ID2) } },
#include "tandem/schema.def"
};

/* Place in TYPES plus one, by number, so that finding a type is one load. */
static const uint8_t PLACES[1024] = {
#define TDM_TYPE(number, NAME, name, scope, duty, help) [number] = AT_##NAME + 1,
#include "tandem/schema.def"
};

static const struct word {
    tdm_enum_set set;
    int64_t number;
    const char *word;
} WORDS[] = {
#define TDM_ENUM(SET, number, SYMBOL, word) { TDM_ENUM_##SET, number, word },
#include "tandem/schema.def"
};

const tdm_type *tdm_type_find(uint32_t number)
{
    uint8_t place = number < TDM_COUNT(PLACES) ? PLACES[number] : 0;
    return place == 0 ? NULL : &TYPES[place - 1];
}

const tdm_filing *tdm_type_filing(uint32_t type)
{
    for (size_t i = 0; i < TDM_COUNT(FILINGS); i++)
        if (FILINGS[i].type == type)
            return &FILINGS[i];
    return NULL;
}

const tdm_type *tdm_type_named(tdm_span name)
{
    for (size_t i = 0; i < TDM_COUNT(TYPES); i++)
        if (tdm_span_is(name, TYPES[i].name))
            return &TYPES[i];
    return NULL;
}

const tdm_type *tdm_types(size_t *count)
{
    *count = TDM_COUNT(TYPES);
    return TYPES;
}

const char *tdm_enum_word(tdm_enum_set set, int64_t number)
{
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++)
        if (WORDS[i].set == set && WORDS[i].number == number)
            return WORDS[i].word;
    return NULL;
}

bool tdm_enum_number(tdm_enum_set set, tdm_span word, int64_t *number)
{
    for (size_t i = 0; i < TDM_COUNT(WORDS); i++) {
        if (WORDS[i].set == set && tdm_span_is(word, WORDS[i].word)) {
            *number = WORDS[i].number;
            return true;
        }
    }
    return false;
}

bool tdm_code_is_valid(tdm_span code)
{
    if (code.len < 3 || code.len > 12)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        uint8_t c = code.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

void tdm_subject_unit(tdm_buf *out, tdm_span lead, tdm_span unit_id)
{
    tdm_buf_add(out, "unit/", 5);
    tdm_buf_add(out, lead.data, lead.len);
    tdm_buf_add(out, "/", 1);
    tdm_buf_add(out, unit_id.data, unit_id.len);
}

bool tdm_subject_is_unit(tdm_span subject, tdm_span *lead, tdm_span *unit_id)
{
    if (subject.len < 5 || memcmp(subject.data, "unit/", 5) != 0)
        return false;
    tdm_span rest = { subject.data + 5, subject.len - 5 };
    const uint8_t *slash = rest.len == 0 ? NULL : memchr(rest.data, '/', rest.len);
    if (slash == NULL)
        return false;
    *lead = (tdm_span){ rest.data, (size_t)(slash - rest.data) };
    *unit_id = (tdm_span){ slash + 1, rest.len - lead->len - 1 };
    return unit_id->len > 0 && tdm_code_is_valid(*lead);
}

void tdm_subject_organisation(tdm_buf *out, tdm_span code)
{
    tdm_buf_add(out, "organisation/", 13);
    tdm_buf_add(out, code.data, code.len);
}

static const char ORIGIN[] = "origin/";

void tdm_subject_origin(tdm_buf *out, const tdm_id *origin)
{
    char hex[2 * TDM_ID_BYTES + 1];
    tdm_hex(hex, origin->bytes, TDM_ID_BYTES);
    tdm_buf_add(out, ORIGIN, sizeof ORIGIN - 1);
    tdm_buf_add(out, hex, 2 * TDM_ID_BYTES);
}

bool tdm_subject_is_origin(tdm_span subject)
{
    return subject.len >= sizeof ORIGIN - 1 && memcmp(subject.data, ORIGIN, sizeof ORIGIN - 1) == 0;
}
