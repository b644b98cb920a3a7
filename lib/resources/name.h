/* name.h -- names that go where AWS takes them, but SQL and policies read them as something else.
 */
#ifndef RESOURCES_NAME_H
#define RESOURCES_NAME_H

#include "resources/kind.h"

/* A database, table or view that SQL names without quotes: a lower-case letter, then lower-case
 * letters, digits and _, and no word that SQL keeps for itself.  Sources: Athena user guide, "Name
 * databases, tables, and columns" and "Reserved keywords". */
void name_check_catalog(const struct scope *scope, const char *field, aws_problem_fn *problem,
                        void *arg);
/* A key, prefix or s3:// location: base/object_key.h. */
void name_check_key(const struct scope *scope, const char *field, aws_problem_fn *problem,
                    void *arg);

#endif
