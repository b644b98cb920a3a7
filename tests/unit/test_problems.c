/* Problems: order, repeats, and how they look. */
#include "base/mem.h"
#include "check.h"
#include "spec/problems.h"

#include <stdlib.h>
#include <unistd.h>

static char *printed(const struct problems *problems, bool color)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    problems_print(problems, out, color);
    (void)fclose(out);
    return text;
}

static void test_order(void)
{
    struct problems p = {0};

    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"b", 1, 1}, "x", "later file");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 10, 1}, "x", "line ten");
    problems_add(&p, PROBLEM_WARNING, (struct yaml_place){"a", 9, 7}, "x", "line nine, %s",
                 "column seven");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 9, 3}, "one.x", "same");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 9, 3}, "two.x", "same");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"a", 0, 0}, NULL, "whole file");
    CHECK_INT(p.count, 6);
    CHECK_INT(p.errors, 5);
    problems_sort(&p);
    CHECK_INT(p.count, 5);
    CHECK_INT(p.errors, 4);
    CHECK_INT(p.warnings, 1);
    CHECK_TEXT(p.items[0].text, "whole file");
    CHECK_TEXT(p.items[1].path, "one.x");
    CHECK_TEXT(p.items[2].text, "line nine, column seven");
    CHECK_TEXT(p.items[3].text, "line ten");
    CHECK_TEXT(p.items[4].file, "b");
    problems_fini(&p);
    CHECK_INT(p.count, 0);
    problems_sort(&p);
    problems_fini(&p);
}

static void test_print(void)
{
    char name[] = "/tmp/test_problem_XXXXXX";
    int fd = mkstemp(name);
    FILE *file = fdopen(fd, "w");
    struct problems p = {0};
    struct problem *lint;
    cleanup_free char *want = NULL, *have = NULL, *color = NULL;

    (void)fputs("first\n\tküche: \x1b[31mx\nlast", file);
    (void)fclose(file);
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 2, 9}, "a.b", "is wrong");
    lint = problems_add(&p, PROBLEM_WARNING, (struct yaml_place){name, 3, 1}, "c", "costs");
    (void)snprintf(lint->code, sizeof lint->code, "BL101");
    lint->cost = mem_text("everything");
    lint->remedy = mem_text("do not");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 7, 1}, "d", "beyond the end");
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){"/no/such/file", 0, 0}, "", "is missing");
    have = printed(&p, false);
    want = mem_printf("%s:2:9: a.b: is wrong\n"
                      "      2 | \tküche: ?[31mx\n"
                      "        | \t       ^\n"
                      "%s:3:1: warning BL101: c: costs\n"
                      "      3 | last\n"
                      "        | ^\n"
                      "        cost: everything\n"
                      "      remedy: do not\n"
                      "%s:7:1: d: beyond the end\n"
                      "/no/such/file: is missing\n",
                      name, name, name);
    CHECK_TEXT(have, want);
    CHECK(!strchr(have, '\033'));
    color = printed(&p, true);
    CHECK(strchr(color, '\033') != NULL);
    problems_fini(&p);
    (void)unlink(name);
}

/* The caret stays under its column when only a part of a long line is shown. */
static void test_long_line(void)
{
    char name[] = "/tmp/test_problem_XXXXXX";
    FILE *file = fdopen(mkstemp(name), "w");
    struct problems p = {0};
    cleanup_free char *have = NULL;
    const char *line, *caret;

    for (int i = 0; i < 1000; i++)
        (void)fputs(i == 700 ? "X" : "é", file);
    (void)fclose(file);
    problems_add(&p, PROBLEM_ERROR, (struct yaml_place){name, 1, 701}, "", "here");
    have = printed(&p, false);
    line = strstr(have, " | ") + 3;
    caret = strstr(strchr(line, '\n'), " | ") + 3;
    CHECK_INT((strchr(line, 'X') - line) / 2, strchr(caret, '^') - caret);
    CHECK(strlen(have) < 1000);
    problems_fini(&p);
    (void)unlink(name);
}

int main(void)
{
    test_order();
    test_print();
    test_long_line();
    return check_done();
}
