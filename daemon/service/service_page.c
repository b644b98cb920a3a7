/* service_page.c -- the page is made off the event loop: that of many pipelines takes a while.
 *
 * One at a time.  Who asks meanwhile waits for the next one, and shares it with all who are told as
 * much: nobody gets what was known before they asked. */
#include "aws/local/background.h"
#include "base/mem.h"
#include "daemon/page/page.h"
#include "daemon/service/service_private.h"

#include <string.h>

enum { MOST_BYTES = WEB_QUEUED / 2 }; /* of the answers of one page */

/* A page being made. */
struct rendering {
    json_t *documents;
    struct str page;
};

static void render(void *job)
{
    struct rendering *rendering = job;

    page_write(rendering->documents, &rendering->page);
    json_decref(rendering->documents); /* here, too: they are many */
    rendering->documents = NULL;
}

static void release(void *job)
{
    struct rendering *rendering = job;

    json_decref(rendering->documents);
    str_fini(&rendering->page);
    free(rendering);
}

static int refuse(struct web_exchange *exchange)
{
    str_add(&exchange->body, "<!doctype html><title>billingd</title>Too many ask for this page.\n");
    return 503;
}

static void answer(struct service_waiting *waiting, const struct str *page)
{
    size_t told = 0;

    for (size_t i = 0; i < waiting->count; i++) {
        struct web_exchange exchange = {.type = "text/html; charset=utf-8"};
        bool fits = page && told + page->len <= MOST_BYTES;

        if (fits) {
            str_add_n(&exchange.body, page->data, page->len);
            page_fields(&exchange.fields);
            told += page->len;
        }
        web_later_answer(waiting->list[i], fits ? 200 : refuse(&exchange), &exchange);
    }
    waiting->count = 0;
}

static void begin(struct service *service);

static void on_done(void *arg, void *job)
{
    struct service *service = arg;
    const struct rendering *rendering = job;

    service->page.busy = false;
    answer(&service->page.now, &rendering->page);
    begin(service);
}

/* Of those who wait, who are told texts of AWS come first. */
static void begin(struct service *service)
{
    struct service_page *page = &service->page;
    bool trusted = page->waiting[true].count > 0;
    struct rendering *rendering;

    if (page->busy || !page->waiting[trusted].count)
        return;
    page->now = page->waiting[trusted];
    page->waiting[trusted].count = 0;
    page->busy = true;
    rendering = mem_new(sizeof *rendering);
    rendering->documents = service_api_documents(service, trusted);
    (void)background_start(&service->loop,
                           &(struct background_work){render, on_done, release, rendering, service});
}

int service_page_answer(void *arg, struct web_exchange *exchange)
{
    struct service *service = arg;
    struct service_waiting *waiting = &service->page.waiting[exchange->trusted];

    if (!strcmp(exchange->query, "values") && !exchange->trusted)
        return 401;
    if (waiting->count == SERVICE_MOST_WAITING || service->stopping || service->ending)
        return refuse(exchange);
    waiting->list[waiting->count++] = exchange->later = web_later_new();
    begin(service);
    return 0;
}

void service_page_end(struct service *service)
{
    answer(&service->page.waiting[false], NULL);
    answer(&service->page.waiting[true], NULL);
}
