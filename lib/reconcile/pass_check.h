/* pass_check.h -- may a pipeline's plans be written: IAM's simulator is asked before the first
 * write, for what their calls need and for the roles that they hand on (pass_role.h).
 *
 * Where a pass is applied as it is planned, it is asked early, while other resources are read. */
#ifndef RECONCILE_PASS_CHECK_H
#define RECONCILE_PASS_CHECK_H

#include "reconcile/item.h"
#include "reconcile/pass_role.h"

/* What is asked about; all borrowed. */
struct pass_check_place {
    struct aws_client *client;
    struct aws_session *session;
    const char *caller_arn;
    struct item *items; /* of the pipeline */
    size_t count;
    json_t *warnings; /* texts are added */
    bool only_told;   /* a denial ends nothing */
};

/* Zeroed, and stays where it is. */
struct pass_check {
    struct pass_check_place place;
    struct pass_role *early, *last; /* early: asked before all plans were known */
    bool early_waiting, asked, waiting;
    unsigned depth;  /* round trips up to IAM's answer: nothing is written before */
    json_t *denials; /* texts: nothing of the pipeline is written; NULL: none */
    json_t *lacks;   /* what is not allowed by it: plan_needs.h */
    char *lacks_brief;
    void (*answered)(void *arg);
    void *arg;
};

/* Before the first question; answered is called from the loop. */
void pass_check_begin(struct pass_check *check, const struct pass_check_place *place,
                      void (*answered)(void *arg), void *arg);
/* Asks for what is planned by now, and where something is made for all that may be.  Once. */
void pass_check_ask_early(struct pass_check *check);
/* Everything is planned: asks, once, where a plan writes.  False: not yet, it asked early and waits
 * for that. */
bool pass_check_ask(struct pass_check *check);
/* IAM denies what the plans need as a whole. */
bool pass_check_denies(const struct pass_check *check);
/* Ends what an item of the pipeline would write, where that is denied. */
void pass_check_hold(const struct pass_check *check, struct item *item);
void pass_check_fini(struct pass_check *check);

#endif
