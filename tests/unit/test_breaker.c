/* Writing stops after so many repairs of one field within a window, and begins again after it. */
#include "check.h"
#include "guard/breaker.h"

enum { WINDOW_MS = 60000 };

static void test_opens_and_forgives(void)
{
    struct breaker *breaker = breaker_new(3, WINDOW_MS / 1000);

    for (int64_t i = 1; i <= 3; i++) {
        CHECK(!breaker_is_open(breaker, "p/bucket", "tags", i * 1000));
        breaker_wrote(breaker, "p/bucket", "tags", i * 1000);
    }
    CHECK(breaker_is_open(breaker, "p/bucket", "tags", 3001));
    CHECK(breaker_is_open(breaker, "p/bucket", "tags", 3000 + WINDOW_MS));
    CHECK(!breaker_is_open(breaker, "p/bucket", "policy", 3001));
    CHECK(!breaker_is_open(breaker, "q/bucket", "tags", 3001));
    /* A whole window without a write: forgiven, and counted from one again. */
    CHECK(!breaker_is_open(breaker, "p/bucket", "tags", 3001 + WINDOW_MS));
    breaker_wrote(breaker, "p/bucket", "tags", 3001 + WINDOW_MS);
    CHECK(!breaker_is_open(breaker, "p/bucket", "tags", 3002 + WINDOW_MS));
    breaker_free(breaker);
}

static void test_slow_fight(void)
{
    struct breaker *breaker = breaker_new(2, WINDOW_MS / 1000);

    /* Just inside the window each time: a fight, however slow. */
    breaker_wrote(breaker, "p/a", "f", 1000);
    breaker_wrote(breaker, "p/a", "f", 1000 + WINDOW_MS);
    CHECK(breaker_is_open(breaker, "p/a", "f", 1001 + WINDOW_MS));
    breaker_free(breaker);
    breaker_free(NULL);
}

int main(void)
{
    test_opens_and_forgives();
    test_slow_fight();
    return check_done();
}
