/* Lists of requests: what comes in any order, from several subs, in more than one object, makes
 * each customer's receipt; a list that was changed is told.  The bucket is a few arrays. */
#include "billing/receipt_store/receipt_lists.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/receipt/receipt_check.h"
#include "billing/requests/requests.h"
#include "billing/statement_store/statement_spool.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_list.h"
#include "check.h"
#include "signing_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FROM_S = 1759276800, TO_S = 1761955200, BUSY = 120000, OBJECTS = 64 };

static const char *const customers[] = {"busy", "quiet \xea\xb0\x80", "none"};
static const json_int_t calls[] = {BUSY, 7, 0};

/* ---- the bucket, and what is asked ---- */

static struct object {
    char *key;
    struct str body;
} objects[OBJECTS];
static size_t object_count, reads;

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

static struct object *find_object(const char *key)
{
    for (size_t i = 0; i < object_count; i++)
        if (!strcmp(objects[i].key, key))
            return &objects[i];
    return NULL;
}

int archive_object_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e)
{
    struct object *there = find_object(object->key);

    (void)flow, (void)billing, (void)e;
    if (there)
        return there->body.len != object->body->len ||
               memcmp(there->body.data, object->body->data, there->body.len) != 0;
    objects[object_count].key = mem_text(object->key);
    str_add_n(&objects[object_count++].body, object->body->data, object->body->len);
    return 0;
}

json_t *object_list(struct flow *flow, const struct billing *billing, const char *prefix,
                    struct err *e)
{
    json_t *list = json_array();

    (void)flow, (void)billing, (void)e;
    for (size_t i = 0; i < object_count; i++)
        if (!strncmp(objects[i].key, prefix, strlen(prefix)))
            json_array_append_new(list, json_pack("{s:s}", "key", objects[i].key));
    return list;
}

int object_content_walk(struct flow *flow, const struct billing *billing, const json_t *object,
                        const struct object_walk *walk, struct err *e)
{
    const struct object *found = find_object(json_text(object, "key"));

    (void)flow, (void)billing, (void)e;
    reads++;
    for (size_t at = 0; at < found->body.len; at += 65536) {
        size_t left = found->body.len - at;

        if (!walk->take(walk->arg, found->body.data + at, left < 65536 ? left : 65536))
            break;
    }
    return 0;
}

static int give(const struct requests_taker *taker, const char *customer, const char *id, int64_t n,
                struct err *e)
{
    const struct request request = {.customer = customer,
                                    .sub = n % 2 ? "one" : "two",
                                    .id = id,
                                    .route = n % 3 ? "GET /v1/items/{id}" : NULL,
                                    .status = "200",
                                    .time_s = FROM_S + n % 1000,
                                    .bytes = n % 7,
                                    .times = id ? 1 : 2};

    return taker->request(taker->arg, &request, e);
}

/* First something that is void, then all of it, in no order of ids. */
int requests_each(struct flow *flow, const struct billing *billing,
                  const struct requests_question *question, const struct requests_taker *taker,
                  struct err *e)
{
    (void)flow, (void)billing, (void)question;
    taker->begin(taker->arg);
    (void)give(taker, customers[0], "void", 1, e);
    taker->begin(taker->arg);
    for (int64_t i = 0; i < BUSY && !e->kind; i++) {
        char id[48];
        int64_t n = i * 7919 % BUSY;

        (void)snprintf(id, sizeof id, "%08llx-%032llx", (unsigned long long)(n * 2654435761u),
                       (unsigned long long)n);
        (void)give(taker, customers[0], id, n, e);
        if (i < 3) { /* the second one's: "same" three times, and four without an id */
            (void)give(taker, customers[1], "same", n, e);
            (void)give(taker, i ? NULL : customers[1], NULL, i, e);
        }
    }
    (void)give(taker, customers[1], NULL, 5, e);
    return e->kind ? -1 : 0;
}

/* ---- receipts out of it ---- */

static int64_t bytes_of(size_t customer)
{
    int64_t sum = 0;

    for (int64_t n = 0; customer == 0 && n < BUSY; n++)
        sum += n % 7;
    for (int64_t i = 0; customer == 1 && i < 3; i++)
        sum += i * 7919 % BUSY % 7;
    return sum + (customer == 1 ? 2 * (0 + 5) : 0); /* twice each, without an id */
}

static char *statement_of(size_t customer)
{
    return mem_printf("{\"pipeline\":\"shop\",\"period\":{\"month\":\"2025-10\"},\"usage\":{"
                      "\"calls\":%lld,\"bytes\":%lld}}",
                      (long long)calls[customer], (long long)bytes_of(customer));
}

struct source {
    const char *bytes;
    size_t left;
};

static ptrdiff_t more(void *arg, void *room, size_t size, struct err *e)
{
    struct source *source = arg;
    size_t n = size < source->left ? size : source->left;

    (void)e;
    memcpy(room, source->bytes, n);
    source->bytes += n;
    source->left -= n;
    return (ptrdiff_t)n;
}

static bool take(void *arg, const void *bytes, size_t length)
{
    str_add_n(arg, bytes, length);
    return true;
}

/* The line of a customer in the records; new reference. */
static json_t *record_of(const struct str *records, const char *customer)
{
    char hash[65];
    json_t *found = NULL;

    statement_spool_hash(customer, hash);
    for (const char *at = str_text(records), *end; (end = strchr(at, '\n')) && !found; at = end + 1)
        if (strstr(at, hash) && strstr(at, hash) < end)
            found = json_parse(at, (size_t)(end - at));
    return found;
}

static void check_customer(const struct signature_key *key, const struct str *records,
                           const struct str *leaves, const char *document, size_t customer)
{
    cleanup_free char *statement = statement_of(customer);
    json_auto_t *record = record_of(records, customers[customer]);
    struct receipt receipt = {.root = document, .statement = statement};
    struct str made_text = {0}, *made = &made_text;
    const struct receipt_lists_reading reading = {"lists/", record, take, made};
    struct receipt_items items;
    struct merkle_hash leaf, root;
    struct receipt_check check;
    struct err e = {0};

    CHECK(receipt_set_read(record, receipt.salt, &items));
    CHECK_INT((long long)items.calls, calls[customer]);
    leaf = receipt_leaf(receipt.salt, &items, statement, strlen(statement));
    CHECK(!receipt_set_find(leaves, &leaf, &receipt, &root));
    CHECK(!signature_sign(key, document, strlen(document), receipt.signature, &e));
    receipt_begin(made, &receipt, true);
    CHECK(!receipt_lists_read(NULL, NULL, &reading, &e));
    receipt_end(made, &receipt, true);
    CHECK_INT(receipt_check(more, &(struct source){made->data, made->len}, key, &check, &e), 0);
    CHECK_INT(json_array_size(check.notes), customer == 1); /* an id that comes again */
    receipt_check_fini(&check);
    str_fini(made);
}

/* One byte of a list, or all of it gone: told, whosever it is. */
static void check_changed(const struct str *records)
{
    const struct billing billing = {.names.bucket = (char *)"bucket"};
    json_auto_t *record = record_of(records, customers[1]);
    cleanup_free char *prefix = mem_printf("lists/%s-", json_text(record, "hash"));
    cleanup_str struct str out = {0};
    const struct receipt_lists_reading reading = {"lists/", record, take, &out};
    struct err e = {0};

    for (size_t i = 0; i < object_count; i++) {
        struct object *object = &objects[i];

        if (strncmp(object->key, prefix, strlen(prefix)) != 0)
            continue;
        object->body.data[object->body.len / 2] ^= 1;
        CHECK(receipt_lists_read(NULL, &billing, &reading, &e) && e.kind == ERR_EVIDENCE &&
              strstr(e.text, "was changed"));
        object->key[0] = 'L';
        err_clear(&e);
        CHECK(receipt_lists_read(NULL, &billing, &reading, &e) && e.kind == ERR_EVIDENCE &&
              strstr(e.text, "is missing"));
    }
}

static void add_documents(struct receipt_set *set)
{
    struct err e = {0};

    for (size_t i = 0; i < 3; i++) {
        cleanup_free char *statement = statement_of(i);
        json_auto_t *usage =
            json_pack("{s:I, s:I}", "calls", calls[i], "bytes", (json_int_t)bytes_of(i));
        char hash[65];

        statement_spool_hash(customers[i], hash);
        CHECK(!receipt_set_add(
            set, &(struct receipt_document){customers[i], hash, statement, usage}, &e));
        CHECK_TEXT(e.text, "");
    }
}

int main(void)
{
    struct signature_key *key = signing_key_new();
    const struct receipt_root head = {.invoice = "shop-2025-10",
                                      .month = "2025-10",
                                      .pipeline = "shop",
                                      .itemised = true,
                                      .from_s = FROM_S,
                                      .to_s = TO_S};
    const struct billing billing = {.names.bucket = (char *)"bucket"};
    struct receipt_set *set = receipt_set_new(key, &head);
    const struct receipt_lists lists = {.billing = &billing, .folder = "lists/", .set = set};
    cleanup_str struct str records = {0}, leaves = {0};
    json_auto_t *member = NULL;
    struct err e = {0};
    size_t written;

    CHECK(!receipt_lists_write(NULL, &lists, &e));
    CHECK_TEXT(e.text, "");
    written = object_count;
    CHECK(written > 3); /* several of the first, one of the second, nobody's in none */
    add_documents(set);
    member = receipt_set_end(set, &records, &leaves, &e);
    for (size_t i = 0; i < 3; i++)
        check_customer(key, &records, &leaves, json_text(member, "document"), i);
    CHECK_INT((long long)reads, (long long)written); /* each was read for its own customer alone */
    check_changed(&records);
    receipt_set_free(set);
    for (size_t i = 0; i < object_count; i++) {
        free(objects[i].key);
        str_fini(&objects[i].body);
    }
    signature_key_free(key);
    return check_done();
}
