/* audit_fresh.c -- how old the newest object, the newest event and Firehose's oldest record are. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/store/object_list.h"

#include <string.h>

enum { LEVELS = 4, PERIOD_S = 300, LOOK_BACK_S = 3 * 3600 };

struct delivery {
    int64_t age_s, until_s; /* METRICS_UNKNOWN and 0: nobody says */
};

/* The greatest name below the prefix; Hive's folders sort by time.  NULL: there is none. */
static char *last_folder(struct flow *flow, const struct billing *billing, const char *prefix,
                         struct err *e)
{
    json_auto_t *folders = object_list_folders(flow, billing, prefix, e);
    const char *last = NULL;
    size_t i;
    json_t *folder;

    json_array_foreach(folders, i, folder) {
        const char *name = json_string_value(folder);

        if (name && (!last || strcmp(name, last) > 0))
            last = name;
    }
    return mem_text(last);
}

int audit_fresh_object(struct flow *flow, const struct billing *billing, double *newest,
                       struct err *e)
{
    cleanup_free char *prefix = mem_text(billing->names.data_prefix);
    json_auto_t *objects = NULL;
    size_t i;
    json_t *object;

    *newest = 0;
    for (int level = 0; level < LEVELS && prefix; level++) {
        char *deeper = last_folder(flow, billing, prefix, e);

        free(prefix);
        prefix = deeper;
    }
    if (e->kind != ERR_NONE || !prefix)
        return e->kind == ERR_NONE ? 0 : -1;
    objects = object_list(flow, billing, prefix, e);
    json_array_foreach(objects, i, object) {
        double modified = json_number_value(json_object_get(object, "modified"));

        if (modified > *newest)
            *newest = modified;
    }
    return objects ? 0 : -1;
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
