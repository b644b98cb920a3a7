#include "billing/statement_store/statement_spool.h"

#include "base/digest.h"
#include "base/mem.h"
#include "billing/bulk/unnamed_file.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A row in a file: its head, then three texts. */
enum { TEXTS = 3, NO_TEXT = -1, TEXT_MOST = 1 << 20 };
struct head {
    int64_t day, calls, bytes;
    int32_t lengths[TEXTS]; /* of customer, route, status; NO_TEXT: NULL */
};

struct statement_spool {
    FILE *files[STATEMENT_SPOOL_PARTS];
};

void statement_spool_hash(const char *customer, char hash[static 65])
{
    digest_sha256(customer, strlen(customer), hash);
}

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

size_t statement_spool_part(const char *hash)
{
    return hash ? (size_t)(digit(hash[0]) * 16 + digit(hash[1])) / (256 / STATEMENT_SPOOL_PARTS)
                : STATEMENT_SPOOL_PARTS - 1;
}

/* ---- files ---- */

static FILE *open_file(struct err *e)
{
    int handle = unnamed_file(e);
    FILE *file = handle >= 0 ? fdopen(handle, "w+b") : NULL;

    if (handle >= 0 && !file) {
        (void)unnamed_file_failed("made", e);
        (void)close(handle);
    }
    return file;
}

struct statement_spool *statement_spool_new(struct err *e)
{
    struct statement_spool *spool = mem_new(sizeof *spool);

    for (size_t i = 0; i < STATEMENT_SPOOL_PARTS; i++) {
        spool->files[i] = open_file(e);
        if (!spool->files[i]) {
            statement_spool_free(spool);
            return NULL;
        }
    }
    return spool;
}

void statement_spool_free(struct statement_spool *spool)
{
    if (!spool)
        return;
    for (size_t i = 0; i < STATEMENT_SPOOL_PARTS; i++)
        if (spool->files[i])
            (void)fclose(spool->files[i]);
    free(spool);
}

int statement_spool_clear(struct statement_spool *spool, struct err *e)
{
    for (size_t i = 0; i < STATEMENT_SPOOL_PARTS; i++) {
        rewind(spool->files[i]);
        if (ftruncate(fileno(spool->files[i]), 0))
            return unnamed_file_failed("emptied", e);
    }
    return 0;
}

int statement_spool_add(struct statement_spool *spool, const struct statement_usage *usage,
                        struct err *e)
{
    const char *const texts[TEXTS] = {usage->customer, usage->route, usage->status};
    struct head head = {.day = usage->day, .calls = usage->calls, .bytes = usage->bytes};
    char hash[65];
    FILE *file;

    if (usage->customer)
        statement_spool_hash(usage->customer, hash);
    file = spool->files[statement_spool_part(usage->customer ? hash : NULL)];
    for (size_t i = 0; i < TEXTS; i++) {
        size_t length = texts[i] ? strlen(texts[i]) : 0;

        if (length > TEXT_MOST)
            return err_set(e, ERR_INVALID, "a text of %zu bytes is in a row of usage", length);
        head.lengths[i] = texts[i] ? (int32_t)length : NO_TEXT;
    }
    if (fwrite(&head, sizeof head, 1, file) != 1)
        return unnamed_file_failed("written", e);
    for (size_t i = 0; i < TEXTS; i++)
        if (head.lengths[i] > 0 && fwrite(texts[i], (size_t)head.lengths[i], 1, file) != 1)
            return unnamed_file_failed("written", e);
    return 0;
}

/* ---- rows ---- */

/* Texts stand in `texts`, each once; NULL: none. */
struct row {
    const char *texts[TEXTS];
    int64_t day, calls, bytes;
};

struct statement_days {
    struct row *rows;
    size_t count, room;
    json_t *texts; /* text -> itself */
    char *buffer;
    size_t buffer_room;
};

static const char *keep(struct statement_days *days, const char *text)
{
    void *at = json_object_iter_at(days->texts, text);

    if (!at) {
        json_object_set_new_nocheck(days->texts, text, json_true());
        at = json_object_iter_at(days->texts, text);
    }
    return json_object_iter_key(at);
}

static bool read_text(FILE *file, struct statement_days *days, int32_t length, const char **text)
{
    *text = NULL;
    if (length == NO_TEXT)
        return true;
    if (length < 0 || length > TEXT_MOST)
        return false;
    if (days->buffer_room < (size_t)length + 1) {
        days->buffer_room = (size_t)length + 1;
        days->buffer = mem_resize(days->buffer, days->buffer_room, 1);
    }
    if (length && fread(days->buffer, (size_t)length, 1, file) != 1)
        return false;
    days->buffer[length] = '\0';
    *text = keep(days, days->buffer);
    return true;
}

/* 1: a row; 0: the end; -1: what was written cannot be read. */
static int read_row(FILE *file, struct statement_days *days)
{
    struct head head;
    struct row *row;

    if (fread(&head, sizeof head, 1, file) != 1)
        return ferror(file) ? -1 : 0;
    if (days->count == days->room) {
        days->room = days->room ? days->room * 2 : 256;
        days->rows = mem_resize(days->rows, days->room, sizeof *days->rows);
    }
    row = &days->rows[days->count++];
    *row = (struct row){.day = head.day, .calls = head.calls, .bytes = head.bytes};
    for (size_t i = 0; i < TEXTS; i++)
        if (!read_text(file, days, head.lengths[i], &row->texts[i]))
            return -1;
    return 1;
}

/* NULL first. */
static int compare_texts(const char *a, const char *b)
{
    return a == b ? 0 : !a ? -1 : !b ? 1 : strcmp(a, b);
}

static int by_place(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    int order = compare_texts(left->texts[0], right->texts[0]);

    if (!order)
        order = (left->day > right->day) - (left->day < right->day);
    for (size_t i = 1; i < TEXTS && !order; i++)
        order = compare_texts(left->texts[i], right->texts[i]);
    return order;
}

/* Several subs of one customer are one row. */
static void merge(struct statement_days *days)
{
    size_t kept = 0;

    for (size_t i = 0; i < days->count; i++) {
        if (kept && !by_place(&days->rows[kept - 1], &days->rows[i])) {
            days->rows[kept - 1].calls += days->rows[i].calls;
            days->rows[kept - 1].bytes += days->rows[i].bytes;
        } else {
            days->rows[kept++] = days->rows[i];
        }
    }
    days->count = kept;
}

struct statement_days *statement_spool_load(struct statement_spool *spool, size_t part,
                                            struct err *e)
{
    struct statement_days *days = mem_new(sizeof *days);
    FILE *file = spool->files[part];
    int more = fflush(file) ? -1 : 1;

    days->texts = json_object();
    rewind(file);
    while (more > 0)
        more = read_row(file, days);
    if (more < 0) {
        (void)unnamed_file_failed("written and read", e);
        statement_spool_days_free(days);
        return NULL;
    }
    if (days->count)
        qsort(days->rows, days->count, sizeof *days->rows, by_place);
    merge(days);
    return days;
}

void statement_spool_days_free(struct statement_days *days)
{
    if (!days)
        return;
    free(days->rows);
    free(days->buffer);
    json_decref(days->texts);
    free(days);
}

static json_t *row_json(const struct row *row)
{
    return json_pack("{s:o, s:s?, s:s?, s:I, s:I}", "day",
                     json_sprintf("%04" PRId64 "-%02" PRId64 "-%02" PRId64, row->day / 10000,
                                  row->day / 100 % 100, row->day % 100),
                     "route", row->texts[1], "status", row->texts[2], "calls",
                     (json_int_t)row->calls, "bytes", (json_int_t)row->bytes);
}

json_t *statement_spool_days_of(const struct statement_days *days, const char *customer)
{
    json_t *rows = json_array();
    size_t low = 0, high = days->count;

    while (low < high) { /* the first row of the customer */
        size_t middle = low + (high - low) / 2;

        if (compare_texts(days->rows[middle].texts[0], customer) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < days->count && !compare_texts(days->rows[low].texts[0], customer); low++)
        json_array_append_new(rows, row_json(&days->rows[low]));
    return rows;
}
