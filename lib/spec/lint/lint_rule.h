/* lint_rule.h -- what a lint is, for the files whose tables hold them.
 *
 * A lint is constant data and one function that looks at one resource, or at one SQL statement.  It
 * must not care whether a value was wished or read, and says nothing where a value is missing. */
#ifndef SPEC_LINT_LINT_RULE_H
#define SPEC_LINT_LINT_RULE_H

#include "spec/lint/lint_subject.h"

/* What a lint looks at, and what it found there. */
struct lint_look {
    const struct lint_subject *subject;
    const struct lint_resource *resource;
    const json_t *values;        /* of the resource */
    const struct sql *statement; /* SQL lints: one statement; else NULL */
    char detail[400];            /* what exactly was found; may stay empty */
};

struct lint {
    const char *code;   /* rows of one code differ by kind and field only */
    const char *title;  /* what is wrong */
    const char *cost;   /* the money or data lost */
    const char *remedy; /* what to do */
    const char *kind;   /* of the resources to look at; NULL: each statement of those with SQL */
    const char *field;  /* the field at fault; "billing....": of that section */
    bool (*find)(struct lint_look *look);
    bool is_error; /* AWS refuses it, or nothing could be billed: no warning */
};

/* Remembers what was found, after what was found before; always true. */
bool lint_rule_say(struct lint_look *look, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
