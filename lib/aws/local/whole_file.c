/* whole_file.c -- a file written as a whole or not at all. */
#include "aws/local/whole_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *text, const struct stat *like)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text += n;
        left -= (size_t)n;
    }
    if (like && ((fchown(fd, like->st_uid, like->st_gid) && errno != EPERM) ||
                 fchmod(fd, like->st_mode & 07777)))
        return -1;
    return fsync(fd);
}

static int put(const char *path, const char *text, const struct stat *like,
               int (*move)(const char *from, const char *to))
{
    cleanup_free char *beside = mem_printf("%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC), problem = 0; /* mode 0600 */

    if (fd < 0)
        return errno;
    if (write_all(fd, text, like))
        problem = errno;
    if (close(fd) && !problem)
        problem = errno;
    if (!problem && move(beside, path))
        problem = errno;
    if (problem || move == link)
        (void)unlink(beside);
    return problem;
}

int whole_file_replace(const char *path, const char *text, const struct stat *like)
{
    return put(path, text, like, rename);
}

/* A link, unlike a rename, fails where there is one already. */
int whole_file_create(const char *path, const char *text)
{
    return put(path, text, NULL, link);
}
