/* gzip.h -- gzip as Firehose and CloudWatch Logs write it: several members one after the other. */
#ifndef BILLING_STORE_GZIP_H
#define BILLING_STORE_GZIP_H

#include "base/err.h"
#include "base/str.h"

/* Bytes that may come out; more is refused, not swallowed. */
enum { GZIP_MOST = 512 << 20 };

/* Appends the bytes, gzip members decompressed; bytes that are no gzip as they are.  -1 and *e
 * (ERR_INVALID) when a member is broken or it gets too big; what came before stays in out. */
int gzip_unpack(const void *bytes, size_t length, struct str *out, struct err *e);
/* Appends one gzip member without a time stamp: equal bytes give equal bytes. */
void gzip_pack(const void *bytes, size_t length, struct str *out);

#endif
