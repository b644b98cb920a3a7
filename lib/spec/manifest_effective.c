/* manifest_effective.c -- the spec with everything filled in, as YAML: for people, and a spec
 * again.
 *
 * It names no template and no environment variable, and what is a text with ${ in it is escaped, so
 * that it means the same wherever it is read. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "spec/load_private.h"
#include "spec/manifest.h"
#include "yaml/yaml.h"

#include <string.h>

/* Stands for an account that nobody named until texts are escaped; no text of a spec holds it. */
#define UNKNOWN_ACCOUNT "\xef\xbf\xbf"

/* A text as a spec writes it. */
static json_t *written_text(const char *text)
{
    cleanup_str struct str escaped = {0}, s = {0};
    const char *at, *rest;

    load_text_add_escaped(&escaped, text);
    rest = str_text(&escaped);
    while ((at = strstr(rest, UNKNOWN_ACCOUNT))) {
        str_add_n(&s, rest, (size_t)(at - rest));
        str_add(&s, "${account}");
        rest = at + strlen(UNKNOWN_ACCOUNT);
    }
    str_add(&s, rest);
    return json_string(str_text(&s));
}

json_t *manifest_effective_value(const json_t *value)
{
    json_t *copy, *item;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return written_text(json_string_value(value));
    if (!json_is_object(value) && !json_is_array(value))
        return json_share(value);
    copy = json_is_object(value) ? json_object() : json_array();
    json_object_foreach((json_t *)value, key, item)
        (void)json_object_set_new(copy, key, manifest_effective_value(item));
    json_array_foreach(value, i, item)
        (void)json_array_append_new(copy, manifest_effective_value(item));
    return copy;
}

static void set_mode(json_t *object, const struct manifest_mode *mode)
{
    json_object_set_new(object, "mode", json_string(mode->observe ? "observe" : "enforce"));
}

static json_t *resource_document(const struct manifest_pipeline *pipeline, size_t index,
                                 const json_t *desired)
{
    const struct manifest_resource *resource = &pipeline->resources[index];
    json_t *document = json_pack("{s:s}", "kind", resource->kind->name);
    json_t *after = json_array();

    if (resource->mode.observe != pipeline->mode.observe)
        set_mode(document, &resource->mode);
    if (resource->ignored)
        json_object_set_new(document, "ignore", manifest_effective_value(resource->ignored));
    if (resource->absent)
        json_object_set_new(document, "ensure", json_string("absent"));
    if (resource->protect)
        json_object_set_new(document, "protect",
                            json_boolean(resource->protect == MANIFEST_PROTECT_ON));
    json_object_update_new(document, manifest_effective_value(desired));
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
    json_auto_t *facts =
        manifest_resolve_facts(pipeline, manifest->account ? manifest->account : UNKNOWN_ACCOUNT);
    json_auto_t *desired = manifest_resolve(pipeline, facts);
    json_t *document = json_pack("{s:s}", "region", pipeline->region);
    json_t *resources = json_object();

    if (pipeline->mode.observe)
        set_mode(document, &pipeline->mode);
    if (pipeline->role_arn)
        json_object_set_new(
            document, "role",
            json_pack("{s:s, s:o*}", "arn", pipeline->role_arn, "external_id",
                      pipeline->external_id ? written_text(pipeline->external_id) : NULL));
    if (pipeline->formerly)
        json_object_set_new(document, "formerly", manifest_effective_value(pipeline->formerly));
    if (pipeline->billing)
        json_object_set_new(document, "billing", manifest_effective_value(pipeline->billing));
    if (pipeline->cost)
        json_object_set_new(document, "cost", manifest_effective_value(pipeline->cost));
    if (json_object_size(pipeline->queries))
        json_object_set_new(document, "queries", manifest_effective_value(pipeline->queries));
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

static json_t *list_addresses(const char *listen)
{
    json_t *list = json_array();

    for (size_t n; *listen; listen += n) {
        listen += strspn(listen, ", ");
        n = strcspn(listen, ",");
        json_array_append_new(list, json_stringn(listen, n));
    }
    return list;
}

static void add_web(json_t *document, const struct manifest *manifest)
{
    const struct manifest_web *web = &manifest->web;
    cleanup_free char *mode = mem_printf("%04o", (unsigned)web->socket_mode);
    const char *listen = manifest->listen ? manifest->listen : "off";

    json_object_set_new(document, "listen",
                        strchr(listen, ',') ? list_addresses(listen) : json_string(listen));
    json_object_set_new(document, "web",
                        json_pack("{s:O, s:s, s:s*, s:b}", "hosts", web->hosts, "socket_mode", mode,
                                  "token_file", web->token_file, "actions", web->actions));
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
    json_object_set_new(reconcile, "max_changes",
                        manifest->max_changes ? json_integer(manifest->max_changes)
                                              : json_string("off"));
    json_object_set_new(reconcile, "calls_per_minute",
                        manifest->calls_per_minute ? json_integer(manifest->calls_per_minute)
                                                   : json_string("off"));
    json_object_set_new(reconcile, "wide_reads", json_boolean(manifest->wide_reads));
    set_duration(reconcile, "lease", manifest->lease_s);
    add_web(document, manifest);
    if (manifest->cost)
        json_object_set_new(document, "cost", manifest_effective_value(manifest->cost));
    json_object_set_new(document, "template", json_false());
    json_object_set_new(document, "pipelines", pipelines);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        json_object_set_new(pipelines, manifest->pipelines[i].name,
                            pipeline_document(manifest, &manifest->pipelines[i]));
    return yaml_write(document);
}
