#include "billing/store/legacy.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/gzip.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct walk {
    const struct legacy_reader *reader; /* or NULL */
    struct legacy_counts *counts;
    bool suffixed;   /* Athena would decompress it */
    bool line_start; /* the next document is the first of its line */
    bool inside;     /* within rawData: no further nesting */
};

static void walk_bytes(struct walk *walk, const void *bytes, size_t length);

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && !strcmp(text + n - m, end);
}

/* Firehose's failed record: {"attemptsMade", "arrivalTimestamp", "errorCode", "rawData": base64}.
 * (Amazon Data Firehose, "Handle data delivery failures") */
static void take_failed_record(struct walk *walk, const char *data)
{
    size_t length = 0;
    cleanup_free char *bytes = str_from_base64(data, &length);

    if (!bytes || walk->inside) {
        walk->counts->unreadable++;
        return;
    }
    walk->inside = true;
    walk_bytes(walk, bytes, length);
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
            walk->reader->envelope(walk->reader->arg, document);
    } else if (type && !strcmp(type, "CONTROL_MESSAGE")) {
        walk->counts->control++;
    } else if (json_text(document, "rawData")) {
        take_failed_record(walk, json_text(document, "rawData"));
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
    struct walk walk = {reader, counts, ends_with(key, ".gz"), true, false};

    *counts = (struct legacy_counts){0};
    walk_bytes(&walk, str_text(bytes), bytes->len);
}
