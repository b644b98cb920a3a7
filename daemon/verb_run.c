/* verb_run.c -- the daemon. */
#include "daemon/service.h"
#include "daemon/verb.h"

int verb_run(const struct options *options)
{
    return service_run(options);
}
