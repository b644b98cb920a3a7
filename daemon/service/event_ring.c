#include "daemon/service/event_ring.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"

struct event_ring {
    json_t *events; /* oldest first */
    int64_t last;   /* id */
};

struct event_ring *event_ring_new(void)
{
    struct event_ring *ring = mem_new(sizeof *ring);

    ring->events = json_array();
    return ring;
}

void event_ring_free(struct event_ring *ring)
{
    if (!ring)
        return;
    json_decref(ring->events);
    free(ring);
}

void event_ring_add(struct event_ring *ring, int64_t now_ms, const struct event *event)
{
    char at[TIMESTAMP_ROOM];

    timestamp_text(now_ms / 1000, at);
    if (json_array_size(ring->events) == EVENT_RING_SIZE)
        json_array_remove(ring->events, 0);
    json_array_append_new(ring->events,
                          json_pack("{s:I, s:s, s:s?, s:s?, s:s, s:s, s:o}", "id",
                                    (json_int_t)++ring->last, "at", at, "pipeline", event->pipeline,
                                    "resource", event->resource, "what", event->what, "outcome",
                                    event->outcome, "fields",
                                    event->fields ? json_deep_copy(event->fields) : json_array()));
}

json_t *event_ring_list(const struct event_ring *ring, int64_t after)
{
    json_t *list = json_array(), *event;
    size_t i;

    json_array_foreach(ring->events, i, event)
        if (json_whole(event, "id") > after)
            json_array_append(list, event);
    return list;
}
