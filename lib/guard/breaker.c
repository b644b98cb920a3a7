#include "guard/breaker.h"

#include "base/mem.h"

#include <search.h>
#include <string.h>

struct record {
    char *name; /* "address field" */
    int repairs;
    int64_t last_ms;
};

struct breaker {
    int limit;
    int64_t window_ms;
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
    free(record);
}

struct breaker *breaker_new(int limit, int window_s)
{
    struct breaker *breaker = mem_new(sizeof *breaker);

    breaker->limit = limit;
    breaker->window_ms = (int64_t)window_s * 1000;
    return breaker;
}

void breaker_free(struct breaker *breaker)
{
    if (!breaker)
        return;
    tdestroy(breaker->records, record_free);
    free(breaker);
}

void breaker_wrote(struct breaker *breaker, const char *address, const char *field, int64_t now_ms)
{
    struct record *fresh = mem_new(sizeof *fresh), *record;

    fresh->name = mem_printf("%s %s", address, field);
    record = *(struct record **)tsearch(fresh, &breaker->records, compare);
    if (record != fresh)
        record_free(fresh);
    if (now_ms - record->last_ms > breaker->window_ms)
        record->repairs = 0; /* it had stayed as wanted for a whole window */
    record->repairs++;
    record->last_ms = now_ms;
}

bool breaker_is_open(const struct breaker *breaker, const char *address, const char *field,
                     int64_t now_ms)
{
    cleanup_free char *name = mem_printf("%s %s", address, field);
    struct record key = {.name = name}, *const * found;

    found = tfind(&key, &breaker->records, compare);
    return found && (*found)->repairs >= breaker->limit &&
           now_ms - (*found)->last_ms <= breaker->window_ms;
}
