/* glue_list.h -- tables and databases of the Glue catalog by the lists of them. */
#ifndef RESOURCES_GLUE_LIST_H
#define RESOURCES_GLUE_LIST_H

#include "resources/kind.h"

/* For GetTable of a kind with the fields database and name: all tables of the database. */
extern const struct wide_read glue_list_tables;
/* For GetDatabase. */
extern const struct wide_read glue_list_databases;

#endif
