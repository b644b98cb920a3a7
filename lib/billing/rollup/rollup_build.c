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
#include "billing/rollup/rollup_operations.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/athena_query_rows.h"
#include "billing/store/athena_query_text.h"
#include "billing/store/damaged.h"

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
    cleanup_free char *query = athena_query_text_hash(billing, "rollup");
    cleanup_str struct str all = {0};
    json_auto_t *reply =
        operation_call(flow, billing, &rollup_operations[ROLLUP_GET_TABLE],
                       json_pack("{s:s, s:s}", "DatabaseName", billing->names.database, "Name",
                                 billing->names.view),
                       e);
    const char *view = json_string_value(json_at(reply, "Table.ViewOriginalText"));

    if (!reply)
        return -1;
    str_addf(&all, "%s\n%s", query, view ? view : "");
    digest_sha256(all.data, all.len, hex);
    return 0;
}

/* ---- a run ---- */

struct counts {
    int64_t rows, calls, bytes;
    int64_t foreign; /* calls of log groups that are not the pipeline's; -1: not counted */
};

/* One run for a day, under way. */
struct building {
    struct flow *flow;
    const struct rollup_job *job;
    const struct rollup_need *need;
    char run[ROLLUP_RUN_LENGTH];
    json_t *values;            /* of its queries */
    struct rollup_print print; /* the day's objects before it */
    struct counts counts;      /* what its files hold; foreign: what they do not */
    char *files;               /* which they are (rollup_files_now) */
};

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

static struct building begin(struct flow *flow, const struct rollup_job *job,
                             const struct rollup_need *need)
{
    struct building building = {.flow = flow, .job = job, .need = need, .counts = {.foreign = -1}};

    rollup_build_run(clock_now_ms() / 1000, building.run);
    building.values = values_of(job->billing, need, building.run);
    return building;
}

static void end(struct building *building)
{
    json_decref(building->values);
    free(building->files);
    rollup_print_fini(&building->print);
}

/* ---- queries ---- */

static int ask(const struct building *building, const char *name, struct athena_result *result,
               struct err *e)
{
    cleanup_free char *seed = mem_printf("%s %s", name, building->run);
    const struct athena_question question = {name, building->values, seed};

    return athena_query_run(building->flow, building->job->billing, &question, result, e);
}

static struct counts counts_of(const struct athena_result *result)
{
    return (struct counts){
        .rows = athena_query_rows_number(result, 0, "row_count", -1),
        .calls = athena_query_rows_number(result, 0, "calls", -1),
        .bytes = athena_query_rows_number(result, 0, "bytes", -1),
        .foreign = athena_query_rows_number(result, 0, "foreign_calls", -1),
    };
}

static int ask_counts(const struct building *building, const char *name, struct counts *counts,
                      struct err *e)
{
    struct athena_result result;
    int failed = 0;

    if (ask(building, name, &result, e))
        return -1;
    *counts = counts_of(&result);
    if (json_array_size(result.rows) != 1 || counts->rows < 0 || counts->calls < 0 ||
        counts->bytes < 0)
        failed = err_set(e, ERR_INVALID,
                         "query '%s' must give one row with row_count, calls and bytes", name);
    athena_query_result_fini(&result);
    return failed;
}

static int unload(const struct building *building, struct err *e)
{
    struct athena_result result;

    if (ask(building, "rollup", &result, e))
        return -1;
    athena_query_result_fini(&result);
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

static bool is_what(const json_t *build, const struct counts *counts)
{
    return counts->calls == number_of(build, "calls") &&
           counts->bytes == number_of(build, "bytes") && counts->rows == number_of(build, "rows");
}

static void set_print(json_t *build, const struct rollup_print *print)
{
    json_object_set_new(build, "fingerprint", json_string(print->fingerprint));
    json_object_set_new(build, "hours", json_string(print->hours));
    json_object_set_new(build, "newest", json_sprintf("%.3f", print->newest));
}

/* What the bill does not hold, and tells of. */
static void set_foreign(json_t *build, int64_t foreign)
{
    if (foreign >= 0)
        set_number(build, "foreign_calls", foreign);
}

static json_t *new_build(const struct building *building)
{
    const struct rollup_need *need = building->need;
    cleanup_free char *window = rollup_window_text(building->job->billing, &need->window);
    json_t *previous = json_object_get(need->day->build, "run");
    json_t *build = json_pack("{s:s, s:s, s:s}", "run", building->run, "sql_hash",
                              building->job->sql_hash, "window", window);

    set_print(build, &building->print);
    set_number(build, "rows", building->counts.rows);
    set_number(build, "calls", building->counts.calls);
    set_number(build, "bytes", building->counts.bytes);
    set_foreign(build, building->counts.foreign);
    set_number(build, "built_at", clock_now_ms() / 1000);
    json_object_set_new(build, "files", json_string(building->files));
    if (previous)
        json_object_set(build, "previous_run", previous);
    return build;
}

static struct rollup_place place_of(const struct building *building, const json_t *storage)
{
    return (struct rollup_place){building->job->billing, storage, building->need->day->day};
}

/* Makes the day say what build says. */
static int point(const struct building *building, const json_t *build, struct err *e)
{
    const struct rollup_place place = place_of(building, building->job->storage);

    return rollup_partition_switch(building->flow, &place, build,
                                   building->need->day->build != NULL, e);
}

/* An older build does not name its files, and one whose partition was edited is not believed to:
 * those that hold what it says are its files; else it is not to be believed. */
static int name_files(const struct building *building, json_t *build, struct err *e)
{
    const struct rollup_place place = place_of(building, building->job->storage);
    const char *run = json_text(build, "run");
    json_auto_t *values = json_pack("{s:s}", "run", run);
    cleanup_free char *files = rollup_files_now(building->flow, &place, run, e);
    struct athena_result result;
    struct counts counts;

    if (!files ||
        athena_query_run(building->flow, building->job->billing,
                         &(struct athena_question){"rollup_check", values, NULL}, &result, e))
        return -1;
    counts = counts_of(&result);
    athena_query_result_fini(&result);
    json_object_set_new(build, "files",
                        json_string(is_what(build, &counts) ? files : "not what was counted"));
    return 0;
}

/* The present build stays, and says what was looked at since: that it was kept all the same, or
 * that print is as good. */
static int note_kept(const struct building *building, struct err *e)
{
    json_auto_t *build = json_copy(building->need->day->build);

    if ((!json_text(build, "files") || json_text(build, "wrong")) && name_files(building, build, e))
        return -1;

    json_object_set_new(
        build, "kept", json_sprintf("%s %s", building->print.fingerprint, building->job->sql_hash));
    return point(building, build, e);
}

static int note_print(const struct building *building, const struct rollup_print *print,
                      struct err *e)
{
    json_auto_t *build = json_copy(building->need->day->build);

    set_print(build, print);
    set_foreign(build, building->counts.foreign);
    return point(building, build, e);
}

/* ---- a build ---- */

enum attempt { DONE, MOVED, LOSES, BROKEN };

static bool same_print(const struct rollup_print *a, const struct rollup_print *b)
{
    return !strcmp(a->fingerprint, b->fingerprint) && !strcmp(a->hours, b->hours);
}

/* Raw events, the new files, and the objects before and after must agree.  The files are named
 * before they are counted: what changes later is not what is named. */
static enum attempt check(struct building *building, struct err *e)
{
    const struct rollup_job *job = building->job;
    const struct rollup_place place = place_of(building, job->run_storage);
    const struct counts *counts = &building->counts;
    struct rollup_print after = {0};
    struct counts raw = {0};
    bool moved;

    building->files = rollup_files_now(building->flow, &place, building->run, e);
    if (!building->files || rollup_partition_add_run(building->flow, &place, building->run, e) ||
        ask_counts(building, "rollup_check", &building->counts, e) ||
        ask_counts(building, "rollup_counts", &raw, e) ||
        rollup_print_now(building->flow, job->billing, &building->need->window, &after, e))
        return BROKEN;
    building->counts.foreign = raw.foreign;
    moved = !same_print(&building->print, &after);
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
static int make_readable(const struct building *building, struct err *e)
{
    const struct billing *billing = building->job->billing;
    const struct rollup_window *window = &building->need->window;

    if (!billing->settings.register_partitions)
        return 0;
    return partition_register_days(building->flow, billing, window->from_s, window->to_s, e);
}

/* What a look saw before serves the first try: it is believed only if all is the same afterwards.
 */
static enum attempt attempt(struct building *building, bool again, struct err *e)
{
    const struct rollup_need *need = building->need;
    json_auto_t *build = NULL;
    enum attempt how = BROKEN;

    if ((again ? rollup_print_now : rollup_print_before)(building->flow, building->job->billing,
                                                         &need->window, &building->print, e) ||
        make_readable(building, e))
        return BROKEN;
    if (!unload(building, e))
        how = check(building, e);
    else if (e->kind == ERR_RETRY) /* its folder may hold files now: again, in another */
        how = MOVED;
    if (how != DONE)
        return how;
    if (need->lost && !need->rest && building->counts.calls < number_of(need->day->build, "calls"))
        return note_kept(building, e) ? BROKEN : LOSES;
    build = new_build(building);
    return point(building, build, e) ? BROKEN : DONE;
}

/* New events can add requests, or turn requests into copies of earlier ones; either shows here. */
static int recount(struct building *building, bool *same, struct err *e)
{
    const json_t *build = building->need->day->build;
    struct counts raw = {0};

    if (ask_counts(building, "rollup_counts", &raw, e))
        return -1;
    building->counts.foreign = raw.foreign;
    *same = is_what(build, &raw);
    return 0;
}

/* With the print from before the query that found that nothing is different.  1: noted, 0: it must
 * be built, -1 and *e. */
static int note_without_building(struct flow *flow, const struct rollup_job *job,
                                 const struct rollup_need *need, struct err *e)
{
    struct building building = begin(flow, job, need);
    bool same = need->untouched;
    int failed = need->recount ? recount(&building, &same, e) : 0;

    if (!failed && same)
        failed = note_print(&building, &need->print, e);
    end(&building);
    return failed ? -1 : same;
}

enum rollup_outcome rollup_build_day(struct flow *flow, const struct rollup_job *job,
                                     const struct rollup_need *need, struct err *e)
{
    enum attempt how = MOVED;
    bool again = false;
    int noted = need->untouched || need->recount ? note_without_building(flow, job, need, e) : 0;

    if (noted)
        return noted < 0 ? ROLLUP_FAILED : ROLLUP_NOTED;
    for (unsigned tries = 0; tries < MOST_TRIES && how == MOVED;) {
        struct building building = begin(flow, job, need);
        size_t left_out = json_array_size(damaged_objects(job->billing));

        err_clear(e);
        how = attempt(&building, again, e);
        again = true;
        end(&building);
        /* Each object that is found unreadable takes one: there are no more of them than objects.
         */
        tries += json_array_size(damaged_objects(job->billing)) == left_out;
    }
    return how == DONE ? ROLLUP_BUILT : how == LOSES ? ROLLUP_WOULD_LOSE : ROLLUP_FAILED;
}
