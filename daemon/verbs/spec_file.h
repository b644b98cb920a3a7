/* spec_file.h -- a spec that a verb made, as a new file: whole or not at all, never over another.
 */
#ifndef DAEMON_VERBS_SPEC_FILE_H
#define DAEMON_VERBS_SPEC_FILE_H

#include "base/err.h"

/* 0, or -1 and *e: ERR_DENIED when there is such a file already, else ERR_RETRY. */
int spec_file_write(const char *path, const char *text, struct err *e);

#endif
