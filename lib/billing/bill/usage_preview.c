#include "billing/bill/usage_preview.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"

/* A segment of a part of the month as one of the whole: that which its first day lies in. */
static size_t whole_segment(struct day first, const struct day *starts, size_t count)
{
    size_t segment = 0;

    while (segment + 1 < count && calendar_compare(starts[segment + 1], first) <= 0)
        segment++;
    return segment;
}

static void move_segments(const struct billing *billing, struct day_span days, struct day_span part,
                          struct usage *usage)
{
    struct day whole[PRICE_BOOK_SEGMENTS], own[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(billing->book, days, whole);

    (void)price_book_segments(billing->book, part, own);
    for (size_t i = 0; i < usage->count; i++)
        usage->lines[i].segment = whole_segment(own[usage->lines[i].segment], whole, count);
}

/* Takes more over into usage. */
static void join(struct usage *usage, struct usage *more)
{
    json_t *ids = json_object_get(usage->sources, "query_ids");

    usage->lines = mem_resize(usage->lines, usage->count + more->count + 1, sizeof *usage->lines);
    for (size_t i = 0; i < more->count; i++)
        usage->lines[usage->count++] = more->lines[i];
    json_array_append(usage->owner, more->owner);
    json_array_extend(ids, json_object_get(more->sources, "query_ids"));
    json_object_set_new(usage->sources, "scanned_bytes",
                        json_integer(json_whole(usage->sources, "scanned_bytes") +
                                     json_whole(more->sources, "scanned_bytes")));
    json_object_set_new(usage->sources, "engine_ms",
                        json_integer(json_whole(usage->sources, "engine_ms") +
                                     json_whole(more->sources, "engine_ms")));
    json_object_set_new(usage->sources, "source", json_string("usage_rollup and usage_raw"));
    usage_fini(more);
}

int usage_preview_read(struct flow *flow, const struct billing *billing,
                       const struct usage_preview *preview, struct usage *usage, struct err *e)
{
    const struct day_span days = preview->days;
    const struct usage_request raw = {USAGE_FROM_RAW, {preview->raw_from, days.last}};
    const struct usage_request built = {USAGE_FROM_ROLLUP,
                                        {days.first, calendar_add_days(preview->raw_from, -1)}};
    struct usage more;

    if (calendar_compare(built.days.last, built.days.first) < 0)
        return usage_read(flow, billing, &raw, usage, e);
    if (usage_read(flow, billing, &built, usage, e))
        return -1;
    move_segments(billing, days, built.days, usage);
    if (usage_read(flow, billing, &raw, &more, e)) {
        usage_fini(usage);
        return -1;
    }
    move_segments(billing, days, raw.days, &more);
    join(usage, &more);
    return 0;
}
