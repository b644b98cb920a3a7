/* view_type.h -- Hive column types as Trino writes them, for the column list inside a view. */
#ifndef RESOURCES_VIEW_TYPE_H
#define RESOURCES_VIEW_TYPE_H

/* "array<struct<id:string,n:int>>" -> "array(row(id varchar, n integer))"; new text.  Unknown names
 * pass unchanged. */
char *view_type_from_hive(const char *hive);

#endif
