#include "import/import_find.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <string.h>

enum { SIDE_BY_SIDE = 8 };

struct finding {
    struct import_look *look;
    const struct import_start *start;
    struct import_found *found;
    json_t *apis;
    json_t *groups; /* name of a log group -> its filters, null where they could not be read */
    json_t *names;  /* of the streams to describe */
};

/* What follows `before` in an ARN, without a trailing ":*"; new text, NULL when it is none such. */
static char *name_in_arn(const char *arn, const char *before)
{
    const char *at = arn && !strncmp(arn, "arn:", 4) ? strstr(arn, before) : NULL;
    size_t n;

    if (!at)
        return NULL;
    at += strlen(before);
    n = strlen(at);
    return mem_text_n(at, n > 2 && !strcmp(at + n - 2, ":*") ? n - 2 : n);
}

/* ---- stages ---- */

static void add_stage(struct finding *f, const json_t *api, const json_t *stage)
{
    const char *arn = json_text(json_object_get(stage, "AccessLogSettings"), "DestinationArn");
    cleanup_free char *group = name_in_arn(arn, ":log-group:");
    json_t *candidate = json_pack("{s:s*, s:O*, s:O*, s:s*}", "api", json_text(api, "Name"),
                                  "api_id", json_object_get(api, "ApiId"), "stage",
                                  json_object_get(stage, "StageName"), "log_group", group);

    if (!arn)
        json_object_set_new(candidate, "broken", json_string("the stage writes no access log"));
    else if (!group)
        json_object_set_new(candidate, "broken",
                            json_sprintf("the stage logs to %s, which is no log group", arn));
    else
        json_object_set_new(f->groups, group, json_null());
    json_array_append_new(f->found->candidates, candidate);
}

static void look_at_api(struct flow *flow, void *arg, size_t index)
{
    struct finding *f = arg;
    const json_t *api = json_array_get(f->apis, index);
    const char *protocol = json_text(api, "ProtocolType");
    cleanup_free char *unknown =
        mem_printf("where the stages of the API %s log to", json_text(api, "ApiId"));
    const struct import_read read = {.service = "apigatewayv2",
                                     .op = "GetStages",
                                     .params =
                                         json_pack("{s:O}", "ApiId", json_object_get(api, "ApiId")),
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "Items",
                                     .unknown = unknown};
    json_auto_t *stages = import_look_read(flow, f->look, &read, NULL);
    size_t i;
    json_t *stage;

    json_array_foreach(stages, i, stage)
        if (!protocol || !strcmp(protocol, "HTTP"))
            add_stage(f, api, stage);
}

static void look_at_apis(struct flow *flow, struct finding *f)
{
    const struct import_read read = {.service = "apigatewayv2",
                                     .op = "GetApis",
                                     .token = "NextToken",
                                     .next_token = "NextToken",
                                     .items = "Items",
                                     .unknown = "which HTTP APIs there are"};

    f->apis = import_look_read(flow, f->look, &read, NULL);
    flow_each(flow, json_array_size(f->apis), SIDE_BY_SIDE, look_at_api, f);
}

static json_int_t count_named(const struct finding *f, const char *name)
{
    json_int_t count = 0;
    size_t i;
    json_t *api;

    json_array_foreach(f->apis, i, api)
        if (name && json_text(api, "Name") && !strcmp(name, json_text(api, "Name")))
            count++;
    return count;
}

/* ---- filters ---- */

static const char *key_at(const json_t *object, size_t index)
{
    void *iter = json_object_iter((json_t *)object);

    while (index--)
        iter = json_object_iter_next((json_t *)object, iter);
    return json_object_iter_key(iter);
}

static void look_at_group(struct flow *flow, void *arg, size_t index)
{
    struct finding *f = arg;
    cleanup_free char *group = mem_text(key_at(f->groups, index));
    cleanup_free char *unknown = mem_printf("where the log group %s is sent to", group);
    const struct import_read read = {.service = "logs",
                                     .op = "DescribeSubscriptionFilters",
                                     .params = json_pack("{s:s}", "logGroupName", group),
                                     .token = "nextToken",
                                     .next_token = "nextToken",
                                     .items = "subscriptionFilters",
                                     .absent = "ResourceNotFoundException",
                                     .unknown = unknown};
    bool well;
    json_auto_t *filters = import_look_read(flow, f->look, &read, &well);

    if (filters)
        json_object_set(f->groups, group, filters);
    else if (well)
        json_object_set_new(f->groups, group, json_string("the log group does not exist"));
}

static void lengthen(struct finding *f, json_t *candidates, const json_t *candidate,
                     const json_t *filter, const char *stream)
{
    json_t *longer = json_copy((json_t *)candidate);

    json_object_set(longer, "filter", json_object_get(filter, "filterName"));
    json_object_set(longer, "filter_role", json_object_get(filter, "roleArn"));
    if (json_string_length(json_object_get(filter, "filterPattern")))
        json_object_set(longer, "pattern", json_object_get(filter, "filterPattern"));
    json_object_set_new(longer, "stream", json_string(stream));
    json_array_append_new(candidates, longer);
    json_object_set_new(f->names, stream, json_true());
}

static json_t *why_no_stream(const json_t *filters)
{
    struct str text = {0};
    json_t *why;
    size_t i;
    json_t *filter;

    if (json_is_string(filters))
        return json_share(filters);
    if (!json_is_array(filters))
        return json_string("where the log group is sent to could not be read");
    if (!json_array_size(filters))
        return json_string("the log group has no subscription filter: nothing is delivered");
    str_add(&text, "no subscription filter of the log group sends to a Firehose stream:");
    json_array_foreach((json_t *)filters, i, filter)
        str_addf(&text, "%s %s sends to %s", i ? "," : "", json_text(filter, "filterName"),
                 json_text(filter, "destinationArn") ? json_text(filter, "destinationArn") : "?");
    why = json_string(str_text(&text));
    str_fini(&text);
    return why;
}

/* One candidate for each stream that the log group is sent to. */
static void follow_filters(struct finding *f)
{
    json_t *longer = json_array(), *candidate, *filter;
    size_t i, j;

    json_array_foreach(f->found->candidates, i, candidate) {
        const char *group =
            json_text(candidate, "stream") ? NULL : json_text(candidate, "log_group");
        const json_t *filters = group ? json_object_get(f->groups, group) : NULL;
        size_t before = json_array_size(longer);

        json_array_foreach((json_t *)filters, j, filter) {
            cleanup_free char *stream =
                name_in_arn(json_text(filter, "destinationArn"), ":deliverystream/");

            if (stream)
                lengthen(f, longer, candidate, filter, stream);
        }
        if (json_array_size(longer) > before)
            continue;
        if (group)
            json_object_set_new(candidate, "broken", why_no_stream(filters));
        json_array_append(longer, candidate);
    }
    json_decref(f->found->candidates);
    f->found->candidates = longer;
}

/* ---- streams ---- */

static void look_at_stream(struct flow *flow, void *arg, size_t index)
{
    struct finding *f = arg;
    cleanup_free char *name = mem_text(key_at(f->names, index));
    cleanup_free char *unknown = mem_printf("where the stream %s delivers to", name);
    const struct import_read read = {.service = "firehose",
                                     .op = "DescribeDeliveryStream",
                                     .params = json_pack("{s:s}", "DeliveryStreamName", name),
                                     .absent = "ResourceNotFoundException",
                                     .unknown = unknown};
    bool well = true, known = json_object_get(f->found->streams, name) != NULL;
    json_auto_t *reply = known ? NULL : import_look_read(flow, f->look, &read, &well);

    if (known)
        json_decref(read.params);
    else if (reply)
        json_object_set(f->found->streams, name,
                        json_object_get(reply, "DeliveryStreamDescription"));
    else if (well)
        json_object_set_new(f->found->streams, name, json_string("the stream does not exist"));
}

static void follow_stream(const struct finding *f, json_t *candidate)
{
    const char *name = json_text(candidate, "stream");
    const json_t *stream = name ? json_object_get(f->found->streams, name) : NULL;
    const json_t *s3 = json_at(stream, "Destinations[].ExtendedS3DestinationDescription");
    cleanup_free char *bucket = name_in_arn(json_text(s3, "BucketARN"), ":s3:::");

    if (!name)
        return;
    if (bucket)
        json_object_set_new(candidate, "bucket", json_string(bucket));
    else if (json_is_string(stream))
        json_object_set(candidate, "broken", (json_t *)stream);
    else if (stream)
        json_object_set_new(candidate, "broken",
                            json_string("the stream does not deliver to S3: billingd keeps "
                                        "streams to S3 only"));
    else
        json_object_set_new(candidate, "broken",
                            json_string("where the stream delivers to could not be read"));
}

static void look_at_streams(struct flow *flow, struct finding *f)
{
    size_t i;
    json_t *candidate;

    flow_each(flow, json_object_size(f->names), SIDE_BY_SIDE, look_at_stream, f);
    json_array_foreach(f->found->candidates, i, candidate)
        follow_stream(f, candidate);
}

/* ---- which of them ---- */

/* What a candidate may be called by: the point without its ARN or s3://; new text. */
static char *plain_point(const char *point)
{
    static const char *const before[] = {":log-group:", ":deliverystream/", ":s3:::", "/apis/"};

    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        char *name = name_in_arn(point, before[i]);

        if (name)
            return name;
    }
    if (!strncmp(point, "s3://", 5))
        return mem_text_n(point + 5, strcspn(point + 5, "/"));
    return mem_text(point);
}

static bool is_called(const json_t *candidate, const char *name)
{
    static const char *const members[] = {"api", "api_id", "log_group", "stream", "bucket"};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *text = json_text(candidate, members[i]);

        if (text && !strcmp(text, name))
            return true;
    }
    return false;
}

static bool agrees(const json_t *candidate, const char *member, const json_t *env, const char *key)
{
    const char *want = json_text(env, key), *have = json_text(candidate, member);

    return !want || !*want || (have && !strcmp(want, have));
}

static bool fits(const json_t *candidate, const struct import_start *start)
{
    cleanup_free char *name = start->point ? plain_point(start->point) : NULL;
    const char *stage = json_text(candidate, "stage");

    return (!name || is_called(candidate, name)) &&
           (!start->stage || (stage && !strcmp(stage, start->stage))) &&
           (name || agrees(candidate, "api", start->env, "BILLING_API_NAME")) &&
           (name || agrees(candidate, "log_group", start->env, "BILLING_LOG_GROUP")) &&
           agrees(candidate, "stream", start->env, "BILLING_FIREHOSE_NAME") &&
           agrees(candidate, "bucket", start->env, "BILLING_S3_BUCKET");
}

static bool any_fits(const struct finding *f)
{
    size_t i;
    json_t *candidate;

    json_array_foreach(f->found->candidates, i, candidate)
        if (fits(candidate, f->start))
            return true;
    return false;
}

/* ---- without an API: a log group or a stream that somebody named ---- */

/* What CloudWatch Logs takes as the name of a log group. */
static bool may_be_group(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/#-";

    return name && *name && !name[strspn(name, letters)];
}

static void add_group(struct flow *flow, struct finding *f, const char *name)
{
    size_t index = json_object_size(f->groups);
    const json_t *filters;

    if (!may_be_group(name) || json_object_get(f->groups, name))
        return;
    json_object_set_new(f->groups, name, json_null());
    look_at_group(flow, f, index);
    filters = json_object_get(f->groups, name);
    if (json_is_string(filters))
        return; /* there is no such log group */
    json_array_append_new(f->found->candidates, json_pack("{s:s}", "log_group", name));
}

/* Streams whose name, or whose bucket, was given. */
static void add_streams(struct flow *flow, struct finding *f)
{
    json_auto_t *names = import_look_streams(flow, f->look, NULL);
    size_t i;
    json_t *name;

    json_array_foreach(names, i, name) {
        if (json_object_get(f->names, json_string_value(name)))
            continue;
        json_object_set_new(f->names, json_string_value(name), json_true());
        json_array_append_new(f->found->candidates, json_pack("{s:O}", "stream", name));
    }
}

static void look_further(struct flow *flow, struct finding *f)
{
    cleanup_free char *name = f->start->point ? plain_point(f->start->point) : NULL;

    add_group(flow, f, name);
    add_group(flow, f, json_text(f->start->env, "BILLING_LOG_GROUP"));
    follow_filters(f);
    look_at_streams(flow, f);
    if (any_fits(f))
        return;
    add_streams(flow, f);
    look_at_streams(flow, f);
}

/* ---- a way that is broken, named from end to end by the scripts' variables ---- */

static bool is_named(const struct finding *f, const char *key)
{
    const char *text = json_text(f->start->env, key);

    return text && *text;
}

/* How far a candidate is the one that is meant, though it ends elsewhere; 0: it is not. */
static int nearness(const struct finding *f, const json_t *candidate)
{
    const struct import_start *start = f->start;
    const char *stage = json_text(candidate, "stage");
    bool api = is_named(f, "BILLING_API_NAME") && json_text(candidate, "api") &&
               agrees(candidate, "api", start->env, "BILLING_API_NAME");
    bool group = is_named(f, "BILLING_LOG_GROUP") && json_text(candidate, "log_group") &&
                 agrees(candidate, "log_group", start->env, "BILLING_LOG_GROUP");

    if (start->stage && (!stage || strcmp(stage, start->stage) != 0))
        return 0;
    return 4 * group + 2 * api + (group && !json_text(candidate, "pattern"));
}

static const json_t *nearest(const struct finding *f)
{
    const json_t *found = NULL, *candidate;
    size_t i;

    json_array_foreach(f->found->candidates, i, candidate)
        if (nearness(f, candidate) > (found ? nearness(f, found) : 0))
            found = candidate;
    return found;
}

/* Takes the name of the variable in place of what stands there; tells when that is another. */
static void take_named(const struct finding *f, json_t *way, const char *member, const char *key)
{
    const char *want = json_text(f->start->env, key), *have = json_text(way, member);
    const char *broken = json_text(way, "broken");
    json_t *text;

    if (!want || !*want || (have && !strcmp(have, want)))
        return;
    if (have) {
        text = json_sprintf("%s%sthe way leads to the %s %s, and %s names %s", broken ? broken : "",
                            broken ? "; " : "", member, have, key, want);
        json_object_set_new(way, "broken", text);
    }
    json_object_set_new(way, member, json_string(want));
}

static bool is_there(struct flow *flow, struct finding *f, const json_t *way)
{
    const char *stream = json_text(way, "stream"), *group = json_text(way, "log_group");

    json_object_set_new(f->names, stream, json_true());
    flow_each(flow, json_object_size(f->names), SIDE_BY_SIDE, look_at_stream, f);
    return json_is_object(json_object_get(f->found->streams, stream)) ||
           (group && json_is_array(json_object_get(f->groups, group))) || json_text(way, "api");
}

/* What names all that there should be is imported as far as it is there: the only candidate. */
static void mend(struct flow *flow, struct finding *f)
{
    const json_t *found = nearest(f), *stream;
    json_t *way = found ? json_copy((json_t *)found) : json_object();
    const char *broken;

    take_named(f, way, "log_group", "BILLING_LOG_GROUP");
    take_named(f, way, "stream", "BILLING_FIREHOSE_NAME");
    take_named(f, way, "bucket", "BILLING_S3_BUCKET");
    if (!json_text(way, "stream") || !json_text(way, "bucket") || !is_there(flow, f, way)) {
        json_decref(way);
        return;
    }
    stream = json_object_get(f->found->streams, json_text(way, "stream"));
    broken = json_text(way, "broken");
    if (json_is_string(stream) && (!broken || !strstr(broken, json_string_value(stream))))
        json_object_set_new(way, "broken",
                            json_sprintf("%s%s%s", broken ? broken : "", broken ? "; " : "",
                                         json_string_value(stream)));
    if (!json_text(way, "broken"))
        json_object_set_new(way, "broken", json_string("no stage of an API leads there"));
    json_array_clear(f->found->candidates);
    json_array_append_new(f->found->candidates, way);
}

static bool is_unread(const struct finding *f)
{
    return f->look->denied || f->look->failed;
}

static void keep_fitting(struct finding *f)
{
    json_t *kept = json_array(), *candidate;
    size_t i;

    json_array_foreach(f->found->candidates, i, candidate) {
        if (!fits(candidate, f->start))
            continue;
        json_object_set_new(candidate, "same_name",
                            json_integer(count_named(f, json_text(candidate, "api"))));
        json_array_append(kept, candidate);
    }
    json_decref(f->found->candidates);
    f->found->candidates = kept;
}

void import_find(struct flow *flow, struct import_look *look, const struct import_start *start,
                 struct import_found *found)
{
    struct finding f = {look, start, found, NULL, json_object(), json_object()};

    *found = (struct import_found){json_array(), json_object()};
    look_at_apis(flow, &f);
    flow_each(flow, json_object_size(f.groups), SIDE_BY_SIDE, look_at_group, &f);
    follow_filters(&f);
    look_at_streams(flow, &f);
    if ((start->point || json_object_size(start->env)) && !any_fits(&f))
        look_further(flow, &f);
    if (!start->point && json_object_size(start->env) && !any_fits(&f) && !is_unread(&f))
        mend(flow, &f);
    keep_fitting(&f);
    json_decref(f.apis);
    json_decref(f.groups);
    json_decref(f.names);
}

void import_find_fini(struct import_found *found)
{
    json_decref(found->candidates);
    json_decref(found->streams);
}

char *import_find_text(const json_t *candidate)
{
    static const char *const hops[] = {"log_group", "stream", "bucket"};
    const char *api = json_text(candidate, "api"), *id = json_text(candidate, "api_id");
    struct str text = {0};

    if (id)
        str_addf(&text, "%s (%s) %s", api ? api : "(no name)", id, json_text(candidate, "stage"));
    for (size_t i = 0; i < sizeof hops / sizeof *hops; i++)
        if (json_text(candidate, hops[i]))
            str_addf(&text, "%s%s%s", text.len ? " -> " : "", i == 2 ? "s3://" : "",
                     json_text(candidate, hops[i]));
    if (json_text(candidate, "pattern"))
        str_addf(&text, " (by the filter %s, only events that match %s)",
                 json_text(candidate, "filter"), json_text(candidate, "pattern"));
    if (json_text(candidate, "broken"))
        str_addf(&text, "; %s", json_text(candidate, "broken"));
    return str_take(&text);
}
