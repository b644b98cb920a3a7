/* verb_bill.c -- the bill of a month. */
#include "daemon/verb.h"

int verb_bill(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: bill is not there yet\n", stderr);
    return EXIT_FAILED;
}
