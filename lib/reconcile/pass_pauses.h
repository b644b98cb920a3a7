/* pass_pauses.h -- what of a pipeline somebody paused, read once in each pass.
 *
 * What is paused is only observed.  As long as nobody can tell what is, nothing is written. */
#ifndef RECONCILE_PASS_PAUSES_H
#define RECONCILE_PASS_PAUSES_H

#include "reconcile/item.h"

struct pass_pauses {
    json_t *place;    /* of the list; NULL: not asked, or there is no bucket to ask */
    json_t *list;     /* state/pause.h; NULL: not known (yet) */
    json_t *document; /* as read; NULL: there is none, or it is not known */
    char *etag;       /* likewise */
    bool writable;    /* the bucket is there, and what lies there is known */
    char *unknown;    /* why it is not known; NULL: it is */
    enum err_kind unknown_kind;
    bool waiting; /* for the answer */
    void (*answered)(void *arg);
    void *arg;
};

/* Sends the one read there is; answered is called from the loop when it comes, waiting is false
 * then.  pauses is zeroed and stays where it is; desired: as manifest_resolve has it. */
struct pass_pauses_wish {
    const struct manifest_pipeline *pipeline;
    const json_t *desired;
    const char *account;
    struct aws_session *session;
};
void pass_pauses_ask(struct pass_pauses *pauses, struct read_cache *cache,
                     const struct pass_pauses_wish *wish);
void pass_pauses_fini(struct pass_pauses *pauses);
/* Whether an item is paused, as far as is known yet. */
bool pass_pauses_cover(const struct pass_pauses *pauses, const struct item *item);
/* Makes observed what is paused of the items of the pipeline.  New text: why the pipeline itself
 * is, NULL: it is not. */
char *pass_pauses_observe(const struct pass_pauses *pauses, const struct item *items, size_t count,
                          const char *pipeline);
/* Ends an item that would be written although nobody knows whether it is paused. */
void pass_pauses_hold(const struct pass_pauses *pauses, struct item *item);

#endif
