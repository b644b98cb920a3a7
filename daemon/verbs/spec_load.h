/* spec_load.h -- loading the spec for a verb, with its problems told. */
#ifndef DAEMON_VERBS_SPEC_LOAD_H
#define DAEMON_VERBS_SPEC_LOAD_H

#include "daemon/verbs/options.h"
#include "spec/manifest.h"

/* The manifest, or NULL with *code set to what the process should exit with.  Errors and lints are
 * printed on stderr; *warnings counts the latter. */
struct manifest *spec_load(const struct options *options, int *code, size_t *warnings);
/* The same for a verb that goes on to AWS: with --strict a spec with warnings is not loaded
 * (EXIT_WARNINGS). */
struct manifest *spec_load_strictly(const struct options *options, int *code);

#endif
