#include "daemon/health/event_ring.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/board/board_value.h"

#include <string.h>

/* What of an event is kept: words and numbers of ours. */
static const char *const kept[] = {
    "resource",  "kind",      "field",   "pipeline", "part",   "day",        "result",
    "state",     "hop",       "from",    "to",       "events", "objects",    "count",
    "writes",    "until",     "version", "signal",   "listen", "generation", "interval_s",
    "pipelines", "resources", "file",    "line",     "column", "lines",      NULL};

static struct {
    json_t *events[EVENT_RING_MOST]; /* event number n at (n - 1) % EVENT_RING_MOST */
    json_int_t count;
    int64_t started_ms; /* 0: nothing is kept */
} ring;

static const char *level_word(enum log_level level)
{
    return level == LOG_ERROR ? "error" : level == LOG_WARNING ? "warning" : "info";
}

static void on_event(void *arg, enum log_level level, const char *event, const json_t *details)
{
    size_t place = (size_t)(ring.count % EVENT_RING_MOST);
    json_t *kept_event =
        json_pack("{s:I, s:f, s:s, s:s}", "number", ++ring.count, "time",
                  (double)clock_now_ms() / 1000, "level", level_word(level), "event", event);

    (void)arg;
    for (size_t i = 0; kept[i]; i++)
        if (json_object_get(details, kept[i]))
            json_object_set(kept_event, kept[i], json_object_get(details, kept[i]));
    if (json_text(details, "field")) {
        cleanup_free char *field = board_value_field(json_text(details, "field"), false);

        json_object_set_new(kept_event, "field", json_string(field));
    }
    json_decref(ring.events[place]);
    ring.events[place] = kept_event;
}

void event_ring_start(int64_t started_ms)
{
    ring.started_ms = started_ms;
    log_observe(on_event, NULL);
}

void event_ring_end(void)
{
    log_observe(NULL, NULL);
    for (size_t i = 0; i < EVENT_RING_MOST; i++)
        json_decref(ring.events[i]);
    memset(&ring, 0, sizeof ring);
}

json_t *event_ring_json(int64_t after)
{
    json_int_t dropped = ring.count > EVENT_RING_MOST ? ring.count - EVENT_RING_MOST : 0;
    json_t *events = json_array();

    for (json_int_t i = after > dropped ? after : dropped; i < ring.count; i++)
        json_array_append(events, ring.events[i % EVENT_RING_MOST]);
    return json_pack("{s:f, s:I, s:o}", "known_since", (double)ring.started_ms / 1000, "dropped",
                     dropped, "events", events);
}
