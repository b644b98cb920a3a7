/* registry.c -- the list of kinds.  A new kind is one line here. */
#include "resources/kind.h"

#include <string.h>

extern const struct kind s3_bucket, iam_role, log_group, log_stream, delivery_stream,
    subscription_filter, log_resource_policy, stage_logging, workgroup, glue_database, glue_table,
    athena_view, named_query;

const struct kind *const kinds[] = {
    &s3_bucket,           &iam_role,
    &log_group,           &log_stream,
    &delivery_stream,     &subscription_filter,
    &log_resource_policy, &stage_logging,
    &workgroup,           &glue_database,
    &glue_table,          &athena_view,
    &named_query,         NULL,
};

const struct kind *kind_find(const char *name)
{
    for (size_t i = 0; kinds[i]; i++)
        if (!strcmp(kinds[i]->name, name))
            return kinds[i];
    return NULL;
}

const struct field *kind_field(const struct kind *kind, const char *name)
{
    for (const struct field *field = kind->fields; field->name; field++)
        if (!strcmp(field->name, name))
            return field;
    return NULL;
}
