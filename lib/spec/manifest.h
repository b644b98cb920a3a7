/* manifest.h -- billing.yaml and the pipeline template it names, as checked documents.
 *
 * Order of work: parse, expand ${ENVIRONMENT}, apply parameters, merge overrides, check against the
 * kinds and AWS's models, find references, order by them, lint.  Nothing here talks to AWS. */
#ifndef SPEC_MANIFEST_H
#define SPEC_MANIFEST_H

#include "resources/kind.h"
#include "spec/problems.h"

#include <stdint.h>

struct price_book;
struct yaml_node;

/* `mode`: whether billingd writes, or only looks and tells.  The narrowest that says it wins: of a
 * resource, of its pipeline, of the spec. */
struct manifest_mode {
    bool observe;
    struct yaml_place place; /* where it was said; line 0: nowhere */
};

/* What `protect` says; the mark in AWS stays where it says nothing. */
enum manifest_protect { MANIFEST_PROTECT_SILENT, MANIFEST_PROTECT_ON, MANIFEST_PROTECT_OFF };

struct manifest_resource {
    char *id;      /* key in the template: "bucket" */
    char *address; /* "ddn-api/bucket" */
    const struct kind *kind;
    json_t *declared; /* field -> value, converted by field type; text may hold ${references} */
    size_t *needs;    /* indices (in the pipeline's resources) that must be in place before */
    bool *only_named; /* of each: no call of it needs that to be there (FIELD_NAMES) */
    size_t need_count;
    bool absent; /* `ensure: absent` */
    enum manifest_protect protect;
    struct manifest_mode mode;
    json_t *ignored;              /* paths under `ignore`: resources/ignore.h; NULL: none */
    const struct yaml_node *node; /* where it stands; owned by the manifest */
};

struct manifest_pipeline {
    char *name;
    char *region;                        /* its own, or the manifest's */
    char *role_arn;                      /* NULL: ambient credentials */
    char *external_id;                   /* NULL: none */
    struct manifest_resource *resources; /* dependencies first */
    size_t resource_count;
    json_t *billing; /* the `billing` section, the manifest's below its own; scalars are texts;
                        NULL: there is none */
    struct price_book *book;       /* the same; NULL: there is none */
    json_t *cost;                  /* the `cost` section in the same way */
    enum manifest_protect protect; /* of its resources that say nothing */
    json_t *queries; /* name -> SQL of the template; ${runtime} placeholders are left in it */
    struct manifest_mode mode;
    json_t *formerly; /* marks of what it was before ("shop@old-bucket"); NULL: none */
};

/* Who may ask the daemon's web server, and for what. */
struct manifest_web {
    json_t *hosts;    /* names it is called by, beside its addresses and localhost; never NULL */
    int socket_mode;  /* of a Unix socket: 0660 */
    char *token_file; /* who knows what is in it sees values of AWS; NULL: nobody */
    bool actions;     /* POST /-/reload, ... */
};

enum { MANIFEST_MAX_CHANGES = 15 }; /* unless the spec says otherwise */

struct manifest {
    char *path;    /* as given */
    char *account; /* 12 digits, or NULL: unguarded */
    /* ARN of the policy that all roles of the spec stay below; may hold ${references}, NULL: none
     * but those that a role names itself. */
    char *boundary;
    char *listen; /* "127.0.0.1:9464", or several with ", " between; NULL: off */
    struct manifest_web web;
    int interval_s, jitter_s; /* time between passes; random addition to it */
    int settle_timeout_s;     /* longest wait for one resource to settle in one pass */
    int lease_s;              /* period in which the daemon that leads says so anew */
    int breaker_repairs;      /* writes of one field before writing stops */
    int breaker_window_s;     /* a field in sync for this long is forgiven */
    int max_changes;          /* of things in place, in one pass; 0: no limit */
    bool wide_reads;          /* lists and batches in place of single reads */
    int calls_per_minute;     /* to AWS, of the whole process; 0: no limit */
    struct manifest_mode mode;
    json_t *cost; /* the `cost` section: what AWS charges for what pipelines share; NULL: none */
    struct manifest_pipeline *pipelines;
    size_t pipeline_count;
    struct yaml_node *documents; /* parsed files, for positions */
};

/* Reads path ("-": standard input) and everything it names.  Problems of all files are added, lints
 * as warnings.  Returns NULL when there was an error among them; problems tells all. */
struct manifest *manifest_load(const char *path, struct problems *problems);
/* The same for a text at hand; path is only its name, and what names of files begin at.  Without
 * lint, what would lose money is no problem: for who wants to say it as it is. */
struct manifest *manifest_load_text(const char *path, const char *text, bool lint,
                                    struct problems *problems);
void manifest_free(struct manifest *manifest);
/* ./billing.yaml, then /etc/billingd/billing.yaml; NULL when neither exists. */
const char *manifest_default_path(void);

/* The wanted state of every resource of a pipeline, references resolved: an array of objects in the
 * order of pipeline->resources; new reference.  facts: account, region, partition (text).  The
 * ownership mark (resources/mark.h) is put into each kind's FIELD_OWNER map, defaults
 * (field.otherwise) are filled in. */
json_t *manifest_resolve(const struct manifest_pipeline *pipeline, const json_t *facts);
/* The bucket by which a deployment of the pipeline is told from others: its own, else the one that
 * its stream delivers to.  desired: as above; borrowed from it, NULL: there is none. */
const char *manifest_resolve_deployment(const struct manifest_pipeline *pipeline,
                                        const json_t *desired);
/* Who wants to know what cannot be resolved. */
struct manifest_resolve_check {
    bool *flawed; /* per resource: a problem was told, so its values are not all there; those with
                     references that cannot be resolved are added */
    void (*tell)(void *arg, size_t resource, const char *field, const char *text);
    void *arg;
};
json_t *manifest_resolve_checked(const struct manifest_pipeline *pipeline, const json_t *facts,
                                 const struct manifest_resolve_check *check);
/* The facts of a pipeline as far as a spec knows them; new reference.  account is that of its role,
 * else the one given, else (NULL) a made-up one: for checks. */
json_t *manifest_resolve_facts(const struct manifest_pipeline *pipeline, const char *account);

/* The `billing` section of another file (or the whole file, if it begins with the section's keys)
 * laid over a pipeline's own, pipelines.NAME.billing of that file too; new reference.  NULL when it
 * has problems; they are added. */
json_t *manifest_billing_with(const struct manifest *manifest, size_t pipeline, const char *path,
                              struct problems *problems);

/* The resource of that id (also one that is to be absent), or NULL. */
const struct manifest_resource *manifest_resource_find(const struct manifest_pipeline *pipeline,
                                                       const char *id);
/* What decides whether anything is written into the resource of that id; the pipeline's own mode
 * when the spec has none such.  Borrowed. */
const struct manifest_mode *manifest_resource_mode(const struct manifest_pipeline *pipeline,
                                                   const char *id);
/* "mode: observe (billing.yaml:3:1)"; new text. */
char *manifest_resource_mode_text(const struct manifest_mode *mode);
/* Where field ("" for the resource itself; dots and [n] descend) of a resource stands: the nearest
 * that stands anywhere.  Borrowed from the manifest. */
struct yaml_place manifest_resource_place(const struct manifest_resource *resource,
                                          const char *field);

/* A value with its texts as a spec writes them: ${ is escaped; new reference. */
json_t *manifest_effective_value(const json_t *value);
/* Everything expanded and resolved, as YAML text (`check --print-effective`): a spec that means the
 * same; new memory. */
char *manifest_effective(const struct manifest *manifest);
/* JSON Schema (2020-12) of billing.yaml, or of a template, from schema.json, the kinds' tables and
 * AWS's models; new reference. */
json_t *manifest_schema(bool template);
/* Adds a warning (an error, where AWS refuses it) for every known way to lose or miscount money
 * that a pipeline contains; part of manifest_load.  desired: manifest_resolve of it. */
struct manifest_lint_memory {
    json_t *places;  /* in S3, of the pipelines judged before; this one's are added
                        (lint/lint_path.h) */
    json_t *formats; /* what was worked out of log formats (lint/log_format.h) */
};
void manifest_lint(const struct manifest *manifest, size_t pipeline, const json_t *desired,
                   const struct manifest_lint_memory *memory, struct problems *problems);

#endif
