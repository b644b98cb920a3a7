/* object_list.h -- objects below a prefix, and what hour of arrival a key stands for. */
#ifndef BILLING_STORE_OBJECT_LIST_H
#define BILLING_STORE_OBJECT_LIST_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* [{"key", "size", "etag", "modified"}] sorted by key (modified: epoch seconds), with "archived":
 * true where no query reads the object (storage class GLACIER or DEEP_ARCHIVE); new reference.
 * Keys are decoded. */
json_t *object_list(struct flow *flow, const struct billing *billing, const char *prefix,
                    struct err *e);
struct object_range {
    const char *prefix;
    const char *after, *before; /* keys, both out; NULL: no such end */
};
/* Those of them in the range, and no page more is asked for. */
json_t *object_list_between(struct flow *flow, const struct billing *billing,
                            const struct object_range *range, struct err *e);
/* One by one in the order of their keys, on the loop: memory for a page, however many they are. */
struct object_entry {
    const char *key;
    const json_t *item; /* as S3 lists it: Size, ETag, LastModified */
    bool archived;
};
struct object_taker {
    void (*object)(void *arg, const struct object_entry *entry);
    /* After a page that ends with the key last, and not the list; false: that is enough.  NULL: all
     * pages. */
    bool (*more)(void *arg, const char *last);
    void *arg;
};
/* 0: all were given; 1: there are more than was enough; -1 and *e. */
int object_list_each(struct flow *flow, const struct billing *billing,
                     const struct object_range *range, const struct object_taker *taker,
                     struct err *e);
/* The entry as object_list has it; new reference. */
json_t *object_list_entry(const struct object_entry *entry);
/* Names right below prefix that end with "/" ("year=2025/"): list of full prefixes; new reference.
 */
json_t *object_list_folders(struct flow *flow, const struct billing *billing, const char *prefix,
                            struct err *e);
/* "access-logs/year=2025/month=10/day=31/hour=23/" for an hour (UTC epoch seconds); new text. */
char *object_list_hour_prefix(const char *data_prefix, int64_t hour_s);

#endif
