/* Columns of wide, combining and broken characters; what is cut and what is made harmless. */
#include "base/mem.h"
#include "base/text_width.h"
#include "check.h"

static void check_fit(const char *text, int columns, const char *want)
{
    cleanup_free char *have = text_width_fit(text, columns);

    CHECK_TEXT(have, want);
}

static void test_fit(void)
{
    check_fit("abc", 3, "abc");
    check_fit("abcd", 3, "ab\u2026");
    check_fit("abcd", 1, "\u2026");
    check_fit("abcd", 0, "");
    check_fit("", 0, "");
    check_fit("서울 리전", 9, "서울 리전");
    check_fit("서울 리전", 8, "서울 리\u2026");
    check_fit("서울 리전", 4, "서\u2026");
    check_fit("e\u0301e\u0301", 2, "e\u0301e\u0301");
    check_fit("a\033[31mb\ac\nd\te\x7f", 99, "a?[31mb?c d e?");
    check_fit("a\xc2\x9b"
              "b\u202e"
              "c",
              99, "a?b?c");
    check_fit("a\xff\xc3/\xe2\x82z", 99,
              "a?"
              "?/"
              "?"
              "?z");
    check_fit("what?", 99, "what?");
    CHECK_INT(text_width("서울 ab"), 7);
    CHECK_INT(text_width(""), 0);
    /* A surrogate, an overlong form and what lies above Unicode are bytes, each broken. */
    CHECK_INT(text_width("\xed\xa0\x80\xe0\x80\x80\xf4\x90\x80\x80"), 10);
}

static void check_exact(const char *text, const char *want)
{
    cleanup_free char *have = text_width_exact(text);

    CHECK_TEXT(have, want);
}

/* Texts that a reader takes for another stand in quotes, as JSON writes them. */
static void test_exact(void)
{
    check_exact("", "");
    check_exact("what? a b", "what? a b");
    check_exact("e\u0301 서울 \U0001f600 \"q\" \\", "e\u0301 서울 \U0001f600 \"q\" \\");
    check_exact(" a", "\" a\"");
    check_exact("a ", "\"a \"");
    check_exact("a\tb\x7f", "\"a\\u0009b\\u007F\"");
    check_exact("a\xc2\x85\u00a0\u200b\u202e", "\"a\\u0085\\u00A0\\u200B\\u202E\"");
    check_exact("\U000e0041\"\\", "\"\\uDB40\\uDC41\\\"\\\\\"");
    check_exact("a\xff", "\"a\\xFF\"");
    check_exact("\"a\\u0000\"", "\"a\\u0000\""); /* as the view writes it */
}

int main(void)
{
    test_fit();
    test_exact();
    return check_done();
}
