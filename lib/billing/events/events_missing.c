/* events_missing.c -- the log group read again, without what is in S3 already.
 *
 * FilterLogEvents gives each event the id that the subscription gave it. Limits: 5 calls a second
 * and region, 10,000 events or 1 MiB a page; pages may be empty and still have a next one. */
#include "billing/events/events_missing.h"

#include "aws/page_tokens.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/events/events_operations.h"
#include "billing/rollup/rollup_window.h"

#include <string.h>

enum {
    PAGE = 10000,
    PAUSE_MS = 200,    /* between pages: 5 a second */
    MOST_REFUSALS = 8, /* throttled in a row */
    EVENT_BYTES = 26   /* of each event beside its text (CloudWatch Logs quotas) */
};

static int64_t reach_of(const json_t *group, json_int_t *days)
{
    int64_t reach_s = json_integer_value(json_object_get(group, "creationTime")) / 1000;
    int64_t kept_s;

    *days = json_integer_value(json_object_get(group, "retentionInDays"));
    kept_s = clock_now_ms() / 1000 - (int64_t)*days * ROLLUP_DAY_S;
    return *days && kept_s > reach_s ? kept_s : reach_s;
}

/* -1 and *e, ERR_ABSENT when there is no such group. */
static int64_t read_reach(struct flow *flow, const struct billing *billing, const char *name,
                          json_int_t *days, struct err *e)
{
    json_auto_t *groups = operation_list(flow, billing, &events_operations[EVENTS_GET_LOG_GROUPS],
                                         json_pack("{s:s}", "logGroupNamePrefix", name), e);
    size_t i;
    json_t *group;

    if (!groups)
        return -1;
    json_array_foreach(groups, i, group) {
        const char *found = json_text(group, "logGroupName");

        if (found && !strcmp(found, name))
            return reach_of(group, days);
    }
    return err_set(e, ERR_ABSENT, "there is no log group %s", name);
}

int64_t events_missing_reach(struct flow *flow, const struct billing *billing,
                             json_t **retention_days, struct err *e)
{
    json_int_t days = 0;
    int64_t reach_s = read_reach(flow, billing, billing->names.log_group, &days, e);

    if (reach_s < 0)
        return -1;
    if (retention_days)
        *retention_days = days ? json_integer(days) : json_null();
    for (size_t i = 1; billing_log_group(billing, i); i++) {
        struct err failed = {0};
        int64_t other_s = read_reach(flow, billing, billing_log_group(billing, i), &days, &failed);

        if (other_s < 0 && failed.kind != ERR_ABSENT)
            return err_set(e, failed.kind, "%s", failed.text);
        reach_s = other_s >= 0 && other_s < reach_s ? other_s : reach_s;
    }
    return reach_s;
}

static json_t *page_params(const char *log_group, int64_t from_s, int64_t to_s)
{
    return json_pack("{s:s, s:I, s:I, s:i}", "logGroupName", log_group, "startTime",
                     (json_int_t)from_s * 1000, "endTime", (json_int_t)to_s * 1000 - 1, "limit",
                     PAGE);
}

static json_t *read_page(struct flow *flow, const struct billing *billing, const json_t *params,
                         struct err *e)
{
    for (int refusals = 0;; refusals++) {
        struct err failed = {0};
        json_t *page = operation_page(flow, billing, &events_operations[EVENTS_FILTER_EVENTS],
                                      json_incref((json_t *)params), &failed);

        if (page)
            return page;
        if (failed.kind != ERR_RETRY || refusals == MOST_REFUSALS) {
            err_set(e, failed.kind, "%s", failed.text);
            return NULL;
        }
        if (flow_sleep(flow, (int64_t)PAUSE_MS << refusals, e))
            return NULL;
    }
}

struct taking {
    struct events_walk *walk;
    const json_t *page;
};

static void take_events(void *arg)
{
    const struct taking *taking = arg;
    struct events_walk *walk = taking->walk;
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(taking->page, "events"), i, event) {
        const char *id = json_text(event, "eventId");

        walk->read++;
        walk->bytes += EVENT_BYTES + (int64_t)json_string_length(json_object_get(event, "message"));
        if (events_present_has(walk->present, id))
            walk->found++;
        else
            walk->missing(walk->arg, event);
    }
}

/* 1 when *params now ask for the next page, 0 when that was the last; -1 and *e. */
static int next_page(const json_t *page, json_t *params, struct page_tokens *tokens, struct err *e)
{
    const struct operation *operation = &events_operations[EVENTS_FILTER_EVENTS];
    json_t *token = json_object_get(page, operation->next_token);

    if (!json_string_length(token))
        return 0;
    if (page_tokens_add(tokens,
                        &(struct page_tokens_page){operation->service, operation->name, page,
                                                   json_string_value(token)},
                        e))
        return -1;
    json_object_set(params, operation->token, token);
    return 1;
}

/* By itself and not by operation_pages: there is a pause between pages, and refusals are waited
 * for. */
static int read_pages(struct flow *flow, const struct billing *billing, struct events_walk *walk,
                      json_t *params, struct err *e)
{
    struct page_tokens tokens = {0};
    int more = 1;

    while (more > 0) {
        json_t *page = read_page(flow, billing, params, e);

        more = -1;
        if (!page)
            break;
        flow_work(flow, take_events, &(struct taking){walk, page});
        if (!walk->page || !walk->page(flow, walk->arg, e))
            more = next_page(page, params, &tokens, e);
        flow_drop(flow, page);
        if (more > 0 && flow_sleep(flow, PAUSE_MS, e))
            more = -1;
    }
    page_tokens_fini(&tokens);
    return more;
}

struct part {
    int64_t from_s, to_s;
};

/* A former log group that is gone has nothing any more. */
static int read_groups(struct flow *flow, const struct billing *billing, struct events_walk *walk,
                       struct part part, struct err *e)
{
    for (size_t i = 0; billing_log_group(billing, i); i++) {
        json_auto_t *params = NULL;
        struct err failed = {0};

        walk->log_group = billing_log_group(billing, i);
        params = page_params(walk->log_group, part.from_s, part.to_s);
        if (!read_pages(flow, billing, walk, params, &failed) || (i && failed.kind == ERR_ABSENT))
            continue;
        return err_set(e, failed.kind, "%s", failed.text);
    }
    return 0;
}

/* In parts, where S3 has more ids of the hour than fit into memory. */
int events_missing_hour(struct flow *flow, const struct billing *billing, struct events_walk *walk,
                        int64_t hour_s, struct err *e)
{
    int64_t at_s = hour_s, end_s = hour_s + EVENTS_HOUR_S;
    int failed = 0;

    while (at_s < end_s && !failed) {
        int64_t to_s;

        if (events_present_cover(flow, billing, walk->present, at_s, e))
            return -1;
        to_s = walk->present->to_s < end_s ? walk->present->to_s : end_s;
        failed = read_groups(flow, billing, walk, (struct part){at_s, to_s}, e);
        at_s = to_s;
    }
    return failed;
}
