/* verb.h -- what a command of billingd is; the commands about the pipeline, one file each. */
#ifndef DAEMON_VERBS_VERB_H
#define DAEMON_VERBS_VERB_H

#include "daemon/verbs/options.h"

struct verb {
    const char *name;
    const char *arguments; /* its own flags as usage shows them; each is a row in options.c */
    const char *summary;   /* one line; NULL: for programs, not listed */
    const char *example;
    int (*run)(const struct options *options); /* returns an exit_code */
    const char
        *operand;      /* the argument it needs: "YYYY-MM", or may have: "[PLANFILE]"; NULL: none */
    bool prints_bills; /* -o table, csv and focus, too */
};

/* Each returns an exit_code. */
int verb_check(const struct options *options);
int verb_plan(const struct options *options);
int verb_apply(const struct options *options);
int verb_status(const struct options *options);
int verb_pause(const struct options *options); /* and resume */
int verb_fmt(const struct options *options);
int verb_schema(const struct options *options);
int verb_import(const struct options *options);
int verb_iam_policy(const struct options *options);
int verb_whoami(const struct options *options);

#endif
