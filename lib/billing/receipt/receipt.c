#include "billing/receipt/receipt.h"

#include "base/digest.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/receipt/canonical.h"

#include <string.h>

/* ---- requests ---- */

void receipt_add_request(struct str *out, const struct receipt_request *request)
{
    char time[TIMESTAMP_ROOM];

    timestamp_text(request->time_s, time);
    str_add(out, "[");
    canonical_add_text_or_null(out, request->id);
    str_addf(out, ",\"%s\",", time);
    canonical_add_text_or_null(out, request->route);
    str_add(out, ",");
    canonical_add_text_or_null(out, request->status);
    str_addf(out, ",%lld]", (long long)request->bytes);
}

static int compare_texts(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int receipt_compare(const struct receipt_request *a, const struct receipt_request *b)
{
    int order = compare_texts(a->id, b->id);

    if (!order)
        order = compare_numbers(a->time_s, b->time_s);
    if (!order)
        order = compare_texts(a->route, b->route);
    if (!order)
        order = compare_texts(a->status, b->status);
    return order ? order : compare_numbers(a->bytes, b->bytes);
}

/* ---- secrets that need no keeping ---- */

/* SHA-256 of the signature over a text that no document begins like (they begin with a brace): the
 * signature itself is told to nobody.  Ed25519 signs one text in one way (RFC 8032, 5.1.6). */
static int derive(const struct signature_key *key, const struct str *text,
                  unsigned char bytes[static 32], struct err *e)
{
    unsigned char signature[SIGNATURE_BYTES];

    if (signature_sign(key, str_text(text), text->len, signature, e))
        return -1;
    digest_sha256_sum(signature, sizeof signature, bytes);
    return 0;
}

int receipt_salt(const struct signature_key *key, const char *invoice, const char *customer,
                 unsigned char salt[static RECEIPT_SALT], struct err *e)
{
    cleanup_str struct str text = {0};

    str_addf(&text, "billingd receipt salt\n%s\n%s", invoice, customer);
    return derive(key, &text, salt, e);
}

/* ---- leaves ---- */

static void put_number(unsigned char bytes[static 8], uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        bytes[i] = (unsigned char)(number & 0xff);
}

struct merkle_hash receipt_leaf(const unsigned char salt[static RECEIPT_SALT],
                                const struct receipt_items *items, const char *statement,
                                size_t length)
{
    struct merkle_leaf *leaf = merkle_leaf_new();
    const unsigned char itemised = items->itemised;

    merkle_leaf_add(leaf, salt, RECEIPT_SALT);
    merkle_leaf_add(leaf, &itemised, 1);
    if (itemised) {
        unsigned char calls[8];

        put_number(calls, items->calls);
        merkle_leaf_add(leaf, calls, sizeof calls);
        merkle_leaf_add(leaf, items->root.bytes, sizeof items->root.bytes);
    }
    merkle_leaf_add(leaf, statement, length);
    return merkle_leaf_end(leaf);
}

size_t receipt_tree_size(size_t customers)
{
    size_t size = RECEIPT_TREE_LEAST;

    while (size < customers)
        size *= 2;
    return size;
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct merkle_hash));
}

int receipt_fill(const struct signature_key *key, const char *invoice, struct merkle_hash *leaves,
                 size_t count, struct err *e)
{
    size_t size = receipt_tree_size(count);

    for (size_t i = count; i < size; i++) {
        cleanup_str struct str text = {0};

        str_addf(&text, "billingd receipt of nobody\n%s\n%zu", invoice, i);
        if (derive(key, &text, leaves[i].bytes, e))
            return -1;
    }
    qsort(leaves, size, sizeof *leaves, compare_hashes);
    return 0;
}

/* ---- texts ---- */

static void add_member(struct str *out, const char *name, const char *text)
{
    str_addf(out, ",\"%s\":", name);
    canonical_add_text(out, text, strlen(text));
}

static void add_hex(struct str *out, const unsigned char *bytes, size_t length)
{
    str_add(out, "\"");
    str_add_hex(out, bytes, length);
    str_add(out, "\"");
}

char *receipt_root_text(const struct receipt_root *root)
{
    struct str out = {0};

    str_addf(&out, "{\"format\":\"%s\",\"from\":%lld", RECEIPT_ROOT_FORMAT,
             (long long)root->from_s);
    add_member(&out, "invoice", root->invoice);
    add_member(&out, "key", root->key);
    add_member(&out, "month", root->month);
    add_member(&out, "pipeline", root->pipeline);
    add_member(&out, "requests", root->itemised ? "itemised" : "none");
    str_add(&out, ",\"root\":");
    add_hex(&out, root->hash.bytes, sizeof root->hash.bytes);
    str_addf(&out, ",\"size\":%llu,\"to\":%lld}", (unsigned long long)root->size,
             (long long)root->to_s);
    return str_take(&out);
}

void receipt_begin(struct str *out, const struct receipt *receipt, bool itemised)
{
    str_add(out, "{\"format\":\"" RECEIPT_FORMAT "\",\"inclusion\":[");
    for (size_t i = 0; i < receipt->path.count; i++) {
        str_add(out, i ? "," : "");
        add_hex(out, receipt->path.list[i].bytes, sizeof receipt->path.list[i].bytes);
    }
    str_addf(out, "],\"index\":%llu,\"requests\":%s", (unsigned long long)receipt->index,
             itemised ? "[" : "null");
}

void receipt_end(struct str *out, const struct receipt *receipt, bool itemised)
{
    str_add(out, itemised ? "]" : "");
    add_member(out, "root", receipt->root);
    str_add(out, ",\"salt\":");
    add_hex(out, receipt->salt, sizeof receipt->salt);
    str_add(out, ",\"signature\":");
    add_hex(out, receipt->signature, sizeof receipt->signature);
    add_member(out, "statement", receipt->statement);
    str_add(out, "}");
}
