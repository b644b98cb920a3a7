/* data_flow_log.c -- the last minutes of what Firehose had to complain about. */
#include "base/clock.h"
#include "base/json.h"
#include "daemon/data_flow/data_flow.h"
#include "daemon/data_flow/data_flow_private.h"

enum { PAGE = 1000 };

struct reading {
    json_t *result;
    json_int_t count;
    unsigned pages;
    bool more;
};

/* Keeps the newest events, oldest first. */
static void keep(json_t *last, const json_t *event)
{
    double time = json_number_value(json_object_get(event, "timestamp")) / 1000;
    size_t at = json_array_size(last);

    while (at && json_number_value(json_object_get(json_array_get(last, at - 1), "time")) > time)
        at--;
    json_array_insert_new(
        last, at,
        json_pack("{s:f, s:O}", "time", time, "message", json_object_get(event, "message")));
    if (json_array_size(last) > DATA_FLOW_LOG_SHOWN)
        json_array_remove(last, 0);
}

/* Pages may be empty and still have a next one. */
static int take_page(void *arg, const json_t *page, struct err *e)
{
    struct reading *reading = arg;
    const json_t *events = json_object_get(page, "events");
    size_t i;
    json_t *event;

    (void)e;
    json_array_foreach(events, i, event)
        if (json_text(event, "message"))
            keep(json_object_get(reading->result, "last"), event);
    reading->count += (json_int_t)json_array_size(events);
    reading->more = json_text(page, "nextToken") != NULL;
    return ++reading->pages < DATA_FLOW_LOG_PAGES;
}

json_t *data_flow_log_last(struct flow *flow, const struct data_flow_place *place, struct err *e)
{
    struct reading reading = {json_pack("{s:s, s:i, s:i, s:b, s:[]}", "log_group", place->name,
                                        "minutes", DATA_FLOW_LOG_MINUTES, "count", 0, "more", 0,
                                        "last"),
                              0, 0, false};
    int64_t from_ms = clock_now_ms() - (int64_t)DATA_FLOW_LOG_MINUTES * 60000;
    json_auto_t *params = json_pack("{s:s, s:I, s:i}", "logGroupName", place->name, "startTime",
                                    (json_int_t)from_ms, "limit", PAGE);
    const struct flow_listing listing = {{place->session, "logs", "FilterLogEvents", params},
                                         "nextToken",
                                         "nextToken",
                                         take_page,
                                         &reading};

    if (!flow_pages(flow, &listing, e))
        json_object_set_new(reading.result, "more", json_boolean(reading.more));
    json_object_set_new(reading.result, "count", json_integer(reading.count));
    return reading.result;
}
