/* service_private.h -- the inside of the daemon.
 *
 * From the top down; none calls one above it.
 * service.c        start, signals, watchdog
 * service_pass.c   passes and the time between them
 * service_end.c    the end
 * service_reload.c SIGHUP: a new spec, and how it takes over
 * service_web.c    the web server's routes and its address
 * service_news.c   what a pass means for the log: only what is new
 * service_view.c   what it means for metrics, readiness and the status line
 * service_time.c   when to look again, when to count as hung */
#ifndef DAEMON_SERVICE_SERVICE_PRIVATE_H
#define DAEMON_SERVICE_SERVICE_PRIVATE_H

#include "daemon/service/service.h"
#include "daemon/service/upkeep.h"
#include "daemon/web/web.h"
#include "reconcile/engine.h"

enum {
    SERVICE_STOP_MS = 25000, /* for a write in flight; below TimeoutStopSec of the unit */
    SERVICE_FEED_MS = 10000, /* at most, between two looks at ourselves */
};

/* What was told, so that only news is told. */
struct service_view {
    json_t *told;     /* resource or pipeline -> how it was */
    json_t *warnings; /* of the last pass */
    bool looked;      /* a pass has ended since the start */
    char *unready;    /* why AWS could not be looked at as a whole; NULL: it could */
    char *summary;    /* "22/22 in sync" */
    char *status;     /* as last sent to systemd */
};

enum service_signal { SIGNAL_HANGUP, SIGNAL_USER, SIGNAL_TERMINATE, SIGNAL_INTERRUPT, SIGNALS };

struct service {
    char *path;                /* of the spec */
    bool skip_pass_role_check; /* writes although IAM's simulation denies iam:PassRole */
    bool once;                 /* one pass, then the end */
    uv_loop_t loop;
    struct manifest *manifest, *next; /* next: takes over when the pass under way has ended */
    struct aws_client *client;
    struct engine *engine;
    struct pass *pass; /* the one under way */
    struct upkeep *upkeep;
    struct web *web;
    uv_timer_t look, feed, give_up;
    uv_signal_t signals[SIGNALS];
    struct service_view view;
    int64_t started_ms;          /* wall clock */
    int64_t progress_ms, due_ms; /* monotonic; see service_time_is_alive */
    unsigned generation;         /* of the spec */
    unsigned failures;           /* see service_time_delay_ms */
    bool stopping, again, reload_failed, stalled;
    bool ending; /* as soon as the upkeep under way is over */
    int code;
};

/* service_pass.c */
/* Begins a pass.  What follows its end (the next one, a new spec, our own end) comes by itself. */
void service_pass_look(struct service *service);
/* Ends the pass under way early, within SERVICE_STOP_MS; goes on as after its end. */
void service_pass_stop(struct service *service);

/* service_end.c */
/* Ends everything, after the upkeep under way (which a signal cuts short); the loop then runs dry.
 */
void service_end(struct service *service);
/* An upkeep_end_fn with the service as argument. */
void service_end_upkeep(void *service);

/* service_reload.c */
/* Reads and checks the spec anew.  True: it waits in service->next.  False: it has errors, which
 * are told, and the one in use stays. */
bool service_reload(struct service *service);
/* The spec loaded last takes over; no pass is under way. */
void service_reload_swap(struct service *service);

/* service_web.c */
/* Starts the web server; NULL: there is none.  -1 and *e as web_start tells. */
int service_web_listen(struct service *service, const char *listen, struct err *e);
/* Listens where a new spec says, if that is another address than now.  The old socket goes first:
 * the new address may be the same port.  If that fails, the old one comes back; told, and -1. */
int service_web_move(struct service *service, const struct manifest *manifest);

/* service_news.c */
/* A resource is done with. */
void service_news_task(struct service *service, const struct task *task);
/* All are: refused pipelines, warnings and notes. */
void service_news_pass(struct service *service, const struct pass *pass);

/* service_view.c */
void service_view_pass(struct service *service, const struct pass *pass);
/* Whether something of the pass is worth trying again soon. */
bool service_view_wants_retry(const struct pass *pass, const struct manifest *manifest);
/* Tells systemd how it goes, when that is news. */
void service_view_status(struct service *service);
void service_view_forget(struct service *service);
void service_view_fini(struct service *service);
int service_view_ready(void *service, struct str *body);
int service_view_metrics(void *service, struct str *body);

#endif
