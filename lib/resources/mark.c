#include "resources/mark.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

bool mark_is_key(const char *key)
{
    return !strcmp(key, MARK_PIPELINE) || !strcmp(key, MARK_DEPLOYMENT);
}

bool mark_is_difference(const char *difference)
{
    const char *dot = strchr(difference, '.');

    return dot && mark_is_key(dot + 1);
}

char *mark_text(const json_t *map)
{
    const char *pipeline = json_text(map, MARK_PIPELINE);
    const char *deployment = json_text(map, MARK_DEPLOYMENT);

    if (!pipeline)
        return NULL;
    return deployment ? mem_printf("%s@%s", pipeline, deployment) : mem_text(pipeline);
}

static bool is_former(const json_t *formerly, const char *mark)
{
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)formerly, i, each)
        if (!strcmp(json_string_value(each), mark))
            return true;
    return false;
}

enum mark_owner mark_owner(const struct scope *scope)
{
    const struct field *field = kind_owner(scope->kind);
    const json_t *have = field ? json_object_get(scope->observed, field->name) : NULL;
    cleanup_free char *mark = mark_text(have);
    const char *pipeline = json_text(scope->facts, "pipeline"),
               *ours = json_text(scope->facts, "deployment");
    const char *theirs = json_text(have, MARK_DEPLOYMENT);

    if (!mark)
        return MARK_NONE;
    if (pipeline && !strcmp(json_text(have, MARK_PIPELINE), pipeline) &&
        (!theirs || !ours || !strcmp(theirs, ours)))
        return MARK_OURS;
    return is_former(json_object_get(scope->facts, "formerly"), mark) ? MARK_FORMER : MARK_OTHERS;
}
