#include "billing/store/legacy.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/store/gzip.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct walk {
    const struct legacy_reader *reader; /* or NULL */
    struct legacy_counts *counts;
    bool suffixed;      /* Athena would decompress it */
    bool line_start;    /* the next document is the first of its line */
    bool inside;        /* within rawData: no further nesting */
    int64_t arrival_ms; /* of the rawData */
};

static void walk_bytes(struct walk *walk, const void *bytes, size_t length);

/* Firehose's failed record: {"attemptsMade", "arrivalTimestamp", "errorCode", "rawData": base64}.
 * (Amazon Data Firehose, "Handle data delivery failures") */
static void take_failed_record(struct walk *walk, const json_t *record)
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
    walk_bytes(walk, bytes, length);
    walk->arrival_ms = 0;
    walk->inside = false;
}

static void take_document(struct walk *walk, const json_t *document)
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

static const char *next_brace(const char *at, const char *end)
{
    const char *brace = at < end ? memchr(at, '{', (size_t)(end - at)) : NULL;

    return brace ? brace : end;
}

static bool is_blank(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at == end;
}

/* Documents one behind the other; behind a broken one, the next that begins like an envelope. */
static void walk_text(struct walk *walk, const char *text, size_t length)
{
    const char *at = text, *end = text + length;

    walk->line_start = true;
    while (!is_blank(at, end)) {
        const char *brace = next_brace(at, end);
        json_error_t error;
        json_auto_t *document = NULL;

        walk->counts->unreadable += !is_blank(at, brace);
        if (memchr(at, '\n', (size_t)(brace - at)))
            walk->line_start = true;
        at = brace;
        if (at == end)
            return;
        document =
            json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);
        if (document) {
            take_document(walk, document);
            at += error.position;
        } else {
            walk->counts->unreadable++;
            at = memmem(at + 1, (size_t)(end - at - 1), "{\"messageType\"", 14);
            if (!at)
                return;
        }
        walk->line_start = false;
    }
}

static void walk_bytes(struct walk *walk, const void *bytes, size_t length)
{
    cleanup_str struct str text = {0};
    struct err broken = {0};

    if (gzip_unpack(bytes, length, &text, &broken))
        walk->counts->unreadable++;
    walk_text(walk, str_text(&text), text.len);
}

void legacy_walk(const char *key, const struct str *bytes, const struct legacy_reader *reader,
                 struct legacy_counts *counts)
{
    struct walk walk = {.reader = reader,
                        .counts = counts,
                        .suffixed = str_ends_with(key, ".gz"),
                        .line_start = true};

    *counts = (struct legacy_counts){0};
    walk_bytes(&walk, str_text(bytes), bytes->len);
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
