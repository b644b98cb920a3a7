/* column_type.h -- Hive's column types compared by meaning: letter case and blanks do not matter,
 * integer is int, decimal(10) is decimal(10,0).  Source: "Data types in Amazon Athena". */
#ifndef RESOURCES_COLUMN_TYPE_H
#define RESOURCES_COLUMN_TYPE_H

#include <stdbool.h>

bool column_type_same(const char *a, const char *b);

#endif
