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

/* Small letters, digits, and those others. */
static bool is_made_of(const char *text, size_t length, const char *others)
{
    for (size_t i = 0; i < length; i++)
        if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
            !strchr(others, text[i]))
            return false;
    return true;
}

bool mark_is_valid(const char *text)
{
    const char *at = strchr(text, '@'), *bucket = at ? at + 1 : "any";
    size_t name = at ? (size_t)(at - text) : strlen(text), length = strlen(bucket);

    return name && name <= 63 && *text != '-' && is_made_of(text, name, "-") && length >= 3 &&
           length <= 63 && is_made_of(bucket, length, ".-");
}

/* One of the two; NULL: it is not there. */
static const json_t *half(const json_t *map, const char *key)
{
    const json_t *value = json_object_get(map, key);

    return json_is_string(value) ? value : NULL;
}

/* As a whole: a text of AWS may hold a NUL. */
static bool says(const json_t *half, const char *text)
{
    return json_string_length(half) == strlen(text) &&
           !memcmp(json_string_value(half), text, strlen(text));
}

char *mark_text(const json_t *map)
{
    const json_t *pipeline = half(map, MARK_PIPELINE), *deployment = half(map, MARK_DEPLOYMENT);

    if (!pipeline && !deployment)
        return NULL;
    return mem_printf("%s%s%s", pipeline ? json_string_value(pipeline) : "", deployment ? "@" : "",
                      deployment ? json_string_value(deployment) : "");
}

/* mark: without a pipeline ("@old-bucket") it is of whatever was there. */
static bool is_former(const json_t *formerly, const char *mark)
{
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)formerly, i, each) {
        const char *text = json_string_value(each), *at = strchr(text, '@');

        if (!strcmp(*mark == '@' && at ? at : text, mark))
            return true;
    }
    return false;
}

enum mark_owner mark_owner(const struct scope *scope)
{
    const struct field *field = kind_owner(scope->kind);
    const json_t *have = field ? json_object_get(scope->observed, field->name) : NULL;
    const json_t *pipeline = half(have, MARK_PIPELINE), *deployment = half(have, MARK_DEPLOYMENT);
    const char *name = json_text(scope->facts, "pipeline"),
               *ours = json_text(scope->facts, "deployment");
    bool is_here = !deployment || !ours || says(deployment, ours);
    cleanup_free char *mark = mark_text(have);

    if (!mark || (!pipeline && is_here))
        return MARK_NONE;
    if (name && pipeline && says(pipeline, name) && is_here)
        return MARK_OURS;
    return is_former(json_object_get(scope->facts, "formerly"), mark) ? MARK_FORMER : MARK_OTHERS;
}
