#include "billing/prices/volume.h"

int volume_count(int64_t *sum, int64_t more, struct err *e)
{
    return more < 0 || __builtin_add_overflow(*sum, more, sum)
               ? err_set(e, ERR_INVALID, "more calls or bytes than can be counted")
               : 0;
}

int volume_add(struct volume *sum, struct volume more, struct err *e)
{
    return volume_count(&sum->calls, more.calls, e) || volume_count(&sum->bytes, more.bytes, e) ? -1
                                                                                                : 0;
}
