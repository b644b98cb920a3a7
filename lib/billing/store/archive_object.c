/* archive_object.c -- objects that are written once: what is there already is compared, never
 * replaced. */
#include "billing/store/archive_object.h"

#include "base/json.h"
#include "billing/store/object_list.h"

#include <string.h>

json_t *archive_object_find(struct flow *flow, const struct billing *billing, const char *key,
                            struct err *e)
{
    json_auto_t *objects = object_list(flow, billing, key, e);
    json_t *object;
    size_t i;

    json_array_foreach(objects, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return json_incref(object);
    if (objects)
        (void)err_set(e, ERR_ABSENT, "s3://%s/%s is not there", billing->names.bucket, key);
    return NULL;
}

int archive_object_read(struct flow *flow, const struct billing *billing, const char *key,
                        struct str *out, struct err *e)
{
    json_auto_t *object = archive_object_find(flow, billing, key, e);

    return object ? object_content_read(flow, billing, object, out, e) : -1;
}

struct comparing {
    const struct str *body;
    size_t at;
    bool same;
};

static bool compare(void *arg, const void *bytes, size_t length)
{
    struct comparing *comparing = arg;

    comparing->same = length <= comparing->body->len - comparing->at &&
                      !memcmp(str_text(comparing->body) + comparing->at, bytes, length);
    comparing->at += length;
    return comparing->same;
}

int archive_object_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e)
{
    int written = object_content_put(flow, billing, object, e);
    struct comparing comparing = {.body = object->body, .same = true};
    json_auto_t *there = NULL;

    if (written)
        return written < 0 ? -1 : 0;
    there = archive_object_find(flow, billing, object->key, e);
    if (!there || object_content_walk(flow, billing, there,
                                      &(struct object_walk){.take = compare, .arg = &comparing}, e))
        return -1;
    return !comparing.same || comparing.at != object->body->len;
}
