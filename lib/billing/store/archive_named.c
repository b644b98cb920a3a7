/* archive_named.c -- objects of the archive whose key comes from their contents: what lies there is
 * it, or was changed by somebody. */
#include "billing/store/archive_named.h"

#include "billing/store/archive_object.h"

int archive_named_put(struct flow *flow, const struct billing *billing,
                      const struct object_new *object, struct err *e)
{
    int other = archive_object_put(flow, billing, object, e);

    return other <= 0 ? other : archive_named_other(billing, object->key, e);
}

int archive_named_other(const struct billing *billing, const char *key, struct err *e)
{
    return err_set(e, ERR_INVALID,
                   "s3://%s/%s holds something else than its name says: somebody changed it, look "
                   "at it, then delete it",
                   billing->names.bucket, key);
}
