/* SQL compared by token. */
#include "base/mem.h"
#include "check.h"
#include "resources/sql_text.h"

static const struct {
    const char *a, *b;
    bool same;
} pairs[] = {
    {"SELECT 1", "select  1", true},
    {"SELECT 1;", "SELECT 1", true},
    {"SELECT 1 ; -- end", "SELECT 1", true},
    {"SELECT 1;;", "SELECT 1", false},
    {"-- why\nSELECT /* what */ a,b", "SELECT a , b", true},
    {"SELECT 'A'", "SELECT 'a'", false},
    {"SELECT \"A\"", "SELECT \"a\"", false},
    {"SELECT 'a  b'", "SELECT 'a b'", false},
    {"SELECT 'it''s -- not a comment'", "SELECT 'it''s -- not a comment'", true},
    {"SELECT 'it''s'", "SELECT 'it' 's'", false},
    {"SELECT '/* text */'", "SELECT ''", false},
    {"a<>b", "a < > b", false},
    {"a<=b", "a <= b", true},
    {"a||b", "a || b", true},
    {"x->y", "x - > y", false},
    {"1.5", "1 .5", false},
    {"from_unixtime(x)", "FROM_UNIXTIME( x )", true},
    {"ab", "a b", false},
    {"a.b", "a . b", true},
    {"SELECT 1 -- x", "SELECT 1 -- y", true},
    {"SELECT 1 /* open", "SELECT 1", true},
    {"SELECT 'open", "SELECT 'open", true},
    {"SELECT 'open", "SELECT 'open'", false},
    {"", "  -- nothing\n", true},
    {"", "x", false},
    {"\xed\x95\x9c\xea\xb8\x80", "\xed\x95\x9c\xea\xb8\x80 ", true},
};

static void test_tokens(void)
{
    static const char *const want[] = {"SELECT", "\"A\"\"b\"", "||", "'x'", "<>", "1.5e3", ";"};
    const char *cursor = "SELECT \"A\"\"b\"||'x' <> 1.5e3;";
    const char *token;
    size_t count = 0, length;

    while ((token = sql_text_next(&cursor, &length))) {
        cleanup_free char *text = mem_text_n(token, length);

        CHECK_TEXT(text, count < sizeof want / sizeof *want ? want[count] : "(no more)");
        CHECK(sql_text_is_quoted(token) == (*token == '\'' || *token == '"'));
        count++;
    }
    CHECK_INT((long long)count, sizeof want / sizeof *want);
}

int main(void)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        CHECK_INT(sql_text_same(pairs[i].a, pairs[i].b), pairs[i].same);
        CHECK_INT(sql_text_same(pairs[i].b, pairs[i].a), pairs[i].same);
        CHECK(sql_text_same(pairs[i].a, pairs[i].a));
        if (sql_text_same(pairs[i].a, pairs[i].b) != pairs[i].same)
            fprintf(stderr, "  %s\n  %s\n", pairs[i].a, pairs[i].b);
    }
    test_tokens();
    return check_done();
}
