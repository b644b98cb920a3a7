#include "resources/registry.h"

#include <string.h>

/* A new kind is one line here, named like its file. */
#define KINDS                                                                                      \
    KIND(s3_bucket)                                                                                \
    KIND(iam_role)                                                                                 \
    KIND(log_group)                                                                                \
    KIND(log_stream)                                                                               \
    KIND(delivery_stream)                                                                          \
    KIND(subscription_filter)                                                                      \
    KIND(log_resource_policy)                                                                      \
    KIND(stage_logging)                                                                            \
    KIND(workgroup)                                                                                \
    KIND(glue_database)                                                                            \
    KIND(glue_table)                                                                               \
    KIND(athena_view)                                                                              \
    KIND(named_query)                                                                              \
    KIND(alarm)                                                                                    \
    KIND(topic)

#define KIND(name) extern const struct kind name##_kind;
KINDS
#undef KIND

#define KIND(name) &name##_kind,
const struct kind *const registry_kinds[] = {KINDS NULL};
#undef KIND

const struct kind *registry_find(const char *name)
{
    for (size_t i = 0; registry_kinds[i]; i++)
        if (!strcmp(registry_kinds[i]->name, name))
            return registry_kinds[i];
    return NULL;
}
