/* lint_delivery.c -- BL1xx: what Firehose writes and whether Athena can read all of it.
 *
 * Sources: "Compression support" and "Considerations for the JSON SerDe" (Athena user guide),
 * "Custom prefixes for Amazon S3 objects" and "Send CloudWatch Logs to Firehose" (Firehose guide).
 */
#include "spec/lint/lint_rule.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* CloudWatch Logs sends gzip; everything here is about streams it feeds. */
static bool is_fed_by_logs(const struct lint_look *look)
{
    const char *name = json_text(look->values, "name");
    const json_t *filter;

    for (size_t i = 0; name && (filter = lint_subject_next(look->subject, PART_FORWARDER, &i));) {
        const char *destination = json_text(filter, "destination");
        const char *last = destination ? strrchr(destination, '/') : NULL;

        if (last && strcmp(last + 1, name) == 0)
            return true;
    }
    return false;
}

static bool has_processor(const struct lint_look *look, const char *type)
{
    const json_t *processor;
    size_t i;

    if (!json_is_true(json_object_get(look->values, "processing")))
        return false;
    json_array_foreach(json_object_get(look->values, "processors"), i, processor) {
        const char *have = json_text(processor, "Type");

        if (have && strcmp(have, type) == 0)
            return true;
    }
    return false;
}

static bool is_compressed(const struct lint_look *look)
{
    const char *compression = json_text(look->values, "compression");

    return compression && strcmp(compression, "GZIP") == 0;
}

static bool is_named_gz(const struct lint_look *look)
{
    const char *extension = json_text(look->values, "file_extension");
    size_t length = extension ? strlen(extension) : 0;

    return length >= 3 && strcmp(extension + length - 3, ".gz") == 0;
}

static bool find_gzip_without_name(struct lint_look *look)
{
    bool gzip =
        is_compressed(look) || (is_fed_by_logs(look) && !has_processor(look, "Decompression"));
    const char *extension = json_text(look->values, "file_extension");

    return gzip && !is_named_gz(look) &&
           lint_rule_say(look, "file_extension is %s%s%s", extension ? "\"" : "not set",
                         extension ? extension : "", extension ? "\"" : "");
}

static bool find_name_without_gzip(struct lint_look *look)
{
    const char *compression = json_text(look->values, "compression");

    return is_named_gz(look) && !is_compressed(look) &&
           (has_processor(look, "Decompression") || !is_fed_by_logs(look)) &&
           lint_rule_say(look, "compression is %s", compression ? compression : "not set");
}

static bool find_no_decompression(struct lint_look *look)
{
    return is_fed_by_logs(look) && !has_processor(look, "Decompression");
}

static bool find_no_delimiter(struct lint_look *look)
{
    return is_fed_by_logs(look) && !has_processor(look, "AppendDelimiterToRecord");
}

static bool find_unreadable_compression(struct lint_look *look)
{
    const char *compression = json_text(look->values, "compression");

    return compression && strcmp(compression, "GZIP") != 0 &&
           strcmp(compression, "UNCOMPRESSED") != 0 && lint_rule_say(look, "%s", compression);
}

static bool find_no_error_type(struct lint_look *look)
{
    const char *prefix = json_text(look->values, "error_prefix");

    return prefix && strstr(prefix, "!{") && !strstr(prefix, "!{firehose:error-output-type}");
}

static bool find_no_slash(struct lint_look *look)
{
    const char *prefix = json_text(look->values, "error_prefix");
    size_t length = prefix ? strlen(prefix) : 0;

    return length && prefix[length - 1] != '/' && lint_rule_say(look, "\"%s\"", prefix);
}

static bool find_small_buffer(struct lint_look *look)
{
    const json_t *size = json_object_get(look->values, "buffer_mib");
    const json_t *seconds = json_object_get(look->values, "buffer_seconds");
    json_int_t mib = size ? json_integer_value(size) : 5; /* Firehose's own defaults */
    json_int_t wait = seconds ? json_integer_value(seconds) : 300;

    return (mib < 64 || wait < 300) &&
           lint_rule_say(look, "%lld MiB, %lld s", (long long)mib, (long long)wait);
}

/* Whether one of the letters stands in the pattern of an expression, outside of quotes. */
static bool has_letter(const char *expression, size_t length, const char *letters)
{
    bool quoted = false;

    for (size_t i = strlen("!{timestamp:"); i < length; i++) {
        quoted ^= expression[i] == '\'';
        if (!quoted && strchr(letters, expression[i]))
            return true;
    }
    return false;
}

static bool find_week_year(struct lint_look *look)
{
    const char *fields[] = {"prefix", "error_prefix"};

    for (size_t i = 0; i < 2; i++) {
        const char *text = json_text(look->values, fields[i]);

        while (text && (text = strstr(text, "!{timestamp:"))) {
            size_t length = strcspn(text, "}");

            if (has_letter(text, length, "YDhKk"))
                return lint_rule_say(look, "%.*s} in %s", (int)length, text, fields[i]);
            text += length;
        }
    }
    return false;
}

static bool find_no_error_log(struct lint_look *look)
{
    const char *group = json_text(look->values, "error_log_group");
    const char *name = json_text(look->values, "error_log_stream");
    const json_t *stream;

    if (!json_is_true(json_object_get(look->values, "error_logging")))
        return lint_rule_say(look, "it is off");
    for (size_t i = 0;
         group && name && (stream = lint_subject_next(look->subject, PART_LOG_STREAM, &i));) {
        const char *have_group = json_text(stream, "log_group"), *have = json_text(stream, "name");

        if (have && have_group && strcmp(have, name) == 0 && strcmp(have_group, group) == 0)
            return false;
    }
    return lint_rule_say(look, "no log_stream resource makes the stream \"%s\"", name ? name : "");
}

static bool find_message_extraction(struct lint_look *look)
{
    return has_processor(look, "CloudWatchLogProcessing");
}

static bool is_newline(const char *delimiter)
{
    return strcmp(delimiter, "\n") == 0 || strcmp(delimiter, "\\n") == 0;
}

static bool find_other_delimiter(struct lint_look *look)
{
    const json_t *processor, *parameter;
    bool found = false;
    size_t i, k;

    if (!json_is_true(json_object_get(look->values, "processing")))
        return false;
    json_array_foreach(json_object_get(look->values, "processors"), i, processor) {
        json_array_foreach(json_object_get(processor, "Parameters"), k, parameter) {
            const char *name = json_text(parameter, "ParameterName");
            const char *value = json_text(parameter, "ParameterValue");

            if (name && value && strcmp(name, "Delimiter") == 0 && !is_newline(value))
                found = lint_rule_say(look, "\"%s\"", value);
        }
    }
    return found;
}

#define STREAM .kind = "delivery_stream"

const struct lint lint_delivery[] = {
    {"BL101", "gzip content under a name that does not end in .gz",
     "Athena picks the codec by the name alone and reads the gzip bytes as text: every query fails "
     "or counts no request, so nothing can be billed.",
     "Set compression: GZIP and file_extension: .json.gz.", STREAM, .field = "file_extension",
     .find = find_gzip_without_name},
    {"BL102", "records from CloudWatch Logs are not decompressed",
     "Each record is a gzip member without a newline: once the name ends in .gz, Athena reads the "
     "first document of each object and ignores the rest, without an error. 43 % (a request a "
     "minute) "
     "to 93 % (600 a minute) go unbilled.",
     "Add the processors Decompression and AppendDelimiterToRecord, and set processing: true.",
     STREAM, .field = "processors", .find = find_no_decompression},
    {"BL103", "name ends in .gz, content is not gzip",
     "Athena fails to unpack the objects: no request in them can be billed.",
     "Set compression: GZIP, or take .gz from file_extension.", STREAM, .field = "file_extension",
     .find = find_name_without_gzip},
    {"BL104", "no newline between records",
     "The JSON SerDe reads one document per line: all but the first of each object are ignored, "
     "and "
     "their requests go unbilled, without an error.",
     "Add the processor AppendDelimiterToRecord.", STREAM, .field = "processors",
     .find = find_no_delimiter},
    {"BL105", "compression that Athena cannot read in a JSON table",
     "Queries fail or skip the objects: their requests cannot be billed.",
     "Set compression: GZIP and file_extension: .json.gz.", STREAM, .field = "compression",
     .find = find_unreadable_compression},
    {"BL106", "error prefix without !{firehose:error-output-type}",
     "AWS refuses the stream (InvalidArgumentException): no log is delivered at all.",
     "Use error/!{firehose:error-output-type}/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/.",
     .kind = "delivery_stream", .field = "error_prefix", .find = find_no_error_type,
     .is_error = true},
    {"BL107", "error prefix does not end in a slash",
     "Its last part becomes the start of file names instead of a folder: failed records, which are "
     "unbilled usage, are easily missed when somebody looks for them.",
     "End error_prefix in \"/\".", STREAM, .field = "error_prefix", .find = find_no_slash},
    {"BL108", "small buffers make thousands of tiny objects",
     "One object a minute is 43,200 a month: every query pays S3 requests and time for each, and "
     "objects under 128 KB never move to a cheaper class.",
     "Set buffer_mib: 64 and buffer_seconds: 300 or more.", STREAM, .field = "buffer_seconds",
     .find = find_small_buffer},
    {"BL109", "prefix counts in week-years, days of the year or twelve hours",
     "YYYY is the week-based year, DD the day of the year, hh goes to twelve: around New Year, "
     "every "
     "day or every afternoon objects land in partitions no query reads, and their requests go "
     "unbilled.",
     "Write yyyy, dd and HH.", STREAM, .field = "prefix", .find = find_week_year},
    {"BL110", "delivery errors are not logged",
     "Firehose makes neither log group nor stream: without them a failing delivery shows nowhere, "
     "and what it drops after 24 hours is lost for good.",
     "Set error_logging: true and declare the log stream as a log_stream resource.", STREAM,
     .field = "error_logging", .find = find_no_error_log},
    {"BL111", "message extraction drops the event ids",
     "Without the id of the log event redelivered requests cannot be told from new ones, and one "
     "broken line makes every query fail.",
     "Take CloudWatchLogProcessing out; keep Decompression and AppendDelimiterToRecord.", STREAM,
     .field = "processors", .find = find_message_extraction},
    {"BL112", "the delimiter between records is no newline",
     "The JSON SerDe reads one document per line: all but the first of each object are ignored, "
     "and their requests go unbilled, without an error.",
     "Take the parameter Delimiter out of AppendDelimiterToRecord, or set it to \\n.", STREAM,
     .field = "processors", .find = find_other_delimiter},
    {0},
};
