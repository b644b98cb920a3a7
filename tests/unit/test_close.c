/* What closing computes without AWS: amounts as numbers again, bills subtracted, days as reasons,
 * usage as a document and back, what-if tables. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/whatif.h"
#include "billing/bulk/gzip.h"
#include "billing/close/archive.h"
#include "billing/close/close_usage.h"
#include "billing/prices/price_book.h"
#include "check.h"

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);

    if (!value)
        fprintf(stderr, "%s: %s\n", error.text, text);
    return value;
}

static void check_json(const json_t *have, const char *want, const char *file, int line)
{
    json_auto_t *value = parse(want);
    cleanup_free char *a = json_canonical(have), *b = json_canonical(value);

    check_text(a, b, file, line, "json");
}
#define CHECK_JSON(have, want) check_json((have), (want), __FILE__, __LINE__)

/* ---- amounts ---- */

static void test_round_trip(void)
{
    static const struct {
        int64_t pico, bytes;
    } cases[] = {{0, 0},
                 {1, 1},
                 {100000000000, 1},
                 {100000000000, 34359738367},
                 {9223372036854775807, 1000000000},
                 {999999999999, 1073741823}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct money amount, again;
        struct err e = {0};
        cleanup_free char *text = NULL, *negative = NULL;

        CHECK(!money_for_bytes((struct price){cases[i].pico}, cases[i].bytes, &amount, &e));
        text = money_exact_text(amount, 2);
        CHECK(!bill_amount_parse(text, &again, &e));
        CHECK(!money_compare(amount, again));
        amount.units = -amount.units;
        negative = money_exact_text(amount, 2);
        CHECK(!bill_amount_parse(negative, &again, &e));
        CHECK(!money_compare(amount, again));
    }
}

static void test_parse_refuses(void)
{
    static const char *const bad[] = {
        "", "-", ".", "1.", ".5", "1e3", "1,0", "1 ", "+1", "--1", "0x1", "1.2.3", "nan",
        /* no multiple of 2^-30 x 10^-12 */
        "0.0000000000000000000000000000000000000001", "12345678901234567",
        "0.0000000000000000000000000000000000000000001"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct money amount;
        struct err e = {0};

        CHECK(bill_amount_parse(bad[i], &amount, &e) == -1);
        CHECK_INT(e.kind, ERR_INVALID);
    }
}

static void check_minus(const char *a, const char *b, const char *want)
{
    struct err e = {0};
    cleanup_free char *have = bill_amount_minus(a, b, &e);

    CHECK_TEXT(have, want);
}

static void test_minus(void)
{
    check_minus("10.10", "0.20", "9.90");
    check_minus("0.20", "10.10", "-9.90");
    check_minus(NULL, "0.05", "-0.05");
    check_minus("0.05", NULL, "0.05");
    check_minus("1", "1", "0");
    check_minus("5", "0.001", "4.999");
    check_minus("-0.01", "-0.02", "0.01");
    check_minus("0.000931322574615478515625", "0.000931322574615478515625",
                "0.000000000000000000000000");
    check_minus("0.0009313225746154785156250000", "0.00", "0.0009313225746154785156250000");
    check_minus("x", "1", NULL);
}

/* ---- bills ---- */

#define BILL(lines, nobody, totals)                                                                \
    "{\"lines\":[" lines "],\"unattributed\":" nobody ",\"totals\":" totals "}"
#define LINE(who, calls, call_charge, total)                                                       \
    "{\"customer\":\"" who "\",\"name\":\"n\",\"calls\":" calls ",\"bytes\":0,"                    \
    "\"billed_calls\":" calls ",\"billed_bytes\":0,\"free_calls\":0,\"free_bytes\":0,"             \
    "\"excluded_calls\":0,\"excluded_bytes\":0,\"call_charge\":\"" call_charge "\","               \
    "\"data_charge\":\"0.00\",\"minimum_charge\":\"0.00\",\"total\":\"" total "\"}"
#define SUMS(calls, call_charge, total)                                                            \
    "{\"calls\":" calls ",\"bytes\":0,\"billed_calls\":" calls                                     \
    ",\"billed_bytes\":0,\"free_calls\":0,"                                                        \
    "\"free_bytes\":0,\"excluded_calls\":0,\"excluded_bytes\":0,\"call_charge\":\"" call_charge    \
    "\",\"data_charge\":\"0.00\",\"total\":\"" total "\"}"

static struct bill_packed *packed(const char *text)
{
    json_auto_t *bill = parse(text);

    return bill_packed_of(bill);
}

static void test_bills(void)
{
    static const char *const before =
        BILL(LINE("a", "10", "0.01", "0.01") "," LINE("b", "4", "0.004", "0.00"),
             SUMS("1", "0.001", "0.00"), SUMS("14", "0.014", "0.01"));
    static const char *const after =
        BILL(LINE("a", "10", "0.01", "0.01") "," LINE("aa", "2", "0.002",
                                                      "0.00") "," LINE("c", "7", "0.007", "0.01"),
             SUMS("3", "0.003", "0.00"), SUMS("19", "0.019", "0.02"));
    struct bill_packed *earlier = packed(before), *later = packed(after);
    struct bill_packed *bare = packed("{\"unattributed\":{},\"totals\":{}}");
    struct err e = {0};
    struct bill_packed *difference = bill_amount_bills(later, earlier, &e);
    struct bill_packed *none = bill_amount_bills(later, later, &e);
    struct bill_packed *sum = bill_amount_add_bills(earlier, difference, &e);
    struct bill_packed *rest = bill_amount_bills(later, sum, &e);
    json_auto_t *whole = bill_packed_whole(difference);

    /* a is the same and left out; b went to nothing; aa and c are new. */
    CHECK_JSON(whole, BILL(LINE("aa", "2", "0.002", "0.00") "," LINE(
                               "b", "-4", "-0.004", "0.00") "," LINE("c", "7", "0.007", "0.01"),
                           SUMS("2", "0.002", "0.00"), SUMS("5", "0.005", "0.01")));
    CHECK_INT((long long)bill_packed_count(none), 0);
    /* earlier + difference says the same as later, but keeps b with zeros. */
    CHECK_INT((long long)bill_packed_count(rest), 0);
    CHECK_INT((long long)bill_packed_count(sum), 4);
    CHECK_INT(e.kind, ERR_NONE);
    CHECK(!bill_amount_bills(later, bare, &e));
    CHECK_INT(e.kind, ERR_INVALID);
    for (size_t i = 0; i < 7; i++)
        bill_packed_free(
            (struct bill_packed *[]){earlier, later, bare, difference, none, sum, rest}[i]);
}

/* ---- days ---- */

static void test_reasons(void)
{
    json_auto_t *days = parse("[{\"day\":\"2025-10-01\",\"state\":\"current\",\"run\":\"r1\"},"
                              "{\"day\":\"2025-10-02\",\"state\":\"late\",\"run\":\"r2\"},"
                              "{\"day\":\"2025-10-03\",\"state\":\"empty\"},"
                              "{\"day\":\"2025-10-04\",\"state\":\"kept\"},"
                              "{\"day\":\"2025-10-05\",\"state\":\"open\"},"
                              "{\"day\":\"2025-10-06\",\"state\":\"open\"},"
                              "{\"day\":\"2025-10-07\",\"state\":\"missing\"}]");
    json_auto_t *other = json_deep_copy(days), *reasons = json_array();

    bill_days_reasons(days, reasons);
    CHECK_INT((long long)json_array_size(reasons), 3);
    CHECK(!strncmp(json_string_value(json_array_get(reasons, 0)), "2025-10-02: ", 12));
    CHECK(
        !strncmp(json_string_value(json_array_get(reasons, 1)), "2025-10-05 to 2025-10-06: ", 26));
    CHECK(!strncmp(json_string_value(json_array_get(reasons, 2)), "2025-10-07: ", 12));
    json_array_clear(reasons);
    json_array_remove(days, 5); /* two open days that are not neighbours are no span */
    json_object_set_new(json_array_get(days, 5), "state", json_string("open"));
    bill_days_reasons(days, reasons);
    CHECK_INT((long long)json_array_size(reasons), 3);
    CHECK(!strcmp(json_string_value(json_array_get(reasons, 1)), "2025-10-05: not closed yet"));
    CHECK(!strcmp(json_string_value(json_array_get(reasons, 2)), "2025-10-07: not closed yet"));
    json_decref(days);
    days = json_deep_copy(other);
    CHECK(bill_days_same(days, other));
    json_object_set_new(json_array_get(other, 0), "run", json_string("r9"));
    CHECK(!bill_days_same(days, other));
    json_object_del(json_array_get(other, 0), "run");
    CHECK(!bill_days_same(days, other) && !bill_days_same(other, days));
}

/* ---- usage ---- */

/* A month that was closed before lengths were counted stays what it is. */
static void test_usage_of_before(void)
{
    json_auto_t *element = parse("[0,\"s\",null,null,\"200\",5,7]");
    struct usage_line line;

    CHECK(close_usage_line(element, 2, &line));
    CHECK(line.bytes == 7 && !line.doubts[RATING_LENGTH_UNKNOWN]);
    json_array_append_new(element, json_integer(1));
    CHECK(!close_usage_line(element, 2, &line));
}

static void give_lines(struct close_usage *usage, const struct usage_line *lines, size_t count)
{
    const struct usage_taker taker = close_usage_taker(usage);
    struct err e = {0};

    for (size_t i = 0; i < count; i++)
        CHECK(!taker.line(taker.arg, &lines[i], &e));
}

/* What is archived. */
static char *archived_usage(struct close_usage *usage, const struct billing *billing,
                            struct day_span month)
{
    cleanup_str struct str packed = {0};
    struct str text = {0};
    struct err e = {0};

    close_usage_end(usage, billing, month, &packed);
    CHECK(!gzip_unpack(str_text(&packed), packed.len, &text, &e));
    return str_take(&text);
}

/* Text in several pieces is the canonical one, and what a reading gave before it began anew is not
 * in it. */
static void test_much_usage(const struct billing *billing, struct day_span month)
{
    enum { MANY = 60000 };
    struct close_usage *usage = close_usage_new();
    const struct usage_taker taker = close_usage_taker(usage);
    const struct usage_line second = {.sub = "of the second", .segment = 1, .calls = 1};
    cleanup_free char *text = NULL, *canonical = NULL;
    json_auto_t *document = NULL;

    give_lines(usage, &second, 1);
    taker.begin(taker.arg, 1);
    for (size_t i = 0; i < MANY; i++)
        give_lines(usage, &(struct usage_line){.sub = "a sub", .segment = i % 2, .calls = 7}, 1);
    text = archived_usage(usage, billing, month);
    document = json_loads(text, 0, NULL);
    canonical = json_canonical(document);
    CHECK_INT((long long)json_array_size(json_object_get(document, "lines")), MANY);
    CHECK_TEXT(text, canonical);
}

static void test_no_usage(const struct billing *billing, struct day_span month)
{
    cleanup_free char *text = archived_usage(close_usage_new(), billing, month);

    CHECK_TEXT(text, "{\"lines\":[],\"segments\":[\"2025-10-01\",\"2025-10-10\"]}");
}

static void test_usage(void)
{
    json_auto_t *section = parse("{\"prices\":[{\"from\":\"2020-01-01\",\"call\":\"0.001\",\"gib\":"
                                 "\"0.10\"},{\"from\":\"2025-10-10\",\"call\":\"0.002\",\"gib\":"
                                 "\"0.10\"}]}");
    struct price_book *book = price_book_new(section);
    struct billing billing = {.book = book, .pipeline = (char *)"shop"};
    const struct usage_line lines[] = {{"s", "u", "GET /", "200", 0, 5, 7, {1, 2, 3, 4}},
                                       {NULL, NULL, NULL, NULL, 1, 9223372036854775807, 0, {0}}};
    struct day_span month = calendar_month((struct day){2025, 10, 1});
    struct close_usage *usage = close_usage_new();
    cleanup_free char *text = NULL;
    json_auto_t *document = NULL;
    struct usage_line again;
    struct err e = {0};
    json_t *first;

    give_lines(usage, lines, 2);
    text = archived_usage(usage, &billing, month);
    document = parse(text);
    CHECK_JSON(document,
               "{\"segments\":[\"2025-10-01\",\"2025-10-10\"],\"lines\":[[0,\"s\",\"u\",\"GET /"
               "\",\"200\",5,7,1,2,3,4],[1,null,null,null,null,9223372036854775807,0,0,0,0,0]]}");
    first = json_array_get(json_object_get(document, "lines"), 0);
    CHECK(close_usage_line(json_array_get(json_object_get(document, "lines"), 1), 2, &again));
    CHECK(!again.sub && again.segment == 1);
    CHECK(close_usage_line(first, 2, &again));
    CHECK_TEXT(again.route, "GET /");
    CHECK(again.doubts[RATING_LENGTH_UNKNOWN] == 1);
    CHECK(again.doubts[RATING_REPAIRED] == 4);
    CHECK(!close_usage_check(&billing, month, document, &e));
    test_usage_of_before();
    test_much_usage(&billing, month);
    test_no_usage(&billing, month);
    json_array_set_new(first, 0, json_integer(2));
    CHECK(!close_usage_line(first, 2, &again));
    json_array_remove(json_object_get(document, "segments"), 1);
    CHECK(close_usage_check(&billing, month, document, &e) == -1);
    CHECK_INT(e.kind, ERR_EVIDENCE);
    price_book_free(book);
}

/* ---- what if ---- */

#define SMALL(month, lines, total)                                                                 \
    "{\"pipeline\":\"shop\",\"month\":\"" month "\",\"currency\":\"USD\",\"price_book\":\"p\","    \
    "\"customers_hash\":\"c\",\"lines\":[" lines "],\"unattributed\":{\"total\":\"0.00\"},"        \
    "\"totals\":{\"total\":\"" total "\"}}"
#define OWES(who, total) "{\"customer\":\"" who "\",\"name\":\"=1\",\"total\":\"" total "\"}"

static const json_t *row_at(const json_t *document, size_t i)
{
    return json_array_get(json_object_get(document, "customers"), i);
}

static void check_row(const json_t *row, const char *who, const char *difference,
                      const char *percent)
{
    CHECK_TEXT(json_text(row, "customer"), who);
    CHECK_TEXT(json_text(row, "difference"), difference);
    CHECK_TEXT(json_text(row, "percent"), percent);
}

static void test_whatif(void)
{
    json_auto_t *pairs =
        parse("[[" SMALL("2025-09", OWES("a", "3.00") "," OWES("b", "2.00"), "5.00") "," SMALL(
            "2025-09", OWES("a", "1.00") "," OWES("b", "2.00") "," OWES("z", "0.07"),
            "3.07") "],"
                    "[" SMALL("2025-10", OWES("a", "0.00") "," OWES("b", "98.00"),
                              "98.00") "," SMALL("2025-10",
                                                 OWES("a", "1.00") "," OWES("b", "98.01"),
                                                 "99.01") "]]");
    struct err e = {0};
    json_auto_t *document = whatif_of_bills(pairs, &e);
    cleanup_free char *text = NULL;

    CHECK(document != NULL);
    if (!document)
        return;
    text = whatif_csv(document);
    check_row(row_at(document, 0), "a", "-1.00", "-33.33");
    check_row(row_at(document, 1), "b", "0.01", "0.01");
    check_row(row_at(document, 2), "z", "0.07", NULL);
    CHECK_TEXT(json_text(row_at(document, 0), "old"), "3.00");
    CHECK_INT((long long)json_array_size(json_object_get(row_at(document, 2), "months")), 1);
    CHECK_INT(json_integer_value(json_object_get(document, "pays_less")), 1);
    CHECK_INT(json_integer_value(json_object_get(document, "pays_more")), 2);
    CHECK_INT(json_integer_value(json_object_get(document, "same")), 0);
    CHECK_TEXT(json_text(document, "from"), "2025-09");
    CHECK_TEXT(json_text(document, "to"), "2025-10");
    CHECK_TEXT(text, "line,customer,name,old,new,difference,percent\r\n"
                     "customer,a,\"'=1\",3.00,2.00,-1.00,-33.33\r\n"
                     "customer,b,\"'=1\",100.00,100.01,0.01,0.01\r\n"
                     "customer,z,\"'=1\",0.00,0.07,0.07,\r\n"
                     "unattributed,,,0.00,0.00,0.00,0.00\r\n"
                     "total,,,103.00,102.08,-0.92,-0.89\r\n");
}

/* ---- names ---- */

static void test_names(void)
{
    struct billing billing = {.pipeline = (char *)"shop",
                              .settings = {.archive_prefix = (char *)"billing/"}};
    cleanup_free char *folder = archive_document_folder(&billing, (struct number){{2025, 1, 1}, 0});
    cleanup_free char *correction =
        archive_document_folder(&billing, (struct number){{2025, 12, 1}, 10});
    json_auto_t *value = parse("{\"b\":[1,{}],\"a\":\"\xc3\xa9\"}");
    cleanup_free char *text = archive_text(value);

    CHECK_TEXT(folder, "billing/shop/2025-01/");
    CHECK_TEXT(correction, "billing/shop/2025-12/corrections/10/");
    CHECK_TEXT(text, "{\n  \"a\": \"\xc3\xa9\",\n  \"b\": [\n    1,\n    {}\n  ]\n}\n");
}

int main(void)
{
    test_round_trip();
    test_parse_refuses();
    test_minus();
    test_bills();
    test_reasons();
    test_usage();
    test_whatif();
    test_names();
    return check_done();
}
