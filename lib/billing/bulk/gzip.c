#include "billing/bulk/gzip.h"

#include "base/mem.h"

enum { WINDOW = 15 + 16 }; /* the largest, with gzip's head and tail */

enum {
    AT_START, /* of the bytes */
    PLAIN,    /* they are no gzip */
    INSIDE,   /* of a member */
    BETWEEN,  /* behind a member */
    BEHIND,   /* what follows is no member */
    BROKEN,
};

void gzip_reader_init(struct gzip_reader *reader,
                      void (*take)(void *arg, const void *bytes, size_t length), void *arg)
{
    *reader = (struct gzip_reader){.take = take, .arg = arg, .most = GZIP_MOST, .state = AT_START};
}

static void end_member(struct gzip_reader *reader, int state)
{
    (void)inflateEnd(&reader->stream);
    reader->state = state;
}

static void inflate_all(struct gzip_reader *reader)
{
    static _Thread_local unsigned char room[1 << 16];
    int how = Z_OK;

    do {
        reader->stream.next_out = room;
        reader->stream.avail_out = sizeof room;
        how = inflate(&reader->stream, Z_NO_FLUSH);
        reader->given += sizeof room - reader->stream.avail_out;
        reader->take(reader->arg, room, sizeof room - reader->stream.avail_out);
    } while (how == Z_OK && reader->given < reader->most);
    if (how == Z_STREAM_END) {
        end_member(reader, BETWEEN);
    } else if (how == Z_OK) {
        err_set(&reader->failed, ERR_INVALID, "more than 512 MiB after decompression");
        end_member(reader, BROKEN);
    } else if (how != Z_BUF_ERROR) { /* which is: nothing left to do yet */
        err_set(&reader->failed, ERR_INVALID, "broken gzip");
        end_member(reader, BROKEN);
    }
}

/* Part of a member; how many bytes it took. */
static size_t feed_member(struct gzip_reader *reader, const unsigned char *bytes, size_t length)
{
    reader->stream.next_in = (unsigned char *)bytes;
    reader->stream.avail_in = (uInt)length;
    inflate_all(reader);
    return length - reader->stream.avail_in;
}

/* What begins is known by two bytes; how many of them it took. */
static size_t feed_head(struct gzip_reader *reader, const unsigned char *bytes)
{
    reader->head[reader->head_length++] = *bytes;
    if (reader->head_length < sizeof reader->head)
        return 1;
    reader->head_length = 0;
    if (reader->head[0] == 0x1f && reader->head[1] == 0x8b) {
        reader->stream = (z_stream){0};
        if (inflateInit2(&reader->stream, WINDOW) != Z_OK)
            abort(); /* no memory, or another zlib than we were built with */
        reader->state = INSIDE;
        (void)feed_member(reader, reader->head, sizeof reader->head);
    } else if (reader->state == AT_START) {
        reader->state = PLAIN;
        reader->take(reader->arg, reader->head, sizeof reader->head);
    } else {
        reader->state = BEHIND;
        reader->behind = sizeof reader->head;
    }
    return 1;
}

bool gzip_reader_feed(struct gzip_reader *reader, const void *bytes, size_t length)
{
    const unsigned char *at = bytes, *end = at + length;

    while (at < end &&
           (reader->state == AT_START || reader->state == INSIDE || reader->state == BETWEEN))
        at += reader->state == INSIDE ? feed_member(reader, at, (size_t)(end - at))
                                      : feed_head(reader, at);
    if (reader->state == PLAIN)
        reader->take(reader->arg, at, (size_t)(end - at));
    else if (reader->state == BEHIND)
        reader->behind += (size_t)(end - at);
    return reader->state != BROKEN;
}

bool gzip_reader_is_plain(const struct gzip_reader *reader)
{
    return reader->state == AT_START || reader->state == PLAIN;
}

int gzip_reader_end(struct gzip_reader *reader, struct err *e)
{
    if (reader->state == AT_START)
        reader->take(reader->arg, reader->head, reader->head_length);
    else if (reader->state == BETWEEN)
        reader->behind = reader->head_length;
    if (reader->state == INSIDE) {
        end_member(reader, BROKEN);
        err_set(&reader->failed, ERR_INVALID, "broken gzip");
    }
    if (reader->behind)
        err_set(&reader->failed, ERR_INVALID, "%zu bytes behind the gzip members", reader->behind);
    return reader->failed.kind ? err_set(e, reader->failed.kind, "%s", reader->failed.text) : 0;
}

static void append(void *out, const void *bytes, size_t length)
{
    str_add_n(out, bytes, length);
}

int gzip_unpack(const void *bytes, size_t length, struct str *out, struct err *e)
{
    struct gzip_reader reader;

    gzip_reader_init(&reader, append, out);
    (void)gzip_reader_feed(&reader, bytes, length);
    return gzip_reader_end(&reader, e);
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
