/* At most so many in any minute, however they come. */
#include "aws/pace.h"
#include "check.h"

#include <stdlib.h>

enum { MOST = 7, CALLS = 500, MINUTE_MS = 60000 };

/* Sends as soon as it may, each call asked for at its own time. */
static void send_all(struct pace *pace, const int64_t *asked_ms, int64_t *sent_ms, size_t count)
{
    int64_t now_ms = 0;

    for (size_t i = 0; i < count; i++) {
        now_ms = asked_ms[i] > now_ms ? asked_ms[i] : now_ms;
        now_ms += pace_wait_ms(pace, now_ms);
        CHECK_INT(pace_wait_ms(pace, now_ms), 0);
        pace_note(pace, now_ms);
        sent_ms[i] = now_ms;
    }
}

static size_t most_within_a_minute(const int64_t *sent_ms, size_t count)
{
    size_t most = 0;

    for (size_t i = 0; i < count; i++) {
        size_t n = 0;

        for (size_t j = i; j < count && sent_ms[j] < sent_ms[i] + MINUTE_MS; j++)
            n++;
        most = n > most ? n : most;
    }
    return most;
}

static void test_any_minute(void)
{
    int64_t asked_ms[CALLS], sent_ms[CALLS];
    struct pace pace = {0};
    int64_t at_ms = 0;

    srand(11);
    for (int i = 0; i < CALLS; i++)
        asked_ms[i] = at_ms += rand() % 3 ? rand() % 300 : rand() % 40000;
    pace_set(&pace, MOST);
    send_all(&pace, asked_ms, sent_ms, CALLS);
    CHECK_INT(most_within_a_minute(sent_ms, CALLS), MOST);
    pace_fini(&pace);
}

static void test_all_at_once(void)
{
    int64_t asked_ms[30] = {0}, sent_ms[30];
    struct pace pace = {0};

    pace_set(&pace, 10);
    send_all(&pace, asked_ms, sent_ms, 30);
    for (int i = 0; i < 30; i++)
        CHECK_INT(sent_ms[i], i / 10 * MINUTE_MS); /* none waits longer than it must */
    pace_fini(&pace);
}

/* Who changes the budget begins no new one. */
static void test_another_budget(void)
{
    struct pace pace = {0};

    CHECK_INT(pace_wait_ms(&pace, 5), 0);
    pace_note(&pace, 5); /* no limit: nothing is kept */
    pace_set(&pace, 3);
    for (int i = 0; i < 5; i++) /* two of them did not wait */
        pace_note(&pace, 1000 + i);
    CHECK_INT(pace_wait_ms(&pace, 2000), 1002 + MINUTE_MS - 2000);
    pace_set(&pace, 2);
    CHECK_INT(pace_wait_ms(&pace, 2000), 1003 + MINUTE_MS - 2000);
    pace_set(&pace, 3);
    CHECK_INT(pace_wait_ms(&pace, 2000), 0);
    pace_note(&pace, 2000);
    CHECK_INT(pace_wait_ms(&pace, 2000), 1003 + MINUTE_MS - 2000);
    pace_set(&pace, 0);
    CHECK_INT(pace_wait_ms(&pace, 2000), 0);
    pace_fini(&pace);
}

int main(void)
{
    test_any_minute();
    test_all_at_once();
    test_another_budget();
    return check_done();
}
