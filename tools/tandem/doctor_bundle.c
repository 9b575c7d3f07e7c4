/* SPDX-License-Identifier: MPL-2.0
 *
 * doctor_bundle.c: the facts as a file that may be handed to others, and back.
 */
#include "doctor.h"

#include "tandem/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char SCHEMA[] = "tandem.bundle/";

/* ---- what is nobody else's */

/* How many people a node keeps rows about is for its lead alone (docs/privacy.md). */
static const char *const PRIVATE[] = { "people", "people_summarised" };

/* Keys as hex, base64 or Z85 and join codes are words of so many characters; no others of the facts are, but
 * paths, whose parts are shorter. Origins have 32 digits. */
enum { SECRET_CHARS = 40 };
static const char PATH_CHARS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:~";

static bool is_path(const char *word, size_t len)
{
    size_t at = 0;
    if (memchr(word, '/', len) == NULL)
        return false;
    while (at < len) {
        size_t part = strspn(word + at, PATH_CHARS);
        if (part >= SECRET_CHARS || (at + part < len && word[at + part] != '/'))
            return false;
        at += part + 1;
    }
    return true;
}

static bool looks_secret(const char *text)
{
    static const char BREAKS[] = " \t\n\"',;";
    if (strstr(text, "tandem1.") != NULL)
        return true;
    while (*text != '\0') {
        size_t len = strcspn(text, BREAKS);
        if (len >= SECRET_CHARS && !is_path(text, len))
            return true;
        text += len + (text[len] != '\0');
    }
    return false;
}

static void clean(json_t *value);

static void clean_object(json_t *object)
{
    const char *key;
    void *next;
    json_t *value;
    for (size_t i = 0; i < TDM_COUNT(PRIVATE); i++)
        json_object_del(object, PRIVATE[i]);
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_string(value) && looks_secret(json_string_value(value)))
            json_object_set_new(object, key, json_string("[removed]"));
        else
            clean(value);
    }
}

static void clean_array(json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *value = json_array_get(array, i);
        if (json_is_string(value) && looks_secret(json_string_value(value)))
            json_array_set_new(array, i, json_string("[removed]"));
        else
            clean(value);
    }
}

static void clean(json_t *value)
{
    if (json_is_object(value))
        clean_object(value);
    else if (json_is_array(value))
        clean_array(value);
}

void tdm_bundle_clean(json_t *facts)
{
    clean(facts);
}

/* ---- the file */

tdm_code tdm_bundle_save(const char *path, const json_t *facts, tdm_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return tdm_fail(err, TDM_EXISTS, errno, "%.120s is there already: name a new file", path);
    if (fd < 0)
        return tdm_path_fail(err, "making", path);
    tdm_code code = TDM_OK;
    if (json_dumpfd(facts, fd, JSON_INDENT(1)) != 0 || write(fd, "\n", 1) != 1 || fsync(fd) != 0)
        code = tdm_path_fail(err, "writing", path);
    close(fd);
    if (code != TDM_OK)
        unlink(path);
    return code;
}

tdm_code tdm_bundle_read(const char *path, json_t **facts, tdm_err *err)
{
    enum { BUNDLE_BYTES_MAX = 64 << 20 };
    tdm_buf bytes = { 0 };
    json_error_t fault;
    *facts = NULL;
    tdm_code code = tdm_read_file(path, stdin, BUNDLE_BYTES_MAX, &bytes, err);
    json_t *all = code == TDM_OK
                      ? json_loadb((const char *)bytes.data, bytes.len, JSON_REJECT_DUPLICATES, &fault)
                      : NULL;
    const char *schema = json_string_value(json_object_get(all, "schema"));
    if (code == TDM_OK && (schema == NULL || strncmp(schema, SCHEMA, sizeof SCHEMA - 1) != 0))
        code = tdm_fail(err, TDM_MALFORMED, 0, "%.120s is no bundle of tandem doctor", path);
    else if (code == TDM_OK && strcmp(schema + sizeof SCHEMA - 1, "1") != 0)
        code = tdm_fail(err, TDM_UNSUPPORTED, 0, "%.120s was saved by a newer tandem doctor", path);
    tdm_buf_free(&bytes);
    if (code != TDM_OK)
        json_decref(all);
    else
        *facts = all;
    return code;
}
