/* address.h -- what somebody asks about, by name: PIPELINE, PIPELINE/RESOURCE, or
 * PIPELINE/RESOURCE.FIELD. */
#ifndef STATE_ADDRESS_H
#define STATE_ADDRESS_H

#include "spec/manifest.h"

struct address {
    size_t pipeline;                          /* index in the manifest */
    const struct manifest_resource *resource; /* NULL: the whole pipeline */
    char *text;                               /* "shop/bucket" */
    char *field;                              /* "tags.team"; NULL: none was named */
};

/* Finds it in the spec.  A pipeline may be left out where there is one only.  -1 and *e
 * (ERR_ABSENT, with the nearest there is) when there is none such.  Give back with address_fini. */
int address_find(const struct manifest *manifest, const char *text, struct address *address,
                 struct err *e);
/* The same, and in a pipeline of the spec also what the spec does not have (any more): it has
 * neither resource nor field then. */
int address_find_former(const struct manifest *manifest, const char *text, struct address *address,
                        struct err *e);
void address_fini(struct address *address);

#endif
