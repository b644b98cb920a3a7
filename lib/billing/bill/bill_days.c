#include "billing/bill/bill_days.h"

#include "base/json.h"
#include "billing/prices/calendar.h"

#include <stdlib.h>
#include <string.h>

static json_t *day_json(const struct rollup_day *day)
{
    static const char *const texts[] = {"run", "sql_hash", "window"};
    static const char *const numbers[] = {"rows", "calls", "bytes", "foreign_calls"};
    char text[16];
    json_t *json;

    calendar_day_text(day->day, text);
    json = json_pack("{s:s, s:s, s:s}", "day", text, "state", rollup_state_name(day->state),
                     "fingerprint", day->fingerprint);
    if (day->why)
        json_object_set_new(json, "why", json_string(day->why));
    for (size_t i = 0; day->build && i < 4; i++) {
        const char *value = i < 3 ? json_text(day->build, texts[i]) : NULL;
        const char *number = json_text(day->build, numbers[i]);

        if (value)
            json_object_set_new(json, texts[i], json_string(value));
        if (number)
            json_object_set_new(json, numbers[i], json_integer(strtoll(number, NULL, 10)));
    }
    return json;
}

void bill_days_add(json_t *documents, const struct rollup_day *days, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_array_append_new(documents, day_json(&days[i]));
}

json_t *bill_days(struct flow *flow, const struct billing *billing, struct day_span days,
                  struct err *e)
{
    struct rollup_status status;
    json_t *documents;

    rollup_forget();
    if (rollup_look(flow, billing, days, &status, e)) {
        rollup_status_fini(&status);
        return NULL;
    }
    documents = json_array();
    bill_days_add(documents, status.days, status.count);
    rollup_status_fini(&status);
    return documents;
}

/* What to do about days of that state; NULL: nothing, they can be billed from. */
static const char *remedy(const char *state)
{
    static const char *const remedies[][2] = {
        {"open", "not closed yet"},
        {"missing", "no rollup to bill from; `billingd rollup` builds it"},
        {"outdated", "the rollup is of another query, window or time zone; `billingd rollup` "
                     "builds it again"},
        {"late", "log objects came, changed or went since the rollup was built; `billingd rollup` "
                 "looks at them"},
        {"lost", "the rollup is not to be believed, and too much of the log objects is gone to "
                 "build it again: restore either; `billingd rollup --rebuild --day` takes what is "
                 "left"},
        {"hidden", "widen projection.year.range of the raw table"},
    };

    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (!strcmp(remedies[i][0], state))
            return remedies[i][1];
    return NULL;
}

json_t *bill_days_open(const json_t *days)
{
    json_t *open = json_array(), *day;
    size_t i;

    json_array_foreach(days, i, day)
        if (remedy(json_text(day, "state")))
            json_array_append_new(
                open, json_pack("{s:O, s:O, s:O*}", "day", json_object_get(day, "day"), "state",
                                json_object_get(day, "state"), "why", json_object_get(day, "why")));
    return open;
}

static bool is_alike(const json_t *a, const json_t *b)
{
    const json_t *why = json_object_get(a, "why");

    return json_equal(json_object_get(a, "state"), json_object_get(b, "state")) &&
           (why ? json_equal(why, json_object_get(b, "why")) : !json_object_get(b, "why"));
}

static json_t *reason(const json_t *days, size_t first, size_t last, const char *remedy)
{
    const char *more = json_text(json_array_get(days, first), "why");
    const char *from = json_text(json_array_get(days, first), "day");
    const char *to = json_text(json_array_get(days, last), "day");

    return json_sprintf("%s%s%s: %s%s%s", from, last > first ? " to " : "", last > first ? to : "",
                        more ? more : "", more ? ": " : "", remedy);
}

/* Whether both are days of a calendar, the second the one after the first. */
static bool is_next(const json_t *before, const json_t *after)
{
    struct err e = {0};
    struct day a, b;
    bool next = !calendar_parse_day(json_text(before, "day"), &a, &e) &&
                !calendar_parse_day(json_text(after, "day"), &b, &e) &&
                !calendar_compare(calendar_add_days(a, 1), b);

    err_clear(&e);
    return next;
}

void bill_days_reasons(const json_t *days, json_t *reasons)
{
    size_t count = json_array_size(days);

    for (size_t i = 0, end; i < count; i = end) {
        const char *state = json_text(json_array_get(days, i), "state"), *why = remedy(state);

        for (end = i + 1; end < count; end++)
            if (!is_alike(json_array_get(days, end), json_array_get(days, i)) ||
                !is_next(json_array_get(days, end - 1), json_array_get(days, end)))
                break;
        if (!why)
            continue;
        json_array_append_new(reasons, reason(days, i, end - 1, why));
    }
}

bool bill_days_same(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++)
        if (!json_equal(json_object_get(json_array_get(a, i), "run"),
                        json_object_get(json_array_get(b, i), "run")) &&
            (json_object_get(json_array_get(a, i), "run") ||
             json_object_get(json_array_get(b, i), "run")))
            return false;
    return true;
}
