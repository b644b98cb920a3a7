/* Every object of days of arrival comes exactly once, in order within its hour, whatever its folder
 * is called and however its span was cut; against a server that lists 20 keys a page. */
#include "base/json.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_walk.h"
#include "billing/rollup/rollup_window.h"
#include "check.h"
#include "server.h"

#include <stdlib.h>

enum { PAGE = 20, DAYS = 20, MOST_KEYS = 4000, FIRST_S = 1759276800 /* 2025-10-01 */ };

static struct fixture {
    uv_loop_t loop;
    struct server server;
    struct aws_client *client;
    struct billing billing;
    char *keys[MOST_KEYS]; /* that lie in S3, in their order */
    size_t count, wanted;
    json_t *seen; /* "day hour" -> [key] */
    size_t taken;
    struct err e;
} f;

/* ---- what lies in S3 ---- */

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...)
{
    char text[128];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    CHECK(f.count < MOST_KEYS);
    f.keys[f.count++] = mem_text(text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int objects_of(int day, int hour)
{
    return day == 6 && hour == 13 ? 300 : day == 5 || day == 6 || day == 18 ? 25 : hour % 2;
}

static void fill(void)
{
    for (int day = 1; day <= DAYS; day++)
        for (int hour = 0; hour < 24; hour++) {
            f.wanted += (size_t)objects_of(day, hour);
            for (int i = 0; i < objects_of(day, hour); i++)
                put("logs/year=2025/month=10/day=%02d/hour=%02d/o-%04d", day, hour, i);
            if (hour == 13 && ++f.wanted)
                put("recovered/year=2025/month=10/day=%02d/hour=13/r", day);
        }
    /* Folders called otherwise: the first two are hours, the rest is read by no query. */
    for (int i = 0; i < 90; i++) {
        put("logs/year=2025/month=10/day=06/hour=9/p-%04d", i);
        put("logs/year=2025/month=10/day=06/hour=99/p-%04d", i);
        put("logs/year=2025/month=10/day=06/hour=007/p-%04d", i);
        put("logs/year=2025/month=10/day=06/strange-%04d", i);
        put("logs/year=2025/month=10/day=6/hour=06/p-%04d", i);
        put("logs/year=2025/month=9/day=30/hour=06/p-%04d", i);
        put("logs/year=2025/month=10/day=00/hour=06/p-%04d", i);
    }
    f.wanted += 180;
    put("logs/year=2025/month=09/day=30/hour=23/before");
    put("logs/year=2025/month=10/day=21/hour=00/behind");
    qsort(f.keys, f.count, sizeof *f.keys, by_text);
}

/* ---- S3 ---- */

/* The value of a parameter, decoded; new text, "" without it. */
static char *parameter(const char *request, const char *name)
{
    const char *at = strstr(request, name);
    cleanup_free char *text =
        at ? mem_text_n(at + strlen(name), strcspn(at + strlen(name), "& ")) : mem_text("");

    return str_unescape(text);
}

static char *list(const char *request)
{
    cleanup_free char *prefix = parameter(request, "prefix="),
                      *after = parameter(request, "start-after="),
                      *token = parameter(request, "continuation-token=");
    cleanup_str struct str items = {0};
    size_t i = strtoul(token, NULL, 10), given = 0;
    bool more = false;

    for (; i < f.count && !more; i++) {
        if (strncmp(f.keys[i], prefix, strlen(prefix)) != 0 ||
            (!*token && strcmp(f.keys[i], after) <= 0))
            continue;
        more = given == PAGE;
        if (more)
            break;
        str_addf(&items,
                 "<Contents><Key>%s</Key><Size>1</Size><ETag>e</ETag><LastModified>"
                 "2025-11-01T00:00:00Z</LastModified></Contents>",
                 f.keys[i]);
        given++;
    }
    if (more)
        str_addf(&items, "<NextContinuationToken>%zu</NextContinuationToken>", i);
    return mem_printf(
        "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"
        "<ListBucketResult><Name>b</Name><IsTruncated>%s</IsTruncated>%s"
        "</ListBucketResult>",
        more ? "true" : "false", str_text(&items));
}

/* ---- walking ---- */

static void take(void *arg, const struct rollup_arrival *arrival)
{
    cleanup_free char *place = mem_printf("%zu %s", arrival->day, arrival->hour);
    json_t *keys = json_object_get(f.seen, place);

    (void)arg;
    f.taken++;
    if (!keys) {
        keys = json_array();
        json_object_set_new(f.seen, place, keys);
    }
    json_array_append_new(keys, json_string(arrival->entry->key));
}

static void walk(struct flow *flow, void *arg)
{
    (void)arg;
    CHECK(!rollup_walk(flow, &f.billing, &(struct rollup_walk){FIRST_S, DAYS, take, NULL}, &f.e));
}

static json_t *sums[DAYS], *lists[DAYS];

static void sum(struct flow *flow, void *arg)
{
    (void)arg;
    CHECK(
        !rollup_objects_sum(flow, &f.billing, &(struct rollup_objects){FIRST_S, DAYS, sums}, &f.e));
    CHECK(!rollup_objects_list(flow, &f.billing, &(struct rollup_objects){FIRST_S, DAYS, lists},
                               &f.e));
}

static void on_end(void *arg)
{
    (void)arg;
    aws_client_free(f.client);
    server_stop(&f.server);
}

static void run(flow_fn *fn)
{
    static char data[] = "logs/", side[] = "recovered/", bucket[] = "b";
    static char *sides[] = {side, NULL};
    static const struct server_reply made = {.bytes = "", .close = true, .delay_ms = 4};
    struct err e = {0};

    f.billing = (struct billing){.account = "123456789012", .pipeline = "p"};
    f.billing.names =
        (struct billing_names){.bucket = bucket, .data_prefix = data, .side_prefixes = sides};
    uv_loop_init(&f.loop);
    server_start(&f.server, &f.loop, &made, 1);
    f.server.make = list;
    setenv("AWS_ENDPOINT_URL", f.server.url, 1);
    f.client = aws_client_new(&f.loop, &e);
    CHECK_TEXT(e.text, "");
    f.billing.session = aws_session(f.client, "eu-central-1", NULL, NULL);
    (void)flow_start(&f.loop, f.client, fn, on_end, NULL);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&f.loop), 0);
    CHECK_INT(f.e.kind, ERR_NONE);
}

/* Of each hour the stream's own objects by their keys, then the recovered ones. */
static void check_order(void)
{
    const char *place;
    json_t *keys;

    json_object_foreach(f.seen, place, keys)
        for (size_t i = 1; i < json_array_size(keys); i++)
            CHECK(strcmp(json_string_value(json_array_get(keys, i - 1)),
                         json_string_value(json_array_get(keys, i))) < 0);
}

static void test_walk(void)
{
    f.seen = json_object();
    run(walk);
    CHECK_INT(f.taken, f.wanted);
    check_order();
    CHECK_INT(json_array_size(json_object_get(f.seen, "5 13")), 301);
    CHECK_INT(json_array_size(json_object_get(f.seen, "5 9")), 90);
    CHECK_INT(json_array_size(json_object_get(f.seen, "5 99")), 90);
    CHECK_INT(json_array_size(json_object_get(f.seen, "17 23")), 25);
    /* Side by side, and not many more pages than there are. */
    CHECK(f.server.most > 4 && f.server.most <= 8);
    CHECK(f.server.request_count < f.count / PAGE * 5 / 4 + 8);
    json_decref(f.seen);
    server_fini(&f.server);
}

/* Each hour's running hash is that of its list. */
static void test_sums(void)
{
    size_t hours = 0;

    run(sum);
    for (size_t day = 0; day < DAYS; day++) {
        for (int hour = 0; hour < 24; hour++) {
            char name[16], hex[65];
            const char *told;

            (void)snprintf(name, sizeof name, "%02d", hour);
            rollup_objects_hash(json_object_get(lists[day], name), -1, hex);
            told = json_text(json_object_get(sums[day], "hours"), name);
            CHECK_TEXT(told ? told : "", hex);
            hours += *hex != '\0';
        }
        json_decref(sums[day]);
        json_decref(lists[day]);
    }
    CHECK(hours > 200);
    server_fini(&f.server);
}

int main(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    fill();
    test_walk();
    test_sums();
    for (size_t i = 0; i < f.count; i++)
        free(f.keys[i]);
    return check_done();
}
