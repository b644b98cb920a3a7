#include "billing/verify/verify_proof.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/close/close_objects.h"
#include "billing/close/close_period.h"
#include "billing/verify/verify_findings.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20, SHORTEST_MONTH_S = 27 * 86400 };

/* ---- one document ---- */

static int check_file(struct flow *flow, struct verify *verify, const struct archive *archive,
                      const json_t *file, struct err *e)
{
    const char *name = json_text(file, "name");
    cleanup_free char *wrong = NULL;

    if (archive_check(flow, archive, name ? name : "?", &wrong, e))
        return -1;
    if (wrong)
        verify_findings_differ(verify, "%s", wrong);
    return 0;
}

/* What its number was given to, or a later manifest names, must be this. */
static int check_number(struct flow *flow, struct verify *verify,
                        const struct closed_document *document, struct err *e)
{
    cleanup_free char *why = NULL, *wrong = NULL;
    cleanup_free char *name = numbers_text(verify->billing, document->number);
    enum closed_state state;

    if (closed_state(flow, document, &state, &why, e))
        return -1;
    if (why)
        verify_findings_differ(verify, "%s", why);
    else if (!*document->given.hash && json_object_get(document->archive.manifest, "documents"))
        verify_findings_differ(
            verify, "%s is not in the register of numbers any more: its entry was removed", name);
    else if (*document->given.hash) {
        wrong = numbers_what_is_wrong(flow, verify->billing, &document->given, verify->key, e);
        if (!wrong)
            return -1;
    }
    if (wrong && *wrong)
        verify_findings_differ(verify, "%s: %s", name, wrong);
    return 0;
}

int verify_proof_document(struct flow *flow, struct verify *verify,
                          const struct closed_document *document, const char *what, struct err *e)
{
    const struct archive *archive = &document->archive;
    size_t before = json_array_size(verify->differences), i;
    const json_t *files = json_object_get(archive->manifest, "files"), *file;
    cleanup_free char *wrong = NULL;

    if (check_number(flow, verify, document, e))
        return -1;
    if (!*archive->hash)
        return 0;
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

/* A month begins where the one before it ended, or behind what it says it passed over. */
static void check_edge(struct verify *verify, const struct archive *before,
                       const struct archive *after)
{
    const json_t *skipped = json_object_get(json_object_get(after->manifest, "skipped"), "period");
    struct period then, now;
    char end[TIMESTAMP_ROOM], begin[TIMESTAMP_ROOM];

    if (!before->manifest || !close_period_read(before->manifest, &then) ||
        !close_period_read(after->manifest, &now))
        return; /* another hash, which is told */
    if (then.to_s == now.from_s)
        return;
    if (json_integer_value(json_object_get(skipped, "from")) == then.to_s &&
        json_integer_value(json_object_get(skipped, "to")) == now.from_s && skipped)
        return;
    if (!json_object_get(after->manifest, "period") && now.from_s > then.to_s &&
        now.from_s - then.to_s >= SHORTEST_MONTH_S)
        return; /* of an older billingd, which did not note what it passed over */
    timestamp_text(then.to_s, end);
    timestamp_text(now.from_s, begin);
    verify_findings_differ(verify, "%s ends at %s and %s begins at %s: the calls between are %s",
                           json_text(before->manifest, "invoice"), end,
                           json_text(after->manifest, "invoice"), begin,
                           now.from_s < then.to_s ? "in both" : "in neither");
}

/* What decides which events are a month's may change between two, but is told by the later. */
static void check_changes(struct verify *verify, const struct archive *before,
                          const struct archive *after)
{
    const json_t *then = json_object_get(before->manifest, "rules"),
                 *now = json_object_get(after->manifest, "rules"),
                 *told = json_object_get(after->manifest, "changes"), *text;
    json_auto_t *changes = close_period_changes(then, now);
    size_t i;

    if (!then || !now)
        return; /* of an older billingd */
    if (json_array_size(told) != json_array_size(changes))
        verify_findings_differ(verify,
                               "%s tells %zu changes of the rules since %s, and there are %zu",
                               json_text(after->manifest, "invoice"), json_array_size(told),
                               json_text(before->manifest, "invoice"), json_array_size(changes));
    json_array_foreach(changes, i, text)
        verify_findings_note(verify, "%s to %s: %s", json_text(before->manifest, "invoice"),
                             json_text(after->manifest, "invoice"), json_string_value(text));
}

/* Opens the month that *archive says is before it and puts it in its place.  1: done; 0: the chain
 * ends or is broken (told). */
static int step_back(struct flow *flow, struct verify *verify, struct archive *archive,
                     struct err *e)
{
    const json_t *previous = json_object_get(archive->manifest, "previous");
    const char *name = json_text(previous, "month"), *hash = hash_before(archive->manifest);
    cleanup_free char *folder = NULL;
    struct number number = {.correction = 0};
    struct archive before;
    struct err bad = {0};

    if (!previous || json_is_null(previous))
        return 0;
    if (!name || !hash || calendar_parse_month(name, &number.month, &bad)) {
        verify_findings_differ(verify, "%smanifest.json names no month before it", archive->folder);
        return 0;
    }
    folder = archive_document_folder(verify->billing, number);
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
    check_edge(verify, &before, archive);
    check_changes(verify, &before, archive);
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

int verify_proof_corrections(struct flow *flow, struct verify *verify, const struct closed *closed,
                             struct err *e)
{
    const struct closed_document *corrections = closed->corrections;
    const char *before = closed_hash(&closed->invoice);
    cleanup_free char *orphan = NULL;
    bool is_signed;

    for (size_t i = 0; i < closed->count; i++) {
        const struct archive *archive = &corrections[i].archive;
        const char *hash = hash_before(archive->manifest);
        cleanup_free char *what = mem_printf("correction %zu", i + 1);

        if (verify_proof_document(flow, verify, &corrections[i], what, e))
            return -1;
        if (!*closed_hash(&corrections[i]))
            verify_findings_differ(verify, "%smanifest.json is missing, and a later one is there",
                                   archive->folder);
        if (archive->manifest && (!hash || strcmp(hash, before) != 0))
            verify_findings_differ(verify, "%smanifest.json names another document before it",
                                   archive->folder);
        before = closed_hash(&corrections[i]);
    }
    orphan = closed_orphan(closed, &is_signed);
    if (orphan)
        verify_findings_differ(verify,
                               is_signed ? "%s holds a signature without its manifest: it was "
                                           "removed"
                                         : "%s holds files of a correction without a manifest: it "
                                           "was interrupted, run it again, or its manifest was "
                                           "removed",
                               orphan);
    return 0;
}

/* Every correction of another month that this month's manifest names. */
static int check_named(struct flow *flow, struct verify *verify, struct number number,
                       const char *hash, struct err *e)
{
    cleanup_free char *folder = archive_document_folder(verify->billing, number);
    struct archive archive;
    int failed = archive_open(flow, verify->billing, folder, &archive, e);

    if (!failed && strcmp(archive.hash, hash) != 0)
        verify_findings_differ(verify,
                               *archive.hash ? "%smanifest.json is not the one that this month's "
                                               "manifest names"
                                             : "%smanifest.json is missing; this month's manifest "
                                               "names it",
                               folder);
    archive_close(&archive);
    return failed;
}

int verify_proof_named(struct flow *flow, struct verify *verify, const struct closed *closed,
                       struct err *e)
{
    json_t *named = json_object_get(closed->invoice.archive.manifest, "documents"), *hash;
    size_t before = json_array_size(verify->differences), corrections = 0;
    const char *text;

    json_object_foreach(named, text, hash) {
        struct number number;

        if (!numbers_parse(verify->billing, text, &number) || !number.correction ||
            !calendar_compare(number.month, verify->month))
            continue;
        corrections++;
        if (check_named(flow, verify, number,
                        json_string_value(hash) ? json_string_value(hash) : "", e))
            return -1;
    }
    if (corrections && json_array_size(verify->differences) == before)
        verify_findings_agree(verify, "%zu corrections of the months before", corrections);
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

/* Objects that came as late as the close took them, whatever late_days is now: others it does not
 * miss. */
static json_t *objects_now(struct flow *flow, const struct verify *verify,
                           const struct closed *closed, struct err *e)
{
    json_int_t late =
        json_whole(json_object_get(closed_last(closed)->archive.manifest, "rules"), "late_days");
    struct billing billing = closed->billing;

    if (late > billing.settings.late_days)
        billing.settings.late_days = (int)late;
    return close_objects(flow, &billing, verify->month, e);
}

/* The list of then, held against that of now. */
struct comparing {
    const json_t *now;
    size_t at, count, wrong;
    char *told[SHOWN];
};

static bool compare_object(void *arg, const json_t *object)
{
    struct comparing *comparing = arg;
    const char *key = json_text(object, "key");
    const json_t *there = key ? find_key(comparing->now, &comparing->at, key) : NULL;

    comparing->count++;
    if (there && is_same(there, object))
        return true;
    if (comparing->wrong < SHOWN)
        comparing->told[comparing->wrong] =
            mem_printf("%s, which the bill was made from, %s", key ? key : "?",
                       there ? "was changed" : "is gone, or archived");
    comparing->wrong++;
    return true;
}

static void tell_objects(struct verify *verify, const struct comparing *comparing)
{
    for (size_t i = 0; i < SHOWN && comparing->told[i]; i++)
        verify_findings_differ(verify, "%s", comparing->told[i]);
    if (comparing->wrong > SHOWN)
        verify_findings_differ(verify, "%zu more source objects are gone or changed",
                               comparing->wrong - SHOWN);
    if (!comparing->wrong)
        verify_findings_agree(verify, "%zu source objects", comparing->count);
}

int verify_proof_objects(struct flow *flow, struct verify *verify, const struct closed *closed,
                         struct err *e)
{
    json_auto_t *now = objects_now(flow, verify, closed, e), *then = NULL;
    struct comparing comparing = {.now = now};
    const struct archive_list list = {"objects.json.gz", NULL, compare_object, &comparing};

    if (!now)
        return -1;
    if (!*closed_last(closed)->archive.hash)
        return 0; /* told already */
    then = archive_each(flow, &closed_last(closed)->archive, &list, e);
    if (then)
        tell_objects(verify, &comparing);
    for (size_t i = 0; i < SHOWN; i++)
        free(comparing.told[i]);
    return then ? 0 : -1;
}
