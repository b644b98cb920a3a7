#include "billing/rollup/rollup_walk.h"

#include "base/mem.h"
#include "billing/prices/calendar.h"
#include "billing/rollup/rollup_window.h"

#include <stdio.h>
#include <string.h>

enum {
    PARALLEL_LISTS = 8,
    SPAN_DAYS = 8,
    LONG_PAGES = 4, /* more to come than so many: cut */
    LOOK_PAGES = 8, /* a part is judged by its first page, and again after so many */
};

/* What is listed by one call after the other. */
struct part {
    struct span *span;
    char *after, *before; /* keys, both out */
    int64_t to_s;         /* its hours end here */
    int64_t page_s;       /* the hour that the present page begins with */
    char *rest;           /* the last key that was given, where it was left to be cut; else NULL */
    int64_t rest_s, page_hours; /* its hour; how many one page of the part holds */
    size_t pages;
    size_t day; /* the last one's, and how the keys of it begin */
    char *day_prefix;
};

/* The days below one prefix. */
struct span {
    const struct billing *billing;
    const struct rollup_walk *walk;
    const char *root;
    struct part *parts; /* of the present round */
    size_t count;
    struct err *e; /* the first failure */
};

/* ---- keys and hours ---- */

/* "year=2025/month=10/day=31/hour=" below the root; new text. */
static char *prefix_of(const char *root, int64_t day_s)
{
    char *text = object_list_hour_prefix(root, day_s);

    *(strstr(text + strlen(root), "hour=") + strlen("hour=")) = '\0';
    return text;
}

/* The hour that a key lies in; otherwise_s where it tells none. */
static int64_t hour_of(const char *root, const char *key, int64_t otherwise_s)
{
    struct day day;
    int hour;

    if (sscanf(key + strlen(root), "year=%4d/month=%2d/day=%2d/hour=%2d/", &day.year, &day.month,
               &day.day, &hour) != 4 ||
        day.month < 1 || day.month > 12 || day.day < 1 ||
        day.day > calendar_month_length(day.year, day.month))
        return otherwise_s;
    return calendar_day_start("UTC", day) + (int64_t)hour * ROLLUP_HOUR_S;
}

/* Which day of the walk a key belongs to; false for none. */
static bool find_day(struct part *part, const char *key)
{
    const struct rollup_walk *walk = part->span->walk;
    int64_t day_s;

    if (part->day_prefix && !strncmp(key, part->day_prefix, strlen(part->day_prefix)))
        return true;
    day_s = rollup_window_floor(hour_of(part->span->root, key, INT64_MIN / 2), ROLLUP_DAY_S);
    if (day_s < walk->first_s || day_s >= walk->first_s + (int64_t)walk->days * ROLLUP_DAY_S)
        return false;
    free(part->day_prefix);
    part->day_prefix = prefix_of(part->span->root, day_s);
    part->day = (size_t)((day_s - walk->first_s) / ROLLUP_DAY_S);
    return !strncmp(key, part->day_prefix, strlen(part->day_prefix));
}

/* ---- one part ---- */

static void take(void *arg, const struct object_entry *entry)
{
    struct part *part = arg;
    struct rollup_arrival arrival = {.entry = entry};
    const char *rest;
    size_t digits;

    if (entry->archived || !find_day(part, entry->key))
        return;
    rest = entry->key + strlen(part->day_prefix);
    digits = strspn(rest, "0123456789");
    if (digits < 1 || digits > 2 || rest[digits] != '/')
        return;
    memcpy(arrival.hour, rest, digits);
    arrival.day = part->day;
    part->span->walk->take(part->span->walk->arg, &arrival);
}

/* Goes on, or leaves the rest to be cut. */
static bool more(void *arg, const char *last)
{
    struct part *part = arg;
    int64_t last_s = hour_of(part->span->root, last, part->page_s);

    if (last_s < part->page_s) /* a folder called otherwise: hour=9 comes after hour=23 */
        last_s = part->page_s;
    part->page_hours = (last_s - part->page_s) / ROLLUP_HOUR_S + 1;
    part->page_s = last_s;
    if (part->pages++ % LOOK_PAGES ||
        (part->to_s - last_s) / ROLLUP_HOUR_S <= LONG_PAGES * part->page_hours)
        return true;
    part->rest = mem_text(last);
    part->rest_s = last_s;
    return false;
}

static void list_part(struct flow *flow, void *arg, size_t index)
{
    struct span *span = arg;
    struct part *part = &span->parts[index];
    const struct object_range range = {span->root, part->after, part->before};
    const struct object_taker taker = {take, more, part};
    struct err e = {0};

    if (!span->e->kind && object_list_each(flow, span->billing, &range, &taker, &e) < 0)
        err_set(span->e, e.kind, "%s", e.text);
}

static void part_fini(struct part *part)
{
    free(part->after);
    free(part->before);
    free(part->rest);
    free(part->day_prefix);
}

/* ---- rounds of parts ---- */

static struct part *add_part(struct span *span)
{
    span->parts = mem_resize(span->parts, span->count + 1, sizeof *span->parts);
    span->parts[span->count] = (struct part){.span = span};
    return &span->parts[span->count++];
}

static void begin(struct span *span, size_t span_days)
{
    const struct rollup_walk *walk = span->walk;

    for (size_t first = 0; first < walk->days; first += span_days) {
        size_t end = first + span_days < walk->days ? first + span_days : walk->days;
        struct part *part = add_part(span);

        part->page_s = walk->first_s + (int64_t)first * ROLLUP_DAY_S;
        part->to_s = walk->first_s + (int64_t)end * ROLLUP_DAY_S;
        part->after = object_list_hour_prefix(span->root, part->page_s);
        part->before = object_list_hour_prefix(span->root, part->to_s);
        /* Of the whole day, however its hours are called. */
        *(strstr(part->after + strlen(span->root), "hour=")) = '\0';
        *(strstr(part->before + strlen(span->root), "hour=")) = '\0';
    }
}

/* Where a piece that begins with the hour from_s ends: between hours, behind the last key. */
static int64_t piece_end(const struct span *span, const struct part *part, int64_t from_s)
{
    int64_t step_s = LONG_PAGES * part->page_hours * ROLLUP_HOUR_S;

    for (int64_t to_s = from_s + step_s; to_s < part->to_s; to_s += step_s) {
        cleanup_free char *before = object_list_hour_prefix(span->root, to_s);

        if (strcmp(before, part->rest) > 0)
            return to_s;
    }
    return part->to_s;
}

/* What is left of a part, in pieces of some pages. */
static void cut(struct span *next, const struct part *part)
{
    char *after = mem_text(part->rest);

    for (int64_t from_s = part->rest_s, to_s; after; from_s = to_s) {
        struct part *piece = add_part(next);

        to_s = piece_end(next, part, from_s);
        piece->page_s = from_s;
        piece->to_s = to_s;
        piece->after = after;
        piece->before =
            to_s < part->to_s ? object_list_hour_prefix(next->root, to_s) : mem_text(part->before);
        after = to_s < part->to_s ? mem_text(piece->before) : NULL;
    }
}

/* The next round: what this one left. */
static void go_on(struct span *span)
{
    struct span next = *span;

    next.parts = NULL;
    next.count = 0;
    for (size_t i = 0; i < span->count; i++) {
        if (span->parts[i].rest && !span->e->kind)
            cut(&next, &span->parts[i]);
        part_fini(&span->parts[i]);
    }
    free(span->parts);
    *span = next;
    for (size_t i = 0; i < span->count; i++)
        span->parts[i].span = span; /* they were made below the one that is gone */
}

int rollup_walk(struct flow *flow, const struct billing *billing, const struct rollup_walk *walk,
                struct err *e)
{
    char **sides = billing->names.side_prefixes;
    struct err failed = {0};
    struct span span = {billing, walk, billing->names.data_prefix, NULL, 0, &failed};

    for (begin(&span, SPAN_DAYS); span.root;) {
        flow_each(flow, span.count, PARALLEL_LISTS, list_part, &span);
        go_on(&span);
        if (span.count)
            continue;
        span.root = sides && !failed.kind ? *sides : NULL; /* they hold little */
        if (span.root) {
            sides++;
            begin(&span, walk->days ? walk->days : 1);
        }
    }
    free(span.parts);
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : 0;
}
