/* verb_verify.c -- recomputes a closed month. */
#include "daemon/verb.h"

int verb_verify(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: verify is not there yet\n", stderr);
    return EXIT_FAILED;
}
