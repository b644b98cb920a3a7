/* unnamed_file.h -- a temporary file without a name: whatever ends the process frees its room. */
#ifndef BILLING_BULK_UNNAMED_FILE_H
#define BILLING_BULK_UNNAMED_FILE_H

#include "base/err.h"

/* In $TMPDIR, else in /var/tmp, which is no memory, mode 0600; its descriptor, to be closed.  -1
 * and *e (ERR_RETRY). */
int unnamed_file(struct err *e);
/* Says that such a file could not be `what` ("written"), out of errno, with its directory and a
 * remedy: -1 and *e (ERR_RETRY). */
int unnamed_file_failed(const char *what, struct err *e);

#endif
