/* import_draft.h -- the spec that an import is writing: parameters, overrides and what is said
 * beside them.  All values are in the spec's language: a text that holds ${ is escaped already. */
#ifndef IMPORT_IMPORT_DRAFT_H
#define IMPORT_IMPORT_DRAFT_H

#include <jansson.h>
#include <stdbool.h>

struct import_draft {
    char *pipeline;
    bool named; /* somebody chose the pipeline's name */
    char *account, *region;
    char *template_path; /* NULL: the usual one */
    char *came_from;     /* the way from the API to the bucket, for the first line */
    json_t *parameters;  /* name -> text */
    json_t *resources;   /* id -> {field: value}, or false: off */
    json_t *beside;      /* id -> {field: text}: why it is not the template's value */
    json_t *notes;       /* id -> [texts]; "" for the whole */
    json_t *kept;        /* id -> {field: text}: why the template's value stays */
    json_t *unknown;     /* id -> text: why nobody knows whether there is one */
    json_t *missed;  /* id -> {"fields", "why", "denied"}: asked for and not read, left out since */
    json_t *billing; /* the section, or NULL */
};

void import_draft_init(struct import_draft *draft);
void import_draft_fini(struct import_draft *draft);
/* A parameter of the template, given as it is in AWS (text: may hold ${, is escaped). */
void import_draft_parameter(struct import_draft *draft, const char *name, const char *text);
/* An override (value: reference taken over; beside may be NULL). */
void import_draft_set(struct import_draft *draft, const char *id, const char *field, json_t *value,
                      const char *beside);
/* The same for a text of AWS's; text NULL or empty: nothing. */
void import_draft_set_text(struct import_draft *draft, const char *id, const char *field,
                           const char *text);
void import_draft_off(struct import_draft *draft, const char *id, const char *why);
/* Forgets a resource that was said anew. */
void import_draft_drop(struct import_draft *draft, const char *id);
bool import_draft_is_off(const struct import_draft *draft, const char *id);
/* The overrides of a resource, or NULL; borrowed. */
json_t *import_draft_fields(const struct import_draft *draft, const char *id);
/* Takes an override back; why the template's value stays is told at its place. */
void import_draft_keep(struct import_draft *draft, const char *id, const char *field,
                       const char *why);
/* Whether the template's value stays, whatever AWS has. */
bool import_draft_keeps(const struct import_draft *draft, const char *id, const char *field);
/* Something to tell at a resource, once. */
void import_draft_note(struct import_draft *draft, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A field that a look asked for and could not read: the spec leaves it alone, and that is told. */
void import_draft_missed(struct import_draft *draft, const char *id, const char *field,
                         const char *why, bool denied);
/* What is not known of the ids (separated by blanks). */
void import_draft_unknown(struct import_draft *draft, const char *ids, const char *text);

#endif
