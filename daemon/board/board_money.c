#include "daemon/board/board_money.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/money.h"
#include "daemon/board/board_value.h"

#include <string.h>

struct sum {
    const char *state, *currency; /* borrowed; currency NULL: nobody knows what they come to */
    size_t months;
    struct money total;
};

struct sums {
    struct sum *list;
    size_t count;
};

/* What the documents of a month come to.  False: one of them is missing, or nobody knows of it. */
static bool sum_month(const json_t *documents, const char *month, struct sum *sum)
{
    json_int_t count = 0, last = 0;
    struct err e = {0};
    bool known = true;
    const json_t *each;
    size_t i;

    json_array_foreach(documents, i, each) {
        const char *total = json_text(each, "total"), *currency = json_text(each, "currency");
        struct money money;

        if (strcmp(json_text(each, "month"), month) != 0)
            continue;
        count++;
        if (json_whole(each, "correction") > last)
            last = json_whole(each, "correction");
        known = known && total && currency &&
                (!sum->currency || !strcmp(currency, sum->currency)) &&
                !money_parse(total, &money, &e) && !money_add(&sum->total, money, &e);
        sum->currency = currency;
    }
    err_clear(&e);
    return known && count == last + 1; /* the invoice, and each correction */
}

static void add_sum(struct sums *sums, const struct sum *more)
{
    struct err e = {0};

    for (size_t i = 0; i < sums->count; i++) {
        struct sum *sum = &sums->list[i];
        struct money before = sum->total;

        if (strcmp(sum->state, more->state) != 0 || !sum->currency != !more->currency ||
            (sum->currency && strcmp(sum->currency, more->currency) != 0))
            continue;
        if (!money_add(&sum->total, more->total, &e)) {
            sum->months += more->months;
            return;
        }
        sum->total = before; /* too much for one sum: another row of the same */
        err_clear(&e);
    }
    sums->list = mem_resize(sums->list, sums->count + 1, sizeof *sums->list);
    sums->list[sums->count++] = *more;
}

static json_t *sum_json(const struct sum *sum, bool trusted)
{
    cleanup_free char *text =
        sum->currency ? money_exact_text(sum->total, money_currency_digits(sum->currency)) : NULL;
    json_auto_t *total = text ? json_string(text) : json_null();

    return json_pack("{s:s, s:I, s:s?, s:o}", "state", sum->state, "months",
                     (json_int_t)sum->months, "currency", sum->currency, "total",
                     board_value_told(total, trusted));
}

json_t *board_money_document(const json_t *documents, const json_t *months, bool trusted)
{
    json_t *list = json_array();
    struct sums sums = {0};
    const json_t *month;
    size_t i;

    json_array_foreach(months, i, month) {
        struct sum sum = {.state = json_text(month, "state"), .months = 1};

        if ((strcmp(sum.state, "closed") != 0 && strcmp(sum.state, "corrected") != 0) ||
            !sum_month(documents, json_text(month, "month"), &sum))
            sum = (struct sum){.state = sum.state, .months = 1};
        add_sum(&sums, &sum);
    }
    for (i = 0; i < sums.count; i++)
        json_array_append_new(list, sum_json(&sums.list[i], trusted));
    free(sums.list);
    return list;
}
