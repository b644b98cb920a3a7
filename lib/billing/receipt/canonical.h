/* canonical.h -- JSON in the one form that RFC 8785 (JCS) leaves it: no blank, members by name,
 * each text and number written in one way.  So equal values are equal bytes, and bytes that were
 * changed and mean the same are found out. */
#ifndef BILLING_RECEIPT_CANONICAL_H
#define BILLING_RECEIPT_CANONICAL_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2^53 - 1: a greater number is not exact in JSON's readers (RFC 7493, 2.2). */
#define CANONICAL_NUMBER_MOST ((int64_t)9007199254740991)

/* Appends a text with its quotes; text is UTF-8 without NUL. */
void canonical_add_text(struct str *out, const char *text, size_t length);
/* Appends the text, or null for NULL. */
void canonical_add_text_or_null(struct str *out, const char *text);
/* Where bytes come from: how many were put into room (0: the end), or -1 and *e. */
typedef ptrdiff_t canonical_more_fn(void *arg, void *room, size_t size, struct err *e);

/* Reads such a text once, from its start to its end, in memory of its own size.  What it takes it
 * says by the first byte that differs: "byte 12: ...".  After a failure nothing more is read. */
struct canonical_reader {
    canonical_more_fn *more;
    void *arg;
    struct str *copy; /* gets what is read as it stands there; NULL: nobody wants it */
    struct err *e;    /* the first failure */
    uint64_t at;      /* bytes read */
    size_t next, end; /* within bytes */
    unsigned char bytes[65536];
};

/* The next byte, which stays; -1 at the end, or after a failure. */
int canonical_peek(struct canonical_reader *reader);
/* Each returns 0, or -1 and *e (ERR_INVALID for a text that is not so). */
int canonical_literal(struct canonical_reader *reader, const char *literal);
/* Appends what the text means; more than most bytes are refused. */
int canonical_text(struct canonical_reader *reader, struct str *out, size_t most);
/* From 0 on. */
int canonical_number(struct canonical_reader *reader, int64_t *number);
/* As many bytes in lower-case hex, as a text. */
int canonical_hex(struct canonical_reader *reader, unsigned char *bytes, size_t count);
/* Nothing may stand behind it. */
int canonical_end(struct canonical_reader *reader);
/* Says what is wrong where reading is. */
int canonical_wrong(struct canonical_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
