/* SPDX-License-Identifier: MPL-2.0
 *
 * control_address.c: where a daemon's control socket is, whether anybody is there, and what a failure says.
 */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char SCHEME[] = "ipc://";
static const char SOCKET[] = "/control.sock";

tdm_code tdm_control_address(const char *where, char out[TDM_CONTROL_ADDRESS_MAX], tdm_err *err)
{
    bool whole = strncmp(where, SCHEME, strlen(SCHEME)) == 0;
    const char *path = whole ? where + strlen(SCHEME) : where;
    size_t path_len = strlen(path);
    while (!whole && path_len > 1 && path[path_len - 1] == '/')
        path_len--;
    size_t socket_len = path_len + (whole ? 0 : strlen(SOCKET));
    if (path_len == 0 || (!whole && strstr(where, "://") != NULL))
        return tdm_fail(err, TDM_INVALID, 0,
                        "\"%.60s\" is no control endpoint; give a state folder, or ipc:// and a path", where);
    if (socket_len > TDM_SOCKET_PATH_MAX)
        return tdm_fail(err, TDM_INVALID, 0,
                        "the control socket's path has %zu bytes and a socket takes %d; use a state folder "
                        "with a shorter path, or a link to it: %.40s...",
                        socket_len, TDM_SOCKET_PATH_MAX, path);
    snprintf(out, TDM_CONTROL_ADDRESS_MAX, "%s%.*s%s", SCHEME, (int)path_len, path, whole ? "" : SOCKET);
    return TDM_OK;
}

tdm_code tdm_control_probe(const char *endpoint, tdm_err *err)
{
    const char *path = endpoint + strlen(SCHEME);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return tdm_fail(err, TDM_IO, errno, "a socket could not be made: %s", strerror(errno));
    memcpy(address.sun_path, path, strlen(path) + 1);
    int done = connect(fd, (struct sockaddr *)&address, sizeof address);
    int sys = done == 0 ? 0 : errno;
    close(fd);
    if (sys == 0 || sys == EAGAIN || sys == EINPROGRESS) /* EAGAIN: it listens, and many wait */
        return TDM_OK;
    if (sys == EACCES || sys == EPERM)
        return tdm_fail(err, TDM_DENIED, sys, "you may not use %s; run this as the daemon's user", path);
    if (sys == ENOENT || sys == ENOTDIR)
        return tdm_fail(err, TDM_UNREACHABLE, sys, "no daemon has opened %s", path);
    if (sys == ECONNREFUSED)
        return tdm_fail(err, TDM_UNREACHABLE, sys, "the daemon of %s does not run any more", path);
    return tdm_fail(err, TDM_UNREACHABLE, sys, "%s: %s", path, strerror(sys));
}

/* ---- failures ---- */

static const struct {
    tdm_code code;
    const char *word;
    int status;
} CODES[] = {
#define X(symbol, word, status) { symbol, word, status },
    TDM_CODES(X)
#undef X
};

/* Of a newer daemon's word the status, which means the same. */
static tdm_code code_of(const char *word, json_int_t status)
{
    for (size_t i = 0; i < TDM_COUNT(CODES); i++)
        if (CODES[i].status != 0 && strcmp(CODES[i].word, word) == 0)
            return CODES[i].code;
    for (size_t i = 0; i < TDM_COUNT(CODES); i++)
        if (CODES[i].status == status)
            return CODES[i].code;
    return TDM_INTERNAL;
}

bool tdm_control_failed(const tdm_answer *answer)
{
    static const char BEGINNING[] = "{\"type\":\"error\"";
    return !answer->raw && answer->bytes.len >= sizeof BEGINNING - 1
           && memcmp(answer->bytes.data, BEGINNING, sizeof BEGINNING - 1) == 0;
}

tdm_code tdm_control_failure(tdm_span object, char hint[TDM_CONTROL_HINT_MAX], tdm_err *err)
{
    json_t *told = json_loadb((const char *)object.data, object.len, JSON_REJECT_DUPLICATES, NULL);
    const char *what = json_string_value(json_object_get(told, "what"));
    const char *kind = json_string_value(json_object_get(told, "kind"));
    const char *next = json_string_value(json_object_get(told, "hint"));
    json_int_t status = json_integer_value(json_object_get(told, "exit"));
    bool whole = what != NULL && kind != NULL && status >= 1 && status <= 10;
    tdm_code code = whole ? tdm_fail(err, code_of(kind, status), 0, "%s", what)
                          : tdm_fail(err, TDM_INTERNAL, 0, "the daemon failed without saying why");
    snprintf(hint, TDM_CONTROL_HINT_MAX, "%s", whole && next != NULL ? next : "");
    json_decref(told);
    return code;
}
