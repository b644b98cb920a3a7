/* lint_reading.c -- BL411 and on: what a reader leaves out or takes for something else, though all
 * of it was delivered.
 *
 * Sources: "OpenX JSON SerDe", "Supported types for partition projection", "CREATE TABLE" (Athena
 * user guide), "Data usage controls" (Athena workgroups). */
#include "spec/lint/key_layout.h"
#include "spec/lint/lint_path.h"
#include "spec/lint/lint_rule.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A month of usage is read at once; less than this is soon not even a day. */
static const json_int_t few_bytes = 1073741824;

static bool is_of_json(const json_t *table)
{
    const char *serde = json_text(table, "serde");

    return serde && strcasestr(serde, "json");
}

static bool find_skipped_lines(struct lint_look *look)
{
    static const char *const where[] = {"parameters", "serde_parameters"};
    static const char *const names[] = {"skip.header.line.count", "skip.footer.line.count"};
    bool found = false;

    for (size_t i = 0; i < 4; i++) {
        const char *count = json_text(json_object_get(look->values, where[i / 2]), names[i % 2]);

        if (count && strtol(count, NULL, 10) > 0)
            found = lint_rule_say(look, "%s is %s", names[i % 2], count);
    }
    return found;
}

static bool find_interval(struct lint_look *look)
{
    const json_t *parameters = json_object_get(look->values, "parameters");
    const char *enabled = json_text(parameters, "projection.enabled"), *key;
    bool found = false;
    json_t *type;

    if (!enabled || strcasecmp(enabled, "true") != 0)
        return false;
    json_object_foreach(json_object_get(look->values, "partition_keys"), key, type) {
        cleanup_free char *name = mem_printf("projection.%s.interval", key);
        const char *interval = json_text(parameters, name);

        if (interval && strtol(interval, NULL, 10) != 1)
            found = lint_rule_say(look, "%s is %s", name, interval);
    }
    return found;
}

static bool find_mapping(struct lint_look *look)
{
    bool found = false;
    const char *name;
    json_t *key;

    if (!is_of_json(look->values))
        return false;
    json_object_foreach(json_object_get(look->values, "serde_parameters"), name, key) {
        const char *from = json_string_value(key);

        if (strncasecmp(name, "mapping.", 8) == 0 && from && strcasecmp(name + 8, from) != 0)
            found = lint_rule_say(look, "%s is filled from %s", name + 8, from);
    }
    return found;
}

static bool find_scan_limit(struct lint_look *look)
{
    const json_t *limit = json_object_get(look->values, "scan_limit_bytes");

    return json_is_integer(limit) && json_integer_value(limit) < few_bytes &&
           lint_rule_say(look, "%lld bytes", (long long)json_integer_value(limit));
}

/* The first day that is billed, as a moment; false where it is not said. */
static bool first_billed(const struct lint_look *look, double *seconds)
{
    const char *since = json_text(json_object_get(look->subject->billing, "rollup"), "since");

    return since && timestamp_parse(since, seconds);
}

static bool find_excluded(struct lint_look *look)
{
    double since = 0;
    cleanup_free char *why = NULL;

    if (is_of_json(look->values) && first_billed(look, &since))
        why = key_layout_excluded(look->values, (int64_t)since);
    return why && lint_rule_say(
                      look, "billing.rollup.since is %s, %s",
                      json_text(json_object_get(look->subject->billing, "rollup"), "since"), why);
}

/* billingd lists objects to know which days have any: below the stream's folder, in this form. */
static bool find_unlisted(struct lint_look *look)
{
    double seconds = 0;
    cleanup_free char *written = NULL, *listed = NULL;

    (void)timestamp_parse("2026-03-04T15:16:00Z", &seconds);
    written = key_layout_written(look->values, (int64_t)seconds);
    listed = key_layout_listed(look->values, (int64_t)seconds);
    return look->subject->billing && written && listed &&
           strncmp(written, listed, strlen(listed)) != 0 &&
           lint_rule_say(look, "at 2026-03-04T15:16:00Z the stream writes %s, billingd lists %s",
                         written, listed);
}

/* What `billingd backfill` recovers lies below this table's place, in the same form: see
 * spec/billing_setup. */
static bool find_unseen_recovery(struct lint_look *look)
{
    cleanup_free char *path = lint_path_of(json_text(look->values, "location"));
    cleanup_free char *written = NULL, *looked = NULL;
    double seconds = 0;

    if (!look->subject->billing || !path || strcmp(look->resource->id, "recovered_table") != 0)
        return false;
    (void)timestamp_parse("2026-03-04T15:16:00Z", &seconds);
    written = key_layout_below(path, (int64_t)seconds);
    looked = key_layout_looked(look->values, (int64_t)seconds);
    return looked && strncmp(written, looked, strlen(looked)) != 0 &&
           lint_rule_say(look, "at 2026-03-04T15:16:00Z billingd writes %s, the table looks in %s",
                         written, looked);
}

#define TABLE .kind = "glue_table"

const struct lint lint_reading[] = {
    {"BL411", "the first or last lines of every object are skipped",
     "Every line is up to a batch of requests: those of each object's skipped lines go unbilled, "
     "without an error.",
     "Take skip.header.line.count and skip.footer.line.count out of the table.", TABLE,
     .field = "parameters", .find = find_skipped_lines},
    {"BL412", "the projection leaves partitions out",
     "With an interval only every second (third, ...) year, month, day or hour is looked for: the "
     "requests in between go unbilled, without an error.",
     "Take projection.KEY.interval out, or set it to 1.", TABLE, .field = "parameters",
     .find = find_interval},
    {"BL413", "a column is filled from a key of another name",
     "The column is empty or holds something else in every row: requests are not counted, or "
     "billed to somebody else.",
     "Take the mapping.COLUMN out of the SerDe's parameters.", TABLE, .field = "serde_parameters",
     .find = find_mapping},
    {"BL415", "queries may read less than 1 GiB",
     "Every query that reads more is stopped: as usage grows rollups and bills fail, and whoever "
     "asks sees an error instead of usage.",
     "Set scan_limit_bytes well above what a month of usage takes, or take it out.",
     .kind = "workgroup", .field = "scan_limit_bytes", .find = find_scan_limit},
    {"BL416", "the projection begins after what is billed",
     "Outside the range queries return no rows and no error: the calls before it are in no bill.",
     "Widen the range to the first day of billing.rollup.since, or let that begin later.", TABLE,
     .field = "parameters", .find = find_excluded},
    {"BL417", "billingd does not look for objects where the stream writes",
     "It lists year=/month=/day=/hour= in UTC to know which days have data: days seem empty, are "
     "not built, and nobody is billed for them.",
     "Set prefix: FOLDER/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
     "hour=!{timestamp:HH}/ and time_zone: UTC.",
     .kind = "delivery_stream", .field = "prefix", .find = find_unlisted, .is_error = true},
    {"BL418", "the table of recovered events does not look where they are written",
     "What was lost and is read again is in no bill, and the gap stays.",
     "Give recovered_table the shipped projection and storage.location.template.", TABLE,
     .field = "parameters", .find = find_unseen_recovery, .is_error = true},
    {0},
};
