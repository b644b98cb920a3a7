#include "daemon/upkeep/open_gaps.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/audit/audit_gap.h"
#include "billing/store/athena_query.h"
#include "daemon/health/service_metrics.h"

#include <string.h>

enum {
    AGAIN_MS = 86400000, /* between looks at a gap that is older than the daemon's own audit */
    MOST_LOOKS = 3,      /* at one time: an audit each */
    MOST_GAPS = 1000,    /* kept of a pipeline: then the newest join the last */
};

/* {pipeline: [{"hop", "from", "to", "events", "looked": monotonic ms, 0: never}]} */
struct open_gaps {
    json_t *open;
};

struct open_gaps *open_gaps_new(void)
{
    struct open_gaps *gaps = mem_new(sizeof *gaps);

    gaps->open = json_object();
    return gaps;
}

void open_gaps_free(struct open_gaps *gaps)
{
    if (!gaps)
        return;
    json_decref(gaps->open);
    free(gaps);
}

void open_gaps_refresh(struct open_gaps *gaps)
{
    const char *pipeline;
    json_t *list, *span;
    size_t i;

    json_object_foreach(gaps->open, pipeline, list)
        json_array_foreach(list, i, span)
            json_object_set_new(span, "looked", json_integer(0));
}

size_t open_gaps_count(const struct open_gaps *gaps, const char *pipeline)
{
    return json_array_size(json_object_get(gaps->open, pipeline));
}

/* ---- what an audit says of them ---- */

static json_t *list_of(struct open_gaps *gaps, const char *pipeline)
{
    json_t *list = json_object_get(gaps->open, pipeline);

    if (list)
        return list;
    list = json_array();
    json_object_set_new(gaps->open, pipeline, list);
    return list;
}

/* It looked at all hours of it, and says anew what is there. */
static bool covers(const json_t *audit, const json_t *span)
{
    return json_whole(audit, "from") <= json_whole(span, "from") &&
           json_whole(span, "to") <= json_whole(audit, "to");
}

static bool is_same(const json_t *span, const json_t *gap)
{
    return !strcmp(json_text(span, "hop"), json_text(gap, "hop")) &&
           json_whole(span, "from") < json_whole(gap, "to") &&
           json_whole(gap, "from") < json_whole(span, "to");
}

static void set_number(json_t *span, const char *key, json_int_t value)
{
    json_object_set_new(span, key, json_integer(value));
}

/* A narrow window sees a part of a gap: both are one, as large as the larger says. */
static void join(json_t *span, const json_t *gap)
{
    if (json_whole(gap, "from") < json_whole(span, "from"))
        set_number(span, "from", json_whole(gap, "from"));
    if (json_whole(gap, "to") > json_whole(span, "to"))
        set_number(span, "to", json_whole(gap, "to"));
    if (json_whole(gap, "events") > json_whole(span, "events"))
        set_number(span, "events", json_whole(gap, "events"));
}

static void add(json_t *list, const json_t *gap)
{
    size_t i, count = json_array_size(list);
    json_t *span;

    json_array_foreach(list, i, span)
        if (is_same(span, gap) || (count >= MOST_GAPS && i == count - 1)) {
            join(span, gap);
            return;
        }
    json_array_append_new(
        list, json_pack("{s:O, s:O, s:O, s:O, s:i}", "hop", json_object_get(gap, "hop"), "from",
                        json_object_get(gap, "from"), "to", json_object_get(gap, "to"), "events",
                        json_object_get(gap, "events"), "looked", 0));
}

static void show(const char *pipeline, const json_t *list)
{
    json_int_t events = 0;
    size_t i;
    const json_t *span;

    json_array_foreach(list, i, span)
        events += json_whole(span, "events");
    metric_set(&service_metrics.open_gaps, (double)json_array_size(list), pipeline, NULL);
    metric_set(&service_metrics.open_gap_events, (double)events, pipeline, NULL);
}

/* An audit that could not count what lies in S3 has seen nothing closed. */
static bool is_blind(const json_t *audit)
{
    return !json_is_integer(json_object_get(json_object_get(audit, "totals"), "delivered"));
}

void open_gaps_note(struct open_gaps *gaps, const char *pipeline, const json_t *audit)
{
    json_t *list = list_of(gaps, pipeline), *gap;
    size_t i;

    for (i = json_array_size(list); i-- > 0;)
        if (!is_blind(audit) && covers(audit, json_array_get(list, i)))
            json_array_remove(list, i);
    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (audit_gap_is_open(gap))
            add(list, gap);
    show(pipeline, list);
}

/* ---- looking at old ones again ---- */

/* The next that is due; NULL: none. */
static json_t *find_due(const json_t *list, const json_t *last)
{
    size_t i;
    json_t *span;

    json_array_foreach(list, i, span) {
        json_int_t looked = json_whole(span, "looked");

        if (!covers(last, span) && (!looked || clock_monotonic_ms() - looked >= AGAIN_MS))
            return span;
    }
    return NULL;
}

int open_gaps_look(struct flow *flow, struct open_gaps *gaps, const struct billing *billing,
                   const json_t *last, struct err *e)
{
    json_t *list = list_of(gaps, billing->pipeline), *span;

    for (int looks = 0; looks < MOST_LOOKS && (span = find_due(list, last)); looks++) {
        int64_t scanned = athena_query_scanned(), from_s = json_whole(span, "from"),
                to_s = json_whole(span, "to"), now = clock_monotonic_ms();
        json_auto_t *audit = NULL;
        size_t i;

        set_number(span, "looked", now);
        audit = audit_run(flow, billing, from_s, to_s, e);
        metric_add(&service_metrics.self_athena_scanned_bytes_total,
                   (double)(athena_query_scanned() - scanned), NULL);
        if (!audit)
            return -1;
        open_gaps_note(gaps, billing->pipeline, audit);
        json_array_foreach(list, i, span)
            if (json_whole(span, "from") < to_s && json_whole(span, "to") > from_s)
                set_number(span, "looked", now);
    }
    return 0;
}
