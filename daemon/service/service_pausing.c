/* service_pausing.c -- pauses that are asked for by POST: checked here, written by a flow, and
 * answered when AWS has said what became of it. */
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/service/service_private.h"
#include "daemon/views/json_view.h"
#include "state/address.h"
#include "state/duration.h"
#include "state/pause.h"
#include "state/pause_change.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct service_pausing {
    struct service *service;
    struct web_later *later;
    struct address address;
    char *reason; /* NULL: the pause ends */
    int64_t seconds;
    bool trusted;
    struct web_exchange exchange; /* the answer */
    int status;
};

/* ---- what is asked for ---- */

static int refuse(struct web_exchange *exchange, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct web_exchange *exchange, int status, const char *format, ...)
{
    char text[512];
    va_list values;

    va_start(values, format);
    (void)vsnprintf(text, sizeof text, format, values);
    va_end(values);
    exchange->type = "text/plain; charset=utf-8";
    str_addf(&exchange->body, "%d %s: %s\n", status,
             status == 404   ? "Not Found"
             : status == 503 ? "Service Unavailable"
                             : "Bad Request",
             text);
    return status;
}

static bool has_controls(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* 0, or the status of a refusal: not an object of these texts alone. */
static int check_members(const json_t *body, bool pause, struct web_exchange *exchange)
{
    static const char *const names[] = {"address", "reason", "for"};
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)body, name, value) {
        bool known = !strcmp(name, "address") ||
                     (pause && (!strcmp(name, "reason") || !strcmp(name, "for")));

        if (!known)
            return refuse(exchange, 400, "there is no member like that one; there is \"address\"%s",
                          pause ? ", \"reason\" and \"for\"" : " alone");
        if (!json_is_string(value) || has_controls(json_string_value(value)))
            return refuse(exchange, 400, "\"%s\" must be a text without control characters", name);
    }
    for (size_t i = 0; i < (pause ? 3 : 1); i++)
        if (!json_object_get(body, names[i]))
            return refuse(exchange, 400, "\"%s\" is missing%s", names[i],
                          i == 1   ? ", for who finds it: \"moving the bucket\""
                          : i == 2 ? ", after which it ends by itself: \"4h\""
                                   : ": PIPELINE, or PIPELINE/RESOURCE");
    return 0;
}

/* The rules of `pause --reason --for`. */
static int check_words(struct service_pausing *pausing, const json_t *body,
                       struct web_exchange *exchange)
{
    const char *reason = json_text(body, "reason"), *how_long = json_text(body, "for");

    if (!reason[strspn(reason, " \t")])
        return refuse(exchange, 400, "\"reason\" is empty: it is for who finds the pause");
    if (strlen(reason) > PAUSE_REASON)
        return refuse(exchange, 400, "\"reason\" is longer than %d bytes", PAUSE_REASON);
    pausing->seconds = *how_long == '0' ? -1 : duration_seconds(how_long);
    if (pausing->seconds < 0)
        return refuse(exchange, 400,
                      "\"for\" is no duration: a number with s, m, h or d, like \"4h\"");
    if (pausing->seconds > PAUSE_MOST_S)
        return refuse(exchange, 400,
                      "\"for\" is at most 30d: what is left alone for longer is mode: observe in "
                      "the spec");
    pausing->reason = mem_text(reason);
    return 0;
}

static int check_address(struct service_pausing *pausing, const json_t *body,
                         struct web_exchange *exchange)
{
    const struct manifest *manifest = pausing->service->manifest;
    const char *text = json_text(body, "address");
    struct err e = {0};
    int missing = pausing->reason ? address_find(manifest, text, &pausing->address, &e)
                                  : address_find_former(manifest, text, &pausing->address, &e);

    if (missing)
        return refuse(exchange, 404, "%s", e.text);
    if (pausing->address.field)
        return refuse(exchange, 400, "a pause is of a resource, not of a field: %s",
                      pausing->address.text);
    return 0;
}

/* 0: the wish is filled in. */
static int read_wish(struct service_pausing *pausing, bool pause, struct web_exchange *exchange)
{
    json_error_t wrong = {0};
    json_auto_t *body = json_loadb(exchange->content ? exchange->content : "",
                                   exchange->content_size, JSON_REJECT_DUPLICATES, &wrong);
    int status;

    if (!json_is_object(body))
        return body ? refuse(exchange, 400, "the body must be a JSON object")
                    : refuse(exchange, 400, "the body is no JSON: line %d, column %d", wrong.line,
                             wrong.column);
    status = check_members(body, pause, exchange);
    if (!status && pause)
        status = check_words(pausing, body, exchange);
    return status ? status : check_address(pausing, body, exchange);
}

/* ---- what came of it ---- */

/* Nothing that AWS said is in it. */
static const char *failure_word(const struct pause_change *change, const struct err *e)
{
    if (change->foreign)
        return "the credentials are another account's, so nothing was written";
    switch (e->kind) {
    case ERR_DENIED:
        return "AWS refused it for lack of permission";
    case ERR_RETRY:
        return "others kept writing, or there was no whole answer from AWS, so whether it was "
               "written is not known: ask again";
    case ERR_CANCELLED:
        return "the spec was reloaded, or billingd stops, so whether it was written is not known: "
               "ask again";
    case ERR_ABSENT:
    case ERR_INVALID:
    case ERR_EVIDENCE:
    case ERR_NONE:
        break;
    }
    return "it cannot be written; the log tells why";
}

static void tell_failure(struct service_pausing *pausing, const struct pause_change *change,
                         const struct err *e)
{
    bool absent = e->kind == ERR_ABSENT && !pausing->reason;

    pausing->status = absent ? 409 : e->kind == ERR_CANCELLED ? 503 : 502;
    pausing->exchange.type = "text/plain; charset=utf-8";
    str_addf(&pausing->exchange.body, "%s: %s\n", pausing->address.text,
             absent             ? "it is not paused (by itself)"
             : pausing->trusted ? e->text
                                : failure_word(change, e));
    if (!absent)
        log_warning("pause_refused", "{s:s, s:s}", "resource", pausing->address.text, "error",
                    e->text);
}

static void tell_success(struct service_pausing *pausing, const struct pause_change *change)
{
    char until[TIMESTAMP_ROOM];
    json_auto_t *document = NULL;
    cleanup_free char *text = NULL;

    timestamp_text(change->until_s, until);
    document = json_pack("{s:s, s:s, s:b, s:s?}", "format_version", JSON_FORMAT_VERSION, "address",
                         pausing->address.text, "paused", pausing->reason != NULL, "until",
                         pausing->reason ? until : NULL);
    text = json_dumps(document, JSON_COMPACT);
    pausing->status = 200;
    pausing->exchange.type = "application/json";
    str_addf(&pausing->exchange.body, "%s\n", text);
    (void)raise(SIGUSR1); /* what is known of it is news soon */
}

static void run(struct flow *flow, void *arg)
{
    struct service_pausing *pausing = arg;
    struct pause_change change = {.client = pausing->service->client,
                                  .manifest = pausing->service->manifest,
                                  .pipeline = pausing->address.pipeline,
                                  .address = pausing->address.text,
                                  .reason = pausing->reason,
                                  .way = " (over HTTP)",
                                  .seconds = pausing->seconds};
    struct err e = {0};

    if (flow_is_cancelled(flow))
        (void)err_set(&e, ERR_CANCELLED, "stopped");
    if (e.kind == ERR_CANCELLED || pause_change_write(flow, &change, &e))
        tell_failure(pausing, &change, &e);
    else
        tell_success(pausing, &change);
}

static void forget(struct service_pausing *pausing)
{
    address_fini(&pausing->address);
    free(pausing->reason);
    free(pausing);
}

static void on_end(void *arg)
{
    struct service_pausing *pausing = arg;
    struct service *service = pausing->service;

    service->pausing = NULL;
    web_later_answer(pausing->later, pausing->status, &pausing->exchange);
    forget(pausing);
    if (service->ending)
        service_end(service);
}

static int ask(struct service *service, struct web_exchange *exchange, bool pause)
{
    int status = service_action_admits(service, exchange);
    struct service_pausing *pausing;

    if (status)
        return status;
    if (service->stopping || service->ending)
        return refuse(exchange, 503, "billingd stops");
    pausing = mem_new(sizeof *pausing);
    *pausing = (struct service_pausing){.service = service, .trusted = exchange->trusted};
    status = read_wish(pausing, pause, exchange);
    if (!status && service->pausing)
        status = 429; /* one at a time */
    if (!status)
        status = service_action_is_time(service, exchange, pause ? SERVICE_PAUSE : SERVICE_RESUME);
    if (status) {
        forget(pausing);
        return status;
    }
    pausing->later = exchange->later = web_later_new();
    service->pausing = flow_start(&service->loop, service->client, run, on_end, pausing);
    return 0;
}

int service_pausing_pause(void *service, struct web_exchange *exchange)
{
    return ask(service, exchange, true);
}

int service_pausing_resume(void *service, struct web_exchange *exchange)
{
    return ask(service, exchange, false);
}
