/* receipt.h -- what proves one customer's document of a month: the texts and hashes of
 * docs/receipts.md, made and put together.  Pure.
 *
 * A customer's requests are the leaves of a tree of theirs; its root, the statement and a salt that
 * only they get make the customer's leaf; the month's tree has a leaf for each customer, and more
 * that stand for nobody, so that its size tells only the order of how many there are.  Its root
 * stands in a small signed document that tells nothing else of the seller's books. */
#ifndef BILLING_RECEIPT_RECEIPT_H
#define BILLING_RECEIPT_RECEIPT_H

#include "base/str.h"
#include "billing/receipt/merkle.h"
#include "billing/receipt/signature.h"

#define RECEIPT_FORMAT "billingd-receipt-1"
#define RECEIPT_ROOT_FORMAT "billingd-receipts-root-1"

enum { RECEIPT_SALT = 32, RECEIPT_TREE_LEAST = 16 };
/* A larger one is refused, when written and when read: bytes. */
enum {
    RECEIPT_ID_MOST = 4096,
    RECEIPT_ROUTE_MOST = 16384,
    RECEIPT_STATUS_MOST = 256,
    RECEIPT_STATEMENT_MOST = 32 << 20,
    RECEIPT_ROOT_MOST = 4096,
};

/* ---- requests ---- */

/* A call that was billed; NULL where its line said nothing. */
struct receipt_request {
    const char *id, *route, *status;
    int64_t time_s; /* epoch seconds */
    int64_t bytes;  /* as billed, not negative */
};
/* Appends it as it stands in a receipt, which are the bytes of its leaf too. */
void receipt_add_request(struct str *out, const struct receipt_request *request);
/* Their order: by id, those without one first, then by time, route, status and bytes. Below 0, 0,
 * above 0. */
int receipt_compare(const struct receipt_request *a, const struct receipt_request *b);

/* What all requests of a customer come to. */
struct receipt_items {
    bool itemised; /* false: the document says nothing of single requests */
    uint64_t calls;
    int64_t bytes;
    struct merkle_hash root; /* of the tree of their leaves */
};

/* ---- a customer's leaf ---- */

/* The salt of a customer's document: nobody guesses it who has not the private key, and a close
 * that is tried again comes to the same.  -1 and *e for a public key. */
int receipt_salt(const struct signature_key *key, const char *invoice, const char *customer,
                 unsigned char salt[static RECEIPT_SALT], struct err *e);
struct merkle_hash receipt_leaf(const unsigned char salt[static RECEIPT_SALT],
                                const struct receipt_items *items, const char *statement,
                                size_t length);

/* ---- the month ---- */

/* Leaves of a month's tree of so many customers: a power of two, 16 at least. */
size_t receipt_tree_size(size_t customers);
/* Puts the leaves of nobody behind those of count customers, up to receipt_tree_size, and all in
 * order by their bytes, so that a place in it tells nothing.  leaves has room for all.  -1 and *e
 * for a public key. */
int receipt_fill(const struct signature_key *key, const char *invoice, struct merkle_hash *leaves,
                 size_t count, struct err *e);

/* The document that is signed for all customers of a month. */
struct receipt_root {
    const char *invoice;  /* number of the closed document: "shop-2025-10" */
    const char *month;    /* "2025-10" */
    const char *pipeline; /* "shop" */
    const char *key;      /* fingerprint of the key (signature_fingerprint) */
    bool itemised;
    int64_t from_s, to_s; /* the period */
    uint64_t size;        /* leaves */
    struct merkle_hash hash;
};
/* Its bytes; new text. */
char *receipt_root_text(const struct receipt_root *root);

/* ---- the file ---- */

struct receipt {
    struct merkle_path path;
    uint64_t index;
    const char *root; /* receipt_root_text */
    unsigned char salt[RECEIPT_SALT], signature[SIGNATURE_BYTES];
    const char *statement;
};
/* Appends what stands before the first request, and behind the last.  Between them stand the
 * requests, with commas between; nothing where the document is not itemised. */
void receipt_begin(struct str *out, const struct receipt *receipt, bool itemised);
void receipt_end(struct str *out, const struct receipt *receipt, bool itemised);

#endif
