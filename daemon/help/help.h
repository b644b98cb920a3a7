/* help.h -- what billingd says of itself: for people, and as one document for programs, which the
 * manual, docs/cli.md and the completions are made from. */
#ifndef DAEMON_HELP_HELP_H
#define DAEMON_HELP_HELP_H

#include "daemon/verbs/verb.h"

#include <jansson.h>
#include <stdio.h>

/* All verbs, the flags that each has, exit codes. */
void help_print(const struct verb *verbs, FILE *out);
/* One verb: its usage, its flags, an example. */
void help_print_verb(const struct verb *verb, FILE *out);
/* Everything of the table, with a format_version; new reference. */
json_t *help_document(const struct verb *verbs);

/* `billingd help [VERB]`: the above, as -o says; returns an exit_code. */
int help_verb(const struct options *options);
/* `billingd complete addresses|pipelines`: what a shell offers, one a line, out of the spec alone.
 * A spec that is wrong has nothing to offer, and nothing is said. EXIT_DONE. */
int help_complete(const struct options *options);

#endif
