/* breaker.h -- stops writing a field that does not stay repaired.
 *
 * Somebody (or AWS itself) keeps changing it back; writing for ever costs money and hides the
 * fight. After `limit` repairs within `window_s` the field is only told, until it was seen as
 * wanted for a whole window or the spec is loaded again. */
#ifndef GUARD_BREAKER_H
#define GUARD_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct breaker;

struct breaker *breaker_new(int limit, int window_s);
void breaker_free(struct breaker *breaker);
/* A field (address and plain field name) was written at now_ms (monotonic). */
void breaker_wrote(struct breaker *breaker, const char *address, const char *field, int64_t now_ms);
/* True when the field must not be written any more. */
bool breaker_is_open(const struct breaker *breaker, const char *address, const char *field,
                     int64_t now_ms);

#endif
