#include "billing/receipt/receipt_set.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

struct member {
    char hash[65]; /* of the customer */
    bool has_document;
    unsigned char salt[RECEIPT_SALT];
    struct receipt_items items;
    json_t *parts;
    struct merkle_hash leaf;
};

struct receipt_set {
    const struct signature_key *key;
    struct receipt_root head;
    char *texts[3]; /* of head */
    struct member *list;
    size_t count, room, with_items; /* the first so many: in the order of hashes */
};

struct receipt_set *receipt_set_new(const struct signature_key *key,
                                    const struct receipt_root *head)
{
    struct receipt_set *set = mem_new(sizeof *set);

    *set = (struct receipt_set){
        .key = key,
        .head = *head,
        .texts = {mem_text(head->invoice), mem_text(head->month), mem_text(head->pipeline)}};
    set->head.invoice = set->texts[0];
    set->head.month = set->texts[1];
    set->head.pipeline = set->texts[2];
    return set;
}

void receipt_set_free(struct receipt_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        json_decref(set->list[i].parts);
    for (size_t i = 0; i < sizeof set->texts / sizeof *set->texts; i++)
        free(set->texts[i]);
    free(set->list);
    free(set);
}

/* ---- gathering ---- */

static struct member *new_member(struct receipt_set *set, const char *hash)
{
    struct member *member;

    if (set->count == set->room) {
        set->room = set->room ? 2 * set->room : 64;
        set->list = mem_resize(set->list, set->room, sizeof *set->list);
    }
    member = &set->list[set->count++];
    *member = (struct member){.items = {.itemised = set->head.itemised}};
    (void)snprintf(member->hash, sizeof member->hash, "%s", hash);
    return member;
}

static int by_hash(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->hash, ((const struct member *)b)->hash);
}

/* The one that receipt_set_items made; NULL: none. */
static struct member *find_member(struct receipt_set *set, const char *hash)
{
    struct member wanted = {0};

    (void)snprintf(wanted.hash, sizeof wanted.hash, "%s", hash);
    return set->with_items ? bsearch(&wanted, set->list, set->with_items, sizeof wanted, by_hash)
                           : NULL;
}

void receipt_set_items(struct receipt_set *set, const char *hash, const struct receipt_items *items,
                       json_t *parts)
{
    struct member *member = new_member(set, hash);

    member->items = *items;
    member->parts = parts;
    set->with_items = set->count;
}

/* What no request belongs to has the empty tree. */
static struct member *member_of(struct receipt_set *set, const char *hash)
{
    struct member *member = find_member(set, hash);
    struct merkle_tree none = {0};

    if (member)
        return member;
    member = new_member(set, hash);
    if (set->head.itemised)
        member->items.root = merkle_root(&none);
    return member;
}

static int check_usage(const struct receipt_items *items, const char *customer, const json_t *usage,
                       struct err *e)
{
    json_int_t calls = json_whole(usage, "calls"), bytes = json_whole(usage, "bytes");

    if (!items->itemised || ((json_int_t)items->calls == calls && items->bytes == bytes))
        return 0;
    return err_set(e, ERR_RETRY,
                   "%.60s is billed %" JSON_INTEGER_FORMAT " calls and %" JSON_INTEGER_FORMAT
                   " bytes, the log events have %llu and %lld: a day was built anew meanwhile (try "
                   "again), or objects it was built from are gone (billing.receipts: statements "
                   "gives receipts without single requests)",
                   customer, calls, bytes, (unsigned long long)items->calls,
                   (long long)items->bytes);
}

int receipt_set_add(struct receipt_set *set, const struct receipt_document *document, struct err *e)
{
    struct member *member = member_of(set, document->hash);
    size_t length = strlen(document->statement);

    if (check_usage(&member->items, document->customer, document->usage, e) ||
        receipt_salt(set->key, set->head.invoice, document->customer, member->salt, e))
        return -1;
    if (length > RECEIPT_STATEMENT_MOST)
        return err_set(e, ERR_INVALID, "the statement of %.60s is larger than %d MiB",
                       document->customer, RECEIPT_STATEMENT_MOST >> 20);
    member->leaf = receipt_leaf(member->salt, &member->items, document->statement, length);
    member->has_document = true;
    return 0;
}

void receipt_set_again(struct receipt_set *set)
{
    set->count = set->with_items;
    for (size_t i = 0; i < set->count; i++)
        set->list[i].has_document = false;
}

/* ---- the end ---- */

static json_t *hex_text(const unsigned char *bytes, size_t length)
{
    cleanup_str struct str hex = {0};

    str_add_hex(&hex, bytes, length);
    return json_string(str_text(&hex));
}

static void add_record(struct str *records, const struct member *member)
{
    const struct receipt_items *items = &member->items;
    json_auto_t *line = json_pack("{s:s, s:o}", "hash", member->hash, "salt",
                                  hex_text(member->salt, sizeof member->salt));
    cleanup_free char *text = NULL;

    if (items->itemised)
        json_object_update_new(line,
                               json_pack("{s:I, s:I, s:o, s:O*}", "calls", (json_int_t)items->calls,
                                         "bytes", (json_int_t)items->bytes, "root",
                                         hex_text(items->root.bytes, sizeof items->root.bytes),
                                         "parts", member->parts));
    text = json_canonical(line);
    str_addf(records, "%s\n", text);
}

static struct merkle_hash root_of(const struct merkle_hash *leaves, size_t count)
{
    struct merkle_tree tree = {0};

    for (size_t i = 0; i < count; i++)
        merkle_add(&tree, &leaves[i]);
    return merkle_root(&tree);
}

static json_t *sign(const struct receipt_set *set, struct err *e)
{
    cleanup_free char *text = receipt_root_text(&set->head);
    unsigned char signature[SIGNATURE_BYTES];

    if (signature_sign(set->key, text, strlen(text), signature, e))
        return NULL;
    return json_pack("{s:s, s:o}", "document", text, "signature",
                     hex_text(signature, sizeof signature));
}

json_t *receipt_set_end(struct receipt_set *set, struct str *records, struct str *leaves,
                        struct err *e)
{
    struct merkle_hash *list = mem_new((receipt_tree_size(set->count)) * sizeof *list);
    char fingerprint[65];
    size_t count = 0;
    json_t *member = NULL;

    if (set->count)
        qsort(set->list, set->count, sizeof *set->list, by_hash);
    for (size_t i = 0; i < set->count; i++)
        if (set->list[i].has_document) {
            add_record(records, &set->list[i]);
            list[count++] = set->list[i].leaf;
        }
    if (!receipt_fill(set->key, set->head.invoice, list, count, e)) {
        set->head.size = receipt_tree_size(count);
        set->head.hash = root_of(list, set->head.size);
        signature_fingerprint(set->key, fingerprint);
        set->head.key = fingerprint;
        str_add_n(leaves, list, set->head.size * sizeof *list);
        member = sign(set, e);
        set->head.key = NULL;
    }
    free(list);
    return member;
}

/* ---- one of them, found again ---- */

bool receipt_set_hex(const char *text, unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    if (!text || strlen(text) != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *high = strchr(digits, text[2 * i]), *low = strchr(digits, text[2 * i + 1]);

        if (!high || !low)
            return false;
        bytes[i] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return true;
}

bool receipt_set_read(const json_t *line, unsigned char salt[static RECEIPT_SALT],
                      struct receipt_items *items)
{
    const json_t *calls = json_object_get(line, "calls"), *bytes = json_object_get(line, "bytes");

    *items = (struct receipt_items){.itemised = calls != NULL};
    if (!receipt_set_hex(json_text(line, "salt"), salt, RECEIPT_SALT))
        return false;
    if (!items->itemised)
        return true;
    items->calls = (uint64_t)json_integer_value(calls);
    items->bytes = json_integer_value(bytes);
    return json_is_integer(calls) && json_is_integer(bytes) && json_integer_value(calls) >= 0 &&
           receipt_set_hex(json_text(line, "root"), items->root.bytes, sizeof items->root.bytes);
}

int receipt_set_find(const struct str *leaves, const struct merkle_hash *leaf,
                     struct receipt *receipt, struct merkle_hash *root)
{
    size_t count = leaves->len / sizeof *leaf;
    struct merkle_hash *list = mem_new((count + 1) * sizeof *list);
    size_t place = 0;

    if (count)
        memcpy(list, leaves->data, count * sizeof *list);
    while (place < count && !merkle_same(&list[place], leaf))
        place++;
    *root = root_of(list, count);
    if (place < count) {
        receipt->index = place;
        receipt->path = merkle_path_of(list, count, place);
    }
    free(list);
    return place < count ? 0 : -1;
}
