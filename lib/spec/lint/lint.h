/* lint.h -- the known ways to lose or miscount money that a spec can contain.
 *
 * A lint is constant data and one function that looks at one resource of a pipeline.  Codes: BL1xx
 * delivery, BL2xx access log, BL3xx SQL, BL4xx tables, BL5xx storage, BL6xx permissions.
 * docs/lints.md lists them all. */
#ifndef SPEC_LINT_LINT_H
#define SPEC_LINT_LINT_H

#include "spec/lint/lint_sql.h"
#include "spec/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* One pipeline as lints see it. */
struct lint_pipeline {
    const json_t *resources; /* [{"id": text, "kind": text, "fields": {field: resolved value}}] */
    const struct sql *sql;   /* per resource: the tokens of its `sql` field, else none */
    int year;                /* now, UTC */
};

/* The resource a lint looks at, and what it found there. */
struct lint_at {
    const struct lint_pipeline *pipeline;
    const json_t *fields;
    const struct sql *statement; /* SQL lints: one statement; else NULL */
    const char *kind;
    char detail[160]; /* what exactly was found; may stay empty */
};

struct lint {
    const char *code;
    const char *title;  /* what is wrong */
    const char *cost;   /* the money or data lost */
    const char *remedy; /* what to do */
    const char
        *kind; /* of the resources to look at; "sql": each statement of those that have one */
    const char *field; /* the field at fault */
    bool (*find)(struct lint_at *at);
    enum problem_severity severity;
};

/* The lint at index, in order of code; NULL past the last. */
const struct lint *lint_code(size_t index);

/* A lint found something: in the resource at index, detail may be "". */
typedef void lint_found_fn(void *arg, const struct lint *lint, size_t index, const char *detail);
/* Runs every lint over resources (as in struct lint_pipeline), each at most once per resource. */
void lint_resources(const json_t *resources, int year, lint_found_fn *found, void *arg);

/* For the lints' own files. */

/* Fields of the next resource of a kind; start with *index = 0; NULL at the end. */
const json_t *lint_next(const struct lint_pipeline *pipeline, const char *kind, size_t *index);
/* Whether name is that of a resource of the kind. */
bool lint_has(const struct lint_pipeline *pipeline, const char *kind, const char *name);
/* "bucket/prefix/" of "s3://bucket/prefix" or NULL; new memory. */
char *lint_path(const char *location);
/* "bucket/prefix/" that a stream writes below, up to its first expression; new memory or NULL. */
char *lint_stream_path(const json_t *stream);
/* Whether one path lies within the other. */
bool lint_nested(const char *a, const char *b);
/* Remembers what was found; always true. */
bool lint_say(struct lint_at *at, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The tables of the lints' files; each ends with {0}. */
extern const struct lint lint_delivery[], lint_log[], lint_sql[], lint_shape[], lint_table[],
    lint_storage[];

#endif
