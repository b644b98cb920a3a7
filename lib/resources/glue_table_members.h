/* glue_table_members.h -- what a Glue table tells beside its fields. */
#ifndef RESOURCES_GLUE_TABLE_MEMBERS_H
#define RESOURCES_GLUE_TABLE_MEMBERS_H

#include "resources/kind.h"

extern const struct member glue_table_members[];

#endif
