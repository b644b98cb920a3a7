/* legacy.h -- CloudWatch Logs envelopes in every form they were ever delivered in: JSON documents
 * one behind the other, with or without newlines, in any number of gzip members, or base64 inside
 * what Firehose writes below its error prefix. */
#ifndef BILLING_STORE_LEGACY_H
#define BILLING_STORE_LEGACY_H

#include "aws/flow.h"
#include "billing/store/billing.h"

struct legacy_counts {
    int64_t documents;  /* JSON documents of any kind */
    int64_t envelopes;  /* data messages among them */
    int64_t control;    /* control messages */
    int64_t events;     /* log events of the data messages */
    int64_t unreadable; /* pieces that are no envelope, or broken */
    int64_t readable;   /* events that Athena sees: of the first document of each line, when the
                           name ends in .gz; for the others none */
};

struct legacy_reader {
    /* Of each data message; borrowed.  arrival_ms: when Firehose took it, 0 when it does not say.
     */
    void (*envelope)(void *arg, const json_t *envelope, int64_t arrival_ms);
    void *arg;
};
/* Walks through an object's bytes as they lie in S3 (key: its name), in pieces that are cut
 * anywhere: memory for a document of it.  Never fails: what cannot be read is counted.  reader may
 * be NULL; everything is borrowed until the end. */
struct legacy_walk *legacy_walk_new(const char *key, const struct legacy_reader *reader,
                                    struct legacy_counts *counts);
void legacy_walk_feed(struct legacy_walk *walk, const void *bytes, size_t length);
/* All has been fed; counts are right from here on.  Frees walk. */
void legacy_walk_end(struct legacy_walk *walk);
struct legacy_reading {
    struct legacy_reader reader; /* without a function: to count; it runs on another thread */
    /* Between parts of the object; as struct object_walk's. */
    int (*between)(struct flow *flow, void *arg, struct err *e);
    struct legacy_counts counts;
    struct legacy_walk *walk; /* its own */
};
/* Walks through an object of object_list's, part by part on another thread.  -1 and *e as
 * object_content_walk. */
int legacy_read(struct flow *flow, const struct billing *billing, const json_t *object,
                struct legacy_reading *reading, struct err *e);
/* The hour in which the oldest record of an object arrived, seconds since 1970, by its key; 0 when
 * the key does not tell.  Firehose writes the time of writing, UTC, into the name and that of the
 * oldest record, in the zone of the stream, into the folder; the folder is believed where it is no
 * more than an hour before the name.  (Amazon Data Firehose, "Amazon S3 object name format") */
int64_t legacy_arrival(const char *key);

#endif
