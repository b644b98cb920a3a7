/* Bills with packed lines: the same texts as the whole document, the same bill out of bytes that
 * are cut anywhere, and nothing that is taken for a bill and is none. */
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_packed.h"
#include "billing/bill/bill_read.h"
#include "billing/bulk/element_reader.h"
#include "billing/bulk/gzip.h"
#include "billing/bulk/packed_text.h"
#include "check.h"

#include <malloc.h>

void flow_work(struct flow *flow, flow_work_fn *fn, void *arg)
{
    (void)flow;
    fn(arg);
}

/* As many customers, in their order; their texts hold what the packing looks at. */
static json_t *make_bill(size_t customers)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < customers; i++)
        json_array_append_new(lines,
                              json_pack("{s:o, s:s, s:I, s:[{s:s}, []], s:{}}", "customer",
                                        json_sprintf("c%05zu", i), "name", "김,\n\"]}[{\\", "calls",
                                        (json_int_t)i, "detail", "how", "\"lines\": [1]", "none"));
    return json_pack("{s:s, s:{s:[s]}, s:o, s:[], s:{s:I}, s:b}", "month", "2025-10", "before",
                     "lines", "not these", "lines", lines, "empty", "totals", "calls",
                     (json_int_t)customers, "draft", 0);
}

static char *text_of(const struct bill_packed *bill,
                     void (*add)(const struct bill_packed *bill, const struct bill_text *out))
{
    struct str text = {0};

    add(bill, &(struct bill_text){&text, NULL, NULL});
    return str_take(&text);
}

/* Empty, one, a block, more than one. */
static void test_texts(void)
{
    static const size_t counts[] = {0, 1, 15, 16, 17, 200};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_auto_t *bill = make_bill(counts[i]), *whole = NULL;
        struct bill_packed *packed = bill_packed_of(bill);
        cleanup_free char *dumped = json_dumps(bill, JSON_INDENT(2));
        cleanup_free char *pretty = mem_printf("%s\n", dumped), *canonical = json_canonical(bill);
        cleanup_free char *have = text_of(packed, bill_packed_json);
        cleanup_free char *sorted = text_of(packed, bill_packed_canonical);
        cleanup_free char *hash = bill_packed_hash(packed);
        char wanted[65];

        CHECK_TEXT(have, pretty);
        CHECK_TEXT(sorted, canonical);
        digest_sha256(canonical, strlen(canonical), wanted);
        CHECK_TEXT(hash, wanted);
        whole = bill_packed_whole(packed);
        CHECK(json_equal(whole, bill));
        CHECK_INT(bill_packed_count(packed), counts[i]);
        bill_packed_free(packed);
    }
}

static void test_lines(void)
{
    json_auto_t *bill = make_bill(100);
    struct bill_packed *packed = bill_packed_of(bill), *shared = bill_packed_share(packed);

    bill_packed_free(packed);
    for (size_t i = 0; i < 100; i++) { /* in no order */
        size_t at = i * 37 % 100;
        json_auto_t *line = bill_packed_line(shared, at);

        CHECK(json_equal(line, json_array_get(json_object_get(bill, "lines"), at)));
        CHECK_INT(bill_packed_find(shared, json_text(line, "customer")), at);
    }
    CHECK(bill_packed_find(shared, "c00007a") == SIZE_MAX);
    CHECK(bill_packed_find(shared, "") == SIZE_MAX);
    CHECK(bill_packed_find(shared, "z") == SIZE_MAX);
    bill_packed_free(shared);
}

/* The bytes in pieces of that length; NULL: no bill. */
static struct bill_packed *read_bill(const void *bytes, size_t length, size_t piece)
{
    struct bill_read *reader = bill_read_new();

    for (size_t at = 0; at < length; at += piece)
        bill_read_feed(reader, (const char *)bytes + at, length - at < piece ? length - at : piece);
    return bill_read_end(NULL, reader);
}

static void test_reading(void)
{
    json_auto_t *bill = make_bill(40);
    cleanup_free char *text = json_dumps(bill, JSON_INDENT(2));
    cleanup_str struct str gzip = {0};
    size_t length = strlen(text), half = length / 2;

    gzip_pack(text, half, &gzip);
    gzip_pack(text + half, length - half, &gzip);
    for (size_t piece = 1; piece < 60; piece += 2) {
        struct bill_packed *plain = read_bill(text, length, piece);
        struct bill_packed *packed = read_bill(gzip.data, gzip.len, piece);
        json_auto_t *first = bill_packed_whole(plain), *second = bill_packed_whole(packed);

        CHECK(json_equal(first, bill) && json_equal(second, bill));
        bill_packed_free(plain);
        bill_packed_free(packed);
    }
    for (size_t end = 0; end < length; end++) /* cut short */
        CHECK(!read_bill(text, end, 4096));
    CHECK(!read_bill(gzip.data, gzip.len - 1, 4096));
}

static void test_no_bills(void)
{
    static const char *const none[] = {
        "",
        "[]",
        "{}",
        "{\"lines\": {}}",
        "{\"lines\": null}",
        "{\"lines\": [1]}",
        "{\"lines\": [{}, ]}",
        "{\"lines\": [,{}]}",
        "{\"lines\": [{} {}]}",
        "{\"lines\": [{}]]",
        "{\"lines\": [{}]} x",
        "{\"lines\": [{}], \"lines\": [{}]}",
        "{\"a\": {\"lines\": [{}]}}",
        "{\"a\": \"lines\", \"b\": [{}]}",
        "{\"lines\": [{\"a\": 1, \"a\": 2}]}",
        "]",
        "}{",
    };

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        for (size_t piece = 1; piece < 8; piece++) {
            struct bill_packed *bill = read_bill(none[i], strlen(none[i]), piece);

            check_report(!bill, __FILE__, __LINE__, none[i]);
            bill_packed_free(bill);
        }
}

static bool count_element(void *arg, const char *text, size_t length)
{
    *(size_t *)arg += length;
    return text[0] == '{';
}

/* A list that is the document itself. */
static void test_bare_list(void)
{
    static const char text[] = " [ {\"a\": [1, {\"b\": \"],[\"}]} , {} ] \n";
    size_t bytes = 0;
    struct element_reader reader = {.take = count_element, .arg = &bytes};

    CHECK(element_reader_feed(&reader, text, strlen(text)));
    CHECK(element_reader_ended(&reader));
    CHECK_INT(reader.count, 2);
    CHECK_TEXT(str_text(&reader.head), " [] \n");
    element_reader_fini(&reader);
}

/* Plain up to the limit, gzip of the very same bytes above it. */
static void test_packed_text(void)
{
    for (size_t over = 0; over < 2; over++) {
        struct packed_text packed = {0};
        cleanup_str struct str out = {0}, text = {0};
        struct err e = {0};
        size_t wanted = PACKED_TEXT_PLAIN + over;

        for (size_t i = 0; i < wanted; i++) {
            str_add_char(&packed.text, (char)('a' + i % 7));
            packed_text_more(&packed);
        }
        CHECK(packed_text_end(&packed, &out) == (over > 0));
        CHECK(!gzip_unpack(str_text(&out), out.len, &text, &e));
        CHECK_INT(text.len, wanted);
        CHECK(text.data[wanted - 1] == (char)('a' + (wanted - 1) % 7));
        CHECK(over ? out.len < wanted : out.len == wanted);
    }
}

/* Heap in use for each customer; with an allocator that does not say, nothing. */
static void test_memory(void)
{
    enum { CUSTOMERS = 20000, MOST = 250 };
    size_t before = mallinfo2().uordblks;
    struct bill_packed *bill = bill_packed_new();

    for (size_t i = 0; i < CUSTOMERS; i++) {
        json_auto_t *line =
            json_pack("{s:o, s:o, s:I, s:I, s:s, s:s, s:[{s:s, s:s, s:I, s:s}]}", "customer",
                      json_sprintf("6f1c%08zx-sub", i), "name", json_sprintf("user%zu", i), "calls",
                      (json_int_t)(i * 7919 % 1000), "bytes", (json_int_t)(i * 104729 % 1000000),
                      "call_charge", "0.123456", "total", "0.12", "detail", "what", "calls", "how",
                      "graduated", "quantity", (json_int_t)(i * 7919 % 1000), "charge", "0.123456");

        bill_packed_add(bill, line);
    }
    bill_packed_set_head(bill, json_object());
    CHECK(mallinfo2().uordblks - before < CUSTOMERS * MOST);
    bill_packed_free(bill);
}

int main(void)
{
    test_texts();
    test_lines();
    test_reading();
    test_no_bills();
    test_bare_list();
    test_packed_text();
    test_memory();
    return check_done();
}
