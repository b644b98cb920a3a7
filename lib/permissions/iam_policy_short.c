#include "permissions/iam_policy_short.h"

#include <stdbool.h>
#include <string.h>

/* What a statement has beside its lists, and a text in one beside its letters. */
enum { STATEMENT = 38, QUOTES = 3 };

/* What all resources of b are taken out of a for: b gets a's actions, and what is left of a joins
 * `rest`, which has the same resources (none: a stays by itself). */
struct move {
    size_t a, b, rest;
    bool joins;
    long gain;
};

static json_t *part_of(const json_t *groups, size_t i, const char *key)
{
    return json_object_get(json_array_get(groups, i), key);
}

static long length_of(const json_t *set)
{
    const char *text;
    json_t *value;
    long length = 0;

    json_object_foreach((json_t *)set, text, value)
        length += (long)strlen(text) + QUOTES;
    return length;
}

static bool is_within(const json_t *small, const json_t *large)
{
    const char *text;
    json_t *value;

    if (json_object_size(small) >= json_object_size(large))
        return false;
    json_object_foreach((json_t *)small, text, value)
        if (!json_object_get(large, text))
            return false;
    return true;
}

static void take_out(json_t *from, const json_t *what)
{
    const char *text;
    json_t *value;

    json_object_foreach((json_t *)what, text, value)
        (void)json_object_del(from, text);
}

static bool find_rest(const json_t *groups, struct move *move)
{
    json_auto_t *rest = json_copy(part_of(groups, move->a, "resources"));

    take_out(rest, part_of(groups, move->b, "resources"));
    for (move->rest = 0; move->rest < json_array_size(groups); move->rest++)
        if (move->rest != move->a && json_equal(part_of(groups, move->rest, "resources"), rest))
            return true;
    return false;
}

static void weigh(const json_t *groups, struct move *move)
{
    const json_t *large = part_of(groups, move->a, "resources");
    const json_t *small = part_of(groups, move->b, "resources");
    long actions = length_of(part_of(groups, move->a, "actions"));

    if (!is_within(small, large))
        return;
    move->joins = find_rest(groups, move);
    move->gain = length_of(small) - actions;
    if (move->joins)
        move->gain = STATEMENT + length_of(large) - actions;
}

static struct move best_move(const json_t *groups)
{
    size_t count = json_array_size(groups);
    struct move best = {0};

    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            struct move move = {.a = a, .b = b};

            weigh(groups, &move);
            if (move.gain > best.gain)
                best = move;
        }
    return best;
}

static void make(json_t *groups, const struct move *move)
{
    json_t *actions = part_of(groups, move->a, "actions");

    json_object_update(part_of(groups, move->b, "actions"), actions);
    take_out(part_of(groups, move->a, "resources"), part_of(groups, move->b, "resources"));
    if (!move->joins)
        return;
    json_object_update(part_of(groups, move->rest, "actions"), actions);
    (void)json_array_remove(groups, move->a);
}

void iam_policy_short(json_t *groups)
{
    struct move move;

    while ((move = best_move(groups)).gain > 0)
        make(groups, &move);
}
