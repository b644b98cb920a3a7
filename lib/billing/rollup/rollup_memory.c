/* rollup_memory.c -- what was listed of arrival days, kept for the next look. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_private.h"

enum {
    TOGETHER_DAYS = 40,
    LIST_AGAIN_S = 86400, /* objects of arrival days long past */
};

/* bucket and arrival day -> {"at" (seconds), "age", "newest", "hours": {"23": hash}}: what was
 * listed last.  Nothing is ever taken out: somebody may be between listing and reading. */
static json_t *memory;
static json_int_t age; /* entries of an earlier one are not good for the next look */

void rollup_memory_forget(void)
{
    age++;
}

static char *memory_key(const struct billing *billing, int64_t day_s)
{
    return mem_printf("%s/%s%lld", billing->names.bucket, billing->names.data_prefix,
                      (long long)day_s);
}

const json_t *rollup_memory_day(const struct billing *billing, int64_t day_s)
{
    cleanup_free char *key = memory_key(billing, day_s);

    return json_object_get(memory, key);
}

/* Takes the reference to the summary. */
static void remember(const struct billing *billing, int64_t day_s, json_t *summary)
{
    cleanup_free char *key = memory_key(billing, day_s);

    if (!memory)
        memory = json_object();
    json_object_set_new(summary, "at", json_integer((json_int_t)(clock_now_ms() / 1000)));
    json_object_set_new(summary, "age", json_integer(age));
    json_object_set_new(memory, key, summary);
}

/* Days of the last two are listed each time: an object may still come to them by itself (Firehose
 * tries for 24 hours). */
static bool is_known(const struct billing *billing, int64_t day_s)
{
    const json_t *known = rollup_memory_day(billing, day_s);
    int64_t now_s = clock_now_ms() / 1000;

    return known && json_integer_value(json_object_get(known, "age")) == age &&
           day_s + 3 * (int64_t)ROLLUP_DAY_S < now_s &&
           now_s - json_integer_value(json_object_get(known, "at")) < LIST_AGAIN_S;
}

static int list_and_remember(struct flow *flow, const struct billing *billing, int64_t first_s,
                             size_t days, struct err *e)
{
    json_t *summaries[TOGETHER_DAYS];
    const struct rollup_objects objects = {first_s, days, summaries};

    if (rollup_objects_sum(flow, billing, &objects, e))
        return -1;
    for (size_t i = 0; i < days; i++)
        remember(billing, first_s + (int64_t)i * ROLLUP_DAY_S, summaries[i]);
    return 0;
}

/* A month or so at a time: what is not known yet, and the days between. */
int rollup_memory_list(struct flow *flow, const struct billing *billing,
                       const struct rollup_window *window, bool fresh, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000;
    int64_t first_s = rollup_window_floor(window->from_s, ROLLUP_DAY_S);
    int64_t to_s = window->to_s <= now_s ? window->to_s : now_s + 1;

    while (first_s < to_s) {
        size_t days = 0;

        while (first_s < to_s && !fresh && is_known(billing, first_s))
            first_s += ROLLUP_DAY_S;
        for (size_t i = 0; i < TOGETHER_DAYS; i++) {
            int64_t day_s = first_s + (int64_t)i * ROLLUP_DAY_S;

            if (day_s < to_s && (fresh || !is_known(billing, day_s)))
                days = i + 1;
        }
        if (days && list_and_remember(flow, billing, first_s, days, e))
            return -1;
        first_s += (int64_t)days * ROLLUP_DAY_S;
    }
    return 0;
}
