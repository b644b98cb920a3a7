/* options.h -- the command line: flags, then BILLINGD_* environment, then defaults. */
#ifndef DAEMON_VERBS_OPTIONS_H
#define DAEMON_VERBS_OPTIONS_H

#include "base/log.h"
#include "daemon/views/exit_code.h"
#include "daemon/views/terminal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct verb;

/* table, csv and focus are ways to print a bill, csv and jsonl long lists. */
enum output_format {
    OUTPUT_TEXT,
    OUTPUT_JSON,
    OUTPUT_TABLE,
    OUTPUT_CSV,
    OUTPUT_FOCUS,
    OUTPUT_JSONL,
    OUTPUT_HTML,
    OUTPUT_UBL,
    OUTPUT_FOCUS_1_4,
    OUTPUT_LINES
};

struct options {
    const struct verb *verbs; /* the table, ends with {0} */
    const struct verb *verb;  /* one of it; NULL: none was given */
    bool help, version;       /* asked for, whatever else was */
    const char *file;         /* NULL: the default places */
    enum output_format output;
    enum terminal_color color;
    enum log_level log_level;
    bool yes, detailed_exitcode, strict, print_effective, dry_run;
    bool boundary;             /* iam-policy: that of the roles */
    bool without_boundary;     /* iam-policy: writes of roles that have none, too */
    bool once;                 /* run: one pass, then end */
    bool from_raw;             /* bill: also from raw events, and compare */
    bool preview;              /* bill: days without a build from raw events */
    bool automatic;            /* backfill: as far back as the log group reaches */
    bool correct;              /* close: what arrived after the close */
    bool first;                /* close: months before stay open */
    bool due;                  /* close: the month that is due */
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
    const char *max_changes;     /* apply: so many of what is in place, whatever the spec says */
    const char *out;             /* plan: the file to keep it in */
    const char *reason;          /* pause: why */
    const char *bad_spec;        /* run: "exit" or "stay" */
    const char *env_file;        /* import: the scripts' .env */
    const char *stage;           /* import: of the API */
    const char *compare;         /* shadow: a file with a billing query */
    const char *columns;         /* shadow: which columns of its answer are what */
    const char *by;              /* bill: "day,route" */
    const char *customer;        /* bill, receipt, requests, reconcile: whose */
    const char *route, *status;  /* requests: only these */
    const char *their, *format;  /* reconcile: their file, and what it is */
    const char *column;          /* reconcile: of that file, where the ids are */
    const char *pattern;         /* reconcile: what finds them in a log */
    const char *template_file;   /* import: instead of the usual one */
    const char *operand;         /* the argument behind the verb: close 2025-10; NULL: none */
};

enum flag_kind { FLAG_TEXT, FLAG_TRUTH, FLAG_JSON, FLAG_OUTPUT, FLAG_COLOR, FLAG_LOG_LEVEL };

/* A flag, once: parsing, help, manual and completions come from it. */
struct flag {
    const char *name; /* "month" */
    char letter;      /* 'f'; 0: none */
    enum flag_kind kind;
    size_t offset;       /* of its member in struct options, for a text or a truth */
    const char *value;   /* what stands for its value: "YYYY-MM", "exit|stay"; NULL: it has none */
    const char *verb;    /* "*": of every verb; a name: only there; NULL: of the verbs whose
                            arguments name it */
    const char *meaning; /* one line */
};
/* Ends with {0}; rows of the same name stand together, and agree about having a value. */
extern const struct flag options_flags[];

/* A word of usage lines. */
struct word {
    const char *word; /* "YYYY-MM" */
    const char *meaning;
    const char *complete; /* what a shell offers for it: "file", "address" ...; NULL: nothing */
};
/* Ends with {0}. */
extern const struct word options_words[];

/* Reads argv; verbs (ends with {0}) are those there are.  Returns -1 to go on, else the exit code,
 * with the reason told.  With help or version asked for, only the verb is known; without a verb
 * only those make sense. */
int options_parse(int argc, char **argv, const struct verb *verbs, struct options *options);
/* The verb of that name; NULL when there is none, and told with the nearest. */
const struct verb *options_verb(const struct verb *verbs, const char *name);
/* Whether the verb takes the flag. *value: borrowed, where its value stands in the verb's
 * arguments (up to a blank or a bracket); NULL: in the flag's row, or it has none. */
bool options_takes(const struct verb *verb, const struct flag *flag, const char **value);
/* The row of that name that holds for the verb (NULL: any); NULL when there is none. */
const struct flag *options_flag(const struct verb *verb, const char *name);
/* BILLINGD_LOG_LEVEL for log-level; new text. */
char *options_variable(const struct flag *flag);
/* Colour for what goes to out. */
bool options_color(const struct options *options, FILE *out);

#endif
