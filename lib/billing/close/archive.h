/* archive.h -- signed documents in the bucket that are written once and never again.
 *
 * Below a folder ("billing/PIPELINE/2025-10/") lie
 *
 *   manifest.json           what was closed; names every file with its size and SHA-256
 *   manifest-HASH.sig       64 bytes: Ed25519 over manifest.json, whose SHA-256 begins with HASH
 *   ID/...                  the files; ID comes from their contents
 *
 * Everything is put with If-None-Match: *: files, the entry in the register of numbers (numbers.h)
 * from which on the number is this document's, signature, manifest.  Without the manifest nothing
 * is closed, with it everything is there.  Names that come from contents let a second try use what
 * an interrupted one left, and keep what differs out of its way. */
#ifndef BILLING_CLOSE_ARCHIVE_H
#define BILLING_CLOSE_ARCHIVE_H

#include "aws/flow.h"
#include "base/str.h"
#include "billing/bulk/packed_text.h"
#include "billing/close/numbers.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

enum { ARCHIVE_ID = 17 }; /* 16 hex digits and the end */

/* "billing/shop/2025-10/", "billing/shop/2025-10/corrections/1/"; new text. */
char *archive_document_folder(const struct billing *billing, struct number number);
/* {"shop-2025-10-c1": when its manifest was written, seconds since 1970}: all documents with one;
 * new reference, or NULL and *e. */
json_t *archive_closed(struct flow *flow, const struct billing *billing, struct err *e);
/* Their numbers; new reference, or NULL and *e. */
json_t *archive_numbers(struct flow *flow, const struct billing *billing, struct err *e);

/* Its manifest as it lies there, be it signed or not; new reference, JSON's null when it is no
 * JSON.  NULL and *e, ERR_ABSENT when there is none. */
json_t *archive_manifest(struct flow *flow, const struct billing *billing, struct number number,
                         struct err *e);
/* Whether the document has a manifest: 1 or 0; -1 and *e. */
int archive_has(struct flow *flow, const struct billing *billing, struct number number,
                struct err *e);

/* A file of a document, by name ("invoice.json"; as gzip "invoice.json.gz"). */
enum { ARCHIVE_NAME = 48 };
struct archive_file {
    char name[ARCHIVE_NAME];
    const char *type;
    struct str body;
};
struct archive_files {
    struct archive_file *list;
    size_t count;
};
/* Puts another file in; text or str are taken over. */
void archive_add_text(struct archive_files *files, const char *name, const char *type, char *text);
void archive_add(struct archive_files *files, const char *name, const char *type, struct str *body);
/* The same of a text that was made piece by piece; a large one lies there as gzip. */
void archive_add_packed(struct archive_files *files, const char *name, const char *type,
                        struct packed_text *text);
void archive_files_fini(struct archive_files *files);

struct archive_document {
    struct number number;
    struct archive_files files;
    json_t *manifest;         /* gets "files" and "signing_key" */
    struct bill_packed *bill; /* borrowed */
    const struct signature_key *key;
    /* What else must be ours before the number is given, with the signed manifest; NULL: nothing.
     * What is not 0 ends the writing and is its result: above 1 what the caller says. */
    int (*claim)(struct flow *flow, void *arg, const struct numbers_entry *entry, struct err *e);
    void *claim_arg;
};
/* Writes files, gives the number, writes signature and manifest.  0 when all is there; 1 when
 * another document was there first (nothing of ours counts then); -1 and *e. */
int archive_write(struct flow *flow, const struct billing *billing,
                  const struct archive_document *document, struct err *e);

/* Writes signature and manifest of a document that has its number and its files.  As archive_write.
 */
int archive_finish(struct flow *flow, const struct billing *billing, struct number number,
                   const struct numbers_entry *entry, struct err *e);

/* What lies there, as far as it can be read. */
struct archive {
    const struct billing *billing; /* borrowed */
    char *folder;
    struct str manifest_bytes;
    char hash[65];    /* SHA-256 of the manifest, "" when there is none */
    json_t *manifest; /* NULL: none, or no JSON */
    json_t *objects;  /* object_list below the folder */
};
/* Reads the manifest; -1 and *e when that cannot be done.  That there is none is no failure.  Give
 * back with archive_close, also on failure. */
int archive_open(struct flow *flow, const struct billing *billing, const char *folder,
                 struct archive *archive, struct err *e);
void archive_close(struct archive *archive);
/* The object (object_list's entry) of a file that the manifest names; borrowed, NULL: none. */
const json_t *archive_object_of(const struct archive *archive, const char *name);
/* What is wrong with a file that the manifest names: missing, of another size or hash.  It is read
 * part by part.  0, *wrong new text or NULL: it is as the manifest says; -1 and *e when it could
 * not be read. */
int archive_check(struct flow *flow, const struct archive *archive, const char *name, char **wrong,
                  struct err *e);
/* What is wrong with the first of all files that is not as the manifest says, "" when all are; new
 * text, or NULL and *e. */
char *archive_what_is_wrong(struct flow *flow, const struct archive *archive, struct err *e);
/* 1 when the signature is the key's; 0 when not, told in *wrong (new text); -1 and *e. */
int archive_check_signature(struct flow *flow, const struct archive *archive,
                            const struct signature_key *key, char **wrong, struct err *e);
/* A file that is JSON, or gzip of it, also under its name as gzip; as a whole, so only what does
 * not grow with customers or objects.  New reference, or NULL and *e (ERR_EVIDENCE when it is not
 * what the manifest says). */
json_t *archive_json(struct flow *flow, const struct archive *archive, const char *name,
                     struct err *e);
/* Such a file whose list may have any number of elements, by which alone memory does not grow. */
struct archive_list {
    const char *name; /* of the file */
    const char *list; /* its member; NULL: the file is the list */
    /* The next element, off the loop; false: it is none. */
    bool (*take)(void *arg, const json_t *element);
    void *arg;
};
/* Gives each element, then returns the document with an empty list: only then they were what the
 * manifest says.  New reference, or NULL and *e as archive_json. */
json_t *archive_each(struct flow *flow, const struct archive *archive,
                     const struct archive_list *list, struct err *e);
/* A file that is a bill; bill_packed_free.  NULL and *e as archive_json. */
struct bill_packed *archive_bill(struct flow *flow, const struct archive *archive, const char *name,
                                 struct err *e);
/* JSON with sorted keys, two blanks deep, and a newline: one text for one value; new text. */
char *archive_text(const json_t *value);

#endif
