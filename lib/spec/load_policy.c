/* load_policy.c -- IAM policy documents in a spec.  All scalars are texts, as IAM has them.
 *
 * Source: "Grammar of the IAM JSON policy language", IAM user guide. */
#include "base/mem.h"
#include "spec/load_private.h"

#include <string.h>

static const char *const policy_keys[] = {"Version", "Id", "Statement", NULL};
static const char *const statement_keys[] = {"Sid",       "Effect",    "Principal", "NotPrincipal",
                                             "Action",    "NotAction", "Resource",  "NotResource",
                                             "Condition", NULL};

static json_t *read_text(struct load *load, const struct yaml_node *node, const char *path)
{
    if (load_is_poisoned(node))
        return NULL;
    if (node->type == YAML_TEXT && !yaml_is_null(node))
        return json_string(node->text);
    load_error(load, node, path, "must be a text");
    return NULL;
}

static json_t *read_texts(struct load *load, const struct yaml_node *node, const char *path)
{
    json_t *list;

    if (node->type != YAML_LIST)
        return read_text(load, node, path);
    list = json_array();
    for (size_t i = 0; i < node->count; i++) {
        cleanup_free char *below = mem_printf("%s[%zu]", path, i);
        json_t *item = read_text(load, node->items[i], below);

        if (!item) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, item);
    }
    return list;
}

/* A mapping of depth levels above texts and lists of texts. */
static json_t *read_levels(struct load *load, const struct yaml_node *node, const char *path,
                           int depth)
{
    json_t *map;

    if (depth == 0)
        return read_texts(load, node, path);
    if (node->type != YAML_MAP) {
        if (!load_is_poisoned(node))
            load_error(load, node, path, "must be a mapping (key: value)");
        return NULL;
    }
    map = json_object();
    for (size_t i = 0; i < node->count; i++) {
        cleanup_free char *below = mem_printf("%s.%s", path, node->items[i]->key);
        json_t *item = read_levels(load, node->items[i], below, depth - 1);

        if (!item) {
            json_decref(map);
            return NULL;
        }
        json_object_set_new(map, node->items[i]->key, item);
    }
    return map;
}

static json_t *read_principal(struct load *load, const struct yaml_node *node, const char *path)
{
    static const char *const keys[] = {"AWS", "Service", "Federated", "CanonicalUser", NULL};

    if (node->type == YAML_TEXT && !load_is_poisoned(node) && strcmp(node->text, "*") != 0) {
        load_error(load, node, path, "must be \"*\" or a mapping like {Service: NAME}");
        return NULL;
    }
    if (node->type == YAML_MAP)
        (void)load_check_keys(load, node, path, keys);
    return read_levels(load, node, path, node->type == YAML_MAP);
}

static json_t *read_member(struct load *load, const struct yaml_node *node, const char *path)
{
    json_t *value;

    if (!strcmp(node->key, "Condition"))
        return read_levels(load, node, path, 2);
    if (strstr(node->key, "Principal"))
        return read_principal(load, node, path);
    if (strcmp(node->key, "Effect") && strcmp(node->key, "Sid"))
        return read_texts(load, node, path);
    value = read_text(load, node, path);
    if (value && !strcmp(node->key, "Effect") && strcmp(node->text, "Allow") &&
        strcmp(node->text, "Deny")) {
        load_error(load, node, path, "must be Allow or Deny");
        json_decref(value);
        return NULL;
    }
    return value;
}

static bool check_members(struct load *load, const struct yaml_node *node, const char *path)
{
    size_t before = load->problems->errors;

    if (!load_check_keys(load, node, path, statement_keys))
        return false;
    if (!yaml_find(node, "Effect"))
        load_error(load, node, path, "lacks Effect (Allow or Deny)");
    if (!yaml_find(node, "Action") == !yaml_find(node, "NotAction"))
        load_error(load, node, path, "needs one of Action and NotAction");
    if (yaml_find(node, "Resource") && yaml_find(node, "NotResource"))
        load_error(load, node, path, "cannot have both Resource and NotResource");
    if (yaml_find(node, "Principal") && yaml_find(node, "NotPrincipal"))
        load_error(load, node, path, "cannot have both Principal and NotPrincipal");
    return load->problems->errors == before;
}

static json_t *read_statement(struct load *load, const struct yaml_node *node, const char *path)
{
    bool good = !load_is_poisoned(node) && check_members(load, node, path);
    json_t *statement = json_object();

    for (size_t i = 0; node->type == YAML_MAP && i < node->count; i++) {
        cleanup_free char *below = mem_printf("%s.%s", path, node->items[i]->key);
        json_t *value = read_member(load, node->items[i], below);

        good &= value != NULL;
        if (value)
            json_object_set_new(statement, node->items[i]->key, value);
    }
    if (good)
        return statement;
    json_decref(statement);
    return NULL;
}

static json_t *read_list(struct load *load, const struct yaml_node *node, const char *path)
{
    json_t *list = json_array();
    bool good = true;

    for (size_t i = 0; i < node->count; i++) {
        cleanup_free char *below = mem_printf("%s[%zu]", path, i);
        json_t *statement = read_statement(load, node->items[i], below);

        good &= statement != NULL;
        if (statement)
            json_array_append_new(list, statement);
    }
    if (good)
        return list;
    json_decref(list);
    return NULL;
}

json_t *load_policy_read(struct load *load, const struct yaml_node *node, const char *path)
{
    const struct yaml_node *statements = yaml_find(node, "Statement");
    const struct yaml_node *version = yaml_find(node, "Version"), *id = yaml_find(node, "Id");
    cleanup_free char *below = mem_printf("%s.Statement", path);
    size_t before = load->problems->errors;
    json_t *policy, *list;

    if (load_is_poisoned(node) || !load_check_keys(load, node, path, policy_keys))
        return NULL;
    if (!statements) {
        load_error(load, node, path, "lacks Statement");
        return NULL;
    }
    if (version && (version->type != YAML_TEXT ||
                    (strcmp(version->text, "2012-10-17") && strcmp(version->text, "2008-10-17"))))
        load_error(load, version, path,
                   "Version must be 2012-10-17 (or, without variables, 2008-10-17)");
    if (id && id->type != YAML_TEXT)
        load_error(load, id, path, "Id must be a text");
    list = statements->type == YAML_LIST ? read_list(load, statements, below)
                                         : read_statement(load, statements, below);
    if (!list || load->problems->errors != before) {
        json_decref(list);
        return NULL;
    }
    policy = json_object();
    if (version)
        json_object_set_new(policy, "Version", json_string(version->text));
    if (id)
        json_object_set_new(policy, "Id", json_string(id->text));
    json_object_set_new(policy, "Statement", list);
    return policy;
}

json_t *load_policy_statements(struct load *load, const struct yaml_node *node, const char *path)
{
    json_auto_t *seen = json_object();
    size_t before = load->problems->errors;
    json_t *list;

    if (node->type != YAML_LIST) {
        if (!load_is_poisoned(node))
            load_error(load, node, path, "must be a list of statements");
        return NULL;
    }
    list = read_list(load, node, path);
    for (size_t i = 0; list && i < node->count; i++) {
        cleanup_free char *below = mem_printf("%s[%zu]", path, i);
        const char *sid = json_string_value(json_object_get(json_array_get(list, i), "Sid"));

        if (!sid || !*sid)
            load_error(load, node->items[i], below, "needs a Sid: statements are kept by it");
        else if (json_object_get(seen, sid))
            load_error(load, node->items[i], below, "there is another statement with Sid %s", sid);
        else
            json_object_set_new(seen, sid, json_true());
    }
    if (load->problems->errors == before)
        return list;
    json_decref(list);
    return NULL;
}
