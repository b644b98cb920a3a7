/* Documents of many customers, written a part at a time: the bill comes out of them, each number is
 * there once, and memory does not grow with their days.  BILLINGD_STATEMENTS=100000 measures. */
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/bulk/gzip.h"
#include "billing/prices/rating.h"
#include "billing/statement_store/statement_write.h"
#include "billing/store/archive_object.h"
#include "check.h"

#include <sys/resource.h>

enum { DAYS = 31, ROUTES = 4 };

/* ---- what the procedure works with: at once, on this thread; objects are counted ---- */

static struct {
    size_t json, html, bytes;
    json_t *hashes; /* key -> SHA-256; NULL: not kept */
    struct money sum;
    json_t *numbers;
} written;

void flow_work(struct flow *flow, flow_work_fn *fn, void *arg)
{
    (void)flow;
    fn(arg);
}

void flow_each(struct flow *flow, size_t count, size_t parallel, flow_item_fn *each, void *arg)
{
    (void)parallel;
    for (size_t i = 0; i < count; i++)
        each(flow, arg, i);
}

/* Nothing is read here. */
int object_content_walk(struct flow *flow, const struct billing *billing, const json_t *object,
                        const struct object_walk *walk, struct err *e)
{
    (void)flow, (void)billing, (void)object, (void)walk;
    return err_set(e, ERR_ABSENT, "nothing is there");
}

static void take_document(const struct object_new *object)
{
    json_auto_t *document = json_loadb(str_text(object->body), object->body->len, 0, NULL);
    struct money net;
    struct err e = {0};

    written.json++;
    CHECK(document != NULL);
    if (!json_text(document, "number"))
        return;
    CHECK(!json_object_get(written.numbers, json_text(document, "number")));
    json_object_set_new(written.numbers, json_text(document, "number"), json_true());
    CHECK(!bill_amount_parse(json_text(document, "net"), &net, &e));
    CHECK(!money_add(&written.sum, net, &e));
}

int archive_object_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e)
{
    char hash[65];

    (void)flow, (void)billing, (void)e;
    written.bytes += object->body->len;
    if (strstr(object->key, ".json"))
        take_document(object);
    else
        written.html++;
    digest_sha256(str_text(object->body), object->body->len, hash);
    if (written.hashes)
        json_object_set_new(written.hashes, object->key, json_string(hash));
    return 0;
}

/* ---- a month ---- */

static const char book_text[] =
    "{\"prices\": [{\"from\": \"2020-01-01\", \"calls\": {\"mode\": \"graduated\", \"tiers\": "
    "[{\"up_to\": \"50\", \"price\": \"0.001\"}, {\"price\": \"0.0003\"}]}, \"gib\": \"0.09\"}],"
    "\"seller\": {\"name\": \"Seller\"}, \"taxes\": [{\"name\": \"vat\", \"category\": "
    "\"standard\", \"rate\": \"10\"}]}";

struct month {
    struct price_book *book;
    struct rating *rating;
    struct statement_spool *spool;
    size_t customers;
};

/* Customer i's calls of a day and route; nobody's are the last one's. */
static void add_usage(struct month *month, size_t i, int day, int route, struct err *e)
{
    cleanup_free char *sub =
        i < month->customers ? mem_printf("sub-%zu-0123456789abcdef", i) : NULL;
    cleanup_free char *name = mem_printf("GET /route/%d", route);
    const struct usage_line line = {.sub = sub,
                                    .route = name,
                                    .status = "200",
                                    .calls = 1 + (int64_t)((i + (size_t)day) % 3),
                                    .bytes = (int64_t)i * 1000 + day};
    const struct statement_usage usage = {.customer = sub,
                                          .route = name,
                                          .status = "200",
                                          .day = 20251000 + day,
                                          .calls = line.calls,
                                          .bytes = line.bytes};

    CHECK(!rating_add(month->rating, &line, e));
    CHECK(!statement_spool_add(month->spool, &usage, e));
}

static void make_month(struct month *month, size_t customers)
{
    json_auto_t *section = json_loads(book_text, 0, NULL);
    struct err e = {0};

    CHECK_INT(price_book_check(section, NULL, NULL), 0);
    *month = (struct month){.book = price_book_new(section), .customers = customers};
    month->rating = rating_new(month->book, (struct day_span){{2025, 10, 1}, {2025, 10, DAYS}});
    month->spool = statement_spool_new(&e);
    for (int day = 1; day <= DAYS; day++)
        for (size_t i = 0; i <= customers; i++)
            for (int route = 0; route < ROUTES; route++)
                add_usage(month, i, day, route, &e);
    CHECK_TEXT(e.text, "");
}

static void keep_line(void *bill, json_t *line)
{
    bill_packed_add(bill, line);
}

static struct bill_packed *bill_of(const struct month *month, struct err *e)
{
    struct bill_packed *bill = bill_packed_new();
    json_t *head = rating_end_each(month->rating, &(struct rating_taker){keep_line, bill}, e);

    json_object_set_new(head, "pipeline", json_string("shop"));
    bill_packed_set_head(bill, head);
    return bill;
}

static struct statement_set set_of(const struct month *month, const struct bill_packed *bill)
{
    return (struct statement_set){.book = month->book,
                                  .rated = bill,
                                  .lines = bill,
                                  .nobody = true,
                                  .issued = {2025, 11, 5},
                                  .series = "INV-",
                                  .first = 17,
                                  .folder = "folder/",
                                  .spool = month->spool};
}

static long peak_mib(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

/* Each line of the index is a document that was written, in the order of hashes. */
static void check_index(const struct str *index, size_t wanted)
{
    struct str text = {0};
    struct err e = {0};
    char last[65] = "";
    size_t count = 0;
    char *rest = NULL;

    CHECK(!gzip_unpack(str_text(index), index->len, &text, &e));
    for (char *line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        json_auto_t *entry = json_loads(line, 0, NULL);
        const char *hash = json_text(entry, "hash");
        cleanup_free char *key = mem_printf("folder/%s.json", hash ? hash : "unattributed");

        count++;
        CHECK(!hash || strcmp(last, hash) < 0);
        if (hash)
            memcpy(last, hash, sizeof last);
        if (written.hashes)
            CHECK_TEXT(json_string_value(json_at(entry, "json.sha256")),
                       json_text(written.hashes, key));
    }
    CHECK_INT(count, wanted);
    str_fini(&text);
}

static void test_month(size_t customers, bool measured)
{
    struct str index = {0};
    struct month month;
    struct err e = {0};
    struct money total;
    struct bill_packed *bill;
    struct statement_set set;
    long before;

    written.hashes = measured ? NULL : json_object();
    written.numbers = json_object();
    make_month(&month, customers);
    bill = bill_of(&month, &e);
    before = peak_mib();
    set = set_of(&month, bill);
    CHECK(!statement_write_all(NULL, NULL, &set, &index, &e));
    CHECK_TEXT(e.text, "");
    CHECK_INT(written.json, customers + 1);
    CHECK_INT(written.html, customers + 1);
    CHECK(json_object_get(written.numbers, "INV-2025-000017") != NULL);
    CHECK(!bill_amount_parse(json_string_value(json_at(bill_packed_head(bill), "totals.total")),
                             &total, &e));
    CHECK(!money_compare(total, written.sum));
    check_index(&index, customers + 1);
    if (measured)
        printf("%zu customers, %zu rows: %ld MiB with the bill, %ld MiB after; %zu MiB written\n",
               customers, customers * DAYS * ROUTES, before, peak_mib(), written.bytes >> 20);
    str_fini(&index);
    bill_packed_free(bill);
    json_decref(written.hashes);
    json_decref(written.numbers);
    price_book_free(month.book);
}

/* Rows that are not what was billed: a day was built anew between the two. */
static void test_days_that_do_not_add_up(void)
{
    struct str index = {0};
    struct month month;
    struct err e = {0};
    struct bill_packed *bill;
    struct statement_set set;

    written.numbers = json_object();
    written.hashes = NULL;
    make_month(&month, 70);
    add_usage(&month, 3, 5, 1, &e);
    CHECK(!statement_spool_clear(month.spool, &e));
    bill = bill_of(&month, &e);
    set = set_of(&month, bill);
    CHECK(statement_write_all(NULL, NULL, &set, &index, &e) == -1);
    bill_packed_free(bill);
    CHECK_INT(e.kind, ERR_RETRY);
    CHECK(strstr(e.text, "do not add up") != NULL);
    str_fini(&index);
    json_decref(written.numbers);
    price_book_free(month.book);
}

int main(void)
{
    const char *measured = getenv("BILLINGD_STATEMENTS");

    test_month(measured ? strtoul(measured, NULL, 10) : 200, measured != NULL);
    if (!measured)
        test_days_that_do_not_add_up();
    return check_done();
}
