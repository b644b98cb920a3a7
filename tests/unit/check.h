/* check.h -- the whole test framework: a failed CHECK prints both sides and the test goes on;
 * main ends with `return check_done();`. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_count, check_failed;

static inline void check_report(int ok, const char *file, int line, const char *what)
{
    check_count++;
    if (!ok) {
        check_failed++;
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
}

static inline void check_text(const char *have, const char *want, const char *file, int line,
                              const char *what)
{
    int ok = have && want ? strcmp(have, want) == 0 : have == want;

    check_report(ok, file, line, what);
    if (!ok)
        fprintf(stderr, "  have: %s\n  want: %s\n", have ? have : "(null)", want ? want : "(null)");
}

static inline void check_number(long long have, long long want, const char *file, int line,
                                const char *what)
{
    check_report(have == want, file, line, what);
    if (have != want)
        fprintf(stderr, "  have: %lld\n  want: %lld\n", have, want);
}

#define CHECK(condition) check_report(!!(condition), __FILE__, __LINE__, #condition)
#define CHECK_TEXT(have, want) check_text((have), (want), __FILE__, __LINE__, #have)
#define CHECK_INT(have, want) check_number((have), (want), __FILE__, __LINE__, #have)

static inline int check_done(void)
{
    printf("%d checks, %d failed\n", check_count, check_failed);
    return check_failed || !check_count;
}

#endif
