#include "billing/close/verify_proof.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/close/close_private.h"
#include "billing/close/verify_findings.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20 };

/* ---- one document ---- */

static int check_file(struct flow *flow, struct verify *verify, const struct archive *archive,
                      const json_t *file, struct err *e)
{
    const char *name = json_text(file, "name");
    cleanup_content struct archive_content content = {0};

    if (archive_read(flow, archive, name ? name : "?", &content, e))
        return -1;
    if (content.wrong)
        verify_findings_differ(verify, "%s", content.wrong);
    return 0;
}

int verify_proof_document(struct flow *flow, struct verify *verify, const struct archive *archive,
                          const char *what, struct err *e)
{
    size_t before = json_array_size(verify->differences), i;
    const json_t *files = json_object_get(archive->manifest, "files"), *file;
    cleanup_free char *wrong = NULL;

    if (archive_check_signature(flow, archive, verify->key, &wrong, e) < 0)
        return -1;
    if (wrong)
        verify_findings_differ(verify, "%s", wrong);
    if (!archive->manifest) {
        verify_findings_differ(verify, "%smanifest.json is no JSON any more", archive->folder);
        return 0;
    }
    json_array_foreach(files, i, file)
        if (check_file(flow, verify, archive, file, e))
            return -1;
    if (json_array_size(verify->differences) == before)
        verify_findings_agree(verify, "%s: signature and %zu files", what, json_array_size(files));
    return 0;
}

/* ---- chains ---- */

static const char *hash_before(const json_t *manifest)
{
    return json_text(json_object_get(manifest, "previous"), "manifest_sha256");
}

/* Opens the month that *archive says is before it and puts it in its place.  1: done; 0: the chain
 * ends or is broken (told). */
static int step_back(struct flow *flow, struct verify *verify, struct archive *archive,
                     struct err *e)
{
    const json_t *previous = json_object_get(archive->manifest, "previous");
    const char *name = json_text(previous, "month"), *hash = hash_before(archive->manifest);
    cleanup_free char *folder = NULL;
    struct archive before;
    struct day month;
    struct err bad = {0};

    if (!previous || json_is_null(previous))
        return 0;
    if (!name || !hash || calendar_parse_month(name, &month, &bad)) {
        verify_findings_differ(verify, "%smanifest.json names no month before it", archive->folder);
        return 0;
    }
    folder = archive_folder(verify->billing, month);
    if (archive_open(flow, verify->billing, folder, &before, e)) {
        archive_close(&before);
        return -1;
    }
    if (strcmp(before.hash, hash) != 0)
        verify_findings_differ(verify,
                               *before.hash
                                   ? "%smanifest.json was changed after %s was closed"
                                   : "%smanifest.json is missing; %s names it as the one before",
                               folder, json_text(archive->manifest, "month"));
    archive_close(archive);
    *archive = before;
    return before.manifest ? 1 : 0;
}

int verify_proof_chain(struct flow *flow, struct verify *verify, const struct archive *invoice,
                       struct err *e)
{
    size_t before = json_array_size(verify->differences), months = 0;
    struct archive at = {.folder = mem_text(invoice->folder),
                         .manifest = json_share(invoice->manifest)};
    int more;

    while ((more = step_back(flow, verify, &at, e)) > 0)
        months++;
    archive_close(&at);
    if (!more && months && json_array_size(verify->differences) == before)
        verify_findings_agree(verify, "the chain of %zu months before", months);
    return more;
}

/* Numbers of corrections in the folder, whether or not they can be opened. */
static size_t last_number(const struct archive *invoice)
{
    cleanup_free char *prefix = mem_printf("%scorrections/", invoice->folder);
    const json_t *object;
    size_t i, last = 0;

    json_array_foreach(invoice->objects, i, object) {
        const char *key = json_text(object, "key");
        char *end;
        size_t number;

        if (strncmp(key, prefix, strlen(prefix)) != 0)
            continue;
        number = strtoul(key + strlen(prefix), &end, 10);
        if (!strcmp(end, "/manifest.json") && number > last)
            last = number;
    }
    return last;
}

int verify_proof_corrections(struct flow *flow, struct verify *verify, const struct closed *closed,
                             struct err *e)
{
    const struct archive *corrections = closed->corrections;
    const char *before = closed->invoice.hash;

    for (size_t i = 0; i < closed->count; i++) {
        const char *hash = hash_before(corrections[i].manifest);
        cleanup_free char *what = mem_printf("correction %zu", i + 1);

        if (verify_proof_document(flow, verify, &corrections[i], what, e))
            return -1;
        if (corrections[i].manifest && (!hash || strcmp(hash, before) != 0))
            verify_findings_differ(verify, "%smanifest.json names another document before it",
                                   corrections[i].folder);
        before = corrections[i].hash;
    }
    if (last_number(&closed->invoice) > closed->count)
        verify_findings_differ(
            verify, "%scorrections/%zu/manifest.json is missing, and a later one is there",
            closed->invoice.folder, closed->count + 1);
    return 0;
}

/* ---- source objects ---- */

static bool is_same(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "size"), json_object_get(b, "size")) &&
           json_equal(json_object_get(a, "etag"), json_object_get(b, "etag"));
}

/* The entry of the key in a list sorted by key, from *at on, which is moved to it; NULL: none. */
static const json_t *find_key(const json_t *objects, size_t *at, const char *key)
{
    for (; *at < json_array_size(objects); ++*at) {
        const json_t *object = json_array_get(objects, *at);
        int order = strcmp(json_text(object, "key"), key);

        if (order >= 0)
            return order ? NULL : object;
    }
    return NULL;
}

int verify_proof_objects(struct flow *flow, struct verify *verify, const struct closed *closed,
                         struct err *e)
{
    json_auto_t *now = close_objects(flow, &closed->billing, verify->month, e), *then = NULL;
    size_t i, at = 0, wrong = 0;
    const json_t *object;

    if (!now)
        return -1;
    then = archive_json(flow, closed_last(closed), "objects.json.gz", e);
    if (!then)
        return -1;
    json_array_foreach(then, i, object) {
        const char *key = json_text(object, "key");
        const json_t *there = key ? find_key(now, &at, key) : NULL;

        if (there && is_same(there, object))
            continue;
        if (wrong++ < SHOWN)
            verify_findings_differ(verify, "%s, which the bill was made from, %s", key ? key : "?",
                                   there ? "was changed" : "is gone");
    }
    if (wrong > SHOWN)
        verify_findings_differ(verify, "%zu more source objects are gone or changed",
                               wrong - SHOWN);
    if (!wrong)
        verify_findings_agree(verify, "%zu source objects", json_array_size(then));
    return 0;
}
