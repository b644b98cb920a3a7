/* usage.h -- the usage of a month, from rollups or from raw events, as lines to rate. */
#ifndef BILLING_BILL_USAGE_H
#define BILLING_BILL_USAGE_H

#include "aws/flow.h"
#include "billing/prices/rating.h"
#include "billing/store/billing.h"

enum usage_source {
    USAGE_FROM_ROLLUP,
    USAGE_FROM_RAW,
    USAGE_PREVIEW /* both: usage_preview.h */
};

struct usage_request {
    enum usage_source source;
    struct day_span days; /* billing days */
};

/* Who gets the lines of a reading: memory for a piece of the answer, however many there are. */
struct usage_taker {
    /* Of the segments of the book, from 0.  What was given of it is void: lines begin (anew). */
    void (*begin)(void *arg, size_t segment);
    /* Off the loop, segments at the same time; -1 and *e ends the reading.  Texts are borrowed. */
    int (*line)(void *arg, const struct usage_line *line, struct err *e);
    void *arg;
    /* Gets {"source", "query_hash", "scanned_bytes", "engine_ms", "query_ids"}, a new reference;
     * may be NULL. */
    json_t **sources;
};
/* One query per segment of the price book, at most settings.parallel_queries together.  Queries:
 * usage_rollup, usage_raw.  0, or -1 and *e. */
int usage_each(struct flow *flow, const struct billing *billing,
               const struct usage_request *request, const struct usage_taker *taker, struct err *e);
/* What usage_raw and audit_days ask for: {"first_day", "days", "partition_filter", "object"}; new
 * reference. */
json_t *usage_raw_values(const struct billing *billing, struct day_span days);
/* "(20251001, 1759276800, 1759363200, 2025093023, 2025100423), ...": each day, its first second and
 * the next day's, the first and the last hour of arrival that count for it; new text. */
char *usage_day_rows(const struct billing *billing, struct day_span days);
/* A billing day as the queries number it: 20251031. */
json_int_t usage_day_number(struct day day);
/* The name of the query that reads it. */
const char *usage_query(enum usage_source source);
/* What would be asked for the days of one segment, without asking; new text, or NULL and *e. */
char *usage_text(const struct billing *billing, const struct usage_request *request, struct err *e);

#endif
