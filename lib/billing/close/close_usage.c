#include "billing/close/close_usage.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"

#include <string.h>

/* Usage that was archived before doubts were counted ends before them. */
enum { DOUBTS_AT = 7, COLUMNS = DOUBTS_AT + RATING_DOUBTS };
enum { PIECE_BYTES = 1 << 20 };

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *segments_json(const struct billing *billing, struct day_span days)
{
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(billing->book, days, starts);
    json_t *segments = json_array();

    for (size_t i = 0; i < count; i++) {
        char text[16];

        calendar_day_text(starts[i], text);
        json_array_append_new(segments, json_string(text));
    }
    return segments;
}

static json_t *line_json(const struct usage_line *line)
{
    json_t *item =
        json_pack("[I, o, o, o, o, I, I]", (json_int_t)line->segment, text_or_null(line->sub),
                  text_or_null(line->user), text_or_null(line->route), text_or_null(line->status),
                  (json_int_t)line->calls, (json_int_t)line->bytes);

    for (int i = 0; i < RATING_DOUBTS; i++)
        json_array_append_new(item, json_integer((json_int_t)line->doubts[i]));
    return item;
}

/* Segments are read side by side, and come one after the other. */
struct close_usage {
    struct packed_lines {
        struct str text, gzip;
        bool any;
    } segments[PRICE_BOOK_SEGMENTS];
};

struct close_usage *close_usage_new(void)
{
    return mem_new(sizeof(struct close_usage));
}

static void forget(struct packed_lines *lines)
{
    str_fini(&lines->text);
    str_fini(&lines->gzip);
    lines->any = false;
}

void close_usage_free(struct close_usage *usage)
{
    for (size_t i = 0; usage && i < PRICE_BOOK_SEGMENTS; i++)
        forget(&usage->segments[i]);
    free(usage);
}

static void pack(struct packed_lines *lines)
{
    if (lines->text.len)
        gzip_pack(str_text(&lines->text), lines->text.len, &lines->gzip);
    str_fini(&lines->text);
}

static void begin(void *arg, size_t segment)
{
    forget(&((struct close_usage *)arg)->segments[segment]);
}

static int add(void *arg, const struct usage_line *line, struct err *e)
{
    struct packed_lines *lines = &((struct close_usage *)arg)->segments[line->segment];
    json_auto_t *element = line_json(line);
    cleanup_free char *text = json_canonical(element);

    (void)e;
    str_add(&lines->text, lines->any ? "," : "");
    str_add(&lines->text, text);
    lines->any = true;
    if (lines->text.len >= PIECE_BYTES)
        pack(lines);
    return 0;
}

struct usage_taker close_usage_taker(struct close_usage *usage)
{
    return (struct usage_taker){.begin = begin, .line = add, .arg = usage};
}

void close_usage_end(struct close_usage *usage, const struct billing *billing, struct day_span days,
                     struct str *gzip)
{
    json_auto_t *segments = segments_json(billing, days);
    cleanup_free char *starts = json_canonical(segments);
    cleanup_free char *end = mem_printf("],\"segments\":%s}", starts);
    const char *between = "{\"lines\":[";

    for (size_t i = 0; i < PRICE_BOOK_SEGMENTS; i++) {
        struct packed_lines *lines = &usage->segments[i];

        pack(lines);
        if (!lines->any)
            continue;
        gzip_pack(between, strlen(between), gzip);
        str_add_n(gzip, str_text(&lines->gzip), lines->gzip.len);
        between = ",";
    }
    if (*between == '{')
        gzip_pack(between, strlen(between), gzip);
    gzip_pack(end, strlen(end), gzip);
    close_usage_free(usage);
}

bool close_usage_line(const json_t *item, size_t segments, struct usage_line *line)
{
    json_int_t segment = json_integer_value(json_array_get(item, 0));
    size_t count = json_array_size(item);

    *line = (struct usage_line){
        .segment = (size_t)segment,
        .sub = json_string_value(json_array_get(item, 1)),
        .user = json_string_value(json_array_get(item, 2)),
        .route = json_string_value(json_array_get(item, 3)),
        .status = json_string_value(json_array_get(item, 4)),
        .calls = json_integer_value(json_array_get(item, 5)),
        .bytes = json_integer_value(json_array_get(item, 6)),
    };
    for (size_t i = 0; i < RATING_DOUBTS; i++) {
        line->doubts[i] = json_integer_value(json_array_get(item, DOUBTS_AT + i));
        if (line->doubts[i] < 0 || line->doubts[i] > line->calls)
            return false;
    }
    return (count == COLUMNS || count == DOUBTS_AT) && segment >= 0 && (size_t)segment < segments &&
           line->calls >= 0 && line->bytes >= 0;
}

int close_usage_check(const struct billing *billing, struct day_span days, const json_t *document,
                      struct err *e)
{
    json_auto_t *segments = segments_json(billing, days);

    return json_equal(segments, json_object_get(document, "segments"))
               ? 0
               : err_set(e, ERR_EVIDENCE,
                         "the archived usage is cut at other days than its price book says");
}
