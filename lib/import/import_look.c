#include "import/import_look.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

void import_look_init(struct import_look *look, struct aws_session *session)
{
    *look = (struct import_look){.session = session, .unread = json_array()};
}

void import_look_fini(struct import_look *look)
{
    json_decref(look->unread);
}

struct gathering {
    const char *member;
    json_t *items;
};

static int gather(void *arg, const json_t *page, struct err *e)
{
    struct gathering *gathering = arg;

    (void)e;
    (void)json_array_extend(gathering->items, json_object_get(page, gathering->member));
    return 1;
}

static void note(struct flow *flow, struct import_look *look, const struct import_read *read,
                 const struct err *e)
{
    const struct aws_error *error = flow_error(flow);
    cleanup_free char *summary =
        error && *error->code ? aws_error_summary(error) : mem_text(e->text);
    json_t *text = json_sprintf("%s is not known: %s", read->unknown, summary);
    size_t i;
    json_t *known;

    look->denied = look->denied || e->kind == ERR_DENIED;
    look->failed = look->failed || e->kind != ERR_DENIED;
    json_array_foreach(look->unread, i, known)
        if (json_equal(known, text)) {
            json_decref(text);
            return;
        }
    json_array_append_new(look->unread, text);
}

/* True when AWS said that there is none. */
static bool is_absence(struct flow *flow, const struct import_read *read)
{
    const struct aws_error *error = flow_error(flow);

    return read->absent && error && aws_error_is(error, read->absent, strlen(read->absent));
}

json_t *import_look_read(struct flow *flow, struct import_look *look,
                         const struct import_read *read, bool *read_well)
{
    json_auto_t *params = read->params ? read->params : json_object();
    struct gathering gathering = {read->items, json_array()};
    const struct flow_listing listing = {
        .request = {look->session, read->service, read->op, params},
        .token = read->token,
        .next_token = read->next_token,
        .take = gather,
        .arg = &gathering};
    struct err e = {0};
    json_t *result = NULL;

    if (read_well)
        *read_well = true;
    if (!read->items)
        result = flow_call(flow, &listing.request, &e);
    else if (!flow_pages(flow, &listing, &e))
        result = json_incref(gathering.items);
    json_decref(gathering.items);
    if (result || is_absence(flow, read))
        return result;
    if (read_well)
        *read_well = false;
    note(flow, look, read, &e);
    return NULL;
}

/* Not a list by tokens: the next page begins after the last name. */
json_t *import_look_streams(struct flow *flow, struct import_look *look, bool *read_well)
{
    const struct import_read read = {.service = "firehose",
                                     .op = "ListDeliveryStreams",
                                     .params = json_pack("{s:i}", "Limit", 100),
                                     .token = "ExclusiveStartDeliveryStreamName",
                                     .next_token = "DeliveryStreamNames[last]",
                                     .items = "DeliveryStreamNames",
                                     .unknown = "which delivery streams there are"};
    json_t *names = import_look_read(flow, look, &read, read_well);

    return names ? names : json_array();
}
