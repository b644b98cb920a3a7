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
    {0},
};
