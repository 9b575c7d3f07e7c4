/* SPDX-License-Identifier: MPL-2.0
 *
 * private_restore_test.c: content that was sealed with the right key and breaks an invariant is refused, too.
 */
#include "private_support.h"
#include "private_item.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_item(tdm_cipher_writer *to, uint8_t table, tdm_span key, tdm_span value)
{
    uint8_t head[ITEM_HEAD_BYTES] = { table, 0, (uint8_t)key.len };
    tdm_write_u32(head + 3, (uint32_t)value.len);
    assert_ok(tdm_cipher_write(to, head, sizeof head, err));
    assert_ok(tdm_cipher_write(to, key.data, key.len, err));
    assert_ok(tdm_cipher_write(to, value.data, value.len, err));
}

static void put_meta(tdm_cipher_writer *to)
{
    uint8_t value[META_ITEM_BYTES] = { 0 };
    tdm_write_u64(value, TDM_PRIVATE_FORMAT);
    put_item(to, PRIVATE_META, tdm_span_text("private"), (tdm_span){ value, sizeof value });
}

static void put_end(tdm_cipher_writer *to, uint64_t count)
{
    uint8_t value[8];
    tdm_write_u64(value, count);
    put_item(to, ITEM_END, (tdm_span){ NULL, 0 }, (tdm_span){ value, sizeof value });
}

static void put_sealed(tdm_cipher_writer *to, uint8_t table, const char *key, uint8_t wrong)
{
    uint8_t row[8] = { 0 };
    tdm_row_seal(tdm_span_text(key), row, sizeof row);
    row[7] ^= wrong;
    put_item(to, table, tdm_span_text(key), (tdm_span){ row, sizeof row });
}

static void without_end(tdm_cipher_writer *to)
{
    put_meta(to);
}

static void without_description(tdm_cipher_writer *to)
{
    put_end(to, 0);
}

static void another_number(tdm_cipher_writer *to)
{
    put_meta(to);
    put_end(to, 2);
}

static void more_behind_end(tdm_cipher_writer *to)
{
    put_meta(to);
    put_end(to, 1);
    assert_ok(tdm_cipher_write(to, "x", 1, err));
}

static void unknown_table(tdm_cipher_writer *to)
{
    put_meta(to);
    put_item(to, PRIVATE_TABLES, tdm_span_text("k"), tdm_span_text("v"));
}

static void too_long(tdm_cipher_writer *to)
{
    uint8_t head[ITEM_HEAD_BYTES] = { PRIVATE_ROWS, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF };
    put_meta(to);
    assert_ok(tdm_cipher_write(to, head, sizeof head, err));
}

static void wrong_checksum(tdm_cipher_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_RESIDUALS, "k", 1);
    put_end(to, 2);
}

static void wrong_order(tdm_cipher_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_RESIDUALS, "k", 0);
    put_sealed(to, PRIVATE_RESIDUALS, "a", 0);
    put_end(to, 3);
}

static void short_person(tdm_cipher_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_PEOPLE, "0123456789abcdef", 0);
    put_end(to, 2);
}

static void broken_invariant(tdm_cipher_writer *to)
{
    put_meta(to);
    put_sealed(to, PRIVATE_ERASED, "0123456789abcdef", 0);
    put_sealed(to, PRIVATE_IDS, "0123456789abcdef", 0);
    put_end(to, 3);
}

/* The id of another name: whoever asks for that name would not find it. */
static void person_of_another_id(tdm_cipher_writer *to)
{
    uint8_t value[PERSON_ITEM_BYTES] = { 0 };
    put_meta(to);
    tdm_write_u32(value, 1);
    memcpy(value + 20 + DATA_KEY_BYTES, "\003ann", 4);
    put_item(to, PRIVATE_PEOPLE, tdm_span_text("0123456789abcdef"), (tdm_span){ value, sizeof value });
    put_end(to, 2);
}

static const struct content {
    const char *name;
    void (*write)(tdm_cipher_writer *to);
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
    { "a person under another id", person_of_another_id, "(person)" },
    { "a person cut short", short_person, "is no person" },
};

static void refuse_content(bed *b, const struct content *c)
{
    char path[128];
    tdm_err told = { 0 };
    tdm_cipher_writer *to = NULL;
    tdm_cipher_lock lock = lock_of(KEY);
    print_message("  %s\n", c->name);
    name_in(path, b, c->name);
    assert_ok(tdm_cipher_create(&to, TDM_CIPHER_PRIVATE, path, &lock, err));
    c->write(to);
    assert_ok(tdm_cipher_finish(&to, err));
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

/* ---- the stream itself ------------------------------------------------------------------------- */

static void write_stream(const char *path, const uint8_t *bytes, size_t len)
{
    tdm_cipher_writer *to = NULL;
    tdm_cipher_lock lock = lock_of(KEY);
    assert_ok(tdm_cipher_create(&to, TDM_CIPHER_PRIVATE, path, &lock, err));
    assert_ok(tdm_cipher_write(to, bytes, len, err));
    assert_ok(tdm_cipher_finish(&to, err));
    assert_null(to);
}

/* The end of a stream of len bytes, all of which were read. */
static tdm_code read_stream(const char *path, const uint8_t *expected, size_t len)
{
    tdm_cipher_reader *from = NULL;
    tdm_cipher_lock lock = lock_of(KEY);
    uint8_t *bytes = calloc(1, len + 1);
    assert_ok(tdm_cipher_open(&from, TDM_CIPHER_PRIVATE, path, &lock, err));
    assert_ok(tdm_cipher_read(from, bytes, len, err));
    assert_memory_equal(bytes, expected, len);
    tdm_code code = tdm_cipher_end(from, NULL);
    if (code == TDM_OK)
        assert_code(TDM_CORRUPT, tdm_cipher_read(from, bytes, 1, NULL));
    tdm_cipher_close(&from);
    free(bytes);
    return code;
}

/* Lengths about the size of a chunk; and behind a chunk that is full and the last, nothing may come. */
static void a_stream_ends_where_it_was_ended(bed *b)
{
    static const size_t LENGTHS[] = { 0, 1, 65535, 65536, 65537, 131072 };
    char path[128], name[16];
    uint8_t *bytes = calloc(1, 131072);
    for (size_t i = 0; i < 131072; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < TDM_COUNT(LENGTHS); i++) {
        snprintf(name, sizeof name, "stream-%zu", i);
        name_in(path, b, name);
        write_stream(path, bytes, LENGTHS[i]);
        assert_code(TDM_OK, read_stream(path, bytes, LENGTHS[i]));
        if (LENGTHS[i] > 0)
            assert_code(TDM_CORRUPT, read_stream(path, bytes, LENGTHS[i] - 1)); /* more is in it */
        FILE *file = fopen(path, "ab");
        assert_non_null(file);
        fputc('x', file);
        fclose(file);
        if (LENGTHS[i] == 65536 || LENGTHS[i] == 131072)
            assert_code(TDM_CORRUPT, read_stream(path, bytes, LENGTHS[i]));
    }
    free(bytes);
}

static const bed_row ROWS[] = {
    { "a stream ends where it was ended", a_stream_ends_where_it_was_ended, true },
    { "content that breaks an invariant is refused", content_that_breaks_an_invariant_is_refused, true },
};

int main(void)
{
    return bed_suite("private restore", ROWS, TDM_COUNT(ROWS));
}
