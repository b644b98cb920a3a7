/* lease_keeper.h -- keeps one pipeline's lease, or watches who does: the calls to S3 that lease.h
 * wishes for, at most one read and one write in a period. */
#ifndef LEASE_LEASE_KEEPER_H
#define LEASE_LEASE_KEEPER_H

#include "aws/flow.h"
#include "lease/lease.h"

struct lease_keeper;

enum lease_role {
    LEASE_ROLE_ASKING,  /* nothing was answered yet */
    LEASE_ROLE_LEADS,   /* we do, and may write */
    LEASE_ROLE_STANDBY, /* somebody else does, and was there lately */
    LEASE_ROLE_WAITING, /* somebody's lease lies there, and nobody was seen to renew it yet, or any
                           more: it is taken over after two periods */
    LEASE_ROLE_NO_BUCKET, /* nobody can */
    LEASE_ROLE_UNKNOWN,   /* who leads is not known, so nothing is written */
};

struct lease_keeper_setup {
    uv_loop_t *loop;
    struct aws_client *client;
    struct aws_session *session;
    const json_t *place;  /* state_object_place; shared */
    const json_t *holder; /* lease_document's, without an id; copied */
    int period_s;
    /* What lease_keeper_role says may be another: called from a flow, so only note it there. */
    void (*changed)(void *arg);
    void *arg;
};

/* Begins at once. */
struct lease_keeper *lease_keeper_start(const struct lease_keeper_setup *setup);
/* Only after lease_keeper_end has told so; NULL is harmless. */
void lease_keeper_free(struct lease_keeper *keeper);
/* Nothing is written from now on; the lease is given up, if it is ours, within some seconds.  ended
 * is called then, from the loop. */
void lease_keeper_end(struct lease_keeper *keeper, void (*ended)(void *arg), void *arg);
/* From its next write on: another spec wants another period, and has another fingerprint. */
void lease_keeper_change(struct lease_keeper *keeper, const json_t *holder, int period_s);
/* The bucket was just made: looks at once, and changed is called.  false: it did so for long
 * enough. */
bool lease_keeper_hurry(struct lease_keeper *keeper);

enum lease_role lease_keeper_role(const struct lease_keeper *keeper);
/* "standby", ...: as the API says it. */
const char *lease_keeper_role_name(enum lease_role role);
/* Who holds it, "web-1 (process 4711)"; "" nobody, or not known.  Borrowed. */
const char *lease_keeper_who(const struct lease_keeper *keeper);
/* The fingerprint of the spec that the one who holds it goes by, where that is another than ours;
 * "" it is the same, or nobody else holds it.  Borrowed. */
const char *lease_keeper_other_spec(const struct lease_keeper *keeper);
/* That of the spec that was in force before ours, as far as the lease has shown; NULL: none was.
 * Borrowed. */
const char *lease_keeper_spec_before(const struct lease_keeper *keeper);
/* Why nothing is written, a sentence of ours; "" while we lead.  Borrowed, until it is asked again.
 */
const char *lease_keeper_why(struct lease_keeper *keeper);
/* What S3 said when it was not to be had; "" when it was.  Borrowed. */
const char *lease_keeper_problem(const struct lease_keeper *keeper);
/* Open while we lead; as long as the keeper is not freed. */
const struct aws_fence *lease_keeper_fence(const struct lease_keeper *keeper);

#endif
