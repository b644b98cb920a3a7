/* lint_table.c -- BL4xx: tables that do not see all data, or see what is none.
 *
 * Sources: "Set up partition projection", "Supported types for partition projection", "Table
 * location in Amazon S3", "OpenX JSON SerDe" (Athena user guide). */
#include "spec/lint/lint_path.h"
#include "spec/lint/lint_rule.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "spec/lint/key_layout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A table over what Firehose delivers: billingd does not register its partitions one by one. */
static bool is_log_table(const json_t *fields)
{
    const char *serde = json_text(fields, "serde");

    return serde && strcasestr(serde, "json");
}

static bool is_partitioned(const json_t *fields)
{
    return json_object_size(json_object_get(fields, "partition_keys")) > 0;
}

static const char *parameter(const json_t *fields, const char *name)
{
    return json_text(json_object_get(fields, "parameters"), name);
}

static const char *projection(const json_t *fields, const char *key, const char *what)
{
    cleanup_free char *name = mem_printf("projection.%s.%s", key, what);

    return parameter(fields, name);
}

static bool is_projected(const json_t *fields)
{
    const char *enabled = parameter(fields, "projection.enabled");

    return enabled && strcasecmp(enabled, "true") == 0;
}

static bool find_no_projection(struct lint_look *look)
{
    return is_log_table(look->values) && is_partitioned(look->values) &&
           !is_projected(look->values);
}

static bool find_number_keys(struct lint_look *look)
{
    const char *key;
    json_t *type;

    if (!is_log_table(look->values) || is_projected(look->values))
        return false;
    json_object_foreach(json_object_get(look->values, "partition_keys"), key, type) {
        const char *name = json_string_value(type);

        if (name && strcasecmp(name, "string") != 0)
            return lint_rule_say(look, "%s %s", key, name);
    }
    return false;
}

static bool find_year_range(struct lint_look *look)
{
    const char *range = projection(look->values, "year", "range"), *comma;
    int year = look->subject->year;

    if (!is_projected(look->values) || !range || !(comma = strchr(range, ',')))
        return false;
    if (strtol(range, NULL, 10) <= year && strtol(comma + 1, NULL, 10) >= year + 2)
        return false;
    return lint_rule_say(look, "%s, now is %d", range, year);
}

static bool find_incomplete_projection(struct lint_look *look)
{
    const char *template = parameter(look->values, "storage.location.template"), *key;
    json_t *type;

    if (!is_projected(look->values))
        return false;
    json_object_foreach(json_object_get(look->values, "partition_keys"), key, type) {
        cleanup_free char *placed = mem_printf("${%s}", key);
        const char *have = projection(look->values, key, "type");

        if (!have)
            return lint_rule_say(look, "projection.%s.type is missing", key);
        if (strcmp(have, "integer") == 0 && !projection(look->values, key, "range"))
            return lint_rule_say(look, "projection.%s.range is missing", key);
        if (template && !strstr(template, placed))
            return lint_rule_say(look, "storage.location.template has no %s", placed);
    }
    return template && *template && template[strlen(template) - 1] != '/' &&
           lint_rule_say(look, "storage.location.template does not end in /");
}

/* Ends and middles of days, years and halves of the clock, the leap day, and around changes of
 * clocks in Europe and America. */
static const char *const moments[] = {
    "2026-01-02T03:04:00Z", "2026-07-05T15:16:00Z", "2026-12-31T23:30:00Z", "2024-02-29T12:30:00Z",
    "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-11-01T05:30:00Z",
};

/* Whether the table is meant for what the stream writes: one of them lies within the other. */
static bool is_over(const json_t *table, const json_t *stream)
{
    cleanup_free char *written = lint_path_of_stream(stream);
    cleanup_free char *location = lint_path_of(json_text(table, "location"));

    return is_log_table(table) && lint_path_nested(written, location);
}

static bool misses(struct lint_look *look, const json_t *stream, const char *moment)
{
    double seconds = 0;
    cleanup_free char *written = NULL, *looked = NULL;

    (void)timestamp_parse(moment, &seconds);
    written = key_layout_written(stream, (int64_t)seconds);
    looked = key_layout_looked(look->values, (int64_t)seconds);
    return written && looked && strncmp(written, looked, strlen(looked)) != 0 &&
           lint_rule_say(look, "at %s the stream writes %s, the table looks in %s", moment, written,
                         looked);
}

static bool find_other_keys(struct lint_look *look)
{
    const json_t *stream;

    for (size_t i = 0; (stream = lint_subject_next(look->subject, PART_DELIVERY, &i));)
        for (size_t m = 0; is_over(look->values, stream) && m < sizeof moments / sizeof *moments;
             m++)
            if (misses(look, stream, moments[m]))
                return true;
    return false;
}

/* A view that tells the state of every line belongs to an audit that misses what is unreadable. */
static bool is_audited(const struct lint_look *look)
{
    const json_t *view;
    size_t index = 0;

    while ((view = lint_subject_next(look->subject, PART_VIEW, &index))) {
        const char *sql = json_text(view, "sql");

        if (sql && strstr(sql, "line_state"))
            return true;
    }
    return false;
}

static bool find_malformed(struct lint_look *look)
{
    const char *value =
        json_text(json_object_get(look->values, "serde_parameters"), "ignore.malformed.json");

    return value && strcasecmp(value, "true") == 0 && !is_audited(look);
}

/* Whether some table of log documents lies where the stream writes: others may then hold what was
 * recovered, or came before. */
static bool has_log_table_at(const struct lint_look *look, const char *want)
{
    const json_t *table;

    for (size_t i = 0; (table = lint_subject_next(look->subject, PART_TABLE, &i));) {
        cleanup_free char *location = lint_path_of(json_text(table, "location"));

        if (is_log_table(table) && location && !strcmp(location, want))
            return true;
    }
    return false;
}

static bool find_other_location(struct lint_look *look)
{
    const json_t *stream;
    size_t streams = 0;

    if (!is_log_table(look->values) || !json_text(look->values, "location"))
        return false;
    for (size_t i = 0; (stream = lint_subject_next(look->subject, PART_DELIVERY, &i)); streams++) {
        cleanup_free char *want = lint_path_of_stream(stream);

        if (!want || has_log_table_at(look, want))
            return false;
    }
    return streams > 0 && lint_rule_say(look, "%s", json_text(look->values, "location"));
}

/* Only partitions somebody registered are read: where the table lies does not matter. */
static bool reads_registered(const json_t *table)
{
    return is_partitioned(table) && !is_projected(table);
}

static bool find_nested_tables(struct lint_look *look)
{
    cleanup_free char *mine = lint_path_of(json_text(look->values, "location"));
    const json_t *other;

    for (size_t i = 0; (other = lint_subject_next(look->subject, PART_TABLE, &i));) {
        cleanup_free char *location = lint_path_of(json_text(other, "location"));

        if (other == look->values)
            return false; /* told at the later one */
        if (lint_path_nested(mine, location) &&
            !(reads_registered(other) && reads_registered(look->values)))
            return lint_rule_say(look, "%s and %s", json_text(other, "location"),
                                 json_text(look->values, "location"));
    }
    return false;
}

/* Whether something else is written to path, which lies in a table's location. */
static bool find_in_tables(struct lint_look *look, const char *path)
{
    const json_t *table, *stream;

    for (size_t i = 0; path && (table = lint_subject_next(look->subject, PART_TABLE, &i));) {
        cleanup_free char *location = lint_path_of(json_text(table, "location"));

        if (location && strncmp(path, location, strlen(location)) == 0)
            return lint_rule_say(look, "table %s reads all of %s", lint_subject_name(table),
                                 json_text(table, "location"));
    }
    for (size_t i = 0; path && (stream = lint_subject_next(look->subject, PART_DELIVERY, &i));) {
        cleanup_free char *folder = lint_path_of_stream(stream);

        if (folder && strncmp(path, folder, strlen(folder)) == 0)
            return lint_rule_say(look, "log objects lie below s3://%s", folder);
    }
    return false;
}

static bool find_results_in_table(struct lint_look *look)
{
    cleanup_free char *path = lint_path_of(json_text(look->values, "results"));

    return find_in_tables(look, path);
}

static bool find_errors_in_table(struct lint_look *look)
{
    const char *bucket = json_text(look->values, "bucket"),
               *prefix = json_text(look->values, "error_prefix");
    cleanup_free char *path = NULL;

    if (!bucket || !prefix || !strrchr(bucket, ':'))
        return false;
    path = mem_printf("%s/%s", strrchr(bucket, ':') + 1, prefix);
    return find_in_tables(look, path);
}

#define TABLE .kind = "glue_table"

const struct lint lint_table[] = {
    {"BL401", "partitions of the log table are not projected",
     "New hours are invisible until somebody runs MSCK REPAIR TABLE or registers them: their "
     "requests are missing from every bill made before.",
     "Set projection.enabled: \"true\" and a projection for each partition key.", TABLE,
     .field = "partition_keys", .find = find_no_projection},
    {"BL402", "number partition keys over zero-padded folders",
     "Without projection hour=08 and hour=8 are two texts for one number: queries find nothing, or "
     "the same folder twice.",
     "Project the partitions with digits, or declare the keys as string.", TABLE,
     .field = "partition_keys", .find = find_number_keys},
    {"BL403", "the projected years end soon or do not hold this one",
     "Outside the range queries return no rows and no error: from New Year on the bill is empty.",
     "Widen projection.year.range to at least two years from now.", TABLE, .field = "parameters",
     .find = find_year_range},
    {"BL404", "the projection is not complete",
     "Every query on the table fails, or finds nothing: no bill.",
     "Give each partition key type and range, put it into storage.location.template, and end that "
     "in /.",
     TABLE, .field = "parameters", .find = find_incomplete_projection},
    {"BL405", "the table does not look where the stream writes",
     "Queries find nothing there, without an error: the calls of those hours are not billed. Keys "
     "of another time zone than UTC, hh for HH, or a month of one digit do that.",
     "Use the shipped s3_prefix, time_zone: UTC, and a projection and storage.location.template "
     "that "
     "make the same keys.",
     TABLE, .field = "parameters", .find = find_other_keys, .is_error = true},
    {"BL406", "broken documents are ignored, and nothing counts them",
     "With ignore.malformed.json a damaged object turns into empty rows: its requests go unbilled, "
     "without an error.",
     "Take ignore.malformed.json out, or use the shipped view, whose audit shows them as a gap.",
     TABLE, .field = "serde_parameters", .find = find_malformed},
    {"BL407", "the log table does not lie where the stream delivers",
     "The table is empty, or reads old data only: new requests go unbilled.",
     "Set location: ${stream.data_location}.", TABLE, .field = "location",
     .find = find_other_location},
    {"BL408", "one table lies within another",
     "Athena reads everything below a location: rows of the inner table are counted in the outer "
     "one.",
     "Give each table a prefix of its own.", TABLE, .field = "location", .find = find_nested_tables,
     .is_error = true},
    {"BL409", "query results lie within a table",
     "Athena reads everything below a location: results are counted as requests, or break the "
     "query.",
     "Put results under a prefix beside the table's.", .kind = "workgroup", .field = "results",
     .find = find_results_in_table, .is_error = true},
    {"BL410", "the error prefix lies within a table",
     "Athena reads everything below a location: failed records break every query, or are counted.",
     "Put errors under a prefix beside the table's.", .kind = "delivery_stream",
     .field = "error_prefix", .find = find_errors_in_table, .is_error = true},
    {0},
};
