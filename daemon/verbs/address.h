/* address.h -- what a verb is about, as the command line names it: PIPELINE, PIPELINE/RESOURCE, or
 * PIPELINE/RESOURCE.FIELD. */
#ifndef DAEMON_VERBS_ADDRESS_H
#define DAEMON_VERBS_ADDRESS_H

#include "spec/manifest.h"

struct address {
    size_t pipeline;                          /* index in the manifest */
    const struct manifest_resource *resource; /* NULL: the whole pipeline */
    char *text;                               /* "shop/bucket" */
    char *field;                              /* "tags.team"; NULL: none was named */
};

/* Finds it in the spec.  A pipeline may be left out where there is one only.  -1, with what there
 * is told on standard error, when there is none such.  Give back with address_fini. */
int address_find(const struct manifest *manifest, const char *text, struct address *address);
void address_fini(struct address *address);

#endif
