/* What the board tells: what nobody knows is unknown, bad news stays, texts of AWS are not told. */
#include "base/json.h"
#include "base/mem.h"
#include "base/secret/secret.h"
#include "check.h"
#include "daemon/board/board_document.h"
#include "daemon/board/board_months.h"
#include "daemon/board/board_private.h"
#include "daemon/board/board_usage.h"
#include "daemon/board/board_value.h"
#include "spec/problems.h"

#include <string.h>

enum { NOW_S = 1795996800, HOUR_MS = 3600000 }; /* 2026-11-30T00:00:00Z */
static const int64_t now_ms = (int64_t)NOW_S * 1000 + 10 * HOUR_MS;

static struct manifest *manifest;
static struct board *board;

/* Everything in one part, and row by row: the same. */
static json_t *all_resources(void)
{
    json_t *whole = json_array(), *rows = json_array();
    struct board_part all = {.most = SIZE_MAX}, each = {.most = 1};
    size_t parts = 1;

    CHECK(!board_document_resources(board, now_ms, &all, whole));
    while (board_document_resources(board, now_ms, &each, rows))
        parts++;
    CHECK_INT((long long)parts, (long long)board->resource_count);
    CHECK(json_equal(whole, rows));
    json_decref(rows);
    return whole;
}

/* Of one pipeline: nothing of another, row by row as whole; of one that is not there nothing. */
static void test_only(void)
{
    struct board_part one = {.most = 1, .only = "own"}, none = {.most = 9, .only = "ow"};
    struct board_part brief = {.most = 1, .only = "own"};
    json_auto_t *whole = all_resources(), *rows = json_array(), *briefs = json_array();
    json_auto_t *wanted = json_array();
    const json_t *told;
    json_t *each;
    size_t i;

    json_array_foreach(whole, i, each)
        if (!strcmp(json_text(each, "pipeline"), "own"))
            json_array_append(wanted, each);
    CHECK(json_array_size(wanted) > 0 && json_array_size(wanted) < json_array_size(whole));
    while (board_document_resources(board, now_ms, &one, rows))
        ;
    CHECK(json_equal(rows, wanted));
    CHECK(!board_document_resources(board, now_ms, &none, rows));
    CHECK(json_equal(rows, wanted));
    CHECK(!board_document_briefs(board, now_ms, &brief, briefs));
    told = json_array_get(briefs, 0);
    CHECK_INT((long long)json_array_size(briefs), 1);
    CHECK_INT(json_whole(told, "resources"), (long long)json_array_size(wanted));
    CHECK_INT(json_whole(told, "unknown"), (long long)json_array_size(wanted));
    CHECK_TEXT(json_text(told, "state"), "unknown");
}

static json_t *all_months(int64_t at_ms)
{
    json_t *list = json_array();

    CHECK(!board_months_document(board, at_ms, true, &(struct board_part){.most = SIZE_MAX}, list));
    return list;
}

static const char *state_of(const char *station, int64_t at_ms)
{
    static char found[32];
    json_auto_t *pipelines = json_array();
    struct board_part part = {.most = SIZE_MAX};
    json_t *each;
    size_t i;

    CHECK(!board_document_pipelines(board, at_ms, &part, pipelines));
    json_array_foreach(json_object_get(json_array_get(pipelines, 0), "stations"), i, each)
        if (!strcmp(json_text(each, "station"), station))
            (void)snprintf(found, sizeof found, "%s", json_text(each, "state"));
    return found;
}

static const char *day_at(const char *day, int64_t at_ms)
{
    static char found[32];
    json_auto_t *periods = all_months(at_ms);
    json_t *month, *each;
    size_t i, j;

    (void)snprintf(found, sizeof found, "missing here");
    json_array_foreach(json_object_get(json_array_get(periods, 0), "months"), i, month)
        json_array_foreach(json_object_get(month, "days"), j, each)
            if (!strcmp(json_text(each, "day"), day))
                (void)snprintf(found, sizeof found, "%s", json_text(each, "state"));
    return found;
}

static const char *day_of(const char *day)
{
    return day_at(day, now_ms);
}

static void test_resources(void)
{
    json_auto_t *counts = NULL, *later = NULL;

    CHECK_TEXT(state_of("bucket", now_ms), "unknown");
    CHECK(!board_document_is_stale(board, now_ms)); /* nothing was seen that could be */
    for (size_t i = 0; i < board->resource_count; i++) {
        board->resources[i].state = BOARD_IN_SYNC;
        board->resources[i].checked_ms = now_ms;
    }
    board->looked_ms = now_ms;
    CHECK_TEXT(state_of("bucket", now_ms + 60000), "in_sync");
    json_decref(all_resources());
    counts = board_document_counts(board, now_ms);
    CHECK_INT(json_whole(counts, "in_sync"), (long long)board->resource_count);
    CHECK(board_document_is_stale(board, now_ms + HOUR_MS)); /* 5 minutes is its interval */
    CHECK_TEXT(state_of("bucket", now_ms + HOUR_MS), "unknown");
    later = board_document_counts(board, now_ms + HOUR_MS);
    CHECK_INT(json_whole(later, "unknown"), (long long)board->resource_count);
    board->resources[0].state = BOARD_HELD;
    CHECK_TEXT(state_of("bucket", now_ms), "held"); /* the worst of a station */
}

static void look_at_days(enum rollup_state last)
{
    struct rollup_day days[] = {{.day = {2026, 11, 27}, .state = ROLLUP_CURRENT},
                                {.day = {2026, 11, 28}, .state = last}};
    const struct rollup_status status = {days, 2};

    board_days(board, board->pipelines[0].name, &status, (struct day){2026, 11, 28}, now_ms);
}

static json_t *document(const char *month, int correction, const char *currency, const char *total);

/* "Before the start" is what nobody billed, either. */
static void test_days_before(void)
{
    const char *name = board->pipelines[0].name;

    CHECK_TEXT(day_of("2026-11-26"), "unknown"); /* which bills there are was not read */
    board_months(board, name, json_array(), -1, now_ms);
    CHECK_TEXT(day_of("2026-11-26"), "none"); /* before the first */
    board_months(board, name, json_pack("[o]", document("2026-09", 0, NULL, NULL)), -1, now_ms);
    CHECK_TEXT(day_of("2026-11-26"), "unknown"); /* its data is gone, or `since` was moved */
    CHECK_TEXT(day_of("2026-11-27"), "current");
    board_days(board, name, &(struct rollup_status){0}, (struct day){2026, 11, 28}, now_ms);
    CHECK_TEXT(day_of("2026-11-28"), "unknown");
    CHECK_TEXT(day_of("2026-11-29"), "open");
    board_months(board, name, json_array(), -1, now_ms);
    CHECK_TEXT(day_of("2026-11-28"), "none"); /* nothing came yet */
    board_days(board, name, &(struct rollup_status){0}, (struct day){2026, 11, 29}, now_ms);
    CHECK_TEXT(day_of("2026-11-29"), "none"); /* closed two hours after its end */
    board_days(board, name, &(struct rollup_status){0}, (struct day){2026, 11, 26}, now_ms);
    CHECK_TEXT(day_of("2026-11-27"), "open"); /* and three days after */
    board_months(board, name, NULL, -1, now_ms);
    CHECK_TEXT(day_of("2026-11-26"), "unknown");
    board_months(board, name, json_array(), -1, now_ms);
}

static void test_days(void)
{
    const char *name = board->pipelines[0].name;

    CHECK_TEXT(state_of("rollups", now_ms), "unknown");
    CHECK_TEXT(day_of("2026-11-28"), "unknown");
    look_at_days(ROLLUP_CURRENT);
    CHECK_TEXT(state_of("rollups", now_ms), "in_sync");
    test_days_before();
    look_at_days(ROLLUP_CURRENT);
    CHECK_TEXT(day_of("2026-11-28"), "current");
    CHECK_TEXT(day_of("2026-11-29"), "open"); /* not closed when it was looked at */
    CHECK_TEXT(day_of("2026-11-30"), "open");
    CHECK_TEXT(day_at("2026-11-28", now_ms + 24 * HOUR_MS), "current"); /* of the month before */
    CHECK_TEXT(day_at("2026-11-29", now_ms + 24 * HOUR_MS), "open");
    CHECK_TEXT(day_at("2026-11-30", now_ms + 24 * HOUR_MS), "open");
    CHECK_TEXT(day_at("2026-11-29", now_ms + 48 * HOUR_MS),
               "unknown"); /* two days without a look */
    CHECK_TEXT(day_at("2026-11-28", now_ms + 48 * HOUR_MS), "current");
    CHECK_TEXT(day_at("2026-11-29", now_ms + INT64_C(32) * 24 * HOUR_MS),
               "missing here"); /* nobody looked */
    CHECK_TEXT(state_of("rollups", now_ms + 4 * HOUR_MS), "unknown");
    board_days(board, name, NULL, (struct day){0}, now_ms); /* what was well is not known so */
    CHECK_TEXT(state_of("rollups", now_ms), "unknown");
    board_days(board, name, &(struct rollup_status){0}, (struct day){2026, 11, 28},
               now_ms); /* nothing came yet */
    CHECK_TEXT(state_of("rollups", now_ms), "silent");
    CHECK_TEXT(day_of("2026-11-20"), "none");
    CHECK_TEXT(day_of("2026-11-30"), "open");
    look_at_days(ROLLUP_LATE);
    board_days(board, name, NULL, (struct day){0}, now_ms); /* what was not stays */
    CHECK_TEXT(state_of("rollups", now_ms), "differs");
    look_at_days(ROLLUP_LOST);
    CHECK_TEXT(state_of("rollups", now_ms), "failed");
    look_at_days(ROLLUP_CURRENT);
    json_decref(board->pipelines[0].documents);
    board->pipelines[0].documents = NULL;
}

/* "closed shop-2025-10", "overdue -" */
static const char *month_of(const char *month, int64_t at_ms)
{
    static char found[64];
    json_auto_t *periods = all_months(at_ms);
    json_t *each;
    size_t i;

    (void)snprintf(found, sizeof found, "missing here");
    json_array_foreach(json_object_get(json_array_get(periods, 0), "months"), i, each)
        if (!strcmp(json_text(each, "month"), month)) {
            const char *number = json_text(each, "number");

            (void)snprintf(found, sizeof found, "%s %s", json_text(each, "state"),
                           number ? number : "-");
            CHECK(json_is_null(json_object_get(each, "closed")) == !number);
        }
    return found;
}

/* How many months are in a state. */
static json_int_t months_in(const char *state, int64_t at_ms)
{
    json_auto_t *periods = all_months(at_ms);

    return json_whole(json_object_get(json_array_get(periods, 0), "totals"), state);
}

/* "closed 2 USD 12.50, overdue 1 - -": of one pipeline, in the order it is told. */
static const char *money_at(int64_t at_ms)
{
    static char found[256];
    json_auto_t *periods = all_months(at_ms);
    struct str text = {0};
    json_t *each;
    size_t i;

    json_array_foreach(json_object_get(json_array_get(periods, 0), "money"), i, each) {
        const char *currency = json_text(each, "currency"), *total = json_text(each, "total");

        str_addf(&text, "%s%s %d %s %s", i ? ", " : "", json_text(each, "state"),
                 (int)json_whole(each, "months"), currency ? currency : "-", total ? total : "-");
    }
    (void)snprintf(found, sizeof found, "%s", str_text(&text));
    str_fini(&text);
    return found;
}

static json_t *document(const char *month, int correction, const char *currency, const char *total)
{
    return json_pack("{s:s, s:s+, s:i, s:I, s:s?, s:s?}", "month", month, "number", "p-", month,
                     "correction", correction, "closed", (json_int_t)NOW_S, "currency", currency,
                     "total", total);
}

/* Exact, each currency by itself; what is not known of one document is not known of its month. */
static void test_money(void)
{
    board->looked_ms = now_ms;
    board_months(
        board, board->pipelines[0].name,
        json_pack("[o, o, o, o, o, o, o, o, o, o]", document("2026-03", 0, "USD", "0.10"),
                  document("2026-04", 0, "USD", "0.20"),
                  document("2026-05", 0, "KRW", "9007199254740993"),
                  document("2026-06", 0, "USD", "5.00"), document("2026-06", 1, "USD", "-7.25"),
                  document("2026-07", 0, "USD", "1.00"), document("2026-07", 1, NULL, NULL),
                  document("2026-08", 1, "USD", "3.00"), /* its invoice is not there */
                  document("2026-09", 0, "USD", "1e9"), document("2026-10", 0, "USD", "0")),
        -1, now_ms);
    CHECK_TEXT(money_at(now_ms),
               "closed 3 USD 0.30, closed 1 KRW 9007199254740993, corrected 1 USD -2.25, "
               "corrected 2 - -, closed 1 - -, open 1 - -");
    CHECK_TEXT(money_at(now_ms + 4 * HOUR_MS), "unknown 9 - -"); /* too long ago */
}

static void test_months(void)
{
    enum { DAY_S = 86400 };
    const char *name = board->pipelines[0].name;
    json_t *documents = json_pack(
        "[{s:s, s:s, s:i, s:I}, {s:s, s:s, s:i, s:I}, {s:s, s:s, s:i,"
        " s:I}]",
        "month", "2026-07", "number", "p-2026-07-c2", "correction", 2, "closed", (json_int_t)NOW_S,
        "month", "2026-07", "number", "p-2026-07", "correction", 0, "closed", (json_int_t)NOW_S,
        "month", "2026-09", "number", "p-2026-09", "correction", 0, "closed", (json_int_t)NOW_S);
    int64_t later_ms = now_ms + (int64_t)2 * DAY_S * 1000; /* in December */

    board->looked_ms = now_ms;
    CHECK_TEXT(month_of("2026-11", now_ms), "unknown -"); /* not read: never "open" */
    board_months(board, name, documents, 20 * DAY_S, now_ms);
    CHECK_TEXT(month_of("2026-06", now_ms), "missing here");
    CHECK_TEXT(month_of("2026-07", now_ms), "corrected p-2026-07-c2");
    CHECK_TEXT(month_of("2026-08", now_ms), "left -"); /* a later one is closed */
    CHECK_TEXT(month_of("2026-09", now_ms), "closed p-2026-09");
    CHECK_TEXT(month_of("2026-10", now_ms), "overdue -");
    CHECK_TEXT(month_of("2026-11", now_ms), "open -");
    CHECK_TEXT(month_of("2026-12", now_ms), "missing here");
    CHECK_INT(months_in("closed", now_ms), 1);
    CHECK_INT(months_in("corrected", now_ms), 1);
    CHECK_INT(months_in("left", now_ms) + months_in("overdue", now_ms) + months_in("open", now_ms),
              3);
    CHECK_INT(months_in("unknown", now_ms), 0);
    CHECK_INT(months_in("closed", now_ms + 4 * HOUR_MS), 0);            /* too long ago */
    CHECK_TEXT(month_of("2026-09", now_ms + 4 * HOUR_MS), "unknown -"); /* too long ago */
    CHECK_TEXT(month_of("2026-10", later_ms), "overdue -");             /* until it is seen */
    board->looked_ms = later_ms;
    board_months(board, name, json_incref(documents), 20 * DAY_S, later_ms);
    CHECK_TEXT(month_of("2026-11", later_ms), "draft -"); /* there is time yet */
    CHECK_TEXT(month_of("2026-12", later_ms), "open -");
    board_months(board, name, json_incref(documents), -1, later_ms);
    CHECK_TEXT(month_of("2026-10", later_ms), "draft -"); /* without a key nobody closes */
    board_months(board, name, json_incref(documents), 0, later_ms);
    board_months(board, name, NULL, 0, later_ms);
    CHECK_TEXT(month_of("2026-09", later_ms), "unknown -"); /* of what was read only bad news */
    CHECK_TEXT(month_of("2026-11", later_ms), "overdue -");
    CHECK_TEXT(month_of("2026-12", later_ms), "unknown -");
    /* Somebody's folder of long ago does not make a list of centuries. */
    board_months(board, name,
                 json_pack("[{s:s, s:s, s:i, s:i}]", "month", "0001-01", "number", "p-0001-01",
                           "correction", 0, "closed", 1),
                 -1, later_ms);
    CHECK_TEXT(month_of("2006-11", later_ms), "missing here");
    CHECK_TEXT(month_of("2026-12", later_ms), "open -");
    board->looked_ms = now_ms;
}

static json_t *audit_with(const char *verdict, const char *reason)
{
    return json_pack("{s:s, s:I, s:I, s:[s,s], s:{s:n, s:i}, s:[{s:I, s:n, s:i}, {s:I, s:i, s:i},"
                     " {s:I, s:n, s:i}], s:[{s:s, s:s}], s:[{s:s, s:I, s:I, s:i, s:b, s:s}],"
                     " s:{s:s}}",
                     "verdict", verdict, "from", (json_int_t)NOW_S - 86400, "to", (json_int_t)NOW_S,
                     "hops", "gateway", "delivered", "totals", "gateway", "delivered", 7, "hours",
                     "hour", (json_int_t)NOW_S - 86400, "gateway", "delivered", 0, "hour",
                     (json_int_t)NOW_S - 7200, "gateway", 3, "delivered", 3, "hour",
                     (json_int_t)NOW_S, "gateway", "delivered", 4, "reasons", "reason", reason,
                     "text", "words", "gaps", "hop", "delivered", "from", (json_int_t)NOW_S - 7200,
                     "to", (json_int_t)NOW_S, "events", 2, "above_limit", 1, "explanation",
                     "arn:aws:secret", "worth", "amount", "12.50");
}

static void test_audit(void)
{
    const char *name = board->pipelines[0].name;
    json_auto_t *gap = audit_with("gap", "x"), *complete = audit_with("complete", "x");
    json_auto_t *accepted = audit_with("accepted", "x");
    json_auto_t *silent = audit_with("unknown", "silent"), *told = NULL;
    cleanup_free char *text = NULL;

    CHECK_TEXT(state_of("bill", now_ms), "unknown");
    board_audit(board, name, complete, now_ms);
    CHECK_TEXT(state_of("bill", now_ms), "in_sync");
    CHECK_TEXT(state_of("bill", now_ms + 4 * HOUR_MS), "unknown");
    board_audit(board, name, NULL, now_ms);
    CHECK_TEXT(state_of("bill", now_ms), "unknown");
    board_audit(board, name, silent, now_ms);
    CHECK_TEXT(state_of("bill", now_ms), "silent");
    board_audit(board, name, accepted, now_ms); /* the spec takes what is lost: ready, too */
    CHECK_TEXT(state_of("bill", now_ms), "in_sync");
    board_open_gaps(board, name, 1); /* older than the audit's hours */
    CHECK_TEXT(state_of("bill", now_ms), "failed");
    board_audit(board, name, NULL, now_ms);
    CHECK_TEXT(state_of("bill", now_ms), "failed");
    board_open_gaps(board, name, 0);
    board_audit(board, name, gap, now_ms);
    board_audit(board, name, NULL, now_ms);
    CHECK_TEXT(state_of("bill", now_ms + 9 * HOUR_MS), "failed"); /* until it is seen to be over */
    told = json_array();
    CHECK(!board_usage_audit(board, &(struct board_part){.most = SIZE_MAX}, told));
    text = json_canonical(told);
    CHECK(!strstr(text, "arn:") && !strstr(text, "12.50") && !strstr(text, "words"));
    /* An hour without a datapoint counts nothing when nothing came, and is unknown when something
     * did. */
    CHECK(strstr(text, "{\"day\":\"2026-11-29\",\"hops\":{\"delivered\":3,\"gateway\":3}}") !=
          NULL);
    CHECK(strstr(text, "{\"day\":\"2026-11-30\",\"hops\":{\"delivered\":4,\"gateway\":null}}") !=
          NULL);
}

static void check_value(const char *value, const char *open, const char *trusted)
{
    json_auto_t *read = json_loads(value, JSON_DECODE_ANY, NULL);
    json_auto_t *a = board_value_told(read, false), *b = board_value_told(read, true);
    char *to_all = json_dumps(a, JSON_ENCODE_ANY | JSON_COMPACT);
    char *to_some = json_dumps(b, JSON_ENCODE_ANY | JSON_COMPACT);

    CHECK_TEXT(to_all, open);
    CHECK_TEXT(to_some, trusted);
    free(to_all);
    free(to_some);
}

static void test_values(void)
{
    cleanup_free char *field = board_value_field("tags.somebody's[0]", false);

    check_value("90", "90", "90");
    check_value("true", "true", "true");
    check_value("null", "null", "null");
    check_value("\"arn:aws:x\"", "{\"hidden\":\"text\"}", "\"arn:aws:x\"");
    check_value("[1]", "{\"hidden\":\"list\"}", "[1]");
    secret_learn("learned-from-a-file");
    check_value("{\"a\":\"learned-from-a-file\"}", "{\"hidden\":\"document\"}", "{\"a\":\"***\"}");
    CHECK_TEXT(field, "tags");
}

int main(void)
{
    struct problems problems = {0};
    struct board *next;

    manifest = manifest_load("tests/specs/valid/billing/billing.yaml", &problems);
    CHECK(manifest != NULL);
    board = board_new();
    next = board_prepare(board, manifest);
    board_take(board, next);
    board_free(next);
    test_only();
    test_resources();
    test_days();
    test_months();
    test_money();
    test_audit();
    test_values();
    board_free(board);
    manifest_free(manifest);
    problems_fini(&problems);
    return check_done();
}
