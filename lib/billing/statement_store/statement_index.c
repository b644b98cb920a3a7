#include "billing/statement_store/statement_index.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/store/object_content.h"

#include <string.h>

enum { BATCH = 256, LINE_MOST = 1 << 20 };

static json_t *file_json(const char *text)
{
    char hash[65];

    digest_sha256(text, strlen(text), hash);
    return json_pack("{s:s, s:I}", "sha256", hash, "size", (json_int_t)strlen(text));
}

json_t *statement_index_entry(const json_t *document, const char *hash, const char *json,
                              const char *html, const char *xml)
{
    json_t *entry = json_pack(
        "{s:O, s:s?, s:O, s:O, s:O, s:O, s:o, s:o}", "customer",
        json_at(document, "buyer.customer"), "hash", hash, "number",
        json_object_get(document, "number"), "kind", json_object_get(document, "kind"), "net",
        json_object_get(document, "net"), "total", json_object_get(document, "total"), "json",
        file_json(json), "html", file_json(html));

    if (xml)
        json_object_set_new(entry, "xml", file_json(xml));
    return entry;
}

char *statement_index_key(const char *folder, const json_t *entry)
{
    const char *hash = json_text(entry, "hash");

    return mem_printf("%s%s", folder, hash ? hash : "unattributed");
}

/* ---- reading ---- */

struct reading {
    const struct statement_index_taker *taker;
    struct gzip_reader gzip;
    struct str rest; /* of a line that is not whole yet */
    json_t **entries;
    size_t count, room, lines;
    bool broken;
};

static void add_line(struct reading *reading, const char *line, size_t length)
{
    json_t *entry = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);

    reading->lines++;
    if (!json_is_object(entry)) {
        reading->broken = true;
        json_decref(entry);
        return;
    }
    if (reading->count == reading->room) {
        reading->room = reading->room ? reading->room * 2 : BATCH;
        reading->entries = mem_resize(reading->entries, reading->room, sizeof(json_t *));
    }
    reading->entries[reading->count++] = entry;
}

static void take_text(void *arg, const void *bytes, size_t length)
{
    struct reading *reading = arg;
    const char *at = bytes, *end = at + length, *newline;

    while (!reading->broken && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        str_add_n(&reading->rest, at, (size_t)(newline - at));
        add_line(reading, str_text(&reading->rest), reading->rest.len);
        str_fini(&reading->rest);
        at = newline + 1;
    }
    str_add_n(&reading->rest, at, (size_t)(end - at));
    reading->broken = reading->broken || reading->rest.len > LINE_MOST;
}

static bool take_bytes(void *arg, const void *bytes, size_t length)
{
    struct reading *reading = arg;

    return gzip_reader_feed(&reading->gzip, bytes, length) && !reading->broken;
}

static void drop(void *arg)
{
    struct reading *reading = arg;

    for (size_t i = 0; i < reading->count; i++)
        json_decref(reading->entries[i]);
    reading->count = 0;
}

static int hand_over(struct flow *flow, void *arg, struct err *e)
{
    struct reading *reading = arg;
    int failed = 0;

    for (size_t at = 0; at < reading->count && !failed; at += BATCH) {
        size_t left = reading->count - at;

        failed = reading->taker->take(flow, reading->taker->arg, reading->entries + at,
                                      left < BATCH ? left : BATCH, e);
    }
    flow_work(flow, drop, reading);
    return failed;
}

int statement_index_each(struct flow *flow, const struct billing *billing, const json_t *object,
                         const struct statement_index_taker *taker, struct err *e)
{
    struct reading reading = {.taker = taker};
    const struct object_walk walk = {take_bytes, hand_over, &reading};
    struct err damaged = {0};
    int failed, ended;

    gzip_reader_init(&reading.gzip, take_text, &reading);
    reading.gzip.most = SIZE_MAX;
    failed = object_content_walk(flow, billing, object, &walk, e);
    ended = gzip_reader_end(&reading.gzip, &damaged);
    if (!failed && !ended)
        failed = hand_over(flow, &reading, e);
    if (!failed && (ended || reading.broken || reading.rest.len))
        failed = err_set(e, ERR_EVIDENCE, "%s is no index of statements: line %zu is none",
                         json_text(object, "key"), reading.lines + !reading.broken);
    flow_work(flow, drop, &reading);
    free(reading.entries);
    str_fini(&reading.rest);
    return failed;
}
