#include "billing/statement_store/statement_index.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/gzip.h"
#include "billing/store/object_content.h"
#include "billing/store/object_list.h"

#include <inttypes.h>
#include <stdlib.h>
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

static void drop(struct reading *reading)
{
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
    drop(reading);
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
    failed = object_content_walk(flow, billing, object, &walk, e);
    ended = gzip_reader_end(&reading.gzip, &damaged);
    if (!failed && !ended)
        failed = hand_over(flow, &reading, e);
    if (!failed && (ended || reading.broken || reading.rest.len))
        failed = err_set(e, ERR_EVIDENCE, "%s is no index of statements: line %zu is none",
                         json_text(object, "key"), reading.lines + !reading.broken);
    drop(&reading);
    free(reading.entries);
    str_fini(&reading.rest);
    return failed;
}

/* ---- what lies there ---- */

/* Names and sizes, whatever their order: how many, and the sum of their hashes. */
struct heap {
    uint64_t count, sum;
};

static void add_object(struct heap *heap, const char *key, json_int_t size)
{
    cleanup_free char *text = mem_printf("%s %" JSON_INTEGER_FORMAT, key, size);
    char hash[65];

    digest_sha256(text, strlen(text), hash);
    hash[16] = '\0';
    heap->count++;
    heap->sum += strtoull(hash, NULL, 16);
}

struct comparing {
    const char *folder;
    struct heap named, there;
};

static int take_names(struct flow *flow, void *arg, json_t *const *entries, size_t count,
                      struct err *e)
{
    static const char *const forms[] = {"json", "html", "xml"};
    struct comparing *comparing = arg;

    (void)flow, (void)e;
    for (size_t i = 0; i < count; i++) {
        cleanup_free char *base = statement_index_key(comparing->folder, entries[i]);

        for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
            const json_t *file = json_object_get(entries[i], forms[form]);
            cleanup_free char *key = mem_printf("%s.%s", base, forms[form]);

            if (file)
                add_object(&comparing->named, key, json_whole(file, "size"));
        }
    }
    return 0;
}

static void take_object(void *arg, const struct object_entry *entry)
{
    struct comparing *comparing = arg;
    json_auto_t *object = object_list_entry(entry);

    add_object(&comparing->there, entry->key, json_whole(object, "size"));
}

char *statement_index_wrong(struct flow *flow, const struct billing *billing, const char *folder,
                            const json_t *object, struct err *e)
{
    struct comparing comparing = {.folder = folder};
    const struct statement_index_taker taker = {take_names, &comparing};
    const struct object_range range = {.prefix = folder};
    const struct object_taker lister = {take_object, NULL, &comparing};

    if (!object)
        return mem_printf("the index of the statements below %s is missing", folder);
    if (statement_index_each(flow, billing, object, &taker, e) ||
        object_list_each(flow, billing, &range, &lister, e) < 0)
        return NULL;
    if (comparing.named.count == comparing.there.count &&
        comparing.named.sum == comparing.there.sum)
        return mem_text("");
    return mem_printf("below %s lie %" PRIu64 " objects, and not just the %" PRIu64
                      " of its statements, each in its size",
                      folder, comparing.there.count, comparing.named.count);
}
