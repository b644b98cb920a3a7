/* verify.h -- is a closed month still what was signed, and does it still come out? */
#ifndef BILLING_CLOSE_VERIFY_H
#define BILLING_CLOSE_VERIFY_H

#include "billing/close/close.h"

struct verify {
    /* Set by the caller, borrowed. */
    const struct billing *billing;
    struct day month;
    const struct signature_key *key; /* public */
    bool from_raw;                   /* also from the raw events */
    close_progress_fn *progress;     /* may be NULL */
    void *arg;

    /* Filled by verify_month. */
    json_t *differences; /* [text]: what is not as it was signed; empty: all is well */
    json_t *checked;     /* [text]: what was compared and found equal */
    json_t *notes;       /* [text]: what is worth knowing: rules that changed */
    json_t *later;       /* later arrivals: {"days": [{"day", "calls", "bytes"}], "customers":
                            [{"customer", "calls", "bytes", "total"}], "waiting": [text]} */
    json_t *manifest;    /* of the invoice; NULL when there is none */
    size_t corrections;
};

/* Checks signatures, files, the chain of manifests before, and the invoice against usage and price
 * book in the archive, the rollups as they are now and (from_raw) the events.  -1 and *e when
 * something could not be looked at; ERR_ABSENT when the month was never closed. */
int verify_month(struct flow *flow, struct verify *verify, struct err *e);
void verify_fini(struct verify *verify);

#endif
