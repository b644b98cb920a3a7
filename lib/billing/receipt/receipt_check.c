#include "billing/receipt/receipt_check.h"

#include "base/file_kind.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/receipt/receipt_rows.h"

#include <stdarg.h>
#include <string.h>

enum { TEXT_MOST = 1024 };

/* The signed document, as read. */
struct signed_root {
    struct str text;
    struct str invoice, key, month, pipeline, requests;
    struct merkle_hash hash;
    int64_t from_s, to_s, size;
};

struct checking {
    struct receipt_check *check;
    const struct signature_key *key;
    struct canonical_reader *reader;
    struct err failed; /* of the reader */
    struct merkle_path path;
    struct receipt_rows *rows;     /* NULL: they are not itemised */
    struct receipt_rows_sums sums; /* of all, once they are read */
    int64_t index;
    struct signed_root root;
    struct str statement;
    unsigned char salt[RECEIPT_SALT], signature[SIGNATURE_BYTES];
};

__attribute__((format(printf, 2, 3))) static void wrong(struct checking *checking,
                                                        const char *format, ...)
{
    struct err what = {0};
    char text[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)err_set(&what, ERR_INVALID, "%s", text); /* on one line */
    str_make_utf8(what.text);                      /* it may have been cut */
    json_array_append_new(checking->check->wrong, json_string(what.text));
}

/* ---- requests ---- */

static int read_list(struct checking *checking)
{
    struct canonical_reader *reader = checking->reader;

    if (canonical_literal(reader, "["))
        return -1;
    if (canonical_peek(reader) == ']')
        return canonical_literal(reader, "]");
    for (;;) {
        if (receipt_rows_read(checking->rows, reader))
            return -1;
        if (canonical_peek(reader) != ',')
            return canonical_literal(reader, "]");
        if (canonical_literal(reader, ","))
            return -1;
    }
}

static int read_requests(struct checking *checking)
{
    if (canonical_peek(checking->reader) == 'n')
        return canonical_literal(checking->reader, "null");
    checking->rows = receipt_rows_new();
    if (read_list(checking))
        return -1;
    checking->sums = receipt_rows_sums(checking->rows);
    return 0;
}

/* ---- the file ---- */

static int read_path(struct checking *checking)
{
    struct canonical_reader *reader = checking->reader;
    struct merkle_path *path = &checking->path;

    if (canonical_literal(reader, "["))
        return -1;
    while (canonical_peek(reader) != ']') {
        if (path->count && canonical_literal(reader, ","))
            return -1;
        if (path->count == MERKLE_PATH_MOST)
            return canonical_wrong(reader, "a proof of more than %d hashes", MERKLE_PATH_MOST);
        if (canonical_hex(reader, path->list[path->count].bytes, sizeof path->list->bytes))
            return -1;
        path->count++;
    }
    return canonical_literal(reader, "]");
}

static int read_format(struct canonical_reader *reader, const char *wanted)
{
    cleanup_str struct str format = {0};

    if (canonical_literal(reader, "{\"format\":") || canonical_text(reader, &format, TEXT_MOST))
        return -1;
    return strcmp(str_text(&format), wanted)
               ? canonical_wrong(reader, "its format is %s; this version of billingd reads %s",
                                 str_text(&format), wanted)
               : 0;
}

/* What is packed, or shown by a page, may hold a receipt, but is none. */
static int refuse_other_kind(struct canonical_reader *reader)
{
    const char *told = NULL;

    if (canonical_peek(reader) >= 0)
        told = file_kind_told((const char *)reader->bytes, reader->end);
    return told ? canonical_wrong(reader, "the file is %s", told) : 0;
}

static int read_file(struct checking *checking)
{
    struct canonical_reader *reader = checking->reader;

    return refuse_other_kind(reader) || read_format(reader, RECEIPT_FORMAT) ||
                   canonical_literal(reader, ",\"inclusion\":") || read_path(checking) ||
                   canonical_literal(reader, ",\"index\":") ||
                   canonical_number(reader, &checking->index) ||
                   canonical_literal(reader, ",\"requests\":") || read_requests(checking) ||
                   canonical_literal(reader, ",\"root\":") ||
                   canonical_text(reader, &checking->root.text, RECEIPT_ROOT_MOST) ||
                   canonical_literal(reader, ",\"salt\":") ||
                   canonical_hex(reader, checking->salt, sizeof checking->salt) ||
                   canonical_literal(reader, ",\"signature\":") ||
                   canonical_hex(reader, checking->signature, sizeof checking->signature) ||
                   canonical_literal(reader, ",\"statement\":") ||
                   canonical_text(reader, &checking->statement, RECEIPT_STATEMENT_MOST) ||
                   canonical_literal(reader, "}") || canonical_end(reader)
               ? -1
               : 0;
}

/* ---- the signed document ---- */

static ptrdiff_t more_of_root(void *arg, void *room, size_t size, struct err *e)
{
    struct str *left = arg;
    size_t count = left->len < size ? left->len : size;

    (void)e;
    if (count)
        memcpy(room, left->data, count);
    left->len -= count;
    return (ptrdiff_t)count; /* all of it: it is shorter than the room */
}

static int read_member(struct canonical_reader *reader, const char *before, struct str *text)
{
    return canonical_literal(reader, before) || canonical_text(reader, text, TEXT_MOST) ? -1 : 0;
}

static int read_root_members(struct canonical_reader *reader, struct signed_root *root)
{
    return read_format(reader, RECEIPT_ROOT_FORMAT) || canonical_literal(reader, ",\"from\":") ||
                   canonical_number(reader, &root->from_s) ||
                   read_member(reader, ",\"invoice\":", &root->invoice) ||
                   read_member(reader, ",\"key\":", &root->key) ||
                   read_member(reader, ",\"month\":", &root->month) ||
                   read_member(reader, ",\"pipeline\":", &root->pipeline) ||
                   read_member(reader, ",\"requests\":", &root->requests) ||
                   canonical_literal(reader, ",\"root\":") ||
                   canonical_hex(reader, root->hash.bytes, sizeof root->hash.bytes) ||
                   canonical_literal(reader, ",\"size\":") ||
                   canonical_number(reader, &root->size) || canonical_literal(reader, ",\"to\":") ||
                   canonical_number(reader, &root->to_s) || canonical_literal(reader, "}") ||
                   canonical_end(reader)
               ? -1
               : 0;
}

static int read_root(struct checking *checking)
{
    struct signed_root *root = &checking->root;
    struct str left = root->text; /* borrowed */
    struct canonical_reader *reader = mem_new(sizeof *reader);
    struct err e = {0};
    int failed;

    *reader = (struct canonical_reader){.more = more_of_root, .arg = &left, .e = &e};
    failed = read_root_members(reader, root);
    free(reader);
    if (failed)
        wrong(checking, "the signed document in \"root\": %s", e.text);
    return failed;
}

static void check_signature(struct checking *checking)
{
    const struct signed_root *root = &checking->root;
    char fingerprint[65];

    signature_fingerprint(checking->key, fingerprint);
    if (strcmp(str_text(&root->key), fingerprint) != 0)
        wrong(checking, "it was signed by the key %s; the one to trust is %s", str_text(&root->key),
              fingerprint);
    if (!signature_is_good(checking->key, str_text(&root->text), root->text.len,
                           checking->signature, sizeof checking->signature))
        wrong(checking, "the signature is not that of the key over the document in \"root\"");
}

static void check_leaf(struct checking *checking)
{
    const struct signed_root *root = &checking->root;
    struct merkle_hash leaf;

    leaf = receipt_leaf(checking->salt, &checking->sums.items, str_text(&checking->statement),
                        checking->statement.len);

    if (root->size < RECEIPT_TREE_LEAST || root->size & (root->size - 1))
        wrong(checking, "a tree of %lld leaves is none: they are a power of two, %d at least",
              (long long)root->size, RECEIPT_TREE_LEAST);
    else if (checking->index >= root->size)
        wrong(checking, "its place is %lld, in a tree of %lld leaves", (long long)checking->index,
              (long long)root->size);
    else if (checking->path.count !=
             merkle_path_length((uint64_t)checking->index, (uint64_t)root->size))
        wrong(checking, "its proof has %zu hashes, where the tree of %lld leaves needs %zu",
              checking->path.count, (long long)root->size,
              merkle_path_length((uint64_t)checking->index, (uint64_t)root->size));
    else if (!merkle_is_in(&leaf, (uint64_t)checking->index, (uint64_t)root->size, &checking->path,
                           &root->hash))
        wrong(checking, "salt, requests and statement are not what was signed: the proof of "
                        "inclusion does not lead to the root");
}

/* ---- the statement ---- */

static void check_same(struct checking *checking, const char *what, const char *have,
                       const struct str *signed_text)
{
    if (!have || strcmp(have, str_text(signed_text)) != 0)
        wrong(checking, "the statement's %s is %s, the signed document's %s", what,
              have ? have : "missing", str_text(signed_text));
}

static void check_sum(struct checking *checking, const json_t *statement, const char *what,
                      int64_t listed)
{
    const json_t *stated = json_object_get(json_object_get(statement, "usage"), what);

    if (!json_is_integer(stated))
        wrong(checking, "the statement does not say how many %s it bills", what);
    else if (json_integer_value(stated) != listed)
        wrong(checking, "the statement bills %" JSON_INTEGER_FORMAT " %s, the requests are %lld",
              json_integer_value(stated), what, (long long)listed);
}

static void check_requests(struct checking *checking, const json_t *statement)
{
    const struct signed_root *root = &checking->root;
    const struct receipt_items *items = &checking->sums.items;
    const char *state = items->itemised ? "itemised" : "none";

    if (strcmp(state, str_text(&root->requests)) != 0)
        wrong(checking, "its requests are \"%s\", the signed document says \"%s\"", state,
              str_text(&root->requests));
    if (!items->itemised) {
        json_array_append_new(checking->check->notes,
                              json_string("the requests of this month are not itemised"));
        return;
    }
    check_sum(checking, statement, "calls", (int64_t)items->calls);
    check_sum(checking, statement, "bytes", items->bytes);
    if (items->calls &&
        (checking->sums.earliest_s < root->from_s || checking->sums.latest_s >= root->to_s))
        wrong(checking, "some requests are not of the period that was signed");
    if (checking->sums.repeated)
        json_array_append_new(
            checking->check->notes,
            json_sprintf("%lld requests have the id of the one before: each is billed as a call",
                         (long long)checking->sums.repeated));
}

static void put_facts(struct checking *checking, const json_t *statement)
{
    static const char *const copied[] = {"kind", "number", "total", "currency"};
    const struct signed_root *root = &checking->root;
    json_t *facts = checking->check->facts;
    cleanup_str struct str hex = {0};

    str_add_hex(&hex, root->hash.bytes, sizeof root->hash.bytes);
    json_object_update_new(
        facts, json_pack("{s:s, s:s, s:s, s:s, s:I, s:b}", "invoice", str_text(&root->invoice),
                         "month", str_text(&root->month), "pipeline", str_text(&root->pipeline),
                         "root", str_text(&hex), "size", (json_int_t)root->size, "itemised",
                         checking->sums.items.itemised));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        if (json_object_get(statement, copied[i]))
            json_object_set(facts, copied[i], json_object_get(statement, copied[i]));
    if (json_at(statement, "buyer.customer"))
        json_object_set(facts, "customer", json_at(statement, "buyer.customer"));
    if (checking->sums.items.itemised) {
        json_object_set_new(facts, "calls", json_integer((json_int_t)checking->sums.items.calls));
        json_object_set_new(facts, "bytes", json_integer(checking->sums.items.bytes));
    }
}

static void check_statement(struct checking *checking)
{
    json_error_t error;
    json_auto_t *statement = json_loadb(str_text(&checking->statement), checking->statement.len,
                                        JSON_REJECT_DUPLICATES, &error);

    if (!json_is_object(statement)) {
        wrong(checking, "the statement is no JSON object: %s",
              statement ? "another value" : error.text);
        return;
    }
    check_same(checking, "pipeline", json_text(statement, "pipeline"), &checking->root.pipeline);
    check_same(checking, "month", json_text(json_object_get(statement, "period"), "month"),
               &checking->root.month);
    check_requests(checking, statement);
    put_facts(checking, statement);
}

/* ---- the whole ---- */

static void free_checking(struct checking *checking)
{
    struct signed_root *root = &checking->root;

    receipt_rows_free(checking->rows);
    str_fini(&root->text);
    str_fini(&root->invoice);
    str_fini(&root->key);
    str_fini(&root->month);
    str_fini(&root->pipeline);
    str_fini(&root->requests);
    str_fini(&checking->statement);
    free(checking->reader);
}

int receipt_check(canonical_more_fn *more, void *arg, const struct signature_key *key,
                  struct receipt_check *check, struct err *e)
{
    struct checking checking = {.check = check, .key = key};

    *check = (struct receipt_check){json_array(), json_array(), json_object()};
    checking.reader = mem_new(sizeof *checking.reader);
    *checking.reader = (struct canonical_reader){.more = more, .arg = arg, .e = &checking.failed};
    if (read_file(&checking)) {
        if (checking.failed.kind == ERR_INVALID)
            wrong(&checking, "%s", checking.failed.text);
        else
            (void)err_set(e, checking.failed.kind, "%s", checking.failed.text);
    } else if (!read_root(&checking)) {
        check_signature(&checking);
        check_leaf(&checking);
        check_statement(&checking);
    }
    free_checking(&checking);
    return e->kind ? -1 : json_array_size(check->wrong) > 0;
}

void receipt_check_fini(struct receipt_check *check)
{
    json_decref(check->wrong);
    json_decref(check->notes);
    json_decref(check->facts);
    *check = (struct receipt_check){0};
}
