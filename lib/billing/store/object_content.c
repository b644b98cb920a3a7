#include "billing/store/object_content.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/store/store_operations.h"

#include <string.h>

enum {
    PART_BYTES = 1 << 20, /* of text that is ten times as much, maybe */
    CONFLICTS = 8,
    CONFLICT_PAUSE_MS = 250,
};

static json_t *place(const struct billing *billing, const char *key)
{
    return json_pack("{s:s, s:s, s:s}", "Bucket", billing->names.bucket, "Key", key,
                     "ExpectedBucketOwner", billing->account);
}

/* The bytes behind the first `at` ones; new reference to the reply. */
static json_t *read_part(struct flow *flow, const struct billing *billing, const json_t *object,
                         size_t at, struct err *e)
{
    json_t *params = place(billing, json_text(object, "key")), *reply;
    size_t size = (size_t)json_integer_value(json_object_get(object, "size"));
    size_t end = size - at > PART_BYTES ? at + PART_BYTES : size;
    cleanup_free char *range = mem_printf("bytes=%zu-%zu", at, end - 1);

    json_object_set_new(params, "Range", json_string(range));
    if (json_text(object, "etag"))
        json_object_set(params, "IfMatch", json_object_get(object, "etag"));
    reply = operation_call(flow, billing, &store_operations[STORE_GET_OBJECT], params, e);
    if (!reply) {
        if (!strcmp(flow_error(flow)->code, "InvalidObjectState"))
            e->kind = ERR_INVALID;
        err_wrap(e, "%s", json_text(object, "key"));
        return NULL;
    }
    if (json_string_length(json_object_get(reply, "Body")) == end - at)
        return reply;
    err_set(e, ERR_RETRY, "%s: %zu bytes came of %zu", json_text(object, "key"),
            json_string_length(json_object_get(reply, "Body")), end - at);
    json_decref(reply);
    return NULL;
}

struct part {
    const struct object_walk *walk;
    json_t *reply; /* owned */
    size_t length;
    bool more;
};

static void take_part(void *arg)
{
    struct part *part = arg;
    const json_t *body = json_object_get(part->reply, "Body");

    part->length = json_string_length(body);
    part->more = part->walk->take(part->walk->arg, json_string_value(body), part->length);
    json_decref(part->reply);
}

static int check_size(const json_t *object, json_int_t most, struct err *e)
{
    json_int_t size = json_integer_value(json_object_get(object, "size"));

    return size <= most
               ? 0
               : err_set(e, ERR_INVALID, "%s: its %lld bytes are more than the %lld that are read",
                         json_text(object, "key"), (long long)size, (long long)most);
}

int object_content_walk(struct flow *flow, const struct billing *billing, const json_t *object,
                        const struct object_walk *walk, struct err *e)
{
    json_int_t size = json_integer_value(json_object_get(object, "size"));
    struct part part = {.walk = walk, .more = true};

    if (check_size(object, OBJECT_CONTENT_MOST, e))
        return -1;
    for (size_t at = 0; at < (size_t)size && part.more; at += part.length) {
        part.reply = read_part(flow, billing, object, at, e);
        if (!part.reply)
            return -1;
        flow_work(flow, take_part, &part);
        if (walk->between && walk->between(flow, walk->arg, e))
            return -1;
    }
    return 0;
}

static bool append(void *arg, const void *bytes, size_t length)
{
    str_add_n(arg, bytes, length);
    return true;
}

int object_content_read(struct flow *flow, const struct billing *billing, const json_t *object,
                        struct str *out, struct err *e)
{
    if (check_size(object, OBJECT_CONTENT_WHOLE, e))
        return -1;
    return object_content_collect(flow, billing, object, out, e);
}

int object_content_collect(struct flow *flow, const struct billing *billing, const json_t *object,
                           struct str *out, struct err *e)
{
    return object_content_walk(flow, billing, object,
                               &(struct object_walk){.take = append, .arg = out}, e);
}

static json_t *put_params(const struct billing *billing, const struct object_new *object)
{
    json_t *params = place(billing, object->key);

    json_object_set_new(params, "IfNoneMatch", json_string("*"));
    json_object_set_new(params, "ContentType", json_string(object->type));
    /* A bucket under object lock takes nothing without. */
    json_object_set_new(params, "ChecksumAlgorithm", json_string("SHA256"));
    json_object_set_new(params, "Body",
                        json_stringn_nocheck(str_text(object->body), object->body->len));
    return params;
}

int object_content_put(struct flow *flow, const struct billing *billing,
                       const struct object_new *object, struct err *e)
{
    for (int attempt = 0;; attempt++) {
        struct err failed = {0};
        json_auto_t *reply = operation_call(flow, billing, &store_operations[STORE_PUT_OBJECT],
                                            put_params(billing, object), &failed);
        const char *code = flow_error(flow)->code;

        if (reply)
            return 1;
        if (failed.kind == ERR_CANCELLED)
            return err_set(e, failed.kind, "%s", failed.text);
        if (flow_error(flow)->status == 412 || !strcmp(code, "PreconditionFailed"))
            return 0;
        /* Two writers of one key at a time. (S3 user guide, "Conditional writes") */
        if (strcmp(code, "ConditionalRequestConflict") != 0 || attempt == CONFLICTS)
            return err_set(e, failed.kind, "%s: %s", object->key, failed.text);
        if (flow_sleep(flow, CONFLICT_PAUSE_MS, e))
            return -1;
    }
}
