/* audit_fresh.c -- how old the newest object, the newest event and Firehose's oldest record are. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/store/object_list.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 4, MOST_LISTS = 200, PERIOD_S = 300, LOOK_BACK_S = 3 * 3600 };

struct delivery {
    int64_t age_s, until_s; /* METRICS_UNKNOWN and 0: nobody says */
};

/* ---- the newest object ---- */

static const char *const level_names[LEVELS] = {"year=", "month=", "day=", "hour="};

/* Down through the folders, newest first: one that is no date, one of the future and one without an
 * object ("folders" that somebody made in the console are none) lead nowhere. */
struct search {
    const struct billing *billing;
    int64_t now_s;
    int numbers[LEVELS], lists; /* lists: that may still be asked for */
    double newest;
};

static int64_t folder_hour(const struct search *search)
{
    const int *n = search->numbers;

    return calendar_day_start("UTC", (struct day){n[0], n[1], n[2]}) + (int64_t)n[3] * AUDIT_HOUR_S;
}

/* 1: there is one; 0; -1 and *e. */
static int look_into(struct flow *flow, struct search *search, const char *prefix, struct err *e)
{
    json_auto_t *objects = NULL;
    size_t i;
    json_t *object;

    if (folder_hour(search) > search->now_s + AUDIT_HOUR_S)
        return 0;
    objects = object_list(flow, search->billing, prefix, e);
    json_array_foreach(objects, i, object) {
        double modified = json_number_value(json_object_get(object, "modified"));

        if (json_whole(object, "size") && modified > search->newest)
            search->newest = modified;
    }
    return !objects ? -1 : search->newest > 0;
}

/* The folder with the greatest number below `below`; NULL: none.  Numbers, since month=9 comes
 * after month=10 as a text. */
static const char *greatest(const json_t *folders, size_t prefix, const char *name, int below,
                            int *number)
{
    const char *found = NULL;
    size_t i;
    json_t *folder;

    *number = -1;
    json_array_foreach(folders, i, folder) {
        const char *text = json_string_value(folder), *rest = text + prefix;
        size_t length = strlen(name), digits;
        long own;

        if (strncmp(rest, name, length) != 0)
            continue;
        digits = strspn(rest + length, "0123456789");
        own = digits && digits < 5 && rest[length + digits] == '/' ? strtol(rest + length, NULL, 10)
                                                                   : -1;
        if (own > *number && own < below) {
            *number = (int)own;
            found = text;
        }
    }
    return found;
}

static int search_below(struct flow *flow, struct search *search, const char *prefix, int level,
                        struct err *e)
{
    json_auto_t *folders = NULL;
    const char *folder;
    int found = 0, below = INT_MAX;

    if (--search->lists < 0)
        return err_set(e, ERR_RETRY, "below %s lie too many folders without an object",
                       search->billing->names.data_prefix);
    if (level == LEVELS)
        return look_into(flow, search, prefix, e);
    folders = object_list_folders(flow, search->billing, prefix, e);
    if (!folders)
        return -1;
    while (!found && (folder = greatest(folders, strlen(prefix), level_names[level], below,
                                        &search->numbers[level]))) {
        below = search->numbers[level];
        found = search_below(flow, search, folder, level + 1, e);
    }
    return found;
}

int audit_fresh_object(struct flow *flow, const struct billing *billing, double *newest,
                       struct err *e)
{
    struct search search = {
        .billing = billing, .now_s = clock_now_ms() / 1000, .lists = MOST_LISTS};
    int found = search_below(flow, &search, billing->names.data_prefix, 0, e);

    *newest = search.newest;
    return found < 0 ? -1 : 0;
}

/* The last datapoint of DeliveryToS3.DataFreshness within three hours: the age, and until when all
 * was delivered (the age may be that of the first second of its period). */
static int delivery_age(struct flow *flow, const struct billing *billing, int64_t now_s,
                        struct delivery *delivery, struct err *e)
{
    int64_t to_s = (now_s / PERIOD_S + 1) * PERIOD_S, from_s = to_s - LOOK_BACK_S;
    const struct metrics_wanted wanted = {"AWS/Firehose",
                                          "DeliveryToS3.DataFreshness",
                                          "Maximum",
                                          {{"DeliveryStreamName", billing->names.stream}}};
    cleanup_free int64_t *values = metrics_read(
        flow, billing, &(struct metrics_question){&wanted, 1, from_s, to_s, PERIOD_S}, e);

    *delivery = (struct delivery){METRICS_UNKNOWN, 0};
    if (!values)
        return -1;
    for (int64_t i = 0; i < LOOK_BACK_S / PERIOD_S; i++)
        if (values[i] != METRICS_UNKNOWN)
            *delivery = (struct delivery){values[i], from_s + i * PERIOD_S - values[i]};
    return 0;
}

static json_t *moment(int64_t then_s)
{
    return then_s > 0 ? json_integer((json_int_t)then_s) : json_null();
}

static json_t *age(int64_t now_s, int64_t then_s)
{
    return then_s > 0 ? json_integer(now_s > then_s ? now_s - then_s : 0) : json_null();
}

int audit_fresh_read(struct flow *flow, struct audit *audit, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000;
    struct delivery delivery;
    double object;

    if (audit_fresh_object(flow, audit->billing, &object, e) ||
        delivery_age(flow, audit->billing, now_s, &delivery, e))
        return err_wrap(e, "freshness");
    audit->freshness = json_pack(
        "{s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "object", age(now_s, (int64_t)object), "event",
        age(now_s, audit->newest_event_s), "delivery",
        delivery.age_s == METRICS_UNKNOWN ? json_null() : json_integer((json_int_t)delivery.age_s),
        "at", "object", moment((int64_t)object), "event", moment(audit->newest_event_s), "delivery",
        moment(delivery.until_s));
    return 0;
}
