/* service_private.h -- the inside of the daemon.
 *
 * From the top down; none calls one above it.
 * service.c        signals, watchdog, the loop
 * service_start.c  the start, also with a spec that is wrong
 * service_pass.c   passes and the time between them
 * service_reload.c SIGHUP: a new spec, and how it takes over
 * service_end.c    the end
 * service_web.c    the web server's routes and its address
 * service_api.c    documents, the page, actions
 * service_news.c   what a pass means for the log: only what is new
 * service_view.c   what it means for metrics
 * service_ready.c  whether all is well, and if not, why: readiness and the status line
 * service_log.c    log lines that wait for a reader
 * service_time.c   when to look again, when to count as hung */
#ifndef DAEMON_SERVICE_SERVICE_PRIVATE_H
#define DAEMON_SERVICE_SERVICE_PRIVATE_H

#include "daemon/board/board.h"
#include "daemon/service/event_ring.h"
#include "daemon/service/health.h"
#include "daemon/service/service.h"
#include "daemon/service/upkeep.h"
#include "daemon/web/web.h"
#include "reconcile/engine.h"

enum {
    SERVICE_STOP_MS = 25000, /* for a write in flight; below TimeoutStopSec of the unit */
    SERVICE_FEED_MS = 10000, /* at most, between two looks at ourselves */
    SERVICE_DRAIN_MS = 1000, /* at the end, for who reads the log */
};

/* What was told, so that only news is told. */
struct service_view {
    json_t *told;     /* resource or pipeline -> how it was */
    json_t *warnings; /* of the last pass */
    bool looked;      /* a pass has ended since the start */
    json_t *unread;   /* what could not be read in it, a sentence of ours each */
    char *summary;    /* "24/24 in sync" */
    char *status;     /* as last sent to systemd */
};

enum service_signal { SIGNAL_HANGUP, SIGNAL_USER, SIGNAL_TERMINATE, SIGNAL_INTERRUPT, SIGNALS };

struct service {
    struct service_orders orders;
    uv_loop_t loop;
    /* next: takes over when the pass under way has ended.  manifest is NULL, as are client, engine
     * and upkeep, as long as no spec was right since the start. */
    struct manifest *manifest, *next;
    struct aws_client *client;
    struct engine *engine;
    struct pass *pass; /* the one under way */
    struct upkeep *upkeep;
    struct health *health;
    struct board *board;
    struct event_ring *events;
    struct web *web;
    char *listen;        /* where it was told to; NULL: nowhere */
    int socket_mode;     /* of a Unix socket among that */
    int64_t asked_ms[2]; /* monotonic: when a reload and a look were asked for by HTTP */
    uv_timer_t look, feed, give_up, reload;
    uv_prepare_t hand_on; /* log lines that wait, and what wakes the loop for them */
    uv_timer_t hand_on_again;
    uv_signal_t signals[SIGNALS];
    struct service_view view;
    int64_t started_ms;          /* wall clock */
    int64_t progress_ms, due_ms; /* monotonic; see service_time_is_alive */
    unsigned generation;         /* of the spec */
    unsigned failures;           /* see service_time_delay_ms */
    /* Why the spec that was read last is not in use, in words of ours ("error in billing.yaml:14:3
     * and 2 more"); NULL: it is. */
    char *rejected;
    bool stopping, again, stalled;
    bool ending; /* as soon as the upkeep under way is over */
    int code;
};

/* service_start.c */
/* Begins: reads the spec unless service->next is given, listens, looks.  Returns an exit_code; when
 * that is not EXIT_DONE nothing was begun. */
int service_start(struct service *service);

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
/* The spec that waits takes over; no pass is under way.  The first one, at the start, is told by
 * who starts. */
void service_reload_take(struct service *service);
void service_reload_swap(struct service *service);
/* The spec of the file, or NULL, with its problems told and service->rejected set. */
struct manifest *service_reload_read(struct service *service);
/* Makes the client for AWS if there is none.  -1 and service->rejected, told. */
int service_reload_connect(struct service *service);

/* service_web.c */
/* Starts the web server; listen NULL: there is none; settings NULL: the usual ones.  -1 and *e as
 * web_start tells. */
int service_web_listen(struct service *service, const char *listen,
                       const struct manifest_web *settings, struct err *e);
/* Where a spec that is wrong seems to want the web server: the first line `listen: ...` of the file
 * if it is an address, else the default; NULL: "off".  New memory. */
char *service_web_guess(const char *path);
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
void service_view_forget(struct service *service);
void service_view_fini(struct service *service);

/* service_ready.c */
/* Its state in AWS could not be read, so nothing was compared. */
bool service_ready_is_unread(const struct task *task);
/* What could not be read in a pass, a sentence of ours each; new reference. */
json_t *service_ready_unread(const struct service *service, const struct pass *pass);
/* "22/24 in sync, 2 held"; new memory. */
char *service_ready_summary(const struct service *service, const struct pass *pass);
/* The file read last is not used, because of this (copied); counted, and told when asked. */
void service_ready_reject(struct service *service, const char *why);
/* Tells systemd how it goes, when that is news. */
void service_ready_status(struct service *service);
/* Why /-/ready does not say that all is well, a line each, the most important first; new
 * reference. */
json_t *service_ready_reasons(const struct service *service);
/* /-/ready and /metrics. */
int service_ready_answer(void *service, struct web_exchange *exchange);
int service_ready_metrics(void *service, struct web_exchange *exchange);

/* service_api.c: the answers of web_route, docs/openapi.yaml has them */
int service_api_page(void *service, struct web_exchange *exchange);
int service_api_drift(void *service, struct web_exchange *exchange);
int service_api_status(void *service, struct web_exchange *exchange);
int service_api_resources(void *service, struct web_exchange *exchange);
int service_api_plan(void *service, struct web_exchange *exchange);
int service_api_events(void *service, struct web_exchange *exchange);
int service_api_audit(void *service, struct web_exchange *exchange);
int service_api_periods(void *service, struct web_exchange *exchange);
int service_api_openapi(void *service, struct web_exchange *exchange);
int service_api_reload(void *service, struct web_exchange *exchange);
int service_api_look(void *service, struct web_exchange *exchange);

/* service_log.c */
/* From now on no log line makes the loop wait. */
void service_log_start(struct service *service);
void service_log_end(struct service *service);

#endif
