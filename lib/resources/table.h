/* table.h -- interprets a kind's tables: parameters from fields, replies into documents. */
#ifndef RESOURCES_TABLE_H
#define RESOURCES_TABLE_H

#include "aws/codec/error.h"
#include "resources/kind.h"

/* The shape of a field in the call that writes it, else in the reply that holds it; NULL: none. */
const json_t *table_field_shape(const struct kind *kind, const struct field *field);

/* A template such as "arn:{partition}:s3:::{name}" filled from facts, desired and observed; names
 * that have no value become missing.  New text. */
char *table_fill(const struct scope *scope, const char *template, const char *missing);
/* Likewise for a policy's Resource: what is a wildcard or a variable there is written as itself. */
char *table_fill_pattern(const struct scope *scope, const char *template, const char *missing);
/* The kind's ARN; new text, NULL when it has none. */
char *table_arn(const struct scope *scope);
/* Attribute of a resource for references: its arn, a declared field, or the kind's own; new text or
 * NULL. */
char *table_attribute(const struct scope *scope, const char *name);

/* The words of call->send, with those in place of which "*" stands; new text. */
char *table_words(const struct kind *kind, const struct call *call);
/* True when the call sends the field. */
bool table_sends(const struct kind *kind, const struct call *call, const struct field *field);

/* The parameters of a call; new reference.  NULL when a field it cannot do without (one that AWS
 * reports) is not known yet; *missing then names it. */
json_t *table_params(const struct scope *scope, const struct call *call,
                     const struct field **missing);

/* Finds the resource in a whole reply: *document (new reference) or NULL when it is not there.
 * Returns how many items matched (1 where the call does not search). */
size_t table_take(const struct scope *scope, const struct call *call, const json_t *reply,
                  json_t **document);
/* Adds the next page's reply to what came before (lists are joined). */
void table_join(json_t *before, const json_t *page);
/* Puts the token of the next page into params and returns it (borrowed from params); NULL when this
 * was the last page.  Whether it came before is for the caller to judge. */
const char *table_next_page(const struct call *call, const json_t *reply, json_t *params);
/* True when the error is one of "Code Code:part of message ...". */
bool table_matches(const char *codes, const struct aws_error *error);
/* Whether a read's error says that there is none; whether a write's says that nothing is left to
 * do. */
bool table_is_absent(const struct kind *kind, const struct call *read,
                     const struct aws_error *error);
bool table_is_done(const struct kind *kind, const struct call *write,
                   const struct aws_error *error);
/* The entry of call->settle, else of kind->settle, that fits, or NULL. */
const struct settle *table_settle(const struct kind *kind, const struct call *call,
                                  const struct aws_error *error);

#endif
