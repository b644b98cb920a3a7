#include "billing/bill/usage_preview.h"

#include "base/json.h"
#include "billing/prices/price_book.h"

/* One of the two readings, whose segments are told as those of the whole. */
struct part {
    const struct usage_request *request;
    const struct usage_taker *taker;
    size_t whole[PRICE_BOOK_SEGMENTS];
    json_t *sources;
};

/* A segment of a part of the month as one of the whole: that which its first day lies in. */
static size_t whole_segment(struct day first, const struct day *starts, size_t count)
{
    size_t segment = 0;

    while (segment + 1 < count && calendar_compare(starts[segment + 1], first) <= 0)
        segment++;
    return segment;
}

static void map_segments(const struct billing *billing, struct day_span days, struct day_span own,
                         struct part *part)
{
    struct day whole[PRICE_BOOK_SEGMENTS], starts[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(billing->book, days, whole);
    size_t own_count = price_book_segments(billing->book, own, starts);

    for (size_t i = 0; i < own_count; i++)
        part->whole[i] = whole_segment(starts[i], whole, count);
}

static void begin(void *arg, size_t segment)
{
    const struct part *part = arg;

    part->taker->begin(part->taker->arg, part->whole[segment]);
}

static int line(void *arg, const struct usage_line *line, struct err *e)
{
    const struct part *part = arg;
    struct usage_line moved = *line;

    moved.segment = part->whole[line->segment];
    return part->taker->line(part->taker->arg, &moved, e);
}

static int read_part(struct flow *flow, const struct billing *billing,
                     const struct usage_preview *preview, struct part *part, struct err *e)
{
    const struct usage_request *request = part->request;
    const struct usage_taker taker = {begin, line, part, &part->sources};

    if (calendar_compare(request->days.last, request->days.first) < 0)
        return 0;
    map_segments(billing, preview->days, request->days, part);
    return usage_each(flow, billing, request, &taker, e);
}

/* Takes the sources of what was read over; new reference. */
static json_t *sources_of(json_t *built, json_t *raw)
{
    if (!built)
        return raw;
    json_array_extend(json_object_get(built, "query_ids"), json_object_get(raw, "query_ids"));
    json_object_set_new(
        built, "scanned_bytes",
        json_is_integer(json_object_get(built, "scanned_bytes")) &&
                json_is_integer(json_object_get(raw, "scanned_bytes"))
            ? json_integer(json_whole(built, "scanned_bytes") + json_whole(raw, "scanned_bytes"))
            : json_null());
    json_object_set_new(
        built, "engine_ms",
        json_integer(json_whole(built, "engine_ms") + json_whole(raw, "engine_ms")));
    json_object_set_new(built, "source", json_string("usage_rollup and usage_raw"));
    json_decref(raw);
    return built;
}

int usage_preview_each(struct flow *flow, const struct billing *billing,
                       const struct usage_preview *preview, const struct usage_taker takers[2],
                       struct err *e)
{
    const struct day_span days = preview->days;
    const struct usage_request requests[] = {
        {USAGE_FROM_ROLLUP, {days.first, calendar_add_days(preview->raw_from, -1)}},
        {USAGE_FROM_RAW, {preview->raw_from, days.last}}};
    struct part parts[] = {{.request = &requests[0], .taker = &takers[0]},
                           {.request = &requests[1], .taker = &takers[1]}};
    int failed = 0;

    for (size_t i = 0; i < 2 && !failed; i++)
        failed = read_part(flow, billing, preview, &parts[i], e);
    if (!failed && preview->sources) {
        *preview->sources = sources_of(parts[0].sources, parts[1].sources);
        return 0;
    }
    json_decref(parts[0].sources);
    json_decref(parts[1].sources);
    return failed;
}
