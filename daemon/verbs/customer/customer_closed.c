#include "daemon/verbs/customer/customer_closed.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_amount.h"
#include "billing/bill/bill_packed.h"

#include <string.h>

/* ---- is it there as it was signed? ---- */

static int check_document(struct flow *flow, const struct closed_document *document,
                          enum closed_state *state, char **wrong, struct err *e)
{
    cleanup_free char *why = NULL;

    if (closed_state(flow, document, state, &why, e))
        return -1;
    if (*state == CLOSED_NEVER || *state == CLOSED_WHOLE)
        return 0;
    *wrong = mem_printf("what was closed cannot be compared with: %s", why ? why : "it is gone");
    return 1;
}

static int check_documents(struct flow *flow, const struct billing *billing,
                           struct customer_closed *asked, enum closed_state *state, struct err *e)
{
    struct closed *closed = &asked->closed;
    enum closed_state of_correction;
    int found;

    if (closed_open(flow, billing, asked->month, closed, e))
        return -1;
    found = check_document(flow, &closed->invoice, state, &asked->wrong, e);
    if (found || *state == CLOSED_NEVER)
        return found;
    if (closed_open_corrections(flow, billing, asked->month, closed, e))
        return -1;
    for (size_t i = 0; i < closed->count && !found; i++)
        found = check_document(flow, &closed->corrections[i], &of_correction, &asked->wrong, e);
    return found;
}

/* ---- the line ---- */

struct finding {
    struct customer_closed *closed;
    struct bill_packed *billed;
    struct err *e;
};

/* New reference; NULL: nothing was billed to that customer. */
static json_t *line_of(const struct bill_packed *billed, const struct requests_question *question)
{
    size_t at;

    if (question->nobodys)
        return json_incref(json_object_get(bill_packed_head(billed), "unattributed"));
    at = bill_packed_find(billed, question->customer);
    return at == SIZE_MAX ? NULL : bill_packed_line(billed, at);
}

/* Of however many customers: off the loop. */
static void find_line(void *arg)
{
    struct finding *finding = arg;
    struct customer_closed *closed = finding->closed;
    json_auto_t *line = line_of(finding->billed, closed->question);
    const char *total = json_text(line, "total");

    closed->volume = (struct volume){json_whole(line, "calls"), json_whole(line, "bytes")};
    if (total)
        (void)bill_amount_parse(total, &closed->total, finding->e);
    bill_packed_free(finding->billed);
}

static char *names_of(const struct billing *billing, const struct closed *closed)
{
    cleanup_free char *name = numbers_text(billing, closed->invoice.number);

    if (!closed->count)
        return mem_text(name);
    return mem_printf("%s and %zu correction%s", name, closed->count,
                      closed->count == 1 ? "" : "s");
}

int customer_closed_read(struct flow *flow, const struct billing *billing,
                         struct customer_closed *closed, struct err *e)
{
    struct finding finding = {closed, NULL, e};
    enum closed_state state;
    int found;

    *closed = (struct customer_closed){.month = closed->month, .question = closed->question};
    found = check_documents(flow, billing, closed, &state, e);
    if (found || state == CLOSED_NEVER)
        return found;
    if (closed_open_book(flow, billing, &closed->closed, e))
        return -1;
    finding.billed = closed_billed(flow, &closed->closed, e);
    if (!finding.billed)
        return -1;
    flow_work(flow, find_line, &finding);
    closed->names = names_of(billing, &closed->closed);
    return e->kind ? -1 : 0;
}

void customer_closed_fini(struct flow *flow, struct customer_closed *closed)
{
    closed_fini(flow, &closed->closed);
    free(closed->names);
    free(closed->wrong);
    *closed = (struct customer_closed){0};
}

json_t *customer_closed_json(const struct customer_closed *closed)
{
    cleanup_free char *total = NULL;

    if (!closed->names)
        return json_null();
    total = money_exact_text(closed->total, 0);
    return json_pack("{s:s, s:I, s:I, s:s}", "documents", closed->names, "calls",
                     (json_int_t)closed->volume.calls, "bytes", (json_int_t)closed->volume.bytes,
                     "total", total);
}
