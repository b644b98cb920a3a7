/* The ladder's arithmetic: what is missing, where, and what is only late, copied or unknown; and
 * the forms in which envelopes were ever delivered. */
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/bulk/gzip.h"
#include "billing/store/legacy.h"
#include "billing/store/recovered.h"
#include "check.h"

enum { HOURS = 120, LATER = 72, U = METRICS_UNKNOWN };

static struct audit_hour hours[HOURS];
static struct audit audit;

static void fresh(int64_t per_hour)
{
    audit = (struct audit){
        .hours = hours, .count = HOURS, .first = 24, .last = 96, .later = LATER, .wide_s = 0};
    audit.from_s = 24 * AUDIT_HOUR_S;
    audit.to_s = 96 * AUDIT_HOUR_S;
    for (size_t i = 0; i < HOURS; i++)
        hours[i] = (struct audit_hour){.hour_s = (int64_t)i * AUDIT_HOUR_S,
                                       .hops = {per_hour, per_hour, per_hour, per_hour},
                                       .errors = U,
                                       .throttled = U,
                                       .made = per_hour,
                                       .logged = per_hour,
                                       .lines = per_hour,
                                       .unique = per_hour};
}

static int64_t missing(enum audit_hop hop)
{
    int64_t sum = 0;

    for (size_t i = 0; i < HOURS; i++)
        sum += hours[i].missing[hop];
    return sum;
}

static int64_t all_missing(void)
{
    audit_ladder(&audit);
    return missing(AUDIT_INGESTED) + missing(AUDIT_FORWARDED) + missing(AUDIT_DELIVERED);
}

static void test_nothing_missing(void)
{
    fresh(0);
    CHECK_INT(all_missing(), 0);
    fresh(1000);
    CHECK_INT(all_missing(), 0);
}

/* So many events made and ingested in hour `at` arrive only in hour `then`. */
static void move(size_t at, size_t then, int64_t events)
{
    hours[at].hops[AUDIT_FORWARDED] -= events;
    hours[at].hops[AUDIT_DELIVERED] -= events;
    hours[then].hops[AUDIT_FORWARDED] += events;
    hours[then].hops[AUDIT_DELIVERED] += events;
    hours[at].lines -= events;
    hours[then].lines += events;
    hours[then].late += events;
}

static void test_late_is_not_lost(void)
{
    fresh(1000);
    for (size_t i = 10; i < 40; i++)
        move(i, i + 1 + i * 7 % AUDIT_RETRY_HOURS, 5);
    CHECK_INT(all_missing(), 0);
    move(40, 40 + AUDIT_RETRY_HOURS, 1);
    CHECK_INT(all_missing(), 0);
}

static void test_loss_stays_where_it_was(void)
{
    fresh(1000);
    for (size_t i = 20; i < 45; i++)
        move(i, i + 9, 7);
    hours[50].hops[AUDIT_DELIVERED] = hours[50].lines = hours[50].made = hours[50].logged = 0;
    hours[41].logged -= 7;
    CHECK_INT(all_missing(), 1007); /* with the late ones of an earlier hour that came then */
    CHECK_INT(hours[50].missing[AUDIT_DELIVERED], 1000);
    CHECK_INT(missing(AUDIT_INGESTED), 0);
    CHECK_INT(missing(AUDIT_FORWARDED), 0);
    /* One event is one event. */
    fresh(1000);
    hours[60].hops[AUDIT_DELIVERED]--, hours[60].lines--, hours[60].made--, hours[60].logged--;
    CHECK_INT(all_missing(), 1);
    CHECK_INT(hours[60].missing[AUDIT_DELIVERED], 1);
}

static void test_each_hop(void)
{
    fresh(1000);
    hours[30].hops[AUDIT_FORWARDED] = hours[30].hops[AUDIT_DELIVERED] = hours[30].lines = 0;
    hours[30].made = hours[30].logged = 0;
    hours[31].hops[AUDIT_GATEWAY] += 40;
    CHECK_INT(all_missing(), 1040);
    CHECK_INT(hours[30].missing[AUDIT_FORWARDED], 1000);
    CHECK_INT(hours[31].missing[AUDIT_INGESTED], 40);
    /* CloudWatch has no datapoint where nothing was forwarded: the hop is still the filter. */
    hours[30].hops[AUDIT_FORWARDED] = U;
    CHECK_INT(all_missing(), 1040);
    CHECK_INT(hours[30].missing[AUDIT_FORWARDED], 1000);
}

/* Hour 40 gave its last request to 41, which gave one to 42: the hour between lacks nothing. */
static void test_last_moments_move_on(void)
{
    fresh(1000);
    hours[40].made--, hours[42].made++;
    CHECK_INT(all_missing(), 0);
    hours[41].made--; /* and this one is lost */
    CHECK_INT(all_missing(), 1);
    CHECK_INT(missing(AUDIT_INGESTED), 1);
}

/* Two events that came to the log group 15 hours late, from an hour in which nothing else was
 * logged. */
static void test_logged_late_from_a_quiet_hour(void)
{
    fresh(1000);
    hours[30].hops[AUDIT_INGESTED] = hours[30].hops[AUDIT_FORWARDED] = U;
    hours[30].hops[AUDIT_GATEWAY] = hours[30].made = hours[30].logged = 2;
    hours[30].hops[AUDIT_DELIVERED] = hours[30].lines = 0;
    hours[45].hops[AUDIT_INGESTED] += 2, hours[45].hops[AUDIT_FORWARDED] += 2;
    hours[45].hops[AUDIT_DELIVERED] += 2, hours[45].lines += 2;
    CHECK_INT(all_missing(), 0);
    hours[30].made = hours[30].logged = 0; /* and never delivered */
    hours[45].hops[AUDIT_DELIVERED] -= 2, hours[45].lines -= 2;
    CHECK_INT(all_missing(), 2);
    CHECK_INT(missing(AUDIT_DELIVERED), 2);
    /* Where events arrived, a datapoint is what is missing: they are no surplus for another hour.
     */
    fresh(1000);
    hours[30].hops[AUDIT_INGESTED] = hours[30].hops[AUDIT_FORWARDED] =
        hours[30].hops[AUDIT_GATEWAY] = U;
    hours[31].hops[AUDIT_DELIVERED] -= 5, hours[31].lines -= 5, hours[31].logged -= 5,
        hours[31].made -= 5;
    CHECK_INT(all_missing(), 5);
    CHECK_INT(missing(AUDIT_DELIVERED), 5);
}

static void test_unknown_is_not_zero(void)
{
    size_t dropped;

    fresh(1000);
    for (size_t i = 0; i < HOURS; i++)
        hours[i].hops[AUDIT_GATEWAY] = hours[i].hops[AUDIT_INGESTED] =
            hours[i].hops[AUDIT_FORWARDED] = U;
    CHECK_INT(all_missing(), 0);
    CHECK_INT(audit_ladder_unknown_hours(&audit, &dropped), 72);
    CHECK_INT(dropped, 0);
    json_auto_t *totals = audit_ladder_totals(&audit);
    CHECK(json_is_null(json_object_get(totals, "gateway")));
    CHECK_INT(json_integer_value(json_object_get(totals, "delivered")), 72000);
    fresh(0);
    hours[40].hops[AUDIT_GATEWAY] = U;
    CHECK_INT(audit_ladder_unknown_hours(&audit, &dropped), 0);
}

/* ForwardedLogEvents counts twice what is forwarded twice. */
/* Without counts an old hour is unknown, be anything there or not, unless an older one has them. */
static void test_dropped_counts(void)
{
    size_t dropped;

    fresh(0);
    for (size_t i = 0; i < HOURS; i++)
        for (enum audit_hop hop = AUDIT_GATEWAY; hop < AUDIT_DELIVERED; hop++)
            hours[i].hops[hop] = U;
    CHECK_INT(audit_ladder_unknown_hours(&audit, &dropped), 0);
    audit.counts_s = 30 * AUDIT_HOUR_S;
    CHECK_INT(audit_ladder_unknown_hours(&audit, &dropped), 6);
    CHECK_INT(dropped, 6);
    hours[27].hops[AUDIT_FORWARDED] = 1;
    CHECK_INT(audit_ladder_unknown_hours(&audit, &dropped), 3);
}

static void test_copies_hide_nothing(void)
{
    fresh(1000);
    for (size_t i = 0; i < HOURS; i++)
        hours[i].hops[AUDIT_FORWARDED] += 30, hours[i].lines += 30;
    CHECK_INT(all_missing(), 0);
    hours[50].hops[AUDIT_DELIVERED] -= 20, hours[50].lines -= 20, hours[50].made -= 20;
    hours[50].logged -= 20;
    CHECK_INT(all_missing(), 20);
    CHECK_INT(hours[50].missing[AUDIT_DELIVERED], 20);
}

/* A backfill puts late events under their own hour. */
/* Others' lines: more in S3 than the log group took in. Late ones, and those of an hour's last
 * moments, are none; what the end of all we read may still explain is not told. */
static void test_surplus(void)
{
    fresh(1000);
    for (size_t i = 10; i < 40; i++)
        move(i, i + 1 + i * 7 % AUDIT_RETRY_HOURS, 5);
    hours[50].hops[AUDIT_INGESTED]--, hours[51].hops[AUDIT_INGESTED]++;
    hours[60].hops[AUDIT_INGESTED] -= 7, hours[70].hops[AUDIT_INGESTED] += 7;
    CHECK_INT(all_missing(), 0);
    CHECK_INT(audit_ladder_surplus(&audit), 0);
    fresh(1000);
    hours[60].hops[AUDIT_DELIVERED] += 40, hours[60].lines += 40;
    hours[60].made += 40, hours[60].logged += 40;
    CHECK_INT(all_missing(), 0);
    CHECK_INT(audit_ladder_surplus(&audit), 40);
    CHECK_INT(hours[60].surplus, 40);
    /* They stand in for lost ones: what is over is told all the same. */
    hours[61].hops[AUDIT_DELIVERED] -= 30, hours[61].lines -= 30;
    hours[61].made -= 30, hours[61].logged -= 30;
    (void)all_missing();
    CHECK_INT(audit_ladder_surplus(&audit), 10);
    fresh(1000);
    audit.last = HOURS;
    hours[HOURS - 2].hops[AUDIT_DELIVERED] += 5, hours[HOURS - 2].lines += 5;
    hours[HOURS - 2].made += 5, hours[HOURS - 2].logged += 5;
    (void)all_missing();
    CHECK_INT(audit_ladder_surplus(&audit), 0);
}

/* Lines of another API or stage in our log group stand in for requests that were never logged: told
 * as what is over. Late ones, and those of an hour's last moments, are none. */
static void test_more_than_the_gateway_counted(void)
{
    fresh(1000);
    hours[50].hops[AUDIT_GATEWAY]--, hours[51].hops[AUDIT_GATEWAY]++;
    hours[70].hops[AUDIT_GATEWAY]++, hours[71].hops[AUDIT_GATEWAY]--;
    hours[80].hops[AUDIT_GATEWAY] = U;
    CHECK_INT(all_missing(), 0);
    CHECK_INT(audit.over, 0);
    for (size_t i = 0; i < HOURS; i++)
        hours[i].hops[AUDIT_GATEWAY] = 990;
    hours[60].hops[AUDIT_GATEWAY] = 1003;
    CHECK_INT(all_missing(), 0); /* the hours beside it have enough of the others' */
    CHECK_INT(audit.over, 72 * 10 - 10 - 3);
}

/* Events of a log group that nobody counts pay for none of ours, at no hop. */
static void test_elsewhere(void)
{
    fresh(1000);
    hours[50].hops[AUDIT_DELIVERED] += 30, hours[50].lines += 31;
    hours[50].elsewhere = 30, hours[50].elsewhere_lines = 31;
    CHECK_INT(all_missing(), 0);
    hours[50].hops[AUDIT_DELIVERED] -= 30, hours[50].lines -= 30, hours[50].made -= 30;
    hours[50].logged -= 30;
    CHECK_INT(all_missing(), 30);
    CHECK_INT(missing(AUDIT_DELIVERED), 30);
    CHECK_INT(audit_ladder_surplus(&audit), 0);
}

static void test_recovered(void)
{
    fresh(1000);
    hours[50].hops[AUDIT_FORWARDED] = 0;
    hours[50].hops[AUDIT_DELIVERED] = hours[50].lines = hours[50].logged = 990;
    hours[44].hops[AUDIT_DELIVERED] += 10, hours[44].lines += 10, hours[44].logged += 10;
    CHECK_INT(all_missing(), 0);
}

static void test_gaps(void)
{
    fresh(1000);
    for (size_t i = 50; i < 53; i++)
        hours[i].hops[AUDIT_DELIVERED] = hours[i].lines = hours[i].made = hours[i].logged = 0;
    hours[10].hops[AUDIT_DELIVERED] = hours[10].lines = hours[10].made = hours[10].logged = 0;
    audit_ladder(&audit);
    json_auto_t *gaps = audit_ladder_gaps(&audit);
    const json_t *gap = json_array_get(gaps, 0);

    CHECK_INT(json_array_size(gaps), 1);
    CHECK_TEXT(json_string_value(json_object_get(gap, "hop")), "delivered");
    /* Events of an hour's last seconds are forwarded in the next. */
    CHECK_INT(json_integer_value(json_object_get(gap, "from")), 49 * AUDIT_HOUR_S);
    CHECK_INT(json_integer_value(json_object_get(gap, "to")), 53 * AUDIT_HOUR_S);
    CHECK_INT(json_integer_value(json_object_get(gap, "likely_from")), 50 * AUDIT_HOUR_S);
    CHECK_INT(json_integer_value(json_object_get(gap, "likely_to")), 53 * AUDIT_HOUR_S);
    CHECK_INT(json_integer_value(json_object_get(gap, "events")), 3000);
    CHECK_INT(json_integer_value(json_object_get(gap, "of")), 72000);
}

/* ---- traffic made event by event: late, copied, lost ---- */

enum { MADE = 240 };

static struct audit_hour made_hours[MADE];
static uint64_t state;

static int64_t chance(int64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)below);
}

/* How something is lost: at a hop, in an hour, so many events of a hundred. */
struct accident {
    enum audit_hop hop;
    size_t hour;
    int64_t percent;
    int64_t counted_late;  /* so many of a hundred requests are counted when they end */
    int64_t lost;          /* events */
    int64_t lost_in[MADE]; /* by the hour it was logged in */
};

static bool strikes(struct accident *accident, enum audit_hop hop, size_t hour)
{
    return accident->hop == hop && accident->hour == hour && chance(100) < accident->percent;
}

/* One line forwarded in an hour; true when it is in S3. */
static bool forward(struct accident *accident, size_t hour)
{
    if (hour >= MADE || strikes(accident, AUDIT_FORWARDED, hour))
        return false;
    made_hours[hour].hops[AUDIT_FORWARDED]++;
    if (strikes(accident, AUDIT_DELIVERED, hour))
        return false;
    made_hours[hour].lines++;
    return true;
}

static void make_event(struct accident *accident, size_t made)
{
    size_t logged, first, again, arrived = MADE;
    /* Logged a moment later: some of an hour's last requests are events of the next. */
    bool crosses = !chance(1500) && made + 1 < MADE;
    size_t delay = chance(1000) ? 0 : 25 + (size_t)chance(47);

    if (made + crosses + delay >= MADE)
        return; /* nobody has logged it yet */
    made_hours[made + (crosses && chance(100) < accident->counted_late)].hops[AUDIT_GATEWAY]++;
    if (strikes(accident, AUDIT_INGESTED, made)) {
        accident->lost++;
        accident->lost_in[made]++;
        return;
    }
    made += crosses;
    logged = made + delay;
    made_hours[logged].hops[AUDIT_INGESTED]++;
    first = logged + (logged > made || chance(100) ? 0 : (size_t)chance(23));
    if (forward(accident, first))
        arrived = first;
    again = first + (size_t)chance(9);
    if (!chance(20) && forward(accident, again) && arrived == MADE)
        arrived = again;
    if (arrived < MADE) {
        made_hours[arrived].hops[AUDIT_DELIVERED]++;
        made_hours[arrived].late += arrived > made;
        made_hours[made].made++;
        made_hours[made].begun_before += crosses;
        made_hours[arrived - made <= AUDIT_LATE_HOURS ? made : arrived].logged++;
    } else if (first < MADE) {
        accident->lost++;
        accident->lost_in[logged]++;
    }
}

static void make_traffic(struct accident *accident, int64_t per_hour)
{
    for (size_t i = 0; i < MADE; i++)
        made_hours[i] =
            (struct audit_hour){.hour_s = (int64_t)i * AUDIT_HOUR_S, .errors = U, .throttled = U};
    for (size_t i = 0; i < MADE; i++)
        for (int64_t n = per_hour / 2 + chance(per_hour); n; n--)
            make_event(accident, i);
    audit = (struct audit){.hours = made_hours, .count = MADE, .later = LATER};
}

/* The gaps of a window; events of the accident's hop. */
static int64_t told_in(const struct accident *accident, size_t first, size_t last)
{
    json_auto_t *gaps = NULL;
    int64_t events = 0;
    size_t i;
    json_t *gap;

    audit.first = first;
    audit.last = last;
    audit.steps = 0;
    audit_ladder(&audit);
    gaps = audit_ladder_gaps(&audit);
    json_array_foreach(gaps, i, gap) {
        const char *hop = json_string_value(json_object_get(gap, "hop"));

        if (!strcmp(hop, audit_ladder_hops[accident->hop]))
            events += json_integer_value(json_object_get(gap, "events"));
        else
            CHECK_TEXT(hop, "(no other hop)");
    }
    return events;
}

static void check_hours(const struct accident *accident)
{
    json_auto_t *gaps = audit_ladder_gaps(&audit);

    for (size_t hour = audit.first; hour < audit.last; hour++) {
        bool told = false;
        size_t i;
        json_t *gap;

        json_array_foreach(gaps, i, gap)
            told = told ||
                   (json_integer_value(json_object_get(gap, "from")) <= 0 + (int64_t)hour * 3600 &&
                    (int64_t)hour * 3600 < json_integer_value(json_object_get(gap, "to")));
        if (accident->lost_in[hour])
            CHECK(told);
    }
}

/* To the event, at the right hop, in an interval of hours that contains it; and a window of just
 * the day tells as much as all that was read. */
static void test_losses_among_noise(void)
{
    for (int round = 0; round < 600; round++) {
        static const int64_t shares[] = {100, 50, 8};
        struct accident accident = {
            .hop = AUDIT_INGESTED + (enum audit_hop)(round % 3),
            .hour = 100 + (size_t)(round * 7 % 40),
            .percent = round % 10 ? shares[round % 9 / 3] : 0,
        };
        size_t day = accident.hour - accident.hour % 24;
        int64_t of_day = 0;

        state = 88172645463325252ULL + (uint64_t)round * 7919;
        make_traffic(&accident, 40);
        CHECK_INT(told_in(&accident, 48, MADE - 96), accident.lost);
        CHECK_INT(audit.over, 0);
        check_hours(&accident);
        for (size_t hour = day; hour < day + 24; hour++)
            of_day += accident.lost_in[hour];
        CHECK(told_in(&accident, day, day + 24) >= of_day);
    }
}

/* Where some of every hour's last requests are events of the next, now more and now fewer, that is
 * no loss, whichever moment of a request the gateway counts.  What is one is told in an interval
 * that contains it; and what counts cannot tell from such requests is told to be undecided. */
static void test_dense_traffic(void)
{
    enum { DENSE = 4000 };
    int64_t undecided = 0;

    for (int round = 0; round < 200; round++) {
        struct accident accident = {.hop = AUDIT_INGESTED,
                                    .hour = 100 + (size_t)(round * 7 % 40),
                                    .percent = round % 4 ? 0 : 5,
                                    .counted_late = (int64_t)(round % 3) * 50};
        int64_t told;

        state = 2685821657736338717ULL + (uint64_t)round * 104729;
        make_traffic(&accident, DENSE);
        told = told_in(&accident, 48, MADE - 96);
        CHECK(told <= accident.lost);
        CHECK(audit.over <= 4);
        CHECK(told + audit.undecided >= accident.lost);
        undecided = audit.undecided > undecided ? audit.undecided : undecided;
        check_hours(&accident);
    }
    CHECK(undecided <= 4);
}

/* A handful of lost ones is told, too, or said to be undecided: never neither. */
static void test_few_of_dense_traffic(void)
{
    fresh(4000);
    for (size_t i = 0; i < HOURS; i++)
        hours[i].begun_before = 3 + (int64_t)(i % 5);
    hours[60].hops[AUDIT_GATEWAY] += 5;
    audit_ladder(&audit);
    CHECK_INT(missing(AUDIT_INGESTED) + audit.undecided >= 5, true);
    CHECK(audit.undecided > 0);
    for (size_t i = 0; i < HOURS; i++)
        hours[i].begun_before = i == 40 ? 0 : 3;
    audit_ladder(&audit);
    CHECK_INT(missing(AUDIT_INGESTED), 2);
    CHECK_INT(audit.undecided, 3);
}

static void test_cost_is_of_hours_alone(void)
{
    struct accident none = {.hop = AUDIT_DELIVERED};
    size_t steps;

    state = 1;
    make_traffic(&none, 40);
    CHECK_INT(told_in(&none, 48, MADE - 96), 0);
    steps = audit.steps;
    for (size_t i = 0; i < MADE; i++) {
        for (size_t hop = 0; hop < AUDIT_HOPS; hop++)
            made_hours[i].hops[hop] *= 100000;
        made_hours[i].lines *= 100000;
        made_hours[i].made *= 100000;
        made_hours[i].begun_before *= 100000;
        made_hours[i].logged *= 100000;
    }
    CHECK_INT(told_in(&none, 48, MADE - 96), 0);
    CHECK(audit.steps <= steps + steps / 10);
}

static void test_limit_is_exact(void)
{
    CHECK(!audit_ladder_exceeds(1, 10000, "0.0001"));
    CHECK(audit_ladder_exceeds(2, 10000, "0.0001"));
    CHECK(audit_ladder_exceeds(1, 9999, "0.0001"));
    CHECK(!audit_ladder_exceeds(0, 0, "0"));
    CHECK(audit_ladder_exceeds(1, INT64_MAX, "0"));
    CHECK(!audit_ladder_exceeds(922337203685477, INT64_MAX, "0.0001"));
    CHECK(audit_ladder_exceeds(922337203685478, INT64_MAX, "0.0001"));
    CHECK(!audit_ladder_exceeds(INT64_MAX, INT64_MAX, "1"));
}

/* ---- envelopes in every form ---- */

#define ENVELOPE(id)                                                                               \
    "{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"logGroup\":\"g\",\"logStream\":\"s\","    \
    "\"subscriptionFilters\":[\"f\"],\"logEvents\":[{\"id\":\"" id                                 \
    "\",\"timestamp\":1761955199000,\"message\":\"{}\"},{\"id\":\"" id                             \
    "b\",\"timestamp\":1761955199001,\"message\":\"} {\"}]}"
#define CONTROL "{\"messageType\":\"CONTROL_MESSAGE\",\"logEvents\":[{\"id\":\"\"}]}"

static void keep_id(void *arg, const json_t *envelope, int64_t arrival_ms)
{
    (void)arrival_ms;
    str_add(arg, json_string_value(json_object_get(
                     json_array_get(json_object_get(envelope, "logEvents"), 0), "id")));
}

static struct legacy_counts walk_pieces(const char *key, const struct str *bytes, size_t piece,
                                        struct str *ids)
{
    const struct legacy_reader reader = {keep_id, ids};
    struct legacy_counts counts;
    struct legacy_walk *made = legacy_walk_new(key, &reader, &counts);

    for (size_t at = 0; at < bytes->len; at += piece)
        legacy_walk_feed(made, bytes->data + at, bytes->len - at < piece ? bytes->len - at : piece);
    legacy_walk_end(made);
    return counts;
}

/* However it is cut, the same comes out. */
static struct legacy_counts walk(const char *key, const struct str *bytes, struct str *ids)
{
    size_t before = ids->len;
    struct legacy_counts counts = walk_pieces(key, bytes, bytes->len ? bytes->len : 1, ids);

    for (size_t piece = 1; piece < 4; piece++) {
        cleanup_str struct str again = {0};
        struct legacy_counts other = walk_pieces(key, bytes, piece, &again);

        CHECK(!memcmp(&counts, &other, sizeof counts));
        CHECK_TEXT(str_text(&again), str_text(ids) + before);
    }
    return counts;
}

static void test_members_without_newlines(void)
{
    cleanup_str struct str bytes = {0}, ids = {0};
    struct legacy_counts counts;

    gzip_pack(ENVELOPE("a") ENVELOPE("c"), strlen(ENVELOPE("a") ENVELOPE("c")), &bytes);
    gzip_pack(CONTROL, strlen(CONTROL), &bytes);
    gzip_pack(ENVELOPE("d") "\n" ENVELOPE("e"), strlen(ENVELOPE("d") "\n" ENVELOPE("e")), &bytes);
    counts = walk("json-data/x", &bytes, &ids);
    CHECK_TEXT(str_text(&ids), "acde");
    CHECK_INT(counts.events, 8);
    CHECK_INT(counts.control, 1);
    CHECK_INT(counts.readable, 0);
    CHECK_INT(counts.unreadable, 0);
    counts = walk("json-data/x.gz", &bytes, &ids);
    CHECK_INT(counts.readable, 4); /* a, and e behind the only newline */
}

static void test_broken_parts(void)
{
    cleanup_str struct str bytes = {0}, ids = {0}, cut = {0};
    struct legacy_counts counts;

    str_add(&bytes, ENVELOPE("a") "{\"messageType\":\"DATA_MESSAGE\",\"logEv" ENVELOPE(
                        "c") "rubbish\n\n" ENVELOPE("d"));
    counts = walk("x", &bytes, &ids);
    CHECK_TEXT(str_text(&ids), "acd");
    CHECK_INT(counts.unreadable, 2);
    /* A member that is cut off keeps what came before. */
    str_fini(&ids);
    gzip_pack(ENVELOPE("a"), strlen(ENVELOPE("a")), &cut);
    gzip_pack(ENVELOPE("c"), strlen(ENVELOPE("c")), &cut);
    cut.len -= 20;
    counts = walk("x", &cut, &ids);
    CHECK_INT(strncmp(str_text(&ids), "a", 1), 0);
    CHECK(counts.unreadable > 0);
    for (size_t n = 0; n < cut.len; n++) { /* any length is survived */
        struct str part = {cut.data, n, 0};

        (void)walk("x", &part, &ids);
    }
}

static void test_failed_records(void)
{
    cleanup_str struct str zipped = {0}, bytes = {0}, ids = {0};
    struct legacy_counts counts;

    gzip_pack(ENVELOPE("a"), strlen(ENVELOPE("a")), &zipped);
    str_add(&bytes, "{\"attemptsMade\":4,\"errorCode\":\"x\",\"rawData\":\"");
    str_add_base64(&bytes, zipped.data, zipped.len);
    str_add(&bytes, "\"}\n{\"attemptsMade\":4,\"rawData\":\"!!\"}\n");
    counts = walk("error/x", &bytes, &ids);
    CHECK_TEXT(str_text(&ids), "a");
    CHECK_INT(counts.events, 2);
    CHECK_INT(counts.unreadable, 1);
}

static void test_gzip_is_deterministic(void)
{
    cleanup_str struct str one = {0}, two = {0}, back = {0};
    struct err e = {0};

    gzip_pack("same", 4, &one);
    gzip_pack("same", 4, &two);
    CHECK_INT(one.len, two.len);
    CHECK(!memcmp(one.data, two.data, one.len));
    CHECK_INT(gzip_unpack(one.data, one.len, &back, &e), 0);
    CHECK_TEXT(str_text(&back), "same");
    str_add(&one, "rest");
    CHECK_INT(gzip_unpack(one.data, one.len, &back, &e), -1);
}

static void test_names(void)
{
    char *prefixes[] = {"recovered/", NULL};
    struct billing billing = {.names = {.side_prefixes = prefixes}};
    json_auto_t *object = json_pack("{s:s, s:s}", "key", "error/a", "etag", "\"1\"");
    json_auto_t *other = json_pack("{s:s, s:s}", "key", "error/a", "etag", "\"2\"");
    json_auto_t *list = json_array(), *sources = NULL;
    char id[RECOVERED_ID], another[RECOVERED_ID];

    recovered_object_id(object, id);
    recovered_object_id(other, another);
    CHECK(strcmp(id, another) != 0);
    cleanup_free char *key = recovered_key(&billing, 1761955199, "error", id, "0123456789abcdef");
    CHECK_INT(strncmp(key, "recovered/year=2025/month=10/day=31/hour=23/error-", 50), 0);
    json_array_append_new(list, json_pack("{s:s}", "key", key));
    json_array_append_new(list, json_pack("{s:s}", "key", "recovered/year=2025/other"));
    sources = recovered_sources(list);
    CHECK_INT(json_object_size(sources), 1);
    CHECK(json_object_get(sources, id) != NULL);
}

int main(void)
{
    test_nothing_missing();
    test_late_is_not_lost();
    test_loss_stays_where_it_was();
    test_each_hop();
    test_last_moments_move_on();
    test_logged_late_from_a_quiet_hour();
    test_unknown_is_not_zero();
    test_dropped_counts();
    test_copies_hide_nothing();
    test_surplus();
    test_more_than_the_gateway_counted();
    test_elsewhere();
    test_recovered();
    test_gaps();
    test_losses_among_noise();
    test_dense_traffic();
    test_few_of_dense_traffic();
    test_cost_is_of_hours_alone();
    test_limit_is_exact();
    test_members_without_newlines();
    test_broken_parts();
    test_failed_records();
    test_gzip_is_deterministic();
    test_names();
    return check_done();
}
