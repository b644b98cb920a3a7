#include "billing/verify/verify_left.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/verify/verify_findings.h"

#include <string.h>

#define CORRECTIONS "corrections/"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), n = strlen(end);

    return length >= n && !strcmp(text + length - n, end);
}

/* {key: true} of the files that a manifest names; new reference. */
static json_t *named_by(const struct archive *archive)
{
    json_t *named = json_object(), *file;
    size_t i;

    json_array_foreach(json_object_get(archive->manifest, "files"), i, file) {
        const char *path = json_text(file, "path");
        cleanup_free char *key = mem_printf("%s%s", archive->folder, path ? path : "");

        json_object_set_new(named, key, json_true());
    }
    return named;
}

/* Signatures and manifests are looked at elsewhere; so are corrections, each by itself. */
static void note_files(struct verify *verify, const struct closed_document *document)
{
    const struct archive *archive = &document->archive;
    json_auto_t *named = NULL;
    const char *first = NULL;
    const json_t *object;
    size_t count = 0, i;

    if (!*archive->hash || !archive->manifest)
        return;
    named = named_by(archive);
    json_array_foreach(archive->objects, i, object) {
        const char *key = json_text(object, "key"), *rest = key + strlen(archive->folder);

        if (!strncmp(rest, CORRECTIONS, strlen(CORRECTIONS)) || ends_with(rest, ".sig") ||
            !strcmp(rest, "manifest.json") || json_object_get(named, key))
            continue;
        first = count++ ? first : key;
    }
    if (count)
        verify_findings_note(verify,
                             "%zu file%s of the month, named by no manifest, left by a close that "
                             "was interrupted or came second (s3://%s/%s): nothing reads them",
                             count, count == 1 ? "" : "s", verify->billing->names.bucket, first);
}

static int note_bills(struct flow *flow, struct verify *verify, struct err *e)
{
    struct err failed = {0};
    json_auto_t *left = numbers_left(flow, verify->billing, &failed);
    size_t count = json_array_size(left);

    /* An entry that is none: the month that it is of tells it. */
    if (!left && failed.kind != ERR_EVIDENCE)
        return err_set(e, failed.kind, "%s", failed.text);
    err_clear(&failed);
    if (count)
        verify_findings_note(verify,
                             "%zu bill%s beside the register of numbers, named by no entry "
                             "(s3://%s/%s): left by a close that was cut off, and read by nothing",
                             count, count == 1 ? "" : "s", verify->billing->names.bucket,
                             json_string_value(json_array_get(left, 0)));
    return 0;
}

int verify_left(struct flow *flow, struct verify *verify, const struct closed *closed,
                struct err *e)
{
    note_files(verify, &closed->invoice);
    for (size_t i = 0; i < closed->count; i++)
        note_files(verify, &closed->corrections[i]);
    return note_bills(flow, verify, e);
}
