#include "billing/close/numbers.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill.h"
#include "billing/store/archive_object.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

#define SUFFIX ".json"

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
    json_decref(entry->bill);
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
    entry->bill = json_share(json_object_get(value, "bill"));
    digest_sha256(text, strlen(text), entry->hash);
    return entry->manifest && json_is_object(entry->bill);
}

int numbers_read_at(struct flow *flow, const struct billing *billing, const char *key,
                    struct numbers_entry *entry, struct err *e)
{
    cleanup_str struct str body = {0};
    json_auto_t *value = NULL;
    struct err failed = {0};

    *entry = (struct numbers_entry){0};
    if (archive_object_read(flow, billing, key, &body, &failed))
        return failed.kind == ERR_ABSENT ? 0 : err_set(e, failed.kind, "%s", failed.text);
    value = json_loadb(str_text(&body), body.len, JSON_REJECT_DUPLICATES, NULL);
    if (take_entry(value, entry))
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

int numbers_put_at(struct flow *flow, const struct billing *billing, const char *key,
                   const struct numbers_entry *entry, struct err *e)
{
    cleanup_free char *text = NULL;
    cleanup_str struct str base64 = {0}, body = {0};
    json_auto_t *value = NULL;

    str_add_base64(&base64, entry->signature, sizeof entry->signature);
    value = json_pack("{s:i, s:s, s:s, s:s, s:O}", "format_version", 1, "invoice",
                      json_text(entry->manifest, "invoice"), "manifest", str_text(&entry->text),
                      "signature", str_text(&base64), "bill", entry->bill);
    text = json_canonical(value);
    str_add(&body, text);
    return archive_object_put(flow, billing, &(struct object_new){key, "application/json", &body},
                              e);
}

bool numbers_is_good(const struct numbers_entry *entry, const struct signature_key *key,
                     char **wrong)
{
    const char *wanted = json_text(entry->manifest, "bill_sha256");
    cleanup_free char *hash = bill_hash(entry->bill);

    *wrong = NULL;
    if (!signature_is_good(key, str_text(&entry->text), entry->text.len, entry->signature,
                           sizeof entry->signature))
        *wrong = mem_printf("its entry in the register of numbers is not signed by the key");
    else if (!wanted || strcmp(hash, wanted) != 0)
        *wrong = mem_printf("its entry in the register of numbers holds another bill than its "
                            "manifest says");
    return !*wrong;
}
