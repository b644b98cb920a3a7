/* problems.h -- everything wrong with a spec, gathered so that one run tells all of it. */
#ifndef SPEC_PROBLEMS_H
#define SPEC_PROBLEMS_H

#include "yaml/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum problem_severity { PROBLEM_ERROR, PROBLEM_WARNING };

struct problem {
    enum problem_severity severity;
    char *file;   /* as the user named it */
    int line;     /* 1-based; 0: the whole file */
    int column;   /* 1-based */
    char *path;   /* "pipelines.ddn-api.resources.bucket.name" */
    char *text;   /* what is wrong */
    char code[8]; /* lints: "BL101"; "" otherwise */
    char *remedy; /* lints: what to do; NULL otherwise */
    char *cost;   /* lints: the money or data lost; NULL otherwise */
};

struct problems {
    struct problem *items;
    size_t count;
    size_t errors, warnings;
};

/* The new problem, with copies of the texts (secrets hidden); set code, remedy and cost on it if it
 * is a lint. The pointer is valid until the next problems_add. */
struct problem *problems_add(struct problems *problems, enum problem_severity severity,
                             struct yaml_place place, const char *path, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Where there are errors of other kinds, warnings of lints wait until there are none. */
void problems_put_off_lints(struct problems *problems);
/* Sorted by file, line, column; exact repeats dropped. */
void problems_sort(struct problems *problems);
/* Calls visit for each problem, in order, but for what nobody would read: what is wrong alike (in
 * one file, with one text) at thousands of places is told at the first PROBLEMS_ALIKE of them, and
 * after PROBLEMS_SHOWN problems no more are told.  rest says behind which problem how many are left
 * out; NULL: none. */
enum { PROBLEMS_ALIKE = 20, PROBLEMS_SHOWN = 500 };
void problems_each(const struct problems *problems,
                   void (*visit)(void *arg, const struct problem *problem, const char *rest),
                   void *arg);
/* file:line:column: path: text, the line of the file with a caret, then cost and remedy; as
 * problems_each tells them. */
void problems_print(const struct problems *problems, FILE *out, bool color);
/* The same as events of the log: spec_error and spec_warning. */
void problems_log(const struct problems *problems);
void problems_fini(struct problems *problems);

#endif
