#include "resources/tag_list.h"

#include "base/json.h"

#include <string.h>

static const json_t *value_of(const json_t *tags, const char *key)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(tags, i, tag)
        if (json_text(tag, "Key") && !strcmp(json_text(tag, "Key"), key))
            return json_object_get(tag, "Value");
    return NULL;
}

/* The tags of the resource, if they are as the spec wants them; borrowed. */
static json_t *tags_as_wanted(const struct wide_found *found)
{
    json_t *tags = json_object_get(json_array_get(found->items, 0), "Tags");
    json_t *wanted = json_object_get(found->scope->desired, "tags"), *want;
    const char *key;

    if (!json_is_array(tags) || !json_object_size(wanted))
        return NULL;
    json_object_foreach(wanted, key, want)
        if (!json_equal(want, value_of(tags, key)))
            return NULL;
    return tags;
}

static json_t *as_bucket(const struct wide_found *found)
{
    json_t *tags = tags_as_wanted(found);

    return tags ? json_pack("{s:O}", "TagSet", tags) : NULL;
}

static json_t *as_stream(const struct wide_found *found)
{
    json_t *tags = tags_as_wanted(found);

    return tags ? json_pack("{s:O, s:b}", "Tags", tags, "HasMoreTags", 0) : NULL;
}

static json_t *as_others(const struct wide_found *found)
{
    json_t *tags = tags_as_wanted(found);

    return tags ? json_pack("{s:O}", "Tags", tags) : NULL;
}

static json_t *as_logs(const struct wide_found *found)
{
    json_t *tags = tags_as_wanted(found), *map = tags ? json_object() : NULL, *tag;
    size_t i;

    json_array_foreach(tags, i, tag)
        if (json_text(tag, "Key"))
            json_object_set(map, json_text(tag, "Key"), json_object_get(tag, "Value"));
    return map ? json_pack("{s:o}", "tags", map) : NULL;
}

/* Pages are refused where ARNs are named, of which 100 may be.  Source: GetResources, API
 * reference. */
#define TAG_LIST(form)                                                                             \
    {                                                                                              \
        .service = "resourcegroupstaggingapi",                                                     \
        .call = {.op = "GetResources", .send = "", .action = "tag:GetResources", .resource = "*"}, \
        .list = "ResourceTagMappingList", .key = "ResourceARN", .by = "@arn",                      \
        .gather = "ResourceARNList", .most = 100, .least = 2, .answer = (form)                     \
    }

const struct wide_read tag_list_bucket = TAG_LIST(as_bucket);
const struct wide_read tag_list_stream = TAG_LIST(as_stream);
const struct wide_read tag_list_logs = TAG_LIST(as_logs);
const struct wide_read tag_list_others = TAG_LIST(as_others);
