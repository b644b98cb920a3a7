/* legacy.h -- CloudWatch Logs envelopes in every form they were ever delivered in: JSON documents
 * one behind the other, with or without newlines, in any number of gzip members, or base64 inside
 * what Firehose writes below its error prefix. */
#ifndef BILLING_STORE_LEGACY_H
#define BILLING_STORE_LEGACY_H

#include "base/err.h"

#include <jansson.h>
#include <stddef.h>

struct legacy_counts {
    int64_t documents;  /* JSON documents of any kind */
    int64_t envelopes;  /* data messages among them */
    int64_t control;    /* control messages */
    int64_t events;     /* log events of the data messages */
    int64_t unreadable; /* pieces that are no envelope, or broken */
    int64_t readable;   /* events that Athena sees: of the first document of each line, when the
                           name ends in .gz; for the others none */
};

/* Called for each data message; envelope is borrowed. */
typedef void legacy_envelope_fn(void *arg, const json_t *envelope);

/* Walks through an object's bytes as they lie in S3 (key: its name).  Never fails: what cannot be
 * read is counted.  fn may be NULL. */
void legacy_walk(const char *key, const void *bytes, size_t length, legacy_envelope_fn *fn,
                 void *arg, struct legacy_counts *counts);

#endif
