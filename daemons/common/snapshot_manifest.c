/* SPDX-License-Identifier: MPL-2.0
 *
 * snapshot_manifest.c: snapshot.json: of whose store a snapshot is, how far it goes, and the digest of its
 * bytes.
 */
#include "snapshot_inner.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char NAME[] = "snapshot.json";
static const char SCHEMA[] = "tandem.snapshot-manifest/";

/* The form of each: what only a newer program reads has a number of its own. */
enum { FORM_CLEAR = 1, FORM_ENCRYPTED = 2 };

/* ---- making */

tdm_code tdm_snapshot_manifest_text(const tdm_snapshot *snapshot, tdm_buf *out, tdm_err *err)
{
    char made[40];
    char origin[2 * TDM_ID_BYTES + 1];
    char incarnation[17];
    char digest[2 * TDM_DIGEST_BYTES + 1];
    uint8_t bytes[8];
    int form = snapshot->encrypted ? FORM_ENCRYPTED : FORM_CLEAR;
    tdm_time_text(snapshot->made_ms, 0, made);
    tdm_hex(origin, snapshot->origin.bytes, TDM_ID_BYTES);
    tdm_incarnation_bytes(snapshot->incarnation, bytes);
    tdm_hex(incarnation, bytes, sizeof bytes);
    tdm_hex(digest, snapshot->digest.bytes, TDM_DIGEST_BYTES);
    json_t *all =
        json_pack("{s:s+, s:i, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "schema", SCHEMA,
                  snapshot->encrypted ? "2" : "1", "format", form, "made", made, "made_ms",
                  (json_int_t)snapshot->made_ms, "role", snapshot->hub ? "hub" : "node", "origin", origin,
                  "incarnation", incarnation, "sequence", (json_int_t)snapshot->sequence, "events",
                  (json_int_t)snapshot->events, "bytes", (json_int_t)snapshot->bytes, "blake2b_256", digest);
    if (all != NULL && snapshot->encrypted)
        json_object_set_new(all, "encrypted", json_true());
    char *text = json_dumps(all, JSON_INDENT(2));
    json_decref(all);
    tdm_buf_text(out, text == NULL ? "" : text);
    tdm_buf_text(out, "\n");
    bool failed = text == NULL || out->failed;
    free(text);
    return failed ? tdm_fail(err, TDM_FULL, 0, "no memory for %s", NAME) : TDM_OK;
}

tdm_code tdm_snapshot_manifest_write(const char *folder, tdm_span text, tdm_err *err)
{
    char path[PATH_MAX];
    tdm_code code = tdm_path_join(path, folder, NAME, err);
    if (code != TDM_OK)
        return code;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || !tdm_path_write(fd, text.data, text.len) || fsync(fd) != 0)
        code = tdm_path_fail(err, "writing", path);
    if (fd >= 0)
        close(fd);
    return code;
}

/* ---- reading */

static bool read_number(const json_t *all, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(all, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool read_hex(const json_t *all, const char *key, void *out, size_t len)
{
    const char *text = json_string_value(json_object_get(all, key));
    return text != NULL && tdm_unhex(out, len, tdm_span_text(text));
}

static bool read_manifest(const json_t *all, tdm_snapshot *out)
{
    uint8_t bytes[8];
    uint64_t made = 0;
    const char *role = json_string_value(json_object_get(all, "role"));
    if (role == NULL || (strcmp(role, "hub") != 0 && strcmp(role, "node") != 0)
        || !read_hex(all, "origin", out->origin.bytes, TDM_ID_BYTES)
        || !read_hex(all, "incarnation", bytes, sizeof bytes)
        || !read_hex(all, "blake2b_256", out->digest.bytes, TDM_DIGEST_BYTES)
        || !read_number(all, "made_ms", &made) || !read_number(all, "sequence", &out->sequence)
        || !read_number(all, "events", &out->events) || !read_number(all, "bytes", &out->bytes))
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        out->incarnation = out->incarnation << 8 | bytes[i];
    out->hub = strcmp(role, "hub") == 0;
    out->encrypted = json_is_true(json_object_get(all, "encrypted"));
    out->made_ms = (int64_t)made;
    return true;
}

tdm_code tdm_snapshot_manifest_load(const char *folder, tdm_buf *text, tdm_err *err)
{
    char path[PATH_MAX];
    char part[4096];
    ssize_t got = -1;
    tdm_code code = tdm_path_join(path, folder, NAME, err);
    if (code != TDM_OK)
        return code;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? tdm_fail(
                   err, TDM_NOT_FOUND, errno, "%.120s is no snapshot: it holds no snapshot.json", folder)
                                                   : tdm_path_fail(err, "reading", path);
    while (text->len <= TDM_SNAPSHOT_MANIFEST_MAX && (got = read(fd, part, sizeof part)) > 0)
        tdm_buf_add(text, part, (size_t)got);
    if (got < 0)
        code = tdm_path_fail(err, "reading", path);
    else if (text->failed || text->len > TDM_SNAPSHOT_MANIFEST_MAX)
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s is too long", path);
    close(fd);
    return code;
}

/* Which form a schema names; 0: none that this program knows. */
static int form_of(const char *schema)
{
    const char *number = schema + sizeof SCHEMA - 1;
    return strcmp(number, "1") == 0 ? FORM_CLEAR : strcmp(number, "2") == 0 ? FORM_ENCRYPTED : 0;
}

static tdm_code read_text(tdm_span text, const char *folder, tdm_snapshot *out, tdm_err *err)
{
    tdm_code code = TDM_OK;
    json_t *all = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    const char *schema = json_string_value(json_object_get(all, "schema"));
    if (schema == NULL || strncmp(schema, SCHEMA, sizeof SCHEMA - 1) != 0)
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s/%s does not say what it holds", folder, NAME);
    else if (form_of(schema) == 0 || json_integer_value(json_object_get(all, "format")) > form_of(schema))
        code = tdm_fail(err, TDM_UNSUPPORTED, 0, "the snapshot is of a newer form than this program knows");
    else if (!read_manifest(all, out) || out->encrypted != (form_of(schema) == FORM_ENCRYPTED))
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s/%s does not say whose store it is", folder, NAME);
    json_decref(all);
    return code;
}

tdm_code tdm_snapshot_read(const char *path, tdm_snapshot *out, tdm_err *err)
{
    tdm_buf text = { 0 };
    *out = (tdm_snapshot){ 0 };
    tdm_code code = tdm_snapshot_manifest_load(path, &text, err);
    if (code == TDM_OK)
        code = read_text(tdm_buf_span(&text), path, out, err);
    tdm_buf_free(&text);
    return code;
}
