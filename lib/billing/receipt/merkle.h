/* merkle.h -- Merkle trees as RFC 6962 hashes them (section 2.1; RFC 9162, 2.1, says the same).
 *
 * A leaf is SHA-256 of 0x00 and its bytes, a node of 0x01 and both hashes below it, so that neither
 * can be passed off as the other.  Pure. */
#ifndef BILLING_RECEIPT_MERKLE_H
#define BILLING_RECEIPT_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MERKLE_PATH_MOST = 64 };

struct merkle_hash {
    unsigned char bytes[32];
};

bool merkle_same(const struct merkle_hash *a, const struct merkle_hash *b);

struct merkle_hash merkle_leaf(const void *bytes, size_t length);
/* The same of what comes piece by piece. */
struct merkle_leaf;
struct merkle_leaf *merkle_leaf_new(void);
void merkle_leaf_add(struct merkle_leaf *leaf, const void *bytes, size_t length);
/* Frees leaf. */
struct merkle_hash merkle_leaf_end(struct merkle_leaf *leaf);

/* A tree that grows leaf by leaf: one hash per bit of the count. {0} is the empty one. */
struct merkle_tree {
    uint64_t count;
    struct merkle_hash whole[MERKLE_PATH_MOST]; /* roots of the full subtrees, greatest first */
};
void merkle_add(struct merkle_tree *tree, const struct merkle_hash *leaf);
/* SHA-256 of nothing for the empty tree. */
struct merkle_hash merkle_root(const struct merkle_tree *tree);

/* Of inclusion: hashes from beside the leaf up to below the root. */
struct merkle_path {
    size_t count;
    struct merkle_hash list[MERKLE_PATH_MOST];
};
/* index < count. */
struct merkle_path merkle_path_of(const struct merkle_hash *leaves, size_t count, size_t index);
/* How many hashes the path of that leaf has; index < count. */
size_t merkle_path_length(uint64_t index, uint64_t count);
/* Whether the path leads from the leaf to the root of a tree of count leaves (RFC 9162, 2.1.3.2).
 * False too for an index that is none of the tree's, and a path of another length. */
bool merkle_is_in(const struct merkle_hash *leaf, uint64_t index, uint64_t count,
                  const struct merkle_path *path, const struct merkle_hash *root);

#endif
