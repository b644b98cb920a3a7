/* manifest_resource.c -- finding a resource of a pipeline, and where it stands in the files. */
#include "base/mem.h"
#include "spec/manifest.h"
#include "yaml/yaml.h"

#include <string.h>

const struct manifest_resource *manifest_resource_find(const struct manifest_pipeline *pipeline,
                                                       const char *id)
{
    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!strcmp(pipeline->resources[i].id, id))
            return &pipeline->resources[i];
    return NULL;
}

const struct manifest_mode *manifest_resource_mode(const struct manifest_pipeline *pipeline,
                                                   const char *id)
{
    const struct manifest_resource *resource = manifest_resource_find(pipeline, id);

    return resource ? &resource->mode : &pipeline->mode;
}

char *manifest_resource_mode_text(const struct manifest_mode *mode)
{
    const char *word = mode->observe ? "observe" : "enforce";

    return mode->place.line ? mem_printf("mode: %s (%s:%d:%d)", word, mode->place.file,
                                         mode->place.line, mode->place.column)
                            : mem_printf("mode: %s (the default)", word);
}

struct yaml_place manifest_resource_place(const struct manifest_resource *resource,
                                          const char *field)
{
    const struct yaml_node *node = yaml_at(resource->node, field);

    if (node == resource->node)
        return (struct yaml_place){node->key_file, node->key_line, node->key_column};
    return (struct yaml_place){node->file, node->line, node->column};
}
