/* events_present.c -- which ids are in S3, asked of Athena for one interval after the other. */
#include "billing/events/events_present.h"

#include "base/digest.h"
#include "base/mem.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query.h"

#include <string.h>

enum { PARTS = 4, FIRST_ROOM = 64 };

void events_present_init(struct events_present *present, int64_t most_s)
{
    *present = (struct events_present){.most_s = most_s, .most = EVENTS_PRESENT_MOST};
}

static void forget(struct events_present *present)
{
    for (size_t i = 0; i < EVENTS_PRESENT_LISTS; i++)
        present->lists[i].count = 0;
    present->count = 0;
    present->from_s = present->to_s = 0;
}

void events_present_clear(struct events_present *present)
{
    for (size_t i = 0; i < EVENTS_PRESENT_LISTS; i++) {
        free(present->lists[i].ids);
        present->lists[i] = (struct events_list){0};
    }
    forget(present);
}

void events_present_fini(struct events_present *present)
{
    events_present_clear(present);
}

static struct events_id id_of(const char *text)
{
    unsigned char sum[32];
    struct events_id id;

    digest_sha256_sum(text, strlen(text), sum);
    memcpy(id.half, sum, sizeof id.half);
    return id;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct events_id));
}

bool events_present_has(const struct events_present *present, const char *id)
{
    struct events_id wanted;
    const struct events_list *list;

    if (!id)
        return false;
    wanted = id_of(id);
    list = &present->lists[wanted.half[0]];
    return list->count &&
           bsearch(&wanted, list->ids, list->count, sizeof *list->ids, by_id) != NULL;
}

/* ---- reading ---- */

struct asking {
    int64_t from_s, to_s; /* of the request */
    struct events_present *present;
    size_t most; /* 0: all there are */
    bool full;
};

static void add(struct events_present *present, const char *text)
{
    struct events_id id = id_of(text);
    struct events_list *list = &present->lists[id.half[0]];

    if (list->count == list->room) {
        list->room = list->room ? list->room + list->room / 4 : FIRST_ROOM;
        list->ids = mem_resize(list->ids, list->room, sizeof *list->ids);
    }
    list->ids[list->count++] = id;
    present->count++;
}

static bool take_row(void *arg, const json_t *row)
{
    struct asking *asking = arg;
    const char *id = json_string_value(json_array_get(row, 0));

    if (!row) {
        forget(asking->present);
        asking->full = false;
    } else if (asking->most && asking->present->count == asking->most) {
        asking->full = true;
    } else if (id) {
        add(asking->present, id);
    }
    return !asking->full;
}

/* A list at a time: a sort of all would need as much memory again. */
static void put_in_order(void *arg)
{
    struct events_present *present = arg;

    for (size_t i = 0; i < EVENTS_PRESENT_LISTS; i++)
        if (present->lists[i].count)
            qsort(present->lists[i].ids, present->lists[i].count, sizeof *present->lists[i].ids,
                  by_id);
}

static int ask(struct flow *flow, const struct billing *billing, struct asking *asking,
               struct err *e)
{
    int64_t from_s = asking->from_s, to_s = asking->to_s;
    int64_t late_s = (int64_t)billing->settings.late_days * ROLLUP_DAY_S;
    cleanup_free char *filter =
        rollup_window_filter(rollup_window_floor(from_s, ROLLUP_HOUR_S) - ROLLUP_HOUR_S,
                             rollup_window_floor(to_s + ROLLUP_HOUR_S - 1, ROLLUP_HOUR_S) + late_s);
    json_auto_t *values = json_pack("{s:I, s:I, s:s}", "from_ms", (json_int_t)from_s * 1000,
                                    "to_ms", (json_int_t)to_s * 1000, "partition_filter", filter);

    return athena_query_each(flow, billing,
                             &(struct athena_question){"backfill_events", values, NULL},
                             &(struct athena_taker){.row = take_row, .arg = asking}, e);
}

int events_present_cover(struct flow *flow, const struct billing *billing,
                         struct events_present *present, int64_t from_s, struct err *e)
{
    struct asking asking = {.present = present, .from_s = from_s};
    int64_t to_s;

    if (from_s >= present->from_s && from_s < present->to_s)
        return 0;
    do {
        to_s =
            from_s + present->most_s < present->end_s ? from_s + present->most_s : present->end_s;
        asking.most = to_s - from_s > EVENTS_PRESENT_LEAST_S ? present->most : 0;
        asking.to_s = to_s;
        if (ask(flow, billing, &asking, e))
            return -1;
        if (asking.full)
            present->most_s = (to_s - from_s) / PARTS > EVENTS_PRESENT_LEAST_S
                                  ? (to_s - from_s) / PARTS
                                  : EVENTS_PRESENT_LEAST_S;
    } while (asking.full);
    flow_work(flow, put_in_order, present);
    present->from_s = from_s;
    present->to_s = to_s;
    return 0;
}
