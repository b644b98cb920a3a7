#include "billing/bulk/record_sort.h"

#include "base/mem.h"
#include "billing/bulk/unnamed_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    USUAL_MEMORY = 32 << 20,
    LEAST_BUFFER = 16 << 10,
    MOST_BUFFER = 1 << 20,
    PREFIX = 8, /* bytes that most comparisons need */
    HEAD = 4,   /* a record's length in front of it */
};

/* A record in memory. */
struct entry {
    uint64_t prefix; /* its first bytes, as a number that orders as they do */
    uint32_t at, length;
};

/* A sorted piece of the file, while it is read. */
struct piece {
    uint64_t at, end; /* of what is not in the buffer yet */
    char *buffer;
    size_t used, filled, room;
    struct entry head; /* the record in front, at an offset of the buffer */
    bool over;
};

struct record_sort {
    size_t memory;
    char *arena;
    size_t filled, room;
    struct entry *entries;
    size_t count, entry_room;
    uint64_t total;
    int file; /* -1: none yet */
    uint64_t size;
    uint64_t *ends; /* of the pieces in the file */
    size_t piece_count;
    struct piece *pieces; /* while reading */
    size_t *heap;         /* pieces that have records, the least in front */
    size_t heap_count;
    size_t next;  /* of entries, where nothing is in the file */
    bool pending; /* the front of the heap was given, and is to move on */
};

struct record_sort *record_sort_new(size_t memory)
{
    struct record_sort *sort = mem_new(sizeof *sort);

    sort->memory = memory ? memory : USUAL_MEMORY;
    sort->file = -1;
    return sort;
}

static void stop_reading(struct record_sort *sort)
{
    for (size_t i = 0; sort->pieces && i < sort->piece_count; i++)
        free(sort->pieces[i].buffer);
    free(sort->pieces);
    free(sort->heap);
    sort->pieces = NULL;
    sort->heap = NULL;
    sort->heap_count = sort->next = 0;
    sort->pending = false;
}

void record_sort_free(struct record_sort *sort)
{
    if (!sort)
        return;
    stop_reading(sort);
    free(sort->arena);
    free(sort->entries);
    free(sort->ends);
    if (sort->file >= 0)
        (void)close(sort->file);
    free(sort);
}

uint64_t record_sort_count(const struct record_sort *sort)
{
    return sort->total;
}

uint64_t record_sort_spilled(const struct record_sort *sort)
{
    return sort->size;
}

/* ---- order ---- */

static uint64_t prefix_of(const char *record, size_t length)
{
    uint64_t prefix = 0;

    for (size_t i = 0; i < PREFIX; i++)
        prefix = prefix << 8 | (i < length ? (unsigned char)record[i] : 0);
    return prefix;
}

static int compare(const struct entry *a, const char *a_bytes, const struct entry *b,
                   const char *b_bytes)
{
    size_t shared = a->length < b->length ? a->length : b->length;
    int order;

    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    order = shared > PREFIX
                ? memcmp(a_bytes + a->at + PREFIX, b_bytes + b->at + PREFIX, shared - PREFIX)
                : 0;
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_record(const void *a, const void *b, void *arena)
{
    return compare(a, arena, b, arena);
}

static void sort_entries(struct record_sort *sort)
{
    if (sort->count)
        qsort_r(sort->entries, sort->count, sizeof *sort->entries, by_record, sort->arena);
}

/* ---- the file ---- */

static int open_file(struct record_sort *sort, struct err *e)
{
    if (sort->file < 0)
        sort->file = unnamed_file(e);
    return sort->file < 0 ? -1 : 0;
}

static int write_all(struct record_sort *sort, const char *bytes, size_t length, struct err *e)
{
    while (length) {
        ssize_t wrote = pwrite(sort->file, bytes, length, (off_t)sort->size);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return unnamed_file_failed("written", e);
        sort->size += (uint64_t)wrote;
        bytes += wrote;
        length -= (size_t)wrote;
    }
    return 0;
}

static int write_entries(struct record_sort *sort, struct err *e)
{
    cleanup_free char *buffer = mem_new(MOST_BUFFER + HEAD + RECORD_SORT_LONGEST);
    size_t filled = 0;

    for (size_t i = 0; i < sort->count; i++) {
        const struct entry *entry = &sort->entries[i];

        memcpy(buffer + filled, &entry->length, HEAD);
        memcpy(buffer + filled + HEAD, sort->arena + entry->at, entry->length);
        filled += HEAD + entry->length;
        if (filled >= MOST_BUFFER) {
            if (write_all(sort, buffer, filled, e))
                return -1;
            filled = 0;
        }
    }
    return write_all(sort, buffer, filled, e);
}

/* What is in memory becomes a piece of the file. */
static int spill(struct record_sort *sort, struct err *e)
{
    if (!sort->count)
        return 0;
    if (sort->piece_count == RECORD_SORT_PIECES)
        return err_set(e, ERR_INVALID, "more than %d pieces of %zu bytes cannot be sorted",
                       RECORD_SORT_PIECES, sort->memory);
    sort_entries(sort);
    if (open_file(sort, e) || write_entries(sort, e))
        return -1;
    sort->ends = mem_resize(sort->ends, sort->piece_count + 1, sizeof *sort->ends);
    sort->ends[sort->piece_count++] = sort->size;
    sort->filled = sort->count = 0;
    return 0;
}

/* ---- adding ---- */

static void make_room(struct record_sort *sort, size_t length)
{
    if (sort->filled + length > sort->room) {
        sort->room =
            sort->room * 2 > sort->filled + length ? sort->room * 2 : sort->filled + length + 4096;
        sort->arena = mem_resize(sort->arena, sort->room, 1);
    }
    if (sort->count == sort->entry_room) {
        sort->entry_room = sort->entry_room ? sort->entry_room * 2 : 256;
        sort->entries = mem_resize(sort->entries, sort->entry_room, sizeof *sort->entries);
    }
}

int record_sort_add(struct record_sort *sort, const void *record, size_t length, struct err *e)
{
    if (length > RECORD_SORT_LONGEST)
        return err_set(e, ERR_INVALID, "a record of %zu bytes is too long to be sorted", length);
    if (sort->filled + length + (sort->count + 1) * sizeof *sort->entries > sort->memory &&
        spill(sort, e))
        return -1;
    make_room(sort, length);
    if (length)
        memcpy(sort->arena + sort->filled, record, length);
    sort->entries[sort->count++] =
        (struct entry){prefix_of(record, length), (uint32_t)sort->filled, (uint32_t)length};
    sort->filled += length;
    sort->total++;
    return 0;
}

/* ---- reading ---- */

/* So many bytes of the piece stand in its buffer behind `used`; -1 and *e when they do not. */
static int fill(struct record_sort *sort, struct piece *piece, size_t wanted, struct err *e)
{
    size_t have = piece->filled - piece->used;

    if (have >= wanted)
        return 0;
    if (have)
        memmove(piece->buffer, piece->buffer + piece->used, have);
    piece->used = 0;
    piece->filled = have;
    if (wanted > piece->room) {
        piece->room = wanted;
        piece->buffer = mem_resize(piece->buffer, piece->room, 1);
    }
    while (piece->filled < wanted) {
        size_t most = piece->room - piece->filled;
        ssize_t got;

        if (most > piece->end - piece->at)
            most = (size_t)(piece->end - piece->at);
        got = pread(sort->file, piece->buffer + piece->filled, most, (off_t)piece->at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got ? errno : EIO; /* it ended too early */
            return unnamed_file_failed("read", e);
        }
        piece->at += (uint64_t)got;
        piece->filled += (size_t)got;
    }
    return 0;
}

/* Its next record into head. */
static int advance(struct record_sort *sort, struct piece *piece, struct err *e)
{
    uint32_t length;

    piece->over = piece->used == piece->filled && piece->at == piece->end;
    if (piece->over)
        return 0;
    if (fill(sort, piece, HEAD, e))
        return -1;
    memcpy(&length, piece->buffer + piece->used, HEAD);
    if (fill(sort, piece, HEAD + (size_t)length, e))
        return -1;
    piece->head = (struct entry){prefix_of(piece->buffer + piece->used + HEAD, length),
                                 (uint32_t)piece->used + HEAD, length};
    piece->used += HEAD + (size_t)length;
    return 0;
}

static bool is_before(const struct record_sort *sort, size_t a, size_t b)
{
    const struct piece *one = &sort->pieces[sort->heap[a]], *other = &sort->pieces[sort->heap[b]];

    return compare(&one->head, one->buffer, &other->head, other->buffer) < 0;
}

static void sink(struct record_sort *sort, size_t at)
{
    for (;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < sort->heap_count; child++)
            if (is_before(sort, child, least))
                least = child;
        if (least == at)
            return;
        size_t swapped = sort->heap[at];
        sort->heap[at] = sort->heap[least];
        sort->heap[least] = swapped;
        at = least;
    }
}

static int open_pieces(struct record_sort *sort, struct err *e)
{
    size_t room = sort->memory / sort->piece_count;

    room = room < LEAST_BUFFER ? LEAST_BUFFER : room > MOST_BUFFER ? MOST_BUFFER : room;
    sort->pieces = mem_new(sort->piece_count * sizeof *sort->pieces);
    sort->heap = mem_new(sort->piece_count * sizeof *sort->heap);
    for (size_t i = 0; i < sort->piece_count; i++) {
        struct piece *piece = &sort->pieces[i];

        *piece = (struct piece){.at = i ? sort->ends[i - 1] : 0,
                                .end = sort->ends[i],
                                .buffer = mem_new(room),
                                .room = room};
        if (advance(sort, piece, e))
            return -1;
        if (!piece->over)
            sort->heap[sort->heap_count++] = i;
    }
    for (size_t i = sort->heap_count / 2; i-- > 0;)
        sink(sort, i);
    return 0;
}

int record_sort_begin(struct record_sort *sort, struct err *e)
{
    stop_reading(sort);
    if (!sort->piece_count) {
        sort_entries(sort);
        return 0;
    }
    if (spill(sort, e))
        return -1;
    free(sort->arena);
    free(sort->entries);
    sort->arena = NULL;
    sort->entries = NULL;
    sort->room = sort->entry_room = 0;
    return open_pieces(sort, e);
}

/* What was given last has been looked at. */
static int move_on(struct record_sort *sort, struct err *e)
{
    struct piece *piece;

    if (!sort->pending)
        return 0;
    sort->pending = false;
    piece = &sort->pieces[sort->heap[0]];
    if (advance(sort, piece, e))
        return -1;
    if (piece->over)
        sort->heap[0] = sort->heap[--sort->heap_count];
    sink(sort, 0);
    return 0;
}

int record_sort_next(struct record_sort *sort, const char **record, size_t *length, struct err *e)
{
    const struct piece *piece;

    if (!sort->piece_count) {
        if (sort->next == sort->count)
            return 0;
        *record = sort->arena + sort->entries[sort->next].at;
        *length = sort->entries[sort->next++].length;
        return 1;
    }
    if (move_on(sort, e))
        return -1;
    if (!sort->heap_count)
        return 0;
    piece = &sort->pieces[sort->heap[0]];
    *record = piece->buffer + piece->head.at;
    *length = piece->head.length;
    sort->pending = true;
    return 1;
}
