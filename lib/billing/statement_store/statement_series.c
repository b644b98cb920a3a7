#include "billing/statement_store/statement_series.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_list.h"

#include <inttypes.h>
#include <string.h>

static char *folder_of(const char *name, int year)
{
    return mem_printf("billing/numbers/_series/%s/%04d/", name, year);
}

static char *key_of(const struct statement_series *series)
{
    cleanup_free char *folder = folder_of(series->name, series->year);

    return mem_printf("%s%09" PRId64 ".json", folder, series->next);
}

void statement_series_fini(struct statement_series *series)
{
    json_decref(series->documents);
    free(series->name);
    *series = (struct statement_series){0};
}

/* ---- looking ---- */

static int by_first(const void *a, const void *b)
{
    json_int_t left = json_integer_value(json_array_get(*(json_t *const *)a, 0));
    json_int_t right = json_integer_value(json_array_get(*(json_t *const *)b, 0));

    return (left > right) - (left < right);
}

/* Whether the ranges cover the numbers from 1 on, each once, with an entry for each of them. */
static bool is_gapless(const struct statement_series *series, const json_t *objects, int64_t last)
{
    size_t count = json_object_size(series->documents), i = 0;
    json_t **ranges = mem_new((count + 1) * sizeof(json_t *)), *range;
    cleanup_free char *folder = folder_of(series->name, series->year);
    const char *document;
    int64_t next = 1;

    json_object_foreach(series->documents, document, range)
        ranges[i++] = range;
    qsort(ranges, count, sizeof(json_t *), by_first);
    for (i = 0; i < count && next > 0; i++) {
        cleanup_free char *key = mem_printf("%s%09" PRId64 ".json", folder, next);
        const char *there = json_text(json_array_get(objects, i), "key");
        json_int_t first = json_integer_value(json_array_get(ranges[i], 0)),
                   end = json_integer_value(json_array_get(ranges[i], 1));

        next = first == next && end >= first && there && !strcmp(there, key) ? end + 1 : 0;
    }
    free(ranges);
    return next == last + 1 && json_array_size(objects) == count;
}

static int take_entry(struct statement_series *series, const json_t *objects,
                      const struct str *body, struct err *e)
{
    json_auto_t *entry = json_loadb(str_text(body), body->len, JSON_REJECT_DUPLICATES, NULL);
    int64_t last = json_whole(entry, "last");

    json_decref(series->documents);
    series->documents = json_share(json_object_get(entry, "documents"));
    digest_sha256(str_text(body), body->len, series->before);
    series->next = last + 1;
    if (json_is_object(series->documents) && is_gapless(series, objects, last))
        return 0;
    return err_set(e, ERR_EVIDENCE,
                   "the register of the series %s of %d is not whole any more: an entry below "
                   "billing/numbers/_series/%s/%04d/ was removed or changed; bring it back from a "
                   "version or copy of the bucket",
                   series->name, series->year, series->name, series->year);
}

int statement_series_look(struct flow *flow, const struct billing *billing,
                          struct statement_series_of of, struct statement_series *series,
                          struct err *e)
{
    cleanup_free char *folder = folder_of(of.name, of.year);
    json_auto_t *objects = object_list(flow, billing, folder, e);
    size_t count = json_array_size(objects);
    cleanup_str struct str body = {0};

    *series = (struct statement_series){
        .name = mem_text(of.name), .year = of.year, .next = 1, .documents = json_object()};
    if (!objects)
        return -1;
    if (!count)
        return 0;
    if (archive_object_read(flow, billing, json_text(json_array_get(objects, count - 1), "key"),
                            &body, e))
        return -1;
    return take_entry(series, objects, &body, e);
}

/* ---- taking ---- */

static json_t *entry_json(const struct statement_series *series,
                          const struct statement_range *range)
{
    json_int_t last = series->next + range->count - 1;
    json_t *documents = json_copy(series->documents);

    json_object_set_new(documents, range->document,
                        json_pack("[I, I, s]", (json_int_t)series->next, last, range->manifest));
    return json_pack("{s:i, s:s, s:i, s:I, s:I, s:s, s:s, s:s, s:o}", "format_version", 1, "series",
                     series->name, "year", series->year, "first", (json_int_t)series->next, "last",
                     last, "invoice", range->document, "manifest_sha256", range->manifest, "before",
                     series->before, "documents", documents);
}

int statement_series_take(struct flow *flow, const struct billing *billing,
                          const struct statement_series *series,
                          const struct statement_range *range, struct err *e)
{
    cleanup_free char *key = key_of(series), *text = NULL;
    cleanup_str struct str body = {0};
    json_auto_t *entry = entry_json(series, range);

    text = json_canonical(entry);
    str_add(&body, text);
    return archive_object_put(flow, billing, &(struct object_new){key, "application/json", &body},
                              e);
}

int statement_series_has(struct flow *flow, const struct billing *billing,
                         const struct statement_taken *taken, struct err *e)
{
    const struct statement_series series = {
        .name = (char *)taken->series, .year = taken->year, .next = taken->first};
    cleanup_free char *key = key_of(&series);
    cleanup_str struct str body = {0};
    json_auto_t *entry = NULL;
    struct err failed = {0};
    const char *manifest;

    if (archive_object_read(flow, billing, key, &body, &failed))
        return failed.kind == ERR_ABSENT ? 0 : err_set(e, failed.kind, "%s", failed.text);
    entry = json_loadb(str_text(&body), body.len, JSON_REJECT_DUPLICATES, NULL);
    manifest = json_text(entry, "manifest_sha256");
    if (manifest)
        return !strcmp(manifest, taken->manifest);
    return err_set(e, ERR_EVIDENCE,
                   "s3://%s/%s is no entry of a series any more: bring it back from a version or "
                   "copy of the bucket",
                   billing->names.bucket, key);
}
