/* cost_stored.c -- what lies in the bucket and was put there, by place and storage class.
 *
 * The objects are listed and added up page by page, none is kept.  What is removed by now was
 * stored and put as well, and is not seen: a month that is over is told as "at least". */
#include "base/json.h"
#include "base/mem.h"
#include "billing/cost/cost_private.h"
#include "billing/store/store_operations.h"

#include <string.h>

enum { PLACES = 8, CLASSES = COST_UNITS - COST_S3_STANDARD };

/* Objects of one storage class below a prefix. */
struct pile {
    int64_t objects, bytes;
    money_integer used[COST_DAYS], coming[COST_DAYS];
};

struct place {
    const char *what;
    char *prefix;         /* NULL: the pipeline has none */
    int64_t expires_days; /* by the bucket's lifecycle, of all below; 0: nothing does */
    struct pile piles[CLASSES];
    int64_t puts[COST_DAYS], put_bytes;
    int64_t odd; /* objects of a storage class that has no price */
};

struct walk {
    const struct cost *cost;
    struct place *place;
};

/* ---- the lifecycle ---- */

static bool is_for_all_below(const json_t *rule, const char *prefix)
{
    const json_t *filter = json_object_get(rule, "Filter");
    const char *own = json_text(filter, "Prefix");

    own = own ? own : json_text(rule, "Prefix");
    return json_text(rule, "Status") && !strcmp(json_text(rule, "Status"), "Enabled") &&
           json_object_size(filter) <= 1 && (own || !json_object_size(filter)) &&
           (!own || !strncmp(prefix, own, strlen(own)));
}

/* The first rule that takes everything below the prefix away; 0: none does. */
static int64_t expiry_of(const json_t *settings, const char *prefix)
{
    const json_t *rules = json_object_get(json_object_get(settings, "bucket"), "lifecycle"), *rule;
    int64_t least = 0;
    size_t i;

    json_array_foreach(rules, i, rule) {
        int64_t days = json_whole(json_object_get(rule, "Expiration"), "Days");

        if (days > 0 && is_for_all_below(rule, prefix) && (!least || days < least))
            least = days;
    }
    return least;
}

/* ---- adding up ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Bytes from a moment to another, by the day of the month. */
static void add_time(const struct cost *cost, money_integer *days, int64_t bytes, int64_t from_s,
                     int64_t to_s)
{
    from_s = later(from_s, cost->from_s);
    to_s = sooner(to_s, cost->end_s);
    while (from_s < to_s) {
        int day = cost_line_day(cost, from_s);
        int64_t end_s = sooner(to_s, cost->from_s + (int64_t)(day + 1) * COST_DAY_S);

        days[day] += (money_integer)bytes * (end_s - from_s);
        from_s = end_s;
    }
}

/* A lifecycle rule takes an object at the first midnight, UTC, after its days.  (Amazon S3 user
 * guide, "Expiring objects") */
static int64_t gone_s(const struct place *place, int64_t modified_s)
{
    int64_t end_s = modified_s + place->expires_days * COST_DAY_S;

    return place->expires_days ? (end_s / COST_DAY_S + 1) * COST_DAY_S : INT64_MAX;
}

static void take_object(const struct walk *walk, const json_t *object)
{
    const struct cost *cost = walk->cost;
    struct place *place = walk->place;
    enum cost_unit unit = cost_prices_unit(json_text(object, "StorageClass"));
    int64_t bytes = json_whole(object, "Size");
    int64_t modified_s = (int64_t)json_number_value(json_object_get(object, "LastModified"));
    struct pile *pile;

    if (modified_s >= cost->from_s && modified_s < cost->until_s) {
        place->puts[cost_line_day(cost, modified_s)]++;
        place->put_bytes += bytes;
    }
    if (unit == COST_UNITS) {
        place->odd++;
        return;
    }
    pile = &place->piles[unit - COST_S3_STANDARD];
    pile->objects++;
    pile->bytes += bytes;
    add_time(cost, pile->used, bytes, modified_s, cost->until_s);
    if (cost->until_s < cost->end_s)
        add_time(cost, pile->coming, bytes, later(modified_s, cost->until_s),
                 gone_s(place, modified_s));
}

static int take_page(void *arg, const json_t *page, struct err *e)
{
    const json_t *object;
    size_t i;

    (void)e;
    json_array_foreach(json_object_get(page, "Contents"), i, object)
        take_object(arg, object);
    return 1;
}

/* ---- lines ---- */

/* What is written until the end of the month as it was so far. */
static void add_growth(const struct cost *cost, const struct place *place, struct pile *pile)
{
    int64_t elapsed_s = cost->until_s - cost->from_s;

    for (int day = 0; day < cost->days && elapsed_s > 0; day++) {
        int64_t begin_s = later(cost->from_s + (int64_t)day * COST_DAY_S, cost->until_s);
        int64_t end_s = cost->from_s + (int64_t)(day + 1) * COST_DAY_S;
        int64_t middle_s = begin_s / 2 + end_s / 2 - cost->until_s;

        if (begin_s < end_s)
            pile->coming[day] +=
                (money_integer)place->put_bytes * middle_s / elapsed_s * (end_s - begin_s);
    }
}

static json_t *detail_of(const struct place *place, const struct pile *pile)
{
    json_t *detail = json_pack(
        "{s:I, s:I, s:I, s:o}", "objects", (json_int_t)pile->objects, "bytes",
        (json_int_t)pile->bytes, "put_bytes", (json_int_t)place->put_bytes, "expires_days",
        place->expires_days ? json_integer((json_int_t)place->expires_days) : json_null());

    return detail;
}

static void add_piles(struct cost *cost, struct place *place, bool over)
{
    for (size_t class = 0; class < CLASSES; class ++) {
        struct pile *pile = &place->piles[class];
        struct cost_line *line;

        if (!pile->objects && class)
            continue;
        if (!class && !over)
            add_growth(cost, place, pile);
        line = cost_line_add(cost, (enum cost_unit)(COST_S3_STANDARD + class), place->what,
                             "objects of the bucket");
        line->place = mem_text(place->prefix);
        line->detail = detail_of(place, pile);
        line->at_least =
            over || place->expires_days || !json_object_get(cost->question->settings, "bucket");
        memcpy(line->used, pile->used, sizeof line->used);
        memcpy(line->coming, pile->coming, sizeof line->coming);
    }
}

static void add_puts(struct cost *cost, const struct place *place)
{
    struct cost_line *line =
        cost_line_add(cost, COST_S3_PUT, place->what, "objects of the bucket, by when they came");

    line->place = mem_text(place->prefix);
    line->at_least = true;
    for (size_t day = 0; day < COST_DAYS; day++)
        line->used[day] = place->puts[day];
    cost_line_go_on(cost, line);
}

static void lose(struct cost *cost, const struct place *place, const struct err *e)
{
    static const enum cost_unit units[] = {COST_S3_STANDARD, COST_S3_PUT};

    for (size_t i = 0; i < 2; i++) {
        struct cost_line *line =
            cost_line_add(cost, units[i], place->what, "objects of the bucket");

        line->place = mem_text(place->prefix);
        cost_line_lose(cost, line, e);
    }
}

static void add_odd(struct cost *cost, const struct place *place)
{
    struct cost_line *line =
        cost_line_add(cost, COST_S3_STANDARD, "another storage class", "objects of the bucket");
    cleanup_free char *why = mem_printf("%lld objects are of a storage class without a price here",
                                        (long long)place->odd);

    line->place = mem_text(place->prefix);
    cost_line_untold(cost, line, why);
}

static void read_place(struct flow *flow, struct cost *cost, struct place *place)
{
    const struct billing *billing = cost->question->billing;
    struct walk walk = {cost, place};
    const struct operation_pages pages = {&store_operations[STORE_LIST_OBJECTS],
                                          json_pack("{s:s, s:s, s:s}", "Bucket",
                                                    billing->names.bucket, "Prefix", place->prefix,
                                                    "ExpectedBucketOwner", billing->account),
                                          take_page, &walk};
    struct err e = {0};

    place->expires_days = expiry_of(cost->question->settings, place->prefix);
    if (operation_pages(flow, billing, &pages, &e)) {
        struct err gone = {0};

        /* Of each place alike: without what AWS says of a single call. */
        (void)err_set(&gone, ERR_ABSENT, "the bucket %s does not exist", billing->names.bucket);
        lose(cost, place, e.kind == ERR_ABSENT ? &gone : &e);
        return;
    }
    add_piles(cost, place, cost->until_s == cost->end_s);
    add_puts(cost, place);
    if (place->odd)
        add_odd(cost, place);
}

/* "athena-results/" of "s3://bucket/athena-results/", when the bucket is the pipeline's. */
static char *results_prefix(const struct billing_names *names)
{
    cleanup_free char *start = mem_printf("s3://%s/", names->bucket);
    size_t n = strlen(start);

    return !strncmp(names->results, start, n) && names->results[n] ? mem_text(names->results + n)
                                                                   : NULL;
}

static char *some(const char *prefix)
{
    return prefix && *prefix ? mem_text(prefix) : NULL;
}

/* They are billed as well, and no list here shows them. */
static void add_versions(struct cost *cost)
{
    const char *versioning =
        json_text(json_object_get(cost->question->settings, "bucket"), "versioning");

    if (versioning && strcmp(versioning, "Disabled") != 0)
        cost_line_untold(cost, cost_line_add(cost, COST_S3_STANDARD, "older versions", "none"),
                         "older versions of objects are billed, and not listed here");
}

void cost_stored_read(struct flow *flow, struct cost *cost)
{
    const struct billing *billing = cost->question->billing;
    const struct billing_names *names = &billing->names;
    struct place *places = mem_new(PLACES * sizeof *places);
    size_t count = 0;

    places[count++] = (struct place){.what = "log objects", .prefix = some(names->data_prefix)};
    for (char **side = names->side_prefixes; side && *side && count < 3; side++)
        places[count++] = (struct place){.what = "recovered events", .prefix = some(*side)};
    places[count++] = (struct place){.what = "not delivered", .prefix = some(names->error_prefix)};
    places[count++] = (struct place){.what = "rollups", .prefix = some(names->rollup_prefix)};
    places[count++] = (struct place){.what = "results of queries", .prefix = results_prefix(names)};
    places[count++] =
        (struct place){.what = "books", .prefix = some(billing->settings.archive_prefix)};
    places[count++] =
        (struct place){.what = "state", .prefix = mem_printf("_billingd/%s/", billing->pipeline)};
    for (size_t i = 0; i < count; i++) {
        if (places[i].prefix && !flow_is_cancelled(flow))
            read_place(flow, cost, &places[i]);
        free(places[i].prefix);
    }
    free(places);
    add_versions(cost);
}
