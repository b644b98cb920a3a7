/* verb_close.c -- closes a month. */
#include "daemon/verb.h"

int verb_close(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: close is not there yet\n", stderr);
    return EXIT_FAILED;
}
