/* verb_run.c -- the daemon. */
#include "daemon/service/service.h"
#include "daemon/verbs/verb.h"

int verb_run(const struct options *options)
{
    return service_run(options);
}
