#include "billing/store/operation.h"

#include "base/json.h"

#include <string.h>

const struct operation_target operation_targets[OPERATION_PLACES] = {
    [OPERATION_ON_WORKGROUP] = {"workgroup", "{arn}"},
    [OPERATION_ON_BUCKET] = {"bucket", "{arn}"},
    [OPERATION_ON_OBJECTS] = {"bucket", "{arn}/*"},
    [OPERATION_ON_LOG_GROUP] = {"access_logs", "{arn}"},
    [OPERATION_ON_STREAM] = {"stream", "{arn}"},
    [OPERATION_ON_APIS] = {"stage_logging", "arn:{partition}:apigateway:{region}::/apis"},
    [OPERATION_ON_TABLES] = {"database", "arn:{partition}:glue:{region}:{account}:catalog "
                                         "arn:{partition}:glue:{region}:{account}:database/{name} "
                                         "arn:{partition}:glue:{region}:{account}:table/{name}/*"},
    [OPERATION_ON_BUILDS] = {"rollup_table", "arn:{partition}:s3:::{location}*"},
    [OPERATION_ANYWHERE] = {NULL, "*"},
};

static struct aws_request request_of(const struct billing *billing,
                                     const struct operation *operation, const json_t *params)
{
    return (struct aws_request){billing->session, operation->service, operation->name, params};
}

/* Tables and views are made by `apply` alone: before the first, and after an upgrade. */
static void name_remedy(const struct operation *operation, struct err *e)
{
    const struct err failed = *e;

    if (failed.kind != ERR_ABSENT || strcmp(operation->service, "glue") != 0)
        return;
    err_clear(e);
    (void)err_set(e, failed.kind, "%s; `billingd apply` makes it", failed.text);
}

json_t *operation_call(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e)
{
    json_auto_t *owned = params;
    const struct aws_request request = request_of(billing, operation, owned);
    json_t *reply = flow_call(flow, &request, e);

    if (!reply)
        name_remedy(operation, e);
    return reply;
}

json_t *operation_page(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e)
{
    json_auto_t *owned = params;
    const struct aws_request request = request_of(billing, operation, owned);

    return flow_call_page(flow, &request, e);
}

json_t *operation_call_at_end(struct flow *flow, const struct billing *billing,
                              const struct operation *operation, json_t *params, struct err *e)
{
    json_auto_t *owned = params;
    const struct aws_request request = request_of(billing, operation, owned);

    return flow_call_at_end(flow, &request, e);
}

int operation_pages(struct flow *flow, const struct billing *billing,
                    const struct operation_pages *pages, struct err *e)
{
    json_auto_t *owned = pages->params;
    const struct flow_listing listing = {request_of(billing, pages->operation, owned),
                                         pages->operation->token, pages->operation->next_token,
                                         pages->take, pages->arg};

    if (!flow_pages(flow, &listing, e))
        return 0;
    name_remedy(pages->operation, e);
    return -1;
}

struct joined {
    const char *member;
    json_t *items;
};

static int join_page(void *arg, const json_t *page, struct err *e)
{
    const struct joined *joined = arg;

    (void)e;
    json_array_extend(joined->items, json_object_get(page, joined->member));
    return 1;
}

json_t *operation_list(struct flow *flow, const struct billing *billing,
                       const struct operation *operation, json_t *params, struct err *e)
{
    struct joined joined = {operation->items, json_array()};
    const struct operation_pages pages = {operation, params, join_page, &joined};

    if (!operation_pages(flow, billing, &pages, e))
        return joined.items;
    json_decref(joined.items);
    return NULL;
}
