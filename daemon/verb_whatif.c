/* verb_whatif.c -- re-rates history. */
#include "daemon/verb.h"

int verb_whatif(const struct options *options)
{
    (void)options;
    (void)fputs("billingd: whatif is not there yet\n", stderr);
    return EXIT_FAILED;
}
