/* service_private.h -- the inside of the daemon.
 *
 * From the top down; none calls one above it.
 * service.c        signals, watchdog, the loop
 * service_start.c  the start, also with a spec that is wrong
 * service_pass.c   passes and the time between them
 * service_reload.c SIGHUP: a new spec
 * service_swap.c   how it takes over
 * service_end.c    the end
 * service_web.c    the web server's routes and its address
 * service_api.c    documents and the page
 * service_action.c who may act by HTTP, how often; reload and look
 * service_pausing.c pauses asked for by HTTP
 * service_news.c   what a pass means for the log: only what is new
 * service_view.c   what it means for metrics
 * service_events.c what who runs billingd by hand may ask of it
 * service_pauses.c what is paused, for log, metrics and the status line
 * service_ready.c  whether all is well, and if not, why: readiness and the status line
 * service_lease.c  who of several daemons leads a pipeline
 * service_conflict.c  which pipelines another spec is in force for
 * service_log.c    log lines that wait for a reader
 * service_time.c   when to look again, when to count as hung */
#ifndef DAEMON_SERVICE_SERVICE_PRIVATE_H
#define DAEMON_SERVICE_SERVICE_PRIVATE_H

#include "aws/loop_watch.h"
#include "base/metric.h"
#include "daemon/board/board.h"
#include "daemon/health/health.h"
#include "daemon/service/service.h"
#include "daemon/upkeep/upkeep.h"
#include "daemon/web/web.h"
#include "lease/lease_keeper.h"
#include "reconcile/engine.h"

enum {
    SERVICE_STOP_MS = 25000, /* for a write in flight; below TimeoutStopSec of the unit */
    SERVICE_FEED_MS = 10000, /* at most, between two looks at ourselves */
    SERVICE_DRAIN_MS = 1000, /* at the end, for who reads the log */
};

struct service;

/* What was told, so that only news is told. */
struct service_view {
    json_t *told;          /* resource or pipeline -> how it was */
    json_t *losses;        /* resource -> enum loss, while something is lost: until it is over */
    json_t *warnings;      /* of the last pass */
    json_t *unseen;        /* resource -> {"event", "writes"}: written, or perhaps, and not told yet
                              since no look showed it */
    json_t *pauses;        /* pipeline -> its pauses, as last known */
    json_t *conflicts;     /* pipeline -> why another spec is in force for it, a sentence */
    json_t *pauses_unread; /* pipeline -> true: the last look could not read them */
    bool looked;           /* a pass has ended since the start */
    unsigned generation;   /* of the spec by which the last one looked */
    int64_t looked_ms;     /* clock_boot_ms, when the last one did */
    json_t *differs;       /* resource -> {"verdict", "fields": {field: {"since", "or_longer"}}} */
    json_t *unread;        /* what could not be read in it, a sentence of ours each */
    size_t too_many;       /* changes, more than one pass may make: nothing was written */
    char *summary;         /* "24/24 in sync", words of ours */
    char *quotas; /* what follows it on the status line: words of AWS, for who may read them */
    unsigned
        observed;   /* resources that differ and are only observed, at the end of the last pass */
    unsigned stuck; /* and those that are not as wanted until somebody does something */
    char *status;   /* as last sent to systemd */
};

/* What was measured and told by another spec. */
struct service_view_past {
    void *measured; /* service_metrics_drop */
    json_t *told, *losses, *unread, *conflicts;
};

enum service_signal { SIGNAL_HANGUP, SIGNAL_USER, SIGNAL_TERMINATE, SIGNAL_INTERRUPT, SIGNALS };

enum service_action {
    SERVICE_RELOAD,
    SERVICE_LOOK,
    SERVICE_PAUSE,
    SERVICE_RESUME,
    SERVICE_ACTIONS
};

typedef void service_reload_fn(struct service *service);
/* A spec being read. */
struct service_reading {
    uv_work_t work;
    struct manifest *manifest;
    struct problems problems;
    service_reload_fn *ready;
    bool under_way, again;
};

struct service_lease;
struct service_lease_places;
struct service_swap;

/* The leases of the spec in use, by pipeline (NULL: it has none), and all there were. */
struct service_leases {
    struct service_lease **of, *first;
    bool *met; /* by pipeline: a pass told where its lease lies */
    size_t count;
    uv_timer_t timer; /* something changed */
    void (*acted)(struct service *service, bool other);
    void (*ended)(struct service *service);
};

/* Documents that grow with the pipelines, service_api.c. */
enum service_document {
    SERVICE_STATUS,
    SERVICE_RESOURCES,
    SERVICE_PLAN,
    SERVICE_AUDIT,
    SERVICE_PERIODS
};
/* Answers that do, and who waits for them, service_gather.c: the documents, then the others. */
enum service_answer {
    SERVICE_ANSWER_STATUS,
    SERVICE_ANSWER_RESOURCES,
    SERVICE_ANSWER_PLAN,
    SERVICE_ANSWER_AUDIT,
    SERVICE_ANSWER_PERIODS,
    SERVICE_ANSWER_PAGE,
    SERVICE_ANSWER_METRICS,
    SERVICE_ANSWERS
};
enum { SERVICE_MOST_WAITING = 64 };
struct service_waiting {
    const char *type; /* of the answer; static */
    struct {
        struct web_later *later;
        char *part; /* of the answer: service_gather.c; NULL: the whole */
    } list[SERVICE_MOST_WAITING];
    size_t count;
};
struct service_gather {
    struct rendering *now;                              /* what is being gathered; NULL: nothing */
    bool busy[SERVICE_ANSWERS];                         /* from its first part to its answer */
    struct service_waiting waiting[SERVICE_ANSWERS][2]; /* [1]: who is trusted */
    unsigned turn;                                      /* of the kind that may begin first */
    uv_timer_t timer;                                   /* the next part */
};

/* Of a pass that has ended; in this order. */
enum service_told { SERVICE_TOLD_NOTHING, SERVICE_TOLD_NEWS, SERVICE_TOLD_VIEW, SERVICE_TOLD_ALL };
/* How far its resources are told, and then the rest. */
struct service_view_part {
    size_t news, task, board, rest, upkeep;
};

struct service {
    struct service_orders orders;
    uv_loop_t loop;
    /* next: takes over when the pass under way, or the swap, has ended.  manifest is NULL, as are client, engine
     * and upkeep, as long as no spec was right since the start. */
    struct manifest *manifest, *next;
    struct aws_client *client;
    struct engine *engine;
    struct pass *pass;      /* the one under way */
    struct pass *planned;   /* the same, while it waits to hear who leads */
    enum service_told told; /* of the same, when it has ended */
    struct service_view_part part;
    struct service_leases leases;
    struct upkeep *upkeep;
    void (*kept_up)(struct service *); /* after each run of it */
    struct service_reading reading;
    struct health *health;
    struct board *board;
    struct web *web;
    char *listen;                      /* where it was told to; NULL: nowhere */
    int socket_mode;                   /* of a Unix socket among that */
    int64_t asked_ms[SERVICE_ACTIONS]; /* monotonic: when each was asked for by HTTP */
    struct service_gather gather;
    struct flow *pausing; /* writes a pause, or its end, asked for by HTTP; NULL: none */
    uv_timer_t look, feed, give_up;
    struct loop_watch watch;
    uv_prepare_t hand_on; /* log lines that wait, and what wakes the loop for them */
    uv_timer_t hand_on_again;
    uv_signal_t signals[SIGNALS];
    struct service_view view;
    int64_t started_ms;          /* wall clock */
    int64_t progress_ms, due_ms; /* monotonic; see service_time_is_alive */
    unsigned generation;         /* of the spec */
    struct service_swap *swap;   /* a new one takes over; NULL: none */
    bool forgets;                /* it is in force; not all that the one before measured is gone */
    void (*swapped)(struct service *); /* what follows that */
    unsigned failures;                 /* see service_time_delay_ms */
    /* Why the spec that was read last is not in use, in words of ours ("error in billing.yaml:14:3
     * and 2 more"); NULL: it is. */
    char *rejected;
    /* Looks that were asked for by hand, counted: the last one, the one that the pass under way
     * serves, the last one whose pass is over, and whose work for the data is over as well. */
    struct {
        unsigned asked, serving, looked, done;
    } looks;
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
/* Who leads may be another; other: what a look may write is, so that one is due. */
void service_pass_led(struct service *service, bool other);
/* Ends the pass under way early, within SERVICE_STOP_MS; goes on as after its end. */
void service_pass_stop(struct service *service);

/* service_end.c */
/* Ends everything, after the upkeep under way (which a signal cuts short); the loop then runs dry.
 */
void service_end(struct service *service);
/* An upkeep_end_fn with the service as argument. */
void service_end_upkeep(void *service);

/* service_reload.c */
/* Reads and checks the spec anew, on another thread.  ready is called when it waits in
 * service->next, and not when it has errors: they are told, and the one in use stays.  While one is
 * read, another call means that it is read once more. */
void service_reload(struct service *service, service_reload_fn *ready);
/* The spec of the file, or NULL, with its problems told and service->rejected set. */
struct manifest *service_reload_read(struct service *service);
/* Makes the client for AWS if there is none.  -1 and service->rejected, told. */
int service_reload_connect(struct service *service);

/* service_swap.c */
/* The spec that waits takes over; no pass is under way.  The first one, at the start, at once, and
 * who starts tells of it. */
void service_swap_take(struct service *service);
/* In several rounds of the loop, also what is read meanwhile; service->swap until then.  then: called
 * when that is over and told; a look that is asked for before is that one. */
void service_swap_begin(struct service *service, service_reload_fn *then);
/* Gives up what nobody uses any more, off the loop; NULL is harmless. */
void service_swap_drop(struct service *service, struct manifest *manifest);
/* When the loop has run dry. */
void service_swap_fini(struct service *service);

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
/* All are: refused pipelines, notes and warnings, in parts.  True when there is more. */
bool service_news_part(struct service *service, const struct pass *pass,
                       struct service_view_part *part);

/* service_events.c */
/* A look was asked for; a pass begins, is over; the work for the data is. */
void service_events_ask(struct service *service);
void service_events_begin(struct service *service);
void service_events_looked(struct service *service);
void service_events_kept_up(struct service *service);
/* Takes what differs at the end of a pass. */
void service_events_differ(struct service *service, const struct pass *pass);
/* /api/v1/events and /api/v1/look. */
int service_events_answer(void *service, struct web_exchange *exchange);
/* The events themselves, those with a greater number; new reference. */
json_t *service_events_list(int64_t after);
int service_events_look(void *service, struct web_exchange *exchange);

/* service_pauses.c */
/* Takes the pauses of a finished pass: tells news of them, sets their metrics.  What is not known
 * stays as it was known. */
void service_pauses_take(struct service *service, const struct pass *pass);
/* ", 2 paused (shop/bucket until 2026-12-01T00:00:00Z)": appends what is in force, or nothing. */
void service_pauses_add(const struct service *service, struct str *text);

/* The pauses of a pipeline in force, as /api/v1/status has them; null: not known.  New reference.
 */
json_t *service_pauses_list(const struct service *service, const char *pipeline, bool trusted);

/* service_news.c: remembers how something is; true when that is news.  how NULL: nothing to tell.
 */
bool service_news_is(struct service *service, const char *name, const char *how);

/* service_lease.c */
/* acted: who leads may be another; other: what a look may write is. */
void service_lease_start(struct service *service,
                         void (*acted)(struct service *service, bool other));
/* Where each pipeline of a spec has its place, in any thread; for service_lease_take. */
struct service_lease_places *service_lease_prepare(const struct manifest *manifest);
/* A spec takes over: its engine is new.  places has those of the one before then. */
void service_lease_take(struct service *service, struct service_lease_places *places);
/* In any thread; NULL is harmless. */
void service_lease_drop(struct service_lease_places *places);
/* A pass is planned: pipelines whose lease is not looked after yet. */
void service_lease_meet(struct service *service, const struct pass *pass);
bool service_lease_is_decided(const struct service *service);
/* Before a pass writes: tells it where the lease shows that another spec was in force before. */
void service_lease_replace(const struct service *service, struct pass *pass);
/* The fingerprint of the spec of the one who leads, where it is another than ours; else "". */
const char *service_lease_other_spec(const struct service *service, size_t pipeline);
/* Why nothing is written (sentences, added), where that is not because somebody else leads. */
void service_lease_reasons(const struct service *service, json_t *reasons);
/* Sets the metric: a lease runs out without a word. */
void service_lease_measure(const struct service *service);
/* Who else leads, each between the two texts. */
void service_lease_add(const struct service *service, const char *between, const char *after,
                       struct str *text);
/* {"role", "holder"} or null, for the API; new reference. */
json_t *service_lease_document(const struct service *service, const char *pipeline);
/* Gives up what is ours.  true: all is over; else ended is called when it is. */
bool service_lease_end(struct service *service, void (*ended)(struct service *service));
void service_lease_fini(struct service *service);

/* service_conflict.c */
/* Takes which pipelines another spec is in force for: tells news of that, sets the metric. */
void service_conflict_take(struct service *service, const struct pass *pass);
/* A line for each, as the last pass left it. */
void service_conflict_add(const struct service *service, struct str *body);

/* service_view.c */
/* What a finished pass left, as metrics and for the page, a part in each round of the loop: true
 * until all of it is told. */
bool service_view_part(struct service *service, const struct pass *pass,
                       struct service_view_part *part);
/* Whether something of the pass is worth trying again soon. */
bool service_view_wants_retry(const struct pass *pass, const struct manifest *manifest);
/* Of the spec before; it is large, and is given up by service_view_drop, in any thread. */
void service_view_forget(struct service *service, struct service_view_past *past);
void service_view_drop(struct service_view_past *past);
void service_view_fini(struct service *service);

/* service_ready.c */
/* Its state in AWS could not be read, so nothing was compared. */
bool service_ready_is_unread(const struct task *task);
/* What could not be read in a pass, a sentence of ours each; new reference. */
json_t *service_ready_unread(const struct service *service, const struct pass *pass);
/* "22/24 in sync, 2 held"; new memory. */
char *service_ready_summary(const struct service *service, const struct pass *pass);
/* What is over a quota, in words of AWS too; new text, "" for nothing. */
char *service_ready_quotas(const struct pass *pass);
/* The file read last is not used, because of this (copied); counted, and told when asked. */
void service_ready_reject(struct service *service, const char *why);
/* Tells systemd how it goes, when that is news. */
void service_ready_status(struct service *service);
/* Why /-/ready does not say that all is well, a line each, the most important first; new
 * reference. */
json_t *service_ready_reasons(const struct service *service);
int service_ready_answer(void *service, struct web_exchange *exchange);
/* A part of /metrics.  False when it was the last. */
bool service_ready_metrics(const struct service *service, struct metric_part *part,
                           struct str *text);

/* service_api.c: the answers of web_route, docs/openapi.yaml has them */
int service_api_drift(void *service, struct web_exchange *exchange);
int service_api_openapi(void *service, struct web_exchange *exchange);
/* A document without its rows, new reference; a part of them is added to it in a round of the loop.
 * False when there are no more. */
json_t *service_api_begin(const struct service *service, enum service_document which, bool trusted);
bool service_api_add(const struct service *service, enum service_document which, bool trusted,
                     struct board_part *part, json_t *document);

/* service_gather.c: answers that follow; after service_gather_end nobody gets one any more: 503 */
int service_gather_page(void *service, struct web_exchange *exchange);
int service_gather_metrics(void *service, struct web_exchange *exchange);
int service_gather_status(void *service, struct web_exchange *exchange);
int service_gather_resources(void *service, struct web_exchange *exchange);
int service_gather_plan(void *service, struct web_exchange *exchange);
int service_gather_audit(void *service, struct web_exchange *exchange);
int service_gather_periods(void *service, struct web_exchange *exchange);
void service_gather_start(struct service *service);
void service_gather_end(struct service *service);

/* service_action.c: what may be asked for by POST, where the spec allows it */
int service_action_reload(void *service, struct web_exchange *exchange);
int service_action_look(void *service, struct web_exchange *exchange);

/* service_pausing.c */
int service_pausing_pause(void *service, struct web_exchange *exchange);
int service_pausing_resume(void *service, struct web_exchange *exchange);

/* service_action.c */
/* 0: who asks may act; else the status of a refusal. */
int service_action_admits(const struct service *service, const struct web_exchange *exchange);
/* 0: the same was not asked for a moment ago, and is counted as asked for now; else 429. */
int service_action_is_time(struct service *service, struct web_exchange *exchange,
                           enum service_action action);

/* service_log.c */
/* From now on no log line makes the loop wait. */
void service_log_start(struct service *service);
void service_log_end(struct service *service);

#endif
