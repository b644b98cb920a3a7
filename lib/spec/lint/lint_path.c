/* lint_path.c -- places in S3, compared letter by letter: keys know no folders. */
#include "spec/lint/lint_path.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

char *lint_path_of(const char *location)
{
    size_t length;

    if (!location || strncmp(location, "s3://", 5) != 0)
        return NULL;
    length = strlen(location);
    return mem_printf("%s%s", location + 5, location[length - 1] == '/' ? "" : "/");
}

char *lint_path_of_stream(const json_t *stream)
{
    const char *bucket = json_text(stream, "bucket"), *prefix = json_text(stream, "prefix");
    cleanup_free char *folder = NULL;

    if (!bucket || !prefix || !strrchr(bucket, ':'))
        return NULL;
    folder = firehose_prefix_folder(prefix);
    return mem_printf("%s/%s", strrchr(bucket, ':') + 1, folder);
}

bool lint_path_nested(const char *a, const char *b)
{
    return a && b && (strncmp(a, b, strlen(a)) == 0 || strncmp(a, b, strlen(b)) == 0);
}

/* ---- the places of a pipeline ---- */

struct place {
    const char *use, *what, *id, *field;
};

static void add(json_t *places, char *path, struct place place)
{
    if (path)
        json_array_append_new(places,
                              json_pack("{s:s, s:s, s:s, s:s, s:s}", "path", path, "use", place.use,
                                        "what", place.what, "id", place.id, "field", place.field));
    free(path);
}

/* What cannot be told from the whole bucket is no place. */
static char *path_of_errors(const json_t *stream)
{
    const char *bucket = json_text(stream, "bucket"), *prefix = json_text(stream, "error_prefix");
    cleanup_free char *fixed = prefix ? firehose_prefix_fixed(prefix) : NULL;

    if (!bucket || !strrchr(bucket, ':') || !fixed || !*fixed)
        return NULL;
    return mem_printf("%s/%s", strrchr(bucket, ':') + 1, fixed);
}

static void add_resource(json_t *places, const struct lint_resource *resource)
{
    const json_t *values = resource->values;

    if (resource->kind->part == PART_DELIVERY) {
        add(places, lint_path_of_stream(values),
            (struct place){"stream", "log objects", resource->id, "prefix"});
        add(places, path_of_errors(values),
            (struct place){"error", "what was not delivered", resource->id, "error_prefix"});
    } else if (resource->kind->part == PART_TABLE) {
        cleanup_free char *what = mem_printf("table %s", lint_subject_name(values));

        add(places, lint_path_of(json_text(values, "location")),
            (struct place){"table", what, resource->id, "location"});
    } else if (!strcmp(resource->kind->name, "workgroup")) {
        add(places, lint_path_of(json_text(values, "results")),
            (struct place){"results", "query results", resource->id, "results"});
    }
}

/* What billingd keeps beside the data (billing/prices/settings.c has the default, state_object.h
 * and billing/close/numbers.h the others). */
static void add_own(json_t *places, const struct lint_subject *subject, const char *bucket)
{
    const char *said = json_text(json_object_get(subject->billing, "close"), "archive");
    const char *archive = said && *said ? said : "billing/";
    const char *slash = archive[strlen(archive) - 1] == '/' ? "" : "/";
    const char *field = said && *said ? "billing.close.archive" : "";

    add(places, mem_printf("%s/_billingd/", bucket),
        (struct place){"state", "what billingd remembers", "", ""});
    if (!subject->billing)
        return;
    add(places, mem_printf("%s/%s%s", bucket, archive, slash),
        (struct place){"archive", "closed months", "", field});
    add(places, mem_printf("%s/billing/numbers/", bucket),
        (struct place){"numbers", "the register of numbers", "", ""});
    if (subject->pipeline)
        add(places, mem_printf("%s/%s%s%s/", bucket, archive, slash, subject->pipeline),
            (struct place){"folder", "closed months", "", field});
}

json_t *lint_path_places(const struct lint_subject *subject)
{
    json_t *places = json_array(), *place;
    size_t i;

    for (i = 0; i < subject->count; i++) {
        const struct lint_resource *resource = &subject->resources[i];

        if (!strcmp(resource->id, "bucket") && *lint_subject_name(resource->values))
            add_own(places, subject, lint_subject_name(resource->values));
    }
    for (i = 0; i < subject->count; i++)
        add_resource(places, &subject->resources[i]);
    json_array_foreach(subject->pipeline ? places : NULL, i, place)
        json_object_set_new(place, "pipeline", json_string(subject->pipeline));
    return places;
}

/* ---- what mixes ---- */

static bool is(const json_t *place, const char *use)
{
    return !strcmp(json_text(place, "use"), use);
}

/* Parts of what is one pipeline's, or shared by all of them. */
static bool is_own(const json_t *place)
{
    return is(place, "state") || is(place, "numbers") || is(place, "archive") ||
           is(place, "folder");
}

/* Pairs that have a lint of their own (lint_table.c), or belong together. */
static bool is_told(const json_t *outer, const json_t *inner, bool of_one)
{
    bool is_same = !strcmp(json_text(outer, "path"), json_text(inner, "path"));

    if (!of_one)
        return is(outer, "results") && is(inner, "results") && is_same;
    return (is(outer, "table") || is(outer, "stream")) && !is_own(inner);
}

/* Archives hold a folder for each pipeline; the register and what is remembered do so, too. */
static bool own_mixed(const json_t *a, const json_t *b, bool of_one)
{
    if (is(b, "folder") || is(b, "archive")) {
        const json_t *other = a;

        a = b;
        b = other;
    }
    if (is(a, "archive"))
        return is(b, "state") ||
               (is(b, "numbers") && strlen(json_text(a, "path")) >= strlen(json_text(b, "path")));
    return is(a, "folder") && (is(b, "numbers") || (is(b, "folder") && !of_one));
}

bool lint_path_mixed(const json_t *a, const json_t *b)
{
    const char *first = json_text(a, "path"), *second = json_text(b, "path");
    const json_t *pipeline = json_object_get(a, "pipeline");
    bool of_one = !pipeline || json_equal(pipeline, json_object_get(b, "pipeline"));
    bool b_is_inner = strlen(first) <= strlen(second);

    if (!lint_path_nested(first, second))
        return false;
    if (is_own(a) && is_own(b))
        return own_mixed(a, b, of_one);
    return !is(a, "folder") && !is(b, "folder") &&
           !is_told(b_is_inner ? a : b, b_is_inner ? b : a, of_one);
}

/* ---- the places of many pipelines ----
 *
 * By use, a tree of the parts between slashes: {"ends": [places whose last part is in this folder],
 * "below": {part: tree}}.  Of equal places of one use the first stands for all: whoever mixes with
 * one mixes with each. */

static json_t *member(json_t *object, const char *name, json_t *(*make)(void))
{
    json_t *value = json_object_get(object, name);

    if (!value) {
        value = make();
        json_object_set_new_nocheck(object, name, value);
    }
    return value;
}

/* Moves *path to its last part, and returns the folder that it is in.  NULL: there is none. */
static json_t *folder_of(json_t *tree, const char **path, bool make)
{
    const char *slash;

    for (; tree && (slash = strchr(*path, '/')); *path = slash + 1) {
        cleanup_free char *part = mem_text_n(*path, (size_t)(slash - *path));
        json_t *below = make ? member(tree, "below", json_object) : json_object_get(tree, "below");

        tree = make ? member(below, part, json_object) : json_object_get(below, part);
    }
    return tree;
}

static void remember(json_t *others, json_t *place)
{
    const char *path = json_text(place, "path"), *last = path;
    json_t *tree = member(others, json_text(place, "use"), json_object);
    json_t *ends = member(folder_of(tree, &last, true), "ends", json_array), *other;
    size_t i;

    json_array_foreach(ends, i, other)
        if (!strcmp(json_text(other, "path"), path))
            return;
    json_array_append(ends, place);
}

void lint_path_remember(json_t *others, json_t *places)
{
    json_t *place;
    size_t i;

    json_array_foreach(places, i, place)
        remember(others, place);
}

static const json_t *mixed_end(const json_t *folder, const json_t *place)
{
    const json_t *other;
    size_t i;

    json_array_foreach(json_object_get(folder, "ends"), i, other)
        if (lint_path_mixed(place, other))
            return other;
    return NULL;
}

/* Anything in the folder, or below it in parts that begin so. */
static const json_t *mixed_below(const json_t *folder, const char *begin, const json_t *place)
{
    const json_t *found = mixed_end(folder, place);
    const char *part;
    json_t *below;

    json_object_foreach(json_object_get(folder, "below"), part, below) {
        if (found)
            break;
        if (!strncmp(part, begin, strlen(begin)))
            found = mixed_below(below, "", place);
    }
    return found;
}

/* Those that the place lies in end in a folder on its way; those in it lie below the last one. */
static const json_t *mixed_in(const json_t *tree, const json_t *place)
{
    const char *path = json_text(place, "path"), *slash;
    const json_t *found = NULL;

    for (; (slash = strchr(path, '/')) && !found; path = slash + 1) {
        cleanup_free char *part = mem_text_n(path, (size_t)(slash - path));

        found = mixed_end(tree, place);
        tree = json_object_get(json_object_get(tree, "below"), part);
    }
    return found ? found : mixed_below(tree, path, place);
}

const json_t *lint_path_mixed_in(const json_t *others, const json_t *place)
{
    const json_t *found = NULL;
    const char *use;
    json_t *tree;

    json_object_foreach((json_t *)others, use, tree) {
        if (found)
            break;
        if (!is(place, "archive") || strcmp(use, "folder") != 0) /* it holds one of each pipeline */
            found = mixed_in(tree, place);
    }
    return found;
}
