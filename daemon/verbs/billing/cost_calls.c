#include "daemon/verbs/billing/cost_calls.h"

#include "base/json.h"
#include "base/mem.h"
#include "daemon/verbs/daemon_ask.h"

#include <stdio.h>
#include <string.h>

void cost_calls_add(json_t *by, const char *service, const char *operation, int64_t calls)
{
    json_t *own = json_object_get(by, service);

    if (!own) {
        own = json_object();
        json_object_set_new(by, service, own);
    }
    json_object_set_new(own, operation, json_integer(json_whole(own, operation) + calls));
}

/* ---- the daemon's own count ---- */

/* A line of its metrics: how many looks, when it began, a count of calls. */
static void take_line(json_t *daemon, const char *line)
{
    char service[32], operation[64];
    double number;

    if (sscanf(line, "billingd_reconcile_total{%*[^}]} %lf", &number) == 1)
        json_object_set_new(daemon, "looks",
                            json_integer(json_whole(daemon, "looks") + (json_int_t)number));
    else if (sscanf(line, "process_start_time_seconds %lf", &number) == 1)
        json_object_set_new(daemon, "since", json_integer((json_int_t)number));
    else if (sscanf(
                 line,
                 "billingd_aws_requests_total{service=\"%31[^\"]\",operation=\"%63[^\"]\",%*[^}]} "
                 "%lf",
                 service, operation, &number) == 3)
        cost_calls_add(json_object_get(daemon, "by"), service, operation, (int64_t)number);
    else if (sscanf(line, "billingd_leader{%*[^}]} %lf", &number) == 1 && number < 1)
        json_object_set_new(daemon, "leads", json_false());
}

/* A line about its steady looks. */
static void take_steady(json_t *steady, const char *line)
{
    char service[32], operation[64], bound[8];
    double number;

    if (sscanf(line, "billingd_steady_looks_total %lf", &number) == 1)
        json_object_set_new(steady, "looks", json_integer((json_int_t)number));
    else if (sscanf(line, "billingd_steady_look_requests{bound=\"%7[^\"]\"} %lf", bound, &number) ==
             2)
        json_object_set_new(steady, bound, json_integer((json_int_t)number));
    else if (sscanf(
                 line,
                 "billingd_steady_aws_requests_total{service=\"%31[^\"]\",operation=\"%63[^\"]\"} "
                 "%lf",
                 service, operation, &number) == 3)
        cost_calls_add(json_object_get(steady, "by"), service, operation, (int64_t)number);
}

json_t *cost_calls_of_daemon(const char *listen, struct err *e)
{
    cleanup_free char *text = daemon_ask_text(listen, "/metrics", e);
    json_t *daemon =
        json_pack("{s:i, s:n, s:b, s:{}, s:{s:i, s:i, s:i, s:{}}}", "looks", 0, "since", "leads",
                  true, "by", "steady", "looks", 0, "least", 0, "most", 0, "by");

    for (char *line = text, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        take_line(daemon, line);
        take_steady(json_object_get(daemon, "steady"), line);
    }
    if (text && json_whole(daemon, "looks") > 0)
        return daemon;
    json_decref(daemon);
    if (text)
        (void)err_set(e, ERR_ABSENT, "the daemon at %s has not looked yet", listen);
    return NULL;
}

/* ---- a month of them ---- */

static json_int_t sum_of(const json_t *by, const char *service)
{
    const char *name, *operation;
    json_t *own, *calls;
    json_int_t sum = 0;

    json_object_foreach((json_t *)by, name, own)
        json_object_foreach(own, operation, calls)
            if (!service || !strcmp(name, service))
                sum += json_integer_value(calls);
    return sum;
}

/* Looks in a month: the next begins an interval and, on average, half of the jitter later. */
static json_int_t looks_in(struct day month, int64_t interval_s, int64_t jitter_s)
{
    int64_t month_s = (int64_t)calendar_month_length(month.year, month.month) * 86400;

    return 2 * month_s / (2 * interval_s + jitter_s);
}

static bool begins(const char *text, const char *word)
{
    return !strncmp(text, word, strlen(word));
}

/* What AWS bills a call as; COST_UNITS: nothing.  (Amazon S3 pricing: DELETE is free; AWS Glue
 * pricing: requests to the catalog) */
static enum cost_unit unit_of(const char *service, const char *operation)
{
    if (!strcmp(service, "glue"))
        return COST_GLUE_REQUESTS;
    if (strcmp(service, "s3") != 0 || begins(operation, "Delete"))
        return COST_UNITS;
    return begins(operation, "Put") || begins(operation, "List") || begins(operation, "Create")
               ? COST_S3_PUT
               : COST_S3_GET;
}

/* So many of times of a count, by unit. */
static void add_units(const json_t *by, json_int_t times, json_int_t of,
                      json_int_t units[static COST_UNITS + 1])
{
    const char *service, *operation;
    json_t *own, *calls;

    json_object_foreach((json_t *)by, service, own)
        json_object_foreach(own, operation, calls)
            units[unit_of(service, operation)] += json_integer_value(calls) * times / of;
}

static json_t *lines_json(const struct cost_prices *prices, const json_int_t *units, struct day at,
                          const char **lacks)
{
    json_t *lines = json_array();

    for (unsigned unit = 0; unit < COST_UNITS; unit++) {
        struct money amount;
        struct err e = {0};
        int priced;

        if (!units[unit])
            continue;
        priced = cost_prices_charge_at(
            prices, &(struct cost_part){(enum cost_unit)unit, at, units[unit]}, &amount, &e);
        if (priced <= 0)
            *lacks = "not all of it has a price under `cost` at the top of the spec";
        json_array_append_new(lines, json_pack("{s:s, s:I, s:o, s:s}", "name",
                                               cost_prices_units[unit].key, "quantity", units[unit],
                                               "amount", cost_prices_json(priced, amount), "per",
                                               cost_prices_units[unit].per));
    }
    return lines;
}

struct working {
    const json_t *by; /* a count, of so many looks */
    json_int_t of;
    const json_t *steady; /* what the daemon's steady looks were; NULL: no daemon */
    const struct cost_prices *prices;
    struct day month, at;
};

static json_t *interval_json(const struct working *working, int interval_s, int jitter_s)
{
    json_int_t units[COST_UNITS + 1] = {0}, looks = looks_in(working->month, interval_s, jitter_s);
    const char *lacks = NULL;
    cleanup_free char *text = mem_printf("%ds", interval_s);

    add_units(working->by, looks, working->of, units);
    return json_pack("{s:s, s:I, s:I, s:o}", "interval", text, "looks", looks, "calls",
                     sum_of(working->by, NULL) * looks / working->of, "lines",
                     lines_json(working->prices, units, working->at, &lacks));
}

static json_t *intervals_json(const struct working *working, const struct manifest *manifest)
{
    static const int others_s[] = {60, 300, 900, 3600};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof others_s / sizeof *others_s; i++)
        if (others_s[i] != manifest->interval_s)
            json_array_append_new(list, interval_json(working, others_s[i], manifest->jitter_s));
    return list;
}

static json_t *services_json(const struct working *working, json_int_t looks)
{
    json_t *services = json_object(), *own;
    const char *name;

    json_object_foreach((json_t *)working->by, name, own)
        json_object_set_new(services, name,
                            json_integer(sum_of(working->by, name) * looks / working->of));
    return services;
}

/* Steady looks of a day have all that billingd does: what comes each hour and each night, too. */
static bool is_whole(const struct manifest *manifest, struct day month, json_int_t steady)
{
    return steady * calendar_month_length(month.year, month.month) >=
           looks_in(month, manifest->interval_s, manifest->jitter_s);
}

/* What is told beside the counts: where they are from, and what is not in them; new text or NULL.
 */
static char *lacks_of(const struct cost_calls *calls, bool steady, bool whole)
{
    json_int_t looks = json_whole(json_object_get(calls->daemon, "steady"), "looks");
    char *lacks = NULL;

    if (!calls->daemon)
        lacks = mem_text("rollups, audits and leases: only a running daemon counts them");
    else if (!steady)
        lacks = mem_printf("rollups, audits and leases: of %lld looks since the daemon's start, "
                           "%lld had nothing left over from it; %d tell what a month takes",
                           (long long)json_whole(calls->daemon, "looks"), (long long)looks,
                           COST_CALLS_FEW);
    else if (json_is_false(json_object_get(calls->daemon, "leads")))
        lacks = mem_text("what another daemon does for the pipelines that it leads");
    else if (!whole)
        lacks = mem_text("all that comes once a day, like the rollup of a day that ended: the "
                         "daemon has not had a day's steady looks");
    return lacks;
}

/* So many calls in a month if each look were like that one; null: one number tells it. */
static json_t *bound_json(const struct working *working, const char *bound, json_int_t looks,
                          bool ranges)
{
    return ranges ? json_integer(json_whole(working->steady, bound) * looks) : json_null();
}

json_t *cost_calls_json(const struct manifest *manifest, const struct cost_calls *calls,
                        struct day month, struct day at)
{
    json_int_t units[COST_UNITS + 1] = {0};
    json_int_t looks = looks_in(month, manifest->interval_s, manifest->jitter_s);
    const json_t *steady = json_object_get(calls->daemon, "steady");
    json_int_t seen = json_whole(steady, "looks");
    bool enough = seen >= COST_CALLS_FEW, whole = is_whole(manifest, month, seen);
    struct cost_prices *prices = cost_prices_new(manifest->cost);
    const struct working working = {enough ? json_object_get(steady, "by") : calls->look,
                                    enough ? seen : 1,
                                    steady,
                                    prices,
                                    month,
                                    at};
    cleanup_free char *beside = lacks_of(calls, enough, whole);
    const char *lacks = beside;
    json_t *lines, *document;

    add_units(working.by, looks, working.of, units);
    lines = lines_json(prices, units, at, &lacks);
    document = json_pack(
        "{s:{s:I, s:O}, s:O?, s:s?, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:s?, s:o, s:s}", "look",
        "calls", sum_of(calls->look, NULL), "by", calls->look, "daemon", calls->daemon,
        "daemon_unknown", calls->silent, "source", enough ? "daemon" : "look", "looks", looks,
        "calls", sum_of(working.by, NULL) * looks / working.of, "calls_least",
        bound_json(&working, "least", looks, enough && !whole), "calls_most",
        bound_json(&working, "most", looks, enough && !whole), "by", services_json(&working, looks),
        "lines", lines, "lacks", lacks, "intervals", intervals_json(&working, manifest), "currency",
        cost_prices_currency(prices));
    cost_prices_free(prices);
    return document;
}
