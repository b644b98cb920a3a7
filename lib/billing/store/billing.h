/* billing.h -- what every billing procedure works with: one pipeline, its names, its price book.
 *
 * Made once per spec (lib/spec/billing_setup.c) from the manifest; procedures only read it, but for
 * what they find damaged. */
#ifndef BILLING_STORE_BILLING_H
#define BILLING_STORE_BILLING_H

#include "aws/client.h"
#include "billing/prices/settings.h"

#include <jansson.h>
#include <stdint.h>

struct price_book;

/* Names as AWS knows them, of the resources with the ids in parentheses.  "" where a resource is
 * switched off. */
struct billing_names {
    char *bucket;                    /* (bucket) */
    char *data_prefix;               /* (stream) up to the first expression: "access-logs/" */
    char **side_prefixes;            /* more objects of the same layout ("recovered/"), read like
                                        those below data_prefix; NULL, or ends with NULL */
    char *error_prefix;              /* (stream) likewise: "error/" */
    char *stream;                    /* (stream) */
    char *log_group;                 /* (access_logs) */
    char *filter;                    /* (subscription) */
    char *api_name, *api_id, *stage; /* (stage_logging) api_id may be "" */
    char *workgroup;                 /* (workgroup) */
    char *results;                   /* (workgroup) "s3://bucket/athena-results/" */
    char *database;                  /* (database) */
    char *raw_table;                 /* (raw_table) */
    char *view;                      /* (view) */
    char *rollup_table;              /* (rollup_table) */
    char *rollup_prefix;             /* (rollup_table) key part of its location: "parquet-data/" */
    char *runs_table;                /* (rollup_runs) the same files by run: to check a build before
                                        it counts */
};

struct billing {
    char *pipeline;
    char *account, *region, *partition;
    struct aws_session *session; /* borrowed */
    struct billing_names names;
    struct billing_settings settings;
    struct price_book *book;  /* owned */
    int64_t scan_limit_bytes; /* of the workgroup, for one query; 0: none that the spec names */
    json_t *damaged;          /* objects that queries leave out: damaged.h */
    json_t *queries;          /* name -> SQL, table names in, ${runtime} placeholders left */
};

/* The log groups of the account whose events are billed: the present one (index 0), then those that
 * billing.log_groups names; NULL behind the last.  Borrowed. */
const char *billing_log_group(const struct billing *billing, size_t index);
/* Whether an envelope's events are the pipeline's: the rule of the view (specs/sql/view.sql).  ""
 * for what it does not say. */
bool billing_owns(const struct billing *billing, const char *owner, const char *log_group);
void billing_free(struct billing *billing);

#endif
