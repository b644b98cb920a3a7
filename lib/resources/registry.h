/* registry.h -- all kinds there are. */
#ifndef RESOURCES_REGISTRY_H
#define RESOURCES_REGISTRY_H

#include "resources/kind.h"

/* In the order of the manual; ends with NULL. */
extern const struct kind *const registry_kinds[];
/* The kind of that name, or NULL. */
const struct kind *registry_find(const char *name);

#endif
