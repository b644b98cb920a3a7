#include "daemon/verbs/spec_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *text)
{
    size_t length = strlen(text);

    while (length) {
        ssize_t n = write(fd, text, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        text += n;
        length -= (size_t)n;
    }
    return fsync(fd);
}

/* A link, unlike a rename, fails where there is one already. */
int spec_file_write(const char *path, const char *text, struct err *e)
{
    cleanup_free char *beside = mem_printf("%s.XXXXXX", path);
    int fd = mkostemp(beside, O_CLOEXEC), problem = 0; /* mode 0600 */

    if (fd < 0)
        return err_set(e, ERR_RETRY, "%s is not written: %s", path, strerror(errno));
    if (write_all(fd, text))
        problem = errno;
    if (close(fd) && !problem)
        problem = errno;
    if (!problem && link(beside, path))
        problem = errno;
    (void)unlink(beside);
    if (problem == EEXIST)
        return err_set(e, ERR_DENIED, "%s is there already: it is never overwritten", path);
    return problem ? err_set(e, ERR_RETRY, "%s is not written: %s", path, strerror(problem)) : 0;
}
