/* service_gather.c -- answers that grow with the pipelines: gathered in parts, a part in each round
 * of the loop, and written as text off the loop.
 *
 * One is gathered at a time, and each kind written once at a time.  Who asks meanwhile waits for
 * the next one, and shares it with all who ask for the same and are told as much: nobody gets what
 * was known before they asked.  Of many pipelines the page is a list.  Every row is as it is when
 * its part is gathered; a reload begins anew. */
#include "aws/local/background.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/board/board_document.h"
#include "daemon/board/board_rows.h"
#include "daemon/page/page.h"
#include "daemon/service/service_private.h"

#include <string.h>

enum {
    DOCUMENTS = SERVICE_PERIODS + 1,
    SERIES = 2048,       /* of metrics, in a round */
    BRIEFS = 64,         /* of pipelines */
    WHOLE_PIPELINES = 20 /* more are not all told on one page */
};

/* What is asked for of an answer: by "pipeline=NAME" and "from=NUMBER", else all. */
static const char of_pipeline[] = "pipeline=", from_row[] = "from=";

/* An answer under way. */
struct rendering {
    struct service *service;
    enum service_answer kind;
    bool trusted;
    unsigned generation; /* of the spec, when it was begun */
    enum service_document which;
    char *asked; /* part of the answer: of_pipeline, from_row; NULL: the whole */
    bool gone;   /* there is no such pipeline any more */
    struct board_part part;
    json_t *briefs; /* of the page; NULL: not begun */
    bool told_all;  /* all pipelines in brief */
    struct metric_part metrics;
    json_t *documents[DOCUMENTS]; /* those that were begun */
    json_t *page;
    struct str text;
    struct service_waiting waiting;
};

/* ---- telling ---- */

static int refuse(const char *type, struct web_exchange *exchange)
{
    if (!strncmp(type, "text/html", 9))
        str_add(&exchange->body, "<!doctype html><title>billingd</title>Too many ask for this.\n");
    return 503;
}

static int know_nothing(struct web_exchange *exchange)
{
    exchange->type = "text/plain; charset=utf-8";
    str_add(&exchange->body, "there is no such pipeline: / and /api/v1/status have all\n");
    return 404;
}

/* Everybody gets the one text. */
static void answer(struct service_waiting *waiting, struct rendering *rendering)
{
    struct web_shared *text = rendering ? web_shared_new(&rendering->text) : NULL;

    for (size_t i = 0; i < waiting->count; i++) {
        struct web_exchange exchange = {.type = waiting->type, .shared = text};
        int status = 200;

        if (!rendering) {
            status = refuse(waiting->type, &exchange);
        } else if (rendering->gone) {
            exchange.shared = NULL;
            status = know_nothing(&exchange);
        } else if (rendering->kind == SERVICE_ANSWER_PAGE) {
            page_fields(&exchange.fields);
        }
        web_later_answer(waiting->list[i].later, status, &exchange);
        free(waiting->list[i].part);
    }
    waiting->count = 0;
    web_shared_drop(text);
}

/* ---- off the loop ---- */

static void forget(struct rendering *rendering)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        json_decref(rendering->documents[i]);
        rendering->documents[i] = NULL;
    }
    json_decref(rendering->page);
    json_decref(rendering->briefs);
    rendering->page = rendering->briefs = NULL;
    metric_part_fini(&rendering->metrics);
}

static void render(void *job)
{
    struct rendering *rendering = job;
    cleanup_free char *text = NULL;

    if (rendering->gone) {
        ;
    } else if (rendering->kind == SERVICE_ANSWER_PAGE) {
        page_write(rendering->page, &rendering->text);
    } else {
        text = json_dumps(rendering->documents[rendering->which], JSON_COMPACT);
        str_addf(&rendering->text, "%s\n", text);
    }
    forget(rendering); /* here, too: they are many */
}

static void release(void *job)
{
    struct rendering *rendering = job;

    forget(rendering);
    str_fini(&rendering->text);
    free(rendering->asked);
    free(rendering);
}

static void begin_next(struct service *service);

static void on_done(void *arg, void *job)
{
    struct service *service = arg;
    struct rendering *rendering = job;

    service->gather.busy[rendering->kind] = false;
    answer(&rendering->waiting, rendering);
    begin_next(service);
}

/* ---- on it ---- */

/* The name of the pipeline that is asked for; NULL: of none, or of several. */
static const char *only_of(const struct rendering *rendering)
{
    const char *asked = rendering->asked;

    return asked && !strncmp(asked, of_pipeline, sizeof of_pipeline - 1)
               ? asked + sizeof of_pipeline - 1
               : NULL;
}

/* On the page that lists many nothing is told of each but its state. */
static bool is_list(const struct rendering *rendering)
{
    return rendering->kind == SERVICE_ANSWER_PAGE && !only_of(rendering) &&
           board_document_pipeline_count(rendering->service->board) > WHOLE_PIPELINES;
}

static json_int_t from_of(const struct rendering *rendering)
{
    const char *asked = rendering->asked;

    return asked && !only_of(rendering) ? strtol(asked + sizeof from_row - 1, NULL, 10) : 0;
}

/* Takes the documents over. */
static json_t *page_documents(struct rendering *rendering)
{
    const struct service *service = rendering->service;
    json_t *const *all = rendering->documents;

    return json_pack(
        "{s:O, s:O?, s:O?, s:o, s:O?, s:O?, s:O, s:b, s:I, s:s?, s:b, s:b}", "status",
        all[SERVICE_STATUS], "resources", json_object_get(all[SERVICE_RESOURCES], "resources"),
        "plan", json_object_get(all[SERVICE_PLAN], "resources"), "events", service_events_list(0),
        "audit", json_object_get(all[SERVICE_AUDIT], "pipelines"), "periods",
        json_object_get(all[SERVICE_PERIODS], "pipelines"), "briefs", rendering->briefs, "list",
        is_list(rendering), "from", from_of(rendering), "only", only_of(rendering), "trusted",
        rendering->trusted, "has_token", service->manifest && service->manifest->web.token_file);
}

/* What the page is told of all pipelines.  False when that is all. */
static bool gather_briefs(struct rendering *rendering)
{
    struct board_part *part = &rendering->part;

    if (!rendering->briefs)
        rendering->briefs = json_array();
    part->most = BRIEFS;
    if (board_document_briefs(rendering->service->board, clock_now_ms(), part, rendering->briefs))
        return true;
    if (!is_list(rendering))
        return false;
    rendering->documents[SERVICE_STATUS] =
        service_api_begin(rendering->service, SERVICE_STATUS, rendering->trusted);
    return false;
}

/* Another part.  False when all is gathered. */
static bool gather_documents(struct rendering *rendering)
{
    const struct service *service = rendering->service;
    json_t **document = &rendering->documents[rendering->which];

    rendering->part.only = only_of(rendering);
    if (!*document)
        *document = service_api_begin(service, rendering->which, rendering->trusted);
    if (service_api_add(service, rendering->which, rendering->trusted, &rendering->part, *document))
        return true;
    rendering->part = (struct board_part){0};
    if (rendering->kind != SERVICE_ANSWER_PAGE || rendering->which == SERVICE_PERIODS)
        return false;
    rendering->which++;
    return true;
}

/* All pipelines in brief, then the documents of those that are told. */
static bool gather_page(struct rendering *rendering)
{
    if (!rendering->told_all) {
        rendering->told_all = !gather_briefs(rendering);
        if (rendering->told_all)
            rendering->part = (struct board_part){0};
        if (!rendering->told_all || !is_list(rendering))
            return true;
    } else if (gather_documents(rendering)) {
        return true;
    }
    rendering->page = page_documents(rendering);
    return false;
}

static bool gather(struct rendering *rendering)
{
    if (rendering->kind == SERVICE_ANSWER_METRICS)
        return service_ready_metrics(rendering->service, &rendering->metrics, &rendering->text);
    if (rendering->gone)
        return false;
    return rendering->kind == SERVICE_ANSWER_PAGE ? gather_page(rendering)
                                                  : gather_documents(rendering);
}

static void begin_anew(struct rendering *rendering)
{
    forget(rendering);
    str_fini(&rendering->text);
    rendering->text = (struct str){0};
    rendering->metrics = (struct metric_part){.most = SERIES};
    rendering->part = (struct board_part){0};
    rendering->told_all = false;
    rendering->gone =
        only_of(rendering) && !board_rows_know(rendering->service->board, only_of(rendering));
    rendering->which = rendering->kind <= SERVICE_ANSWER_PERIODS
                           ? (enum service_document)rendering->kind
                           : SERVICE_STATUS;
    rendering->generation = rendering->service->generation;
}

static void on_round(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct rendering *rendering = service->gather.now;

    if (loop_watch_puts_off(timer, on_round))
        return;
    if (service->forgets) {
        (void)uv_timer_start(timer, on_round, 1, 0);
        return;
    }
    if (rendering->generation != service->generation)
        begin_anew(rendering);
    if (gather(rendering)) { /* (libuv would run a timer of no delay in the same round) */
        (void)uv_timer_start(timer, on_round, 1, 0);
        return;
    }
    service->gather.now = NULL;
    if (rendering->kind != SERVICE_ANSWER_METRICS) {
        (void)background_start(&service->loop, &(struct background_work){render, on_done, release,
                                                                         rendering, service});
        begin_next(service);
        return;
    }
    on_done(service, rendering);
    release(rendering);
}

static bool same_part(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

/* The first who waits, and all who ask for the same. */
static void take_waiting(struct service_waiting *from, struct rendering *rendering)
{
    struct service_waiting *to = &rendering->waiting;
    size_t left = 0;

    rendering->asked = mem_text(from->list[0].part);
    to->type = from->type;
    for (size_t i = 0; i < from->count; i++)
        if (same_part(from->list[i].part, rendering->asked))
            to->list[to->count++] = from->list[i];
        else
            from->list[left++] = from->list[i];
    from->count = left;
}

static void begin(struct service *service, enum service_answer kind, bool trusted)
{
    struct service_gather *all = &service->gather;
    struct rendering *rendering = mem_new(sizeof *rendering);

    rendering->service = service;
    rendering->kind = kind;
    rendering->trusted = trusted;
    take_waiting(&all->waiting[kind][trusted], rendering);
    all->busy[kind] = true;
    all->now = rendering;
    begin_anew(rendering);
    (void)uv_timer_start(&all->timer, on_round, 0, 0);
}

/* In turns; of those who wait for one kind, who are told texts of AWS come first. */
static void begin_next(struct service *service)
{
    struct service_gather *all = &service->gather;

    for (int i = 0; i < SERVICE_ANSWERS && !all->now && !service->ending && !service->stopping;
         i++) {
        enum service_answer kind = (all->turn + i) % SERVICE_ANSWERS;
        bool trusted = all->waiting[kind][true].count > 0;

        if (all->busy[kind] || !all->waiting[kind][trusted].count)
            continue;
        all->turn = kind + 1;
        begin(service, kind, trusted);
    }
}

/* The first member of a query that begins so, with its value; NULL: there is none.  New text. */
static char *find_member(const char *query, const char *begin)
{
    while (*query) {
        size_t length = strcspn(query, "&");

        if (length >= strlen(begin) && !strncmp(query, begin, strlen(begin)))
            return mem_text_n(query, length);
        query += length + (query[length] == '&');
    }
    return NULL;
}

static int ask(struct service *service, enum service_answer kind, struct web_exchange *exchange)
{
    struct service_waiting *waiting = &service->gather.waiting[kind][exchange->trusted];
    char *part = NULL;

    if (waiting->count == SERVICE_MOST_WAITING || service->stopping || service->ending)
        return refuse(exchange->type, exchange);
    if (kind != SERVICE_ANSWER_METRICS)
        part = find_member(exchange->query, of_pipeline);
    if (part && !board_rows_know(service->board, part + sizeof of_pipeline - 1)) {
        free(part);
        return know_nothing(exchange);
    }
    if (!part && kind == SERVICE_ANSWER_PAGE)
        part = find_member(exchange->query, from_row);
    waiting->type = exchange->type;
    exchange->later = web_later_new();
    waiting->list[waiting->count].later = exchange->later;
    waiting->list[waiting->count++].part = part;
    begin_next(service);
    return 0;
}

int service_gather_page(void *arg, struct web_exchange *exchange)
{
    static const char values[] = "values";
    const char *last = strrchr(exchange->query, '&');

    if (!strcmp(last ? last + 1 : exchange->query, values) && !exchange->trusted)
        return 401;
    return ask(arg, SERVICE_ANSWER_PAGE, exchange);
}

int service_gather_metrics(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_METRICS, exchange);
}

int service_gather_status(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_STATUS, exchange);
}

int service_gather_resources(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_RESOURCES, exchange);
}

int service_gather_plan(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_PLAN, exchange);
}

int service_gather_audit(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_AUDIT, exchange);
}

int service_gather_periods(void *arg, struct web_exchange *exchange)
{
    return ask(arg, SERVICE_ANSWER_PERIODS, exchange);
}

void service_gather_start(struct service *service)
{
    (void)uv_timer_init(&service->loop, &service->gather.timer);
    service->gather.timer.data = service;
}

void service_gather_end(struct service *service)
{
    struct service_gather *all = &service->gather;

    if (all->now) {
        answer(&all->now->waiting, NULL);
        release(all->now);
        all->now = NULL;
    }
    for (int kind = 0; kind < SERVICE_ANSWERS; kind++) {
        answer(&all->waiting[kind][false], NULL);
        answer(&all->waiting[kind][true], NULL);
    }
    uv_close((uv_handle_t *)&all->timer, NULL);
}
