/* import_env.h -- the scripts' .env: NAME=value lines as a shell reads them, nothing run. */
#ifndef IMPORT_IMPORT_ENV_H
#define IMPORT_IMPORT_ENV_H

#include "base/err.h"

#include <jansson.h>

/* The variables BILLING_... and AWS_REGION of a file, name -> text; everything else in it is left
 * unread, since it may be a secret.  New reference; NULL and *e (ERR_INVALID, with line and column)
 * when the file cannot be read or a quote is never closed. */
json_t *import_env_read(const char *path, struct err *e);

#endif
