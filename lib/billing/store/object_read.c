#include "billing/store/object_read.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>
#include <zlib.h>

enum {
    PART_BYTES = 8 << 20, /* the client takes replies of 16 MiB at most */
    GZIP_WINDOW = 15 + 16,
};

/* ---- gzip ---- */

static bool is_gzip(const unsigned char *bytes, size_t length)
{
    return length > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* One member; *used is what it took of the input. */
static int gunzip_member(const unsigned char *bytes, size_t length, size_t *used, struct str *out,
                         struct err *e)
{
    static _Thread_local unsigned char room[1 << 16];
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)length};
    int state = inflateInit2(&stream, GZIP_WINDOW);

    if (state != Z_OK)
        abort(); /* no memory, or another zlib than we were built with */
    while (state == Z_OK && out->len < OBJECT_BYTES_MOST) {
        stream.next_out = room;
        stream.avail_out = sizeof room;
        state = inflate(&stream, Z_NO_FLUSH);
        str_add_n(out, room, sizeof room - stream.avail_out);
    }
    *used = length - stream.avail_in;
    (void)inflateEnd(&stream);
    if (state == Z_STREAM_END)
        return 0;
    return err_set(e, ERR_INVALID, "%s",
                   state == Z_OK ? "more than 512 MiB after decompression" : "broken gzip");
}

int object_gunzip(const void *bytes, size_t length, struct str *out, struct err *e)
{
    const unsigned char *at = bytes;

    if (!is_gzip(at, length)) {
        str_add_n(out, at, length);
        return 0;
    }
    while (is_gzip(at, length)) {
        size_t used;

        if (gunzip_member(at, length, &used, out, e))
            return -1;
        at += used;
        length -= used;
    }
    return length ? err_set(e, ERR_INVALID, "%zu bytes behind the gzip members", length) : 0;
}

void object_gzip(const void *bytes, size_t length, struct str *out)
{
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)length};
    unsigned char *room;
    size_t most;

    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    most = deflateBound(&stream, length);
    room = mem_new(most);
    stream.next_out = room;
    stream.avail_out = (uInt)most;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort(); /* deflateBound says it fits */
    str_add_n(out, room, most - stream.avail_out);
    (void)deflateEnd(&stream);
    free(room);
}

/* ---- S3 ---- */

static json_t *place(const struct billing *billing, const char *key)
{
    return json_pack("{s:s, s:s, s:s}", "Bucket", billing->names.bucket, "Key", key,
                     "ExpectedBucketOwner", billing->account);
}

static int read_part(struct flow *flow, const struct billing *billing, const json_t *object,
                     size_t size, struct str *out, struct err *e)
{
    json_t *params = place(billing, json_text(object, "key"));
    size_t last = size - out->len > PART_BYTES ? out->len + PART_BYTES : size;
    cleanup_free char *range = mem_printf("bytes=%zu-%zu", out->len, last - 1);
    json_auto_t *reply = NULL;
    const json_t *body;

    json_object_set_new(params, "Range", json_string(range));
    if (json_text(object, "etag"))
        json_object_set(params, "IfMatch", json_object_get(object, "etag"));
    reply = flow_call(flow, billing->session, "s3", "GetObject", params, e);
    if (!reply) {
        const char *code = flow_error(flow)->code;

        if (!strcmp(code, "InvalidObjectState"))
            e->kind = ERR_INVALID;
        return err_wrap(e, "%s", json_text(object, "key"));
    }
    body = json_object_get(reply, "Body");
    if (json_string_length(body) != last - out->len)
        return err_set(e, ERR_RETRY, "%s: %zu bytes came of %zu", json_text(object, "key"),
                       json_string_length(body), last - out->len);
    str_add_n(out, json_string_value(body), json_string_length(body));
    return 0;
}

int object_read(struct flow *flow, const struct billing *billing, const json_t *object,
                struct str *out, struct err *e)
{
    json_int_t size = json_integer_value(json_object_get(object, "size"));

    if (size > OBJECT_BYTES_MOST)
        return err_set(e, ERR_INVALID, "%s: %lld bytes are more than can be read at once",
                       json_text(object, "key"), (long long)size);
    while (out->len < (size_t)size)
        if (read_part(flow, billing, object, (size_t)size, out, e))
            return -1;
    return 0;
}

int object_put(struct flow *flow, const struct billing *billing, const char *key,
               const struct str *body, struct err *e)
{
    json_t *params = place(billing, key);
    json_auto_t *reply = NULL;
    struct err failed = {0};

    json_object_set_new(params, "IfNoneMatch", json_string("*"));
    json_object_set_new(params, "ContentType", json_string("application/gzip"));
    json_object_set_new(params, "Body", json_stringn_nocheck(str_text(body), body->len));
    reply = flow_call(flow, billing->session, "s3", "PutObject", params, &failed);
    if (reply)
        return 1;
    /* 412 PreconditionFailed: it is there.  Its name is a hash of what it holds, so it is ours. */
    if (failed.kind != ERR_CANCELLED && flow_error(flow)->status == 412)
        return 0;
    return err_set(e, failed.kind, "%s: %s", key, failed.text);
}
