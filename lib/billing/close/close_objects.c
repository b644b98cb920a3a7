/* close_objects.c -- every object that a month was billed from. */
#include "billing/close/close_objects.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/bill_month.h"
#include "billing/close/close_private.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_window.h"

#include <string.h>

static int by_key(const void *a, const void *b)
{
    return strcmp(json_text(*(json_t *const *)a, "key"), json_text(*(json_t *const *)b, "key"));
}

static json_t *sorted(json_t **objects, size_t count)
{
    json_t *list = json_array();

    qsort(objects, count, sizeof *objects, by_key);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:O, s:O, s:O*}", "key",
                                              json_object_get(objects[i], "key"), "size",
                                              json_object_get(objects[i], "size"), "etag",
                                              json_object_get(objects[i], "etag")));
    return list;
}

struct gathering {
    struct rollup_objects arrived;
    int64_t from_s, to_s;
    bool listed;
    json_t *objects;
};

/* Those of the hours from from_s to to_s. */
static json_t *gather(const struct gathering *gathering)
{
    const struct rollup_objects *arrived = &gathering->arrived;
    json_t **found = NULL, *objects, *object, *list;
    size_t count = 0, i;
    const char *hour;

    for (size_t day = 0; day < arrived->days; day++) {
        int64_t day_s = arrived->first_s + (int64_t)day * ROLLUP_DAY_S;

        json_object_foreach(arrived->hours[day], hour, objects) {
            int64_t hour_s = day_s + (int64_t)strtol(hour, NULL, 10) * ROLLUP_HOUR_S;

            if (hour_s < gathering->from_s || hour_s >= gathering->to_s)
                continue;
            found = mem_resize(found, count + json_array_size(objects) + 1, sizeof *found);
            json_array_foreach(objects, i, object)
                found[count++] = object;
        }
    }
    list = count ? sorted(found, count) : json_array();
    free(found);
    return list;
}

static void take_over(void *arg)
{
    struct gathering *gathering = arg;

    if (gathering->listed)
        gathering->objects = gather(gathering);
    for (size_t i = 0; i < gathering->arrived.days; i++)
        json_decref(gathering->arrived.hours[i]);
    free(gathering->arrived.hours);
}

json_t *close_objects(struct flow *flow, const struct billing *billing, struct day month,
                      struct err *e)
{
    struct day_span days = bill_month_days(billing, month);
    struct gathering gathering = {.from_s = rollup_window_of(billing, days.first).from_s,
                                  .to_s = rollup_window_of(billing, days.last).to_s};
    struct rollup_objects *arrived = &gathering.arrived;

    arrived->first_s = rollup_window_floor(gathering.from_s, ROLLUP_DAY_S);
    arrived->days = (size_t)((gathering.to_s - arrived->first_s + ROLLUP_DAY_S - 1) / ROLLUP_DAY_S);
    arrived->hours = mem_new(arrived->days * sizeof *arrived->hours);
    gathering.listed = !rollup_objects_list(flow, billing, arrived, e);
    flow_work(flow, take_over, &gathering);
    return gathering.objects;
}
