/* state_object.h -- what billingd itself must remember lies in the pipeline's own bucket, shared by
 * all who run: "_billingd/PIPELINE/NAME.json", one JSON object each, written under a condition.
 *
 * Names that begin with "_" are hidden from Athena, so that no table reads them whatever its
 * location.  (Athena user guide, "Tables, databases, and data catalogs") */
#ifndef STATE_STATE_OBJECT_H
#define STATE_STATE_OBJECT_H

#include "aws/flow.h"
#include "spec/manifest.h"

/* Bytes; ours have a few hundred for each entry, and what is read is parsed on the loop. */
enum { STATE_OBJECT_MOST = 256 << 10 };

#define STATE_PREFIX "_billingd/"

/* The bucket of a pipeline (its resource `bucket`), as desired (manifest_resolve) names it;
 * borrowed, NULL: it has none. */
const char *state_object_bucket(const struct manifest_pipeline *pipeline, const json_t *desired);
/* Where the object lies: parameters of GetObject and PutObject; new reference.  name: "pauses". */
json_t *state_object_place(const char *bucket, const char *pipeline, const char *name,
                           const char *account);
/* "s3://bucket/_billingd/shop/pauses.json"; new text. */
char *state_object_text(const json_t *place);

struct state_object {
    json_t *value;  /* NULL: there is none */
    char *etag;     /* NULL likewise */
    bool no_bucket; /* that is why */
};
/* Takes the reply to GetObject.  0, also when there is no object, or no bucket yet.  -1 and *e:
 * what it holds is unknown.  Give back with state_object_fini. */
int state_object_take(const struct aws_reply *reply, const json_t *place,
                      struct state_object *object, struct err *e);
void state_object_fini(struct state_object *object);

/* Parameters of PutObject that write value where what was read has that ETag (NULL: there was
 * none); new reference. */
json_t *state_object_params(const json_t *place, const char *etag, const json_t *value);
/* It was refused because somebody else has written meanwhile. */
bool state_object_is_refused(const struct aws_error *error);

/* Reads it; as state_object_take. */
int state_object_read(struct flow *flow, struct aws_session *session, const json_t *place,
                      struct state_object *object, struct err *e);
struct state_object_at {
    struct aws_session *session;
    const json_t *place;
};
/* Writes value in place of what was read (as object has it; it has the new ETag then).  1: written;
 * 0: somebody else has written meanwhile, so read it again; -1 and *e. */
int state_object_write(struct flow *flow, struct state_object_at at, struct state_object *object,
                       const json_t *value, struct err *e) __attribute__((nonnull));

#endif
