/* close_finish.c -- a document that has its number but no manifest is finished as it was begun:
 * nobody else can have the number any more. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/close/close_private.h"
#include "billing/close/close_statements.h"

/* 1; 0: not all of it is there, which is a reason; -1 and *e. */
static int take(struct flow *flow, struct close *close, const struct closed_document *document,
                struct err *e)
{
    struct archive begun = document->archive; /* borrowed, with what the register has */
    const char *begun_at = json_text(document->given.manifest, "closed_at");
    cleanup_free char *wrong = NULL;
    int ours = close_is_ours(flow, close, &document->given, e);

    if (ours <= 0)
        return ours;
    begun.manifest = document->given.manifest;
    wrong = close_statements_wrong(flow, &begun, e);
    if (!wrong)
        return -1;
    if (*wrong) {
        close_reason(close, "%s; bring it back from a copy, or a version of the bucket", wrong);
        return 0;
    }
    close->number = document->number.correction;
    close->bill = archive_bill(flow, &begun, close->number ? "correction.json" : "invoice.json", e);
    close->folder = mem_text(begun.folder);
    close->manifest = json_share(document->given.manifest);
    close->finishes = true;
    close_note(close,
               "this was begun on %s and interrupted (or its manifest was taken away): it is "
               "finished as it was; what came since becomes a correction",
               begun_at ? begun_at : "?");
    return close->bill ? 1 : -1;
}

int close_finish_look(struct flow *flow, struct close *close,
                      const struct closed_document *document, struct err *e)
{
    cleanup_free char *why = NULL;
    enum closed_state state;

    if (closed_state(flow, document, &state, &why, e))
        return -1;
    if (state == CLOSED_BEGUN)
        return take(flow, close, document, e);
    if (state == CLOSED_GONE || state == CLOSED_OTHER)
        close_reason(close, "%s; bring it back from a copy, or a version of the bucket", why);
    return 0;
}

int close_finish_write(struct flow *flow, struct close *close, struct err *e)
{
    const struct number number = {close->month, close->number};
    struct numbers_entry entry;
    int result = close->begun ? close_statements_give(flow, close, e) : 0;

    if (result)
        return result;
    result = numbers_read(flow, close->billing, number, &entry, e);

    if (!result)
        result = archive_finish(flow, close->billing, number, &entry, e);
    numbers_fini(&entry);
    return result;
}
