/* data_flow_log.c -- the last minutes of what Firehose had to complain about. */
#include "base/clock.h"
#include "base/json.h"
#include "daemon/data_flow/data_flow_private.h"

enum { PAGE = 1000 };

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

static void on_events(void *arg, const struct aws_reply *reply)
{
    struct probe *probe = arg;
    const json_t *result = probe_result(probe, reply);
    const json_t *events = json_object_get(result, "events"), *token;
    json_int_t count = json_integer_value(json_object_get(probe->result, "count"));
    size_t i;
    json_t *event;

    if (!result)
        return;
    json_array_foreach(events, i, event)
        if (json_text(event, "message"))
            keep(json_object_get(probe->result, "last"), event);
    count += (json_int_t)json_array_size(events);
    json_object_set_new(probe->result, "count", json_integer(count));
    /* Pages may be empty and still have a next one. */
    token = json_object_get(result, "nextToken");
    if (token && ++probe->pages < DATA_FLOW_LOG_PAGES) {
        json_object_set(probe->params, "nextToken", (json_t *)token);
        probe_send(probe);
        return;
    }
    json_object_set_new(probe->result, "more", json_boolean(token != NULL));
    probe_end(probe);
}

void probe_error_log(struct data_flow *flow, json_t *target, const char *log_group)
{
    struct probe *probe =
        probe_new(flow, target, "error_log",
                  json_pack("{s:s, s:i, s:i, s:b, s:[]}", "log_group", log_group, "minutes",
                            DATA_FLOW_LOG_MINUTES, "count", 0, "more", 0, "last"));
    int64_t from_ms = clock_now_ms() - (int64_t)DATA_FLOW_LOG_MINUTES * 60000;

    probe->service = "logs";
    probe->op = "FilterLogEvents";
    probe->params = json_pack("{s:s, s:I, s:i}", "logGroupName", log_group, "startTime",
                              (json_int_t)from_ms, "limit", PAGE);
    probe->on_reply = on_events;
    probe_send(probe);
}
