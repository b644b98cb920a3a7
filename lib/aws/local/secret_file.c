/* secret_file.c -- reads and replaces small files that hold secrets. */
#include "aws/local/secret_file.h"

#include "aws/local/whole_file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int fail(char why[static SECRET_FILE_WHY], const char *text)
{
    (void)snprintf(why, SECRET_FILE_WHY, "%s", text);
    return -1;
}

/* strerror is not for threads. */
static int fail_number(char why[static SECRET_FILE_WHY], int number)
{
    char text[SECRET_FILE_WHY];

    return fail(why, strerror_r(number, text, sizeof text));
}

/* Without O_NONBLOCK the open of a FIFO waits for its writer. */
static int open_regular(const char *path, char why[static SECRET_FILE_WHY])
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat info;

    if (fd < 0)
        return fail_number(why, errno);
    if (fstat(fd, &info))
        (void)fail_number(why, errno);
    else if (S_ISDIR(info.st_mode))
        (void)fail_number(why, EISDIR);
    else if (!S_ISREG(info.st_mode) &&
             !(S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3))) /* /dev/null */
        (void)fail(why, "is no regular file: a pipe or device could make billingd wait");
    else
        return fd;
    (void)close(fd);
    return -1;
}

static int read_all(int fd, struct secret_file *file, size_t limit)
{
    ssize_t n = 1;

    while (n > 0 && file->length <= limit) {
        n = read(fd, file->text + file->length, limit + 1 - file->length);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            file->length += (size_t)n;
    }
    if (n < 0)
        return fail_number(file->why, errno);
    if (file->length <= limit)
        return 1;
    (void)snprintf(file->why, sizeof file->why, "larger than %zu KiB", limit >> 10);
    return -1;
}

int secret_file_read(const char *path, size_t limit, struct secret_file *file)
{
    struct stat info;
    int fd, status;

    *file = (struct secret_file){0};
    if (stat(path, &info) && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if ((fd = open_regular(path, file->why)) < 0)
        return -1;
    file->text = mem_new(limit + 2);
    status = read_all(fd, file, limit);
    (void)close(fd);
    if (status < 0)
        secret_file_fini(file);
    return status;
}

void secret_file_fini(struct secret_file *file)
{
    if (file->text)
        explicit_bzero(file->text, file->length);
    free(file->text);
    file->text = NULL;
    file->length = 0;
}

int secret_file_write(const char *path, const char *text, char why[static SECRET_FILE_WHY])
{
    int problem = whole_file_replace(path, text, NULL);

    return problem ? fail_number(why, problem) : 0;
}
