/* What reaches a terminal: nothing acts but our own colours, whatever the pieces it comes in. */
#include "base/printable.h"

#include "base/mem.h"
#include "check.h"

/* The same in one piece, byte by byte, and in two pieces cut anywhere. */
static void check_shown(const char *bytes, const char *want)
{
    size_t length = strlen(bytes);

    for (size_t cut = 0; cut <= length; cut++) {
        struct printable stream = {0};
        cleanup_str struct str out = {0};

        if (cut == length)
            for (size_t i = 0; i < length; i++)
                printable_add(&stream, &out, bytes + i, 1);
        else {
            printable_add(&stream, &out, bytes, cut);
            printable_add(&stream, &out, bytes + cut, length - cut);
        }
        printable_end(&stream, &out);
        CHECK_TEXT(str_text(&out), want);
    }
}

static void test_foreign(void)
{
    check_shown("plain \tküche\n…日本😀\n", "plain \tküche\n…日本😀\n");
    check_shown("\033[2J\a\b\x7f\r", "\\u001b[2J\\u0007\\u0008\\u007f\\x0d");
    check_shown("a\rb\r\n", "a\\u000db\r\n");
    check_shown("\xc2\x9b"
                "31m",
                "\\u009b31m"); /* CSI of C1 */
    check_shown("\u202egnp.exe\u2066\u2028\ufeff", "\\u202egnp.exe\\u2066\\u2028\\ufeff");
    check_shown("\xc3(\xe2\x82", "\\xc3(\\xe2\\x82");
    check_shown("\xfe\xf5\xc0\xaf\xed\xa0\x80", "\\xfe\\xf5\\xc0\\xaf\\xed\\xa0\\x80");
}

static void test_ours(void)
{
    check_shown(PRINTABLE_OURS "[1;31mred" PRINTABLE_OURS "[0m", "\033[1;31mred\033[0m");
    check_shown(PRINTABLE_OURS "[3A" PRINTABLE_OURS "\r" PRINTABLE_OURS "[J", "\033[3A\r\033[J");
    check_shown(PRINTABLE_OURS "]0;title\a", "\\xff]0;title\\u0007"); /* never ours */
    check_shown(PRINTABLE_OURS "[6n" PRINTABLE_OURS, "\\xff[6n\\xff");
    check_shown(PRINTABLE_OURS "[1111111111111111111m", "\\xff[1111111111111111111m");
}

int main(void)
{
    test_foreign();
    test_ours();
    CHECK(printable_is("küche\n\t"));
    CHECK(!printable_is("a\u202e"));
    CHECK(!printable_is("\xc3"));
    CHECK(!printable_is("a\x1b"));
    return check_done();
}
