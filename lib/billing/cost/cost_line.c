/* cost_line.c -- lines: what was used on which day, what is coming, and what is not known. */
#include "base/mem.h"
#include "billing/cost/cost_private.h"

#include <string.h>

struct cost_line *cost_line_add(struct cost *cost, enum cost_unit unit, const char *what,
                                const char *source)
{
    struct cost_line *line = &cost->lines[cost->count++];

    if (cost->count > COST_LINES)
        abort(); /* our bug: places and classes are bounded */
    *line = (struct cost_line){.unit = unit, .what = what, .source = source};
    return line;
}

void cost_line_lose(const struct cost *cost, struct cost_line *line, const struct err *e)
{
    cost_line_untold(cost, line, e->text);
    line->failed = true;
    line->denied = e->kind == ERR_DENIED;
}

void cost_line_untold(const struct cost *cost, struct cost_line *line, const char *why)
{
    free(line->unknown);
    line->unknown = mem_text(why);
    line->unknown_days = (unsigned)cost->days_begun;
    memset(line->used, 0, sizeof line->used);
    memset(line->more, 0, sizeof line->more);
    memset(line->coming, 0, sizeof line->coming);
}

int cost_line_day(const struct cost *cost, int64_t time_s)
{
    return (int)((time_s - cost->from_s) / COST_DAY_S);
}

void cost_line_keep(const struct cost *cost, struct cost_line *line, int64_t amount)
{
    for (int day = 0; day < cost->days; day++) {
        int64_t begin_s = cost->from_s + (int64_t)day * COST_DAY_S, end_s = begin_s + COST_DAY_S;
        int64_t middle_s = end_s < cost->until_s     ? end_s
                           : begin_s > cost->until_s ? begin_s
                                                     : cost->until_s;

        line->used[day] = (money_integer)amount * (middle_s - begin_s);
        line->coming[day] = (money_integer)amount * (end_s - middle_s);
    }
}

void cost_line_go_on(const struct cost *cost, struct cost_line *line)
{
    money_integer total = cost_line_sum(line, false);
    int first = 0;
    int64_t elapsed_s;

    while (first < COST_DAYS && !line->used[first])
        first++;
    elapsed_s = cost->until_s - (cost->from_s + (int64_t)first * COST_DAY_S);
    for (int day = 0; day < cost->days && total && elapsed_s > 0; day++) {
        int64_t begin_s = cost->from_s + (int64_t)day * COST_DAY_S, end_s = begin_s + COST_DAY_S;

        if (begin_s < cost->until_s)
            begin_s = cost->until_s;
        if (begin_s < end_s)
            line->coming[day] += total * (end_s - begin_s) / elapsed_s;
    }
}

money_integer cost_line_sum(const struct cost_line *line, bool whole)
{
    money_integer sum = 0;

    for (size_t day = 0; day < COST_DAYS; day++)
        sum += line->used[day] + (whole ? line->coming[day] : 0);
    return sum;
}

const struct cost_line *cost_line_find(const struct cost *cost, enum cost_unit unit,
                                       const char *place)
{
    for (size_t i = 0; i < cost->count; i++) {
        const struct cost_line *line = &cost->lines[i];

        if (line->unit == unit && !line->unknown &&
            (!place || (line->place && !strcmp(line->place, place))))
            return line;
    }
    return NULL;
}
