/* archive_object.c -- objects that are written once: what is there already is compared, never
 * replaced. */
#include "billing/close/archive_object.h"

#include "base/json.h"
#include "billing/store/object_list.h"

#include <string.h>

int archive_object_read(struct flow *flow, const struct billing *billing, const char *key,
                        struct str *out, struct err *e)
{
    json_auto_t *objects = object_list(flow, billing, key, e);
    json_t *object;
    size_t i;

    if (!objects)
        return -1;
    json_array_foreach(objects, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return object_content_read(flow, billing, object, out, e);
    return err_set(e, ERR_ABSENT, "s3://%s/%s is not there", billing->names.bucket, key);
}

int archive_object_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e)
{
    int written = object_content_put(flow, billing, object, e);
    cleanup_str struct str there = {0};

    if (written)
        return written < 0 ? -1 : 0;
    if (archive_object_read(flow, billing, object->key, &there, e))
        return -1;
    return there.len != object->body->len ||
           memcmp(str_text(&there), str_text(object->body), there.len) != 0;
}
