/* Bills: their forms, their comparison, and the names billing takes from the shipped spec. */
#include "aws/codec/model.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill.h"
#include "billing/bill/bill_month.h"
#include "billing/bill/bill_render.h"
#include "check.h"
#include "daemon/views/bill_view.h"
#include "daemon/views/terminal.h"
#include "spec/billing_setup.h"

#include <stdlib.h>

static const struct day october = {2025, 10, 1};

static json_t *make_bill(const char *section, const struct usage_line *lines, size_t count)
{
    json_auto_t *parsed = json_loads(section, 0, NULL);
    struct price_book *book = price_book_new(parsed);
    struct err e = {0};
    json_t *bill = rating_bill(book, calendar_month(october), lines, count, &e);

    check_report(bill != NULL, __FILE__, __LINE__, e.text);
    json_object_set_new(bill, "pipeline", json_string("ddn-api"));
    price_book_free(book);
    return bill;
}

/* What a form of it is; new text. */
static char *text_of(const json_t *bill,
                     void (*add)(const struct bill_packed *bill, const struct bill_text *out))
{
    struct bill_packed *packed = bill_packed_of(bill);
    struct str text = {0};

    add(packed, &(struct bill_text){&text, NULL, NULL});
    bill_packed_free(packed);
    return str_take(&text);
}

static json_t *sample_bill(void)
{
    static const struct usage_line lines[] = {
        {.sub = "u1", .user = "=cmd|'x'!A1", .calls = 1005, .bytes = 107374183},
        {.sub = "u2", .user = "김, \"철수\"", .calls = 1, .bytes = 0},
        {.sub = NULL, .calls = 7, .bytes = 1},
    };

    return make_bill("{\"time_zone\": \"Asia/Seoul\", \"prices\": [{\"from\": \"2020-01-01\", "
                     "\"call\": \"0.001\", \"gib\": \"0.10\", \"minimum\": \"0.5\"}]}",
                     lines, 3);
}

static void test_csv(void)
{
    json_auto_t *bill = sample_bill();
    cleanup_free char *csv = text_of(bill, bill_render_csv);

    CHECK_TEXT(
        csv,
        "month,line,customer,name,currency,calls,bytes,billed_calls,billed_bytes,free_calls,"
        "free_bytes,excluded_calls,excluded_bytes,call_charge,data_charge,minimum_charge,"
        "total\r\n"
        "2025-10,customer,u1,\"'=cmd|'x'!A1\",USD,1005,107374183,1005,107374183,0,0,0,0,"
        "1.005,0.0100000000558793544769287109375,0.00,1.02\r\n"
        "2025-10,customer,u2,\"김, \"\"철수\"\"\",USD,1,0,1,0,0,0,0,0,0.001,0.00,0.499,0.50\r\n"
        "2025-10,unattributed,,,USD,7,1,7,1,0,0,0,0,0.007,"
        "0.0000000000931322574615478515625,,0.01\r\n");
}

static void add_focus(const struct bill_packed *bill, const struct bill_text *out)
{
    bill_render_focus(bill, NULL, out);
}

/* 21 columns, periods in UTC, and a customer's rows sum to the invoice. */
static void test_focus(void)
{
    json_auto_t *bill = sample_bill();
    cleanup_free char *focus = text_of(bill, add_focus);

    CHECK_TEXT(
        focus,
        "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
        "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargePeriodEnd,"
        "ChargePeriodStart,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,"
        "PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName\r\n"
        "1.005000000000,u1,\"'=cmd|'x'!A1\",USD,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,Usage,,"
        "API calls in 2025-10: 1005 billed,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "1.005000000000,1.005000000000,ddn-api,1.005000000000,1005,Requests,ddn-api,ddn-api,Web,"
        "ddn-api\r\n"
        "0.010000000055,u1,\"'=cmd|'x'!A1\",USD,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,Usage,,"
        "API response data in 2025-10: 107374183 bytes billed,2025-10-31T15:00:00Z,"
        "2025-09-30T15:00:00Z,0.010000000055,0.010000000055,ddn-api,0.010000000055,"
        "0.100000000558,GiB,ddn-api,ddn-api,Web,ddn-api\r\n"
        "0.004999999945,u1,\"'=cmd|'x'!A1\",USD,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "Adjustment,,Rounding of the invoice total,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "0.004999999945,0.004999999945,ddn-api,0.004999999945,,,ddn-api,ddn-api,Web,ddn-api\r\n"
        "0.001000000000,u2,\"김, "
        "\"\"철수\"\"\",USD,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,Usage,"
        ",API calls in 2025-10: 1 billed,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "0.001000000000,0.001000000000,ddn-api,0.001000000000,1,Requests,ddn-api,ddn-api,Web,"
        "ddn-api\r\n"
        "0.499000000000,u2,\"김, \"\"철수\"\"\",USD,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "Adjustment,,Difference to the monthly minimum,2025-10-31T15:00:00Z,2025-09-30T15:00:00Z,"
        "0.499000000000,0.499000000000,ddn-api,0.499000000000,,,ddn-api,ddn-api,Web,ddn-api\r\n");
}

static void test_table(void)
{
    json_auto_t *bill = sample_bill();
    struct bill_packed *packed;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    bill_set_days(bill, json_pack("[{s:s, s:s}]", "day", "2025-10-31", "state", "open"));
    packed = bill_packed_of(bill);
    bill_view_print(packed, out, false);
    bill_packed_free(packed);
    (void)fclose(out);
    CHECK(strstr(text, "Draft bill of 2025-10, days of Asia/Seoul, USD\n\n"
                       "CUSTOMER      NAME                CALLS        BYTES  CALL CHARGE  DATA "
                       "CHARGE   MINIMUM  TOTAL\n") == text);
    CHECK(strstr(text, "\nu2            김, \"철수\"              1            0     0.001000     "
                       "0.000000  0.499000   0.50\n"));
    CHECK(strstr(text, "\ntotal                             1,006  107,374,183     1.006000     "
                       "0.010000  0.499000   1.52\n"));
    CHECK(strstr(text, "\nunattributed  (billed to nobody)"));
    CHECK(strstr(text, "\ndraft         2025-10-31: not closed yet\n"));
    CHECK(strstr(text, "\nrounding      charges are exact; each customer's total is rounded once, "
                       "half up, to 2 decimals of USD; shown to 6 decimals\n"));
    if (check_failed)
        (void)fputs(text, stderr);
    free(text);
}

static void test_compare(void)
{
    static const struct usage_line one[] = {
        {.sub = "a", .calls = 2}, {.sub = "b", .calls = 1}, {.sub = "d", .calls = 1}};
    static const struct usage_line two[] = {
        {.sub = "a", .calls = 3}, {.sub = "c", .calls = 0}, {.sub = "d", .calls = 1}, {.calls = 5}};
    static const char prices[] =
        "{\"prices\": [{\"from\": \"2020-01-01\", \"call\": \"1\", \"gib\": \"1\"}]}";
    json_auto_t *whole = make_bill(prices, one, 3), *other = make_bill(prices, two, 4);
    struct bill_packed *first = bill_packed_of(whole), *second = bill_packed_of(other);
    json_auto_t *same = bill_compare(first, first), *differences = bill_compare(first, second);
    int a = 0, b = 0, c = 0, none = 0;
    size_t i;
    json_t *difference;

    CHECK_INT(json_array_size(same), 0);
    json_array_foreach(differences, i, difference) {
        const char *customer = json_text(difference, "customer");

        a += customer && !strcmp(customer, "a");
        b += customer && !strcmp(customer, "b");
        c += customer && !strcmp(customer, "c");
        none += !customer;
        CHECK(!customer || strcmp(customer, "d") != 0);
    }
    CHECK_INT(a, 4); /* calls, billed calls, charge, total */
    CHECK_INT(b, 12);
    CHECK_INT(c, 12);
    CHECK_INT(none, 4);
    bill_packed_free(first);
    bill_packed_free(second);
}

/* The view's rule, as its SQL gets it and as what is recovered is judged. */
static void test_whose_events(void)
{
    json_auto_t *section = json_pack("{s:[s, s, s, s]}", "log_groups", "/former",
                                     "arn:aws-cn:logs:cn-north-1:999999999999:log-group:/theirs:*",
                                     "arn:aws:logs:us-east-1:123456789012:log-group:/own", "-");
    struct section_reader reader = {0};
    struct billing billing = {.account = "123456789012", .names = {.log_group = "/now"}};
    cleanup_free char *sql = NULL;

    settings_from_section(&(struct section_value){&reader, section, ""}, &billing.settings);
    sql = settings_log_groups_sql(&billing.settings);
    CHECK_INT(reader.problems, 0);
    CHECK_TEXT(sql, ", '${account}:/former', '999999999999:/theirs', '123456789012:/own', "
                    "'${account}:'");
    CHECK(billing_owns(&billing, "", "/now") && billing_owns(&billing, "123456789012", "/now"));
    CHECK(billing_owns(&billing, "", "/former") && billing_owns(&billing, "", ""));
    CHECK(billing_owns(&billing, "999999999999", "/theirs") && billing_owns(&billing, "", "/own"));
    CHECK(!billing_owns(&billing, "999999999999", "/now"));
    CHECK(!billing_owns(&billing, "", "/theirs") && !billing_owns(&billing, "", "/other"));
    CHECK_TEXT(billing_log_group(&billing, 1), "/former");
    CHECK_TEXT(billing_log_group(&billing, 2), "/own");
    CHECK(!billing_log_group(&billing, 3));
    settings_free(&billing.settings);
}

static void check_names(const struct billing *billing)
{
    CHECK_TEXT(billing->names.bucket, "ddn-apigw-accesslog-bucket");
    CHECK_TEXT(billing->names.data_prefix, "access-logs/");
    CHECK_TEXT(billing->names.error_prefix, "error/");
    CHECK_TEXT(billing->names.stream, "ddn-apigw-accesslog-fh");
    CHECK_TEXT(billing->names.log_group, "/aws/apigw/ddn-access-logs");
    CHECK_TEXT(billing->names.results, "s3://ddn-apigw-accesslog-bucket/athena-results/");
    CHECK_TEXT(billing->names.rollup_table, "restapi_access_log_parquet");
    CHECK_TEXT(billing->names.rollup_prefix, "parquet-data/");
    CHECK_TEXT(billing->names.view, "restapi_access_log_json");
    CHECK_INT(billing->settings.late_days, 3);
    CHECK_INT(billing->settings.scan_budget_bytes >> 30, 100);
    CHECK_INT(billing->settings.max_response_bytes >> 30, 2);
    CHECK_TEXT(billing->settings.max_gap, "0.0001");
    CHECK(!billing->settings.backfill_by_hand);
    CHECK_INT(billing->settings.backfill_budget_bytes >> 30, 10);
    CHECK_TEXT(billing->settings.archive_prefix, "billing/");
    CHECK_TEXT(billing->settings.group_by[4], "status");
    CHECK(!billing->settings.group_by[5] && !billing->settings.signing_key);
    CHECK(strlen(price_book_hash(billing->book)) == 64);
    CHECK(json_text(billing->queries, "usage_rollup") != NULL);
}

static void test_setup(void)
{
    struct problems problems = {0};
    struct manifest *manifest = manifest_load("billing.yaml", &problems);
    struct err e = {0};
    uv_loop_t loop;
    struct aws_client *client;
    struct billing *billing;

    (void)uv_loop_init(&loop);
    client = aws_client_new(&loop, &e);
    CHECK(manifest && client);
    billing = billing_setup(manifest, 0, aws_session(client, "ap-northeast-2", NULL, NULL),
                            "123456789012", &e);
    CHECK(billing != NULL);
    CHECK(billing && manifest && billing->book == manifest->pipelines[0].book);
    manifest_free(manifest); /* a reload, while upkeep goes on */
    if (billing)
        check_names(billing);
    billing_free(billing);
    problems_fini(&problems);
    aws_client_free(client);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
}

/* What the table answers must be what the records of a final month's builds say. */
static void test_month_check(void)
{
    struct bill_month look = {.state = BILL_MONTH_FINAL,
                              .days =
                                  json_pack("[{s:i, s:i}, {s:s}, {s:i, s:i}]", "calls", 3, "bytes",
                                            30, "state", "empty", "calls", 4, "bytes", 5)};
    json_auto_t *bill = json_pack("{s:{s:i, s:i}, s:{s:i, s:i}}", "totals", "calls", 6, "bytes", 34,
                                  "unattributed", "calls", 1, "bytes", 1);
    struct err e = {0};

    CHECK(!bill_month_check(&look, bill, &e));
    json_object_set_new(json_object_get(bill, "totals"), "bytes", json_integer(33));
    CHECK(bill_month_check(&look, bill, &e) == -1 && e.kind == ERR_RETRY);
    CHECK(strstr(e.text, "34 bytes") && strstr(e.text, "say 35"));
    look.state = BILL_MONTH_DRAFT;
    err_clear(&e);
    CHECK(!bill_month_check(&look, bill, &e));
    bill_month_fini(&look);
}

int main(void)
{
    test_whose_events();
    test_csv();
    test_focus();
    test_table();
    test_compare();
    test_month_check();
    test_setup();
    aws_model_unload();
    return check_done();
}
