/* pass_claim.h -- of two specs that want different things of one pipeline, the one put in force
 * last stays (state/claim.h): what a later one wants otherwise is left as it is, and told; before
 * we write for another spec than the one before, we say so.
 *
 * Later is what was put in force after this process read its spec: whoever starts or reloads means
 * its spec, so what it finds at its first look is older.  No clocks are compared.  Daemons that are
 * started with two specs in turn do not go on so for ever: one that was in force twice within a
 * day, and was replaced, is not put in force by a daemon again. */
#ifndef RECONCILE_PASS_CLAIM_H
#define RECONCILE_PASS_CLAIM_H

#include "reconcile/item.h"
#include "reconcile/pass_pauses.h"

struct pass_claim_sent; /* a write under way */

struct pass_claim {
    const json_t *claim; /* as read; NULL: there is none, or it is not known */
    char *id;         /* of our spec (claim_id); NULL: it was not met, or nothing will be written */
    json_t *ours;     /* what is said of it, once it is written */
    char *conflict;   /* whom fields are left to, for people; NULL: to nobody */
    bool takes_place; /* of another spec, as somebody knows who read the lease */
    struct aws_call *call;
    struct pass_claim_sent *sent;
    bool waiting; /* for the answer to the write */
    void (*answered)(void *arg);
    void *arg;
};

/* What a pipeline's claim is met with; all borrowed. */
struct pass_claim_place {
    const struct manifest_pipeline *pipeline;
    const json_t *desired;
    const struct pass_pauses *pauses; /* which were read */
    json_t *seen;                     /* pipeline -> the claim of the first look, kept by engines */
    struct item *items;
    size_t count;
    json_t *warnings; /* texts are added */
    bool by_hand;     /* whoever asked for the pass means what it writes */
};

/* Everything is planned: leaves to a later spec what it wants otherwise. */
void pass_claim_meet(struct pass_claim *claim, const struct pass_claim_place *place);
/* Right before writes: sends ours if it takes the place of another's.  answered is called from the
 * loop when waiting is false again; items that may not be written then have been ended. */
void pass_claim_write(struct pass_claim *claim, const struct pass_claim_place *place,
                      const struct aws_fence *fence);
/* Nothing will be written: gives back what would be said. */
void pass_claim_forget(struct pass_claim *claim);
/* Cancels what is under way. */
void pass_claim_fini(struct pass_claim *claim);

#endif
