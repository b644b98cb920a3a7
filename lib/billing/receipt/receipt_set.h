/* receipt_set.h -- the receipts of one closed document of all customers, gathered customer by
 * customer: their leaves, the month's root, and what is kept so that each can be given later. Pure;
 * memory for some hundred bytes of each customer. */
#ifndef BILLING_RECEIPT_RECEIPT_SET_H
#define BILLING_RECEIPT_RECEIPT_SET_H

#include "billing/receipt/receipt.h"

#include <jansson.h>

struct receipt_set;

/* head: its texts are copied; its key, size and hash come from elsewhere.  key is borrowed. */
struct receipt_set *receipt_set_new(const struct signature_key *key,
                                    const struct receipt_root *head);
void receipt_set_free(struct receipt_set *set);

/* What a customer's requests come to, of a set that is itemised, before its document: hash is
 * SHA-256 of its id in hex, in ascending order; parts says where they lie (taken over). */
void receipt_set_items(struct receipt_set *set, const char *hash, const struct receipt_items *items,
                       json_t *parts);
/* A customer's document as it is stored. */
struct receipt_document {
    const char *customer, *hash; /* hash: of the customer */
    const char *statement;
    const json_t *usage; /* `usage` of it */
};
/* A customer without items has no requests.  -1 and *e (ERR_RETRY) where they are not as many calls
 * and bytes as the document bills. */
int receipt_set_add(struct receipt_set *set, const struct receipt_document *document,
                    struct err *e);

/* Forgets the documents, not the items: they are made anew. */
void receipt_set_again(struct receipt_set *set);

/* All of them: {"document": receipt_root_text, "signature": hex}, for the manifest; appends the
 * records (a line of JSON for each customer, in the order of hashes: "hash", "salt", and where it
 * is itemised "calls", "bytes", "root", "parts") and the leaves of the tree, 32 bytes each.  New
 * reference, or NULL and *e. */
json_t *receipt_set_end(struct receipt_set *set, struct str *records, struct str *leaves,
                        struct err *e);

/* ---- one of them, found again ---- */

/* The bytes that lower-case hex says; false when it is none of so many. */
bool receipt_set_hex(const char *text, unsigned char *bytes, size_t count);
/* What a line of the records says; false when it is none. */
bool receipt_set_read(const json_t *line, unsigned char salt[static RECEIPT_SALT],
                      struct receipt_items *items);
/* Proof and place of a leaf among the leaves of a tree whose root is told, too; -1 when it is not
 * among them.  A multiple of 32 bytes. */
int receipt_set_find(const struct str *leaves, const struct merkle_hash *leaf,
                     struct receipt *receipt, struct merkle_hash *root);

#endif
