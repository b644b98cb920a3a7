/* athena_view_members.h -- what the Glue table of a view tells beside its fields. */
#ifndef RESOURCES_ATHENA_VIEW_MEMBERS_H
#define RESOURCES_ATHENA_VIEW_MEMBERS_H

#include "resources/kind.h"

extern const struct member athena_view_members[];

#endif
