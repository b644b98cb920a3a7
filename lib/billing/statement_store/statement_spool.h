/* statement_spool.h -- what customers used by day, route and status, put away in temporary files
 * until the customer's turn comes: memory for a part of them, however many they are.
 *
 * All of it reads and writes files: off the loop (flow_work). */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_SPOOL_H
#define BILLING_STATEMENT_STORE_STATEMENT_SPOOL_H

#include "base/err.h"

#include <jansson.h>
#include <stdint.h>

/* Customers fall into so many parts, in the order of their hashes. */
enum { STATEMENT_SPOOL_PARTS = 64 };

struct statement_usage {
    const char *customer;       /* NULL: nobody's */
    const char *route, *status; /* NULL: the log does not say */
    int64_t day;                /* 20251031 */
    int64_t calls, bytes;
};

/* Of a customer id, SHA-256 in hex: where its documents lie, and their order. */
void statement_spool_hash(const char *customer, char hash[static 65]);
/* The part of a hash, from 0; the last one for NULL (nobody). */
size_t statement_spool_part(const char *hash);

struct statement_spool;
/* Its files lie where unnamed_file has them.  NULL and *e (ERR_RETRY). */
struct statement_spool *statement_spool_new(struct err *e);
void statement_spool_free(struct statement_spool *spool);
/* Forgets what was added. */
int statement_spool_clear(struct statement_spool *spool, struct err *e);
/* -1 and *e (ERR_RETRY) when the disk is full. */
int statement_spool_add(struct statement_spool *spool, const struct statement_usage *usage,
                        struct err *e);

/* The rows of one part. */
struct statement_days;
/* NULL and *e. */
struct statement_days *statement_spool_load(struct statement_spool *spool, size_t part,
                                            struct err *e);
void statement_spool_days_free(struct statement_days *days);
/* [{"day", "route", "status", "calls", "bytes"}] of a customer (NULL: nobody), sorted, one row for
 * each three; new reference, empty when there is none. */
json_t *statement_spool_days_of(const struct statement_days *days, const char *customer);

#endif
