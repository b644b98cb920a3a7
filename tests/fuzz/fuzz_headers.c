/* What comes with a reply, and what an operator configures: a delay that is asked for keeps within
 * its bounds, a clock is believed only in range, an endpoint's URL is a host that can be asked, or
 * an error.  Four texts with a NUL behind each. */
#include "fuzz.h"

#include "aws/endpoint.h"
#include "aws/retry.h"
#include "aws/skew.h"
#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

static void check_delay(const char *after)
{
    struct retry_bucket bucket = {retry_standard.capacity, retry_standard.capacity};
    struct retry retry = {.policy = &retry_standard, .bucket = &bucket};
    int64_t delay;

    for (int class = RETRY_TRANSIENT; class <= RETRY_THROTTLED; class ++) {
        enum retry_verdict verdict;

        retry.attempts = 0;
        verdict = retry_next(&retry, (enum retry_class) class, after, 0.5, &delay);
        must(verdict != RETRY_AGAIN || (delay >= 0 && delay <= 25000));
        must(bucket.tokens >= 0 && bucket.tokens <= bucket.capacity);
    }
}

static void check_skew(const char *date)
{
    struct skew skew = {0};
    int64_t signed_ms = clock_now_ms(), now;
    bool learned = skew_learn(&skew, "host", date, signed_ms);

    now = skew_now_ms(&skew, "host");
    must(now > 0);
    must(learned || now - signed_ms < 240000);
    skew_fini(&skew);
}

static void check_endpoint(const char *url, const char *region, const char *bucket)
{
    struct aws_endpoint_wish wish = {.model = aws_model("s3"),
                                     .region = region,
                                     .bucket = *bucket ? bucket : NULL,
                                     .url = *url ? url : NULL,
                                     .origin = "FUZZ"};
    struct aws_endpoint endpoint = {0};
    struct err e = {0};

    if (aws_endpoint_resolve(&wish, &endpoint, &e)) {
        fuzz_error(&e);
        return;
    }
    must(*endpoint.host && !strpbrk(endpoint.host, "/?#@ \r\n\t"));
    must(!*endpoint.base || *endpoint.base == '/');
    must(!strpbrk(endpoint.base, " \r\n\t") && !strpbrk(endpoint.region, "/ \r\n"));
    must(wish.url || !endpoint.plain);
}

FUZZ_TARGET(headers)
{
    struct fuzz_input input = {data, size};
    cleanup_free char *one = fuzz_text(&input), *two = fuzz_text(&input);
    cleanup_free char *three = fuzz_text(&input), *four = fuzz_text(&input);

    check_delay(one);
    check_skew(two);
    clock_disagree(0);
    check_endpoint(one, two, three);
    check_endpoint(four, "ap-northeast-2", three);
    check_endpoint("", one, two);
}
