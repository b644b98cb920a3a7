/* archive_named.h -- objects of the archive whose key comes from their contents. */
#ifndef BILLING_STORE_ARCHIVE_NAMED_H
#define BILLING_STORE_ARCHIVE_NAMED_H

#include "billing/store/object_content.h"

/* 0 when it is there, written now or before; -1 and *e, also when something else is there. */
int archive_named_put(struct flow *flow, const struct billing *billing,
                      const struct object_new *object, struct err *e);
/* Something else is there: -1 and *e (ERR_INVALID). */
int archive_named_other(const struct billing *billing, const char *key, struct err *e);

#endif
