/* close_finish.c -- a document that has its number but no manifest is finished as it was begun:
 * nobody else can have the number any more. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/close/close_private.h"

static int take(struct flow *flow, struct close *close, const struct closed_document *document,
                struct err *e)
{
    struct archive begun = document->archive; /* borrowed, with what the register has */
    const char *begun_at = json_text(document->given.manifest, "closed_at");

    begun.manifest = document->given.manifest;
    close->number = document->number.correction;
    close->bill = archive_bill(flow, &begun, close->number ? "correction.json" : "invoice.json", e);
    close->folder = mem_text(begun.folder);
    close->manifest = json_share(document->given.manifest);
    close->finishes = true;
    close_note(close,
               "this was begun on %s and interrupted (or its manifest was taken away): it is "
               "finished as it was; what came since becomes a correction",
               begun_at ? begun_at : "?");
    return close->bill ? 0 : -1;
}

int close_finish_look(struct flow *flow, struct close *close,
                      const struct closed_document *document, struct err *e)
{
    cleanup_free char *why = NULL;
    enum closed_state state;

    if (closed_state(flow, document, &state, &why, e))
        return -1;
    if (state == CLOSED_BEGUN)
        return take(flow, close, document, e) ? -1 : 1;
    if (state == CLOSED_GONE || state == CLOSED_OTHER)
        close_reason(close, "%s; bring it back from a copy, or a version of the bucket", why);
    return 0;
}

int close_finish_write(struct flow *flow, struct close *close, struct err *e)
{
    const struct number number = {close->month, close->number};
    struct numbers_entry entry;
    int result = close->begun ? numbers_give(flow, close->billing, number, close->begun, e) : 0;

    if (result)
        return result;
    result = numbers_read(flow, close->billing, number, &entry, e);

    if (!result)
        result = archive_finish(flow, close->billing, number, &entry, e);
    numbers_fini(&entry);
    return result;
}
