#include "import/import_template.h"

void import_template_init(struct import_template *template, const struct manifest *manifest)
{
    const struct manifest_pipeline *pipeline = &manifest->pipelines[0];
    json_auto_t *facts = manifest_resolve_facts(pipeline, manifest->account);

    template->pipeline = pipeline;
    template->desired = manifest_resolve(pipeline, facts);
}

void import_template_fini(struct import_template *template)
{
    json_decref(template->desired);
    template->desired = NULL;
}

const struct manifest_resource *import_template_resource(const struct import_template *template,
                                                         const char *id)
{
    return manifest_resource_find(template->pipeline, id);
}

const json_t *import_template_values(const struct import_template *template, const char *id)
{
    const struct manifest_resource *resource = import_template_resource(template, id);

    return resource ? json_array_get(template->desired,
                                     (size_t)(resource - template->pipeline->resources))
                    : NULL;
}
