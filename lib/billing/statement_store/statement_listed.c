#include "billing/statement_store/statement_listed.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/statement_store/statement_index.h"
#include "billing/store/object_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
    json_t *const *entries; /* a batch */
    size_t count;
};

static void add_names(void *arg)
{
    static const char *const forms[] = {"json", "html", "xml"};
    struct comparing *comparing = arg;

    for (size_t i = 0; i < comparing->count; i++) {
        const json_t *entry = comparing->entries[i];
        cleanup_free char *base = statement_index_key(comparing->folder, entry);

        for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
            const json_t *file = json_object_get(entry, forms[form]);
            cleanup_free char *key = mem_printf("%s.%s", base, forms[form]);

            if (file)
                add_object(&comparing->named, key, json_whole(file, "size"));
        }
    }
}

static int take_names(struct flow *flow, void *arg, json_t *const *entries, size_t count,
                      struct err *e)
{
    struct comparing *comparing = arg;

    (void)e;
    comparing->entries = entries;
    comparing->count = count;
    flow_work(flow, add_names, comparing);
    return 0;
}

static void take_object(void *arg, const struct object_entry *entry)
{
    struct comparing *comparing = arg;
    json_auto_t *object = object_list_entry(entry);

    add_object(&comparing->there, entry->key, json_whole(object, "size"));
}

char *statement_listed_wrong(struct flow *flow, const struct billing *billing, const char *folder,
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
