/* rollup_build.c -- one day: unload to a folder of its own, check what is in it, switch.
 *
 * Nothing counts before the one write that points the day to the new run, so it may be killed
 * anywhere; what is left behind are files and a line of the runs table that nobody reads. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/rollup/partition.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/athena_query.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_TRIES = 3 };

/* ---- names and hashes ---- */

void rollup_build_run(int64_t now_s, char run[static ROLLUP_RUN_LENGTH])
{
    char now[TIMESTAMP_ROOM];
    unsigned random;

    timestamp_basic(now_s, now);
    random_bytes(&random, sizeof random);
    (void)snprintf(run, ROLLUP_RUN_LENGTH, "%.16s-%08x", now, random);
}

int64_t rollup_build_run_time(const char *run)
{
    static const char hex[] = "0123456789abcdef";
    int64_t time_s;

    if (!timestamp_parse_basic(run, &time_s) || run[16] != '-' || strspn(run + 17, hex) != 8 ||
        run[25])
        return -1;
    return time_s;
}

int rollup_build_hash(struct flow *flow, const struct billing *billing, char hex[static 65],
                      struct err *e)
{
    cleanup_free char *query = athena_query_hash(billing, "rollup");
    cleanup_str struct str all = {0};
    json_auto_t *reply = flow_call(flow, billing->session, "glue", "GetTable",
                                   json_pack("{s:s, s:s}", "DatabaseName", billing->names.database,
                                             "Name", billing->names.view),
                                   e);
    const char *view = json_string_value(json_at(reply, "Table.ViewOriginalText"));

    if (!reply)
        return -1;
    str_addf(&all, "%s\n%s", query, view ? view : "");
    digest_sha256(all.data, all.len, hex);
    return 0;
}

/* ---- values ---- */

/* The column's name when the rollup keeps it apart. */
static void add_column(json_t *values, const struct billing *billing, const char *column,
                       const char *alias)
{
    cleanup_free char *name = mem_printf("column_%s", column);
    bool kept = false;

    for (char **each = billing->settings.group_by; each && *each; each++)
        kept = kept || !strcasecmp(*each, column) || !strcasecmp(*each, alias);
    json_object_set_new(values, name, json_string(kept ? column : "CAST(NULL AS varchar)"));
}

static json_t *values_of(const struct billing *billing, const struct rollup_need *need,
                         const char *run)
{
    cleanup_free char *filter = rollup_window_filter(need->window.from_s, need->window.to_s);
    cleanup_free char *key = rollup_partition_key(billing, need->day->day, run);
    char day[16];
    json_t *values;

    calendar_day_text(need->day->day, day);
    values = json_pack("{s:I, s:I, s:s, s:s, s:s}", "from_s", (json_int_t)need->window.event_from_s,
                       "to_s", (json_int_t)need->window.event_to_s, "day", day, "partition_filter",
                       filter, "run", run);
    json_object_set_new(values, "target", json_sprintf("s3://%s/%s", billing->names.bucket, key));
    add_column(values, billing, "user", "user");
    add_column(values, billing, "sub", "sub");
    add_column(values, billing, "httpmethod", "method");
    add_column(values, billing, "path", "path");
    add_column(values, billing, "routekey", "route");
    add_column(values, billing, "status", "status");
    return values;
}

/* ---- queries ---- */

struct counts {
    int64_t rows, calls, bytes;
};

static int ask(struct flow *flow, const struct billing *billing, const char *name,
               const json_t *values, const char *run, struct athena_result *result, struct err *e)
{
    cleanup_free char *text = athena_query_text(billing, name, values, e);
    cleanup_free char *seed = mem_printf("%s %s", name, run);

    if (!text)
        return -1;
    return athena_query_run(flow, billing, text, seed, result, e);
}

static int take_count(const struct athena_result *result, const char *column, int64_t *count)
{
    size_t i;
    json_t *name;

    json_array_foreach(result->columns, i, name) {
        const char *text = json_string_value(json_array_get(json_array_get(result->rows, 0), i));

        if (strcmp(json_string_value(name), column))
            continue;
        *count = text ? strtoll(text, NULL, 10) : 0;
        return 0;
    }
    return -1;
}

static int ask_counts(struct flow *flow, const struct billing *billing, const char *name,
                      const json_t *values, const char *run, struct counts *counts, struct err *e)
{
    struct athena_result result;
    int failed = ask(flow, billing, name, values, run, &result, e);

    if (failed)
        return -1;
    if (json_array_size(result.rows) != 1 || take_count(&result, "row_count", &counts->rows) ||
        take_count(&result, "calls", &counts->calls) ||
        take_count(&result, "bytes", &counts->bytes))
        failed = err_set(e, ERR_INVALID,
                         "query '%s' must give one row with row_count, calls and bytes", name);
    athena_result_fini(&result);
    return failed;
}

static int unload(struct flow *flow, const struct billing *billing, const json_t *values,
                  const char *run, struct err *e)
{
    struct athena_result result;

    if (ask(flow, billing, "rollup", values, run, &result, e))
        return -1;
    athena_result_fini(&result);
    return 0;
}

/* ---- a build's own words ---- */

static void set_number(json_t *build, const char *key, int64_t number)
{
    json_object_set_new(build, key, json_sprintf("%lld", (long long)number));
}

static int64_t number_of(const json_t *build, const char *key)
{
    const char *text = json_text(build, key);

    return text ? strtoll(text, NULL, 10) : 0;
}

static void set_print(json_t *build, const struct rollup_print *print)
{
    json_object_set_new(build, "fingerprint", json_string(print->fingerprint));
    json_object_set_new(build, "hours", json_string(print->hours));
    json_object_set_new(build, "newest", json_sprintf("%.3f", print->newest));
}

static json_t *new_build(const struct rollup_job *job, const struct rollup_need *need,
                         const char *run, const struct rollup_print *print,
                         const struct counts *counts)
{
    cleanup_free char *window = rollup_window_text(job->billing, &need->window);
    json_t *previous = json_object_get(need->day->build, "run");
    json_t *build =
        json_pack("{s:s, s:s, s:s}", "run", run, "sql_hash", job->sql_hash, "window", window);

    set_print(build, print);
    set_number(build, "rows", counts->rows);
    set_number(build, "calls", counts->calls);
    set_number(build, "bytes", counts->bytes);
    set_number(build, "built_at", clock_now_ms() / 1000);
    if (previous)
        json_object_set(build, "previous_run", previous);
    return build;
}

/* The present build stays, and says what was looked at since. */
static int note(struct flow *flow, const struct rollup_job *job, const struct rollup_need *need,
                const struct rollup_print *print, bool kept, struct err *e)
{
    json_auto_t *build = json_copy(need->day->build);

    if (kept)
        json_object_set_new(build, "kept",
                            json_sprintf("%s %s", print->fingerprint, job->sql_hash));
    else
        set_print(build, print);
    return rollup_partition_switch(flow, job->billing, job->storage, need->day->day, build, true,
                                   e);
}

/* ---- a build ---- */

enum attempt { DONE, MOVED, LOSES, BROKEN };

static bool same_print(const struct rollup_print *a, const struct rollup_print *b)
{
    return !strcmp(a->fingerprint, b->fingerprint) && !strcmp(a->hours, b->hours);
}

/* Raw events, the new files, and the objects before and after must agree. */
static enum attempt check(struct flow *flow, const struct rollup_job *job,
                          const struct rollup_need *need, const char *run,
                          const struct rollup_print *before, struct counts *counts, struct err *e)
{
    json_auto_t *values = values_of(job->billing, need, run);
    struct rollup_print after = {0};
    struct counts raw;
    bool moved;

    if (rollup_partition_add_run(flow, job->billing, job->run_storage, need->day->day, run, e) ||
        ask_counts(flow, job->billing, "rollup_check", values, run, counts, e) ||
        ask_counts(flow, job->billing, "rollup_counts", values, run, &raw, e) ||
        rollup_print_of(flow, job->billing, &need->window, true, &after, e))
        return BROKEN;
    moved = !same_print(before, &after);
    rollup_print_fini(&after);
    if (!moved && raw.rows == counts->rows && raw.calls == counts->calls &&
        raw.bytes == counts->bytes)
        return DONE;
    err_set(e, ERR_RETRY,
            moved ? "objects came in while it was built (%lld calls built, %lld in the logs)"
                  : "the build holds %lld calls, the logs %lld",
            (long long)counts->calls, (long long)raw.calls);
    return MOVED;
}

/* An hour that Glue does not know is an hour without requests, to every query alike. */
static int make_readable(struct flow *flow, const struct billing *billing,
                         const struct rollup_window *window, struct err *e)
{
    if (!billing->settings.register_partitions)
        return 0;
    return partition_register_days(flow, billing, window->from_s, window->to_s, e);
}

static enum attempt attempt(struct flow *flow, const struct rollup_job *job,
                            const struct rollup_need *need, struct err *e)
{
    struct rollup_print print = {0};
    struct counts counts = {0};
    char run[ROLLUP_RUN_LENGTH];
    json_auto_t *values = NULL;
    json_auto_t *build = NULL;
    enum attempt how = BROKEN;

    rollup_build_run(clock_now_ms() / 1000, run);
    values = values_of(job->billing, need, run);
    if (rollup_print_of(flow, job->billing, &need->window, true, &print, e) ||
        make_readable(flow, job->billing, &need->window, e)) {
        rollup_print_fini(&print);
        return BROKEN;
    }
    if (!unload(flow, job->billing, values, run, e))
        how = check(flow, job, need, run, &print, &counts, e);
    else if (e->kind == ERR_RETRY) /* its folder may hold files now: again, in another */
        how = MOVED;
    if (how == DONE && need->lost && counts.calls < number_of(need->day->build, "calls")) {
        how = note(flow, job, need, &print, true, e) ? BROKEN : LOSES;
    } else if (how == DONE) {
        build = new_build(job, need, run, &print, &counts);
        if (rollup_partition_switch(flow, job->billing, job->storage, need->day->day, build,
                                    need->day->build != NULL, e))
            how = BROKEN;
    }
    rollup_print_fini(&print);
    return how;
}

/* New events can add requests, or turn requests into copies of earlier ones; either shows here. */
static int recount(struct flow *flow, const struct rollup_job *job, const struct rollup_need *need,
                   bool *same, struct err *e)
{
    struct counts raw = {0};
    char run[ROLLUP_RUN_LENGTH];
    json_auto_t *values = NULL;

    rollup_build_run(clock_now_ms() / 1000, run);
    values = values_of(job->billing, need, run);
    if (ask_counts(flow, job->billing, "rollup_counts", values, run, &raw, e))
        return -1;
    *same = raw.calls == number_of(need->day->build, "calls") &&
            raw.bytes == number_of(need->day->build, "bytes") &&
            raw.rows == number_of(need->day->build, "rows");
    return 0;
}

enum rollup_outcome rollup_build_day(struct flow *flow, const struct rollup_job *job,
                                     const struct rollup_need *need, struct err *e)
{
    enum attempt how = MOVED;
    bool same = need->untouched;

    if (need->recount && recount(flow, job, need, &same, e))
        return ROLLUP_FAILED;
    if (same) /* with the print from before the query that found it so */
        return note(flow, job, need, &need->print, false, e) ? ROLLUP_FAILED : ROLLUP_NOTED;
    for (unsigned tries = 0; tries < MOST_TRIES && how == MOVED; tries++) {
        err_clear(e);
        how = attempt(flow, job, need, e);
    }
    return how == DONE ? ROLLUP_BUILT : how == LOSES ? ROLLUP_WOULD_LOSE : ROLLUP_FAILED;
}
