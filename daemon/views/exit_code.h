/* exit_code.h -- how a run ended, as the number that shells and systemd see. */
#ifndef DAEMON_VIEWS_EXIT_CODE_H
#define DAEMON_VIEWS_EXIT_CODE_H

struct err;
struct manifest;
struct pass;

/* What the process exits with, for every verb and in every mode.  64, 77 and 78 are BSD's
 * sysexits(3), which systemd prints by name.  Of several, the greater wins. */
enum exit_code {
    EXIT_DONE = 0,        /* done; or nothing differs */
    EXIT_FAILED = 1,      /* AWS refused or was out of reach, or a resource is blocked */
    EXIT_DIFFERENT = 2,   /* differences found, with --detailed-exitcode */
    EXIT_WARNINGS = 3,    /* only warnings, with --strict */
    EXIT_REFUSED = 4,     /* by a guard: another account than the spec's, nobody confirmed */
    EXIT_EVIDENCE = 5,    /* an audit or a verification found a mismatch */
    EXIT_BAD_USAGE = 64,  /* the command line is wrong */
    EXIT_DENIED = 77,     /* no permission, or no usable credentials */
    EXIT_BAD_CONFIG = 78, /* the spec or the AWS configuration is wrong */
};

/* The same for people: help, manual and docs/cli.md tell it from here.  Ends with code -1. */
struct exit_code_meaning {
    int code;
    const char *brief, *meaning;
};
extern const struct exit_code_meaning exit_code_meanings[];

/* The one that a finished pass stands for, --detailed-exitcode left out. */
int exit_code_of_pass(const struct pass *pass, const struct manifest *manifest);
/* The one that a failure stands for: EXIT_DENIED or EXIT_FAILED. */
int exit_code_of_error(const struct err *e);

#endif
