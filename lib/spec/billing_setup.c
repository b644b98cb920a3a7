#include "spec/billing_setup.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/prices/settings.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* How a name stands in AWS, seen from the field. */
enum form {
    AS_IS,
    FOLDER, /* of a Firehose prefix: the folder all objects lie in */
    FIXED,  /* of a Firehose prefix: what all keys begin with */
    KEY,    /* of a location: "parquet-data/" of "s3://bucket/parquet-data" */
};

#define NAME(member) offsetof(struct billing_names, member)

/* Which field of which resource of the template each of billing's names is. */
static const struct name {
    size_t at; /* in struct billing_names */
    const char *id, *field;
    enum form form;
    bool needed; /* a spec that switches the resource off cannot be billed from */
} names[] = {
    {NAME(bucket), "bucket", "name", AS_IS, true},
    {NAME(workgroup), "workgroup", "name", AS_IS, true},
    {NAME(database), "database", "name", AS_IS, true},
    {NAME(raw_table), "raw_table", "name", AS_IS, true},
    {NAME(view), "view", "name", AS_IS, true},
    {NAME(rollup_table), "rollup_table", "name", AS_IS, true},
    {NAME(rollup_prefix), "rollup_table", "location", KEY, false},
    {NAME(runs_table), "rollup_runs", "name", AS_IS, false},
    {NAME(results), "workgroup", "results", AS_IS, false},
    {NAME(stream), "stream", "name", AS_IS, false},
    {NAME(data_prefix), "stream", "prefix", FOLDER, false},
    {NAME(error_prefix), "stream", "error_prefix", FIXED, false},
    {NAME(log_group), "access_logs", "name", AS_IS, false},
    {NAME(filter), "subscription", "name", AS_IS, false},
    {NAME(api_name), "stage_logging", "api_name", AS_IS, false},
    {NAME(api_id), "stage_logging", "api_id", AS_IS, false},
    {NAME(stage), "stage_logging", "stage", AS_IS, false},
};

static char *key_part(const char *location)
{
    const char *bucket = !strncmp(location, "s3://", 5) ? location + 5 : "";
    const char *slash = strchr(bucket, '/');
    size_t n = slash ? strlen(slash + 1) : 0;

    return mem_printf("%s%s", slash ? slash + 1 : "", n && slash[n] != '/' ? "/" : "");
}

static char *lower(const char *text)
{
    char *copy = mem_text(text);

    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

/* New text; "" where the resource is missing or switched off. */
static char *find_name(const struct manifest_pipeline *pipeline, const json_t *desired,
                       const struct name *name)
{
    const struct manifest_resource *resource = manifest_resource_find(pipeline, name->id);
    const struct field *field;
    const char *text;

    if (!resource || resource->absent)
        return mem_text("");
    text =
        json_text(json_array_get(desired, (size_t)(resource - pipeline->resources)), name->field);
    text = text ? text : "";
    if (name->form == FOLDER)
        return firehose_prefix_folder(text);
    if (name->form == FIXED)
        return firehose_prefix_fixed(text);
    if (name->form == KEY)
        return key_part(text);
    field = kind_field(resource->kind, name->field);
    return field && field->type == FIELD_LOWER ? lower(text) : mem_text(text);
}

/* Where the backfill puts what it recovers: read like the stream's own objects. */
static char **side_prefixes(const struct manifest_pipeline *pipeline, const json_t *desired)
{
    static const struct name recovered = {0, "recovered_table", "location", KEY, false};
    char *prefix = find_name(pipeline, desired, &recovered);
    char **prefixes;

    if (!*prefix) {
        free(prefix);
        return NULL;
    }
    prefixes = mem_new(2 * sizeof *prefixes);
    prefixes[0] = prefix;
    return prefixes;
}

static int read_names(const struct manifest_pipeline *pipeline, const json_t *desired,
                      struct billing_names *into, struct err *e)
{
    int status = 0;

    into->side_prefixes = side_prefixes(pipeline, desired);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *text = find_name(pipeline, desired, &names[i]);

        *(char **)((char *)into + names[i].at) = text;
        if (names[i].needed && !*text && !status)
            status = err_set(e, ERR_INVALID,
                             "%s: the resource %s is switched off or missing; billing needs it",
                             pipeline->name, names[i].id);
    }
    return status;
}

/* Of one query; 0 where the spec names none. */
static int64_t scan_limit(const struct manifest_pipeline *pipeline, const json_t *desired)
{
    const struct manifest_resource *workgroup = manifest_resource_find(pipeline, "workgroup");
    const json_t *values =
        workgroup ? json_array_get(desired, (size_t)(workgroup - pipeline->resources)) : NULL;

    return json_integer_value(json_object_get(values, "scan_limit_bytes"));
}

struct billing *billing_setup(const struct manifest *manifest, size_t pipeline,
                              struct aws_session *session, const char *account, struct err *e)
{
    const struct manifest_pipeline *spec = &manifest->pipelines[pipeline];
    struct billing *billing = mem_new(sizeof *billing);
    struct section_reader reader = {0};
    json_auto_t *facts =
        json_pack("{s:s, s:s, s:s}", "account", account, "region", aws_session_region(session),
                  "partition", aws_session_partition(session));
    json_auto_t *desired = manifest_resolve(spec, facts);
    json_auto_t *section = spec->billing ? json_share(spec->billing) : json_object();

    *billing = (struct billing){
        .pipeline = mem_text(spec->name),
        .account = mem_text(account),
        .region = mem_text(aws_session_region(session)),
        .partition = mem_text(aws_session_partition(session)),
        .session = session,
        .book = spec->book ? price_book_share(spec->book) : price_book_new(section),
        .damaged = json_array(),
        .queries = spec->queries ? json_share(spec->queries) : json_object(),
    };
    billing->scan_limit_bytes = scan_limit(spec, desired);
    settings_from_section(&(struct section_value){&reader, section, ""}, &billing->settings);
    if (!read_names(spec, desired, &billing->names, e))
        return billing;
    billing_free(billing);
    return NULL;
}
