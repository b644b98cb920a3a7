#include "billing/close/archive.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/store/gzip.h"
#include "billing/store/object_content.h"
#include "billing/store/object_list.h"

#include <string.h>

#define MANIFEST "manifest.json"

/* ---- names ---- */

static char *root_folder(const struct billing *billing)
{
    return mem_printf("%s%s/", billing->settings.archive_prefix, billing->pipeline);
}

char *archive_folder(const struct billing *billing, struct day month)
{
    cleanup_free char *root = root_folder(billing);

    return mem_printf("%s%04d-%02d/", root, month.year, month.month);
}

char *archive_correction_folder(const struct billing *billing, struct day month, unsigned number)
{
    cleanup_free char *folder = archive_folder(billing, month);

    return mem_printf("%scorrections/%u/", folder, number);
}

json_t *archive_months(struct flow *flow, const struct billing *billing, struct err *e)
{
    cleanup_free char *root = root_folder(billing);
    json_auto_t *objects = object_list(flow, billing, root, e);
    json_t *months, *object;
    size_t i;

    if (!objects)
        return NULL;
    months = json_array();
    json_array_foreach(objects, i, object) {
        const char *rest = json_text(object, "key") + strlen(root);
        cleanup_free char *name = mem_text_n(rest, strcspn(rest, "/"));
        struct err none = {0};
        struct day month;

        if (!strcmp(rest + strlen(name), "/" MANIFEST) &&
            !calendar_parse_month(name, &month, &none))
            json_array_append_new(months, json_string(name));
    }
    return months;
}

char *archive_text(const json_t *value)
{
    cleanup_free char *text = json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS);

    return mem_printf("%s\n", text);
}

/* ---- the files of a document ---- */

void archive_add(struct archive_files *files, const char *name, const char *type, struct str *body)
{
    struct archive_file *file;

    files->list = mem_resize(files->list, files->count + 1, sizeof *files->list);
    file = &files->list[files->count++];
    *file = (struct archive_file){.name = name, .type = type, .body = *body};
    *body = (struct str){0};
}

void archive_add_text(struct archive_files *files, const char *name, const char *type, char *text)
{
    struct str body = {0};

    str_add(&body, text);
    free(text);
    archive_add(files, name, type, &body);
}

void archive_files_fini(struct archive_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        str_fini(&files->list[i].body);
    free(files->list);
    *files = (struct archive_files){0};
}

/* ---- writing ---- */

/* The whole object; ERR_ABSENT when there is none. */
static int read_key(struct flow *flow, const struct billing *billing, const char *key,
                    struct str *out, struct err *e)
{
    json_auto_t *objects = object_list(flow, billing, key, e);
    json_t *object;
    size_t i;

    if (!objects)
        return -1;
    json_array_foreach(objects, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return object_content_read(flow, billing, object, out, e);
    return err_set(e, ERR_ABSENT, "s3://%s/%s is not there", billing->names.bucket, key);
}

/* 0 when it is there, written now or before; 1 when something else was; -1 and *e. */
static int put(struct flow *flow, const struct billing *billing, const struct object_new *object,
               struct err *e)
{
    int written = object_content_put(flow, billing, object, e);
    cleanup_str struct str there = {0};

    if (written)
        return written < 0 ? -1 : 0;
    if (read_key(flow, billing, object->key, &there, e))
        return -1;
    return there.len != object->body->len ||
           memcmp(str_text(&there), str_text(object->body), there.len) != 0;
}

/* A file under a name of its contents: what lies there is it, or was changed by somebody. */
static int put_named(struct flow *flow, const struct billing *billing,
                     const struct object_new *object, struct err *e)
{
    int other = put(flow, billing, object, e);

    if (other <= 0)
        return other;
    return err_set(e, ERR_INVALID,
                   "s3://%s/%s holds something else than its name says: somebody changed it, look "
                   "at it, then delete it",
                   billing->names.bucket, object->key);
}

/* Puts name, size and hash of each file into the manifest; id comes from all of them. */
static void name_files(const struct archive_files *files, json_t *manifest,
                       char id[static ARCHIVE_ID])
{
    cleanup_str struct str all = {0};
    json_t *list = json_array();
    char hex[65];

    for (size_t i = 0; i < files->count; i++) {
        const struct archive_file *file = &files->list[i];

        digest_sha256(str_text(&file->body), file->body.len, hex);
        str_addf(&all, "%s %s\n", hex, file->name);
        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", file->name, "size",
                                              (json_int_t)file->body.len, "sha256", hex));
    }
    digest_sha256(str_text(&all), all.len, hex);
    memcpy(id, hex, ARCHIVE_ID - 1);
    id[ARCHIVE_ID - 1] = '\0';
    for (size_t i = 0; i < files->count; i++) {
        json_t *item = json_array_get(list, i);

        json_object_set_new(item, "path", json_sprintf("%s/%s", id, files->list[i].name));
    }
    json_object_set_new(manifest, "files", list);
}

static char *signature_name(const char *folder, const char *manifest_hash)
{
    return mem_printf("%smanifest-%.*s.sig", folder, ARCHIVE_ID - 1, manifest_hash);
}

static int write_signature(struct flow *flow, const struct billing *billing,
                           const struct archive_document *document, const struct str *manifest,
                           struct err *e)
{
    unsigned char signature[SIGNATURE_BYTES];
    cleanup_str struct str body = {0};
    cleanup_free char *name = NULL;
    char hash[65];

    if (signature_sign(document->key, str_text(manifest), manifest->len, signature, e))
        return -1;
    digest_sha256(str_text(manifest), manifest->len, hash);
    name = signature_name(document->folder, hash);
    str_add_n(&body, signature, sizeof signature);
    return put_named(flow, billing, &(struct object_new){name, "application/octet-stream", &body},
                     e);
}

/* id: the folder of the files. */
static int write_files(struct flow *flow, const struct billing *billing,
                       const struct archive_document *document, const char *id, struct err *e)
{
    for (size_t i = 0; i < document->files.count; i++) {
        const struct archive_file *file = &document->files.list[i];
        cleanup_free char *name = mem_printf("%s%s/%s", document->folder, id, file->name);

        if (put_named(flow, billing, &(struct object_new){name, file->type, &file->body}, e))
            return -1;
    }
    return 0;
}

int archive_write(struct flow *flow, const struct billing *billing,
                  const struct archive_document *document, struct err *e)
{
    cleanup_free char *name = mem_printf("%s" MANIFEST, document->folder), *text = NULL;
    cleanup_str struct str body = {0};
    char id[ARCHIVE_ID], fingerprint[65];

    name_files(&document->files, document->manifest, id);
    signature_fingerprint(document->key, fingerprint);
    json_object_set_new(document->manifest, "signing_key",
                        json_pack("{s:s, s:s}", "algorithm", "Ed25519", "sha256", fingerprint));
    text = archive_text(document->manifest);
    str_add(&body, text);
    if (write_files(flow, billing, document, id, e) ||
        write_signature(flow, billing, document, &body, e))
        return -1;
    return put(flow, billing, &(struct object_new){name, "application/json", &body}, e);
}

/* ---- reading ---- */

static const json_t *object_at(const struct archive *archive, const char *path)
{
    cleanup_free char *key = mem_printf("%s%s", archive->folder, path);
    const json_t *object;
    size_t i;

    json_array_foreach(archive->objects, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return object;
    return NULL;
}

int archive_open(struct flow *flow, const struct billing *billing, const char *folder,
                 struct archive *archive, struct err *e)
{
    const json_t *object;

    *archive = (struct archive){.billing = billing, .folder = mem_text(folder)};
    archive->objects = object_list(flow, billing, folder, e);
    if (!archive->objects)
        return -1;
    object = object_at(archive, MANIFEST);
    if (!object)
        return 0;
    if (object_content_read(flow, billing, object, &archive->manifest_bytes, e))
        return -1;
    digest_sha256(str_text(&archive->manifest_bytes), archive->manifest_bytes.len, archive->hash);
    archive->manifest = json_loadb(str_text(&archive->manifest_bytes), archive->manifest_bytes.len,
                                   JSON_REJECT_DUPLICATES, NULL);
    return 0;
}

void archive_close(struct archive *archive)
{
    free(archive->folder);
    str_fini(&archive->manifest_bytes);
    json_decref(archive->manifest);
    json_decref(archive->objects);
    *archive = (struct archive){0};
}

static const json_t *file_named(const struct archive *archive, const char *name)
{
    const json_t *file;
    size_t i;

    json_array_foreach(json_object_get(archive->manifest, "files"), i, file)
        if (json_text(file, "name") && !strcmp(json_text(file, "name"), name))
            return file;
    return NULL;
}

void archive_content_fini(struct archive_content *content)
{
    str_fini(&content->bytes);
    free(content->wrong);
    *content = (struct archive_content){0};
}

int archive_read(struct flow *flow, const struct archive *archive, const char *name,
                 struct archive_content *content, struct err *e)
{
    const json_t *file = file_named(archive, name), *object;
    const char *path = json_text(file, "path"), *hash = json_text(file, "sha256");
    char hex[65];

    *content = (struct archive_content){0};
    if (!path || !hash) {
        content->wrong = mem_printf("%s" MANIFEST " names no %s", archive->folder, name);
        return 0;
    }
    object = object_at(archive, path);
    if (!object) {
        content->wrong = mem_printf("%s%s is missing", archive->folder, path);
        return 0;
    }
    if (object_content_read(flow, archive->billing, object, &content->bytes, e))
        return -1;
    digest_sha256(str_text(&content->bytes), content->bytes.len, hex);
    if (strcmp(hex, hash) != 0)
        content->wrong = mem_printf("%s%s was changed: its SHA-256 is %s, the manifest says %s",
                                    archive->folder, path, hex, hash);
    return 0;
}

/* What is wrong with a signature that is not the key's; new text. */
static char *wrong_signature(const struct archive *archive, const char *name,
                             const struct signature_key *key)
{
    const char *recorded = json_text(json_object_get(archive->manifest, "signing_key"), "sha256");
    char fingerprint[65];

    signature_fingerprint(key, fingerprint);
    if (recorded && strcmp(recorded, fingerprint) != 0)
        return mem_printf("%s" MANIFEST " was signed by the key %s, not by %s", archive->folder,
                          recorded, fingerprint);
    return mem_printf("%s%s is no signature of " MANIFEST " by the key %s", archive->folder, name,
                      fingerprint);
}

int archive_check_signature(struct flow *flow, const struct archive *archive,
                            const struct signature_key *key, char **wrong, struct err *e)
{
    cleanup_free char *name = signature_name("", archive->hash);
    const json_t *object = object_at(archive, name);
    cleanup_str struct str signature = {0};

    *wrong = NULL;
    if (!object)
        *wrong = mem_printf("%s%s is missing: the manifest was changed, or its signature removed",
                            archive->folder, name);
    else if (object_content_read(flow, archive->billing, object, &signature, e))
        return -1;
    else if (!signature_is_good(key, str_text(&archive->manifest_bytes),
                                archive->manifest_bytes.len, str_text(&signature), signature.len))
        *wrong = wrong_signature(archive, name, key);
    return !*wrong;
}

json_t *archive_json(struct flow *flow, const struct archive *archive, const char *name,
                     struct err *e)
{
    cleanup_content struct archive_content content = {0};
    cleanup_str struct str plain = {0};
    json_t *value;

    if (archive_read(flow, archive, name, &content, e))
        return NULL;
    if (content.wrong) {
        (void)err_set(e, ERR_INVALID, "%s", content.wrong);
        return NULL;
    }
    if (gzip_unpack(str_text(&content.bytes), content.bytes.len, &plain, e))
        return NULL;
    value = json_loadb(str_text(&plain), plain.len, JSON_DECODE_ANY, NULL);
    if (!value)
        (void)err_set(e, ERR_INVALID, "%s%s is no JSON", archive->folder, name);
    return value;
}
