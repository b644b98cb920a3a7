/* lint_storage.c -- BL5xx: objects that vanish.
 *
 * Sources: "Restored S3 Glacier objects" (Athena user guide), "Lifecycle configuration elements"
 * (S3). */
#include "spec/lint/lint_path.h"
#include "spec/lint/lint_rule.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

enum { KEEP_DAYS = 1826 }; /* five years, as commercial records are commonly kept */

static bool is_enabled(const json_t *rule)
{
    const char *status = json_text(rule, "Status");

    return status && strcmp(status, "Enabled") == 0;
}

static const char *rule_name(const json_t *rule)
{
    const char *id = json_text(rule, "ID");

    return id ? id : "";
}

/* "bucket/prefix" a rule is for; NULL: the bucket has no name. */
static char *rule_path(const struct lint_look *look, const json_t *rule)
{
    const char *bucket = json_text(look->values, "name");
    const char *prefix = json_text(json_object_get(rule, "Filter"), "Prefix");

    if (!prefix)
        prefix = json_text(json_at(rule, "Filter.And"), "Prefix");
    if (!prefix)
        prefix = json_text(rule, "Prefix");
    return bucket ? mem_printf("%s/%s", bucket, prefix ? prefix : "") : NULL;
}

/* Where closed months lie, in the bucket that the stream writes to; NULL: nothing is billed. */
static char *archive_path(const struct lint_look *look)
{
    const char *archive = json_text(json_object_get(look->subject->billing, "close"), "archive");
    const char *name = lint_subject_name(look->values);
    const json_t *stream;

    for (size_t i = 0; look->subject->billing &&
                       (stream = lint_subject_next(look->subject, PART_DELIVERY, &i));) {
        const char *bucket = json_text(stream, "bucket");
        const char *last = bucket ? strrchr(bucket, ':') : NULL;

        if (last && !strcmp(last + 1, name)) /* billing/prices/settings.c has the default */
            return mem_printf("%s/%s", name, archive && *archive ? archive : "billing/");
    }
    return NULL;
}

/* Where billingd keeps what was paused (state/state_object.c): without it a pause ends early. */
static bool touches_state(const struct lint_look *look, const json_t *rule)
{
    cleanup_free char *path = rule_path(look, rule);
    cleanup_free char *state = mem_printf("%s/_billingd/", lint_subject_name(look->values));
    const char *slash = path ? strchr(path, '/') : NULL;

    /* A rule for the whole bucket is told of what it holds. */
    return slash && slash[1] && lint_path_nested(path, state);
}

/* The register of numbers is a part of it, wherever the documents lie (billing/close/numbers.h). */
static bool touches_archive(const struct lint_look *look, const json_t *rule)
{
    cleanup_free char *path = rule_path(look, rule), *archive = archive_path(look);
    cleanup_free char *numbers = mem_printf("%s/billing/numbers/", lint_subject_name(look->values));

    return archive && (lint_path_nested(path, archive) || lint_path_nested(path, numbers));
}

/* The name of a table whose objects the rule touches, or NULL. */
static const char *touched_table(const struct lint_look *look, const json_t *rule)
{
    cleanup_free char *path = rule_path(look, rule);
    const json_t *table;

    for (size_t i = 0; (table = lint_subject_next(look->subject, PART_TABLE, &i));) {
        cleanup_free char *location = lint_path_of(json_text(table, "location"));

        if (lint_path_nested(path, location))
            return lint_subject_name(table);
    }
    return NULL;
}

static bool find_no_filter(struct lint_look *look)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(look->values, "lifecycle"), i, rule) {
        if (!json_object_get(rule, "Filter") && !json_object_get(rule, "Prefix"))
            return lint_rule_say(look, "rule \"%s\"", rule_name(rule));
    }
    return false;
}

static const char *archive_class(const json_t *rule)
{
    const json_t *transition;
    size_t i;

    json_array_foreach(json_object_get(rule, "Transitions"), i, transition) {
        const char *class = json_text(transition, "StorageClass");

        if (class && (strcmp(class, "GLACIER") == 0 || strcmp(class, "DEEP_ARCHIVE") == 0))
            return class;
    }
    return NULL;
}

static bool find_archive(struct lint_look *look)
{
    bool found = false;
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(look->values, "lifecycle"), i, rule) {
        const char *class = archive_class(rule), *table = touched_table(look, rule);

        if (class && table && is_enabled(rule))
            found = lint_rule_say(look, "rule \"%s\": %s, table %s", rule_name(rule), class, table);
        if (class && is_enabled(rule) && touches_archive(look, rule))
            found = lint_rule_say(look, "rule \"%s\": %s, closed months", rule_name(rule), class);
    }
    return found;
}

/* Before what is commonly asked for. */
static bool expires_early(const json_t *rule)
{
    const json_t *expiration = json_object_get(rule, "Expiration");
    const json_t *days = json_object_get(expiration, "Days");

    return is_enabled(rule) &&
           (json_object_get(expiration, "Date") || (days && json_integer_value(days) < KEEP_DAYS));
}

static bool find_expiration(struct lint_look *look)
{
    bool found = false;
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(look->values, "lifecycle"), i, rule) {
        const char *table = touched_table(look, rule);

        if (table && expires_early(rule))
            found = lint_rule_say(look, "rule \"%s\", table %s", rule_name(rule), table);
        if (expires_early(rule) && touches_archive(look, rule))
            found = lint_rule_say(look, "rule \"%s\", closed months", rule_name(rule));
        if (expires_early(rule) && touches_state(look, rule))
            found = lint_rule_say(look, "rule \"%s\", what billingd remembers", rule_name(rule));
    }
    return found;
}

/* ---- one prefix within another ---- */

/* Whether the place was said in this field of this resource.  What billingd keeps itself is told at
 * the bucket, where the spec says where. */
static bool is_mine(const struct lint_look *look, const json_t *place, const char *field)
{
    return !strcmp(json_text(place, "field"), field) &&
           (!strncmp(field, "billing.", 8) || !strcmp(json_text(place, "id"), look->resource->id));
}

static bool say_mixed(struct lint_look *look, const json_t *mine, const json_t *other)
{
    const char *pipeline = json_text(other, "pipeline");
    bool is_other =
        pipeline && look->subject->pipeline && strcmp(pipeline, look->subject->pipeline) != 0;

    return lint_rule_say(look, "%s in s3://%s, %s%s%s in s3://%s", json_text(mine, "what"),
                         json_text(mine, "path"), json_text(other, "what"), is_other ? " of " : "",
                         is_other ? pipeline : "", json_text(other, "path"));
}

/* The first of others, up to the place itself, that the place must not mix with.  Places that
 * billingd chose itself stand first, those that the spec chose for it are told there. */
static bool mixes(struct lint_look *look, const json_t *mine, const json_t *others, bool all)
{
    const json_t *other;
    size_t i;

    json_array_foreach(others, i, other) {
        if (other == mine && !all)
            break;
        if (other != mine && (all || strncmp(json_text(other, "field"), "billing.", 8)) &&
            lint_path_mixed(mine, other))
            return say_mixed(look, mine, other);
    }
    return false;
}

static bool find_mixed_in(struct lint_look *look, const char *field)
{
    const json_t *places = look->subject->places, *mine, *other;
    bool is_chosen = !strncmp(field, "billing.", 8);
    size_t i;

    if (is_chosen && strcmp(look->resource->id, "bucket") != 0)
        return false;
    json_array_foreach(places, i, mine) {
        if (!is_mine(look, mine, field))
            continue;
        if (mixes(look, mine, places, is_chosen))
            return true;
        other = lint_path_mixed_in(look->subject->others, mine);
        if (other)
            return say_mixed(look, mine, other);
    }
    return false;
}

static bool find_mixed_logs(struct lint_look *look)
{
    return find_mixed_in(look, "prefix");
}

static bool find_mixed_errors(struct lint_look *look)
{
    return find_mixed_in(look, "error_prefix");
}

static bool find_mixed_table(struct lint_look *look)
{
    return find_mixed_in(look, "location");
}

static bool find_mixed_results(struct lint_look *look)
{
    return find_mixed_in(look, "results");
}

static bool find_mixed_archive(struct lint_look *look)
{
    return find_mixed_in(look, "billing.close.archive");
}

#define MIXED                                                                                      \
    "BL504", "one prefix lies within another",                                                     \
        "What lists, expires, deletes or queries the one takes hold of the other: usage is "       \
        "billed "                                                                                  \
        "twice or vanishes, closed months are read as usage or expire.",                           \
        "Give each a prefix of its own: log objects, recovered ones, errors, rollups, query "      \
        "results and billing.close.archive, none in another, in billing/numbers/ or in "           \
        "_billingd/."

#define BUCKET .kind = "s3_bucket", .field = "lifecycle"

const struct lint lint_storage[] = {
    {"BL501", "a lifecycle rule without Filter",
     "S3 refuses the rule, or it is for the whole bucket: then logs, rollups and bills go with it.",
     "Add Filter: {Prefix: ...}.", BUCKET, .find = find_no_filter},
    {"BL502", "objects of a table, or closed months, move to GLACIER or DEEP_ARCHIVE",
     "Athena skips archived objects without an error: a bill made again after that is too low. A "
     "closed month that cannot be read is neither verified nor corrected, nor is the next one "
     "closed.",
     "Use GLACIER_IR or INTELLIGENT_TIERING, or keep the rule off the prefix.", BUCKET,
     .find = find_archive},
    {"BL503", "objects of a table, or closed months, expire",
     "They are the evidence for bills already sent, and of rollups the only copy: commercial "
     "records "
     "are commonly kept five years.",
     "Keep the rule off the prefix, or set five years (1826 days) or more.", BUCKET,
     .find = find_expiration},
    {MIXED, .kind = "delivery_stream", .field = "prefix", .find = find_mixed_logs,
     .is_error = true},
    {MIXED, .kind = "delivery_stream", .field = "error_prefix", .find = find_mixed_errors,
     .is_error = true},
    {MIXED, .kind = "glue_table", .field = "location", .find = find_mixed_table, .is_error = true},
    {MIXED, .kind = "workgroup", .field = "results", .find = find_mixed_results, .is_error = true},
    {MIXED, .kind = "s3_bucket", .field = "billing.close.archive", .find = find_mixed_archive,
     .is_error = true},
    {0},
};
