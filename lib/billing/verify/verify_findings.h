/* verify_findings.h -- what verify found, put down as texts for people. */
#ifndef BILLING_CLOSE_VERIFY_FINDINGS_H
#define BILLING_CLOSE_VERIFY_FINDINGS_H

#include "billing/verify/verify.h"

/* Into verify->differences, into verify->checked, and into verify->notes. */
void verify_findings_differ(struct verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void verify_findings_agree(struct verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void verify_findings_note(struct verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
