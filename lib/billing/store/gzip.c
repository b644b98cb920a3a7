#include "billing/store/gzip.h"

#include "base/mem.h"

#include <stdbool.h>
#include <zlib.h>

enum { WINDOW = 15 + 16 }; /* the largest, with gzip's head and tail */

static bool is_gzip(const unsigned char *bytes, size_t length)
{
    return length >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* One member; *used is what it took of the input. */
static int unpack_member(const unsigned char *bytes, size_t length, size_t *used, struct str *out,
                         struct err *e)
{
    static _Thread_local unsigned char room[1 << 16];
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)length};
    int state = inflateInit2(&stream, WINDOW);

    if (state != Z_OK)
        abort(); /* no memory, or another zlib than we were built with */
    while (state == Z_OK && out->len < GZIP_MOST) {
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

int gzip_unpack(const void *bytes, size_t length, struct str *out, struct err *e)
{
    const unsigned char *at = bytes;

    if (!is_gzip(at, length)) {
        str_add_n(out, at, length);
        return 0;
    }
    while (is_gzip(at, length)) {
        size_t used;

        if (unpack_member(at, length, &used, out, e))
            return -1;
        at += used;
        length -= used;
    }
    return length ? err_set(e, ERR_INVALID, "%zu bytes behind the gzip members", length) : 0;
}

void gzip_pack(const void *bytes, size_t length, struct str *out)
{
    z_stream stream = {.next_in = (unsigned char *)bytes, .avail_in = (uInt)length};
    unsigned char *room;
    size_t most;

    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
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
