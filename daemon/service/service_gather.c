/* service_gather.c -- answers that grow with the pipelines: gathered in parts, a part in each round
 * of the loop, and written as text off the loop.
 *
 * One is gathered at a time, and each kind written once at a time.  Who asks meanwhile waits for
 * the next one, and shares it with all who are told as much: nobody gets what was known before they
 * asked.  Every row is as it is when its part is gathered; a reload begins anew. */
#include "aws/local/background.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/page/page.h"
#include "daemon/service/service_private.h"

#include <string.h>

enum {
    MOST_BYTES = WEB_QUEUED / 2, /* of the answers of one kind */
    DOCUMENTS = SERVICE_PERIODS + 1,
    SERIES = 2048, /* of metrics, in a round; one metric is written whole */
};

/* An answer under way. */
struct rendering {
    struct service *service;
    enum service_answer kind;
    bool trusted;
    unsigned generation; /* of the spec, when it was begun */
    enum service_document which;
    struct board_part part;
    struct metric_part metrics;
    json_t *documents[DOCUMENTS]; /* those that were begun */
    json_t *page;
    struct str text;
    struct service_waiting waiting;
};

/* ---- telling ---- */

static int refuse(const struct web_exchange *asked, struct web_exchange *exchange)
{
    if (!strncmp(asked->type, "text/html", 9))
        str_add(&exchange->body, "<!doctype html><title>billingd</title>Too many ask for this.\n");
    return 503;
}

static void answer(struct service_waiting *waiting, const struct rendering *rendering)
{
    size_t told = 0;

    for (size_t i = 0; i < waiting->count; i++) {
        struct web_exchange exchange = {.type = waiting->type};
        bool fits = rendering && told + rendering->text.len <= MOST_BYTES;

        if (fits) {
            str_add_n(&exchange.body, rendering->text.data, rendering->text.len);
            told += rendering->text.len;
            if (rendering->kind == SERVICE_ANSWER_PAGE)
                page_fields(&exchange.fields);
        }
        web_later_answer(waiting->list[i], fits ? 200 : refuse(&exchange, &exchange), &exchange);
    }
    waiting->count = 0;
}

/* ---- off the loop ---- */

static void forget(struct rendering *rendering)
{
    for (int i = 0; i < DOCUMENTS; i++) {
        json_decref(rendering->documents[i]);
        rendering->documents[i] = NULL;
    }
    json_decref(rendering->page);
    rendering->page = NULL;
}

static void render(void *job)
{
    struct rendering *rendering = job;
    cleanup_free char *text = NULL;

    if (rendering->kind == SERVICE_ANSWER_PAGE) {
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

/* Takes the documents over. */
static json_t *page_documents(struct rendering *rendering)
{
    const struct service *service = rendering->service;
    json_t *const *all = rendering->documents;

    return json_pack(
        "{s:O, s:O, s:O, s:o, s:O, s:O, s:b, s:b}", "status", all[SERVICE_STATUS], "resources",
        json_object_get(all[SERVICE_RESOURCES], "resources"), "plan",
        json_object_get(all[SERVICE_PLAN], "resources"), "events", service_events_list(0), "audit",
        json_object_get(all[SERVICE_AUDIT], "pipelines"), "periods",
        json_object_get(all[SERVICE_PERIODS], "pipelines"), "trusted", rendering->trusted,
        "has_token", service->manifest && service->manifest->web.token_file);
}

/* Another part.  False when all is gathered. */
static bool gather_documents(struct rendering *rendering)
{
    const struct service *service = rendering->service;
    json_t **document = &rendering->documents[rendering->which];

    if (!*document)
        *document = service_api_begin(service, rendering->which, rendering->trusted);
    if (service_api_add(service, rendering->which, rendering->trusted, &rendering->part, *document))
        return true;
    if (rendering->kind != SERVICE_ANSWER_PAGE)
        return false;
    rendering->part = (struct board_part){0};
    if (rendering->which < SERVICE_PERIODS) {
        rendering->which++;
        return true;
    }
    rendering->page = page_documents(rendering);
    return false;
}

static bool gather(struct rendering *rendering)
{
    if (rendering->kind == SERVICE_ANSWER_METRICS)
        return service_ready_metrics(rendering->service, &rendering->metrics, &rendering->text);
    return gather_documents(rendering);
}

static void begin_anew(struct rendering *rendering)
{
    forget(rendering);
    str_fini(&rendering->text);
    rendering->text = (struct str){0};
    rendering->metrics = (struct metric_part){.most = SERIES};
    rendering->part = (struct board_part){0};
    rendering->which = rendering->kind <= SERVICE_ANSWER_PERIODS
                           ? (enum service_document)rendering->kind
                           : SERVICE_STATUS;
    rendering->generation = rendering->service->generation;
}

static void on_round(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct rendering *rendering = service->gather.now;

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

static void begin(struct service *service, enum service_answer kind, bool trusted)
{
    struct service_gather *all = &service->gather;
    struct rendering *rendering = mem_new(sizeof *rendering);

    rendering->service = service;
    rendering->kind = kind;
    rendering->trusted = trusted;
    rendering->waiting = all->waiting[kind][trusted];
    all->waiting[kind][trusted].count = 0;
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

static int ask(struct service *service, enum service_answer kind, struct web_exchange *exchange)
{
    struct service_waiting *waiting = &service->gather.waiting[kind][exchange->trusted];

    if (waiting->count == SERVICE_MOST_WAITING || service->stopping || service->ending)
        return refuse(exchange, exchange);
    waiting->type = exchange->type;
    waiting->list[waiting->count++] = exchange->later = web_later_new();
    begin_next(service);
    return 0;
}

int service_gather_page(void *arg, struct web_exchange *exchange)
{
    if (!strcmp(exchange->query, "values") && !exchange->trusted)
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
