/* Merkle trees: the vectors of Certificate Transparency (github.com/transparency-dev/merkle v0.0.2,
 * testonly/constants.go and proof/verify_test.go, Apache-2.0), and RFC 6962's own definition by
 * recursion for every tree and leaf up to 130. */
#include "billing/receipt/merkle.h"

#include "base/digest.h"
#include "base/mem.h"
#include "check.h"

#include <stdlib.h>

enum { MOST = 130 };

static const char *const inputs[] = {
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};
struct proof {
    size_t leaf, size; /* from 1 */
    const char *path[4];
};
static const struct proof proofs[] = {
    {1, 1, {NULL}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {3, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {2,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

static size_t from_hex(const char *hex, unsigned char *out)
{
    size_t n = strlen(hex) / 2;

    for (size_t i = 0; i < n; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

        out[i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    return n;
}

static void check_hash(const struct merkle_hash *have, const char *want)
{
    struct merkle_hash wanted;

    from_hex(want, wanted.bytes);
    CHECK(merkle_same(have, &wanted));
}

static void test_vectors(void)
{
    struct merkle_hash leaves[8];
    struct merkle_tree tree = {0};
    struct merkle_hash root = merkle_root(&tree);

    check_hash(&root, roots[0]);
    for (size_t i = 0; i < 8; i++) {
        unsigned char bytes[16];

        leaves[i] = merkle_leaf(bytes, from_hex(inputs[i], bytes));
        merkle_add(&tree, &leaves[i]);
        root = merkle_root(&tree);
        check_hash(&root, roots[i + 1]);
    }
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        const struct proof *proof = &proofs[i];
        struct merkle_path path = merkle_path_of(leaves, proof->size, proof->leaf - 1);

        for (size_t j = 0; j < path.count; j++)
            check_hash(&path.list[j], proof->path[j]);
        CHECK(path.count < 4 && !proof->path[path.count]);
        from_hex(roots[proof->size], root.bytes);
        CHECK(merkle_is_in(&leaves[proof->leaf - 1], proof->leaf - 1, proof->size, &path, &root));
    }
}

/* MTH of RFC 6962, 2.1, word for word. */
static struct merkle_hash defined_root(const struct merkle_hash *leaves, size_t count)
{
    unsigned char bytes[65] = {0x01};
    struct merkle_hash left, right, hash;
    size_t k = 1;

    if (count == 1)
        return leaves[0];
    while (2 * k < count)
        k *= 2;
    left = defined_root(leaves, k);
    right = defined_root(leaves + k, count - k);
    memcpy(bytes + 1, left.bytes, 32);
    memcpy(bytes + 33, right.bytes, 32);
    digest_sha256_sum(bytes, sizeof bytes, hash.bytes);
    return hash;
}

/* No other place, size, leaf or path leads to the root. */
static void check_refusals(const struct merkle_hash *leaves, size_t count, size_t index,
                           const struct merkle_path *path, const struct merkle_hash *root)
{
    struct merkle_path other = *path;

    for (size_t i = 0; i <= count; i++)
        CHECK(i == index || !merkle_is_in(&leaves[index], i, count, path, root));
    CHECK(!merkle_is_in(&leaves[index], index, 0, path, root));
    CHECK(count == 1 || !merkle_is_in(&leaves[(index + 1) % count], index, count, path, root));
    other.count++;
    CHECK(other.count > MERKLE_PATH_MOST ||
          !merkle_is_in(&leaves[index], index, count, &other, root));
    if (!path->count)
        return;
    other.count = path->count - 1;
    CHECK(!merkle_is_in(&leaves[index], index, count, &other, root));
    for (size_t i = 0; i < path->count; i++) {
        other = *path;
        other.list[i].bytes[i % 32] ^= 1;
        CHECK(!merkle_is_in(&leaves[index], index, count, &other, root));
    }
}

static void test_definition(void)
{
    struct merkle_hash leaves[MOST];
    struct merkle_tree tree = {0};

    for (size_t count = 1; count <= MOST; count++) {
        struct merkle_hash root, defined;

        leaves[count - 1] = merkle_leaf(&count, sizeof count);
        merkle_add(&tree, &leaves[count - 1]);
        root = merkle_root(&tree);
        defined = defined_root(leaves, count);
        CHECK(merkle_same(&root, &defined));
        for (size_t index = 0; index < count; index++) {
            struct merkle_path path = merkle_path_of(leaves, count, index);

            CHECK_INT(path.count, merkle_path_length(index, count));
            CHECK(merkle_is_in(&leaves[index], index, count, &path, &root));
            if (count < 20 || index == count - 1)
                check_refusals(leaves, count, index, &path, &root);
        }
    }
}

/* The classic second preimage: two leaves' hashes as one leaf of a smaller tree. */
static void test_node_as_leaf(void)
{
    struct merkle_hash leaves[2] = {merkle_leaf("a", 1), merkle_leaf("b", 1)}, forged;
    struct merkle_hash root = defined_root(leaves, 2);
    struct merkle_path none = {0};

    forged = merkle_leaf(leaves, sizeof leaves);
    CHECK(!merkle_is_in(&forged, 0, 1, &none, &root));
    CHECK(merkle_is_in(&root, 0, 1, &none, &root)); /* a hash alone proves nothing: bytes do */
}

/* Sizes that no memory holds. */
static void test_great(void)
{
    struct merkle_hash leaf = merkle_leaf("", 0);
    struct merkle_path path = {.count = MERKLE_PATH_MOST};

    CHECK_INT(merkle_path_length(0, UINT64_MAX), 64);
    CHECK_INT(merkle_path_length(UINT64_MAX - 1, UINT64_MAX), 63);
    CHECK(!merkle_is_in(&leaf, 0, UINT64_MAX, &path, &leaf));
    CHECK(!merkle_is_in(&leaf, UINT64_MAX, UINT64_MAX, &path, &leaf));
}

int main(void)
{
    test_vectors();
    test_definition();
    test_node_as_leaf();
    test_great();
    return check_done();
}
