#include "billing/close/archive.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_read.h"
#include "billing/bulk/element_reader.h"
#include "billing/bulk/gzip.h"
#include "billing/store/archive_named.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_content.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

#define MANIFEST "manifest.json"
#define GZIP ".gz"

/* ---- names ---- */

static char *root_folder(const struct billing *billing)
{
    return mem_printf("%s%s/", billing->settings.archive_prefix, billing->pipeline);
}

char *archive_document_folder(const struct billing *billing, struct number number)
{
    cleanup_free char *root = root_folder(billing);
    struct day month = number.month;

    return number.correction ? mem_printf("%s%04d-%02d/corrections/%u/", root, month.year,
                                          month.month, number.correction)
                             : mem_printf("%s%04d-%02d/", root, month.year, month.month);
}

/* Whose manifest the key is. */
static bool take_manifest(const struct billing *billing, const char *key, struct number *number)
{
    cleanup_free char *root = root_folder(billing);
    cleanup_free char *folder = NULL, *wanted = NULL;

    *number = (struct number){.month.day = 1};
    if (sscanf(key + strlen(root), "%4d-%2d/corrections/%9u/", &number->month.year,
               &number->month.month, &number->correction) < 2)
        return false;
    folder = archive_document_folder(billing, *number);
    wanted = mem_printf("%s" MANIFEST, folder);
    return !strcmp(key, wanted) && number->month.month >= 1 && number->month.month <= 12;
}

json_t *archive_closed(struct flow *flow, const struct billing *billing, struct err *e)
{
    cleanup_free char *root = root_folder(billing);
    json_auto_t *objects = object_list(flow, billing, root, e);
    json_t *closed, *object;
    size_t i;

    if (!objects)
        return NULL;
    closed = json_object();
    json_array_foreach(objects, i, object) {
        struct number number;
        cleanup_free char *text = NULL;

        if (!take_manifest(billing, json_text(object, "key"), &number))
            continue;
        text = numbers_text(billing, number);
        json_object_set(closed, text, json_object_get(object, "modified"));
    }
    return closed;
}

json_t *archive_numbers(struct flow *flow, const struct billing *billing, struct err *e)
{
    json_auto_t *closed = archive_closed(flow, billing, e);
    json_t *texts = closed ? json_array() : NULL, *modified;
    const char *text;

    json_object_foreach(closed, text, modified)
        json_array_append_new(texts, json_string(text));
    return texts;
}

int archive_has(struct flow *flow, const struct billing *billing, struct number number,
                struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, number);
    cleanup_free char *key = mem_printf("%s" MANIFEST, folder);
    json_auto_t *objects = object_list(flow, billing, key, e);
    const char *first = json_text(json_array_get(objects, 0), "key");

    return !objects ? -1 : first && !strcmp(first, key);
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
    *file = (struct archive_file){.type = type, .body = *body};
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    *body = (struct str){0};
}

void archive_add_text(struct archive_files *files, const char *name, const char *type, char *text)
{
    struct str body = {0};

    str_add(&body, text);
    free(text);
    archive_add(files, name, type, &body);
}

void archive_add_packed(struct archive_files *files, const char *name, const char *type,
                        struct packed_text *text)
{
    char packed[ARCHIVE_NAME];
    struct str body = {0};
    bool is_gzip = packed_text_end(text, &body);

    (void)snprintf(packed, sizeof packed, "%s" GZIP, name);
    archive_add(files, is_gzip ? packed : name, is_gzip ? "application/gzip" : type, &body);
}

void archive_files_fini(struct archive_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        str_fini(&files->list[i].body);
    free(files->list);
    *files = (struct archive_files){0};
}

/* ---- writing ---- */

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

/* The signature, then the manifest: with it everything is there. */
static int write_manifest(struct flow *flow, const struct billing *billing, const char *folder,
                          const struct numbers_entry *entry, struct err *e)
{
    cleanup_free char *name = signature_name(folder, entry->hash);
    cleanup_free char *manifest = mem_printf("%s" MANIFEST, folder);
    cleanup_str struct str body = {0};

    str_add_n(&body, entry->signature, sizeof entry->signature);
    if (archive_named_put(flow, billing,
                          &(struct object_new){name, "application/octet-stream", &body}, e))
        return -1;
    return archive_object_put(flow, billing,
                              &(struct object_new){manifest, "application/json", &entry->text}, e);
}

/* id: the folder of the files. */
static int write_files(struct flow *flow, const struct billing *billing,
                       const struct archive_document *document, const char *id, struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, document->number);

    for (size_t i = 0; i < document->files.count; i++) {
        const struct archive_file *file = &document->files.list[i];
        cleanup_free char *name = mem_printf("%s%s/%s", folder, id, file->name);

        if (archive_named_put(flow, billing, &(struct object_new){name, file->type, &file->body},
                              e))
            return -1;
    }
    return 0;
}

struct signing {
    const struct archive_document *document;
    struct numbers_entry entry;
    char id[ARCHIVE_ID];
    int failed;
    struct err *e;
};

static void sign(void *arg)
{
    struct signing *signing = arg;
    const struct archive_document *document = signing->document;
    struct numbers_entry *entry = &signing->entry;
    cleanup_free char *text = NULL;
    char fingerprint[65];

    name_files(&document->files, document->manifest, signing->id);
    signature_fingerprint(document->key, fingerprint);
    json_object_set_new(document->manifest, "signing_key",
                        json_pack("{s:s, s:s}", "algorithm", "Ed25519", "sha256", fingerprint));
    text = archive_text(document->manifest);
    str_add(&entry->text, text);
    digest_sha256(text, strlen(text), entry->hash);
    entry->bill = bill_packed_share(document->bill);
    entry->manifest = json_share(document->manifest);
    signing->failed =
        signature_sign(document->key, text, strlen(text), entry->signature, signing->e);
}

/* An invoice names all before it, and none may come behind its back: two closers of two months
 * would begin two chains. */
static int check_chain(struct flow *flow, const struct billing *billing,
                       const struct archive_document *document, struct err *e)
{
    const json_t *known = json_object_get(document->manifest, "documents"), *text;
    cleanup_free char *own = numbers_text(billing, document->number);
    json_auto_t *given =
        document->number.correction ? json_array() : numbers_given(flow, billing, e);
    size_t i;

    if (!given)
        return -1;
    json_array_foreach(given, i, text)
        if (!json_object_get(known, json_string_value(text)) &&
            strcmp(json_string_value(text), own) != 0)
            return err_set(
                e, ERR_RETRY,
                "%s was closed meanwhile, by somebody else or by an earlier close of ours whose "
                "write came late: nothing is closed here; look "
                "again",
                json_string_value(text));
    return 0;
}

int archive_write(struct flow *flow, const struct billing *billing,
                  const struct archive_document *document, struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, document->number);
    struct signing signing = {.document = document, .e = e};
    struct numbers_entry *entry = &signing.entry;
    int result = -1;

    flow_work(flow, sign, &signing);
    if (!signing.failed && !write_files(flow, billing, document, signing.id, e) &&
        !numbers_put_bill(flow, billing, entry, e) && !check_chain(flow, billing, document, e))
        result = document->claim ? document->claim(flow, document->claim_arg, entry, e) : 0;
    if (!result)
        result = numbers_give(flow, billing, document->number, entry, e);
    if (!result)
        result = write_manifest(flow, billing, folder, entry, e);
    numbers_fini(entry);
    return result;
}

int archive_finish(struct flow *flow, const struct billing *billing, struct number number,
                   const struct numbers_entry *entry, struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, number);

    return write_manifest(flow, billing, folder, entry, e);
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

static void parse_manifest(void *arg)
{
    struct archive *archive = arg;
    const struct str *bytes = &archive->manifest_bytes;

    digest_sha256(str_text(bytes), bytes->len, archive->hash);
    archive->manifest = json_loadb(str_text(bytes), bytes->len, JSON_REJECT_DUPLICATES, NULL);
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
    flow_work(flow, parse_manifest, archive);
    return 0;
}

json_t *archive_manifest(struct flow *flow, const struct billing *billing, struct number number,
                         struct err *e)
{
    cleanup_free char *folder = archive_document_folder(billing, number);
    cleanup_free char *key = mem_printf("%s" MANIFEST, folder);
    struct archive archive = {.billing = billing};
    json_t *manifest = NULL;

    if (!archive_object_read(flow, billing, key, &archive.manifest_bytes, e)) {
        flow_work(flow, parse_manifest, &archive);
        manifest = archive.manifest ? archive.manifest : json_null();
        archive.manifest = NULL;
    }
    archive_close(&archive);
    return manifest;
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

/* The name that the manifest has it under: its own, or that of its gzip. */
static const json_t *file_or_gzip(const struct archive *archive, const char *name)
{
    cleanup_free char *packed = mem_printf("%s" GZIP, name);
    const json_t *file = file_named(archive, name);

    return file ? file : file_named(archive, packed);
}

const json_t *archive_object_of(const struct archive *archive, const char *name)
{
    const char *path = json_text(file_named(archive, name), "path");

    return path ? object_at(archive, path) : NULL;
}

/* A file that the manifest names, and the object that it is. */
struct named {
    const char *path, *hash;
    const json_t *object;
    json_int_t size;
};

/* Why the file cannot be what the manifest says, as far as names and sizes tell; new text, NULL: it
 * can. */
static char *find_named(const struct archive *archive, const char *name, struct named *named)
{
    const json_t *file = file_or_gzip(archive, name);

    named->path = json_text(file, "path");
    named->hash = json_text(file, "sha256");
    if (!named->path || !named->hash)
        return mem_printf("%s" MANIFEST " names no %s", archive->folder, name);
    named->object = object_at(archive, named->path);
    if (!named->object)
        return mem_printf("%s%s is missing", archive->folder, named->path);
    named->size = json_whole(named->object, "size");
    if (json_is_integer(json_object_get(file, "size")) && named->size != json_whole(file, "size"))
        return mem_printf("%s%s was changed: it has %" JSON_INTEGER_FORMAT
                          " bytes, the manifest says %" JSON_INTEGER_FORMAT,
                          archive->folder, named->path, named->size, json_whole(file, "size"));
    return NULL;
}

static char *wrong_hash(const struct archive *archive, const struct named *named, const char *hash)
{
    return strcmp(hash, named->hash) != 0
               ? mem_printf("%s%s was changed: its SHA-256 is %s, the manifest says %s",
                            archive->folder, named->path, hash, named->hash)
               : NULL;
}

static bool add_part(void *digest, const void *bytes, size_t length)
{
    digest_add(digest, bytes, length);
    return true;
}

int archive_check(struct flow *flow, const struct archive *archive, const char *name, char **wrong,
                  struct err *e)
{
    struct object_walk walk = {.take = add_part};
    struct named named;
    char hash[65];
    int failed;

    *wrong = find_named(archive, name, &named);
    if (*wrong)
        return 0;
    walk.arg = digest_new();
    failed = object_content_walk(flow, archive->billing, named.object, &walk, e);
    digest_end(walk.arg, hash);
    if (!failed)
        *wrong = wrong_hash(archive, &named, hash);
    return failed;
}

char *archive_what_is_wrong(struct flow *flow, const struct archive *archive, struct err *e)
{
    const json_t *files = json_object_get(archive->manifest, "files"), *file;
    size_t i;

    if (!json_array_size(files))
        return mem_printf("%s" MANIFEST " names no files", archive->folder);
    json_array_foreach(files, i, file) {
        const char *name = json_text(file, "name");
        char *wrong = NULL;

        if (archive_check(flow, archive, name ? name : "?", &wrong, e))
            return NULL;
        if (wrong)
            return wrong;
    }
    return mem_text("");
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

struct unpacking {
    const char *expected; /* hash */
    struct str bytes;
    char hash[65];
    json_t *value;
    struct err *e;
};

static void unpack(void *arg)
{
    struct unpacking *unpacking = arg;
    const struct str *bytes = &unpacking->bytes;
    cleanup_str struct str plain = {0};

    digest_sha256(str_text(bytes), bytes->len, unpacking->hash);
    if (!strcmp(unpacking->hash, unpacking->expected) &&
        !gzip_unpack(str_text(bytes), bytes->len, &plain, unpacking->e)) {
        str_fini(&unpacking->bytes);
        unpacking->value = json_loadb(str_text(&plain), plain.len, JSON_DECODE_ANY, NULL);
    }
}

json_t *archive_json(struct flow *flow, const struct archive *archive, const char *name,
                     struct err *e)
{
    struct unpacking unpacking = {.e = e};
    struct named named;
    cleanup_free char *wrong = find_named(archive, name, &named);

    if (!wrong &&
        object_content_read(flow, archive->billing, named.object, &unpacking.bytes, e) == 0) {
        unpacking.expected = named.hash;
        flow_work(flow, unpack, &unpacking);
        wrong = wrong_hash(archive, &named, unpacking.hash);
    }
    str_fini(&unpacking.bytes);
    if (wrong)
        (void)err_set(e, ERR_EVIDENCE, "%s", wrong);
    else if (!unpacking.value)
        (void)err_set(e, ERR_EVIDENCE, "%s%s is no JSON", archive->folder, name);
    return unpacking.value;
}

/* ---- reading piece by piece ---- */

struct digesting {
    struct digest *digest;
    const struct object_walk *walk; /* what else becomes of it */
};

static bool digest_and_take(void *arg, const void *bytes, size_t length)
{
    const struct digesting *digesting = arg;

    digest_add(digesting->digest, bytes, length);
    (void)digesting->walk->take(digesting->walk->arg, bytes, length);
    return true;
}

/* 0: all of the file came, and it is what the manifest says; -1 and *e. */
static int walk_file(struct flow *flow, const struct archive *archive, const char *name,
                     const struct object_walk *walk, struct err *e)
{
    struct digesting digesting = {.walk = walk};
    const struct object_walk both = {.take = digest_and_take, .arg = &digesting};
    struct named named;
    cleanup_free char *missing = find_named(archive, name, &named), *wrong = NULL;
    char hash[65];
    int failed;

    if (missing)
        return err_set(e, ERR_EVIDENCE, "%s", missing);
    digesting.digest = digest_new();
    failed = object_content_walk(flow, archive->billing, named.object, &both, e);
    digest_end(digesting.digest, hash);
    if (failed)
        return -1;
    wrong = wrong_hash(archive, &named, hash);
    return wrong ? err_set(e, ERR_EVIDENCE, "%s", wrong) : 0;
}

static int is_no_json(const struct archive *archive, const char *name, struct err *e)
{
    return err_set(e, ERR_EVIDENCE, "%s%s is no JSON", archive->folder, name);
}

struct listing {
    const struct archive_list *list;
    struct gzip_reader gzip;
    struct element_reader elements;
    json_t *head;
};

static bool take_element(void *arg, const char *text, size_t length)
{
    const struct listing *listing = arg;
    json_auto_t *element = json_parse(text, length);

    return element && listing->list->take(listing->list->arg, element);
}

static void take_text(void *arg, const void *bytes, size_t length)
{
    struct listing *listing = arg;

    (void)element_reader_feed(&listing->elements, bytes, length);
}

static bool take_bytes(void *arg, const void *bytes, size_t length)
{
    struct listing *listing = arg;

    return gzip_reader_feed(&listing->gzip, bytes, length);
}

static void end_list(void *arg)
{
    struct listing *listing = arg;
    const struct str *head = &listing->elements.head;
    struct err broken = {0};

    if (!gzip_reader_end(&listing->gzip, &broken) && element_reader_ended(&listing->elements))
        listing->head = json_parse(str_text(head), head->len);
    element_reader_fini(&listing->elements);
}

json_t *archive_each(struct flow *flow, const struct archive *archive,
                     const struct archive_list *list, struct err *e)
{
    struct listing listing = {.list = list};
    const struct object_walk walk = {.take = take_bytes, .arg = &listing};
    int failed;

    listing.elements =
        (struct element_reader){.list = list->list, .take = take_element, .arg = &listing};
    gzip_reader_init(&listing.gzip, take_text, &listing);
    listing.gzip.most = SIZE_MAX;
    failed = walk_file(flow, archive, list->name, &walk, e);
    flow_work(flow, end_list, &listing);
    if (!failed && !listing.head)
        (void)is_no_json(archive, list->name, e);
    if (!failed)
        return listing.head;
    json_decref(listing.head);
    return NULL;
}

struct bill_packed *archive_bill(struct flow *flow, const struct archive *archive, const char *name,
                                 struct err *e)
{
    struct bill_read *reader = bill_read_new();
    int failed = walk_file(flow, archive, name, bill_read_walk(reader), e);
    struct bill_packed *bill = bill_read_end(flow, reader);

    if (!failed && !bill)
        (void)is_no_json(archive, name, e);
    if (!failed)
        return bill;
    bill_packed_free(bill);
    return NULL;
}
