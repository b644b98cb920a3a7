#include "daemon/web/web_unix.h"

#include "daemon/web/web_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_ROOM = sizeof(((struct sockaddr_un *)NULL)->sun_path) };

int web_unix_fail(const char *where, int problem, struct err *e)
{
    bool taken = problem == EADDRINUSE;
    bool denied = problem == EACCES || problem == EPERM;

    return err_set(e,
                   taken    ? ERR_RETRY
                   : denied ? ERR_DENIED
                            : ERR_INVALID,
                   "listen: cannot listen on %s: %s%s", where, strerror(problem),
                   taken ? " (is billingd running already?)" : "");
}

int web_unix_check(const char *path, struct err *e)
{
    if (*path == '/' && strlen(path) < PATH_ROOM)
        return 0;
    return err_set(e, ERR_INVALID,
                   "listen: \"unix:%s\": the path of a socket must be absolute and no longer than "
                   "%d bytes, such as unix:/run/billingd/http.sock",
                   path, (int)PATH_ROOM - 1);
}

static int make_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* A socket of ours that refuses: whoever made it is gone. */
static bool is_left_behind(const struct sockaddr_un *at)
{
    struct stat found;
    int fd = make_socket();
    bool refused;

    refused = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) != 0 &&
              errno == ECONNREFUSED;
    if (fd >= 0)
        (void)close(fd);
    return refused && !lstat(at->sun_path, &found) && S_ISSOCK(found.st_mode) &&
           found.st_uid == geteuid();
}

/* 0 or errno. */
static int bind_once(int fd, const struct sockaddr_un *at)
{
    return bind(fd, (const struct sockaddr *)at, sizeof *at) ? errno : 0;
}

/* Between bind and chmod nobody may connect: the file is made without any permission.  0 or errno.
 */
static int bind_at(int fd, const struct sockaddr_un *at, int mode)
{
    mode_t before = umask(0777);
    int problem = bind_once(fd, at);

    if (problem == EADDRINUSE && is_left_behind(at) && !unlink(at->sun_path))
        problem = bind_once(fd, at);
    (void)umask(before);
    if (!problem && (listen(fd, WEB_BACKLOG) || chmod(at->sun_path, (mode_t)mode)))
        problem = errno;
    return problem;
}

int web_unix_open(const char *path, int mode, dev_t *device, ino_t *inode, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat made = {0};
    int fd = make_socket(), problem = fd < 0 ? errno : 0;
    char where[WEB_ADDRESS] = "unix:";

    memcpy(at.sun_path, path, strlen(path) + 1);
    strncat(where, path, sizeof where - strlen(where) - 1);
    if (!problem)
        problem = bind_at(fd, &at, mode);
    if (problem) {
        if (fd >= 0)
            (void)close(fd);
        return web_unix_fail(where, problem, e);
    }
    (void)lstat(path, &made);
    *device = made.st_dev;
    *inode = made.st_ino;
    return fd;
}

void web_unix_remove(const char *path, dev_t device, ino_t inode)
{
    struct stat found;

    if (!lstat(path, &found) && found.st_dev == device && found.st_ino == inode)
        (void)unlink(path);
}
