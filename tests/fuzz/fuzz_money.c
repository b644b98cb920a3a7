/* Amounts, days, zones, moments and durations as texts: what is read is written as the same, and
 * arithmetic keeps its laws or says that it cannot.  Three texts with a NUL behind each. */
#include "fuzz.h"

#include "base/mem.h"
#include "base/time_zone.h"
#include "base/timestamp.h"
#include "billing/prices/calendar.h"
#include "billing/prices/money.h"
#include "state/duration.h"

#include <string.h>

static void check_price(const char *text)
{
    struct price price;
    struct money money, rounded, again;
    struct err e = {0};
    cleanup_free char *exact = NULL;

    if (money_parse_price(text, &price, &e)) {
        fuzz_error(&e);
        return;
    }
    money = money_of(price);
    exact = money_exact_text(money, 0);
    must(!money_parse(exact, &again, &e) && !money_compare(money, again));
    for (int digits = 0; digits <= 4; digits++) {
        cleanup_free char *shown = NULL;

        rounded = money_round(money, digits);
        shown = money_text(rounded, digits);
        must(!money_parse(shown, &again, &e) && !money_compare(rounded, again));
        must(!money_compare(money_round(rounded, digits), rounded));
    }
}

/* calls at a price is the sum of two parts of them. */
static void check_calls(const char *text, const char *number)
{
    struct price price;
    struct money whole, sum, part;
    struct err e = {0};
    int64_t calls = duration_seconds(number);

    if (money_parse_price(text, &price, &e) || calls < 0)
        return;
    calls *= 100003;
    if (money_for_calls(price, calls, &whole, &e)) {
        fuzz_error(&e);
        return;
    }
    must(!money_for_calls(price, calls / 3, &sum, &e));
    must(!money_for_calls(price, calls - calls / 3, &part, &e));
    must(!money_add(&sum, part, &e) && !money_compare(whole, sum));
}

static void check_amount(const char *text)
{
    struct money money, again, twice;
    struct err e = {0};
    cleanup_free char *exact = NULL;

    if (money_parse(text, &money, &e)) {
        fuzz_error(&e);
        return;
    }
    exact = money_exact_text(money, 2);
    must(!money_parse(exact, &again, &e) && !money_compare(money, again));
    twice = money;
    if (!money_add(&twice, money, &e))
        must((money_compare(twice, money) > 0) == (money_compare(money, (struct money){0}) > 0));
}

static void check_day(const char *text, const char *zone)
{
    struct day day, other;
    struct err e = {0};
    char again[16];
    int64_t start;

    if (calendar_parse_day(text, &day, &e)) {
        fuzz_error(&e);
        return;
    }
    calendar_day_text(day, again);
    must(!strcmp(text, again));
    other = calendar_add_days(calendar_add_days(day, 400), -400);
    must(!calendar_compare(day, other));
    start = calendar_day_start(zone, day);
    other = calendar_day_of(zone, start);
    must(!calendar_compare(day, other) || calendar_day_start(zone, calendar_add_days(day, 1)) ==
                                              start); /* a day that a zone skips */
    other = calendar_day_of(zone, start - 1);
    must(calendar_compare(other, day) < 0);
    must(calendar_day_start(zone, calendar_add_days(day, 1)) >= start);
}

static bool is_calendar(const char *text)
{
    struct calendar_zone zone;
    bool last = false;

    while (calendar_zone_next(&text, &zone)) {
        must(strnlen(zone.name, sizeof zone.name) < sizeof zone.name);
        last = !zone.ends;
        if (!time_zone_exists(zone.name))
            return false;
    }
    return last && !*text;
}

static void check_moment(const char *text)
{
    double seconds, again;
    int64_t basic;
    char written[TIMESTAMP_ROOM];

    if (timestamp_parse(text, &seconds) && seconds > -62135596800.0 && seconds < 253402300800.0) {
        timestamp_text((int64_t)seconds, written);
        must(timestamp_parse(written, &again) && (int64_t)again == (int64_t)seconds);
    }
    if (timestamp_parse_http(text, &seconds) && seconds >= 0 && seconds < 253402300800.0) {
        timestamp_http((int64_t)seconds, written);
        must(timestamp_parse_http(written, &again) && (int64_t)again == (int64_t)seconds);
    }
    if (timestamp_parse_basic(text, &basic)) {
        timestamp_basic(basic, written);
        must(!strncmp(text, written, strlen(written)));
    }
}

FUZZ_TARGET(money)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *one = fuzz_text(&input), *two = fuzz_text(&input),
                      *three = fuzz_text(&input);
    cleanup_free char *near = time_zone_nearest(two);

    check_price(one);
    check_calls(one, three);
    check_amount(one);
    must(duration_seconds(three) == -1 || duration_seconds(three) > 0);
    check_moment(three);
    must(!near || time_zone_exists(near));
    check_day(three, is_calendar(two) ? two : "Asia/Seoul");
}
