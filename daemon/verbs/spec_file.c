#include "daemon/verbs/spec_file.h"

#include "aws/local/whole_file.h"

#include <errno.h>
#include <string.h>

int spec_file_write(const char *path, const char *text, struct err *e)
{
    int problem = whole_file_create(path, text);

    if (problem == EEXIST)
        return err_set(e, ERR_DENIED, "%s is there already: it is never overwritten", path);
    return problem ? err_set(e, ERR_RETRY, "%s is not written: %s", path, strerror(problem)) : 0;
}
