#include "billing/receipt/merkle.h"

#include "base/digest.h"
#include "base/mem.h"

#include <openssl/evp.h>
#include <string.h>

bool merkle_same(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* ---- leaves and nodes ---- */

struct merkle_leaf {
    EVP_MD_CTX *context;
};

struct merkle_leaf *merkle_leaf_new(void)
{
    static const unsigned char kind = 0x00;
    struct merkle_leaf *leaf = mem_new(sizeof *leaf);

    leaf->context = EVP_MD_CTX_new();
    if (!leaf->context || !EVP_DigestInit_ex(leaf->context, EVP_sha256(), NULL))
        abort(); /* no memory */
    merkle_leaf_add(leaf, &kind, 1);
    return leaf;
}

void merkle_leaf_add(struct merkle_leaf *leaf, const void *bytes, size_t length)
{
    if (length && !EVP_DigestUpdate(leaf->context, bytes, length))
        abort();
}

struct merkle_hash merkle_leaf_end(struct merkle_leaf *leaf)
{
    struct merkle_hash hash;

    if (!EVP_DigestFinal_ex(leaf->context, hash.bytes, NULL))
        abort();
    EVP_MD_CTX_free(leaf->context);
    free(leaf);
    return hash;
}

struct merkle_hash merkle_leaf(const void *bytes, size_t length)
{
    struct merkle_leaf *leaf = merkle_leaf_new();

    merkle_leaf_add(leaf, bytes, length);
    return merkle_leaf_end(leaf);
}

static struct merkle_hash node(const struct merkle_hash *left, const struct merkle_hash *right)
{
    unsigned char bytes[1 + 2 * sizeof left->bytes] = {0x01};
    struct merkle_hash hash = {0};

    memcpy(bytes + 1, left->bytes, sizeof left->bytes);
    memcpy(bytes + 1 + sizeof left->bytes, right->bytes, sizeof right->bytes);
    digest_sha256_sum(bytes, sizeof bytes, hash.bytes);
    return hash;
}

/* ---- the root ---- */

static size_t whole_count(const struct merkle_tree *tree)
{
    return (size_t)__builtin_popcountll(tree->count);
}

void merkle_add(struct merkle_tree *tree, const struct merkle_hash *leaf)
{
    size_t n = whole_count(tree);

    tree->whole[n++] = *leaf;
    for (uint64_t bits = tree->count; bits & 1; bits >>= 1, n--)
        tree->whole[n - 2] = node(&tree->whole[n - 2], &tree->whole[n - 1]);
    tree->count++;
}

struct merkle_hash merkle_root(const struct merkle_tree *tree)
{
    size_t n = whole_count(tree);
    struct merkle_hash root = {0};

    if (!n) {
        digest_sha256_sum("", 0, root.bytes);
        return root;
    }
    root = tree->whole[n - 1];
    while (--n)
        root = node(&tree->whole[n - 1], &root);
    return root;
}

/* ---- inclusion ---- */

static struct merkle_hash root_of(const struct merkle_hash *leaves, size_t count)
{
    struct merkle_tree tree = {0};

    for (size_t i = 0; i < count; i++)
        merkle_add(&tree, &leaves[i]);
    return merkle_root(&tree);
}

/* The greatest power of two below count, which is 2 at least. */
static size_t left_part(size_t count)
{
    size_t part = 1;

    while (part < count - part)
        part *= 2;
    return part;
}

struct merkle_path merkle_path_of(const struct merkle_hash *leaves, size_t count, size_t index)
{
    struct merkle_path path = {.count = merkle_path_length(index, count)};
    size_t at = path.count;

    /* From the root down, so that the list is filled from its end. */
    while (count > 1) {
        size_t left = left_part(count);
        bool is_left = index < left;

        path.list[--at] = is_left ? root_of(leaves + left, count - left) : root_of(leaves, left);
        leaves += is_left ? 0 : left;
        index -= is_left ? 0 : left;
        count = is_left ? left : count - left;
    }
    return path;
}

size_t merkle_path_length(uint64_t index, uint64_t count)
{
    uint64_t last = count - 1;
    size_t length = 0;

    for (; last; index >>= 1, last >>= 1)
        length += index & 1 || index < last; /* the last of an odd level has nothing beside it */
    return length;
}

bool merkle_is_in(const struct merkle_hash *leaf, uint64_t index, uint64_t count,
                  const struct merkle_path *path, const struct merkle_hash *root)
{
    struct merkle_hash hash = *leaf;
    uint64_t last = count - 1;
    size_t at = 0;

    if (index >= count || path->count != merkle_path_length(index, count))
        return false;
    for (; last; index >>= 1, last >>= 1) {
        if (index & 1)
            hash = node(&path->list[at++], &hash);
        else if (index < last)
            hash = node(&hash, &path->list[at++]);
    }
    return merkle_same(&hash, root);
}
