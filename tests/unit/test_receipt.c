/* Receipts: made, checked, and changed in every byte; canonical JSON, which leaves one form. */
#include "billing/receipt/receipt_check.h"
#include "billing/receipt/receipt_rows.h"
#include "billing/receipt/receipt_set.h"

#include "base/json.h"
#include "base/mem.h"
#include "check.h"
#include "signing_key.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INVOICE "shop-2025-10"
#define STATEMENT(calls, bytes)                                                                    \
    "{\"buyer\":{\"customer\":\"Acme \\u00e9\\n\"},\"number\":\"A-1\",\"period\":{\"month\":"      \
    "\"2025-10\"},\"pipeline\":\"shop\",\"total\":\"1.00\",\"usage\":{\"bytes\":" #bytes           \
    ",\"calls\":" #calls "}}\n"

enum { FROM_S = 1759276800, TO_S = 1761955200, CUSTOMERS = 19, MINE = 5 };

static struct signature_key *key, *other_key;

/* ---- a month ---- */

static const struct receipt_request requests[] = {
    {NULL, NULL, NULL, FROM_S, 0},
    {NULL, "GET /v1/\"x\"\\", "200", FROM_S, 7},
    {NULL, "GET /v1/\"x\"\\", "200", FROM_S, 7}, /* each is a call */
    {"a", "GET /\x01\t\x7f/h\xc3\xa9", "200", TO_S - 1, 1},
    {"a", "GET /b", "200", TO_S - 1, 5},
    {"b", "GET /b", NULL, FROM_S + 60, 10},
};
enum { REQUESTS = sizeof requests / sizeof *requests };

static void add_items(struct receipt_items *items, struct str *rows)
{
    struct merkle_tree tree = {0};

    items->itemised = true;
    items->calls = REQUESTS;
    for (size_t i = 0; i < REQUESTS; i++) {
        struct str row = {0};
        struct merkle_hash leaf;

        receipt_add_request(&row, &requests[i]);
        leaf = merkle_leaf(row.data, row.len);
        merkle_add(&tree, &leaf);
        items->bytes += requests[i].bytes;
        str_add(rows, i ? "," : "");
        str_add_n(rows, row.data, row.len);
        str_fini(&row);
    }
    items->root = merkle_root(&tree);
}

struct wish {
    const char *statement;
    bool itemised;
    const char *said; /* of requests; NULL: as it is */
    int64_t from_s;   /* of the period */
};

static size_t place_of(const struct merkle_hash *leaves, size_t size,
                       const struct merkle_hash *leaf)
{
    for (size_t i = 0; i < size; i++)
        if (merkle_same(&leaves[i], leaf))
            return i;
    return size;
}

/* Their leaves, and my salt. */
static void add_leaves(const struct wish *wish, const struct receipt_items *items,
                       struct merkle_hash *leaves, unsigned char *mine)
{
    struct err e = {0};

    for (size_t i = 0; i < CUSTOMERS; i++) {
        char customer[8];
        unsigned char salt[RECEIPT_SALT];

        (void)snprintf(customer, sizeof customer, "c%zu", i);
        CHECK(!receipt_salt(key, INVOICE, customer, salt, &e));
        leaves[i] = receipt_leaf(salt, items, wish->statement, strlen(wish->statement));
        if (i == MINE)
            memcpy(mine, salt, sizeof salt);
    }
}

/* A receipt of one of CUSTOMERS. */
static void make(const struct wish *wish, struct str *out)
{
    struct receipt receipt = {.statement = wish->statement};
    struct receipt_items items = {0};
    struct merkle_hash leaves[32], mine;
    cleanup_str struct str rows = {0};
    cleanup_free char *text = NULL;
    struct receipt_root root = {INVOICE,        "2025-10",    "shop", NULL,
                                wish->itemised, wish->from_s, TO_S,   receipt_tree_size(CUSTOMERS),
                                {{0}}};
    struct merkle_tree tree = {0};
    struct err e = {0};
    char fingerprint[65];

    if (wish->itemised)
        add_items(&items, &rows);
    add_leaves(wish, &items, leaves, receipt.salt);
    mine = leaves[MINE];
    CHECK(!receipt_fill(key, INVOICE, leaves, CUSTOMERS, &e));
    receipt.index = place_of(leaves, root.size, &mine);
    receipt.path = merkle_path_of(leaves, root.size, receipt.index);
    for (size_t i = 0; i < root.size; i++)
        merkle_add(&tree, &leaves[i]);
    root.hash = merkle_root(&tree);
    signature_fingerprint(key, fingerprint);
    root.key = fingerprint;
    if (wish->said)
        root.itemised = !strcmp(wish->said, "itemised");
    text = receipt_root_text(&root);
    receipt.root = text;
    CHECK(!signature_sign(key, text, strlen(text), receipt.signature, &e));
    receipt_begin(out, &receipt, wish->itemised);
    str_add_n(out, str_text(&rows), rows.len);
    receipt_end(out, &receipt, wish->itemised);
}

static const struct wish usual = {STATEMENT(6, 30), true, NULL, FROM_S};

/* ---- checking ---- */

struct source {
    const char *bytes;
    size_t left, step; /* step: so many at a time */
    bool fails;        /* at its end */
};

static ptrdiff_t more(void *arg, void *room, size_t size, struct err *e)
{
    struct source *source = arg;
    size_t n = source->step < size ? source->step : size;

    n = n < source->left ? n : source->left;
    if (!n && source->fails)
        return err_set(e, ERR_RETRY, "the disk is gone");
    memcpy(room, source->bytes, n);
    source->bytes += n;
    source->left -= n;
    return (ptrdiff_t)n;
}

/* What is wrong with it: all texts, with "|" behind each; new text. */
static char *judge_by(const struct signature_key *by, const char *bytes, size_t length, size_t step)
{
    struct source source = {bytes, length, step, false};
    struct receipt_check check;
    struct err e = {0};
    int result = receipt_check(more, &source, by, &check, &e);
    struct str all = {0};
    const json_t *text;
    size_t i;

    json_array_foreach(check.wrong, i, text)
        str_addf(&all, "%s|", json_string_value(text));
    CHECK_INT(result, all.len > 0);
    CHECK(!e.kind);
    receipt_check_fini(&check);
    return str_take(&all);
}

static void check_wrong(const struct wish *wish, const char *part)
{
    cleanup_str struct str made = {0};
    cleanup_free char *wrong = NULL;

    make(wish, &made);
    wrong = judge_by(key, made.data, made.len, 65536);
    CHECK(strstr(wrong, part) && *wrong);
    if (!strstr(wrong, part))
        (void)fprintf(stderr, "  have: %s\n  want: %s\n", wrong, part);
}

static void test_good(void)
{
    cleanup_str struct str made = {0};
    struct source source;
    struct receipt_check check;
    struct err e = {0};
    json_auto_t *value = NULL;

    make(&usual, &made);
    source = (struct source){made.data, made.len, 7, false};
    CHECK_INT(receipt_check(more, &source, key, &check, &e), 0);
    CHECK_TEXT(json_text(check.facts, "invoice"), INVOICE);
    CHECK_TEXT(json_text(check.facts, "customer"), "Acme \xc3\xa9\n");
    CHECK_INT(json_whole(check.facts, "calls"), 6);
    CHECK_INT(json_whole(check.facts, "bytes"), 30);
    CHECK_INT(json_whole(check.facts, "size"), 32);
    CHECK_INT(json_array_size(check.notes), 1); /* an id twice */
    receipt_check_fini(&check);
    /* It is JSON as others read it, and says what was put in. */
    value = json_loadb(made.data, made.len, JSON_REJECT_DUPLICATES, NULL);
    CHECK_TEXT(json_text(value, "statement"), usual.statement);
    CHECK_INT(json_array_size(json_object_get(value, "requests")), REQUESTS);
    CHECK_TEXT(
        json_string_value(json_array_get(json_array_get(json_object_get(value, "requests"), 3), 2)),
        requests[3].route);
}

static void test_stated(void)
{
    check_wrong(&(struct wish){STATEMENT(7, 30), true, NULL, FROM_S},
                "the statement bills 7 calls, the requests are 6");
    check_wrong(&(struct wish){STATEMENT(6, 31), true, NULL, FROM_S},
                "the statement bills 31 bytes, the requests are 30");
    check_wrong(&(struct wish){"{\"pipeline\":\"shop\",\"period\":{\"month\":\"2025-10\"}}", true,
                               NULL, FROM_S},
                "does not say how many calls");
    check_wrong(&(struct wish){"{\"pipeline\":\"other\",\"period\":{\"month\":\"2025-09\"}}", false,
                               NULL, FROM_S},
                "the statement's pipeline is other, the signed document's shop|the statement's "
                "month is 2025-09");
    check_wrong(
        &(struct wish){"{\"pipeline\":\"shop\",\"pipeline\":\"shop\"}", false, NULL, FROM_S},
        "the statement is no JSON object");
    check_wrong(&(struct wish){STATEMENT(6, 30) "{}", true, NULL, FROM_S},
                "the statement is no JSON object");
    check_wrong(&(struct wish){STATEMENT(6, 30), false, "itemised", FROM_S},
                "its requests are \"none\", the signed document says \"itemised\"");
    check_wrong(&(struct wish){STATEMENT(6, 30), true, NULL, FROM_S + 1},
                "not of the period that was signed");
}

static void test_other_key(void)
{
    cleanup_str struct str made = {0};
    cleanup_free char *wrong = NULL;

    make(&usual, &made);
    wrong = judge_by(other_key, made.data, made.len, 65536);
    CHECK(strstr(wrong, "it was signed by the key") && strstr(wrong, "the signature is not"));
}

static void test_unreadable(void)
{
    cleanup_str struct str made = {0};
    struct receipt_check check;
    struct err e = {0};
    struct source source;

    make(&usual, &made);
    source = (struct source){made.data, made.len / 2, 100, true};
    CHECK_INT(receipt_check(more, &source, key, &check, &e), -1);
    CHECK_TEXT(e.text, "the disk is gone");
    CHECK(e.kind == ERR_RETRY);
    receipt_check_fini(&check);
}

/* No byte may be another, missing, or there twice. */
static void test_every_byte(void)
{
    cleanup_str struct str made = {0};
    static const unsigned char changes[] = {0x01, 0x20, 0x80};
    size_t passed = 0;

    make(&usual, &made);
    for (size_t i = 0; i <= made.len; i++) {
        cleanup_free char *bytes = mem_new(made.len + 2);

        for (size_t j = 0; j < sizeof changes && i < made.len; j++) {
            memcpy(bytes, made.data, made.len);
            bytes[i] = (char)(bytes[i] ^ changes[j]);
            cleanup_free char *wrong = judge_by(key, bytes, made.len, 65536);
            passed += !*wrong;
        }
        if (i < made.len) { /* cut off, and one left out */
            cleanup_free char *cut = judge_by(key, made.data, i, 65536), *left_out = NULL;

            memcpy(bytes, made.data, i);
            memcpy(bytes + i, made.data + i + 1, made.len - i - 1);
            left_out = judge_by(key, bytes, made.len - 1, 65536);
            passed += !*cut + !*left_out;
        }
        memcpy(bytes, made.data, i); /* a blank more */
        bytes[i] = i % 2 ? ' ' : '\n';
        memcpy(bytes + i + 1, made.data + i, made.len - i);
        cleanup_free char *more_of_it = judge_by(key, bytes, made.len + 1, 65536), *twice = NULL;
        passed += !*more_of_it;
        if (i < made.len) {
            bytes[i] = made.data[i];
            twice = judge_by(key, bytes, made.len + 1, 65536);
            passed += !*twice;
        }
    }
    CHECK_INT(passed, 0);
}

/* ---- requests by themselves, as the archive has them ---- */

/* What is wrong with the list, fed in such pieces; new text, "" when it is good: then *sums. */
static char *feed(const char *list, size_t length, size_t piece, struct receipt_rows_sums *sums)
{
    struct receipt_rows *rows = receipt_rows_new();
    struct err e = {0};
    int failed = 0;

    for (size_t at = 0; at < length && !failed; at += piece)
        failed = receipt_rows_feed(rows, list + at, length - at < piece ? length - at : piece, &e);
    if (!failed)
        failed = receipt_rows_feed_end(rows, &e);
    *sums = receipt_rows_sums(rows);
    receipt_rows_free(rows);
    CHECK(failed ? e.kind == ERR_INVALID : !e.kind);
    return mem_text(failed ? e.text : "");
}

static void check_feed(const char *list, const char *want)
{
    struct receipt_rows_sums sums;
    cleanup_free char *whole = feed(list, strlen(list), strlen(list) + 1, &sums);
    cleanup_free char *cut = feed(list, strlen(list), 1, &sums);

    CHECK_TEXT(whole, want);
    CHECK_TEXT(cut, want);
}

static void test_fed_rows(void)
{
    cleanup_str struct str list = {0};
    struct receipt_items items = {0};
    struct receipt_rows_sums sums;

    add_items(&items, &list);
    for (size_t piece = 1; piece <= list.len; piece += piece < 40 ? 1 : 97) {
        cleanup_free char *wrong = feed(list.data, list.len, piece, &sums);

        CHECK_TEXT(wrong, "");
        CHECK(sums.items.itemised && sums.items.calls == items.calls &&
              sums.items.bytes == items.bytes && merkle_same(&sums.items.root, &items.root));
        CHECK(sums.earliest_s == FROM_S && sums.latest_s == TO_S - 1 && sums.repeated == 1);
    }
    for (size_t i = 1; i < list.len; i++) { /* cut off: told, or fewer of them */
        cleanup_free char *wrong = feed(list.data, i, 7, &sums);

        CHECK(*wrong || sums.items.calls < items.calls);
    }
}

#define ONE "[\"a\",\"2025-10-01T00:00:00Z\",null,\"200\",1]"

static void test_wrong_rows(void)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"x", "behind request 0 something else than a request stands"},
        {",", "behind request 0 something else than a request stands"},
        {ONE ";", "behind request 1 something else than a request stands"},
        {ONE ",", "behind request 1 the list is cut off"},
        {ONE ",," ONE, "behind request 1 something else than a request stands"},
        {ONE ",[\"\\\"]\",", "behind request 1 the list is cut off"},
        {ONE ",[\"0\",\"2025-10-01T00:00:00Z\",null,\"200\",1]",
         "request 2: byte 41: the request before is not in its order"},
    };
    cleanup_free char *endless = mem_printf("[1,%0200000d", 0);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_feed(cases[i][0], cases[i][1]);
    check_feed(endless, "request 1 is longer than any can be");
}

/* ---- salts ---- */

static void test_salts(void)
{
    unsigned char one[RECEIPT_SALT], again[RECEIPT_SALT], other[RECEIPT_SALT];
    struct err e = {0};

    CHECK(!receipt_salt(key, INVOICE, "c", one, &e) && !receipt_salt(key, INVOICE, "c", again, &e));
    CHECK(!memcmp(one, again, sizeof one));
    CHECK(!receipt_salt(key, INVOICE, "d", other, &e) && memcmp(one, other, sizeof one) != 0);
    CHECK(!receipt_salt(key, INVOICE "-c1", "c", other, &e) && memcmp(one, other, sizeof one) != 0);
    CHECK(!receipt_salt(other_key, INVOICE, "c", other, &e) && memcmp(one, other, sizeof one) != 0);
}

/* The receipt that a line of the records makes. */
static void check_line(const char *at, const struct str *leaves, const char *document,
                       const char *rows)
{
    struct receipt_items items;
    struct err e = {0};
    json_auto_t *line = json_loadb(at, (size_t)(strchr(at, '\n') - at), 0, NULL);
    bool busy = !strcmp(json_text(line, "hash"), "0a");
    struct receipt receipt = {.root = document,
                              .statement = busy ? STATEMENT(6, 30) : STATEMENT(0, 0)};
    struct merkle_hash leaf, root;
    cleanup_str struct str made = {0};
    cleanup_free char *wrong = NULL;

    CHECK(receipt_set_read(line, receipt.salt, &items));
    leaf = receipt_leaf(receipt.salt, &items, receipt.statement, strlen(receipt.statement));
    CHECK(!receipt_set_find(leaves, &leaf, &receipt, &root));
    CHECK(!signature_sign(key, receipt.root, strlen(receipt.root), receipt.signature, &e));
    receipt_begin(&made, &receipt, true);
    str_add(&made, busy ? rows : "");
    receipt_end(&made, &receipt, true);
    wrong = judge_by(key, made.data, made.len, 65536);
    CHECK_TEXT(wrong, "");
    leaf.bytes[0] ^= 1;
    CHECK(receipt_set_find(leaves, &leaf, &receipt, &root));
}

/* Gathered in a set, in any order, and each found again: a receipt of each is good. */
static void test_set(void)
{
    struct receipt_root head = {.invoice = INVOICE,
                                .month = "2025-10",
                                .pipeline = "shop",
                                .itemised = true,
                                .from_s = FROM_S,
                                .to_s = TO_S};
    struct receipt_set *set = receipt_set_new(key, &head);
    cleanup_str struct str rows = {0}, records = {0}, leaves = {0};
    struct receipt_items items = {0};
    struct err e = {0};
    json_auto_t *usage = json_pack("{s:i, s:i}", "calls", 6, "bytes", 30), *member = NULL;
    json_auto_t *nothing = json_pack("{s:i, s:i}", "calls", 0, "bytes", 0);
    const char *at;
    size_t lines = 0;

    add_items(&items, &rows);
    receipt_set_items(set, "0a", &items, json_array());
    receipt_set_items(set, "0c", &items, json_array()); /* no document */
    CHECK(!receipt_set_add(set, &(struct receipt_document){"quiet", "0b", STATEMENT(0, 0), nothing},
                           &e));
    CHECK(!receipt_set_add(set, &(struct receipt_document){"busy", "0a", STATEMENT(6, 30), usage},
                           &e));
    CHECK(receipt_set_add(set, &(struct receipt_document){"other", "0d", STATEMENT(6, 30), usage},
                          &e) &&
          e.kind == ERR_RETRY);
    e = (struct err){0};
    member = receipt_set_end(set, &records, &leaves, &e);
    CHECK_INT(leaves.len, 16 * 32);
    for (at = str_text(&records); *at; at = strchr(at, '\n') + 1, lines++)
        check_line(at, &leaves, json_text(member, "document"), str_text(&rows));
    CHECK_INT(lines, 2);
    receipt_set_free(set);
}

static void test_sizes(void)
{
    CHECK_INT(receipt_tree_size(0), 16);
    CHECK_INT(receipt_tree_size(16), 16);
    CHECK_INT(receipt_tree_size(17), 32);
    CHECK_INT(receipt_tree_size(100000), 131072);
}

/* ---- canonical JSON ---- */

static char *read_canonical(const char *text, size_t length, char kind)
{
    struct source source = {text, length, 3, false};
    struct canonical_reader *reader = mem_new(sizeof *reader);
    struct err e = {0};
    struct str out = {0};
    int64_t number = 0;
    int failed;

    *reader = (struct canonical_reader){.more = more, .arg = &source, .e = &e};
    failed = kind == 't' ? canonical_text(reader, &out, 20) : canonical_number(reader, &number);
    if (!failed && kind == 'n')
        str_addf(&out, "%lld", (long long)number);
    failed = failed || canonical_end(reader);
    free(reader);
    if (!failed)
        return str_take(&out);
    str_fini(&out);
    return NULL;
}

static const char *const good[][2] = {
    {"\"\"", ""},
    {"\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"", "\"\\/\b\f\n\r\t\x01\x1f\x7f"},
    {"\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80"},
    {"0", "0"},
    {"9007199254740991", "9007199254740991"},
};
static const char *const bad[] = {
    "\"",
    "\"a",
    "\"\\/\"",
    "\"\\u0041\"",
    "\"\\u000A\"",
    "\"\\u000a\"",
    "\"\\u001F\"",
    "\"\\u0000\"",
    "\"\n\"",
    "\"\xff\"",
    "\"\xed\xa0\x80\"",
    "\"\xc0\x80\"",
    "\"\\x\"",
    "\"\\",
    "\"\\u00",
    "\"123456789012345678901\"",
    "\"a\" ",
    " \"a\"",
    "00",
    "01",
    "-1",
    "-0",
    "+1",
    "1.0",
    "1e0",
    "",
    " 1",
    "9007199254740992",
    "99999999999999999999999999",
};

static void test_canonical(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *text = good[i][0];
        cleanup_free char *meant = read_canonical(text, strlen(text), *text == '"' ? 't' : 'n');
        cleanup_str struct str again = {0};

        CHECK_TEXT(meant, good[i][1]);
        canonical_add_text(&again, good[i][1], strlen(good[i][1]));
        CHECK(*text != '"' || !strcmp(str_text(&again), text));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cleanup_free char *as_text = read_canonical(bad[i], strlen(bad[i]), 't');
        cleanup_free char *as_number = read_canonical(bad[i], strlen(bad[i]), 'n');

        CHECK(!as_text && !as_number);
    }
}

int main(void)
{
    key = signing_key_new();
    other_key = signing_key_new();
    test_canonical();
    test_salts();
    test_sizes();
    test_set();
    test_good();
    test_stated();
    test_other_key();
    test_unreadable();
    test_every_byte();
    test_fed_rows();
    test_wrong_rows();
    signature_key_free(key);
    signature_key_free(other_key);
    return check_done();
}
