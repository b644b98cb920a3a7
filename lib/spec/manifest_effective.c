/* manifest_effective.c -- the spec with everything filled in, as YAML for people. */
#include "base/json.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "spec/manifest.h"

static json_t *resource_document(const struct manifest_pipeline *pipeline, size_t index,
                                 const json_t *desired)
{
    const struct manifest_resource *resource = &pipeline->resources[index];
    json_t *document = json_pack("{s:s}", "kind", resource->kind->name);
    json_t *after = json_array();

    if (resource->absent)
        json_object_set_new(document, "ensure", json_string("absent"));
    json_object_update(document, (json_t *)desired);
    for (size_t i = 0; i < resource->need_count; i++)
        json_array_append_new(after, json_string(pipeline->resources[resource->needs[i]].id));
    if (resource->need_count)
        json_object_set(document, "after", after);
    json_decref(after);
    return document;
}

static json_t *pipeline_document(const struct manifest *manifest,
                                 const struct manifest_pipeline *pipeline)
{
    /* An account nobody named is shown as what it is: not known yet. */
    json_auto_t *facts =
        manifest_resolve_facts(pipeline, manifest->account ? manifest->account : "${account}");
    json_auto_t *desired = manifest_resolve(pipeline, facts);
    json_t *document = json_pack("{s:s}", "region", pipeline->region);
    json_t *resources = json_object();

    if (pipeline->role_arn)
        json_object_set_new(document, "role",
                            json_pack("{s:s, s:s*}", "arn", pipeline->role_arn, "external_id",
                                      pipeline->external_id));
    if (pipeline->billing)
        json_object_set(document, "billing", pipeline->billing);
    if (json_object_size(pipeline->queries))
        json_object_set(document, "queries", pipeline->queries);
    json_object_set_new(document, "resources", resources);
    for (size_t i = 0; i < pipeline->resource_count; i++)
        json_object_set_new(resources, pipeline->resources[i].id,
                            resource_document(pipeline, i, json_array_get(desired, i)));
    return document;
}

static void set_duration(json_t *object, const char *key, int seconds)
{
    cleanup_free char *text = mem_printf("%ds", seconds);

    json_object_set_new(object, key, json_string(text));
}

char *manifest_effective(const struct manifest *manifest)
{
    json_auto_t *document = json_object();
    json_t *reconcile = json_object(), *pipelines = json_object();

    json_object_set_new(document, "account",
                        json_string(manifest->account ? manifest->account : ""));
    json_object_set_new(document, "reconcile", reconcile);
    set_duration(reconcile, "interval", manifest->interval_s);
    set_duration(reconcile, "jitter", manifest->jitter_s);
    set_duration(reconcile, "settle_timeout", manifest->settle_timeout_s);
    json_object_set_new(reconcile, "breaker", json_integer(manifest->breaker_repairs));
    set_duration(reconcile, "breaker_window", manifest->breaker_window_s);
    json_object_set_new(document, "listen",
                        json_string(manifest->listen ? manifest->listen : "off"));
    json_object_set_new(document, "pipelines", pipelines);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        json_object_set_new(pipelines, manifest->pipelines[i].name,
                            pipeline_document(manifest, &manifest->pipelines[i]));
    return yaml_write(document);
}
