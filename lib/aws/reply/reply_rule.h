/* reply_rule.h -- of each AWS operation we have a model of: what a valid reply to it must hold.
 *
 * The model tells what a reply may hold, and marks almost nothing as required.  What is here is
 * what AWS's API reference and its own replies show to be always there.  Where that is in doubt
 * nothing is asked for: an unusual reply of AWS's must never be refused.  A test walks the models
 * and fails for an operation that has no rule and is no kind's. */
#ifndef AWS_REPLY_REPLY_RULE_H
#define AWS_REPLY_REPLY_RULE_H

#include "aws/codec/codec.h"

#include <stdbool.h>

/* Paths are members with dots between; "[]" stands for each item of a list, and asks for nothing
 * where the list is absent or empty.  Words have blanks between. */
struct reply_rule {
    const char *op;
    const char *root;   /* rest-xml: the document's element, which the models do not name */
    const char *always; /* paths that are there; "path+" and not empty; "path!" and no two alike */
    /* What comes back of what was asked for: "path=Parameter" the same, "path~Parameter" but for
     * upper and lower case, "path^Parameter" begins with it, "path<Parameter" one item of that
     * list, "path@Parameter" all its items and no others.  A parameter that was not sent asks for
     * nothing. */
    const char *echo;
    const char *owner;  /* paths of ARNs and account ids that are the caller's own, where they are
                           there */
    const char *policy; /* paths of texts that hold a policy document */
    const char
        *more;       /* "flag=token": the flag says there are more pages, the token asks for them */
    bool any_type;   /* the body is what somebody stored: its content type says nothing */
    bool any_text;   /* texts are what somebody stored: they may hold NUL */
    const char *why; /* source, or why nothing is asked for; empty replies need none */
    /* What words cannot say: NULL, or what is wrong, in memory of its own. */
    char *(*check)(const json_t *params, const json_t *result);
};

/* The rule of an operation; NULL when there is none. */
const struct reply_rule *reply_rule_find(const char *service, const char *op);
/* Whether the rule is that of replies which hold nothing. */
bool reply_rule_is_empty(const struct reply_rule *rule);

/* A member of a reply that can mean: not all of it was done, or read. */
enum reply_partial_means {
    REPLY_PARTIAL_REFUSED, /* with anything in it the reply counts as invalid: sent again, whole */
    REPLY_PARTIAL_CALLER,  /* who asked looks at it */
    REPLY_PARTIAL_STATE,   /* it tells how the thing fares, not how the call went */
    REPLY_PARTIAL_UNUSED,  /* nobody sends this operation yet */
};
struct reply_partial {
    const char *service, *op; /* service NULL: the end of the list */
    const char *path;
    enum reply_partial_means means;
    const char *where; /* CALLER: the source file that looks; STATE: what of */
};
extern const struct reply_partial reply_rule_partials[];

#endif
