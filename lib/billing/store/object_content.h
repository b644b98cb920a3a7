/* object_content.h -- whole objects: read in parts of one version, written once and never again. */
#ifndef BILLING_STORE_OBJECT_CONTENT_H
#define BILLING_STORE_OBJECT_CONTENT_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/store/billing.h"

/* A larger object is refused, not swallowed: one that is walked through, and one that is kept as a
 * whole, which leaves the daemon's memory (MemoryMax of its unit) room for what it is parsed to. */
enum { OBJECT_CONTENT_MOST = 512 << 20, OBJECT_CONTENT_WHOLE = 64 << 20 };

/* Appends the bytes of an entry of object_list ({"key", "size", "etag"}), all of the same version.
 * -1 and *e: ERR_ABSENT when it is gone, ERR_INVALID when it cannot be read as it lies (archived)
 * or is larger than OBJECT_CONTENT_WHOLE. */
int object_content_read(struct flow *flow, const struct billing *billing, const json_t *object,
                        struct str *out, struct err *e);

/* What becomes of an object's parts. */
struct object_walk {
    /* The next bytes, on a thread of their own: flow_work.  False: that is enough. */
    bool (*take)(void *arg, const void *bytes, size_t length);
    /* After each part; -1 and *e end the walk.  NULL: nothing to do. */
    int (*between)(struct flow *flow, void *arg, struct err *e);
    void *arg;
};
/* The same, part by part: memory for one of them, which is as long for everybody. */
int object_content_walk(struct flow *flow, const struct billing *billing, const json_t *object,
                        const struct object_walk *walk, struct err *e);

/* Appends the bytes like object_content_read, up to OBJECT_CONTENT_MOST: for what is kept as it
 * lies, with few bytes for each customer. */
int object_content_collect(struct flow *flow, const struct billing *billing, const json_t *object,
                           struct str *out, struct err *e);

struct object_new {
    const char *key, *type; /* type: as Content-Type says it */
    const struct str *body;
};
/* Writes it unless the key is taken (If-None-Match: *).  1 written; 0 it is taken, be it by this
 * very object, of which the reply got lost; -1 and *e. */
int object_content_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e);

#endif
