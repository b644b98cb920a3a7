/* volume.h -- calls and bytes, counted without overflow. */
#ifndef BILLING_PRICES_VOLUME_H
#define BILLING_PRICES_VOLUME_H

#include "base/err.h"

#include <stdint.h>

struct volume {
    int64_t calls, bytes;
};

/* -1 and *e (ERR_INVALID) when a sum would be too large, or either number is negative. */
int volume_add(struct volume *sum, struct volume more, struct err *e);
/* The same for one number. */
int volume_count(int64_t *sum, int64_t more, struct err *e);

#endif
