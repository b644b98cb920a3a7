#include "billing/close/close.h"

#include "base/mem.h"
#include "billing/close/close_private.h"
#include "billing/close/close_receipts.h"
#include "billing/close/close_text.h"
#include "billing/statement_store/statement_series.h"

void close_tell(struct close *close, const char *what)
{
    if (close->progress)
        close->progress(close->arg, what);
}

void close_begin(struct close *close)
{
    close->reasons = json_array();
    close->notes = json_array();
}

void close_note(struct close *close, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    close_text_add(close->notes, format, args);
    va_end(args);
}

void close_reason(struct close *close, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    close_text_add(close->reasons, format, args);
    va_end(args);
}

bool close_is_refused(const struct close *close)
{
    return json_array_size(close->reasons) > 0;
}

/* Bills, lists and a customer map: off the loop. */
static void release(void *arg)
{
    struct close *close = arg;

    signature_key_free(close->key);
    json_decref(close->reasons);
    json_decref(close->notes);
    for (size_t i = 0; close->before && i <= bill_packed_count(close->bill); i++)
        free(close->before[i]);
    free(close->before);
    bill_packed_free(close->bill);
    json_decref(close->days);
    json_decref(close->objects);
    json_decref(close->audit);
    str_fini(&close->usage);
    json_decref(close->previous);
    json_decref(close->price_book);
    json_decref(close->documents);
    json_decref(close->skipped);
    json_decref(close->rules);
    json_decref(close->changes);
    json_decref(close->manifest);
    bill_packed_free(close->rated);
    close_receipts_fini(close);
    json_decref(close->statements);
    if (close->series)
        statement_series_fini(close->series);
    free(close->series);
    if (close->begun)
        numbers_fini(close->begun);
    free(close->begun);
    free(close->folder);
}

void close_fini(struct flow *flow, struct close *close)
{
    flow_work(flow, release, close);
}

void close_take_key(struct close *close)
{
    const char *path = close->billing->settings.signing_key;
    struct err e = {0};

    if (!path || !*path) {
        close_reason(close, "there is no signing key: set billing.close.signing_key; `openssl "
                            "genpkey -algorithm ed25519 -out billing-key.pem` makes one");
        return;
    }
    close->key = signature_private_key(path, &e);
    if (!close->key)
        close_reason(close, "the signing key: %s", e.text);
}

int close_is_ours(struct flow *flow, struct close *close, const struct numbers_entry *entry,
                  struct err *e)
{
    const char *path = close->billing->settings.signing_key;
    cleanup_free char *wrong = NULL;

    if (!close->key && path && *path)
        close_take_key(close);
    if (!close->key)
        return !close_is_refused(close);
    wrong = numbers_what_is_wrong(flow, close->billing, entry, close->key, e);
    if (!wrong)
        return -1;
    if (*wrong)
        close_reason(close,
                     "this was begun and not finished, and %s: where the key was changed since, "
                     "finish it with the one before in billing.close.signing_key",
                     wrong);
    return !close_is_refused(close);
}
