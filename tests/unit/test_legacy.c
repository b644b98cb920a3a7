/* When the events of an older object arrived, by its key and its records. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/bulk/gzip.h"
#include "billing/store/legacy.h"

#include "check.h"

#define HOUR_23 1761951600 /* 2025-10-31T23:00:00Z */

static void test_arrival_by_key(void)
{
    static const struct {
        const char *key;
        long long arrival_s;
    } cases[] = {
        {"json-data/year=2025/month=10/day=31/hour=23/s-1-2025-10-31-23-59-58-u", HOUR_23},
        /* written in the next hour */
        {"json-data/year=2025/month=10/day=31/hour=23/s-1-2025-11-01-00-00-58-u", HOUR_23},
        /* in the zone of Seoul: the name is believed */
        {"json-data/year=2025/month=11/day=01/hour=08/s-1-2025-10-31-23-00-00-u", HOUR_23},
        /* Firehose's own folders, and none */
        {"logs/2025/10/31/23/s-1-2025-10-31-23-59-58-u.gz", HOUR_23},
        {"2025/10/31/23/by-hand.json", HOUR_23},
        {"logs/s-4-2-2025-10-31-23-59-58-u", HOUR_23},
        {"s-2025-10-31-2-1-2025-10-31-23-59-58-u", HOUR_23},
        /* no folder of hours, no name of Firehose's */
        {"logs/2025/10/31/x", 0},
        {"logs/12345/10/31/23/x", 0},
        {"logs/v2025/10/31/23/x", 0},
        {"s-1-2025-10-31", 0},
        {"", 0},
        {"/", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(legacy_arrival(cases[i].key), cases[i].arrival_s);
}

static void keep_arrival(void *arg, const json_t *envelope, int64_t arrival_ms)
{
    (void)envelope;
    str_addf(arg, "%lld ", (long long)arrival_ms);
}

/* Fed in pieces of so many bytes. */
static void walk(const char *key, const struct str *bytes, size_t piece,
                 const struct legacy_reader *reader, struct legacy_counts *counts)
{
    struct legacy_walk *made = legacy_walk_new(key, reader, counts);

    for (size_t at = 0; at < bytes->len; at += piece)
        legacy_walk_feed(made, str_text(bytes) + at,
                         bytes->len - at < piece ? bytes->len - at : piece);
    legacy_walk_end(made);
}

/* A failed record tells its own arrival, and only its own. */
static void test_arrival_of_records(void)
{
#define ENVELOPE "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}"
    cleanup_str struct str bytes = {0}, found = {0};
    const struct legacy_reader reader = {keep_arrival, &found};
    struct legacy_counts counts;

    str_add(&bytes, "{\"arrivalTimestamp\":1761951600123,\"rawData\":\"");
    str_add_base64(&bytes, ENVELOPE, strlen(ENVELOPE));
    str_add(&bytes, "\"}\n" ENVELOPE "\n{\"rawData\":\"");
    str_add_base64(&bytes, ENVELOPE, strlen(ENVELOPE));
    str_add(&bytes, "\"}");
    walk("error/x", &bytes, bytes.len, &reader, &counts);
    CHECK_TEXT(str_text(&found), "1761951600123 0 0 ");
    CHECK_INT(counts.envelopes, 3);
}

/* ---- texts larger than what is kept of them ---- */

/* Every kind of document and of rubbish, over and over; one document is larger than a look. */
static void add_noise(struct str *bytes, int rounds)
{
    for (int i = 0; i < rounds; i++) {
        str_addf(bytes, "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"%d\"}]}\n", i);
        str_add(bytes, "  \n{\"messageType\":\"CONTROL_MESSAGE\"}" ENVELOPE " rubbish \n");
        str_add(bytes, "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"cut" ENVELOPE);
        if (i == rounds / 2) {
            str_add(bytes, "\n{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"message\":\"");
            for (int n = 0; n < 3 << 19; n++)
                str_add_char(bytes, "\303\244{}"[n % 4]);
            str_add(bytes, "\"}]}");
        }
    }
    str_add(bytes, "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"end");
}

static void test_pieces_of_large_texts(void)
{
    enum { ROUNDS = 12000 };
    static const size_t pieces[] = {17, 4096, 65537, SIZE_MAX};
    cleanup_str struct str text = {0}, zipped = {0};

    add_noise(&text, ROUNDS);
    CHECK(text.len > 3 << 20);
    gzip_pack(text.data, text.len, &zipped);
    for (size_t i = 0; i < 2 * sizeof pieces / sizeof *pieces; i++) {
        const struct str *bytes = i % 2 ? &text : &zipped;
        struct legacy_counts counts;

        walk("x.gz", bytes, pieces[i / 2] < bytes->len ? pieces[i / 2] : bytes->len, NULL, &counts);
        CHECK_INT(counts.envelopes, 3 * ROUNDS + 1);
        CHECK_INT(counts.control, ROUNDS);
        CHECK_INT(counts.events, ROUNDS + 1);
        CHECK_INT(counts.readable, 2);                /* the first, and the large one */
        CHECK_INT(counts.unreadable, 2 * ROUNDS + 1); /* rubbish, a broken one; the end */
    }
}

int main(void)
{
    test_arrival_by_key();
    test_arrival_of_records();
    test_pieces_of_large_texts();
    return check_done();
}
