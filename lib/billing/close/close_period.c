#include "billing/close/close_period.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/bill/bill_month.h"
#include "billing/prices/price_book.h"
#include "billing/store/athena_query_text.h"

#include <string.h>

static struct period period_in(const char *zone, struct day_span days)
{
    return (struct period){
        calendar_day_start(zone, days.first),
        calendar_day_start(zone, calendar_add_days(days.last, 1)),
    };
}

struct period close_period_of(const struct billing *billing, struct day month)
{
    return period_in(price_book_zone(billing->book), bill_month_days(billing, month));
}

struct period close_period_whole(const struct billing *billing, struct day month)
{
    return period_in(price_book_zone(billing->book), calendar_month(month));
}

bool close_period_read(const json_t *manifest, struct period *period)
{
    const json_t *said = json_object_get(manifest, "period");
    const char *month = json_text(manifest, "month"), *zone = json_text(manifest, "time_zone");
    struct err e = {0};
    struct day day;

    if (json_is_integer(json_object_get(said, "from")) &&
        json_is_integer(json_object_get(said, "to"))) {
        *period = (struct period){json_integer_value(json_object_get(said, "from")),
                                  json_integer_value(json_object_get(said, "to"))};
        return true;
    }
    if (!month || !zone || calendar_parse_month(month, &day, &e))
        return false;
    *period = period_in(zone, calendar_month(day));
    return true;
}

json_t *close_period_json(struct period period)
{
    char from[TIMESTAMP_ROOM], to[TIMESTAMP_ROOM];

    timestamp_text(period.from_s, from);
    timestamp_text(period.to_s, to);
    return json_pack("{s:I, s:I, s:s, s:s}", "from", (json_int_t)period.from_s, "to",
                     (json_int_t)period.to_s, "from_text", from, "to_text", to);
}

/* Whose events are billed beside those of the log group: account:name. */
static json_t *log_groups_of(const struct billing *billing)
{
    json_t *groups = json_array();

    for (size_t i = 0; i < billing->settings.log_group_count; i++) {
        const struct billing_log_group *group = &billing->settings.log_groups[i];

        json_array_append_new(
            groups,
            json_sprintf("%s:%s", group->account ? group->account : billing->account, group->name));
    }
    return groups;
}

json_t *close_period_rules(const struct billing *billing)
{
    const struct billing_names *names = &billing->names;
    cleanup_free char *rollup = athena_query_text_hash(billing, "rollup");
    json_t *sides = json_array();

    for (char **prefix = names->side_prefixes; prefix && *prefix; prefix++)
        json_array_append_new(sides, json_string(*prefix));
    return json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:i, s:s?, s:I, s:s, s:s}",
        "bucket", names->bucket, "data_prefix", names->data_prefix, "side_prefixes", sides,
        "database", names->database, "raw_table", names->raw_table, "view", names->view,
        "rollup_table", names->rollup_table, "log_group", names->log_group, "log_groups",
        log_groups_of(billing), "api_id", names->api_id, "stage", names->stage, "late_days",
        billing->settings.late_days, "since", billing->settings.since, "max_response",
        (json_int_t)billing->settings.max_response_bytes, "time_zone",
        price_book_zone(billing->book), "rollup_sha256", rollup);
}

/* What a rule is about, where its name does not say it. */
static const char *meaning_of(const char *key)
{
    return strcmp(key, "rollup_sha256") != 0
               ? key
               : "the SQL that tells copies from calls and finds their day (rollup_sha256)";
}

json_t *close_period_changes(const json_t *before, const json_t *now)
{
    json_t *texts = json_array(), *value;
    const char *key;

    json_object_foreach((json_t *)now, key, value) {
        const json_t *was = json_object_get(before, key);
        cleanup_free char *old = was ? json_dumps(was, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        cleanup_free char *new = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

        if (was && !json_equal(was, value))
            json_array_append_new(texts, json_sprintf("%s was %s, is %s", meaning_of(key),
                                                      old ? old : "?", new ? new : "?"));
    }
    return texts;
}
