/* Documents that billingd reads back: the lease, pauses, a plan, the register's names, archived
 * usage.  Each is what was written there, or refused; and what was read is written as the same.
 * Which (a byte), then the text. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bulk/gzip.h"
#include "billing/close/close_usage.h"
#include "billing/close/numbers.h"
#include "daemon/verbs/plan_file.h"
#include "lease/lease_document.h"
#include "state/pause.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NOW = 1761868800 };

static void read_object(const char *bytes, size_t length)
{
    json_auto_t *result = json_pack("{s:s%, s:s}", "Body", bytes, length, "ETag", "\"1\"");
    json_auto_t *place = json_pack("{s:s, s:s}", "Bucket", "b", "Key", "_billingd/shop/x.json");
    struct aws_reply reply = {.result = result};
    struct state_object object;
    struct lease_seen seen = {0};
    struct err e = {0}, other = {0};
    json_auto_t *pauses = NULL;

    if (!result)
        return; /* the codec refuses what is no UTF-8 */
    if (state_object_take(&reply, place, &object, &e)) {
        fuzz_error(&e);
        must(!object.value && !object.etag);
        return;
    }
    if (lease_document_read(&object, &seen, &e))
        fuzz_error(&e);
    else
        must(seen.period_ms >= 0 && (!seen.holder || strlen(seen.holder) < LEASE_ID));
    pauses = pause_list(object.value, &other);
    must((pauses == NULL) == (other.kind != ERR_NONE));
    for (size_t i = 0; i < json_array_size(pauses); i++) {
        cleanup_free char *text = pause_text(json_array_get(pauses, i));

        must(text);
    }
    if (pauses) {
        json_auto_t *again = pause_document(pauses, "shop/none", NULL, NOW), *read = NULL;

        read = pause_list(again, &other);
        must(read && json_array_size(read) <= json_array_size(pauses));
        (void)pause_find(pauses, "shop/bucket", NOW);
    }
    state_object_fini(&object);
}

static void read_plan(const char *bytes, size_t length)
{
    int file = memfd_create("plan", MFD_CLOEXEC);
    cleanup_free char *path = mem_printf("/proc/self/fd/%d", file);
    struct err e = {0};
    json_auto_t *document = NULL;

    must(file >= 0 && write(file, bytes, length) == (ssize_t)length);
    document = plan_file_read(path, &e);
    must((document == NULL) == (e.kind == ERR_INVALID));
    if (!document)
        must(strstr(e.text, path));
    (void)close(file);
}

static struct billing *made_up(void)
{
    static json_t *section;
    static struct billing billing = {.pipeline = "shop"};

    if (!section) {
        section = json_pack("{s:s, s:s, s:[{s:s, s:s, s:s}]}", "time_zone", "UTC", "currency",
                            "USD", "prices", "from", "2020-01-01", "call", "1", "gib", "1");
        billing.book = price_book_new(section);
    }
    return &billing;
}

/* What is read of archived usage is archived as the same. */
static void read_usage(const char *bytes, size_t length)
{
    json_auto_t *document = json_parse(bytes, length), *again = NULL;
    const json_t *lines = json_object_get(document, "lines");
    const json_t *element = lines ? json_array_get(lines, 0) : document;
    struct day_span days = calendar_month((struct day){2025, 10, 1});
    struct close_usage *usage = close_usage_new();
    const struct usage_taker taker = close_usage_taker(usage);
    struct rating *rating = rating_new(made_up()->book, days);
    cleanup_str struct str packed = {0}, text = {0};
    struct usage_line line, same;
    struct err e = {0};

    if (close_usage_line(element, 1, &line)) {
        must(!taker.line(taker.arg, &line, &e));
        close_usage_end(usage, made_up(), days, &packed);
        usage = NULL;
        must(!gzip_unpack(str_text(&packed), packed.len, &text, &e));
        again = json_loadb(str_text(&text), text.len, 0, NULL);
        must(!close_usage_check(made_up(), days, again, &e));
        must(close_usage_line(json_array_get(json_object_get(again, "lines"), 0), 1, &same));
        must(same.calls == line.calls && same.bytes == line.bytes);
        must(!rating_add(rating, &line, &e) || e.kind == ERR_INVALID);
    }
    close_usage_free(usage);
    rating_free(rating);
}

static void read_number(const char *text)
{
    struct number number;
    cleanup_free char *again = NULL;

    if (!numbers_parse(made_up(), text, &number))
        return;
    again = numbers_text(made_up(), number);
    must(!strcmp(text, again) && number.month.month >= 1 && number.month.month <= 12);
}

FUZZ_TARGET(state)
{
    struct fuzz_input input = {data, size};
    unsigned which = fuzz_byte(&input) % 4;
    size_t length;
    cleanup_free char *bytes = fuzz_rest(&input, &length);

    if (which == 0)
        read_object(bytes, length);
    else if (which == 1)
        read_plan(bytes, length);
    else if (which == 2)
        read_usage(bytes, length);
    else
        read_number(bytes);
}
