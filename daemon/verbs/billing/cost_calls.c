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
}

json_t *cost_calls_of_daemon(const char *listen, struct err *e)
{
    cleanup_free char *text = daemon_ask_text(listen, "/metrics", e);
    json_t *daemon = json_pack("{s:i, s:n, s:{}}", "looks", 0, "since", "by");

    for (char *line = text, *end; line && *line; line = end) {
        end = line + strcspn(line, "\n");
        if (*end)
            *end++ = '\0';
        take_line(daemon, line);
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

json_t *cost_calls_json(const struct manifest *manifest, const struct cost_calls *calls,
                        struct day month, struct day at)
{
    json_int_t units[COST_UNITS + 1] = {0};
    json_int_t looks = looks_in(month, manifest->interval_s, manifest->jitter_s);
    const json_t *of_daemon = json_object_get(calls->daemon, "by");
    struct cost_prices *prices = cost_prices_new(manifest->cost);
    const struct working working = {of_daemon ? of_daemon : calls->look,
                                    of_daemon ? json_whole(calls->daemon, "looks") : 1, prices,
                                    month, at};
    const char *lacks =
        of_daemon ? NULL : "rollups, audits and leases: only a running daemon counts them";
    json_t *lines, *document;

    add_units(working.by, looks, working.of, units);
    lines = lines_json(prices, units, at, &lacks);
    document =
        json_pack("{s:{s:I, s:O}, s:O?, s:s?, s:s, s:I, s:I, s:o, s:o, s:s?, s:o, s:s}", "look",
                  "calls", sum_of(calls->look, NULL), "by", calls->look, "daemon", calls->daemon,
                  "daemon_unknown", calls->silent, "source", of_daemon ? "daemon" : "look", "looks",
                  looks, "calls", sum_of(working.by, NULL) * looks / working.of, "by",
                  services_json(&working, looks), "lines", lines, "lacks", lacks, "intervals",
                  intervals_json(&working, manifest), "currency", cost_prices_currency(prices));
    cost_prices_free(prices);
    return document;
}
