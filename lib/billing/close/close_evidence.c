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

struct rated {
    struct close *close;
    const struct billing *billing;
    const struct usage_request *request;
    struct usage usage;
    json_t *bill;
    char *borrowed; /* why somebody would pay for another; NULL: nobody does */
    struct err *e;
};

static void rate(void *arg)
{
    struct rated *rated = arg;

    rated->bill = bill_of_usage(rated->billing, rated->request, &rated->usage, rated->e);
    str_fini(&rated->close->usage);
    close_usage_pack(rated->billing, rated->request->days, &rated->usage, &rated->close->usage);
    rated->borrowed = rating_borrowed(rated->billing->book, rated->request->days,
                                      rated->usage.lines, rated->usage.count);
    usage_fini(&rated->usage);
}

json_t *close_evidence_bill(struct flow *flow, struct close *close, const struct billing *billing,
                            struct err *e)
{
    const struct usage_request request = {USAGE_FROM_ROLLUP,
                                          bill_month_days(billing, close->month)};
    struct rated rated = {.close = close, .billing = billing, .request = &request, .e = e};
    struct err failed = {0};

    close_tell(close, "adding up the rollups");
    if (usage_read(flow, billing, &request, &rated.usage, e))
        return NULL;
    flow_work(flow, rate, &rated);
    if (rated.borrowed)
        close_reason(close, "%s", rated.borrowed);
    free(rated.borrowed);
    if (!rated.bill)
        return NULL;
    bill_set_days(rated.bill, json_array());
    bill_set_foreign(rated.bill, close->days);
    check_builds(flow, close, billing, rated.bill, &failed);
    if (!failed.kind)
        return rated.bill;
    json_decref(rated.bill);
    (void)err_set(e, failed.kind, "%s", failed.text);
    return NULL;
}
