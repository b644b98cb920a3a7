/* Text and bytes. */
#include "base/mem.h"
#include "base/str.h"
#include "check.h"

static void test_utf8(void)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc1\xbf",
                                      "\xe0\x9f\xbf", "\xed\xa0\x80",     "\xf0\x8f\xbf\xbf",
                                      "\xc2",         "\xf4\x90\x80\x80", "\xff"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(str_is_utf8(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!str_is_utf8(bad[i], strlen(bad[i])));
    CHECK(!str_is_utf8("a\0b", 3));
}

static void check_hint(const char *word, const char *const *words, const char *want)
{
    cleanup_free char *hint = str_hint(word, words);

    CHECK_TEXT(hint, want);
}

static void test_hint(void)
{
    const char *const few[] = {"interval", "jitter", NULL}, *const none[] = {NULL};
    const char *const many[] = {"a1", "a2", "a3", "a4", "a5", "a6", "a7",
                                "a8", "a9", "b1", "b2", "b3", "b4", NULL};

    check_hint("intervall", few, "; did you mean interval?");
    check_hint("INTERVAL", few, "; did you mean interval?");
    check_hint("x", few, "; there are interval, jitter");
    check_hint("x", none, "");
    check_hint("something", many,
               "; there are a1, a2, a3, a4, a5, a6, a7, a8, a9, b1, b2, b3, ...");
}

int main(void)
{
    test_hint();
    test_utf8();
    return check_done();
}
