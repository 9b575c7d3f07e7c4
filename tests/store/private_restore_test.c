/* SPDX-License-Identifier: MPL-2.0
 *
 * private_restore_test.c: content that was sealed with the right key and breaks an invariant is refused, too.
 */
#include "private_support.h"
#include "private_stream.h"

#include <string.h>

static void put_item(stream_writer *to, uint8_t table, tdm_span key, tdm_span value)
{
    uint8_t head[ITEM_HEAD_BYTES] = { table, 0, (uint8_t)key.len };
    tdm_write_u32(head + 3, (uint32_t)value.len);
    assert_ok(tdm_stream_write(to, head, sizeof head, err));
    assert_ok(tdm_stream_write(to, key.data, key.len, err));
    assert_ok(tdm_stream_write(to, value.data, value.len, err));
}

static void put_meta(stream_writer *to)
{
    uint8_t value[META_ITEM_BYTES] = { 0 };
    tdm_write_u64(value, TDM_PRIVATE_FORMAT);
    put_item(to, PRIVATE_META, tdm_span_text("private"), (tdm_span){ value, sizeof value });
}

static void put_end(stream_writer *to, uint64_t count)
{
    uint8_t value[8];
    tdm_write_u64(value, count);
    put_item(to, ITEM_END, (tdm_span){ NULL, 0 }, (tdm_span){ value, sizeof value });
}

static void put_sealed(stream_writer *to, uint8_t table, const char *key, uint8_t wrong)
{
    uint8_t row[8] = { 0 };
    tdm_row_seal(tdm_span_text(key), row, sizeof row);
    row[7] ^= wrong;
    put_item(to, table, tdm_span_text(key), (tdm_span){ row, sizeof row });
}

static void without_end(stream_writer *to)
{
    put_meta(to);
}

static void without_description(stream_writer *to)
{
    put_end(to, 0);
}

static void another_number(stream_writer *to)
{
    put_meta(to);
    put_end(to, 2);
}

static void more_behind_end(stream_writer *to)
{
    put_meta(to);
    put_end(to, 1);
    assert_ok(tdm_stream_write(to, "x", 1, err));
}

static void unknown_table(stream_writer *to)
{
    put_meta(to);
    put_item(to, PRIVATE_TABLES, tdm_span_text("k"), tdm_span_text("v"));
}

static void too_long(stream_writer *to)
{
    uint8_t head[ITEM_HEAD_BYTES] = { PRIVATE_ROWS, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF };
    put_meta(to);
    assert_ok(tdm_stream_write(to, head, sizeof head, err));
}

static void wrong_checksum(stream_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_RESIDUALS, "k", 1);
    put_end(to, 2);
}

static void wrong_order(stream_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_RESIDUALS, "k", 0);
    put_sealed(to, PRIVATE_RESIDUALS, "a", 0);
    put_end(to, 3);
}

static void short_person(stream_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_PEOPLE, "0123456789abcdef", 0);
    put_end(to, 2);
}

static void broken_invariant(stream_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_ERASED, "0123456789abcdef", 0);
    put_sealed(to, PRIVATE_IDS, "0123456789abcdef", 0);
    put_end(to, 3);
}

static const struct content {
    const char *name;
    void (*write)(stream_writer *to);
    const char *why;
} CONTENTS[] = {
    { "no end", without_end, "wanted behind the last" },
    { "no description", without_description, "without a description" },
    { "another number of items", another_number, "another number of items" },
    { "more behind the end", more_behind_end, "more behind the end" },
    { "an unknown table", unknown_table, "out of bounds" },
    { "a length out of bounds", too_long, "out of bounds" },
    { "a wrong checksum", wrong_checksum, "does not match its checksum" },
    { "the wrong order", wrong_order, "wrong order" },
    { "a person cut short", short_person, "is no person" },
};

static void refuse_content(bed *b, const struct content *c)
{
    char path[128];
    tdm_err told = { 0 };
    stream_writer *to = NULL;
    tdm_private_lock lock = lock_of(KEY);
    print_message("  %s\n", c->name);
    name_in(path, b, c->name);
    assert_ok(tdm_stream_create(&to, path, &lock, err));
    c->write(to);
    assert_ok(tdm_stream_finish(&to, err));
    assert_code(TDM_CORRUPT, restore(b, "again", c->name, KEY, &told));
    if (strstr(told.what, c->why) == NULL)
        fail_msg("told: %s", told.what);
    expect_nothing_left(b);
}

static void content_that_breaks_an_invariant_is_refused(bed *b)
{
    static const struct content UNVERIFIED = { "verify finds it", broken_invariant, "content is damaged" };
    for (size_t i = 0; i < TDM_COUNT(CONTENTS); i++)
        refuse_content(b, &CONTENTS[i]);
    refuse_content(b, &UNVERIFIED);
}

static const bed_row ROWS[] = {
    { "content that breaks an invariant is refused", content_that_breaks_an_invariant_is_refused, true },
};

int main(void)
{
    return bed_suite("private restore", ROWS, TDM_COUNT(ROWS));
}
