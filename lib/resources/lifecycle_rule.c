#include "resources/lifecycle_rule.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

static const char *const unordered[] = {"Transitions", "NoncurrentVersionTransitions"};

/* Every condition of the rule's filter in one object: Prefix, Tags, sizes; new reference. */
static json_t *conditions_of(const json_t *rule)
{
    const json_t *filter = json_object_get(rule, "Filter"), *tag = json_object_get(filter, "Tag");
    const json_t *prefix = json_object_get(rule, "Prefix");
    const char *text;
    json_t *all = json_is_object(filter) ? json_copy((json_t *)filter) : json_object();

    if (json_is_object(json_object_get(all, "And")))
        json_object_update(all, json_object_get(filter, "And"));
    json_object_del(all, "And");
    json_object_del(all, "Tag");
    if (json_is_object(tag))
        json_object_set_new(all, "Tags", json_pack("[O]", tag));
    if (prefix && !json_object_get(all, "Prefix"))
        json_object_set(all, "Prefix", (json_t *)prefix);
    else if (prefix && !json_equal(prefix, json_object_get(all, "Prefix")))
        json_object_set(all, "PrefixBeside", (json_t *)prefix); /* not S3's, and not the same */
    text = json_text(all, "Prefix");
    if (text && !*text)
        json_object_del(all, "Prefix");
    return all;
}

static bool same_list(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);

    return (!json_array_size(x) && !json_array_size(y)) || json_same_set(x, y);
}

/* The rule without what is compared apart. */
static json_t *rest_of(const json_t *rule)
{
    json_t *rest = json_copy((json_t *)rule);

    json_object_del(rest, "Filter");
    json_object_del(rest, "Prefix");
    for (size_t i = 0; i < sizeof unordered / sizeof *unordered; i++)
        json_object_del(rest, unordered[i]);
    return rest;
}

static bool is_old(const json_t *rule)
{
    return json_object_get(rule, "Prefix") && !json_object_get(rule, "Filter");
}

json_t *lifecycle_rule_lift(const json_t *rules)
{
    json_t *lifted = json_deep_copy(rules), *rule;
    size_t i;

    json_array_foreach(lifted, i, rule) {
        if (!is_old(rule))
            continue;
        json_object_set_new(rule, "Filter",
                            json_pack("{s:O}", "Prefix", json_object_get(rule, "Prefix")));
        json_object_del(rule, "Prefix");
    }
    return lifted;
}

char *lifecycle_rule_old(const json_t *rules)
{
    struct str text = {0};
    const json_t *rule;
    size_t i;

    json_array_foreach((json_t *)rules, i, rule) {
        const char *id = json_text(rule, "ID");

        if (is_old(rule))
            str_addf(&text, "%s%s", text.len ? ", " : "", id ? id : "(without an ID)");
    }
    return str_take(&text);
}

bool lifecycle_rule_same(const json_t *a, const json_t *b)
{
    json_auto_t *x = NULL, *y = NULL, *rest = NULL, *other = NULL;

    if (!json_is_object(a) || !json_is_object(b))
        return json_same(a, b);
    x = conditions_of(a);
    y = conditions_of(b);
    rest = rest_of(a);
    other = rest_of(b);
    if (!same_list(x, y, "Tags") || !json_same(rest, other))
        return false;
    for (size_t i = 0; i < sizeof unordered / sizeof *unordered; i++)
        if (!same_list(a, b, unordered[i]))
            return false;
    json_object_del(x, "Tags");
    json_object_del(y, "Tags");
    return json_same(x, y);
}
