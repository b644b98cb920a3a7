/* import_look.h -- the reads of an import.  What cannot be read is kept as a text and in the exit
 * code; it is never taken for something that is not there. */
#ifndef IMPORT_IMPORT_LOOK_H
#define IMPORT_IMPORT_LOOK_H

#include "aws/flow.h"

struct import_look {
    struct aws_session *session;
    json_t *unread;      /* texts: what could not be read, and what is unknown for it */
    bool denied, failed; /* for lack of permission; for any other reason */
};

struct import_read {
    const char *service, *op;
    json_t *params; /* reference taken over (NULL: {}) */
    /* Lists: the members with the page token, in request and reply, and the items. */
    const char *token, *next_token, *items;
    const char *absent;  /* the error code that means "there is none"; NULL: none does */
    const char *unknown; /* what nobody knows when the read fails: "where the log group is sent" */
};

void import_look_init(struct import_look *look, struct aws_session *session);
void import_look_fini(struct import_look *look);

/* The reply, or the joined items of a list; new reference.  NULL when there is none, and when it
 * could not be read: *read_well (may be NULL) is false then, and it was noted. */
json_t *import_look_read(struct flow *flow, struct import_look *look,
                         const struct import_read *read, bool *read_well);
/* Names of all delivery streams; new reference.  As above. */
json_t *import_look_streams(struct flow *flow, struct import_look *look, bool *read_well);

#endif
