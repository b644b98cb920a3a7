/* progress_view.h -- shows a pass on a terminal: what is being read, written, waited for. */
#ifndef DAEMON_VIEWS_PROGRESS_VIEW_H
#define DAEMON_VIEWS_PROGRESS_VIEW_H

#include "daemon/views/progress.h"
#include "reconcile/engine.h"

struct progress_view {
    struct progress *progress; /* NULL: nothing is shown */
    bool applying;
};

void progress_view_start(struct progress_view *view, size_t total, bool color);
/* A pass_events.on_task with the view as argument. */
void progress_view_task(struct progress_view *view, const struct task *task);
/* One thing that is done, "subject: doing", where standard error is a terminal that shows it;
 * *shown: NULL before the first. */
void progress_view_say(struct progress **shown, bool color, const char *subject, const char *doing);
/* Takes it away, before anything else is written to standard error; *shown is NULL then. */
void progress_view_hide(struct progress **shown);
/* Redraws it, with what waits for the client's budget of calls; NULL is harmless. */
void progress_view_tick(struct progress *progress, const struct aws_client *client);
void progress_view_end(struct progress_view *view);

#endif
