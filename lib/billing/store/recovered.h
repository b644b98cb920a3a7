/* recovered.h -- names of recovered objects: what they were made of, and what they hold.
 *
 * recovered/year=2025/month=10/day=31/hour=23/KIND-SOURCE-CONTENT.json.gz: SOURCE is 16 hex digits
 * of what was read (an object's key and ETag, an hour of the log group), CONTENT of the lines.  So
 * the same loss recovered twice is one object, and a source can be told to have been recovered. */
#ifndef BILLING_STORE_RECOVERED_H
#define BILLING_STORE_RECOVERED_H

#include "billing/store/billing.h"

#include <stdbool.h>

enum { RECOVERED_ID = 17 }; /* 16 hex digits and the end */

/* "recovered/", or NULL when the spec has no table for it. */
const char *recovered_prefix(const struct billing *billing);
/* Source id of an entry of object_list. */
void recovered_object_id(const json_t *object, char id[static RECOVERED_ID]);
void recovered_text_id(const char *text, size_t length, char id[static RECOVERED_ID]);
/* The whole key; new text. */
char *recovered_key(const struct billing *billing, int64_t hour_s, const char *kind,
                    const char *source, const char *content);
/* The sources named in a list of recovered objects: {id: true}; new reference. */
json_t *recovered_sources(const json_t *objects);

#endif
