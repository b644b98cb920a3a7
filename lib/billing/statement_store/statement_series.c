#include "billing/statement_store/statement_series.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_list.h"

#include <inttypes.h>
#include <string.h>

/* Of entries, and of their copies. */
#define ENTRIES "_series"
#define COPIES "_given"

static char *folder_of(const char *of, const char *name, int year)
{
    return mem_printf("billing/numbers/%s/%s/%04d/", of, name, year);
}

static char *key_of(const char *of, const struct statement_series *series)
{
    cleanup_free char *folder = folder_of(of, series->name, series->year);

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
    cleanup_free char *folder = folder_of(ENTRIES, series->name, series->year);
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
    return next == last + 1 && json_array_size(objects) == count + series->ended;
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
    series->ended = json_is_true(json_object_get(entry, "ended"));
    if (json_is_object(series->documents) && is_gapless(series, objects, last))
        return 0;
    return err_set(
        e, ERR_EVIDENCE,
        "the register of the series %s of %d is not whole any more: an entry below "
        "billing/numbers/_series/%s/%04d/ was removed or changed, or something else lies "
        "there; bring it back from a version or copy of the bucket",
        series->name, series->year, series->name, series->year);
}

/* Whether the key's name is that of one of the objects, which are sorted by theirs. */
static bool has_name(const json_t *objects, const char *key)
{
    const char *name = strrchr(key, '/');
    size_t low = 0, high = json_array_size(objects);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other = json_text(json_array_get(objects, middle), "key");
        int order = strcmp(strrchr(other, '/'), name);

        if (!order)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The newest entry is one that nothing behind it names: its copy tells that it was there. */
static int check_copies(const struct billing *billing, struct statement_series_of of,
                        const json_t *objects, const json_t *copies, struct err *e)
{
    const json_t *copy;
    size_t i;

    json_array_foreach(copies, i, copy) {
        const char *key = json_text(copy, "key"), *name = strrchr(key, '/');

        if (!has_name(objects, key))
            return err_set(e, ERR_EVIDENCE,
                           "the register of the series %s of %d is not whole any more: its entry "
                           "billing/numbers/" ENTRIES "/%s/%04d%s was removed, and the numbers in "
                           "it were given; put its copy s3://%s/%s back there",
                           of.name, of.year, of.name, of.year, name, billing->names.bucket, key);
    }
    return 0;
}

/* Whether the last entry is what its copy, if it has one, says. */
static int check_last(struct flow *flow, const struct billing *billing,
                      const struct statement_series *series, const char *key, struct err *e)
{
    cleanup_free char *folder = folder_of(COPIES, series->name, series->year);
    cleanup_free char *copy = mem_printf("%s%s", folder, strrchr(key, '/') + 1);
    cleanup_str struct str body = {0};
    char hash[65];

    if (archive_object_read(flow, billing, copy, &body, e))
        return -1;
    digest_sha256(str_text(&body), body.len, hash);
    if (!strcmp(hash, series->before))
        return 0;
    return err_set(e, ERR_EVIDENCE,
                   "the register of the series %s of %d is not whole any more: s3://%s/%s and its "
                   "copy %s differ, one of them was changed; bring it back from a version or copy "
                   "of the bucket",
                   series->name, series->year, billing->names.bucket, key, copy);
}

int statement_series_look(struct flow *flow, const struct billing *billing,
                          struct statement_series_of of, struct statement_series *series,
                          struct err *e)
{
    cleanup_free char *folder = folder_of(ENTRIES, of.name, of.year),
                      *others = folder_of(COPIES, of.name, of.year);
    json_auto_t *objects = object_list(flow, billing, folder, e), *copies = NULL;
    size_t count = json_array_size(objects);
    cleanup_str struct str body = {0};
    const char *last;

    *series = (struct statement_series){
        .name = mem_text(of.name), .year = of.year, .next = 1, .documents = json_object()};
    if (objects)
        copies = object_list(flow, billing, others, e);
    if (!copies || check_copies(billing, of, objects, copies, e))
        return -1;
    if (!count)
        return 0;
    last = json_text(json_array_get(objects, count - 1), "key");
    if (archive_object_read(flow, billing, last, &body, e) || take_entry(series, objects, &body, e))
        return -1;
    return has_name(copies, last) ? check_last(flow, billing, series, last, e) : 0;
}

/* ---- taking ---- */

/* An entry behind the last; documents: taken over. */
static json_t *entry_json(const struct statement_series *series, int64_t count, json_t *documents)
{
    return json_pack("{s:i, s:s, s:i, s:I, s:I, s:s, s:o}", "format_version", 1, "series",
                     series->name, "year", series->year, "first", (json_int_t)series->next, "last",
                     (json_int_t)(series->next + count - 1), "before", series->before, "documents",
                     documents);
}

static int put(struct flow *flow, const struct billing *billing, const char *key,
               const json_t *entry, struct err *e)
{
    cleanup_free char *text = json_canonical(entry);
    cleanup_str struct str body = {0};

    str_add(&body, text);
    return archive_object_put(flow, billing, &(struct object_new){key, "application/json", &body},
                              e);
}

int statement_series_take(struct flow *flow, const struct billing *billing,
                          const struct statement_series *series,
                          const struct statement_range *range, struct err *e)
{
    cleanup_free char *key = key_of(ENTRIES, series);
    json_t *documents = json_copy(series->documents);
    json_auto_t *entry = entry_json(series, range->count, documents);

    json_object_set_new(documents, range->document,
                        json_pack("[I, I, s]", (json_int_t)series->next,
                                  (json_int_t)(series->next + range->count - 1), range->manifest));
    json_object_set_new(entry, "invoice", json_string(range->document));
    json_object_set_new(entry, "manifest_sha256", json_string(range->manifest));
    return put(flow, billing, key, entry, e);
}

int statement_series_end(struct flow *flow, const struct billing *billing,
                         const struct statement_series *series, struct err *e)
{
    cleanup_free char *key = key_of(ENTRIES, series);
    json_auto_t *entry = entry_json(series, 0, json_share(series->documents));

    json_object_set_new(entry, "ended", json_true());
    return put(flow, billing, key, entry, e);
}

int statement_series_keep(struct flow *flow, const struct billing *billing,
                          const struct statement_series *series, struct err *e)
{
    cleanup_free char *key = key_of(ENTRIES, series), *copy = key_of(COPIES, series);
    cleanup_str struct str body = {0};
    int result;

    if (archive_object_read(flow, billing, key, &body, e))
        return -1;
    result =
        archive_object_put(flow, billing, &(struct object_new){copy, "application/json", &body}, e);
    if (result <= 0)
        return result;
    return err_set(e, ERR_EVIDENCE,
                   "s3://%s/%s is not the entry %s: one of them was changed; bring it back from a "
                   "version or copy of the bucket",
                   billing->names.bucket, copy, key);
}

json_t *statement_series_bind(struct flow *flow, const struct billing *billing, const char *key,
                              struct statement_series_of of, struct err *e)
{
    json_t *wanted = json_pack("{s:s, s:i}", "series", of.name, "year", of.year), *bound;
    cleanup_str struct str body = {0};
    int other = put(flow, billing, key, wanted, e);

    if (!other)
        return wanted;
    json_decref(wanted);
    if (other < 0 || archive_object_read(flow, billing, key, &body, e))
        return NULL;
    bound = json_loadb(str_text(&body), body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_text(bound, "series") && json_is_integer(json_object_get(bound, "year")))
        return bound;
    json_decref(bound);
    (void)err_set(e, ERR_EVIDENCE,
                  "s3://%s/%s does not say which series this document has its numbers of: bring "
                  "it back from a version or copy of the bucket",
                  billing->names.bucket, key);
    return NULL;
}

int statement_series_has(struct flow *flow, const struct billing *billing,
                         const struct statement_taken *taken, struct err *e)
{
    const struct statement_series series = {
        .name = (char *)taken->series, .year = taken->year, .next = taken->first};
    cleanup_free char *key = key_of(ENTRIES, &series);
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
