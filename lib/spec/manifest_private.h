/* manifest_private.h -- what the manifest_*.c files share while a spec is being read. */
#ifndef SPEC_MANIFEST_PRIVATE_H
#define SPEC_MANIFEST_PRIVATE_H

#include "base/str.h"
#include "base/yaml.h"
#include "spec/manifest.h"

/* Stands in a text where something could not be expanded.  No UTF-8 text holds this byte, so
 * whoever meets it knows that the problem has been told already. */
#define LOAD_POISON "\xff"

/* Where the account is not known, checks use this one. */
#define LOAD_ACCOUNT "123456789012"

struct parameter {
    const char *name;             /* borrowed from the template */
    const struct yaml_node *node; /* its value or default; NULL: neither */
    const char *value;            /* expanded text, owned by `text`; NULL until first used */
    char *text;
    char *path;
    bool busy; /* being expanded: meeting it again is a circle */
};

/* A pipeline while it is being read. */
struct draft {
    struct manifest_pipeline *pipeline;
    const struct yaml_node *node; /* in billing.yaml */
    char *path;                   /* "pipelines.ddn-api" */
    struct parameter *parameters;
    size_t parameter_count;
    struct yaml_node
        *resources; /* template and overrides in one, expanded; owned by the manifest */
    json_t *off;    /* id -> true: switched off */
    bool *flawed;   /* per resource: a problem was told, so `declared` is not all of it */
    bool cyclic;    /* no order: nothing can be resolved */
};

struct load {
    struct manifest *manifest;
    struct problems *problems;
    struct draft *drafts; /* one per pipeline */
    char *directory;      /* of billing.yaml, with the last slash; "" for the working directory */
};

/* manifest.c: an error at a node's value, or at its key. */
void load_error(struct load *load, const struct yaml_node *node, const char *path,
                const char *format, ...) __attribute__((format(printf, 4, 5)));
void load_error_key(struct load *load, const struct yaml_node *node, const char *path,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An error for each key of a mapping that is not in keys (ends with NULL).  False, with an error,
 * when node is no mapping. */
bool load_check_keys(struct load *load, const struct yaml_node *node, const char *path,
                     const char *const *keys);
/* ", did you mean x?" or "", in new memory. */
char *load_hint(const char *word, const char *const *candidates);
/* A name of lower-case letters, digits and those in extra, starting with a letter (or a digit). */
bool load_is_name(const char *text, const char *extra, bool digit_first);
/* The directory of a file's path with its last slash ("" without one); new text. */
char *load_directory(const char *file);
/* The yaml_problem_fn that adds errors to a struct load's problems. */
void load_yaml_problem(void *load, const char *file, int line, int column, const char *path,
                       const char *problem);

/* manifest_text.c: ${...} in texts. */
struct reference {
    const char *start; /* the '$' */
    const char *name;  /* after the '{' */
    size_t length;     /* of the name */
    const char *end;   /* after the '}'; NULL: it never closes */
};
/* The next ${...} in text that no second '$' escapes; false when there is none. */
bool text_next(const char *text, struct reference *reference);
/* Adds length bytes of text with $${ as ${ (unescape), or ${ as $${ (escape). */
void text_add_unescaped(struct str *s, const char *text, size_t length);
void text_add_escaped(struct str *s, const char *text);
/* Expands ${VARIABLE} in every text below node. */
void text_environment(struct load *load, struct yaml_node *node, const char *path);
/* A setting's text: new memory; NULL when node is NULL, null, empty, no text (an error) or
 * poisoned. */
char *text_setting(struct load *load, const struct yaml_node *node, const char *path);

/* manifest_parameters.c */
/* Fills draft->parameters from the template's parameters and the pipeline's. */
void parameters_read(struct load *load, struct draft *draft, const struct yaml_node *template);
/* Expands ${parameter}, ${region}, ${pipeline} and ${file:...} in every text below node; references
 * to resources, ${account} and ${partition} stay. */
void parameters_expand(struct load *load, struct draft *draft, struct yaml_node *node,
                       const char *path);
void parameters_free(struct draft *draft);

/* manifest_settings.c */
void settings_read(struct load *load, const struct yaml_node *root);
/* A region of AWS by its form, or NULL with an error; new text. */
char *settings_region(struct load *load, const struct yaml_node *node, const char *path);

/* manifest_pipeline.c */
void pipelines_read(struct load *load, struct yaml_node *root);
void draft_fini(struct draft *draft);

/* manifest_billing.c */
/* Fills pipeline->billing from the top level's section with the pipeline's laid over it. */
void billing_read(struct load *load, struct draft *draft, const struct yaml_node *root);
/* Fills pipeline->queries from the template. */
void queries_read(struct load *load, struct draft *draft, const struct yaml_node *template);

/* manifest_schema_billing.c: adds "billing" to the definitions. */
void schema_add_billing(json_t *definitions);

/* manifest_resource.c */
void resources_read(struct load *load, struct draft *draft);

/* manifest_value.c: node as the field's type wants it; NULL after an error. */
json_t *value_read(struct load *load, const struct kind *kind, const struct field *field,
                   const struct yaml_node *node, const char *path);
/* The shape a shape or a member refers to. */
const json_t *value_shape(const struct aws_model *model, const json_t *shape);
bool value_is_poisoned(const struct yaml_node *node);

/* manifest_policy.c: an IAM policy document (statements: only its list), or NULL after an error. */
json_t *policy_read(struct load *load, const struct yaml_node *node, const char *path);
json_t *policy_read_statements(struct load *load, const struct yaml_node *node, const char *path);

/* manifest_order.c: fills needs, tells dangling references and cycles, sorts. */
void order_resources(struct load *load, struct draft *draft);

/* manifest_resolve.c: manifest_resolve that tells what cannot be resolved.  load and draft may be
 * NULL together. */
json_t *resolve_pipeline(const struct manifest_pipeline *pipeline, const json_t *facts,
                         struct load *load, struct draft *draft);
/* account (or LOAD_ACCOUNT, or the role's), region and partition of a pipeline; new reference. */
json_t *resolve_facts(const struct manifest_pipeline *pipeline, const char *account);
const char *resolve_partition(const char *region);

/* manifest_check.c: values AWS would refuse, and resources declared twice. */
void check_values(struct load *load);

/* manifest_lint.c: adds a warning for every known way to lose or miscount money in the spec. */
void manifest_lint(const struct manifest *manifest, struct problems *problems);

#endif
