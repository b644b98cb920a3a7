/* import_template.h -- the template as the pipeline's spec has it before anything is laid over it.
 */
#ifndef IMPORT_IMPORT_TEMPLATE_H
#define IMPORT_IMPORT_TEMPLATE_H

#include "spec/manifest.h"

/* The template with the pipeline's parameters and nothing laid over it, as the spec has it. */
struct import_template {
    const struct manifest_pipeline *pipeline;
    json_t *desired; /* of its resources, resolved */
};

void import_template_init(struct import_template *template, const struct manifest *manifest);
void import_template_fini(struct import_template *template);
/* The wanted values of a resource, and where it is declared; NULL: the template has none such. */
const json_t *import_template_values(const struct import_template *template, const char *id);
const struct manifest_resource *import_template_resource(const struct import_template *template,
                                                         const char *id);

#endif
