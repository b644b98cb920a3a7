/* log_key.h -- the keys of an access log line that the view reads, and what becomes of a bill
 * without each.
 *
 * The one list of them: lints, docs/lints.md and the test that compares it with specs/sql/view.sql
 * go by it. */
#ifndef SPEC_LINT_LOG_KEY_H
#define SPEC_LINT_LOG_KEY_H

#include "spec/lint/log_line.h"

enum log_key_use {
    LOG_KEY_COUNTED, /* without it there is no call */
    LOG_KEY_BILLED,  /* a bill is made of it, and its lint is one of its own */
    LOG_KEY_PRICED,  /* prices, rules and groups of a bill look at it */
    LOG_KEY_SHOWN,   /* no bill depends on it */
};

struct log_key {
    const char *name;
    const char *other; /* another key for the same; NULL: none */
    enum log_key_use use;
    const char *from; /* the variables that give it, by blanks; "*": any of AWS's */
    bool is_whole;    /* with other text beside the variable it is not read, or never is "-" */
    const char *loss; /* without it */
};

/* Ends with {0}. */
extern const struct log_key log_key_table[];

const struct log_key *log_key_find(const char *name);
/* Whether the variable gives the key its meaning. */
bool log_key_takes(const struct log_key *key, const struct log_variable *variable);
/* Whether callers choose what the variable prints: with a quote in it too. */
bool log_key_is_callers(const struct log_variable *variable);
/* Whether HTTP APIs have the variable. */
bool log_key_is_variable(const struct log_variable *variable);
/* The nearest variable that HTTP APIs have, or NULL. */
const char *log_key_nearest(const struct log_variable *variable);

#endif
