/* options.h -- the command line: flags, then BILLINGD_* environment, then defaults. */
#ifndef DAEMON_VERBS_OPTIONS_H
#define DAEMON_VERBS_OPTIONS_H

#include "base/log.h"
#include "daemon/views/exit_code.h"
#include "daemon/views/terminal.h"

#include <stdbool.h>

struct verb;

/* table, csv and focus are ways to print a bill. */
enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_FOCUS };

struct options {
    const struct verb *verb; /* one of the table */
    const char *file;        /* NULL: the default places */
    enum output_format output;
    enum terminal_color color;
    enum log_level log_level;
    bool yes, detailed_exitcode, strict, print_effective, dry_run;
    bool once;                 /* run: one pass, then end */
    bool from_raw;             /* bill: also from raw events, and compare */
    bool automatic;            /* backfill: as far back as the log group reaches */
    bool correct;              /* close: what arrived after the close */
    bool first;                /* close: months before stay open */
    bool rebuild;              /* rollup: days whose build is believed, too */
    bool accept_unknown;       /* close: although AWS has no counts for some hours */
    bool verbose;              /* plan: what is ignored, too */
    bool check, diff;          /* fmt: only tells; shows what would change */
    bool skip_pass_role_check; /* apply, run: write although IAM's simulation denies iam:PassRole */
    /* NULL: not given; not checked yet. */
    const char *month;           /* YYYY-MM */
    const char *since;           /* duration ("36h", "7d") or YYYY-MM-DD */
    const char *from, *to, *day; /* YYYY-MM-DD */
    const char *prices;          /* another file with a billing section */
    const char *pipeline;        /* only this one */
    const char *legacy;          /* backfill: a prefix with objects in an older form */
    const char *public_key;      /* verify: a file with the key to trust */
    const char *for_use;         /* iam-policy: one of the verbs */
    const char *split;           /* iam-policy: a number of policies */
    const char *out;             /* plan: the file to keep it in */
    const char *reason;          /* pause: why */
    const char *bad_spec;        /* run: "exit" or "stay" */
    const char *operand;         /* the argument behind the verb: close 2025-10; NULL: none */
};

/* Reads argv; verbs (ends with {0}) are those there are.  Returns -1 to go on, else the exit code
 * (help was shown, or usage was wrong). */
int options_parse(int argc, char **argv, const struct verb *verbs, struct options *options);
/* Colour for what goes to out. */
bool options_color(const struct options *options, FILE *out);

#endif
