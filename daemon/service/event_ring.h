/* event_ring.h -- the last things that happened, for who asks later: names and words of ours. */
#ifndef DAEMON_SERVICE_EVENT_RING_H
#define DAEMON_SERVICE_EVENT_RING_H

#include <jansson.h>
#include <stdint.h>

enum { EVENT_RING_SIZE = 500 };

struct event_ring;

struct event {
    const char *pipeline; /* NULL: of none */
    const char *resource; /* address, NULL: of none */
    const char *what;     /* "repaired", "differs", "reload" ... */
    const char *outcome;  /* "done", "held" ... */
    const json_t *fields; /* names of what differed; copied; NULL: none */
};

struct event_ring *event_ring_new(void);
/* NULL is harmless. */
void event_ring_free(struct event_ring *ring);
/* Everything is copied.  The oldest one makes room. */
void event_ring_add(struct event_ring *ring, int64_t now_ms, const struct event *event);
/* Those with a greater id, oldest first: [{"id", "at" (UTC), "pipeline", "resource", "what",
 * "outcome", "fields"}]; new reference.  Ids count up from 1 and begin anew with the daemon. */
json_t *event_ring_list(const struct event_ring *ring, int64_t after);

#endif
