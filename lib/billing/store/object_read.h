/* backfill_object.h -- whole objects of any size, and gzip as Firehose and CloudWatch Logs write
 * it: several members one after the other. */
#ifndef BILLING_STORE_OBJECT_READ_H
#define BILLING_STORE_OBJECT_READ_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/store/context.h"

/* Bytes after decompression that one object may have; more is refused, not swallowed. */
enum { OBJECT_BYTES_MOST = 512 << 20 };

/* Reads an entry of object_list ({"key", "size", "etag"}) in parts, all of the same version.  -1
 * and *e; ERR_ABSENT when it is gone, ERR_INVALID when it cannot be read as it lies (archived). */
int object_read(struct flow *flow, const struct billing *billing, const json_t *object,
                struct str *out, struct err *e);
/* Writes it unless the key is taken (If-None-Match: *).  1 written, 0 it was there, -1 and *e. */
int object_put(struct flow *flow, const struct billing *billing, const char *key,
               const struct str *body, struct err *e);

/* Appends the bytes, gzip members decompressed; bytes that are no gzip as they are.  -1 and *e
 * (ERR_INVALID) when a member is broken or it gets too big; what came before stays in out. */
int object_gunzip(const void *bytes, size_t length, struct str *out, struct err *e);
/* Appends one gzip member without a time stamp: equal bytes give equal bytes. */
void object_gzip(const void *bytes, size_t length, struct str *out);

#endif
