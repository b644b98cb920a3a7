/* gzip.h -- gzip as Firehose and CloudWatch Logs write it: several members one after the other. */
#ifndef BILLING_BULK_GZIP_H
#define BILLING_BULK_GZIP_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <zlib.h>

/* Bytes that may come out, unless a reader says otherwise; more is refused, not swallowed. */
enum { GZIP_MOST = 512 << 20 };

/* Appends the bytes, gzip members decompressed; bytes that are no gzip as they are.  -1 and *e
 * (ERR_INVALID) when a member is broken or it gets too big; what came before stays in out. */
int gzip_unpack(const void *bytes, size_t length, struct str *out, struct err *e);
/* The same in pieces, cut anywhere: memory for a window, whatever comes out. */
struct gzip_reader {
    void (*take)(void *arg, const void *bytes, size_t length); /* what comes out, in pieces */
    void *arg;
    size_t most; /* GZIP_MOST; who signed what is read may set another */
    z_stream stream;
    unsigned char head[2]; /* of what may be the next member */
    size_t head_length;
    int state; /* enum in gzip.c */
    size_t given, behind;
    struct err failed;
};
void gzip_reader_init(struct gzip_reader *reader,
                      void (*take)(void *arg, const void *bytes, size_t length), void *arg);
/* False: it is broken or too big; more may be fed, and only counts. */
bool gzip_reader_feed(struct gzip_reader *reader, const void *bytes, size_t length);
/* Whether the bytes so far are no gzip. */
bool gzip_reader_is_plain(const struct gzip_reader *reader);
/* The end, frees the inside.  -1 and *e as gzip_unpack. */
int gzip_reader_end(struct gzip_reader *reader, struct err *e);

/* Appends one gzip member without a time stamp: equal bytes give equal bytes. */
void gzip_pack(const void *bytes, size_t length, struct str *out);

#endif
