#include "lease/lease.h"

#include <stdio.h>
#include <string.h>

const struct lease_terms lease_terms = {1500, 2000};

/* After a refusal or a failure: soon, and not in a loop. */
enum { SOON = 8, SOON_LEAST_MS = 50, SOON_MOST_MS = 5000, MOST_DOUBLED = 6 };

void lease_init(struct lease *lease, const char *id, int64_t period_ms)
{
    memset(lease, 0, sizeof *lease);
    lease->terms = lease_terms;
    lease->period_ms = lease->next_period_ms = period_ms;
    (void)snprintf(lease->id, sizeof lease->id, "%s", id);
}

static int64_t soon_ms(const struct lease *lease)
{
    int64_t ms = lease->period_ms / SOON;

    ms = ms < SOON_LEAST_MS ? SOON_LEAST_MS : ms > SOON_MOST_MS ? SOON_MOST_MS : ms;
    ms <<= lease->failures < MOST_DOUBLED ? lease->failures : MOST_DOUBLED;
    return ms < lease->period_ms ? ms : lease->period_ms;
}

/* The longer of both: who has the shorter one must not be too early for the other. */
static int64_t patience_ms(const struct lease *lease)
{
    int64_t period_ms = lease->theirs_ms > lease->period_ms ? lease->theirs_ms : lease->period_ms;

    return period_ms * lease->terms.patience / 1000;
}

enum lease_wish lease_wish(const struct lease *lease, int64_t now_ms)
{
    if (now_ms < lease->due_ms)
        return LEASE_WAIT;
    if (lease->failed)
        return LEASE_READ;
    switch (lease->known) {
    case LEASE_FREE:
    case LEASE_OURS:
        return LEASE_WRITE;
    case LEASE_THEIRS:
        return now_ms - lease->seen_ms >= patience_ms(lease) ? LEASE_WRITE : LEASE_READ;
    case LEASE_UNREAD:
    case LEASE_NO_BUCKET:
    case LEASE_FOREIGN:
        break;
    }
    return LEASE_READ;
}

void lease_hurry(struct lease *lease, int64_t now_ms)
{
    if (lease->known != LEASE_OURS)
        lease->due_ms = now_ms;
}

int64_t lease_sends(struct lease *lease, int64_t now_ms)
{
    lease->sent_ms = now_ms;
    lease->period_ms = lease->next_period_ms;
    return ++lease->sequence;
}

static void set_etag(struct lease *lease, const char *etag)
{
    memset(lease->etag, 0, sizeof lease->etag);
    (void)snprintf(lease->etag, sizeof lease->etag, "%s", etag ? etag : "");
}

static void set_holder(struct lease *lease, const char *holder)
{
    memset(lease->holder, 0, sizeof lease->holder);
    (void)snprintf(lease->holder, sizeof lease->holder, "%s", holder ? holder : "");
}

static void hear(struct lease *lease, enum lease_known known, int64_t now_ms)
{
    lease->known = known;
    lease->failed = false;
    lease->heard_ms = now_ms;
    if (known != LEASE_FREE) /* it may be that only writing fails */
        lease->failures = 0;
    if (known != LEASE_THEIRS) {
        set_holder(lease, NULL);
        lease->theirs_ms = 0;
        lease->alive = false;
    }
    if (known != LEASE_OURS)
        lease->until_ms = 0;
}

/* The last write of ours is in force. */
static void hold(struct lease *lease, int64_t now_ms)
{
    hear(lease, LEASE_OURS, now_ms);
    lease->until_ms = lease->sent_ms + lease->period_ms * lease->terms.valid / 1000;
    lease->due_ms = lease->sent_ms + lease->period_ms;
}

void lease_written(struct lease *lease, const char *etag, int64_t now_ms)
{
    set_etag(lease, etag);
    hold(lease, now_ms);
}

void lease_failed(struct lease *lease, int64_t now_ms)
{
    lease->failed = true;
    lease->due_ms = now_ms + soon_ms(lease);
    lease->failures += lease->failures < MOST_DOUBLED;
}

/* What is ours stays so for as long as it was known to be: nobody takes it before. */
void lease_refused(struct lease *lease, int64_t now_ms)
{
    lease_failed(lease, now_ms);
}

static void see_theirs(struct lease *lease, const struct lease_seen *seen, int64_t now_ms)
{
    bool before = lease->known == LEASE_THEIRS, same = before && !strcmp(lease->etag, seen->etag);
    bool alive = same ? lease->alive : lease->known != LEASE_UNREAD;
    int64_t taken_ms;

    hear(lease, LEASE_THEIRS, now_ms);
    lease->alive = alive;
    lease->theirs_ms = seen->period_ms > LEASE_MOST_MS ? LEASE_MOST_MS : seen->period_ms;
    set_holder(lease, seen->holder);
    set_etag(lease, seen->etag);
    if (!same)
        lease->seen_ms = now_ms;
    taken_ms = lease->seen_ms + patience_ms(lease);
    lease->due_ms = now_ms + lease->period_ms;
    if (taken_ms < lease->due_ms)
        lease->due_ms = taken_ms;
}

/* A write whose reply did not come took effect all the same, or an older one is in force. */
static void see_ours(struct lease *lease, const struct lease_seen *seen, int64_t now_ms)
{
    int64_t until_ms = lease->until_ms;

    set_etag(lease, seen->etag);
    if (seen->sequence == lease->sequence) {
        hold(lease, now_ms);
        return;
    }
    hear(lease, LEASE_OURS, now_ms);
    lease->until_ms = until_ms;
    lease->due_ms = now_ms;
}

void lease_read(struct lease *lease, const struct lease_seen *seen, int64_t now_ms)
{
    if (!seen->has_bucket || !seen->etag || !seen->holder) {
        hear(lease, seen->has_bucket ? LEASE_FREE : LEASE_NO_BUCKET, now_ms);
        set_etag(lease, seen->etag);
        lease->due_ms = seen->has_bucket ? now_ms : now_ms + lease->period_ms;
    } else if (!strcmp(seen->holder, lease->id)) {
        see_ours(lease, seen, now_ms);
    } else {
        see_theirs(lease, seen, now_ms);
    }
}

void lease_read_foreign(struct lease *lease, int64_t now_ms)
{
    hear(lease, LEASE_FOREIGN, now_ms);
    lease->due_ms = now_ms + lease->period_ms;
}

int64_t lease_left_ms(const struct lease *lease, int64_t now_ms)
{
    return lease->known == LEASE_OURS && lease->until_ms > now_ms ? lease->until_ms - now_ms : 0;
}

int64_t lease_rest_ms(const struct lease *lease, int64_t now_ms)
{
    int64_t rest_ms = lease->due_ms - now_ms, left_ms = lease_left_ms(lease, now_ms);

    return left_ms && left_ms < rest_ms ? left_ms : rest_ms;
}

bool lease_is_led(const struct lease *lease, int64_t now_ms)
{
    return lease->known == LEASE_THEIRS && lease->alive &&
           now_ms - lease->seen_ms < patience_ms(lease);
}
