/* verify_proof.h -- documents by themselves: signatures, files, the chain behind them, and the
 * source objects they name. */
#ifndef BILLING_CLOSE_VERIFY_PROOF_H
#define BILLING_CLOSE_VERIFY_PROOF_H

#include "billing/close/closed.h"
#include "billing/verify/verify.h"

/* All put what they find into verify; -1 and *e when something could not be looked at. */

/* Number, signature and files of a document; what: how to call it. */
int verify_proof_document(struct flow *flow, struct verify *verify,
                          const struct closed_document *document, const char *what, struct err *e);
/* Every manifest before the invoice, back to the first, each beginning where the one before ends.
 */
int verify_proof_chain(struct flow *flow, struct verify *verify, const struct archive *invoice,
                       struct err *e);
/* Corrections name each other, and none is missing. */
int verify_proof_corrections(struct flow *flow, struct verify *verify, const struct closed *closed,
                             struct err *e);
/* Corrections of other months that the invoice's manifest names. */
int verify_proof_named(struct flow *flow, struct verify *verify, const struct closed *closed,
                       struct err *e);
/* Source objects that the last document lists and that are gone or changed. */
int verify_proof_objects(struct flow *flow, struct verify *verify, const struct closed *closed,
                         struct err *e);

#endif
