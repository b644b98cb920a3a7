/* pause_change.h -- pauses something, or ends its pause, and reads what is paused.
 *
 * The list (pause.h) is read, changed and written under a condition; when somebody else wrote
 * meanwhile, all of it is done once more. */
#ifndef STATE_PAUSE_CHANGE_H
#define STATE_PAUSE_CHANGE_H

#include "aws/flow.h"
#include "spec/manifest.h"

struct pause_change {
    struct aws_client *client;       /* borrowed, as is all below */
    const struct manifest *manifest; /* not touched any more once the flow is cancelled */
    size_t pipeline;                 /* index in the manifest */
    /* What is changed, as address.h has its text, and why, for how long; reason NULL: the pause
     * ends.  way: of the asking, told behind who asked (" over HTTP"); NULL: nothing. */
    const char *address, *reason, *way;
    int64_t seconds;

    bool foreign;    /* out: the credentials are another account's; nothing was read */
    int64_t until_s; /* out: until when it is paused */
};

/* Inside a flow.  0; -1 and *e (ERR_ABSENT: it was not paused; ERR_RETRY also when others keep
 * writing the list). */
int pause_change_write(struct flow *flow, struct pause_change *change, struct err *e);
/* The list of the pipeline (pause_list; address is not looked at); new reference, NULL and *e. */
json_t *pause_change_list(struct flow *flow, struct pause_change *change, struct err *e);

#endif
