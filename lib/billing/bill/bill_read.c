#include "billing/bill/bill_read.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/element_reader.h"
#include "billing/bulk/gzip.h"

struct bill_read {
    struct gzip_reader gzip;
    struct element_reader lines;
    struct object_walk walk;
    struct bill_packed *bill;
};

static bool take_line(void *arg, const char *text, size_t length)
{
    struct bill_read *reader = arg;
    json_auto_t *line = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(line))
        return false;
    bill_packed_add(reader->bill, line);
    return true;
}

static void take_text(void *arg, const void *bytes, size_t length)
{
    struct bill_read *reader = arg;

    (void)element_reader_feed(&reader->lines, bytes, length);
}

static bool take_bytes(void *arg, const void *bytes, size_t length)
{
    bill_read_feed(arg, bytes, length);
    return true;
}

struct bill_read *bill_read_new(void)
{
    struct bill_read *reader = mem_new(sizeof *reader);

    reader->bill = bill_packed_new();
    reader->lines = (struct element_reader){.list = "lines", .take = take_line, .arg = reader};
    reader->walk = (struct object_walk){.take = take_bytes, .arg = reader};
    gzip_reader_init(&reader->gzip, take_text, reader);
    reader->gzip.most = SIZE_MAX;
    return reader;
}

void bill_read_feed(struct bill_read *reader, const void *bytes, size_t length)
{
    (void)gzip_reader_feed(&reader->gzip, bytes, length);
}

const struct object_walk *bill_read_walk(struct bill_read *reader)
{
    return &reader->walk;
}

/* A document without lines is one without customers only where it says so. */
static void finish(void *arg)
{
    struct bill_read *reader = arg;
    struct err broken = {0};
    bool ended = !gzip_reader_end(&reader->gzip, &broken) && element_reader_ended(&reader->lines);
    json_t *head = ended ? json_loadb(str_text(&reader->lines.head), reader->lines.head.len,
                                      JSON_REJECT_DUPLICATES, NULL)
                         : NULL;

    element_reader_fini(&reader->lines);
    if (head) {
        bill_packed_set_head(reader->bill, head);
        return;
    }
    bill_packed_free(reader->bill);
    reader->bill = NULL;
}

struct bill_packed *bill_read_end(struct flow *flow, struct bill_read *reader)
{
    struct bill_packed *bill;

    flow_work(flow, finish, reader);
    bill = reader->bill;
    free(reader);
    return bill;
}
