/* Chance within its bounds. */
#include "base/random.h"
#include "check.h"

#include <stdbool.h>

static void test_uuid(void)
{
    char a[37], b[37];

    random_uuid(a);
    random_uuid(b);
    CHECK(strcmp(a, b) != 0);
    CHECK_INT(strlen(a), 36);
    CHECK_INT(strspn(a, "0123456789abcdef-"), 36);
    CHECK(a[8] == '-' && a[13] == '-' && a[14] == '4' && a[18] == '-' && a[23] == '-');
    CHECK(strchr("89ab", a[19]) != NULL);
}

static void test_bounds(void)
{
    bool seen[4] = {0};

    for (int i = 0; i < 1000; i++) {
        double chance = random_chance();
        int64_t jitter = random_jitter(3);

        CHECK(chance >= 0 && chance < 1);
        CHECK(jitter >= 0 && jitter <= 3);
        seen[jitter & 3] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
    CHECK_INT(random_jitter(0), 0);
    CHECK_INT(random_jitter(-5), 0);
}

int main(void)
{
    test_uuid();
    test_bounds();
    return check_done();
}
