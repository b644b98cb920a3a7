#include "daemon/page/page_model_list.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "daemon/page/page_words.h"

#include <stdlib.h>

enum { ROWS = 100 };

/* The worst first; those that are alike stay in the order of the spec. */
static int compare(const void *a, const void *b)
{
    const json_t *const *left = a, *const *right = b;
    json_int_t ranks[] = {json_whole(*left, "rank"), json_whole(*right, "rank")};
    json_int_t places[] = {json_whole(*left, "place"), json_whole(*right, "place")};

    return ranks[0] != ranks[1] ? (ranks[0] < ranks[1] ? 1 : -1)
                                : (places[0] > places[1]) - (places[0] < places[1]);
}

/* Borrowed from briefs; to be freed. */
static json_t **sorted(const json_t *briefs)
{
    json_t **rows = mem_new((json_array_size(briefs) + 1) * sizeof(json_t *)), *each;
    size_t i;

    json_array_foreach(briefs, i, each) {
        json_object_set_new(each, "place", json_integer((json_int_t)i));
        rows[i] = each;
    }
    qsort(rows, json_array_size(briefs), sizeof(json_t *), compare);
    return rows;
}

static json_t *states_model(json_t *const *rows, size_t count)
{
    json_t *list = json_array();

    for (size_t first = 0, end; first < count; first = end) {
        const char *state = json_text(rows[first], "state");

        for (end = first;
             end < count && json_whole(rows[end], "rank") == json_whole(rows[first], "rank");)
            end++;
        json_array_append_new(list, json_pack("{s:o, s:I}", "state", page_words_state(state),
                                              "count", (json_int_t)(end - first)));
    }
    return list;
}

/* "Log group, Bill" */
static char *unwell_words(const json_t *names)
{
    struct str text = {0};
    json_t *each;
    size_t i;

    json_array_foreach(names, i, each) {
        cleanup_free char *title = page_words_title(json_string_value(each));

        str_addf(&text, "%s%s", i ? ", " : "", title);
    }
    return str_take(&text);
}

/* A number that is 0 is not told. */
static json_t *some(json_int_t number)
{
    return number ? json_integer(number) : json_null();
}

static json_t *row_model(const json_t *brief)
{
    cleanup_free char *unwell = unwell_words(json_object_get(brief, "unwell"));

    return json_pack("{s:O, s:o, s:O, s:o, s:o, s:s?}", "name", json_object_get(brief, "pipeline"),
                     "state", page_words_state(json_text(brief, "state")), "resources",
                     json_object_get(brief, "resources"), "differ",
                     some(json_whole(brief, "differ")), "unknown",
                     some(json_whole(brief, "unknown")), "unwell", unwell);
}

json_t *page_model_list(const json_t *briefs, json_int_t from)
{
    json_int_t count = (json_int_t)json_array_size(briefs), first, end;
    json_t **rows = sorted(briefs), *list = json_array(), *model;

    first = from < 1 ? 0 : from > count ? (count ? count - 1 : 0) : from - 1;
    end = count - first > ROWS ? first + ROWS : count;
    for (json_int_t i = first; i < end; i++)
        json_array_append_new(list, row_model(rows[i]));
    model =
        json_pack("{s:o, s:o, s:I, s:I, s:I, s:o, s:o}", "states",
                  states_model(rows, (size_t)count), "rows", list, "first", first + 1, "last", end,
                  "count", count, "before", some(first > ROWS ? first - ROWS + 1 : first > 0),
                  "after", some(end < count ? end + 1 : 0));
    free(rows);
    return model;
}
