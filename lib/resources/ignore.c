#include "resources/ignore.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/mark.h"
#include "resources/members.h"
#include "resources/policy.h"
#include "resources/value.h"

#include <string.h>

/* Where the name of the field ends. */
static size_t head(const char *path)
{
    return strcspn(path, ".[");
}

const struct field *ignore_field(const struct kind *kind, const char *path)
{
    cleanup_free char *name = mem_text_n(path, head(path));

    return kind_field(kind, name);
}

/* "team" of "tags.team", "ReadLogs" of "policy[ReadLogs]"; new text, NULL: all of the field. */
static char *below(const char *path)
{
    size_t n = head(path), length = strlen(path);

    if (!path[n])
        return NULL;
    if (path[n] == '[' && path[length - 1] == ']')
        return mem_text_n(path + n + 1, length - n - 2);
    return mem_text(path + n + 1);
}

/* ---- what may be ignored ---- */

static bool has_parts(const struct field *field)
{
    return field->type == FIELD_MAP || field->type == FIELD_DOCUMENT ||
           field->type == FIELD_RULES || field->type == FIELD_STATEMENTS ||
           field->type == FIELD_POLICY;
}

/* A member's path that is at or below the one somebody wrote. */
static bool is_at(const char *member, const char *path)
{
    size_t n = strlen(path);

    return n && !strncmp(member, path, n) && (!member[n] || strchr(".[", member[n]));
}

static char *unknown(const struct kind *kind, const char *path)
{
    const char *names[64] = {0};
    cleanup_free char *name = mem_text_n(path, head(path)), *hint = NULL;
    size_t n = 0;

    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1))
        if (m->is == MEMBER_DRIFT && is_at(m->path, path))
            return NULL;
    for (const struct field *f = kind->fields; f->name && n < 63; f++)
        if (!(f->flags & (FIELD_KEY | FIELD_LOCAL | FIELD_REPORTED)))
            names[n++] = f->name;
    hint = str_hint(name, names);
    return mem_printf("%s has no field %s%s", kind->name, name, hint);
}

char *ignore_problem(const struct kind *kind, const char *path)
{
    const struct field *field = ignore_field(kind, path);
    cleanup_free char *part = below(path);

    if (!field)
        return unknown(kind, path);
    if (field->flags & FIELD_KEY)
        return mem_printf("%s names the resource: switch it off instead (off)", field->name);
    if (field->flags & (FIELD_LOCAL | FIELD_REPORTED))
        return mem_printf("%s is never compared with AWS", field->name);
    if (part && !*part)
        return mem_printf("nothing is named below %s", field->name);
    if (part && !has_parts(field))
        return mem_printf("%s is compared as a whole: write `%s`", field->name, field->name);
    if (part && (field->flags & FIELD_OWNER) && mark_is_key(part))
        return mem_printf("%s carries the mark %s, by which two specs tell whose it is",
                          field->name, part);
    if (part && (field->flags & FIELD_OWNER) && !strcmp(part, KIND_PROTECTED))
        return mem_printf("%s carries the mark " KIND_PROTECTED ": `protect` says what it is",
                          field->name);
    return NULL;
}

bool ignore_covers(const json_t *paths, const char *difference)
{
    const json_t *path;
    size_t i;

    json_array_foreach((json_t *)paths, i, path) {
        const char *text = json_string_value(path);
        size_t n = strlen(text);

        if (!strncmp(text, difference, n) && (!difference[n] || strchr(".[", difference[n])))
            return true;
    }
    return false;
}

/* ---- what AWS has instead ---- */

static void put(json_t *object, const char *key, const json_t *have)
{
    if (have)
        (void)json_object_set(object, key, (json_t *)have);
    else
        (void)json_object_del(object, key);
}

/* Keys may hold dots themselves: the longest that is there is meant. */
static void take_member(json_t *want, const json_t *have, const char *path)
{
    for (const char *dot = path; (dot = strchr(dot, '.')); dot++) {
        cleanup_free char *key = mem_text_n(path, (size_t)(dot - path));
        json_t *inner = json_object_get(want, key);

        if (json_is_object(inner) && !json_object_get(want, path) && !json_object_get(have, path)) {
            take_member(inner, json_object_get(have, key), dot + 1);
            return;
        }
    }
    put(want, path, json_object_get(have, path));
}

static const char *item_key(const struct field *field)
{
    return field->type == FIELD_RULES ? "ID" : "Sid";
}

static const json_t *find_item(const json_t *list, const char *key, const char *name)
{
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)list, i, item)
        if (json_text(item, key) && !strcmp(json_text(item, key), name))
            return item;
    return NULL;
}

/* want with AWS's item of that name in place of its own; new reference. */
static json_t *take_item(const json_t *want, const json_t *have, const char *key, const char *name)
{
    json_t *list = json_array(), *item;
    const json_t *theirs = find_item(have, key, name);
    size_t i;

    json_array_foreach((json_t *)want, i, item)
        if (item != find_item(want, key, name))
            (void)json_array_append(list, item);
    if (theirs)
        (void)json_array_append(list, (json_t *)theirs);
    return list;
}

static void take_statement(json_t *want, const json_t *have, const char *sid)
{
    json_auto_t *ours = policy_statements(want), *theirs = policy_statements(have);

    json_object_set_new(want, "Statement", take_item(ours, theirs, "Sid", sid));
}

static void take_part(const struct field *field, json_t *desired, const json_t *have,
                      const char *part)
{
    json_t *want = json_deep_copy(json_object_get(desired, field->name));

    if (!want)
        return; /* not declared: left alone anyway */
    if (field->type == FIELD_MAP)
        put(want, part, json_object_get(have, part));
    else if (field->type == FIELD_DOCUMENT)
        take_member(want, have, part);
    else if (field->type == FIELD_POLICY)
        take_statement(want, have, part);
    json_object_set(desired, field->name, want);
    if (field->type == FIELD_RULES || field->type == FIELD_STATEMENTS)
        json_object_set_new(desired, field->name, take_item(want, have, item_key(field), part));
    json_decref(want);
}

/* All but the marks. */
static void take_whole(const struct field *field, json_t *desired, const json_t *have)
{
    const json_t *wanted = json_object_get(desired, field->name);
    json_t *marked, *value;
    const char *key;

    if (!(field->flags & FIELD_OWNER) || !json_object_get(wanted, MARK_PIPELINE)) {
        put(desired, field->name, have);
        return;
    }
    marked = json_is_object(have) ? json_copy((json_t *)have) : json_object();
    json_object_foreach((json_t *)wanted, key, value)
        if (mark_is_key(key) || !strcmp(key, KIND_PROTECTED))
            json_object_set(marked, key, value);
    json_object_set_new(desired, field->name, marked);
}

json_t *ignore_apply(const struct kind *kind, const json_t *paths, const json_t *desired,
                     const json_t *observed)
{
    json_t *effective = json_copy((json_t *)desired);
    const json_t *path;
    size_t i;

    json_array_foreach((json_t *)paths, i, path) {
        const struct field *field = ignore_field(kind, json_string_value(path));
        cleanup_free char *part = below(json_string_value(path));
        const json_t *have = field ? json_object_get(observed, field->name) : NULL;

        if (!observed || !field || !json_object_get(effective, field->name))
            continue;
        if (part)
            take_part(field, effective, have, part);
        else
            take_whole(field, effective, have);
    }
    return effective;
}

/* ---- what is not told as a difference ---- */

static bool names(const json_t *differences, const char *name)
{
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)differences, i, each)
        if (!strcmp(json_text(each, "field"), name))
            return true;
    return false;
}

static void add_field(const struct scope *scope, const struct field *field, const json_t *wished,
                      json_t *ignored)
{
    const json_t *have = json_object_get(scope->observed, field->name);
    json_auto_t *all = json_array(), *left = json_array();
    json_t *each;
    size_t i;

    value_differences(field, json_object_get(wished, field->name), have, all);
    value_differences(field, json_object_get(scope->desired, field->name), have, left);
    json_array_foreach(all, i, each) {
        if (names(left, json_text(each, "field")))
            continue;
        if (field->loss)
            json_object_set_new(each, "loss", json_string(members_loss_name(field->loss)));
        if (field->loss && field->harm)
            json_object_set_new(each, "why", json_string(field->harm));
        json_array_append(ignored, each);
    }
}

json_t *ignore_differences(const struct scope *scope, const json_t *wished)
{
    json_t *ignored = json_array();

    for (const struct field *f = scope->kind->fields; scope->observed && f->name; f++)
        if (!json_equal(json_object_get(scope->desired, f->name), json_object_get(wished, f->name)))
            add_field(scope, f, wished, ignored);
    return ignored;
}
