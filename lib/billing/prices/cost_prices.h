/* cost_prices.h -- what AWS charges for the pipeline itself: the `cost` section of a spec.
 *
 * No price is compiled in: they differ by region, and AWS changes them. An entry holds from its day
 * on, whole: what it does not name has no price then, which is not the same as a price of 0.  Days
 * are those of UTC, as on AWS's bill.  A GB of AWS's price lists is 2^30 bytes, a TB 2^40.  (Amazon
 * S3, CloudWatch and Athena pricing pages) */
#ifndef BILLING_PRICES_COST_PRICES_H
#define BILLING_PRICES_COST_PRICES_H

#include "billing/prices/section.h"

enum cost_unit {
    COST_LOGS_INGESTED,         /* bytes */
    COST_LOGS_STORED,           /* byte-seconds, as all that is stored */
    COST_FIREHOSE_INGESTED,     /* bytes, in steps of 5 KiB */
    COST_FIREHOSE_DECOMPRESSED, /* bytes */
    COST_ATHENA_SCANNED,        /* bytes, 10 MiB or more for a query */
    COST_S3_PUT,                /* PUT, COPY, POST and LIST requests */
    COST_S3_GET,                /* GET and all others */
    COST_GLUE_REQUESTS,
    COST_ALARMS,      /* alarm-seconds */
    COST_S3_STANDARD, /* byte-seconds by storage class, up to COST_UNITS */
    COST_S3_STANDARD_IA,
    COST_S3_ONEZONE_IA,
    COST_S3_INTELLIGENT_TIERING,
    COST_S3_GLACIER_IR,
    COST_S3_GLACIER,
    COST_S3_DEEP_ARCHIVE,
    COST_UNITS
};

enum cost_measure { COST_BYTES, COST_BYTE_MONTHS, COST_REQUESTS, COST_MONTHS };
struct cost_unit_form {
    const char *key; /* in an entry of `prices`: "athena_scanned" */
    const char *per; /* what a price is for: "TiB" */
    enum cost_measure measure;
    int64_t amount;    /* so many of the quantity cost one price; of what is stored, so many bytes
                          for a month */
    const char *class; /* S3's storage class */
};
extern const struct cost_unit_form cost_prices_units[COST_UNITS];
/* The unit of a storage class (NULL, "": STANDARD); COST_UNITS: there is none. */
enum cost_unit cost_prices_unit(const char *class);

struct cost_prices;

/* Checks a `cost` section of a spec; returns the number of problems. */
int cost_prices_check(const json_t *section, section_problem_fn *problem, void *arg);
/* From a section that passed the check (NULL: no price at all); new. */
struct cost_prices *cost_prices_new(const json_t *section);
void cost_prices_free(struct cost_prices *prices);
const char *cost_prices_currency(const struct cost_prices *prices);

/* The price of a day; false: there is none. */
bool cost_prices_find(const struct cost_prices *prices, enum cost_unit unit, struct day day,
                      struct price *price);

/* So much of a unit on each day of a month. */
enum { COST_DAYS = 31 };
struct cost_use {
    enum cost_unit unit;
    struct day month;              /* any day of it */
    money_integer days[COST_DAYS]; /* as the unit counts: bytes, byte-seconds, requests */
};
/* What it comes to: exact to 10^-21 of the currency, half up there, once for each price.  1; 0: a
 * day with use has no price; -1 and *e on overflow. */
int cost_prices_charge(const struct cost_prices *prices, const struct cost_use *use,
                       struct money *out, struct err *e);
/* The same of a quantity at one day's price. */
struct cost_part {
    enum cost_unit unit;
    struct day day;
    money_integer quantity; /* none below 0 */
};
int cost_prices_charge_at(const struct cost_prices *prices, const struct cost_part *part,
                          struct money *out, struct err *e);
/* What one of them answered: the amount with all its decimals, or null; new reference. */
json_t *cost_prices_json(int answer, struct money amount);

#endif
