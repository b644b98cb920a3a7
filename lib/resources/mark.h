/* mark.h -- the ownership mark: by what a resource tells whose it is.
 *
 * Two keys of a FIELD_OWNER map (tags, or parameters of a table): the pipeline's name, and the
 * bucket of its deployment, where books, lease and state lie.  Bucket names are unique all over
 * AWS, so that two specs with a pipeline of one name are told apart wherever they meet; specs with
 * one bucket are one deployment, and agree by what lies there (state/claim.h, lease/lease.h).
 *
 * What an older billingd made has the first key only, and is ours by it.  The second comes with the
 * next write of the resource, never by a write of its own.
 *
 * Both are taken by all services: letters, digits, "-" and "." are allowed in tags everywhere.
 * (Tagging AWS Resources user guide, "Tag naming limits and requirements") */
#ifndef RESOURCES_MARK_H
#define RESOURCES_MARK_H

#include "resources/kind.h"

#define MARK_PIPELINE "billingd"
#define MARK_DEPLOYMENT "billingd-deployment"

enum mark_owner {
    MARK_NONE,   /* no mark, or only our bucket */
    MARK_OURS,   /* also where it only says the pipeline */
    MARK_FORMER, /* of what this deployment was before, as the spec says (`formerly`) */
    MARK_OTHERS,
};

/* Whether a key of a map is one of the mark's. */
bool mark_is_key(const char *key);
/* What a map says: "shop", "shop@shop-bucket", or "@shop-bucket" where somebody took the first key
 * off; new text, NULL: it has no mark. */
char *mark_text(const json_t *map);
/* Whether billingd writes such a mark ("shop", "shop@shop-bucket"). */
bool mark_is_valid(const char *text);
/* Whose the observed resource is, by the mark that is wanted of it and facts.formerly.  Half of
 * another's mark, or a damaged one, is another's. */
enum mark_owner mark_owner(const struct scope *scope);
/* Whether a difference ("tags.billingd") is of the mark. */
bool mark_is_difference(const char *difference);

#endif
