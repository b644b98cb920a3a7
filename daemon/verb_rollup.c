/* verb_rollup.c -- builds the daily rollups. */
#include "daemon/verb.h"

int verb_rollup(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: rollup is not there yet\n", stderr);
    return EXIT_FAILED;
}
