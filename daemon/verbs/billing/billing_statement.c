#include "daemon/verbs/billing/billing_statement.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/bookkeeping/ubl.h"
#include "billing/statement/statement.h"
#include "billing/statement/statement_render.h"
#include "billing/statement_store/statement_usage.h"
#include "daemon/verbs/billing/billing_verbs.h"

#include <string.h>

/* What is being made, off the loop. */
struct making {
    const struct options *options;
    struct statement statement;
    struct statement_spool *spool; /* NULL: the days are not known */
    const char *customer;          /* NULL: nobody */
    json_t *document;
    struct err refused; /* it is not what was asked for */
    struct err *e;
};

/* New reference; NULL: the customer is not on the bill. */
static json_t *line_of(const struct bill_packed *bill, const char *customer)
{
    size_t place;

    if (!customer)
        return json_share(json_object_get(bill_packed_head(bill), "unattributed"));
    place = bill_packed_find(bill, customer);
    return place == SIZE_MAX ? NULL : bill_packed_line(bill, place);
}

static json_t *breakdown_of(const struct making *making)
{
    char hash[65];
    struct statement_days *days;
    json_t *rows;

    if (making->customer)
        statement_spool_hash(making->customer, hash);
    days = statement_spool_load(making->spool, statement_spool_part(making->customer ? hash : NULL),
                                making->e);
    rows = days ? statement_spool_days_of(days, making->customer) : NULL;
    statement_spool_days_free(days);
    return rows;
}

static char *shown(struct making *making)
{
    switch (making->options->output) {
    case OUTPUT_TEXT:
        return statement_render_text(making->document);
    case OUTPUT_HTML:
        return statement_render_html(making->document);
    case OUTPUT_UBL:
        return ubl_text(making->document, &making->refused);
    default:
        return statement_text(making->document);
    }
}

static void print(struct making *making)
{
    cleanup_free char *text = shown(making);

    if (text)
        (void)fputs(text, stdout);
}

static void make(void *arg)
{
    struct making *making = arg;
    json_auto_t *breakdown = making->spool ? breakdown_of(making) : NULL;

    statement_spool_free(making->spool);
    if (making->e->kind)
        return;
    making->statement.breakdown = breakdown;
    making->document = statement_make(&making->statement, making->e);
    if (making->document && !statement_adds_up(making->document))
        (void)err_set(making->e, ERR_RETRY,
                      "its days do not add up to the bill: a day was built anew meanwhile; try "
                      "again");
    else if (making->document)
        print(making);
    json_decref(making->document);
}

int billing_statement_tell(struct flow *flow, struct billing_turn *turn,
                           const struct bill_packed *packed, struct err *e)
{
    const json_t *bill = bill_packed_head(packed);
    const char *customer = strcmp(turn->options->customer, "-") ? turn->options->customer : NULL;
    const char *kind = json_string_value(json_at(bill, "source.kind"));
    const struct statement_source source = {
        turn->billing->book, bill_month_days(turn->billing, *(const struct day *)turn->arg),
        customer};
    json_auto_t *line = line_of(packed, customer);
    struct err failed = {0};
    struct making making = {.options = turn->options,
                            .statement = {.book = turn->billing->book, .bill = bill, .line = line},
                            .customer = customer,
                            .e = &failed};

    if (!making.statement.line)
        return err_set(e, ERR_ABSENT,
                       "the bill of the month has no customer %.80s: `billingd bill --month %s` "
                       "lists them%s",
                       customer, turn->options->month,
                       json_array_size(json_object_get(bill, "open_days"))
                           ? ", and the days that are not rolled up yet"
                           : "");
    if (kind && !strcmp(kind, "rollup")) {
        billing_runner_say(turn, "adding up the days");
        making.spool = statement_usage_read(flow, turn->billing, &source, e);
        if (!making.spool)
            return -1;
    }
    billing_runner_quiet(turn);
    flow_work(flow, make, &making);
    (void)fflush(stdout);
    if (making.refused.kind) {
        (void)fprintf(stderr, "billingd: %s: %s\n", turn->billing->pipeline, making.refused.text);
        return EXIT_REFUSED;
    }
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : EXIT_DONE;
}
