#include "guard/quota.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/timestamp.h"

#include <search.h>
#include <string.h>

enum { FIRST_REST_MS = 15 * 60 * 1000, MOST_REST_MS = 12 * 60 * 60 * 1000 };

struct record {
    char *name; /* "address operation" */
    struct aws_error error;
    char *why;
    unsigned refusals;          /* 0: accepted since */
    int64_t until_ms, again_ms; /* monotonic; the same by the wall clock */
};

struct quota {
    void *records; /* tsearch tree */
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct record *)a)->name, ((const struct record *)b)->name);
}

static void record_free(void *pointer)
{
    struct record *record = pointer;

    free(record->name);
    free(record->why);
    free(record);
}

struct quota *quota_new(void)
{
    return mem_new(sizeof(struct quota));
}

void quota_free(struct quota *quota)
{
    if (!quota)
        return;
    tdestroy(quota->records, record_free);
    free(quota);
}

static struct record *find(const struct quota *quota, const char *address, const char *op)
{
    cleanup_free char *name = mem_printf("%s %s", address, op);
    struct record key = {.name = name}, *const * found;

    found = tfind(&key, &quota->records, compare);
    return found && (*found)->refusals ? *found : NULL;
}

static int64_t rest_ms(unsigned refusals)
{
    int64_t rest = FIRST_REST_MS;

    for (unsigned i = 1; i < refusals && rest < MOST_REST_MS; i++)
        rest *= 2;
    return rest < MOST_REST_MS ? rest : MOST_REST_MS;
}

void quota_refused(struct quota *quota, const char *address, const struct aws_error *error,
                   const char *why)
{
    struct record *fresh = mem_new(sizeof *fresh), *record;
    int64_t rest;

    fresh->name = mem_printf("%s %s", address, error->operation);
    record = *(struct record **)tsearch(fresh, &quota->records, compare);
    if (record != fresh)
        record_free(fresh);
    record->error = *error;
    free(record->why);
    record->why = mem_text(why);
    record->refusals++;
    rest = rest_ms(record->refusals);
    record->until_ms = clock_monotonic_ms() + rest;
    record->again_ms = clock_now_ms() + rest;
}

void quota_accepted(struct quota *quota, const char *address, const char *op)
{
    struct record *record = find(quota, address, op);

    if (record)
        record->refusals = 0;
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : !a && !b;
}

bool quota_rests(const struct quota *quota, const char *address, const char *op, const char *why,
                 struct aws_error *error)
{
    const struct record *record = find(quota, address, op);
    char again[TIMESTAMP_ROOM];

    if (!record || clock_monotonic_ms() >= record->until_ms || !is_same(why, record->why))
        return false;
    timestamp_minute(record->again_ms / 1000, again);
    *error = record->error;
    aws_error_say(error, "%.500s (refused %u time%s; asked again after %s)", record->error.message,
                  record->refusals, record->refusals == 1 ? "" : "s", again);
    return true;
}

const struct aws_error *quota_refusal(const struct quota *quota, const char *address,
                                      const char *op)
{
    const struct record *record = find(quota, address, op);

    return record ? &record->error : NULL;
}
