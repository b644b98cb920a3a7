#include "billing/bill/bill_by.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/bulk/record_sort.h"

#include <string.h>

enum { GROUPS_AT_ONCE = 200000 }; /* some 0.2 s */

/* A record: the group's texts, each behind a mark and ended by a NUL, so that records are ordered
 * as groups are; then its numbers as they lie in memory. */
enum mark { MARK_NONE = 1, MARK_TEXT = 2, MARK_NOBODY = 3 };

struct bill_by {
    const struct billing *billing;
    unsigned by;
    struct record_sort *sort;
    struct str key, other; /* of the group that is given, and of the one behind it */
    struct rating_share behind;
    bool has_behind, is_void; /* is_void: what was read; groups come anew */
};

unsigned bill_by_parse(const char *text, struct err *e)
{
    static const char *const words[] = {"day", "route", "status"};
    unsigned by = 0;

    for (const char *rest = text; *rest;) {
        size_t length = strcspn(rest, ","), i = 0;

        while (i < 3 && (strlen(words[i]) != length || strncmp(words[i], rest, length) != 0))
            i++;
        if (i == 3 || (rest[length] && !rest[length + 1])) {
            by = 0;
            break;
        }
        by |= 1U << i;
        rest += length + (rest[length] == ',');
    }
    if (!by)
        err_set(e, ERR_INVALID, "--by '%s': choose day, route or status, or several: day,route",
                text);
    return by;
}

const char *bill_by_lacks(const struct billing *billing, unsigned by)
{
    if ((by & BILL_BY_ROUTE) && !usage_by_keeps(billing, "route"))
        return "route";
    return (by & BILL_BY_STATUS) && !usage_by_keeps(billing, "status") ? "status" : NULL;
}

/* ---- in ---- */

static void add_text(struct str *key, const char *text, char absent)
{
    str_add_char(key, text ? MARK_TEXT : absent);
    str_add_n(key, text ? text : "", (text ? strlen(text) : 0) + 1);
}

static void set_key(struct bill_by *groups, const struct usage_group *group)
{
    const char *customer = price_book_customer(groups->billing->book, group->sub, group->day);
    char day[16] = "";

    if (groups->by & BILL_BY_DAY)
        calendar_day_text(group->day, day);
    groups->key.len = 0;
    add_text(&groups->key, customer, MARK_NOBODY);
    add_text(&groups->key, day, MARK_NONE);
    add_text(&groups->key, groups->by & BILL_BY_ROUTE ? group->route : NULL, MARK_NONE);
    add_text(&groups->key, groups->by & BILL_BY_STATUS ? group->status : NULL, MARK_NONE);
}

static void begin_reading(void *arg)
{
    ((struct bill_by *)arg)->is_void = true;
}

/* Off the loop, which closing a large file would hold up. */
static void start_over(struct bill_by *groups)
{
    groups->is_void = false;
    record_sort_free(groups->sort);
    groups->sort = record_sort_new(0);
}

static int take_group(void *arg, const struct usage_group *group, struct err *e)
{
    struct bill_by *groups = arg;
    struct rating_share share = {0};

    if (groups->is_void)
        start_over(groups);
    if (rating_share_add(&share, groups->billing->book,
                         &(struct rating_share_usage){
                             group->day, group->route, group->status, {group->calls, group->bytes}},
                         e))
        return -1;
    set_key(groups, group);
    str_add_n(&groups->key, &share, sizeof share);
    return record_sort_add(groups->sort, groups->key.data, groups->key.len, e);
}

static void free_groups(void *arg)
{
    bill_by_free(arg);
}

struct bill_by *bill_by_read(struct flow *flow, const struct billing *billing, struct day_span days,
                             unsigned by, struct err *e)
{
    struct bill_by *groups = mem_new(sizeof *groups);
    const struct usage_by_taker taker = {begin_reading, take_group, groups};
    const struct usage_by_question question = {days, by & BILL_BY_DAY};

    *groups = (struct bill_by){.billing = billing, .by = by, .sort = record_sort_new(0)};
    if (!usage_by_each(flow, billing, &question, &taker, e)) {
        if (groups->is_void) /* there are none */
            start_over(groups);
        return groups;
    }
    flow_work(flow, free_groups, groups);
    return NULL;
}

void bill_by_free(struct bill_by *groups)
{
    if (!groups)
        return;
    record_sort_free(groups->sort);
    str_fini(&groups->key);
    str_fini(&groups->other);
    free(groups);
}

/* ---- out ---- */

/* The next record into other and behind; -1 and *e. */
static int look_ahead(struct bill_by *groups, struct err *e)
{
    const char *record;
    size_t length;
    int more = record_sort_next(groups->sort, &record, &length, e);

    groups->has_behind = more == 1;
    if (more != 1)
        return more;
    groups->other.len = 0;
    str_add_n(&groups->other, record, length - sizeof groups->behind);
    memcpy(&groups->behind, record + length - sizeof groups->behind, sizeof groups->behind);
    return 0;
}

int bill_by_begin(struct bill_by *groups, struct err *e)
{
    return record_sort_begin(groups->sort, e) ? -1 : look_ahead(groups, e);
}

/* The text behind its mark, NULL where there is none; *at moves on. */
static const char *read_text(const char **at)
{
    const char *text = *at + 1;
    bool there = **at == MARK_TEXT;

    *at = text + strlen(text) + 1;
    return there ? text : NULL;
}

int bill_by_next(struct bill_by *groups, struct bill_by_group *group, struct err *e)
{
    const char *at, *day;
    struct err ignored = {0};

    if (!groups->has_behind)
        return 0;
    *group = (struct bill_by_group){0};
    groups->key.len = 0;
    str_add_n(&groups->key, groups->other.data, groups->other.len);
    while (groups->has_behind && groups->key.len == groups->other.len &&
           !memcmp(groups->key.data, groups->other.data, groups->key.len))
        if (rating_share_join(&group->share, &groups->behind, e) || look_ahead(groups, e))
            return -1;
    at = groups->key.data;
    group->customer = read_text(&at);
    day = read_text(&at);
    if (day && *day)
        (void)calendar_parse_day(day, &group->day, &ignored);
    group->route = read_text(&at);
    group->status = read_text(&at);
    return 1;
}

/* ---- against the bill ---- */

struct checking {
    struct bill_by *groups;
    const struct bill_packed *bill;
    size_t line;    /* of the bill's lines: the next to be met */
    char *customer; /* whose groups are being added; NULL: nobody's, or none yet */
    bool adding, met_nobody;
    struct rating_share sum;
    int more; /* as bill_by_next */
    struct err *e;
};

static bool is_sum(const json_t *line, const struct rating_share *sum)
{
    const json_int_t paid_calls = json_whole(line, "billed_calls") + json_whole(line, "free_calls"),
                     paid_bytes = json_whole(line, "billed_bytes") + json_whole(line, "free_bytes");

    return json_whole(line, "calls") == sum->all.calls &&
           json_whole(line, "bytes") == sum->all.bytes &&
           json_whole(line, "excluded_calls") == sum->excluded.calls &&
           json_whole(line, "excluded_bytes") == sum->excluded.bytes &&
           paid_calls == sum->ruled.calls + sum->ordinary.calls &&
           paid_bytes == sum->ruled.bytes + sum->ordinary.bytes;
}

static int check_line(const json_t *line, const char *customer, const struct rating_share *sum,
                      struct err *e)
{
    return is_sum(line, sum)
               ? 0
               : err_set(
                     e, ERR_RETRY,
                     "%s%s: the line says %" JSON_INTEGER_FORMAT " calls and %" JSON_INTEGER_FORMAT
                     " bytes, its parts come to %lld and %lld: a day was rebuilt meanwhile; try "
                     "again",
                     customer ? "customer " : "unattributed calls", customer ? customer : "",
                     json_whole(line, "calls"), json_whole(line, "bytes"),
                     (long long)sum->all.calls, (long long)sum->all.bytes);
}

/* Lines up to that customer's (NULL: to the end) that no group came to: they have no calls. */
static int check_between(struct checking *checking, const char *customer)
{
    const struct rating_share nothing = {0};

    for (; checking->line < bill_packed_count(checking->bill); checking->line++) {
        const char *here = bill_packed_customer(checking->bill, checking->line);
        json_auto_t *line = NULL;

        if (customer && strcmp(here, customer) >= 0)
            return 0;
        line = bill_packed_line(checking->bill, checking->line);
        if (check_line(line, here, &nothing, checking->e))
            return -1;
    }
    return 0;
}

/* All groups of a customer are added. */
static int check_customer(struct checking *checking)
{
    const char *customer = checking->customer;
    json_auto_t *line = NULL;

    if (!checking->adding)
        return 0;
    checking->adding = false;
    checking->met_nobody = checking->met_nobody || !customer;
    if (!customer)
        return check_line(json_object_get(bill_packed_head(checking->bill), "unattributed"), NULL,
                          &checking->sum, checking->e);
    if (check_between(checking, customer))
        return -1;
    if (checking->line < bill_packed_count(checking->bill) &&
        !strcmp(bill_packed_customer(checking->bill, checking->line), customer))
        line = bill_packed_line(checking->bill, checking->line++);
    return check_line(line, customer, &checking->sum, checking->e);
}

static int take_next(struct checking *checking, const struct bill_by_group *group)
{
    bool same = checking->adding && !checking->customer == !group->customer &&
                (!group->customer || !strcmp(checking->customer, group->customer));

    if (!same) {
        if (check_customer(checking))
            return -1;
        free(checking->customer);
        checking->customer = mem_text(group->customer);
        checking->sum = (struct rating_share){0};
        checking->adding = true;
    }
    return rating_share_join(&checking->sum, &group->share, checking->e);
}

/* What no group came to has no calls. */
static int check_rest(struct checking *checking)
{
    const struct rating_share nothing = {0};

    if (check_customer(checking) || check_between(checking, NULL))
        return -1;
    return checking->met_nobody
               ? 0
               : check_line(json_object_get(bill_packed_head(checking->bill), "unattributed"), NULL,
                            &nothing, checking->e);
}

static void check_some(void *arg)
{
    struct checking *checking = arg;
    struct bill_by_group group;

    for (int i = 0; i < GROUPS_AT_ONCE && checking->more == 1; i++) {
        checking->more = bill_by_next(checking->groups, &group, checking->e);
        if (checking->more == 1 && take_next(checking, &group))
            checking->more = -1;
    }
    if (!checking->more && check_rest(checking))
        checking->more = -1;
}

static void begin_checking(void *arg)
{
    struct checking *checking = arg;

    checking->more = bill_by_begin(checking->groups, checking->e) ? -1 : 1;
}

int bill_by_check(struct flow *flow, struct bill_by *groups, const struct bill_packed *bill,
                  struct err *e)
{
    struct checking checking = {.groups = groups, .bill = bill, .e = e};

    flow_work(flow, begin_checking, &checking);
    while (checking.more == 1)
        flow_work(flow, check_some, &checking);
    free(checking.customer);
    return checking.more;
}
