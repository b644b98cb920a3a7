#include "billing/shadow/shadow_fit.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>

const char *const shadow_fit_codes[SHADOW_REASONS] = {
    "lost_by_reader", "no_time", "user_filter", "status_filter", "month_edge",  "time_zone",
    "not_request",    "foreign", "duplicate",   "late",          "unattributed"};

enum { FLAGS = 7, WAYS = SHADOW_MONTHS * SHADOW_STATUSES * 3 << FLAGS, CLOSER_LOOKS = 64 };

/* ---- one way, one cell ---- */

static bool status_counts(enum shadow_statuses statuses, char status)
{
    switch (statuses) {
    case SHADOW_NO_5XX:
        return status != '5';
    case SHADOW_NO_ERRORS:
        return status != '4' && status != '5';
    case SHADOW_ONLY_2XX:
        return status == '2';
    default:
        return true;
    }
}

static bool in_month(const struct shadow_way *way, const struct shadow_cell *cell)
{
    return way->month == SHADOW_BY_ZONE  ? cell->by_zone
           : way->month == SHADOW_BY_UTC ? cell->by_utc
                                         : cell->by_arrival;
}

static bool is_nobody(const struct shadow_cells *cells, const struct shadow_cell *cell)
{
    return json_is_null(json_array_get(cells->subs, cell->who));
}

static bool counts(const struct shadow_cells *cells, const struct shadow_way *way,
                   const struct shadow_cell *cell)
{
    bool late = cell->state < SHADOW_NO_REQUEST && !cell->on_time && cell->by_zone;

    return in_month(way, cell) && status_counts(way->statuses, cell->status) &&
           cell->copy <= way->copies && !(way->only_users && !cell->has_user) &&
           !(way->no_repaired && cell->state == SHADOW_REPAIRED) &&
           !(way->no_estimated && cell->state == SHADOW_ESTIMATED) && !(way->no_late && late) &&
           !(way->no_nobody && is_nobody(cells, cell)) &&
           (way->all_lines || cell->state != SHADOW_NO_REQUEST) &&
           (way->foreign || cell->state != SHADOW_FOREIGN);
}

/* The way of that number; lower numbers ask for less. */
static struct shadow_way way_of(int number)
{
    int flags = number % (1 << FLAGS), rest = number >> FLAGS;

    return (struct shadow_way){.month = (enum shadow_month)(rest % SHADOW_MONTHS),
                               .copies = (enum shadow_copy)(rest / SHADOW_MONTHS % 3),
                               .statuses = (enum shadow_statuses)(rest / SHADOW_MONTHS / 3),
                               .only_users = flags & 1,
                               .no_repaired = flags & 2,
                               .no_estimated = flags & 4,
                               .no_late = flags & 8,
                               .no_nobody = flags & 16,
                               .all_lines = flags & 32,
                               .foreign = flags & 64};
}

/* ---- how near ---- */

/* The place of each sub's answer among theirs, -1 where they have none. */
static int64_t *places_of(const struct shadow_cells *cells, const struct shadow_theirs *theirs)
{
    int64_t *places = mem_new((json_array_size(cells->subs) + 1) * sizeof *places);
    size_t i;
    json_t *sub;

    json_array_foreach(cells->subs, i, sub) {
        cleanup_free char *key = mem_printf("%s%s", json_is_string(sub) ? "=" : "",
                                            json_is_string(sub) ? json_string_value(sub) : "");
        const json_t *known = json_object_get(theirs->index, key);

        places[i] = known ? json_integer_value(known) : -1;
    }
    return places;
}

static long double amount_of(const struct shadow_prices *prices, struct shadow_sum sum)
{
    return (long double)sum.calls * (long double)prices->call.pico +
           (long double)sum.bytes * (long double)prices->gib.pico / 0x1p30L;
}

static long double distance(const struct shadow_theirs *theirs, const struct shadow_their *their,
                            const struct shadow_prices *prices, struct shadow_sum sum)
{
    long double far = 0, off;

    if (theirs->has_calls)
        far += (long double)llabs((their ? their->calls : 0) - sum.calls);
    if (theirs->has_bytes)
        far += (long double)llabs((their ? their->bytes : 0) - sum.bytes) / 0x1p20L;
    if (theirs->has_calls || theirs->has_bytes)
        return far;
    /* To a thousandth of a call's price all is rounding. */
    off = (their ? (long double)their->amount.units / 0x1p30L : 0) - amount_of(prices, sum);
    off = off < 0 ? -off : off;
    return prices->call.pico && off > (long double)prices->call.pico / 1000
               ? off / (long double)prices->call.pico
               : 0;
}

struct trying {
    const struct shadow_cells *cells;
    const struct shadow_theirs *theirs;
    const struct shadow_prices *prices;
    const int64_t *places;
    struct shadow_sum *sums; /* per sub */
    size_t count;            /* of subs */
};

static void sum_up(const struct trying *t, const struct shadow_way *way)
{
    for (size_t i = 0; i < t->count; i++)
        t->sums[i] = (struct shadow_sum){0};
    for (size_t i = 0; i < t->cells->count; i++) {
        const struct shadow_cell *cell = &t->cells->items[i];

        if (!counts(t->cells, way, cell))
            continue;
        t->sums[cell->who].calls += cell->calls;
        t->sums[cell->who].bytes += cell->bytes;
    }
}

static long double try_way(const struct trying *t, const struct shadow_way *way)
{
    long double far = 0;

    sum_up(t, way);
    for (size_t i = 0; i < t->count; i++)
        far += distance(t->theirs, t->places[i] < 0 ? NULL : &t->theirs->items[t->places[i]],
                        t->prices, t->sums[i]);
    return far;
}

/* ---- all cells that no way tells apart, added up: what a way comes to in all ---- */

static int compare_cells(const void *a, const void *b)
{
    const struct shadow_cell *x = a, *y = b;
    const int left[] = {x->has_user, x->by_arrival, x->by_utc, x->by_zone, x->on_time,
                        x->state,    x->copy,       x->status, (int)x->who};
    const int right[] = {y->has_user, y->by_arrival, y->by_utc, y->by_zone, y->on_time,
                         y->state,    y->copy,       y->status, (int)y->who};

    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* Two customers: everybody, and nobody. */
static struct shadow_cells whole_of(const struct shadow_cells *cells)
{
    struct shadow_cells whole = {.subs = json_pack("[s, n]", "")};
    size_t n = 0;

    whole.items = mem_new((cells->count + 1) * sizeof *whole.items);
    for (size_t i = 0; i < cells->count; i++) {
        whole.items[i] = cells->items[i];
        whole.items[i].who = is_nobody(cells, &cells->items[i]);
    }
    qsort(whole.items, cells->count, sizeof *whole.items, compare_cells);
    for (size_t i = 0; i < cells->count; i++) {
        if (n && !compare_cells(&whole.items[n - 1], &whole.items[i])) {
            whole.items[n - 1].calls += whole.items[i].calls;
            whole.items[n - 1].bytes += whole.items[i].bytes;
        } else {
            whole.items[n++] = whole.items[i];
        }
    }
    whole.count = n;
    return whole;
}

static struct shadow_theirs whole_theirs(const struct shadow_theirs *theirs)
{
    struct shadow_theirs whole = *theirs;

    whole.items = mem_new(2 * sizeof *whole.items);
    whole.count = 2;
    for (size_t i = 0; i < theirs->count; i++) {
        struct shadow_their *sum = &whole.items[!theirs->items[i].sub];

        sum->calls += theirs->items[i].calls;
        sum->bytes += theirs->items[i].bytes;
        sum->amount.units += theirs->items[i].amount.units;
    }
    return whole;
}

struct rank {
    long double far;
    int number;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;

    if (x->far < y->far || x->far > y->far)
        return x->far < y->far ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* The ways by how near they come in all. */
static struct rank *rank_ways(const struct shadow_cells *cells, const struct shadow_theirs *theirs,
                              const struct shadow_prices *prices)
{
    struct rank *ranks = mem_new(WAYS * sizeof *ranks);
    struct shadow_cells whole = whole_of(cells);
    struct shadow_theirs all = whole_theirs(theirs);
    const int64_t places[] = {0, 1};
    struct shadow_sum sums[2];
    const struct trying t = {&whole, &all, prices, places, sums, 2};

    for (int i = 0; i < WAYS; i++) {
        const struct shadow_way way = way_of(i);

        ranks[i] = (struct rank){try_way(&t, &way), i};
    }
    qsort(ranks, WAYS, sizeof *ranks, compare_ranks);
    free(all.items);
    shadow_cells_fini(&whole);
    return ranks;
}

struct shadow_way shadow_fit_find(const struct shadow_cells *cells,
                                  const struct shadow_theirs *theirs,
                                  const struct shadow_prices *prices)
{
    cleanup_free struct rank *ranks = rank_ways(cells, theirs, prices);
    cleanup_free int64_t *places = places_of(cells, theirs);
    const size_t count = json_array_size(cells->subs);
    cleanup_free struct shadow_sum *sums = mem_new((count + 1) * sizeof *sums);
    const struct trying t = {cells, theirs, prices, places, sums, count};
    struct rank best = {0};

    for (int i = 0; i < CLOSER_LOOKS; i++) {
        const struct shadow_way way = way_of(ranks[i].number);
        const struct rank now = {try_way(&t, &way), ranks[i].number};

        if (!i || compare_ranks(&now, &best) < 0)
            best = now;
    }
    return way_of(best.number);
}

/* ---- why ---- */

static enum shadow_reason why_not_theirs(const struct shadow_cells *cells,
                                         const struct shadow_way *way,
                                         const struct shadow_cell *cell)
{
    if (way->no_nobody && is_nobody(cells, cell))
        return SHADOW_UNATTRIBUTED;
    if (way->no_repaired && cell->state == SHADOW_REPAIRED)
        return SHADOW_LOST_BY_READER;
    if (way->no_estimated && cell->state == SHADOW_ESTIMATED)
        return SHADOW_NO_TIME;
    if (way->only_users && !cell->has_user)
        return SHADOW_USER_FILTER;
    if (!status_counts(way->statuses, cell->status))
        return SHADOW_STATUS_FILTER;
    return way->month == SHADOW_BY_UTC ? SHADOW_TIME_ZONE : SHADOW_MONTH_EDGE;
}

static enum shadow_reason why_not_ours(const struct shadow_way *way, const struct shadow_cell *cell)
{
    if (cell->state == SHADOW_NO_REQUEST)
        return SHADOW_NOT_REQUEST;
    if (cell->state == SHADOW_FOREIGN)
        return SHADOW_OTHER_GROUP;
    if (cell->copy != SHADOW_FIRST)
        return SHADOW_DUPLICATE;
    if (!cell->by_zone)
        return way->month == SHADOW_BY_UTC || cell->by_utc ? SHADOW_TIME_ZONE : SHADOW_MONTH_EDGE;
    return SHADOW_LATE;
}

static void add(struct shadow_sum *sum, const struct shadow_cell *cell, int sign)
{
    sum->calls += sign * cell->calls;
    sum->bytes += sign * cell->bytes;
}

void shadow_fit_share(const struct shadow_cells *cells, const struct shadow_way *way,
                      struct shadow_share *shares)
{
    for (size_t i = 0; i < cells->count; i++) {
        const struct shadow_cell *cell = &cells->items[i];
        struct shadow_share *share = &shares[cell->who];
        bool theirs = counts(cells, way, cell);

        if (cell->ours)
            add(&share->ours, cell, 1);
        if (theirs)
            add(&share->predicted, cell, 1);
        if (cell->ours && !theirs)
            add(&share->reasons[why_not_theirs(cells, way, cell)], cell, -1);
        else if (theirs && !cell->ours)
            add(&share->reasons[why_not_ours(way, cell)], cell, 1);
    }
}

json_t *shadow_fit_text(const struct shadow_way *way)
{
    static const char *const months[] = {
        "a call is of the month of its own time in the billing zone",
        "a call is of the month of its own time in UTC",
        "a call is of the month it arrived in (UTC)"};
    static const char *const copies[] = {"each request once",
                                         "a request that was logged twice is two",
                                         "what was delivered or logged twice is two"};
    static const char *const statuses[] = {NULL, "without 5xx", "without 4xx and 5xx", "only 2xx"};
    json_t *texts = json_pack("[s, s]", months[way->month], copies[way->copies]);
    const struct {
        bool is;
        const char *text;
    } flags[] = {{way->statuses != SHADOW_ALL_STATUSES, statuses[way->statuses]},
                 {way->only_users, "only lines with a user"},
                 {way->no_repaired, "no lines that are no JSON"},
                 {way->no_estimated, "no lines without a time of their own"},
                 {way->no_late, "nothing that arrived after its day was closed"},
                 {way->no_nobody, "nothing without a sub"},
                 {way->all_lines, "lines that are no requests, too"},
                 {way->foreign, "requests of other log groups, too"}};

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].is)
            json_array_append_new(texts, json_string(flags[i].text));
    return texts;
}
