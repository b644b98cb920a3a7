/* glue_members.h -- what any Glue table tells, whether objects lie behind it or a view. */
#ifndef RESOURCES_GLUE_MEMBERS_H
#define RESOURCES_GLUE_MEMBERS_H

#include "resources/kind.h"

/* Ends with {0}: the end of both kinds' tables. */
extern const struct member glue_members[];

#endif
