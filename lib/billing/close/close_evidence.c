/* close_evidence.c -- what a bill rests on: objects, builds, usage, the section of the spec. */
#include "base/json.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_objects.h"
#include "billing/close/close_private.h"
#include "billing/close/close_usage.h"

#include <string.h>

json_t *close_evidence_section(const json_t *section)
{
    static const char *const keys[] = {"time_zone", "currency", "prices",
                                       "customers", "seller",   "taxes"};
    json_t *book = json_object();

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(section, keys[i]))
            json_object_set(book, keys[i], json_object_get(section, keys[i]));
    return book;
}

int close_evidence_days(struct flow *flow, struct close *close, const struct billing *billing,
                        struct err *e)
{
    struct bill_month look;
    const json_t *day;
    size_t i;
    int failed;

    close_tell(close, "listing the month's objects");
    close->objects = close_objects(flow, billing, close->month, e);
    if (!close->objects)
        return -1;
    close_tell(close, "looking at the month's rollups");
    failed = bill_month_look(flow, billing, close->month, &look, e);
    if (!failed) {
        close->days = json_share(look.days);
        json_array_extend(close->reasons, look.reasons);
    }
    bill_month_fini(&look);
    if (failed)
        return -1;
    json_array_foreach(close->days, i, day)
        if (!strcmp(json_text(day, "state"), "kept"))
            json_array_append_new(
                close->notes, json_sprintf("%s: objects that its rollup was built from are gone",
                                           json_text(day, "day")));
    return 0;
}

/* Readers of a rollup see one build, but two queries may see two: what was billed must be what the
 * same builds, looked at before and after, say. */
static void check_builds(struct flow *flow, struct close *close, const struct billing *billing,
                         const json_t *bill, struct err *e)
{
    struct bill_month after;
    struct err differs = {0};

    if (!bill_month_look(flow, billing, close->month, &after, e)) {
        if (!bill_days_same(close->days, after.days) || after.state != BILL_MONTH_FINAL)
            close_reason(close, "a day was rebuilt or changed meanwhile: try again");
        else if (bill_month_check(&after, bill, &differs))
            close_reason(close, "%s", differs.text);
    }
    bill_month_fini(&after);
}

struct ending {
    struct close *close;
    const struct billing *billing;
    struct close_usage *usage;
};

static void end_usage(void *arg)
{
    struct ending *ending = arg;

    str_fini(&ending->close->usage);
    close_usage_end(ending->usage, ending->billing,
                    bill_month_days(ending->billing, ending->close->month), &ending->close->usage);
}

struct bill_packed *close_evidence_bill(struct flow *flow, struct close *close,
                                        const struct billing *billing, struct err *e)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP,
                                          bill_month_days(billing, close->month)};
    struct ending ending = {close, billing, close_usage_new()};
    const struct usage_taker also = close_usage_taker(ending.usage);
    struct err failed = {0};
    struct bill_packed *bill;
    const char *borrowed;

    close_tell(close, "adding up the rollups");
    bill = bill_make_with(flow, billing, &request, &also, e);
    flow_work(flow, end_usage, &ending);
    if (!bill)
        return NULL;
    borrowed = json_text(bill_packed_head(bill), "borrowed");
    if (borrowed)
        close_reason(close, "%s", borrowed);
    bill_set_days(bill_packed_head(bill), json_array());
    bill_set_foreign(bill_packed_head(bill), close->days);
    check_builds(flow, close, billing, bill_packed_head(bill), &failed);
    if (!failed.kind)
        return bill;
    bill_packed_free(bill);
    (void)err_set(e, failed.kind, "%s", failed.text);
    return NULL;
}
