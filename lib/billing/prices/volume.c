#include "billing/prices/volume.h"

static int add(int64_t *sum, int64_t more, struct err *e)
{
    return more < 0 || __builtin_add_overflow(*sum, more, sum)
               ? err_set(e, ERR_INVALID, "more calls or bytes than can be counted")
               : 0;
}

int volume_add(struct volume *sum, struct volume more, struct err *e)
{
    return add(&sum->calls, more.calls, e) || add(&sum->bytes, more.bytes, e) ? -1 : 0;
}
