#include "spec/billing_setup.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/prices/settings.h"

#include <ctype.h>
#include <string.h>

struct source {
    const struct manifest_pipeline *pipeline;
    const json_t *desired; /* resolved resources, in the pipeline's order */
};

static const json_t *resource(const struct source *source, const char *id)
{
    for (size_t i = 0; i < source->pipeline->resource_count; i++)
        if (!strcmp(source->pipeline->resources[i].id, id) &&
            !source->pipeline->resources[i].absent)
            return json_array_get(source->desired, i);
    return NULL;
}

/* A field of a resource; "" where either is missing. */
static char *field(const struct source *source, const char *id, const char *name)
{
    const char *text = json_text(resource(source, id), name);

    return mem_text(text ? text : "");
}

/* Glue folds names to lower case. */
static char *glue_name(const struct source *source, const char *id)
{
    char *name = field(source, id, "name");

    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return name;
}

/* A Firehose prefix up to its first expression, to the last slash before it. */
static char *plain_prefix(const struct source *source, const char *name)
{
    char *prefix = field(source, "stream", name), *expression = strstr(prefix, "!{"), *slash;

    if (expression) {
        *expression = '\0';
        slash = strrchr(prefix, '/');
        prefix[slash ? slash - prefix + 1 : 0] = '\0';
    }
    return prefix;
}

/* "parquet-data/" of "s3://bucket/parquet-data". */
static char *key_part(const struct source *source, const char *id)
{
    cleanup_free char *location = field(source, id, "location");
    const char *bucket = !strncmp(location, "s3://", 5) ? location + 5 : "";
    const char *slash = strchr(bucket, '/');
    size_t n = slash ? strlen(slash + 1) : 0;

    return mem_printf("%s%s", slash ? slash + 1 : "", n && slash[n] != '/' ? "/" : "");
}

/* Where the backfill puts what it recovers: read like the stream's own objects. */
static char **side_prefixes(const struct source *source)
{
    char *prefix = key_part(source, "recovered_table");
    char **prefixes;

    if (!*prefix) {
        free(prefix);
        return NULL;
    }
    prefixes = mem_new(2 * sizeof *prefixes);
    prefixes[0] = prefix;
    return prefixes;
}

static void read_names(const struct source *source, struct billing_names *names)
{
    *names = (struct billing_names){
        .bucket = field(source, "bucket", "name"),
        .data_prefix = plain_prefix(source, "prefix"),
        .side_prefixes = side_prefixes(source),
        .error_prefix = plain_prefix(source, "error_prefix"),
        .stream = field(source, "stream", "name"),
        .log_group = field(source, "access_logs", "name"),
        .filter = field(source, "subscription", "name"),
        .api_name = field(source, "stage_logging", "api_name"),
        .api_id = field(source, "stage_logging", "api_id"),
        .stage = field(source, "stage_logging", "stage"),
        .workgroup = field(source, "workgroup", "name"),
        .results = field(source, "workgroup", "results"),
        .database = glue_name(source, "database"),
        .raw_table = glue_name(source, "raw_table"),
        .view = glue_name(source, "view"),
        .rollup_table = glue_name(source, "rollup_table"),
        .rollup_prefix = key_part(source, "rollup_table"),
        .runs_table = glue_name(source, "rollup_runs"),
    };
}

/* Billing reads and writes these; a spec that switches one off cannot be billed from. */
static int check_names(const struct billing *billing, struct err *e)
{
    const struct {
        const char *id, *name;
    } needed[] = {
        {"bucket", billing->names.bucket},     {"workgroup", billing->names.workgroup},
        {"database", billing->names.database}, {"raw_table", billing->names.raw_table},
        {"view", billing->names.view},         {"rollup_table", billing->names.rollup_table},
    };

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!*needed[i].name)
            return err_set(e, ERR_INVALID,
                           "%s: the resource %s is switched off or missing; billing needs it",
                           billing->pipeline, needed[i].id);
    return 0;
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
        .book = price_book_new(section),
        .queries = spec->queries ? json_share(spec->queries) : json_object(),
    };
    read_names(&(struct source){spec, desired}, &billing->names);
    settings_from_section(&(struct section_value){&reader, section, ""}, &billing->settings);
    if (!check_names(billing, e))
        return billing;
    billing_free(billing);
    return NULL;
}
