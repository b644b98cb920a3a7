#include "billing/close/close_usage.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/store/gzip.h"

/* Usage that was archived before doubts were counted ends before them. */
enum { DOUBTS_AT = 7, COLUMNS = DOUBTS_AT + RATING_DOUBTS };
enum { PIECE_BYTES = 8 << 20 };

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

void close_usage_pack(const struct billing *billing, struct day_span days,
                      const struct usage *usage, struct str *gzip)
{
    json_auto_t *segments = segments_json(billing, days);
    cleanup_free char *end = json_canonical(segments);
    cleanup_str struct str text = {0};

    str_add(&text, "{\"lines\":[");
    for (size_t i = 0; i < usage->count; i++) {
        json_auto_t *line = line_json(&usage->lines[i]);
        cleanup_free char *one = json_canonical(line);

        str_addf(&text, "%s%s", i ? "," : "", one);
        if (text.len < PIECE_BYTES)
            continue;
        gzip_pack(str_text(&text), text.len, gzip);
        str_fini(&text);
    }
    str_addf(&text, "],\"segments\":%s}", end);
    gzip_pack(str_text(&text), text.len, gzip);
}

static bool read_line(const json_t *item, size_t segments, struct usage_line *line)
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

int close_usage_read(const struct billing *billing, struct day_span days, json_t *document,
                     struct usage *usage, struct err *e)
{
    const json_t *lines = json_object_get(document, "lines"), *item;
    json_auto_t *segments = segments_json(billing, days);
    size_t i;

    *usage = (struct usage){0};
    if (!json_equal(segments, json_object_get(document, "segments")))
        return err_set(e, ERR_EVIDENCE,
                       "the archived usage is cut at other days than its price book says");
    usage->lines = mem_new((json_array_size(lines) + 1) * sizeof *usage->lines);
    usage->owner = json_share(document);
    json_array_foreach(lines, i, item) {
        if (read_line(item, json_array_size(segments), &usage->lines[usage->count++]))
            continue;
        usage_fini(usage);
        return err_set(e, ERR_EVIDENCE, "line %zu of the archived usage is none", i + 1);
    }
    return 0;
}
