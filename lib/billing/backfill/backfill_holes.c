/* backfill_holes.c -- which hours an audit says are to be read again. */
#include "billing/backfill/backfill_holes.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600 };

/* A gap whose events may be in the log group though they are not in S3. */
bool backfill_holes_is_one(const json_t *gap)
{
    const char *hop = json_text(gap, "hop");

    if (json_object_get(gap, "accepted"))
        return false;
    return !strcmp(hop, "forwarded") || !strcmp(hop, "delivered") ||
           (!strcmp(hop, "ingested") && /* nobody says whether they were logged */
            json_is_false(json_object_get(gap, "counted")));
}

/* The hours it takes to read a gap again: all that may have lost its events, and one more on both
 * sides, since CloudWatch counts an event in the hour it came and the log group has it under its
 * own time. */
static json_t *hole_of(const json_t *gap)
{
    bool counts = strcmp(json_text(gap, "hop"), "ingested") != 0;

    return json_pack("{s:I, s:I, s:I}", "from", json_whole(gap, "from") - HOUR_S, "to",
                     json_whole(gap, "to") + HOUR_S, "missing",
                     counts ? json_whole(gap, "events") : (json_int_t)0);
}

static int by_from(const void *a, const void *b)
{
    json_int_t x = json_whole(*(json_t *const *)a, "from"),
               y = json_whole(*(json_t *const *)b, "from");

    return (x > y) - (x < y);
}

/* Holes that touch are one; in the order of time. */
static json_t *join_holes(json_t **found, size_t count)
{
    json_t *holes = json_array(), *open = NULL;

    qsort(found, count, sizeof *found, by_from);
    for (size_t i = 0; i < count; i++) {
        if (!open || json_whole(found[i], "from") > json_whole(open, "to")) {
            open = found[i];
            json_array_append(holes, open);
            continue;
        }
        if (json_whole(found[i], "to") > json_whole(open, "to"))
            json_object_set(open, "to", json_object_get(found[i], "to"));
        json_object_set_new(
            open, "missing",
            json_integer(json_whole(open, "missing") + json_whole(found[i], "missing")));
    }
    return holes;
}

json_t *backfill_holes(const json_t *audit)
{
    const json_t *gaps = json_object_get(audit, "gaps");
    cleanup_free json_t **found = mem_new((json_array_size(gaps) + 1) * sizeof(json_t *));
    json_t *holes, *gap;
    size_t count = 0, i;

    json_array_foreach(gaps, i, gap)
        if (backfill_holes_is_one(gap))
            found[count++] = hole_of(gap);
    holes = join_holes(found, count);
    while (count)
        json_decref(found[--count]);
    return holes;
}
