/* Lists in pages through the whole client against a scripted server: joined, cut short by who reads
 * them, and never by a token that comes again; the same for every pager of billing. */
#include "aws/flow.h"
#include "base/json.h"
#include "billing/backfill/backfill_private.h"
#include "billing/events/events_missing.h"
#include "billing/rollup/rollup_operations.h"
#include "billing/store/athena_query.h"
#include "billing/store/metrics_read.h"
#include "billing/store/object_list.h"
#include "check.h"
#include "server.h"

#include <stdlib.h>

#define OK(type, body)                                                                             \
    {                                                                                              \
        .bytes = "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n" body,    \
        .close = true                                                                              \
    }
#define JSON(body) OK("application/x-amz-json-1.1", body)
#define XML(body) OK("application/xml", body)
#define PARTITIONS(value, token)                                                                   \
    JSON("{\"Partitions\":[{\"Values\":[\"" value "\"]}],\"NextToken\":\"" token "\"}")
#define LAST_PARTITION(value) JSON("{\"Partitions\":[{\"Values\":[\"" value "\"]}]}")
#define EVENTS(token) JSON("{\"events\":[],\"nextToken\":\"" token "\"}")
#define KEYS(key, token)                                                                           \
    XML("<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><Contents><Key>" key       \
        "</Key><Size>1</Size></Contents><NextContinuationToken>" token                             \
        "</NextContinuationToken></ListBucketResult>")
#define METRICS(token) JSON("{\"MetricDataResults\":[],\"NextToken\":\"" token "\"}")
#define STARTED JSON("{\"QueryExecutionId\":\"q-1\"}")
#define SUCCEEDED                                                                                  \
    JSON("{\"QueryExecution\":{\"QueryExecutionId\":\"q-1\",\"Status\":{\"State\":\"SUCCEEDED\"}}" \
         "}")
#define ROWS(token)                                                                                \
    JSON("{\"ResultSet\":{\"Rows\":[{\"Data\":[{\"VarCharValue\":\"v\"}]}],"                       \
         "\"ResultSetMetadata\":{\"ColumnInfo\":[{\"Name\":\"c\",\"Type\":\"varchar\"}]}},"        \
         "\"NextToken\":\"" token "\"}")
#define NO_ROWS JSON("{\"ResultSet\":{\"Rows\":[],\"ResultSetMetadata\":{\"ColumnInfo\":[]}}}")

static struct fixture {
    uv_loop_t loop;
    struct server server;
    struct aws_client *client;
    struct billing billing;
    struct err e;
    json_t *result;
    int pages; /* that a reader takes */
} f;

static void on_end(void *arg)
{
    (void)arg;
    aws_client_free(f.client);
    server_stop(&f.server);
}

static void run(flow_fn *fn, const struct server_reply *script, size_t length)
{
    struct err e = {0};

    json_decref(f.result);
    server_fini(&f.server);
    f = (struct fixture){.billing = {.account = "123456789012", .pipeline = "p"}};
    f.billing.names =
        (struct billing_names){.bucket = "b", .log_group = "g", .workgroup = "w", .database = "d"};
    f.billing.queries =
        json_pack("{s:s, s:s}", "q", "SELECT 1", "backfill_events", "SELECT ${from_ms} ${to_ms}");
    uv_loop_init(&f.loop);
    server_start(&f.server, &f.loop, script, length);
    setenv("AWS_ENDPOINT_URL", f.server.url, 1);
    f.client = aws_client_new(&f.loop, &e);
    CHECK_TEXT(e.text, "");
    f.billing.session = aws_session(f.client, "eu-central-1", NULL, NULL);
    (void)flow_start(&f.loop, f.client, fn, on_end, NULL);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    json_decref(f.billing.queries);
}

#define RUN(fn, ...)                                                                               \
    do {                                                                                           \
        static const struct server_reply script[] = {__VA_ARGS__};                                 \
        run(fn, script, sizeof script / sizeof *script);                                           \
    } while (0)

static void check_circle(size_t requests)
{
    CHECK(!f.result);
    CHECK_INT(f.e.kind, ERR_RETRY);
    CHECK(strstr(f.e.text, "a page token came twice") != NULL);
    CHECK_INT(f.server.request_count, requests);
}

/* ---- lists ---- */

static void list(struct flow *flow, void *arg)
{
    (void)arg;
    f.result = operation_list(flow, &f.billing, &rollup_operations[ROLLUP_GET_PARTITIONS],
                              json_pack("{s:s, s:s}", "DatabaseName", "d", "TableName", "t"), &f.e);
}

static void test_lists(void)
{
    cleanup_free char *text = NULL;

    RUN(list, PARTITIONS("1", "a"), PARTITIONS("2", "b"), LAST_PARTITION("3"));
    text = json_dumps(f.result, JSON_COMPACT);
    CHECK_TEXT(text, "[{\"Values\":[\"1\"]},{\"Values\":[\"2\"]},{\"Values\":[\"3\"]}]");
    CHECK_INT(f.e.kind, ERR_NONE);
    CHECK(strstr(f.server.requests[1], "\"NextToken\":\"a\"") != NULL);
    CHECK(strstr(f.server.requests[2], "\"NextToken\":\"b\"") != NULL);
    /* An empty token is none. */
    RUN(list, PARTITIONS("1", ""));
    CHECK_INT(json_array_size(f.result), 1);
    RUN(list, PARTITIONS("1", "a"));
    check_circle(2);
    RUN(list, PARTITIONS("1", "a"), PARTITIONS("2", "b"), PARTITIONS("3", "a"));
    check_circle(3);
    RUN(list, PARTITIONS("1", "a"), JSON("[]"));
    CHECK(!f.result && f.e.kind != ERR_NONE);
}

/* ---- a reader with a will of its own ---- */

static int take(void *arg, const json_t *page, struct err *e)
{
    int most = *(const int *)arg;

    CHECK(json_object_get(page, "Partitions") != NULL);
    if (++f.pages == 3)
        return err_set(e, ERR_INVALID, "the third is wrong");
    return f.pages < most;
}

static void read_some(struct flow *flow, int most)
{
    const struct operation_pages pages = {
        &rollup_operations[ROLLUP_GET_PARTITIONS],
        json_pack("{s:s, s:s}", "DatabaseName", "d", "TableName", "t"), take, &most};

    f.result = json_integer(operation_pages(flow, &f.billing, &pages, &f.e));
}

static void read_two(struct flow *flow, void *arg)
{
    (void)arg;
    read_some(flow, 2);
}

static void read_all(struct flow *flow, void *arg)
{
    (void)arg;
    read_some(flow, 99);
}

static void test_readers(void)
{
    /* It has enough before the circle is closed: no failure, and no request more. */
    RUN(read_two, PARTITIONS("1", "a"), PARTITIONS("2", "a"));
    CHECK_INT(json_integer_value(f.result), 0);
    CHECK_INT(f.server.request_count, 2);
    RUN(read_all, PARTITIONS("1", "a"), PARTITIONS("2", "b"), PARTITIONS("3", "c"));
    CHECK_INT(json_integer_value(f.result), -1);
    CHECK_TEXT(f.e.text, "the third is wrong");
    CHECK_INT(f.server.request_count, 3);
}

/* ---- every pager of billing ---- */

static void list_objects(struct flow *flow, void *arg)
{
    (void)arg;
    f.result = object_list(flow, &f.billing, "p/", &f.e);
}

static void list_folders(struct flow *flow, void *arg)
{
    (void)arg;
    f.result = object_list_folders(flow, &f.billing, "p/", &f.e);
}

static void read_metrics(struct flow *flow, void *arg)
{
    const struct metrics_wanted wanted = {"AWS/Logs", "IncomingLogEvents", "Sum", {{0}}};
    const struct metrics_question question = {&wanted, 1, 3600, 7200, 3600};
    int64_t *values = metrics_read(flow, &f.billing, &question, &f.e);

    (void)arg;
    CHECK(!values);
    free(values);
}

static void ask_athena(struct flow *flow, void *arg)
{
    struct athena_result result;

    (void)arg;
    CHECK(athena_query_run(flow, &f.billing, &(struct athena_question){"q", NULL, NULL}, &result,
                           &f.e) < 0);
}

static void read_logs(struct flow *flow, void *arg)
{
    const struct backfill_request request = {.dry_run = true};
    struct backfill backfill = {.billing = &f.billing, .request = &request};

    (void)arg;
    events_present_init(&backfill.ids, 3600);
    CHECK(backfill_logs(flow, &backfill, 0, 3600, &f.e) < 0);
    events_present_fini(&backfill.ids);
}

static void test_pagers(void)
{
    RUN(list_objects, KEYS("p/1", "a"), KEYS("p/2", "b"), KEYS("p/3", "a"));
    check_circle(3);
    RUN(list_folders, KEYS("p/1", "a"));
    check_circle(2);
    RUN(read_metrics, METRICS("a"), METRICS("b"), METRICS("a"));
    check_circle(3);
    RUN(ask_athena, STARTED, SUCCEEDED, ROWS("a"));
    check_circle(4);
    RUN(read_logs, STARTED, SUCCEEDED, NO_ROWS, EVENTS("a"), EVENTS("b"), EVENTS("a"));
    check_circle(6);
}

/* ---- ids in parts ---- */

#define ID(id) ",{\"Data\":[{\"VarCharValue\":\"" id "\"}]}"
#define IDS(more)                                                                                  \
    JSON(                                                                                          \
        "{\"ResultSet\":{\"Rows\":[{\"Data\":[{\"VarCharValue\":\"event_id\"}]}" more              \
        "],\"ResultSetMetadata\":{\"ColumnInfo\":[{\"Name\":\"event_id\",\"Type\":\"varchar\"}]}}" \
        "}")
#define LOG(id) "{\"eventId\":\"" id "\",\"timestamp\":1,\"message\":\"m\"}"
#define LOGS(events) JSON("{\"events\":[" events "]}")

static void take_missing(void *arg, const json_t *event)
{
    json_array_append(arg, json_object_get(event, "eventId"));
}

/* An hour of which only two ids can be kept at a time, by parts of a quarter. */
static void walk_hour(struct flow *flow, void *arg)
{
    struct events_present present;
    json_t *missing = json_array();
    struct events_walk walk = {.present = &present, .missing = take_missing, .arg = missing};

    (void)arg;
    events_present_init(&present, 7200);
    present.most = 2;
    present.end_s = 7200;
    CHECK_INT(events_missing_hour(flow, &f.billing, &walk, 0, &f.e), 0);
    CHECK_INT(present.to_s, 3600);
    CHECK_INT(walk.read, 6);
    CHECK_INT(walk.found, 4);
    events_present_fini(&present);
    f.result = missing;
}

/* Whether a request's body has this text. */
static bool asked(size_t request, const char *text)
{
    return request < f.server.request_count && strstr(f.server.requests[request], text) != NULL;
}

static void test_parts(void)
{
    cleanup_free char *text = NULL;

    /* Too many of two hours; two of the first half, two of the second. */
    RUN(walk_hour, STARTED, SUCCEEDED, IDS(ID("1") ID("2") ID("3")), STARTED, SUCCEEDED,
        IDS(ID("1") ID("2")), LOGS(LOG("1") "," LOG("x") "," LOG("2")), STARTED, SUCCEEDED,
        IDS(ID("3") ID("4")), LOGS(LOG("4") "," LOG("") "," LOG("3")));
    CHECK_TEXT(f.e.text, "");
    text = json_dumps(f.result, JSON_COMPACT);
    CHECK_TEXT(text, "[\"x\",\"\"]");
    CHECK(asked(0, "SELECT 0 7200000"));
    CHECK(asked(3, "SELECT 0 1800000"));
    CHECK(asked(6, "\"startTime\":0") && asked(6, "\"endTime\":1799999"));
    CHECK(asked(7, "SELECT 1800000 3600000"));
    CHECK(asked(10, "\"startTime\":1800000") && asked(10, "\"endTime\":3599999"));
    CHECK_INT(f.server.request_count, 11);
}

/* "If there is a message, as much of the operation as possible is still executed." */
static void test_half_of_the_metrics(void)
{
    RUN(read_metrics, JSON("{\"MetricDataResults\":[],\"Messages\":[{\"Code\":\"Most\",\"Value\":"
                           "\"too many metrics\"}]}"));
    CHECK_INT(f.e.kind, ERR_RETRY);
    CHECK_TEXT(f.e.text, "GetMetricData: Most: too many metrics");
}

int main(void)
{
    clearenv();
    setenv("AWS_ACCESS_KEY_ID", "K", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "S", 1);
    athena_query_pace(0, 0);
    test_lists();
    test_readers();
    test_pagers();
    test_half_of_the_metrics();
    test_parts();
    json_decref(f.result);
    server_fini(&f.server);
    return check_done();
}
