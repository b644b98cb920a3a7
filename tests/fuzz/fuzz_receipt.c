/* A receipt: bytes that a customer was given, or that somebody made to look like it.  What nobody
 * signed is never good, whatever it says; of a good one only its very bytes are; and what is said
 * does not depend on how the file is cut.  The first byte says which: 0, the rest is the file; 1,
 * the rest are edits of a good one (place, place, byte); 2, a text or number of canonical JSON,
 * which is written again as the same bytes. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/receipt/receipt_check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATEMENT                                                                                  \
    "{\"period\":{\"month\":\"2025-10\"},\"pipeline\":\"shop\",\"usage\":{\"bytes\":12,\"calls\":" \
    "2}}"

static struct signature_key *key;
static struct str good;

static void make_key(void)
{
    static const unsigned char seed[32] =
        "the key of nobody, for fuzzing"; /* always the same bytes */
    char path[] = "/tmp/fuzz-receipt-XXXXXX";
    EVP_PKEY *made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    FILE *file = fdopen(mkstemp(path), "w");
    struct err e = {0};

    must(made && file && PEM_write_PrivateKey(file, made, NULL, NULL, 0, NULL, NULL));
    (void)fclose(file);
    key = signature_private_key(path, &e);
    (void)unlink(path);
    EVP_PKEY_free(made);
    must(key);
}

static void add_row(struct merkle_tree *tree, struct str *rows, const char *id, int64_t bytes)
{
    struct receipt_request request = {id, "GET /", "200", 1759276800, bytes};
    size_t start = rows->len;
    struct merkle_hash leaf;

    receipt_add_request(rows, &request);
    leaf = merkle_leaf(rows->data + start, rows->len - start);
    merkle_add(tree, &leaf);
}

static void make_good(void)
{
    struct receipt receipt = {.statement = STATEMENT};
    struct receipt_items items = {.itemised = true, .calls = 2, .bytes = 12};
    struct merkle_hash leaves[16], mine;
    struct merkle_tree tree = {0}, requests = {0};
    struct receipt_root root = {"shop-2025-10", "2025-10",  "shop", NULL, true,
                                1759276800,     1761955200, 16,     {{0}}};
    struct str rows = {0};
    struct err e = {0};
    char fingerprint[65];

    add_row(&requests, &rows, "a", 5);
    str_add(&rows, ",");
    add_row(&requests, &rows, "b\n", 7);
    items.root = merkle_root(&requests);
    must(!receipt_salt(key, "shop-2025-10", "c", receipt.salt, &e));
    leaves[0] = mine = receipt_leaf(receipt.salt, &items, STATEMENT, strlen(STATEMENT));
    must(!receipt_fill(key, "shop-2025-10", leaves, 1, &e));
    for (size_t i = 0; i < 16; i++) {
        merkle_add(&tree, &leaves[i]);
        if (merkle_same(&leaves[i], &mine))
            receipt.index = i;
    }
    receipt.path = merkle_path_of(leaves, 16, receipt.index);
    root.hash = merkle_root(&tree);
    signature_fingerprint(key, fingerprint);
    root.key = fingerprint;
    receipt.root = receipt_root_text(&root);
    must(!signature_sign(key, receipt.root, strlen(receipt.root), receipt.signature, &e));
    receipt_begin(&good, &receipt, true);
    str_add_n(&good, rows.data, rows.len);
    receipt_end(&good, &receipt, true);
    free((char *)receipt.root);
    str_fini(&rows);
}

struct source {
    const char *bytes;
    size_t left, step;
};

static ptrdiff_t more(void *arg, void *room, size_t size, struct err *e)
{
    struct source *source = arg;
    size_t n = source->step < size ? source->step : size;

    (void)e;
    n = n < source->left ? n : source->left;
    memcpy(room, source->bytes, n);
    source->bytes += n;
    source->left -= n;
    return (ptrdiff_t)n;
}

static bool is_good(const char *bytes, size_t length)
{
    char *told[2];
    int result = 0;

    for (size_t i = 0; i < 2; i++) {
        struct source source = {bytes, length, i ? 1 + length % 13 : 65536};
        struct receipt_check check;
        struct err e = {0};
        const json_t *text;
        size_t j;

        result = receipt_check(more, &source, key, &check, &e);
        must(result >= 0 && !e.kind);
        must((result == 0) == (json_array_size(check.wrong) == 0));
        json_array_foreach(check.wrong, j, text)
            fuzz_told(json_string_value(text));
        told[i] = json_canonical(check.wrong);
        receipt_check_fini(&check);
    }
    must(!strcmp(told[0], told[1]));
    free(told[0]);
    free(told[1]);
    return !result;
}

static void check_edits(struct fuzz_input *input)
{
    cleanup_free char *bytes = mem_new(good.len + 1);
    size_t length = good.len;

    memcpy(bytes, good.data, length);
    while (input->size >= 3) {
        size_t place = fuzz_byte(input) << 8;

        place |= fuzz_byte(input);
        if (place < length)
            bytes[place] = (char)fuzz_byte(input);
        else
            length -= fuzz_byte(input) % (length / 2 + 1);
    }
    must(is_good(bytes, length) == (length == good.len && !memcmp(bytes, good.data, good.len)));
}

static void check_canonical(struct fuzz_input *input)
{
    size_t length;
    cleanup_free char *bytes = fuzz_rest(input, &length);
    struct source source = {bytes, length, 3};
    struct canonical_reader *reader = mem_new(sizeof *reader);
    struct err e = {0};
    cleanup_str struct str meant = {0}, again = {0};
    int64_t number;

    *reader = (struct canonical_reader){.more = more, .arg = &source, .e = &e};
    if (canonical_peek(reader) != '"') {
        if (!canonical_number(reader, &number) && !canonical_end(reader))
            str_addf(&again, "%lld", (long long)number);
    } else if (!canonical_text(reader, &meant, 1 << 20) && !canonical_end(reader)) {
        canonical_add_text(&again, str_text(&meant), meant.len);
    }
    if (e.kind)
        fuzz_error(&e);
    else
        must(again.len == length && !memcmp(str_text(&again), bytes, length));
    free(reader);
}

FUZZ_TARGET(receipt)
{
    struct fuzz_input input = {data, size};
    unsigned kind = fuzz_byte(&input) % 3;

    if (!key) {
        make_key();
        make_good();
    }
    if (kind == 1)
        check_edits(&input);
    else if (kind == 2)
        check_canonical(&input);
    else
        must(!is_good((const char *)input.data, input.size));
}
