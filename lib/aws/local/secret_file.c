/* secret_file.c -- reads and replaces small files that hold secrets. */
#include "aws/local/secret_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int fail(const char *path, const char *why, struct err *e)
{
    return err_set(e, ERR_INVALID, "%s: %s", path, why);
}

/* Without O_NONBLOCK the open of a FIFO waits for its writer. */
static int open_regular(const char *path, struct stat *info, struct err *e)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *why = NULL;

    if (fd < 0)
        return fail(path, strerror(errno), e);
    if (fstat(fd, info))
        why = strerror(errno);
    else if (S_ISDIR(info->st_mode))
        why = strerror(EISDIR);
    else if (!S_ISREG(info->st_mode) &&
             !(S_ISCHR(info->st_mode) && info->st_rdev == makedev(1, 3))) /* /dev/null */
        why = "is no regular file: a pipe or device could make billingd wait";
    if (!why)
        return fd;
    (void)close(fd);
    return fail(path, why, e);
}

static int read_all(int fd, char *text, size_t limit, size_t *length)
{
    ssize_t n = 1;

    *length = 0;
    while (n > 0 && *length <= limit) {
        n = read(fd, text + *length, limit + 1 - *length);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            *length += (size_t)n;
    }
    return n < 0 ? -1 : 0;
}

int secret_file_read(const char *path, size_t limit, char **text, size_t *length, struct err *e)
{
    struct stat info;
    int fd, status = 1;

    *text = NULL;
    if (stat(path, &info) && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if ((fd = open_regular(path, &info, e)) < 0)
        return -1;
    *text = mem_new(limit + 2);
    if (read_all(fd, *text, limit, length))
        status = fail(path, strerror(errno), e);
    else if (*length > limit)
        status = err_set(e, ERR_INVALID, "%s: larger than %zu KiB", path, limit >> 10);
    (void)close(fd);
    if (status < 0) {
        explicit_bzero(*text, *length);
        free(*text);
        *text = NULL;
    }
    return status;
}

static int write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            text += n;
            left -= (size_t)n;
        }
    }
    return fsync(fd);
}

int secret_file_write(const char *path, const char *text, struct err *e)
{
    cleanup_free char *waiting = mem_printf("%s.XXXXXX", path);
    int fd = mkostemp(waiting, O_CLOEXEC), status; /* mode 0600 */

    if (fd < 0)
        return fail(path, strerror(errno), e);
    status = write_all(fd, text);
    if (close(fd) || status || rename(waiting, path)) {
        status = fail(path, strerror(errno), e);
        (void)unlink(waiting);
    }
    return status;
}
