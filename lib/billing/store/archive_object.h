/* archive_object.h -- objects of the archive, by key. */
#ifndef BILLING_STORE_ARCHIVE_OBJECT_H
#define BILLING_STORE_ARCHIVE_OBJECT_H

#include "billing/store/object_content.h"

/* Appends the whole object; -1 and *e, ERR_ABSENT when there is none. */
int archive_object_read(struct flow *flow, const struct billing *billing, const char *key,
                        struct str *out, struct err *e);
/* The entry of object_list, new reference; NULL and *e (ERR_ABSENT). */
json_t *archive_object_find(struct flow *flow, const struct billing *billing, const char *key,
                            struct err *e);
/* 0 when it is there, written now or before; 1 when something else was; -1 and *e. */
int archive_object_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e);

#endif
