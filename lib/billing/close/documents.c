#include "billing/close/documents.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- asking ---- */

const char *documents_hash(const struct billing *billing, const json_t *documents,
                           struct number number)
{
    cleanup_free char *text = numbers_text(billing, number);

    return json_text(documents, text);
}

unsigned documents_last(const struct billing *billing, const json_t *documents, struct day month)
{
    unsigned last = 0;
    const char *text;
    json_t *hash;

    json_object_foreach((json_t *)documents, text, hash) {
        struct number number;

        if (numbers_parse(billing, text, &number) && !calendar_compare(number.month, month) &&
            number.correction > last)
            last = number.correction;
    }
    return last;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

json_t *documents_months_of(const struct billing *billing, const json_t *numbers)
{
    json_t **found = mem_new((json_array_size(numbers) + 1) * sizeof *found);
    json_t *months = json_array(), *text;
    size_t count = 0, i;

    json_array_foreach(numbers, i, text) {
        struct number number;
        char name[16];

        if (!numbers_parse(billing, json_string_value(text), &number) || number.correction)
            continue;
        calendar_month_text(number.month, name);
        found[count++] = json_string(name);
    }
    if (count)
        qsort(found, count, sizeof *found, by_text);
    for (i = 0; i < count; i++)
        json_array_append_new(months, found[i]);
    free(found);
    return months;
}

json_t *documents_months(const struct billing *billing, const json_t *documents)
{
    json_auto_t *numbers = json_array();
    const char *text;
    json_t *hash;

    json_object_foreach((json_t *)documents, text, hash)
        json_array_append_new(numbers, json_string(text));
    return documents_months_of(billing, numbers);
}

/* ---- reading ---- */

struct reading {
    struct flow *flow;
    const struct billing *billing;
    json_t *documents;
};

/* The hash of a number's manifest, as the register has it, else the archive. */
static json_t *read_hash(const struct reading *reading, struct number number, bool given,
                         struct err *e)
{
    cleanup_free char *folder = archive_document_folder(reading->billing, number);
    json_t *hash = NULL;

    if (given) {
        struct numbers_entry entry;

        if (!numbers_read(reading->flow, reading->billing, number, &entry, e))
            hash = json_string(entry.hash);
        numbers_fini(&entry);
    } else {
        struct archive archive;

        if (!archive_open(reading->flow, reading->billing, folder, &archive, e))
            hash = json_string(archive.hash);
        archive_close(&archive);
    }
    return hash;
}

/* Those of a list of numbers that are not known yet. */
static int add(const struct reading *reading, const json_t *texts, bool given, struct err *e)
{
    const json_t *text;
    size_t i;

    json_array_foreach(texts, i, text) {
        struct number number;
        json_t *hash;

        if (json_object_get(reading->documents, json_string_value(text)) ||
            !numbers_parse(reading->billing, json_string_value(text), &number))
            continue;
        hash = read_hash(reading, number, given, e);
        if (!hash)
            return -1;
        json_object_set_new(reading->documents, json_string_value(text), hash);
    }
    return 0;
}

/* What the newest invoice names, and itself. */
static int add_named(const struct reading *reading, const json_t *archived, struct err *e)
{
    struct number newest = {.month.year = 0};
    cleanup_free char *folder = NULL;
    struct archive archive;
    const json_t *text;
    size_t i;
    int failed;

    json_array_foreach(archived, i, text) {
        struct number number;

        if (numbers_parse(reading->billing, json_string_value(text), &number) &&
            !number.correction && calendar_compare(number.month, newest.month) > 0)
            newest = number;
    }
    if (!newest.month.year)
        return 0;
    folder = archive_document_folder(reading->billing, newest);
    failed = archive_open(reading->flow, reading->billing, folder, &archive, e);
    if (!failed)
        json_object_update(reading->documents, json_object_get(archive.manifest, "documents"));
    archive_close(&archive);
    return failed;
}

json_t *documents_read(struct flow *flow, const struct billing *billing, struct err *e)
{
    json_auto_t *archived = archive_numbers(flow, billing, e);
    json_auto_t *given = archived ? numbers_given(flow, billing, e) : NULL;
    const struct reading reading = {flow, billing, json_object()};

    if (given && !add_named(&reading, archived, e) && !add(&reading, given, true, e) &&
        !add(&reading, archived, false, e))
        return reading.documents;
    json_decref(reading.documents);
    return NULL;
}
