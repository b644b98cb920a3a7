/* rollup.c -- wanted against present: what state each day is in. */
#include "billing/rollup/rollup.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup_private.h"
#include "billing/rollup/rollup_reach.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 32 }; /* days looked at in a round of the loop: some milliseconds */

const char *rollup_state_name(enum rollup_state state)
{
    static const char *const names[] = {
        [ROLLUP_CURRENT] = "current", [ROLLUP_MISSING] = "missing", [ROLLUP_OUTDATED] = "outdated",
        [ROLLUP_LATE] = "late",       [ROLLUP_OPEN] = "open",       [ROLLUP_EMPTY] = "empty",
        [ROLLUP_KEPT] = "kept",       [ROLLUP_LOST] = "lost",       [ROLLUP_HIDDEN] = "hidden"};

    return names[state];
}

void rollup_forget(void)
{
    rollup_memory_forget();
}

bool rollup_is_drift(enum rollup_state state)
{
    return state == ROLLUP_MISSING || state == ROLLUP_OUTDATED || state == ROLLUP_LATE;
}

bool rollup_is_wanted(enum rollup_state state, bool rebuild)
{
    return rollup_is_drift(state) ||
           (rebuild && (state == ROLLUP_CURRENT || state == ROLLUP_KEPT || state == ROLLUP_LOST));
}

void rollup_status_fini(struct rollup_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        json_decref(status->days[i].build);
    free(status->days);
    *status = (struct rollup_status){0};
}

struct day rollup_last_closed(const struct billing *billing, int64_t now_s)
{
    int64_t ended_s = now_s - (int64_t)billing->settings.closed_after_hours * ROLLUP_HOUR_S;

    return calendar_add_days(calendar_day_of(price_book_zone(billing->book), ended_s), -1);
}

/* ---- the first day ---- */

enum { NO_FOLDER = -2 };

/* Goes down to the first folder below *prefix ("year=2025/") that is a number, which it returns;
 * NO_FOLDER when there is none, -1 and *e when it cannot be known. */
static int first_folder(struct flow *flow, const struct billing *billing, char **prefix,
                        const char *name, struct err *e)
{
    json_auto_t *folders = object_list_folders(flow, billing, *prefix, e);
    size_t i, length = strlen(name);
    json_t *folder;

    if (!folders)
        return -1;
    json_array_foreach(folders, i, folder) {
        const char *text = json_string_value(folder), *rest = text + strlen(*prefix);
        size_t digits;

        if (strncmp(rest, name, length) != 0 || rest[length] != '=')
            continue;
        rest += length + 1;
        digits = strspn(rest, "0123456789");
        if (digits < 1 || digits > 4 || rest[digits] != '/')
            continue;
        free(*prefix);
        *prefix = mem_text(text);
        return (int)strtol(rest, NULL, 10);
    }
    err_set(e, ERR_ABSENT, "no objects below s3://%s/%s yet", billing->names.bucket, *prefix);
    return NO_FOLDER;
}

int rollup_first_day(struct flow *flow, const struct billing *billing, struct day *first,
                     struct err *e)
{
    if (billing->settings.since)
        return calendar_parse_day(billing->settings.since, first, e);
    return rollup_first_data(flow, billing, first, e);
}

int rollup_first_data(struct flow *flow, const struct billing *billing, struct day *first,
                      struct err *e)
{
    static const char *const names[] = {"year", "month", "day", "hour"};
    cleanup_free char *prefix = mem_text(billing->names.data_prefix);
    int numbers[4];

    for (size_t i = 0; i < 4; i++) {
        numbers[i] = first_folder(flow, billing, &prefix, names[i], e);
        if (numbers[i] < 0)
            return numbers[i] == NO_FOLDER ? 1 : -1;
    }
    *first = calendar_day_of(
        price_book_zone(billing->book),
        calendar_day_start("UTC", (struct day){numbers[0], numbers[1], numbers[2]}) +
            (int64_t)numbers[3] * ROLLUP_HOUR_S);
    return 0;
}

/* ---- states ---- */

static bool is_text(const json_t *build, const char *key, const char *wanted)
{
    const char *text = json_text(build, key);

    return text && !strcmp(text, wanted);
}

/* It was tried, and would have lost calls. */
static bool was_kept(const json_t *build, const struct rollup_print *print, const char *sql_hash)
{
    cleanup_free char *tried = mem_printf("%s %s", print->fingerprint, sql_hash);

    return is_text(build, "kept", tried);
}

/* Calls, and no object to count them from again. */
static bool has_nothing_left(const json_t *build, const struct rollup_print *print)
{
    const char *calls = json_text(build, "calls");

    return !*print->fingerprint && calls && strtoll(calls, NULL, 10) > 0;
}

/* Of an older billingd, which did not record files. */
static bool is_unsealed(const json_t *build)
{
    return !json_text(build, "files") || !json_text(build, "seal");
}

enum rollup_state rollup_state_of(const json_t *build, const struct rollup_wanted *wanted)
{
    const struct rollup_print *print = wanted->print;
    const char *hours = json_text(build, "hours"), *sql_hash = wanted->sql_hash;

    if (!build)
        return *print->fingerprint ? ROLLUP_MISSING : ROLLUP_EMPTY;
    if (!json_text(build, "run"))
        return ROLLUP_OUTDATED; /* somebody else's partition */
    if (rollup_files_wrong(build, wanted->files))
        return was_kept(build, print, sql_hash) || has_nothing_left(build, print) ? ROLLUP_LOST
                                                                                  : ROLLUP_MISSING;
    if (is_unsealed(build))
        return ROLLUP_OUTDATED;
    if (was_kept(build, print, sql_hash))
        return ROLLUP_KEPT;
    /* In another window other objects are missed, whether or not any is gone. */
    if (!is_text(build, "window", wanted->window))
        return ROLLUP_OUTDATED;
    if (!*print->fingerprint && !is_text(build, "fingerprint", ""))
        return ROLLUP_KEPT;
    if (!is_text(build, "sql_hash", sql_hash))
        return ROLLUP_OUTDATED;
    if (is_text(build, "fingerprint", print->fingerprint))
        return ROLLUP_CURRENT;
    return hours && rollup_print_compare(hours, print->hours, NULL, 0) == ROLLUP_GONE ? ROLLUP_KEPT
                                                                                      : ROLLUP_LATE;
}

static const char *why_of(const struct rollup_day *day, const char *files)
{
    if (day->state == ROLLUP_MISSING || day->state == ROLLUP_LOST)
        return day->build ? rollup_files_wrong(day->build, files) : NULL;
    if (day->state != ROLLUP_OUTDATED)
        return NULL;
    if (!json_text(day->build, "run"))
        return "its partition is not of billingd";
    return is_unsealed(day->build) ? "its record does not name its files" : NULL;
}

/* What a look needs to know, read side by side. */
struct look {
    const struct billing *billing;
    struct day_span days;
    json_t *builds, *files;
    struct rollup_reach reach;
    char sql_hash[65];
    struct err *e; /* the first failure */
};

/* Whether an hour that the table does not show has objects. */
static bool is_hidden(const struct rollup_window *window, const struct rollup_reach *reach,
                      const char *hours)
{
    const char *token = hours;

    for (int64_t hour_s = window->from_s; *token; hour_s += ROLLUP_HOUR_S) {
        if ((hour_s < reach->from_s || hour_s >= reach->to_s) && *token != '-')
            return true;
        token += strcspn(token, " ");
        token += strspn(token, " ");
    }
    return false;
}

static void look_at(const struct look *look, struct rollup_day *day)
{
    const struct billing *billing = look->billing;
    struct rollup_window window = rollup_window_of(billing, day->day);
    cleanup_free char *window_text = rollup_window_text(billing, &window);
    struct rollup_print print;
    const char *files;
    char text[16];

    calendar_day_text(day->day, text);
    rollup_print_make(billing, &window, &print);
    day->build = json_share(json_object_get(look->builds, text));
    files = rollup_files_of(look->files, billing, day->day, json_text(day->build, "run"));
    (void)snprintf(day->fingerprint, sizeof day->fingerprint, "%s", print.fingerprint);
    if (day->state != ROLLUP_OPEN) {
        day->state = rollup_state_of(
            day->build, &(struct rollup_wanted){&print, window_text, look->sql_hash, files});
        day->why = why_of(day, files);
        if (rollup_is_drift(day->state) && is_hidden(&window, &look->reach, print.hours)) {
            day->state = ROLLUP_HIDDEN;
            day->why = "objects of it lie in years that the raw table does not show";
        }
    }
    rollup_print_fini(&print);
}

static void add_days(const struct billing *billing, struct day_span days,
                     struct rollup_status *status)
{
    struct day closed = rollup_last_closed(billing, clock_now_ms() / 1000);

    for (struct day day = days.first; calendar_compare(day, days.last) <= 0;
         day = calendar_add_days(day, 1)) {
        status->days = mem_resize(status->days, status->count + 1, sizeof *status->days);
        status->days[status->count++] = (struct rollup_day){
            .day = day,
            .state = calendar_compare(day, closed) > 0 ? ROLLUP_OPEN : ROLLUP_CURRENT,
        };
    }
}

/* ---- looking ---- */

static void fail(struct look *look, const struct err *e)
{
    err_set(look->e, e->kind, "%s", e->text);
}

static void list_objects(struct flow *flow, void *arg)
{
    struct look *look = arg;
    struct rollup_window window = rollup_window_of(look->billing, look->days.first);
    struct err e = {0};

    window.to_s = rollup_window_of(look->billing, look->days.last).to_s;
    if (rollup_memory_list(flow, look->billing, &window, false, &e))
        fail(look, &e);
}

static void read_builds(struct flow *flow, void *arg)
{
    struct look *look = arg;
    struct err e = {0};

    look->builds = rollup_partition_builds(flow, look->billing, look->days, &e);
    if (!look->builds)
        fail(look, &e);
}

static void list_files(struct flow *flow, void *arg)
{
    struct look *look = arg;
    struct err e = {0};

    look->files = rollup_files_list(flow, look->billing, look->days, &e);
    if (!look->files)
        fail(look, &e);
}

static void read_reach(struct flow *flow, void *arg)
{
    struct look *look = arg;
    struct err e = {0};

    if (rollup_reach_read(flow, look->billing, &look->reach, &e))
        fail(look, &e);
}

static void read_hash(struct flow *flow, void *arg)
{
    struct look *look = arg;
    struct err e = {0};

    if (rollup_build_hash(flow, look->billing, look->sql_hash, &e))
        fail(look, &e);
}

/* Some days in a round of the loop: what is remembered of objects is the loop's.  Who is cancelled
 * leaves the rest: without a wait it would be one round. */
static void look_at_all(struct flow *flow, const struct look *look, struct rollup_status *status)
{
    for (size_t i = 0; i < status->count; i++) {
        if (i && i % AT_ONCE == 0 && flow_sleep(flow, 1, look->e))
            return;
        look_at(look, &status->days[i]);
    }
}

int rollup_look(struct flow *flow, const struct billing *billing, struct day_span days,
                struct rollup_status *status, struct err *e)
{
    struct err failed = {0};
    struct look look = {.billing = billing, .days = days, .e = &failed};
    const struct flow_part parts[] = {{list_objects, &look},
                                      {list_files, &look},
                                      {read_builds, &look},
                                      {read_reach, &look},
                                      {read_hash, &look}};

    *status = (struct rollup_status){0};
    if (!*billing->names.rollup_prefix || !*billing->names.runs_table)
        return err_set(e, ERR_INVALID,
                       "%s: rollups need the resources rollup_table (below a prefix) and "
                       "rollup_runs, and one of them is switched off",
                       billing->pipeline);
    if (calendar_compare(days.first, days.last) > 0)
        return 0;
    flow_all(flow, parts, sizeof parts / sizeof *parts);
    if (!failed.kind)
        add_days(billing, days, status);
    look_at_all(flow, &look, status);
    json_decref(look.builds);
    json_decref(look.files);
    if (!failed.kind)
        return 0;
    rollup_status_fini(status);
    return err_set(e, failed.kind, "%s", failed.text);
}
