#include "daemon/board/board_usage.h"

#include "base/json.h"
#include "base/timestamp.h"
#include "daemon/board/board_document.h"
#include "daemon/board/board_private.h"
#include "daemon/board/board_rows.h"

#include <string.h>

/* ---- the audit ---- */

/* CloudWatch has no datapoint for an hour without traffic.  Where another hop saw some, the sum of
 * the day is not known. */
static void add_count(json_t *sums, const json_t *hour, const json_t *hops, const char *hop)
{
    const json_t *count = json_object_get(hour, hop), *before = json_object_get(sums, hop);
    bool busy = false;
    json_t *other;
    size_t i;

    json_array_foreach(hops, i, other)
        busy = busy || json_whole(hour, json_string_value(other)) > 0;
    if (json_is_null(before) || (!json_is_integer(count) && busy))
        json_object_set_new(sums, hop, json_null());
    else if (before || json_is_integer(count))
        json_object_set_new(sums, hop,
                            json_integer(json_integer_value(before) + json_integer_value(count)));
}

/* Hours by UTC day: the hops that are counted by the hour. */
static json_t *audit_days(const json_t *audit)
{
    json_t *days = json_array(), *hour, *last = NULL;
    char before[11] = "";
    size_t i;

    json_array_foreach(json_object_get(audit, "hours"), i, hour) {
        char text[TIMESTAMP_ROOM];
        const json_t *hops = json_object_get(audit, "hops");
        json_t *hop;
        size_t j;

        timestamp_text(json_whole(hour, "hour"), text);
        text[10] = '\0';
        if (strcmp(text, before) != 0) {
            memcpy(before, text, sizeof before);
            last = json_object();
            json_array_append_new(days, json_pack("{s:s, s:o}", "day", text, "hops", last));
        }
        json_array_foreach(hops, j, hop)
            if (json_object_get(hour, json_string_value(hop)))
                add_count(last, hour, hops, json_string_value(hop));
    }
    return days;
}

static bool is_due(const json_t *audit, const char *hop)
{
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(audit, "not_due"), i, each)
        if (!strcmp(json_string_value(each), hop))
            return false;
    return true;
}

static json_t *audit_hops(const json_t *audit)
{
    json_t *hops = json_array(), *hop;
    size_t i;

    json_array_foreach(json_object_get(audit, "hops"), i, hop) {
        const json_t *total =
            json_object_get(json_object_get(audit, "totals"), json_string_value(hop));

        json_array_append_new(
            hops, json_pack("{s:O, s:o, s:b}", "hop", hop, "events",
                            json_is_integer(total) ? json_copy((json_t *)total) : json_null(),
                            "due", is_due(audit, json_string_value(hop))));
    }
    return hops;
}

static json_t *moment_of(const json_t *seconds)
{
    return board_document_time((int64_t)(json_number_value(seconds) * 1000));
}

static json_t *audit_gaps(const json_t *audit)
{
    json_t *gaps = json_deep_copy(json_object_get(audit, "gaps")), *gap;
    size_t i;

    json_array_foreach(gaps, i, gap) {
        json_object_set_new(gap, "from", moment_of(json_object_get(gap, "from")));
        json_object_set_new(gap, "to", moment_of(json_object_get(gap, "to")));
    }
    return gaps ? gaps : json_array();
}

static json_t *audit_document(const struct board_pipeline *pipeline)
{
    const json_t *audit = pipeline->audit, *at = json_object_get(audit, "at");
    json_t *reasons = json_object_get(audit, "reasons");
    const char *verdict = json_text(audit, "verdict");

    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "pipeline",
        pipeline->name, "verdict", verdict ? verdict : "unknown", "at",
        board_document_time(pipeline->audit_ms), "from", moment_of(json_object_get(audit, "from")),
        "to", moment_of(json_object_get(audit, "to")), "reasons",
        reasons ? json_incref(reasons) : json_array(), "hops", audit_hops(audit), "days",
        audit_days(audit), "gaps", audit_gaps(audit), "newest_object",
        moment_of(json_object_get(at, "object")), "newest_event",
        moment_of(json_object_get(at, "event")), "delivered_until",
        moment_of(json_object_get(at, "delivery")), "older_gaps", (json_int_t)pipeline->open_gaps);
}

bool board_usage_audit(const struct board *board, struct board_part *part, json_t *list)
{
    bool more;
    size_t end = board_rows_end(board, part, false, &more);

    for (; part->next < end; part->next++) {
        const struct board_pipeline *pipeline = &board->pipelines[part->next];

        if (pipeline->bills)
            json_array_append_new(list, audit_document(pipeline));
    }
    return more;
}
