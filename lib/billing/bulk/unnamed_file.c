#include "billing/bulk/unnamed_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *directory(void)
{
    const char *named = getenv("TMPDIR");

    return named && *named ? named : "/var/tmp";
}

int unnamed_file_failed(const char *what, struct err *e)
{
    return err_set(e, ERR_RETRY,
                   "a temporary file in %s cannot be %s: %s; TMPDIR names another directory",
                   directory(), what, strerror(errno));
}

int unnamed_file(struct err *e)
{
    cleanup_free char *name = mem_printf("%s/billingd.XXXXXX", directory());
    int file = open(directory(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    if (file >= 0)
        return file;
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT) {
        file = mkostemp(name, O_CLOEXEC);
        if (file >= 0)
            (void)unlink(name);
    }
    return file < 0 ? unnamed_file_failed("made", e) : file;
}
