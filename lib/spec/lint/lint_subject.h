/* lint_subject.h -- what lints judge: the documents of one pipeline, and what lints ask of them.
 *
 * A document is what a spec wants, with its references resolved, or what AWS has: lints take both.
 */
#ifndef SPEC_LINT_LINT_SUBJECT_H
#define SPEC_LINT_LINT_SUBJECT_H

#include "resources/kind.h"
#include "spec/lint/sql.h"

struct lint_resource {
    const char *id; /* borrowed; for who asked */
    const struct kind *kind;
    const json_t *values; /* field -> value, borrowed; any may be missing */
    struct sql sql;       /* tokens of the kind's SQL field; empty without one */
    struct sql *statements;
    size_t statement_count;
    bool spared; /* is there for the others: nothing is looked for in it */
};

struct lint_subject {
    struct lint_resource *resources;
    size_t count;
    const json_t *facts;   /* account, region, partition, borrowed; NULL: not known */
    const json_t *billing; /* the section of that name, borrowed; NULL: nothing is billed */
    const char *pipeline;  /* its name, borrowed; NULL: not known */
    const json_t *others;  /* lint_path_remember of pipelines judged before, borrowed; NULL: none */
    json_t *known;  /* what was worked out of a log format alone, by the format: filled in for the
                       next subject, borrowed; NULL: worked out each time */
    json_t *places; /* lint_path_places of this one, from lint_run on; owned */
    int year;       /* now, UTC */
};

/* Adds a resource; all arguments are borrowed until lint_subject_fini. */
void lint_subject_add(struct lint_subject *subject, const char *id, const struct kind *kind,
                      const json_t *values);
void lint_subject_fini(struct lint_subject *subject);

/* Values of the next resource that plays a part; start with *index = 0; NULL at the end. */
const json_t *lint_subject_next(const struct lint_subject *subject, enum kind_part part,
                                size_t *index);
/* The `name` among values, "" where there is none. */
const char *lint_subject_name(const json_t *values);

#endif
