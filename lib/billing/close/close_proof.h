/* close_proof.h -- what verify looks at by itself: one document, and the chain behind it. */
#ifndef BILLING_CLOSE_CLOSE_PROOF_H
#define BILLING_CLOSE_CLOSE_PROOF_H

#include "billing/close/verify.h"

__attribute__((format(printf, 2, 3))) void verify_differs(struct verify *verify, const char *format,
                                                          ...);
__attribute__((format(printf, 2, 3))) void verify_agrees(struct verify *verify, const char *format,
                                                         ...);

/* Signature and files of a document. */
int close_proof_document(struct flow *flow, struct verify *verify, const struct archive *archive,
                         const char *what, struct err *e);
/* Every manifest before the invoice, back to the first. */
int close_proof_chain(struct flow *flow, struct verify *verify, const struct archive *invoice,
                      struct err *e);
/* Corrections name each other, and none is missing. */
int close_proof_corrections(struct flow *flow, struct verify *verify, const struct archive *invoice,
                            const struct archive *corrections, struct err *e);
/* Source objects that the last document lists and that are gone or changed. */
int close_proof_objects(struct flow *flow, struct verify *verify, const struct billing *billing,
                        const struct archive *last, struct err *e);

#endif
