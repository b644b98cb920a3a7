#include "billing/close/closed.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/prices/price_book.h"

int closed_open(struct flow *flow, const struct billing *billing, struct day month,
                struct closed *closed, struct err *e)
{
    cleanup_free char *folder = archive_folder(billing, month);

    *closed = (struct closed){0};
    return archive_open(flow, billing, folder, &closed->invoice, e);
}

int closed_open_corrections(struct flow *flow, const struct billing *billing, struct day month,
                            struct closed *closed, struct err *e)
{
    for (;;) {
        cleanup_free char *folder =
            archive_correction_folder(billing, month, (unsigned)closed->count + 1);
        struct archive archive;
        int failed = archive_open(flow, billing, folder, &archive, e);

        if (failed || !*archive.hash) {
            archive_close(&archive);
            return failed;
        }
        closed->corrections =
            mem_resize(closed->corrections, closed->count + 1, sizeof *closed->corrections);
        closed->corrections[closed->count++] = archive;
    }
}

int closed_open_book(struct flow *flow, const struct billing *billing, struct closed *closed,
                     struct err *e)
{
    closed->section = archive_json(flow, &closed->invoice, "price-book.json", e);
    if (!closed->section)
        return -1;
    if (price_book_check(closed->section, NULL, NULL))
        return err_set(e, ERR_INVALID, "the archived price book is none");
    closed->book = price_book_new(closed->section);
    closed->billing = *billing;
    closed->billing.book = closed->book;
    return 0;
}

void closed_fini(struct closed *closed)
{
    for (size_t i = 0; i < closed->count; i++)
        archive_close(&closed->corrections[i]);
    free(closed->corrections);
    archive_close(&closed->invoice);
    price_book_free(closed->book);
    json_decref(closed->section);
    *closed = (struct closed){0};
}

const struct archive *closed_last(const struct closed *closed)
{
    return closed->count ? &closed->corrections[closed->count - 1] : &closed->invoice;
}

json_t *closed_billed(struct flow *flow, const struct closed *closed, struct err *e)
{
    json_t *billed = archive_json(flow, &closed->invoice, "invoice.json", e);

    for (size_t i = 0; billed && i < closed->count; i++) {
        json_auto_t *before = billed;
        json_auto_t *more = archive_json(flow, &closed->corrections[i], "correction.json", e);

        billed = more ? bill_amount_add_bills(before, more, e) : NULL;
    }
    return billed;
}
