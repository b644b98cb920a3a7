/* fetch.c -- files, plain HTTP and unsigned calls for the providers, and the end of a fetch. */
#include "aws/credentials/fetch.h"

#include "aws/local/background.h"
#include "aws/local/program.h"
#include "aws/local/secret_file.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LIMIT = 64 << 10, ATTEMPTS = 3, PAUSE_MS = 200 };

struct fetch_pause {
    uv_timer_t timer;
    struct fetch *fetch; /* NULL: cancelled */
    void (*next)(struct fetch *fetch);
};

struct fetch *fetch_new(struct identity_set *set, const struct aws_origin *origin,
                        const char *region)
{
    struct fetch *fetch = mem_new(sizeof *fetch);

    fetch->set = set;
    fetch->origin = origin;
    fetch->region = region;
    fetch->attempts = ATTEMPTS;
    return fetch;
}

/* ---- the end ---- */

static void forget_request(struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->http.header_count; i++) {
        free(fetch->http.headers[i].name);
        mem_free_secret(fetch->http.headers[i].value);
    }
    free((char *)fetch->http.url);
    memset(&fetch->http, 0, sizeof fetch->http);
}

static void on_pause_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_pause(struct fetch *fetch)
{
    if (!fetch->pause)
        return;
    fetch->pause->fetch = NULL;
    uv_close((uv_handle_t *)&fetch->pause->timer, on_pause_closed);
    fetch->pause = NULL;
}

void fetch_cancel(struct fetch *fetch)
{
    if (!fetch)
        return;
    background_cancel(fetch->reading);
    program_cancel(fetch->program);
    end_pause(fetch);
    forget_request(fetch);
    mem_free_secret(fetch->token);
    json_decref(fetch->cached);
    free(fetch);
}

void fetch_fail_with(struct fetch *fetch, const struct err *e)
{
    const struct err told = *e;

    fetch->done(fetch->arg, NULL, &told);
    fetch_cancel(fetch);
}

void fetch_fail(struct fetch *fetch, enum err_kind kind, const char *format, ...)
{
    struct err e = {0};
    char text[sizeof e.text];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)err_set(&e, kind, "%s", text);
    fetch_fail_with(fetch, &e);
}

void fetch_fail_reply(struct fetch *fetch, const char *action, const struct aws_reply *reply)
{
    const struct aws_error *error = &reply->error;

    fetch_fail(fetch, reply->kind == ERR_RETRY ? ERR_RETRY : ERR_DENIED, "%s: %s: %s%s%s", action,
               error->code, error->message, error->request_id[0] ? ", request id " : "",
               error->request_id);
}

void fetch_keys(struct fetch *fetch, struct aws_credentials *keys)
{
    fetch->done(fetch->arg, keys, NULL);
    fetch_cancel(fetch);
}

/* ---- its start, and pauses ---- */

static void on_pause(uv_timer_t *timer)
{
    struct fetch_pause *pause = timer->data;
    struct fetch *fetch = pause->fetch;
    void (*next)(struct fetch *) = pause->next;

    if (!fetch)
        return;
    end_pause(fetch);
    next(fetch);
}

static void start_pause(struct fetch *fetch, uint64_t ms, void (*next)(struct fetch *))
{
    struct fetch_pause *pause = mem_new(sizeof *pause);

    pause->fetch = fetch;
    pause->next = next;
    fetch->pause = pause;
    (void)uv_timer_init(fetch->set->loop, &pause->timer);
    pause->timer.data = pause;
    uv_update_time(fetch->set->loop);
    (void)uv_timer_start(&pause->timer, on_pause, ms, 0);
}

void fetch_begin(struct fetch *fetch, void (*begin)(struct fetch *fetch))
{
    start_pause(fetch, 0, begin);
}

/* ---- files ---- */

struct reading {
    char *path;
    struct secret_file file;
};

static void read_file(void *job)
{
    struct reading *reading = job;

    (void)secret_file_read(reading->path, FILE_LIMIT, &reading->file);
}

static void release_reading(void *job)
{
    struct reading *reading = job;

    free(reading->path);
    secret_file_fini(&reading->file);
    free(reading);
}

static void on_read(void *arg, void *job)
{
    struct fetch *fetch = arg;
    const struct reading *reading = job;

    fetch->reading = NULL;
    if (*reading->file.why)
        fetch_fail(fetch, ERR_INVALID, "%s: %s", reading->path, reading->file.why);
    else
        fetch->take_text(fetch, reading->file.text);
}

void fetch_read(struct fetch *fetch, const char *path, fetch_text_fn *take)
{
    struct reading *reading = mem_new(sizeof *reading);
    const struct background_work work = {read_file, on_read, release_reading, reading, fetch};

    reading->path = mem_text(path);
    fetch->take_text = take;
    fetch->reading = background_start(fetch->set->loop, &work);
}

/* ---- plain HTTP ---- */

static void send_again(struct fetch *fetch)
{
    fetch->set->http(fetch->set->sender, &fetch->http);
}

static void try_again_later(struct fetch *fetch)
{
    unsigned failures = (unsigned)(fetch->attempts - fetch->attempts_left);
    double spread = 0.5 + fetch->set->chance() / 2;

    start_pause(fetch, (uint64_t)(spread * (PAUSE_MS << (failures - 1))), send_again);
}

/* Where nobody is there at all the SDKs do not ask an instance's service again. */
static bool may_pass(const struct fetch *fetch, const struct identity_http_reply *reply)
{
    if (!reply->answered)
        return reply->connected || fetch->origin->kind != AWS_ORIGIN_METADATA;
    return reply->status >= 500 || reply->status == 429;
}

static void on_reply(struct identity_http *http, const struct identity_http_reply *reply)
{
    struct fetch *fetch = http->arg;

    fetch->attempts_left--;
    if (may_pass(fetch, reply) && fetch->attempts_left > 0)
        try_again_later(fetch);
    else
        fetch->take_reply(fetch, reply);
}

void fetch_http(struct fetch *fetch, const struct identity_http *request, fetch_http_fn *take)
{
    struct identity_http *http = &fetch->http;
    struct identity_http copy = *request;

    copy.url = mem_text(request->url);
    for (size_t i = 0; i < request->header_count; i++) {
        copy.headers[i].name = mem_text(request->headers[i].name);
        copy.headers[i].value = mem_text(request->headers[i].value);
    }
    forget_request(fetch);
    *http = copy;
    http->done = on_reply;
    http->arg = fetch;
    fetch->take_reply = take;
    fetch->attempts_left = fetch->attempts;
    fetch->set->http(fetch->set->sender, http);
}

/* ---- calls ---- */

static void on_result(void *arg, const struct aws_reply *reply)
{
    struct fetch *fetch = arg;

    fetch->take_result(fetch, reply);
}

void fetch_call(struct fetch *fetch, const struct fetch_call *call, fetch_call_fn *take)
{
    const struct identity_request request = {
        .region = call->region, .service = call->service, .op = call->op, .params = call->params};

    fetch->take_result = take;
    fetch->set->send(fetch->set->sender, &request, on_result, fetch);
}
