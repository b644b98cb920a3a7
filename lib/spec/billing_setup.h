/* billing_setup.h -- what billing works with, taken from the spec. */
#ifndef SPEC_BILLING_SETUP_H
#define SPEC_BILLING_SETUP_H

#include "billing/store/billing.h"
#include "spec/manifest.h"

/* Names, settings, price book and queries of a pipeline; account is the caller's (12 digits).  NULL
 * and *e (ERR_INVALID) when the spec has no such resources as billing needs.  Without a `billing`
 * section the settings are the defaults and the book has no prices: a bill then fails by itself.
 * Give back with billing_free. */
struct billing *billing_setup(const struct manifest *manifest, size_t pipeline,
                              struct aws_session *session, const char *account, struct err *e);

#endif
