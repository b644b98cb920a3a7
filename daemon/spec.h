/* spec.h -- loading the spec for a verb, with its problems told. */
#ifndef DAEMON_SPEC_H
#define DAEMON_SPEC_H

#include "daemon/options.h"
#include "reconcile/manifest.h"

/* The manifest, or NULL with *code set to what the process should exit with.  Errors and lints are
 * printed on stderr; *warnings counts the latter. */
struct manifest *spec_load(const struct options *options, int *code, size_t *warnings);

#endif
