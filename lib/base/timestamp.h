/* timestamp.h -- moments as text and back: seconds since 1970-01-01T00:00:00Z, always in UTC.
 *
 * Pure: neither locale nor time zone of the process matters.  Days of a billing zone are
 * billing/prices/calendar.h. */
#ifndef BASE_TIMESTAMP_H
#define BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum { TIMESTAMP_ROOM = 40 };

/* Its date and time; the epoch's for a moment no calendar reaches. */
struct tm timestamp_utc(int64_t seconds);
/* The moment of a date and time; fields out of range carry over, as in timegm. */
int64_t timestamp_of(struct tm utc);

/* "2025-10-31T12:34:56Z" (ISO 8601, RFC 3339). */
void timestamp_text(int64_t seconds, char text[static TIMESTAMP_ROOM]);
/* "2025-10-31T12:34Z". */
void timestamp_minute(int64_t seconds, char text[static TIMESTAMP_ROOM]);
/* "12:34:56Z". */
void timestamp_clock(int64_t seconds, char text[static TIMESTAMP_ROOM]);
/* "20251031T123456Z" (ISO 8601's basic format). */
void timestamp_basic(int64_t seconds, char text[static TIMESTAMP_ROOM]);
/* "Fri, 31 Oct 2025 12:34:56 GMT" (RFC 9110, HTTP-date). */
void timestamp_http(int64_t seconds, char text[static TIMESTAMP_ROOM]);

/* False, and *seconds unchanged, when the text is none.  ISO 8601: a date, or a date and time with
 * or without fraction and offset ("Z", "+09:00"; none is UTC). */
bool timestamp_parse(const char *text, double *seconds);
/* "20251031T123456Z", with anything behind it. */
bool timestamp_parse_basic(const char *text, int64_t *seconds);
/* HTTP's and mail's, in UTC, with or without fraction. */
bool timestamp_parse_http(const char *text, double *seconds);

#endif
