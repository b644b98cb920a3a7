#include "billing/store/legacy.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/bulk/gzip.h"
#include "billing/store/object_content.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Documents are looked for in so much text at a time; JSON that fails so near its end may be whole
 * when more has come. */
enum { TEXT_BYTES = 1 << 20, NEAR_END = 64 };

static const char envelope_start[] = "{\"messageType\"";

/* The text that the bytes hold, as far as it was not read yet. */
struct text {
    struct str pending;
    size_t wanted; /* bytes of it that are worth another look */
    bool junk;     /* something stood before the next document */
    bool lost;     /* behind a broken document, on the way to the next envelope */
};

struct legacy_walk {
    const struct legacy_reader *reader; /* or NULL */
    struct legacy_counts *counts;
    bool suffixed;      /* Athena would decompress it */
    bool line_start;    /* the next document is the first of its line */
    bool inside;        /* within rawData: no further nesting */
    int64_t arrival_ms; /* of the rawData */
    struct gzip_reader gzip;
    struct text text;
};

static void walk_inside(struct legacy_walk *walk, const void *bytes, size_t length);

/* Firehose's failed record: {"attemptsMade", "arrivalTimestamp", "errorCode", "rawData": base64}.
 * (Amazon Data Firehose, "Handle data delivery failures") */
static void take_failed_record(struct legacy_walk *walk, const json_t *record)
{
    const char *data = json_text(record, "rawData");
    size_t length = 0;
    cleanup_free char *bytes = str_from_base64(data, &length);

    if (!bytes || walk->inside) {
        walk->counts->unreadable++;
        return;
    }
    walk->inside = true;
    walk->arrival_ms = json_integer_value(json_object_get(record, "arrivalTimestamp"));
    walk_inside(walk, bytes, length);
    walk->arrival_ms = 0;
    walk->inside = false;
}

static void take_document(struct legacy_walk *walk, const json_t *document)
{
    const char *type = json_text(document, "messageType");
    const json_t *events = json_object_get(document, "logEvents");

    walk->counts->documents++;
    if (type && !strcmp(type, "DATA_MESSAGE") && json_is_array(events)) {
        walk->counts->envelopes++;
        walk->counts->events += (int64_t)json_array_size(events);
        if (walk->suffixed && walk->line_start && !walk->inside)
            walk->counts->readable += (int64_t)json_array_size(events);
        if (walk->reader)
            walk->reader->envelope(walk->reader->arg, document, walk->arrival_ms);
    } else if (type && !strcmp(type, "CONTROL_MESSAGE")) {
        walk->counts->control++;
    } else if (json_text(document, "rawData")) {
        take_failed_record(walk, document);
    } else {
        walk->counts->unreadable++;
    }
}

/* ---- documents one behind the other ---- */

static bool is_blank(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at == end;
}

/* Where the next document begins, or the end. */
static const char *skip_junk(struct legacy_walk *walk, const char *at, const char *end)
{
    const char *brace = at < end ? memchr(at, '{', (size_t)(end - at)) : NULL;

    if (!brace)
        brace = end;
    walk->text.junk = walk->text.junk || !is_blank(at, brace);
    if (at < brace && memchr(at, '\n', (size_t)(brace - at)))
        walk->line_start = true;
    return brace;
}

/* Behind a broken document, the next that begins like an envelope; else where its first letters may
 * stand. */
static const char *find_envelope(struct legacy_walk *walk, const char *at, const char *end)
{
    const size_t length = sizeof envelope_start - 1;
    const char *found = memmem(at, (size_t)(end - at), envelope_start, length);

    walk->text.lost = !found;
    if (found)
        return found;
    return (size_t)(end - at) < length ? at : end - length + 1;
}

/* One document; NULL when it takes more text to know. */
static const char *walk_document(struct legacy_walk *walk, const char *at, const char *end,
                                 bool is_last)
{
    size_t length = (size_t)(end - at);
    json_error_t error;
    json_auto_t *document = json_loadb(at, length, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);

    if (!document && !is_last && (size_t)error.position + NEAR_END >= length)
        return NULL;
    walk->counts->unreadable += walk->text.junk;
    walk->text.junk = false;
    if (document)
        take_document(walk, document);
    else
        walk->counts->unreadable++;
    walk->text.lost = !document;
    walk->line_start = false;
    return at + (document ? error.position : 1);
}

static void drop_front(struct str *text, size_t length)
{
    if (!length)
        return;
    text->len -= length;
    memmove(text->data, text->data + length, text->len);
}

/* Walks through what is pending, and keeps what it takes more to read. */
static void walk_text(struct legacy_walk *walk, bool is_last)
{
    struct text *text = &walk->text;
    const char *begin = str_text(&text->pending), *end = begin + text->pending.len, *at = begin;

    for (;;) {
        const char *behind;

        at = text->lost ? find_envelope(walk, at, end) : skip_junk(walk, at, end);
        if (text->lost || at == end)
            break;
        behind = walk_document(walk, at, end, is_last);
        if (!behind)
            break;
        at = behind;
    }
    if (is_last)
        walk->counts->unreadable += text->junk;
    drop_front(&text->pending, (size_t)(at - begin));
    text->wanted = text->pending.len > TEXT_BYTES / 2 ? 2 * text->pending.len : TEXT_BYTES;
}

static void take_text(void *arg, const void *bytes, size_t length)
{
    struct legacy_walk *walk = arg;

    str_add_n(&walk->text.pending, bytes, length);
    if (walk->text.pending.len >= walk->text.wanted)
        walk_text(walk, false);
}

static void begin_text(struct legacy_walk *walk)
{
    walk->text = (struct text){.wanted = TEXT_BYTES};
    walk->line_start = true;
    gzip_reader_init(&walk->gzip, take_text, walk);
}

/* What came before a gzip breaks is read all the same. */
static void end_text(struct legacy_walk *walk)
{
    struct err broken = {0};

    if (gzip_reader_end(&walk->gzip, &broken))
        walk->counts->unreadable++;
    walk_text(walk, true);
    str_fini(&walk->text.pending);
}

static void walk_inside(struct legacy_walk *walk, const void *bytes, size_t length)
{
    struct legacy_walk inside = *walk;

    begin_text(&inside);
    (void)gzip_reader_feed(&inside.gzip, bytes, length);
    end_text(&inside);
}

struct legacy_walk *legacy_walk_new(const char *key, const struct legacy_reader *reader,
                                    struct legacy_counts *counts)
{
    struct legacy_walk *walk = mem_new(sizeof *walk);

    *counts = (struct legacy_counts){0};
    walk->reader = reader;
    walk->counts = counts;
    walk->suffixed = str_ends_with(key, ".gz");
    begin_text(walk);
    return walk;
}

void legacy_walk_feed(struct legacy_walk *walk, const void *bytes, size_t length)
{
    (void)gzip_reader_feed(&walk->gzip, bytes, length);
}

void legacy_walk_end(struct legacy_walk *walk)
{
    end_text(walk);
    free(walk);
}

static bool feed(void *arg, const void *bytes, size_t length)
{
    legacy_walk_feed(((struct legacy_reading *)arg)->walk, bytes, length);
    return true;
}

static int between(struct flow *flow, void *arg, struct err *e)
{
    const struct legacy_reading *reading = arg;

    return reading->between ? reading->between(flow, reading->reader.arg, e) : 0;
}

static void end(void *walk)
{
    legacy_walk_end(walk);
}

int legacy_read(struct flow *flow, const struct billing *billing, const json_t *object,
                struct legacy_reading *reading, struct err *e)
{
    int failed;

    reading->walk =
        legacy_walk_new(json_text(object, "key"),
                        reading->reader.envelope ? &reading->reader : NULL, &reading->counts);
    failed = object_content_walk(flow, billing, object,
                                 &(struct object_walk){feed, between, reading}, e);
    flow_work(flow, end, reading->walk); /* what is pending is read to its end */
    return failed;
}

/* ---- when it arrived ---- */

enum { HOUR_S = 3600 };

static int64_t hour_of(int year, int month, int day, int hour)
{
    return timestamp_of(
        (struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour});
}

/* The hour in "STREAM-VERSION-2025-10-31-23-59-58-UUID"; 0: none. */
static int64_t hour_in_name(const char *name)
{
    for (const char *dash = strchr(name, '-'); dash; dash = strchr(dash + 1, '-')) {
        int year, month, day, hour, length = 0;

        (void)sscanf(dash, "-%4d-%2d-%2d-%2d-%*2d-%*2d-%n", &year, &month, &day, &hour, &length);
        if (length == 21)
            return hour_of(year, month, day, hour);
    }
    return 0;
}

/* The number that a folder's name ends with, if it is of so many digits, and where the name begins;
 * -1: it is not. */
static int number_in_folder(const char *key, const char **end, int digits)
{
    const char *at = *end;
    int number = 0;

    while (at > key && isdigit((unsigned char)at[-1]))
        at--;
    if (*end - at != digits || (at > key && at[-1] != '/' && at[-1] != '='))
        return -1;
    for (const char *digit = at; digit < *end; digit++)
        number = 10 * number + (*digit - '0');
    while (at > key && at[-1] != '/')
        at--;
    *end = at > key ? at - 1 : at;
    return number;
}

/* The hour of ".../year=2025/month=10/day=31/hour=23/" or ".../2025/10/31/23/"; 0: none. */
static int64_t hour_in_folder(const char *key, const char *end)
{
    int hour = number_in_folder(key, &end, 2);
    int day = hour < 0 ? -1 : number_in_folder(key, &end, 2);
    int month = day < 0 ? -1 : number_in_folder(key, &end, 2);
    int year = month < 0 ? -1 : number_in_folder(key, &end, 4);

    return year < 0 ? 0 : hour_of(year, month, day, hour);
}

int64_t legacy_arrival(const char *key)
{
    const char *slash = strrchr(key, '/');
    int64_t written_s = hour_in_name(slash ? slash + 1 : key);
    int64_t folder_s = slash ? hour_in_folder(key, slash) : 0;

    if (!written_s || (folder_s && folder_s <= written_s && folder_s >= written_s - HOUR_S))
        return folder_s;
    return written_s;
}
