#include "billing/close/close_receipts.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/bulk/gzip.h"
#include "billing/receipt_store/receipt_lists.h"

struct close_receipts {
    struct receipt_set *set;
    char *folder; /* of the lists */
    struct err failed;
};

void close_receipts_fini(struct close *close)
{
    struct close_receipts *receipts = close->receipts;

    if (receipts) {
        receipt_set_free(receipts->set);
        free(receipts->folder);
    }
    free(receipts);
    close->receipts = NULL;
    json_decref(close->signed_receipts);
    close->signed_receipts = NULL;
}

static int write_lists(struct flow *flow, struct close *close, const struct price_book *book,
                       struct err *e)
{
    struct billing billing = *close->billing; /* borrowed, with the closed book */
    const struct receipt_lists lists = {&billing,
                                        bill_month_days(close->billing, close->month),
                                        close->receipts->folder,
                                        close->receipts->set,
                                        close->progress,
                                        close->arg};

    billing.book = (struct price_book *)book;
    return receipt_lists_write(flow, &lists, e);
}

int close_receipts_begin(struct flow *flow, struct close *close, const struct price_book *book,
                         const char *folder, struct err *e)
{
    const struct billing *billing = close->billing;
    cleanup_free char *invoice =
        numbers_text(billing, (struct number){close->month, close->number});
    struct receipt_root head = {.invoice = invoice,
                                .pipeline = billing->pipeline,
                                .itemised = billing->settings.receipts == BILLING_RECEIPTS_REQUESTS,
                                .from_s = close->period.from_s,
                                .to_s = close->period.to_s};
    char month[16];

    if (billing->settings.receipts == BILLING_RECEIPTS_NONE)
        return 0;
    if (close->receipts) { /* others took the numbers: the requests are as they were */
        json_decref(close->signed_receipts);
        close->signed_receipts = NULL;
        receipt_set_again(close->receipts->set);
        return 0;
    }
    calendar_month_text(close->month, month);
    head.month = month;
    close->receipts = mem_new(sizeof *close->receipts);
    close->receipts->set = receipt_set_new(close->key, &head);
    close->receipts->folder = mem_printf("%srequests/", folder);
    if (head.itemised && write_lists(flow, close, book, e)) {
        close_receipts_fini(close);
        return -1;
    }
    return 0;
}

void close_receipts_take(void *arg, const struct statement_made *made)
{
    struct close *close = arg;
    struct close_receipts *receipts = close->receipts;

    if (receipts && made->customer && !receipts->failed.kind)
        (void)receipt_set_add(receipts->set,
                              &(struct receipt_document){made->customer, made->hash, made->text,
                                                         json_object_get(made->document, "usage")},
                              &receipts->failed);
}

struct ending {
    struct close *close;
    struct str records, leaves;
};

static void end(void *arg)
{
    struct ending *ending = arg;
    struct close_receipts *receipts = ending->close->receipts;
    cleanup_str struct str records = {0};

    if (receipts->failed.kind)
        return;
    ending->close->signed_receipts =
        receipt_set_end(receipts->set, &records, &ending->leaves, &receipts->failed);
    gzip_pack(str_text(&records), records.len, &ending->records);
}

int close_receipts_end(struct flow *flow, struct close *close, struct archive_files *files,
                       struct err *e)
{
    struct ending ending = {.close = close};

    if (!close->receipts)
        return 0;
    flow_work(flow, end, &ending);
    if (!close->signed_receipts) {
        str_fini(&ending.records);
        str_fini(&ending.leaves);
        return err_set(e, close->receipts->failed.kind, "%s", close->receipts->failed.text);
    }
    if (close->billing->settings.receipts == BILLING_RECEIPTS_REQUESTS)
        json_object_set_new(close->signed_receipts, "folder", json_string(close->receipts->folder));
    archive_add(files, CLOSE_RECEIPTS_RECORDS, "application/gzip", &ending.records);
    archive_add(files, CLOSE_RECEIPTS_LEAVES, "application/octet-stream", &ending.leaves);
    return 0;
}
