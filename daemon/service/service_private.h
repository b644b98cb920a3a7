/* service_private.h -- the inside of the daemon.
 *
 * service.c        start, signals, watchdog, end
 * service_time.c   when to look again, when to count as hung
 * service_pass.c   passes and the time between them
 * service_reload.c SIGHUP
 * service_news.c   what a pass means for the log: only what is new
 * service_view.c   what it means for metrics, readiness and the status line */
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
    const struct options *options;
    const char *path; /* of the spec */
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

/* service.c */
/* Ends everything, after the upkeep under way (which a signal cuts short); the loop then runs dry.
 */
void service_end(struct service *service);
int service_listen(struct service *service, const char *listen, struct err *e);

/* service_pass.c */
void service_look(struct service *service);
/* Ends the pass under way early, within SERVICE_STOP_MS; goes on as after its end. */
void service_stop_pass(struct service *service);
void service_on_timer(uv_timer_t *timer);
void service_on_give_up(uv_timer_t *timer);

/* service_reload.c */
void service_reload(struct service *service);
/* The spec loaded last takes over; no pass is under way. */
void service_swap(struct service *service);

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
