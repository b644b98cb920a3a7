/* err.h -- the one error type: what went wrong, told so that the caller knows what to do.
 *
 * The caller owns a struct err and passes it last.  The first error wins: err_set on a struct that
 * already holds an error does nothing.  Failing functions return -1 (or NULL) and set it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
    ERR_NONE,
    ERR_INVALID,   /* input is wrong and stays wrong until somebody edits it */
    ERR_ABSENT,    /* the thing asked for does not exist */
    ERR_DENIED,    /* no permission, bad credentials, or refused by a guard */
    ERR_RETRY,     /* may succeed when tried again later */
    ERR_EVIDENCE,  /* what was signed or put away is not what it was */
    ERR_CANCELLED, /* given up on request */
};

struct err {
    enum err_kind kind;
    char text[1024];
};

/* Sets kind and text (on one line, secrets hidden) unless *e already holds an error.  Always
 * returns -1. */
int err_set(struct err *e, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " before the text of an error already set.  Always returns -1. */
int err_wrap(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Forgets the error, so that the struct can be used again. */
void err_clear(struct err *e);

#endif
