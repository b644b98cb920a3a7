/* lease.h -- who of several daemons leads: the rules of the lease, pure: no I/O, no clock.
 *
 * The lease is one object, written only under a condition (If-None-Match: *, or If-Match with the
 * ETag that was seen), so that of two who write at once one is refused.  No two clocks are ever
 * compared, since hosts' clocks differ and jump: each process measures with its own, which counts
 * while the machine sleeps and while the process is stopped.
 *
 *   - Who leads writes the object once a period.  It may write elsewhere for 1.5 periods from the
 *     moment it *sent* the last write of the lease that took effect.
 *   - Who does not reads it once a period, and takes it over when the same ETag stood there for two
 *     periods of its holder since it was first *seen*.
 *
 * The write was sent before it took effect, and took effect before it was seen: so the one's 1.5
 * periods end before the other's two, by half a period, which is what clocks of different speed
 * and requests that are under way at the end may cost.  Every content has another ETag, as each
 * has the holder's random id and a number of its own, so nothing that was is mistaken for what is.
 *
 * tests/unit/test_lease.c walks through all interleavings of several of these machines. */
#ifndef LEASE_LEASE_H
#define LEASE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

enum { LEASE_ID = 40, LEASE_ETAG = 136, LEASE_MOST_MS = 600000 };

enum lease_known {
    LEASE_UNREAD,    /* nothing was answered yet */
    LEASE_NO_BUCKET, /* so nobody can hold it */
    LEASE_FREE,      /* no object, or its holder gave it up */
    LEASE_THEIRS,
    LEASE_OURS,    /* as last known: lease_left_ms says whether it still holds */
    LEASE_FOREIGN, /* what lies there is no lease */
};

enum lease_wish { LEASE_WAIT, LEASE_READ, LEASE_WRITE };

/* How long what holds, in milliseconds of a period of 1000. */
struct lease_terms {
    int64_t valid, patience;
};
extern const struct lease_terms lease_terms; /* 1500, 2000 */

/* Times are milliseconds of the process's own clock (clock_boot_ms). */
struct lease {
    struct lease_terms terms;
    int64_t period_ms, next_period_ms; /* of the last write sent; from the next one on */
    char id[LEASE_ID];                 /* ours */
    enum lease_known known;
    char etag[LEASE_ETAG]; /* of the object; "": there is none */
    char holder[LEASE_ID]; /* LEASE_THEIRS: who */
    int64_t theirs_ms;     /* its period */
    int64_t seen_ms;       /* when that ETag was first seen */
    bool alive;            /* it was seen to change hands or to be renewed: somebody is there */
    int64_t sequence;      /* of the last write of ours, and when that was sent */
    int64_t sent_ms;
    int64_t until_ms;  /* it is ours until then */
    int64_t due_ms;    /* when lease_wish wants something again */
    int64_t heard_ms;  /* when S3 last answered with what it knows */
    bool failed;       /* the last call did not tell what is */
    unsigned failures; /* in a row */
};

/* What a read showed. */
struct lease_seen {
    bool has_bucket;
    const char *etag;   /* NULL: no object */
    const char *holder; /* NULL: it is given up */
    int64_t sequence, period_ms;
};

void lease_init(struct lease *lease, const char *id, int64_t period_ms);
/* What to do now.  LEASE_WRITE: the object with the number lease_sends gives, under the condition
 * that it is as lease->etag says.  LEASE_WAIT: until lease->due_ms. */
enum lease_wish lease_wish(const struct lease *lease, int64_t now_ms);
/* Something changed that makes it worth to look at once. */
void lease_hurry(struct lease *lease, int64_t now_ms);

/* A write begins; the number of its content. */
int64_t lease_sends(struct lease *lease, int64_t now_ms);
/* It took effect. */
void lease_written(struct lease *lease, const char *etag, int64_t now_ms);
/* S3 refused it: the object is another one (412, 404), or is being written right now (409). */
void lease_refused(struct lease *lease, int64_t now_ms);
/* Nobody knows whether it took effect, or, of a read, what is there. */
void lease_failed(struct lease *lease, int64_t now_ms);
void lease_read(struct lease *lease, const struct lease_seen *seen, int64_t now_ms);
/* What lies there is no lease, and is left alone. */
void lease_read_foreign(struct lease *lease, int64_t now_ms);

/* For how long we may still write; 0: not at all. */
int64_t lease_left_ms(const struct lease *lease, int64_t now_ms);
/* For how long there is nothing to do: until lease_wish wants something, or until it is ours no
 * more, which has to be told at once. */
int64_t lease_rest_ms(const struct lease *lease, int64_t now_ms);
/* Somebody else leads, and was seen to be there lately. */
bool lease_is_led(const struct lease *lease, int64_t now_ms);

#endif
