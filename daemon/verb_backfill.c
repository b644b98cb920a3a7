/* verb_backfill.c -- re-reads gaps. */
#include "daemon/verb.h"

int verb_backfill(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: backfill is not there yet\n", stderr);
    return EXIT_FAILED;
}
