#include "billing/close/numbers.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_packed.h"
#include "billing/bill/bill_read.h"
#include "billing/bulk/packed_text.h"
#include "billing/store/archive_named.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX ".json"
#define BILLS "bills/"

/* ---- names ---- */

char *numbers_text(const struct billing *billing, struct number number)
{
    const struct day month = number.month;

    return number.correction
               ? mem_printf("%s-%04d-%02d-c%u", billing->pipeline, month.year, month.month,
                            number.correction)
               : mem_printf("%s-%04d-%02d", billing->pipeline, month.year, month.month);
}

bool numbers_parse(const struct billing *billing, const char *text, struct number *number)
{
    size_t length = strlen(billing->pipeline);
    cleanup_free char *again = NULL;

    *number = (struct number){.month.day = 1};
    if (strncmp(text, billing->pipeline, length) != 0 ||
        sscanf(text + length, "-%4d-%2d-c%9u", &number->month.year, &number->month.month,
               &number->correction) < 2)
        return false;
    again = numbers_text(billing, *number);
    return !strcmp(again, text) && number->month.month >= 1 && number->month.month <= 12;
}

static char *folder_of(const struct billing *billing)
{
    return mem_printf(NUMBERS_PREFIX "%s/", billing->pipeline);
}

static char *key_of(const struct billing *billing, struct number number)
{
    cleanup_free char *folder = folder_of(billing), *name = numbers_text(billing, number);

    return mem_printf("%s%s" SUFFIX, folder, name);
}

json_t *numbers_given(struct flow *flow, const struct billing *billing, struct err *e)
{
    cleanup_free char *folder = folder_of(billing);
    json_auto_t *objects = object_list(flow, billing, folder, e);
    json_t *texts, *object;
    size_t i;

    if (!objects)
        return NULL;
    texts = json_array();
    json_array_foreach(objects, i, object) {
        const char *rest = json_text(object, "key") + strlen(folder);
        size_t length = strlen(rest), end = strlen(SUFFIX);
        cleanup_free char *name = length > end ? mem_text_n(rest, length - end) : mem_text("");
        struct number number;

        if (length > end && !strcmp(rest + length - end, SUFFIX) &&
            numbers_parse(billing, name, &number))
            json_array_append_new(texts, json_string(name));
    }
    return texts;
}

/* ---- entries ---- */

void numbers_fini(struct numbers_entry *entry)
{
    str_fini(&entry->text);
    json_decref(entry->manifest);
    bill_packed_free(entry->bill);
    free(entry->bill_at);
    *entry = (struct numbers_entry){0};
}

static bool take_entry(const json_t *value, struct numbers_entry *entry)
{
    const char *text = json_text(value, "manifest"), *base64 = json_text(value, "signature");
    size_t length = 0;
    cleanup_free char *signature = base64 ? str_from_base64(base64, &length) : NULL;

    if (!text || !signature || length != SIGNATURE_BYTES)
        return false;
    memcpy(entry->signature, signature, length);
    str_add(&entry->text, text);
    entry->manifest = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json_object_get(value, "bill")))
        entry->bill = bill_packed_of(json_object_get(value, "bill"));
    else if (json_text(value, "bill_at"))
        entry->bill_at = mem_text(json_text(value, "bill_at"));
    digest_sha256(text, strlen(text), entry->hash);
    return entry->manifest && (entry->bill || entry->bill_at);
}

struct parsing {
    const struct str *body;
    struct numbers_entry *entry;
    bool good;
};

static void parse(void *arg)
{
    struct parsing *parsing = arg;
    json_auto_t *value =
        json_loadb(str_text(parsing->body), parsing->body->len, JSON_REJECT_DUPLICATES, NULL);

    parsing->good = take_entry(value, parsing->entry);
}

int numbers_read_at(struct flow *flow, const struct billing *billing, const char *key,
                    struct numbers_entry *entry, struct err *e)
{
    cleanup_str struct str body = {0};
    struct parsing parsing = {&body, entry, false};
    struct err failed = {0};

    *entry = (struct numbers_entry){0};
    if (archive_object_read(flow, billing, key, &body, &failed))
        return failed.kind == ERR_ABSENT ? 0 : err_set(e, failed.kind, "%s", failed.text);
    flow_work(flow, parse, &parsing);
    if (parsing.good)
        return 0;
    return err_set(e, ERR_EVIDENCE,
                   "s3://%s/%s is no entry of the register of numbers any more: bring it back from "
                   "a version or copy of the bucket",
                   billing->names.bucket, key);
}

int numbers_read(struct flow *flow, const struct billing *billing, struct number number,
                 struct numbers_entry *entry, struct err *e)
{
    cleanup_free char *key = key_of(billing, number);

    return numbers_read_at(flow, billing, key, entry, e);
}

int numbers_give(struct flow *flow, const struct billing *billing, struct number number,
                 const struct numbers_entry *entry, struct err *e)
{
    cleanup_free char *key = key_of(billing, number);

    return numbers_put_at(flow, billing, key, entry, e);
}

/* {key: true} of all bills beside the register; new reference, NULL and *e. */
static json_t *bills_there(struct flow *flow, const struct billing *billing, struct err *e)
{
    cleanup_free char *folder = folder_of(billing), *prefix = mem_printf("%s" BILLS, folder);
    json_auto_t *objects = object_list(flow, billing, prefix, e);
    json_t *bills, *object;
    size_t i;

    if (!objects)
        return NULL;
    bills = json_object();
    json_array_foreach(objects, i, object)
        json_object_set_new(bills, json_text(object, "key"), json_true());
    return bills;
}

/* Takes out what the entry of that number names; -1 and *e. */
static int take_named(struct flow *flow, const struct billing *billing, const char *text,
                      json_t *bills, struct err *e)
{
    struct numbers_entry entry = {0};
    struct number number;
    int failed;

    if (!numbers_parse(billing, text, &number))
        return 0;
    failed = numbers_read(flow, billing, number, &entry, e);
    if (!failed && entry.bill_at)
        (void)json_object_del(bills, entry.bill_at);
    numbers_fini(&entry);
    return failed;
}

json_t *numbers_left(struct flow *flow, const struct billing *billing, struct err *e)
{
    json_auto_t *bills = bills_there(flow, billing, e), *given = NULL;
    json_t *left, *there;
    const char *key;

    if (!bills)
        return NULL;
    given = json_object_size(bills) ? numbers_given(flow, billing, e) : json_array();
    if (!given)
        return NULL;
    for (size_t i = json_array_size(given); i > 0 && json_object_size(bills); i--)
        if (take_named(flow, billing, json_string_value(json_array_get(given, i - 1)), bills, e))
            return NULL;
    left = json_array();
    json_object_foreach(bills, key, there)
        json_array_append_new(left, json_string(key));
    return left;
}

struct making {
    const struct numbers_entry *entry;
    struct str body;
};

/* json_canonical's text: "bill" is its first member. */
static void make_entry(void *arg)
{
    struct making *making = arg;
    const struct numbers_entry *entry = making->entry;
    cleanup_str struct str base64 = {0};
    cleanup_free char *rest = NULL;
    json_auto_t *value = NULL;

    str_add_base64(&base64, entry->signature, sizeof entry->signature);
    value = json_pack("{s:i, s:s, s:s, s:s, s:s*}", "format_version", 1, "invoice",
                      json_text(entry->manifest, "invoice"), "manifest", str_text(&entry->text),
                      "signature", str_text(&base64), "bill_at", entry->bill_at);
    rest = json_canonical(value);
    if (!entry->bill_at) {
        str_add(&making->body, "{\"bill\":");
        bill_packed_canonical(entry->bill, &(struct bill_text){&making->body, NULL, NULL});
        *rest = ',';
    }
    str_add(&making->body, rest);
}

int numbers_put_at(struct flow *flow, const struct billing *billing, const char *key,
                   const struct numbers_entry *entry, struct err *e)
{
    struct making making = {entry, {0}};
    int result;

    flow_work(flow, make_entry, &making);
    result = archive_object_put(flow, billing,
                                &(struct object_new){key, "application/json", &making.body}, e);
    str_fini(&making.body);
    return result;
}

/* ---- the bill ---- */

struct packing {
    struct numbers_entry *entry;
    struct packed_text text;
    struct str body;
    char hash[65];
    bool is_large;
};

static void pack_more(void *arg)
{
    packed_text_more(arg);
}

static void pack_bill(void *arg)
{
    struct packing *packing = arg;

    bill_packed_canonical(packing->entry->bill,
                          &(struct bill_text){&packing->text.text, pack_more, &packing->text});
    packing->is_large = packed_text_end(&packing->text, &packing->body);
    digest_sha256(str_text(&packing->body), packing->body.len, packing->hash);
}

int numbers_put_bill(struct flow *flow, const struct billing *billing, struct numbers_entry *entry,
                     struct err *e)
{
    cleanup_free char *folder = folder_of(billing), *key = NULL;
    struct packing packing = {.entry = entry};
    int failed = 0;

    flow_work(flow, pack_bill, &packing);
    if (packing.is_large) {
        key = mem_printf("%s" BILLS "%s.json.gz", folder, packing.hash);
        failed = archive_named_put(flow, billing,
                                   &(struct object_new){key, "application/gzip", &packing.body}, e);
        entry->bill_at = mem_text(key);
    }
    str_fini(&packing.body);
    return failed;
}

struct bill_packed *numbers_bill(struct flow *flow, const struct billing *billing,
                                 const struct numbers_entry *entry, struct err *e)
{
    struct err failed = {0};
    json_auto_t *object = NULL;
    struct bill_read *reader;
    struct bill_packed *bill;

    if (entry->bill)
        return bill_packed_share(entry->bill);
    object = archive_object_find(flow, billing, entry->bill_at, &failed);
    reader = bill_read_new();
    if (object)
        (void)object_content_walk(flow, billing, object, bill_read_walk(reader), &failed);
    bill = bill_read_end(flow, reader);
    if (bill && !failed.kind)
        return bill;
    bill_packed_free(bill);
    if (failed.kind && failed.kind != ERR_ABSENT)
        (void)err_set(e, failed.kind, "%s", failed.text);
    else
        (void)err_set(e, ERR_EVIDENCE, "s3://%s/%s, the bill beside the register, is %s",
                      billing->names.bucket, entry->bill_at,
                      failed.kind ? "missing" : "no bill any more");
    return NULL;
}

struct checking {
    const struct numbers_entry *entry;
    const struct bill_packed *bill;
    const struct signature_key *key;
    const char *wrong;
};

static void check(void *arg)
{
    struct checking *checking = arg;
    const struct numbers_entry *entry = checking->entry;
    const char *wanted = json_text(entry->manifest, "bill_sha256");
    cleanup_free char *hash = bill_packed_hash(checking->bill);

    if (!signature_is_good(checking->key, str_text(&entry->text), entry->text.len, entry->signature,
                           sizeof entry->signature))
        checking->wrong = "its entry in the register of numbers is not signed by the key";
    else if (!wanted || strcmp(hash, wanted) != 0)
        checking->wrong =
            "its entry in the register of numbers holds another bill than its manifest says";
}

char *numbers_what_is_wrong(struct flow *flow, const struct billing *billing,
                            const struct numbers_entry *entry, const struct signature_key *key,
                            struct err *e)
{
    struct err failed = {0};
    struct bill_packed *bill = numbers_bill(flow, billing, entry, &failed);
    struct checking checking = {entry, bill, key, ""};

    if (!bill && failed.kind != ERR_EVIDENCE) {
        (void)err_set(e, failed.kind, "%s", failed.text);
        return NULL;
    }
    if (!bill)
        return mem_printf("its entry in the register of numbers: %s", failed.text);
    flow_work(flow, check, &checking);
    bill_packed_free(bill);
    return mem_text(checking.wrong);
}
