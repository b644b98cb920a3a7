/* audit_gap.h -- one gap of an audit. */
#ifndef BILLING_AUDIT_AUDIT_GAP_H
#define BILLING_AUDIT_AUDIT_GAP_H

#include <jansson.h>
#include <stdbool.h>

/* True for a gap of an audit that is above settings.max_gap and that the spec does not accept. */
bool audit_gap_is_open(const json_t *gap);

#endif
