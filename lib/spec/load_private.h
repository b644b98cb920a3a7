/* load_private.h -- reading a spec: what its readers share, then the readers.
 *
 * From the lowest up: each calls only what stands above it here. */
#ifndef SPEC_LOAD_PRIVATE_H
#define SPEC_LOAD_PRIVATE_H

#include "base/json.h"
#include "base/str.h"
#include "spec/manifest.h"
#include "yaml/yaml.h"

/* Stands in a text where something could not be expanded.  No UTF-8 text holds this byte, so
 * whoever meets it knows that the problem has been told already. */
#define LOAD_POISON "\xff"

struct load_parameter;

/* A pipeline while it is being read. */
struct draft {
    struct manifest_pipeline *pipeline;
    const struct yaml_node *node; /* in billing.yaml */
    char *path;                   /* "pipelines.ddn-api" */
    json_t *words; /* built-in names: price_book_words, and others that were asked for */
    struct load_parameter *parameters;
    size_t parameter_count;
    struct yaml_node *resources; /* template and overrides in one, expanded; owned by documents */
    json_t *off;                 /* id -> true: switched off */
    bool *flawed; /* per resource: a problem was told, so `declared` is not all of it */
    bool cyclic;  /* no order: nothing can be resolved */
    bool unsound; /* an error was told: what the pipeline comes to is not known */
};

struct load {
    struct problems *problems;
    struct yaml_node *documents; /* a list of all that positions point into; the manifest's */
    struct draft *drafts;        /* one per pipeline */
    size_t draft_count;
    json_t *templates;    /* path -> place among documents */
    const char *boundary; /* the manifest's */
    bool unlinted;        /* the lints are not asked */
    json_t *variables;    /* name -> true: of the environment, that a text names; NULL: not noted */
    json_t *files;        /* path -> text of a file that a template names */
    struct load_known {   /* what was worked out of parts that many pipelines have in common */
        struct load_fact *facts;
        size_t count, room;
    } known;
};

/* ---- load.c: problems at their places, and what every reader asks ---- */

/* An error at a node's value, or at its key. */
void load_error(struct load *load, const struct yaml_node *node, const char *path,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void load_error_key(struct load *load, const struct yaml_node *node, const char *path,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An error at a field of a resource ("" for the resource itself; dots and [n] descend). */
void load_error_field(struct load *load, const struct draft *draft, size_t resource,
                      const char *field, const char *text);
/* The yaml_problem_fn that adds errors to a struct load's problems. */
void load_yaml_problem(void *load, struct yaml_place place, const char *path, const char *problem);
/* An error for each key of a mapping that is not in keys (ends with NULL).  False, with an error,
 * when node is no mapping. */
bool load_check_keys(struct load *load, const struct yaml_node *node, const char *path,
                     const char *const *keys);
/* What IAM lets a policy, a role or a user be called, with its path; no wildcard is among it.
 * Source: "IAM and AWS STS quotas", IAM name requirements. */
bool load_is_iam_name(const char *text);
/* A name of lower-case letters, digits and those in extra, starting with a letter (or a digit). */
bool load_is_name(const char *text, const char *extra, bool digit_first);
/* A text in which something could not be expanded: that was told. */
bool load_is_poisoned(const struct yaml_node *node);
/* What was found out for a part of the spec (a node, a value, a field) and who asks, both by their
 * address, so they must stay as they are; NULL: nothing yet. Borrowed. */
json_t *load_known(const struct load *load, const void *part, const void *asks);
/* Remembers it; takes over the reference.  The part must stay until load_known_fini. */
json_t *load_know(struct load *load, const void *part, const void *asks, json_t *fact);
void load_known_fini(struct load *load);

/* Where a value stands, put together only for who tells it: "a.b[2]". */
struct load_way {
    const struct load_way *above; /* NULL: the first */
    const char *key;              /* NULL: an item of a list */
    size_t index;
};
/* New text. */
char *load_way_text(const struct load_way *way);
/* The directory of a file's path with its last slash ("" without one); new text. */
char *load_directory(const char *file);

/* ---- load_text.c: ${...} in texts ---- */

struct reference {
    const char *start; /* the '$' */
    const char *name;  /* after the '{' */
    size_t length;     /* of the name */
    const char *end;   /* after the '}'; NULL: it never closes */
};
/* The next ${...} in text that no second '$' escapes; false when there is none. */
bool load_text_next(const char *text, struct reference *reference);
/* Adds length bytes of text with $${ as ${. */
void load_text_add_unescaped(struct str *s, const char *text, size_t length);
/* Reverses it: what is text with ${ in it, as a spec writes it. */
void load_text_add_escaped(struct str *s, const char *text);
/* Expands ${VARIABLE} in every text below node. */
void load_text_environment(struct load *load, struct yaml_node *node, const char *path);
/* A setting's text: new memory; NULL when node is NULL, null, empty, no text (an error) or
 * poisoned. */
char *load_text_setting(struct load *load, const struct yaml_node *node, const char *path);

/* ---- load_settings.c: all of billing.yaml but pipelines and billing ---- */

void load_settings_read(struct load *load, const struct yaml_node *root, struct manifest *manifest);
/* A warning when neither account nor the pipelines' roles say whose account it is. */
void load_settings_warn(struct load *load, const struct yaml_node *root,
                        const struct manifest *manifest);
/* Lays the `mode` of a mapping, where it has one, over *mode. */
void load_settings_mode(struct load *load, const struct yaml_node *parent, const char *path,
                        struct manifest_mode *mode);
/* The same of `protect`. */
void load_settings_protect(struct load *load, const struct yaml_node *parent, const char *path,
                           enum manifest_protect *protect);
/* A region of AWS by its form, or NULL with an error; new text. */
char *load_settings_region(struct load *load, const struct yaml_node *node, const char *path);

/* ---- load_parameters.c: the ${...} of a template ---- */

/* Names that no parameter may have; ends with NULL. */
extern const char *const load_parameters_built_in[];
/* Fills draft->parameters from the template's parameters and the pipeline's. */
void load_parameters_read(struct load *load, struct draft *draft, const struct yaml_node *template);
/* Expands ${parameter}, ${region}, ${dns_suffix}, ${pipeline} and ${file:...} in every text below
 * node; references to resources, ${account} and ${partition} stay. */
void load_parameters_expand(struct load *load, struct draft *draft, struct yaml_node *node,
                            const char *path);
/* A warning for each BILLING_* of the environment that no text named. */
void load_parameters_warn(struct load *load, const struct yaml_node *root);
void load_parameters_free(struct draft *draft);

/* ---- load_billing.c: the sections `billing` and `cost`, and the queries ---- */

/* Fills pipeline->billing and pipeline->cost from the top level's sections with the pipeline's laid
 * over them. */
void load_billing_read(struct load *load, struct draft *draft, const struct yaml_node *root);
/* Tells of two pipelines that give numbers of one series (billing.seller.series) in two buckets:
 * each would begin with 1.  Once all resources are read. */
void load_billing_series(struct load *load, const struct yaml_node *root);
/* Tells which queries statements and receipts need and a template does not have. */
void load_billing_seller(struct load *load, const struct yaml_node *root);
/* The top level's `cost`; NULL: there is none, or it has problems. */
json_t *load_billing_cost(struct load *load, const struct yaml_node *root);
/* Fills pipeline->queries from the template (NULL: none) with the pipeline's laid over them. */
void load_billing_queries(struct load *load, struct draft *draft, const struct yaml_node *template);
/* The section of another file (or the whole file, if it begins with the section's keys) laid over a
 * pipeline's own; new reference, NULL when it has problems. */
json_t *load_billing_other(struct load *load, struct yaml_node *root,
                           const struct manifest_pipeline *pipeline);

/* ---- load_pipeline.c: the pipelines of billing.yaml ---- */

/* Fills manifest->pipelines and load->drafts, but for the resources. */
void load_pipeline_all(struct load *load, const struct yaml_node *root, struct manifest *manifest);
/* Frees load->drafts. */
void load_pipeline_fini(struct load *load);

/* ---- load_policy.c: an IAM policy document (statements: only its list), or NULL after an error */

json_t *load_policy_read(struct load *load, const struct yaml_node *node, const char *path);
json_t *load_policy_statements(struct load *load, const struct yaml_node *node, const char *path);

/* ---- load_value.c ---- */

/* node as the field's type wants it; NULL after an error.  A node of several pipelines gives one
 * value, which is not changed; load_known(load, value, NULL) tells that it is such. */
json_t *load_value_read(struct load *load, const struct kind *kind, const struct field *field,
                        const struct yaml_node *node, const char *path);
/* The shape of a field, as table_field_shape has it, followed. */
const json_t *load_value_field_shape(struct load *load, const struct kind *kind,
                                     const struct field *field);
/* The shape a shape or a member refers to. */
const json_t *load_value_shape(const struct aws_model *model, const json_t *shape);

/* ---- load_resource.c: kind and fields of each resource of a pipeline ---- */

void load_resource_all(struct load *load, struct draft *draft);

/* ---- load_order.c: fills needs, tells dangling references and cycles, sorts ---- */

void load_order(struct load *load, struct draft *draft);

/* ---- load_check.c: values AWS would refuse, and resources declared twice ---- */

/* What the pipeline comes to (manifest_resolve), new reference; NULL when that cannot be said.
 * account: 12 digits, or NULL.  seen: what the pipelines before declare; this one's is added. */
json_t *load_check(struct load *load, struct draft *draft, const char *account, json_t *seen);

#endif
