/* SPDX-License-Identifier: MPL-2.0
 *
 * identity_file_test.c: who a store is, in a file for the safe: what is read is what was saved, and nothing
 * else opens it.
 */
#include "identity_file.h"

#include "../daemons/core_world.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Little enough to open a file a few hundred times. */
enum { PASSES = 1, MEMORY = 8192 };
static const char PASSPHRASE[] = "a passphrase for the safe";

typedef struct saved_file {
    char folder[64];
    char path[100];
    tdm_saved_identity identity;
    uint8_t bytes[4096];
    size_t len;
} saved_file;

static void read_bytes(saved_file *f)
{
    FILE *from = fopen(f->path, "rb");
    assert_non_null(from);
    f->len = fread(f->bytes, 1, sizeof f->bytes, from);
    fclose(from);
}

static void write_bytes(const saved_file *f, size_t len)
{
    FILE *to = fopen(f->path, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(f->bytes, 1, len, to), len);
    fclose(to);
}

static void save(saved_file *f, bool hub)
{
    strcpy(f->folder, "/tmp/tdm-identity-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/saved", f->folder);
    f->identity = (tdm_saved_identity){ .hub = hub, .has_hub = !hub };
    tdm_id_random(&f->identity.self.origin);
    tdm_identity_renew(&f->identity.self);
    if (hub) {
        f->identity.retired_count = 3;
        randombytes_buf(f->identity.retired, 3 * 32);
    }
    if (!hub) {
        strcpy(f->identity.at.endpoint, "tcp://hub.example:7411");
        randombytes_buf(f->identity.at.hub_key, 32);
        tdm_id_random(&f->identity.at.hub);
    }
    assert_ok(tdm_identity_save(f->path, &f->identity, tdm_span_text(PASSPHRASE), PASSES, MEMORY, err));
    read_bytes(f);
}

static void drop(saved_file *f)
{
    unlink(f->path);
    rmdir(f->folder);
}

static tdm_code load(const saved_file *f, const char *passphrase, tdm_saved_identity *out)
{
    return tdm_identity_load(f->path, tdm_span_text(passphrase), out, NULL);
}

static void check_same(const tdm_saved_identity *a, const tdm_saved_identity *b)
{
    assert_true(a->hub == b->hub && a->has_hub == b->has_hub);
    assert_true(tdm_id_equal(&a->self.origin, &b->self.origin));
    assert_true(a->self.incarnation == b->self.incarnation);
    assert_memory_equal(a->self.seal.secret_key, b->self.seal.secret_key, 64);
    assert_memory_equal(a->self.seal.public_key, b->self.seal.public_key, 32);
    assert_memory_equal(a->self.link_public, b->self.link_public, 32);
    assert_memory_equal(a->self.link_secret, b->self.link_secret, 32);
    assert_string_equal(a->at.endpoint, b->at.endpoint);
    assert_memory_equal(a->at.hub_key, b->at.hub_key, 32);
    assert_true(tdm_id_equal(&a->at.hub, &b->at.hub));
    assert_int_equal(a->retired_count, b->retired_count);
    assert_memory_equal(a->retired, b->retired, sizeof a->retired);
}

static void what_is_read_is_what_was_saved(void **state)
{
    (void)state;
    for (int hub = 0; hub < 2; hub++) {
        saved_file f;
        tdm_saved_identity read;
        struct stat status;
        save(&f, hub == 1);
        assert_int_equal(load(&f, PASSPHRASE, &read), TDM_OK);
        check_same(&read, &f.identity);
        assert_int_equal(stat(f.path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        drop(&f);
    }
}

static void its_secrets_can_not_be_read_in_it(void **state)
{
    (void)state;
    saved_file f;
    save(&f, false);
    assert_null(memmem(f.bytes, f.len, f.identity.self.seal.secret_key, 32));
    assert_null(memmem(f.bytes, f.len, f.identity.self.link_secret, 32));
    assert_null(memmem(f.bytes, f.len, f.identity.self.origin.bytes, TDM_ID_BYTES));
    drop(&f);
}

static void another_passphrase_opens_nothing(void **state)
{
    (void)state;
    saved_file f;
    tdm_saved_identity read;
    save(&f, false);
    assert_code(TDM_DENIED, load(&f, "another passphrase", &read));
    assert_true(tdm_id_is_zero(&read.self.origin));
    assert_code(TDM_NOT_FOUND,
                tdm_identity_load("/nonexistent/file", tdm_span_text(PASSPHRASE), &read, NULL));
    drop(&f);
}

/* Bits of the costs that ask for gigabytes or hours must be refused before they are worked. */
static void every_changed_byte_is_refused(void **state)
{
    (void)state;
    saved_file f;
    tdm_saved_identity read;
    save(&f, false);
    for (size_t i = 0; i < f.len; i++) {
        bool is_cost = i >= 9 && i < 21;
        f.bytes[i] ^= is_cost ? 0x80 : 1;
        write_bytes(&f, f.len);
        tdm_code code = load(&f, PASSPHRASE, &read);
        if (code != TDM_DENIED && code != TDM_MALFORMED && code != TDM_UNSUPPORTED)
            fail_msg("byte %zu: %s", i, tdm_code_word(code));
        f.bytes[i] ^= is_cost ? 0x80 : 1;
    }
    write_bytes(&f, f.len);
    assert_int_equal(load(&f, PASSPHRASE, &read), TDM_OK); /* control */
    drop(&f);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    saved_file f;
    tdm_saved_identity read;
    save(&f, false);
    for (size_t len = 0; len < f.len; len++) {
        write_bytes(&f, len);
        assert_int_not_equal(load(&f, PASSPHRASE, &read), TDM_OK);
    }
    drop(&f);
}

static void a_file_is_not_written_over(void **state)
{
    (void)state;
    saved_file f;
    tdm_saved_identity read;
    save(&f, false);
    assert_code(TDM_EXISTS, tdm_identity_save(f.path, &f.identity, tdm_span_text("something else"), PASSES,
                                              MEMORY, NULL));
    assert_int_equal(load(&f, PASSPHRASE, &read), TDM_OK);
    drop(&f);
}

int main(void)
{
    static const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(what_is_read_is_what_was_saved),
        cmocka_unit_test(its_secrets_can_not_be_read_in_it),
        cmocka_unit_test(another_passphrase_opens_nothing),
        cmocka_unit_test(every_changed_byte_is_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_file_is_not_written_over),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests_name("identity file", TESTS, NULL, NULL);
}
