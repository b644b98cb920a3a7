/* Text and bytes. */
#include "base/err.h"
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

/* An error that is no UTF-8 would be lost where it is written as JSON: in the log, in --output
 * json.
 */
static void test_made_utf8(void)
{
    char broken[] = "caf\xe9 \xc3\xa9 \xe2\x82";
    cleanup_free char *long_text = mem_printf("%01100d", 0);
    struct err e = {0};

    str_make_utf8(broken);
    CHECK_TEXT(broken, "caf? \xc3\xa9 ??");
    err_set(&e, ERR_INVALID, "type %s of\nx", "\xff\xc8");
    CHECK_TEXT(e.text, "type ?? of x");
    for (size_t cut = 1018; cut < 1024; cut++) { /* whole characters, wherever the end comes */
        err_clear(&e);
        err_set(&e, ERR_INVALID, "%.*s\xe2\x82\xac\xe2\x82\xac", (int)cut, long_text);
        CHECK(str_is_utf8(e.text, strlen(e.text)) && strlen(e.text) > 1020);
        err_wrap(&e, "\xe2\x82\xac");
        CHECK(str_is_utf8(e.text, strlen(e.text)) && strlen(e.text) > 1020);
    }
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
    test_made_utf8();
    return check_done();
}
