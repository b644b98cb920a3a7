/* The ring keeps the last events, of our words only, whatever is logged. */
#include "base/json.h"
#include "base/log.h"
#include "check.h"
#include "daemon/health/event_ring.h"

static void test_kept(void)
{
    json_auto_t *json = NULL;
    const json_t *events, *first;

    log_set_level(LOG_ERROR);
    event_ring_start(1000500);
    log_debug("attempt", "{s:s}", "resource", "no");
    for (int i = 0; i < EVENT_RING_MOST + 5; i++)
        log_info("drift", "{s:s, s:s, s:s, s:i}", "resource", "shop/bucket", "have", "secret",
                 "error", "arn:aws:iam::1", "count", i);
    json = event_ring_json(0);
    events = json_object_get(json, "events");
    first = json_array_get(events, 0);
    CHECK_INT(json_array_size(events), EVENT_RING_MOST);
    CHECK_INT(json_integer_value(json_object_get(json, "dropped")), 5);
    CHECK(json_number_value(json_object_get(json, "known_since")) == 1000.5);
    CHECK_INT(json_integer_value(json_object_get(first, "number")), 6);
    CHECK_INT(json_integer_value(json_object_get(first, "count")), 5);
    CHECK_TEXT(json_text(first, "event"), "drift");
    CHECK_TEXT(json_text(first, "level"), "info");
    CHECK_TEXT(json_text(first, "resource"), "shop/bucket");
    CHECK(!json_object_get(first, "have") && !json_object_get(first, "error"));
    event_ring_end();
}

static void test_ended(void)
{
    json_auto_t *json = NULL;

    log_info("drift", NULL);
    json = event_ring_json(0);
    CHECK_INT(json_array_size(json_object_get(json, "events")), 0);
}

int main(void)
{
    test_kept();
    test_ended();
    return check_done();
}
