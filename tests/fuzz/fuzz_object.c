/* An object of the data plane as it lies in S3, gzip or not, damaged or not, with envelopes in
 * every form: what is counted does not depend on how it is cut, and all that was counted was handed
 * over. The first byte says where it is cut, then its key with a NUL behind it. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/store/legacy.h"

#include <string.h>

static void on_envelope(void *arg, const json_t *envelope, int64_t arrival_ms)
{
    struct legacy_counts *heard = arg;

    (void)arrival_ms;
    heard->envelopes++;
    heard->events += (int64_t)json_array_size(json_object_get(envelope, "logEvents"));
}

static struct legacy_counts walk(const char *key, const char *bytes, size_t length, size_t piece)
{
    struct legacy_counts counts = {0}, heard = {0};
    const struct legacy_reader reader = {on_envelope, &heard};
    struct legacy_walk *walk = legacy_walk_new(key, &reader, &counts);

    for (size_t i = 0; i < length; i += piece)
        legacy_walk_feed(walk, bytes + i, length - i < piece ? length - i : piece);
    legacy_walk_end(walk);
    must(counts.envelopes == heard.envelopes && counts.events == heard.events);
    must(counts.documents >= counts.envelopes + counts.control);
    must(counts.readable >= 0 && counts.readable <= counts.events && counts.unreadable >= 0);
    return counts;
}

static void take_bytes(void *arg, const void *bytes, size_t length)
{
    str_add_n(arg, bytes, length);
}

/* Whole or in pieces, the same comes out, and the same is said of it. */
static void unpack(const char *bytes, size_t length, size_t piece)
{
    cleanup_str struct str whole = {0}, pieces = {0};
    struct gzip_reader reader;
    struct err e = {0}, other = {0};
    int code = gzip_unpack(bytes, length, &whole, &e);

    gzip_reader_init(&reader, take_bytes, &pieces);
    for (size_t i = 0; i < length; i += piece)
        (void)gzip_reader_feed(&reader, bytes + i, length - i < piece ? length - i : piece);
    must(gzip_reader_end(&reader, &other) == code);
    must(e.kind == other.kind && !strcmp(e.text, other.text));
    must(code == 0 || e.kind == ERR_INVALID);
    must(code ||
         (whole.len == pieces.len && !memcmp(str_text(&whole), str_text(&pieces), whole.len)));
}

static void pack_and_unpack(const char *bytes, size_t length)
{
    cleanup_str struct str packed = {0}, again = {0};
    struct err e = {0};

    gzip_pack(bytes, length, &packed);
    must(!gzip_unpack(packed.data, packed.len, &again, &e));
    must(again.len == length && !memcmp(str_text(&again), bytes, length));
}

FUZZ_TARGET(object)
{
    struct fuzz_input input = {data, size};
    size_t piece = 1 + fuzz_byte(&input), length;
    cleanup_free char *key = fuzz_text(&input), *bytes = fuzz_rest(&input, &length);
    struct legacy_counts whole = walk(key, bytes, length, length + 1), pieces;

    pieces = walk(key, bytes, length, piece);
    must(!memcmp(&whole, &pieces, sizeof whole));
    unpack(bytes, length, piece);
    pack_and_unpack(bytes, length);
    (void)legacy_arrival(key);
}
