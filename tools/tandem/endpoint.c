/* SPDX-License-Identifier: MPL-2.0
 *
 * endpoint.c: which daemon is meant, and whether anybody is there.
 */
#include "client.h"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char SCHEME[] = "ipc://";
static const char SOCKET[] = "/control.sock";

/* A configuration file does not say whose it is: it is the role's that takes all of its settings. */
static tdm_code folder_of_config(const char *file, tdm_buf *out, tdm_err *err)
{
    char *argv[] = { "tandem", "--config", (char *)file, NULL };
    static const tdm_role ROLES[] = { TDM_ROLE_NODE, TDM_ROLE_HUB };
    tdm_code code = TDM_INVALID;
    for (size_t i = 0; i < TDM_COUNT(ROLES) && code != TDM_OK; i++) {
        tdm_config *config = NULL;
        code = tdm_config_load(&config, ROLES[i], 3, argv, NULL, err);
        if (code == TDM_OK)
            tdm_buf_text(out, tdm_config_own(config, "state"));
        tdm_config_destroy(&config);
    }
    return code;
}

static tdm_code write_endpoint(const char *folder, char *out, size_t size, tdm_err *err)
{
    size_t len = strlen(folder);
    bool whole = strncmp(folder, SCHEME, strlen(SCHEME)) == 0;
    const char *path = whole ? folder + strlen(SCHEME) : folder;
    size_t path_len = strlen(path);
    while (!whole && path_len > 1 && path[path_len - 1] == '/')
        path_len--;
    size_t socket_len = path_len + (whole ? 0 : strlen(SOCKET));
    if (path_len == 0 || (!whole && strstr(folder, "://") != NULL))
        return tdm_fail(err, TDM_INVALID, 0,
                        "\"%.60s\" is no control endpoint; give a state folder, or ipc:// and a path",
                        folder);
    if (socket_len > TDM_SOCKET_PATH_MAX || len + strlen(SCHEME) + strlen(SOCKET) + 1 > size)
        return tdm_fail(err, TDM_INVALID, 0,
                        "the control socket's path has %zu bytes and a socket takes %d; use a state folder "
                        "with a shorter path, or a link to it: %.40s...",
                        socket_len, TDM_SOCKET_PATH_MAX, path);
    snprintf(out, size, "%s%.*s%s", SCHEME, (int)path_len, path, whole ? "" : SOCKET);
    return TDM_OK;
}

tdm_code tdm_endpoint_find(const tdm_invocation *invocation, const char *home, char *out, size_t size,
                           tdm_err *err)
{
    const char *connect_to = tdm_invocation_text(invocation, "connect");
    const char *config = tdm_invocation_text(invocation, "config");
    tdm_buf folder = { 0 };
    tdm_code code = TDM_OK;
    if (connect_to != NULL)
        tdm_buf_text(&folder, connect_to);
    else if (config != NULL)
        code = folder_of_config(config, &folder, err);
    else if (home != NULL && home[0] != '\0')
        tdm_buf_text(&folder, home);
    else
        code = tdm_fail(err, TDM_INVALID, 0,
                        "no daemon is named: set TANDEM_HOME to its state folder, or give --connect FOLDER");
    tdm_buf_add(&folder, "", 1);
    if (code == TDM_OK && folder.failed)
        code = tdm_fail(err, TDM_FULL, 0, "no memory for a path");
    if (code == TDM_OK)
        code = write_endpoint((const char *)folder.data, out, size, err);
    tdm_buf_free(&folder);
    return code;
}

tdm_code tdm_endpoint_probe(const char *endpoint, tdm_err *err)
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
